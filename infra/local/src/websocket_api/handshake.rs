//! Opening a socket: what the client asks for, and what `$connect` makes of it.

use std::collections::HashMap;

use bytes::Bytes;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::server::{self, Answer};

/// The headers of a function's answer.
pub(super) type Headers = HashMap<String, String>;

/// A client that wants to open a socket, as it should.
#[derive(Debug)]
pub(super) struct Handshake {
    accept: String,
}

/// What `$connect` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConnectAnswer {
    status_code: u16,
    headers: Option<Headers>,
    multi_value_headers: Option<HashMap<String, Vec<String>>>,
}

impl Handshake {
    /// Reads the headers of an opening handshake. What is none is refused with a status.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, StatusCode> {
        if !mentions(headers, CONNECTION, "upgrade") || !mentions(headers, UPGRADE, "websocket") {
            return Err(StatusCode::UPGRADE_REQUIRED);
        }
        let version_is_known = mentions(headers, SEC_WEBSOCKET_VERSION, "13");
        match headers.get(SEC_WEBSOCKET_KEY) {
            Some(key) if version_is_known => Ok(Self { accept: derive_accept_key(key.as_bytes()) }),
            _ => Err(StatusCode::BAD_REQUEST),
        }
    }

    /// The answer that opens the socket, with the protocol that the function chose.
    pub(super) fn agree(&self, headers: &Headers) -> Answer {
        let mut answer = server::empty(StatusCode::SWITCHING_PROTOCOLS);
        let fields = answer.headers_mut();
        fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            fields.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        let protocol =
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(SEC_WEBSOCKET_PROTOCOL.as_str()));
        if let Some(protocol) = protocol.and_then(|(_, value)| HeaderValue::from_str(value).ok()) {
            fields.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        answer
    }
}

/// Whether `$connect` agrees: the headers of its answer, or the status that the client gets.
pub(super) fn verdict(answer: &Bytes) -> Result<Headers, StatusCode> {
    let answer: ConnectAnswer = serde_json::from_slice(answer).map_err(|_| StatusCode::BAD_GATEWAY)?;
    match answer.status_code {
        200..=299 => {
            let multiple = answer.multi_value_headers.unwrap_or_default().into_iter();
            let mut headers: Headers =
                multiple.filter_map(|(name, values)| Some((name, values.into_iter().next()?))).collect();
            headers.extend(answer.headers.unwrap_or_default());
            Ok(headers)
        }
        401 => Err(StatusCode::UNAUTHORIZED),
        400..=499 => Err(StatusCode::FORBIDDEN),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Whether a header lists a word.
fn mentions(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(version: &'static str) -> HeaderMap {
        HeaderMap::from_iter([
            (CONNECTION, HeaderValue::from_static("keep-alive, Upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (SEC_WEBSOCKET_VERSION, HeaderValue::from_static(version)),
            (SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==")),
        ])
    }

    #[test]
    fn a_handshake_is_answered_as_rfc_6455_says() {
        let handshake = Handshake::read(&headers("13")).expect("a handshake");
        let answer =
            handshake.agree(&Headers::from([("sec-websocket-protocol".to_owned(), "chat".to_owned())]));
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(answer.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(answer.headers()[SEC_WEBSOCKET_PROTOCOL], "chat");
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        assert_eq!(Handshake::read(&headers("8")).err(), Some(StatusCode::BAD_REQUEST));
        assert_eq!(Handshake::read(&HeaderMap::new()).err(), Some(StatusCode::UPGRADE_REQUIRED));
    }

    #[test]
    fn connect_decides() {
        let verdict = |status: u16| {
            let answer = format!(r#"{{"statusCode":{status},"headers":{{"a":"b"}}}}"#);
            super::verdict(&Bytes::from(answer))
        };
        assert_eq!(verdict(200), Ok(Headers::from([("a".to_owned(), "b".to_owned())])));
        assert_eq!(verdict(401), Err(StatusCode::UNAUTHORIZED));
        assert_eq!(verdict(403), Err(StatusCode::FORBIDDEN));
        assert_eq!(verdict(400), Err(StatusCode::FORBIDDEN));
        assert_eq!(verdict(500), Err(StatusCode::INTERNAL_SERVER_ERROR));
        assert_eq!(super::verdict(&Bytes::from_static(b"null")), Err(StatusCode::BAD_GATEWAY));
    }
}
