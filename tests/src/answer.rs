//! What came back.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// An answer over HTTP, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked, for messages to people: `GET /chats`.
    pub question: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The answer itself, if its status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "status of {}; the body was {}", self.question, self.text());
        self
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, declared as such.
    #[track_caller]
    pub fn json(&self) -> Value {
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/json"), "{} answered {kind:?}, not JSON", self.question);
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{} answered what is not JSON ({error}): {}", self.question, self.text()),
        }
    }

    /// The body as a JSON array.
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        match self.json() {
            Value::Array(rows) => rows,
            other => panic!("{} answered {other}, not an array", self.question),
        }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Checks that this is a refusal with this status, in the envelope: a sentence, a stable code, and nothing
    /// else. Gives the code.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "status of {}; the body was {}", self.question, self.text());
        let envelope = self.json();
        let fields: Vec<_> =
            envelope.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        assert_eq!(fields, ["code", "error"], "the envelope of {}: {envelope}", self.question);
        let sentence = envelope["error"].as_str().unwrap_or_default();
        assert!(!sentence.trim().is_empty(), "the sentence of {}: {envelope}", self.question);
        let code = envelope["code"].as_str().unwrap_or_default();
        let is_stable = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(!code.is_empty() && code.bytes().all(is_stable), "the code of {}: {envelope}", self.question);
        code.to_owned()
    }
}
