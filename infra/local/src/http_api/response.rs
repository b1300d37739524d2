//! From what a function answers to an HTTP response.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::server::{self, Answer};

/// An answer in format 2.0.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status_code: Value,
    headers: Option<HashMap<String, Value>>,
    multi_value_headers: Option<HashMap<String, Vec<Value>>>,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// The response that a function's answer stands for; nothing if it stands for none.
pub(super) fn build(payload: &Bytes) -> Option<Answer> {
    let value: Value = serde_json::from_slice(payload).ok()?;
    if value.get("statusCode").is_none() {
        // Any other JSON is itself the body.
        let body = match value {
            Value::String(text) => Bytes::from(text),
            _ => payload.clone(),
        };
        return Some(server::json(StatusCode::OK, body));
    }
    let response: Response = serde_json::from_value(value).ok()?;
    let mut answer = server::empty(status(&response.status_code)?);

    let single = response.headers.unwrap_or_default().into_iter().map(|(name, value)| (name, vec![value]));
    let multiple = response.multi_value_headers.unwrap_or_default();
    for (name, values) in single.filter(|(name, _)| !multiple.contains_key(name)).chain(multiple.clone()) {
        let name: HeaderName = name.parse().ok()?;
        if matches!(name, CONNECTION | CONTENT_LENGTH | TRANSFER_ENCODING) {
            continue;
        }
        for value in values {
            answer.headers_mut().append(name.clone(), header_value(&value)?);
        }
    }
    for cookie in response.cookies.unwrap_or_default() {
        answer.headers_mut().append(SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    }
    let body = response.body.unwrap_or_default();
    let body = match response.is_base64_encoded {
        Some(true) => STANDARD.decode(body).ok()?.into(),
        _ => Bytes::from(body),
    };
    if !body.is_empty() && !answer.headers().contains_key(CONTENT_TYPE) {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    *answer.body_mut() = body.into();
    Some(answer)
}

/// The status, which may be a number or its digits.
fn status(value: &Value) -> Option<StatusCode> {
    let code = match value {
        Value::Number(number) => number.as_u64().and_then(|code| u16::try_from(code).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    StatusCode::from_u16(code?).ok().filter(|status| status.as_u16() >= 200)
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    match value {
        Value::String(text) => HeaderValue::from_str(text).ok(),
        Value::Number(_) | Value::Bool(_) => HeaderValue::from_str(&value.to_string()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::json;

    use super::*;

    fn answer(json: Value) -> Option<Answer> {
        build(&Bytes::from(json.to_string()))
    }

    async fn body(answer: Answer) -> Bytes {
        let Ok(body) = answer.into_body().collect().await;
        body.to_bytes()
    }

    #[tokio::test]
    async fn status_headers_cookies_and_body() {
        let answer = answer(json!({
            "statusCode": 201,
            "headers": {"content-type": "text/html", "x-a": "1", "content-length": "99"},
            "multiValueHeaders": {"x-b": ["1", "2"]},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "aGk=",
            "isBase64Encoded": true,
        }))
        .expect("a response");
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/html");
        assert_eq!(answer.headers().get_all("x-b").iter().count(), 2);
        assert_eq!(answer.headers().get_all(SET_COOKIE).iter().count(), 2);
        assert!(!answer.headers().contains_key(CONTENT_LENGTH));
        assert_eq!(body(answer).await, "hi");
    }

    #[tokio::test]
    async fn json_without_a_status_is_the_body() {
        let answer = answer(json!({"a": 1})).expect("a response");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(body(answer).await, r#"{"a":1}"#);
    }

    #[test]
    fn what_is_no_response_is_refused() {
        assert!(build(&Bytes::from_static(b"not JSON")).is_none());
        assert!(answer(json!({"statusCode": 99})).is_none());
        assert!(answer(json!({"statusCode": "no"})).is_none());
        assert!(answer(json!({"statusCode": 200, "body": {"a": 1}})).is_none());
        assert!(answer(json!({"statusCode": 200, "body": "%", "isBase64Encoded": true})).is_none());
    }
}
