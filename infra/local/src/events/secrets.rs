//! What may be seen of a frame: no token, whatever it is for, and no password.

use serde_json::Value;

/// Most bytes of a frame that are shown.
const SHOWN: usize = 2_000;
/// What stands for a secret.
const HIDDEN: &str = "…";
/// Names of fields with secrets in them, in small letters and without what joins words.
const SECRET: [&str; 10] = [
    "accesstoken",
    "authentication",
    "authorization",
    "backendkey",
    "cookie",
    "password",
    "refreshtoken",
    "session",
    "setcookie",
    "token",
];

/// The text of a frame without its secrets, and cut where it is long. Nothing is shown of what is no JSON: there is no
/// telling what is a secret in it.
pub(super) fn shown(body: &[u8]) -> Option<String> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    hide(&mut value);
    let mut text = value.to_string();
    if text.len() > SHOWN {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push_str(HIDDEN);
    }
    Some(text)
}

/// Hides the secrets in a value, however deep they are.
fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_secret(name) {
                    *value = HIDDEN.into();
                } else {
                    hide(value);
                }
            }
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_lowercase()).collect();
    SECRET.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_however_deep_they_are_and_however_they_are_written() {
        let cases = [
            (r#"{"token":"abc"}"#, r#"{"token":"…"}"#),
            (r#"{"tok\u0065n":"abc","message":"hi"}"#, r#"{"message":"hi","token":"…"}"#),
            (r#"{"a":[{"access_token":{"b":"abc"}}]}"#, r#"{"a":[{"access_token":"…"}]}"#),
            (r#"{"refreshToken":1,"Set-Cookie":"abc"}"#, r#"{"Set-Cookie":"…","refreshToken":"…"}"#),
            (r#"{"PASSWORD":"abc"}"#, r#"{"PASSWORD":"…"}"#),
            (r#"{"message":"a token of love"}"#, r#"{"message":"a token of love"}"#),
            ("[1,null]", "[1,null]"),
        ];
        for (body, expected) in cases {
            assert_eq!(shown(body.as_bytes()).as_deref(), Some(expected), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_not_shown() {
        for body in [r#"{"token":"abc"#, "token=abc", "", "\u{0}"] {
            assert_eq!(shown(body.as_bytes()), None, "{body}");
        }
        assert_eq!(shown(&[0xff]), None);
    }

    #[test]
    fn a_long_frame_is_cut_between_two_signs() {
        let body = serde_json::json!({ "message": "ü".repeat(SHOWN), "token": "abc" }).to_string();
        let text = shown(body.as_bytes()).expect("JSON");
        assert!(text.len() <= SHOWN + HIDDEN.len() && text.ends_with("ü…"), "{text}");
        assert!(!text.contains("abc"));
    }
}
