//! What people saw, in a form in which two scenes can be compared.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::common::is_moment;

/// Fields that tell the time.
const TIMES: [&str; 4] = ["serverTime", "createTime", "updateTime", "timestamp"];
/// No count and no number of a message is as large; ids are.
const SMALLEST_ID: u64 = 1 << 32;
const UUID_LEN: usize = 36;
/// How an id without a name begins.
const UNNAMED: &str = "<id ";

/// What was seen, with the names of the scene instead of what is another in each scene; ids without a name are
/// numbered in the order in which they appear, and times are left out.
pub(super) fn compared(seen: Value, names: &[(String, &'static str)]) -> Value {
    Comparing { names, ids: HashMap::new() }.value(seen)
}

/// A state without some fields, wherever they are.
pub(super) fn without(fields: &[&str], state: &Value) -> Value {
    match state {
        Value::Array(values) => values.iter().map(|value| without(fields, value)).collect(),
        Value::Object(all) => {
            let others = all.iter().filter(|(name, _)| !fields.contains(&name.as_str()));
            Value::Object(others.map(|(name, value)| (name.clone(), without(fields, value))).collect())
        }
        other => other.clone(),
    }
}

/// Whether everything in a state is in one of some states, though not all of it in the same one: each row of a list, and
/// each field of an object in its place. Ids without a name are not told apart, because their numbers depend on what is
/// there before them.
pub(super) fn is_mixture(state: &Value, of: &[&Value]) -> bool {
    match state {
        Value::Array(rows) => {
            let all: Vec<_> = of.iter().filter_map(|other| other.as_array()).flatten().collect();
            rows.iter().all(|row| is_mixture(row, &all))
        }
        Value::Object(fields) => {
            let of: Vec<_> = of.iter().filter(|other| other.is_object()).collect();
            let in_its_place = |(name, value): (&String, &Value)| {
                is_mixture(value, &of.iter().filter_map(|other| other.get(name)).collect::<Vec<_>>())
            };
            !of.is_empty() && fields.iter().all(in_its_place)
        }
        Value::String(text) if text.starts_with(UNNAMED) => {
            of.iter().any(|other| other.as_str().is_some_and(|other| other.starts_with(UNNAMED)))
        }
        other => of.contains(&other),
    }
}

/// Where two states differ, for messages to people: the place, and what is there in each.
pub(super) fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect_differences("", one, other, &mut found);
    found
}

fn collect_differences(place: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let names: BTreeSet<_> = fields.keys().chain(others.keys()).collect();
            for name in names {
                collect_differences(&format!("{place}.{name}"), &one[name], &other[name], found);
            }
        }
        (Value::Array(rows), Value::Array(others)) if rows.len() == others.len() => {
            for (index, (row, other)) in rows.iter().zip(others).enumerate() {
                collect_differences(&format!("{place}[{index}]"), row, other, found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{place}: {one} / {other}")),
    }
}

struct Comparing<'a> {
    names: &'a [(String, &'static str)],
    ids: HashMap<String, usize>,
}

impl Comparing<'_> {
    fn value(&mut self, value: Value) -> Value {
        match value {
            Value::Array(values) => values.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| {
                    let is_time = TIMES.contains(&name.as_str()) && !value.is_null();
                    let value = if is_time { json!("a time") } else { self.value(value) };
                    (self.text(&name), value)
                });
                Value::Object(fields.collect())
            }
            Value::String(text) => {
                if is_moment(&json!(text)) {
                    json!("a time")
                } else {
                    json!(self.text(&text))
                }
            }
            Value::Number(number) => match number.as_u64() {
                Some(id) if id >= SMALLEST_ID => json!(self.text(&id.to_string())),
                _ => Value::Number(number),
            },
            other => other,
        }
    }

    /// A text with names for what it mentions. Paths may mention several things.
    fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (known, name) in self.names {
            text = text.replace(known, &format!("<{name}>"));
        }
        let parts: Vec<_> = text.split('/').map(|part| self.part(part)).collect();
        parts.join("/")
    }

    fn part(&mut self, part: &str) -> String {
        let is_number = part.parse().is_ok_and(|id: u64| id >= SMALLEST_ID);
        let is_uuid =
            part.len() == UUID_LEN && part.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        if !is_number && !is_uuid {
            return part.to_owned();
        }
        let next = self.ids.len() + 1;
        let number = *self.ids.entry(part.to_owned()).or_insert(next);
        format!("{UNNAMED}{number}>")
    }
}

#[test]
fn scenes_are_compared_by_names() {
    let names = [("9007199254740990".to_owned(), "ada"), ("Room-7f".to_owned(), "title")];
    let seen = json!({
        "user_id": 9_007_199_254_740_990_u64,
        "chat_id": 9_007_199_254_740_001_u64,
        "url": "/chats/9007199254740001/3",
        "other": "123e4567-e89b-12d3-a456-426614174000",
        "at": "2026-01-01T00:00:00.000Z",
        "serverTime": "1767225600000",
        "unread_count": 3,
        "title": "Room-7f",
        "9007199254740990": null,
    });
    let expected = json!({
        "user_id": "<ada>",
        "chat_id": "<id 1>",
        "url": "/chats/<id 1>/3",
        "other": "<id 2>",
        "at": "a time",
        "serverTime": "a time",
        "unread_count": 3,
        "title": "<title>",
        "<ada>": null,
    });
    assert_eq!(compared(seen, &names), expected);
}

#[test]
fn differences_are_told_by_their_places() {
    let one = json!({"same": 1, "rows": [{"a": 1, "b": 2}], "lengths": [1, 2], "only": true});
    let other = json!({"same": 1, "rows": [{"a": 1, "b": 3}], "lengths": [1]});
    let expected = [".lengths: [1,2] / [1]", ".only: true / null", ".rows[0].b: 2 / 3"];
    assert_eq!(differences(&one, &other), expected);
    assert!(differences(&one, &one).is_empty());
}

#[test]
fn a_mixture_has_nothing_that_none_of_its_states_has() {
    let before = json!({"rows": [], "count": 0, "by": {"a": 1}});
    let after = json!({"rows": [{"n": 1, "id": "<id 1>"}, {"n": 2, "id": "<id 2>"}], "count": 2, "by": {}});
    let is = |state: Value| is_mixture(&state, &[&before, &after]);
    assert!(is(before.clone()) && is(after.clone()));
    assert!(is(json!({"rows": [{"n": 2, "id": "<id 1>"}], "count": 0, "by": {"a": 1}})));
    assert!(!is(json!({"rows": [{"n": 3, "id": "<id 1>"}], "count": 2, "by": {}})));
    assert!(!is(json!({"rows": [], "count": 1, "by": {}})));
    assert!(!is(json!({"rows": [], "count": 0, "by": {"b": 1}})));
}

#[test]
fn fields_are_left_out_wherever_they_are() {
    let state = json!({"a": 1, "rows": [{"a": 2, "b": 3}], "c": {"a": {}, "d": "a"}});
    assert_eq!(without(&["a"], &state), json!({"rows": [{"b": 3}], "c": {"d": "a"}}));
}
