//! The values of forms and queries.

use serde::de::value::Error as Unreadable;
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use std::borrow::Cow;

/// A value of a form or a query: a text, out of which numbers are read. Rust reads one with a plus sign as well; there is
/// no such id and no such count.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de> IntoDeserializer<'de, Unreadable> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! integers {
    ($($deserialize:ident $visit:ident),*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            if self.0.starts_with('+') {
                return Err(Unreadable::custom("a whole number is expected, without a plus sign"));
            }
            visitor.$visit(self.0.parse().map_err(Unreadable::custom)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_f64(self.0.parse().map_err(Unreadable::custom)?)
    }

    integers! { deserialize_u64 visit_u64, deserialize_i64 visit_i64 }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u32 u128 f32 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Image,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Rest {
        count: Option<String>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct All {
        to: u64,
        at: f64,
        kind: Kind,
        name: Option<String>,
        next: Option<i64>,
        #[serde(flatten)]
        rest: Rest,
    }

    fn read(form: &str) -> Result<All, Unreadable> {
        let pairs = form_urlencoded::parse(form.as_bytes()).map(|(name, value)| (Text(name), Text(value)));
        All::deserialize(serde::de::value::MapDeserializer::new(pairs))
    }

    #[test]
    fn values_of_every_kind_are_read() {
        let expected = All {
            to: 7,
            at: 1.5,
            kind: Kind::Image,
            name: Some(String::new()),
            next: Some(-8),
            rest: Rest { count: Some("+5".to_owned()) },
        };
        let read = read("to=7&at=%2B1.5&kind=image&name=&next=-8&count=%2B5&other=1").expect("a form");
        assert_eq!(read, expected);
    }

    #[test]
    fn whole_numbers_have_no_plus_sign() {
        const REST: &str = "at=1&kind=image";
        for wrong in ["to=%2B7", "to=7&next=%2B8", "to=", "to=7.0", "to=7&to=7", "next=8"] {
            read(&format!("{REST}&{wrong}")).expect_err(wrong);
        }
    }
}
