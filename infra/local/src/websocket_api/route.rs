//! Choosing the route of a message.

use serde_json::Value;

use crate::template::WebSocketApi;

/// The route that is invoked when a socket opens.
pub(super) const CONNECT: &str = "$connect";
/// The route that is invoked after a socket has ended.
pub(super) const DISCONNECT: &str = "$disconnect";
/// The route of every message that names no other.
const DEFAULT: &str = "$default";

/// The route key and the function of a text message; nothing if no route takes it.
pub(super) fn select<'a>(api: &'a WebSocketApi, text: &str) -> Option<(&'a str, &'a str)> {
    let body: Option<Value> = serde_json::from_str(text).ok();
    let key = body.as_ref().and_then(|body| {
        let found = api.selection.iter().try_fold(body, |value, field| value.get(field))?;
        match found {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(found.to_string()),
            _ => None,
        }
    });
    // The predefined routes cannot be asked for by name.
    key.filter(|key| !key.starts_with('$')).and_then(|key| find(api, &key)).or_else(|| default(api))
}

/// The route of every message that names no other.
pub(super) fn default(api: &WebSocketApi) -> Option<(&str, &str)> {
    find(api, DEFAULT)
}

/// The function of a route.
pub(super) fn function<'a>(api: &'a WebSocketApi, key: &str) -> Option<&'a str> {
    find(api, key).map(|(_, function)| function)
}

fn find<'a>(api: &'a WebSocketApi, key: &str) -> Option<(&'a str, &'a str)> {
    api.routes.get_key_value(key).map(|(key, function)| (key.as_str(), function.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(field: &str, keys: &[&str]) -> WebSocketApi {
        WebSocketApi {
            id: "Socket".to_owned(),
            stage: "live".to_owned(),
            selection: field.split('.').map(str::to_owned).collect(),
            routes: keys.iter().map(|key| ((*key).to_owned(), format!("on {key}"))).collect(),
        }
    }

    #[test]
    fn the_body_names_its_route() {
        let api = api("a.b", &["$connect", "$default", "room", "7"]);
        let cases = [
            (r#"{"a":{"b":"room"}}"#, "room"),
            (r#"{"a":{"b":7}}"#, "7"),
            (r#"{"a":{"b":"else"}}"#, "$default"),
            (r#"{"a":{"b":"$connect"}}"#, "$default"),
            (r#"{"a":{"b":null}}"#, "$default"),
            (r#"{"a":1}"#, "$default"),
            ("[]", "$default"),
            ("not JSON", "$default"),
            ("", "$default"),
        ];
        for (text, expected) in cases {
            assert_eq!(select(&api, text).map(|(key, _)| key), Some(expected), "{text}");
        }
    }

    #[test]
    fn without_a_default_there_may_be_no_route() {
        assert_eq!(select(&api("a", &["room"]), "hello"), None);
        assert_eq!(select(&api("a", &["room"]), r#"{"a":"room"}"#), Some(("room", "on room")));
    }
}
