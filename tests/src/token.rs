//! What is written in tokens for everybody to read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;

/// The name of the key that signed a token.
#[track_caller]
pub fn kid(token: &str) -> String {
    text(&part(token, 0), "kid")
}

/// The id of whom a token is for.
#[track_caller]
pub fn subject(token: &str) -> String {
    text(&part(token, 1), "sub")
}

/// The session that a token belongs to.
#[track_caller]
pub fn session(token: &str) -> String {
    text(&part(token, 1), "sid")
}

#[track_caller]
fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).and_then(|part| BASE64.decode(part).ok());
    let part = part.and_then(|part| serde_json::from_slice(&part).ok());
    part.unwrap_or_else(|| panic!("{token} is no JWT"))
}

#[track_caller]
fn text(part: &Value, name: &str) -> String {
    part[name].as_str().unwrap_or_else(|| panic!("no {name} in {part}")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_key_its_user_and_its_session() {
        let parts = [r#"{"alg":"RS256","kid":"key"}"#, r#"{"sub":"7","sid":"session"}"#, "signature"];
        let token = parts.map(|part| BASE64.encode(part)).join(".");
        assert_eq!([kid(&token), subject(&token), session(&token)], ["key", "7", "session"]);
    }
}
