//! Request bodies: JSON or a form, as the caller likes (contract, section 1, "Bodies").

use super::form::Text;
use crate::error::Error;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use http_body_util::BodyExt;
use percent_encoding::percent_decode;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

const FORM: &str = "application/x-www-form-urlencoded";

/// A body read as JSON or as `application/x-www-form-urlencoded`; without a content type, as JSON.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        let media_type = media_type(&head.headers);
        let bytes = read(body).await?;
        match media_type.as_deref() {
            None | Some("application/json") => json(&bytes).map(Self),
            Some(FORM) => form(&bytes).map(Self),
            Some(_) => {
                Err(Error::UnsupportedMediaType("application/json or application/x-www-form-urlencoded"))
            }
        }
    }
}

/// A body of JSON; without a content type, too.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        only_json(&head.headers, &read(body).await?).map(Self)
    }
}

/// A body of `application/x-www-form-urlencoded`; without a content type, too (003).
#[derive(Debug)]
pub struct FormBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for FormBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        match media_type(&head.headers).as_deref() {
            None | Some(FORM) => form(&read(body).await?).map(Self),
            Some(_) => Err(Error::UnsupportedMediaType(FORM)),
        }
    }
}

/// What a body of JSON says.
pub(super) fn only_json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Error> {
    match media_type(headers).as_deref() {
        None | Some("application/json") => json(body),
        Some(_) => Err(Error::UnsupportedMediaType("application/json")),
    }
}

/// The whole of a body.
pub(super) async fn read(body: axum::body::Body) -> Result<Bytes, Error> {
    Ok(body.collect().await.map_err(|_| unreadable("it could not be read"))?.to_bytes())
}

/// A body's media type, without parameters and in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    // Deserializers of structs take a JSON array as well, by the order of fields, which no document knows.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(unreadable("it is not a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| unreadable(named(&error)))?;
    json.end().map_err(|error| unreadable(error.to_string()))?;
    Ok(value)
}

/// Something that is a JSON object and nothing else: deserializers of structs take an array as well. The refusal names
/// the field.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Value::Object(serde_json::Map::deserialize(deserializer)?);
        serde_path_to_error::deserialize(object).map(Self).map_err(|error| D::Error::custom(named(&error)))
    }
}

fn form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    pairs(bytes).map_err(unreadable)
}

/// What the pairs of a form or of a query say, or why they say nothing. A `%` that escapes nothing is itself, as in
/// browsers; what is not UTF-8 is refused, because it could not be kept as sent.
pub(super) fn pairs<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    if percent_decode(bytes).decode_utf8().is_err() {
        return Err("it is not UTF-8".to_owned());
    }
    let pairs = form_urlencoded::parse(bytes).map(|(name, value)| (Text(name), Text(value)));
    serde_path_to_error::deserialize(MapDeserializer::new(pairs)).map_err(|error| named(&error))
}

/// The reason, with the field it is about in front.
fn named(error: &serde_path_to_error::Error<impl std::fmt::Display>) -> String {
    match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        path => format!("{path}: {}", error.inner()),
    }
}

fn unreadable(reason: impl std::fmt::Display) -> Error {
    Error::invalid("invalid_body", format!("The body is not as expected: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Letter {
        to: u64,
        text: String,
    }

    #[test]
    fn forms_and_json_give_the_same() {
        let letter = Letter { to: 7, text: "ä &".into() };
        assert_eq!(json::<Letter>(r#"{"to":7,"text":"ä &","more":[]}"#.as_bytes()).expect("json"), letter);
        assert_eq!(form::<Letter>(b"to=7&text=%C3%A4+%26&more=1").expect("form"), letter);
    }

    #[test]
    fn refusals_name_the_field() {
        let error = json::<Letter>(br#"{"to":"7","text":""}"#).expect_err("a string is no number");
        assert!(error.to_string().contains("to: invalid type"), "{error}");
        assert!(form::<Letter>(b"to=x&text=").expect_err("x is no number").to_string().contains("to: "));
        for broken in [&b"to=7&text=%ff"[..], b"to=7&text=\xff", b"to=7&text=%c3"] {
            assert!(form::<Letter>(broken).is_err());
        }
        assert_eq!(form::<Letter>(b"to=7&text=100%+%zz").expect("a form").text, "100% %zz");
        for broken in [&b""[..], b"{", b"[]", b"[7,\"text\"]", b"{\"to\":1,\"text\":\"\"} x", b"\xff"] {
            assert!(json::<Letter>(broken).is_err());
        }
    }
}
