//! Lambda's `Invoke`: how people and programs invoke a function by its name.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::sync::watch;

use super::{Functions, InvocationError, PAYLOAD_LIMIT};
use crate::events::Source;
use crate::ids;
use crate::server::{self, Answer};

/// Most bytes of an event that nobody waits for.
const EVENT_LIMIT: usize = 1_048_576;

/// Invokes functions once there are some. It does not keep them: they end before whoever calls them here.
#[derive(Debug)]
pub(crate) struct InvokeApi {
    functions: watch::Receiver<Option<Weak<Functions>>>,
}

/// Tells an [`InvokeApi`] which functions there are.
#[derive(Debug)]
pub(crate) struct Started(watch::Sender<Option<Weak<Functions>>>);

impl Started {
    /// Functions have started.
    pub(crate) fn tell(self, functions: &Arc<Functions>) {
        self.0.send_replace(Some(Arc::downgrade(functions)));
    }
}

impl InvokeApi {
    /// An API whose calls wait for functions to start.
    pub(crate) fn new() -> (Started, Self) {
        let (sender, functions) = watch::channel(None);
        (Started(sender), Self { functions })
    }

    /// Invokes the function of this name or ARN, as the headers say.
    pub(crate) async fn handle(&self, name: &str, headers: &HeaderMap, payload: Bytes) -> Answer {
        let Some(functions) = self.functions().await else {
            let message = "The functions have ended, or did not start.";
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", message);
        };
        let arn = ids::function_arn("");
        let function = name.strip_prefix(&arn).unwrap_or(name);
        let function = function.strip_suffix(":$LATEST").unwrap_or(function);
        if !functions.contains(function) {
            let message = format!("Function not found: {arn}{function}");
            return refuse(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
        }
        let kind = headers.get("x-amz-invocation-type").map_or(Ok("RequestResponse"), HeaderValue::to_str);
        let limit = match kind {
            Ok("RequestResponse") => PAYLOAD_LIMIT,
            Ok("Event") => EVENT_LIMIT,
            _ => {
                let message = "only RequestResponse and Event are supported here";
                return refuse(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message);
            }
        };
        if payload.len() > limit {
            let message =
                format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message);
        }
        let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(&payload) {
            let message = format!("Could not parse request body into json: {error}");
            return refuse(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &message);
        }
        let invocation = functions.invoke(function, Source::new("Invoke"), payload);
        // Whoever waits for an answer must not keep the functions.
        drop(functions);
        if matches!(kind, Ok("Event")) {
            let function = function.to_owned();
            tokio::spawn(async move {
                if let Err(error) = invocation.await {
                    tracing::error!("{function} was invoked with an event and failed: {error}");
                }
            });
            return with_id(server::empty(StatusCode::ACCEPTED));
        }
        match invocation.await {
            Ok(payload) => executed(payload),
            Err(InvocationError::Unreachable(reason)) => {
                refuse(StatusCode::BAD_GATEWAY, "ServiceException", &reason)
            }
            Err(error) => {
                let mut answer = executed(error.report().into());
                let unhandled = HeaderValue::from_static("Unhandled");
                answer.headers_mut().insert(HeaderName::from_static("x-amz-function-error"), unhandled);
                answer
            }
        }
    }

    /// The functions, as soon as they have started, and until they end.
    async fn functions(&self) -> Option<Arc<Functions>> {
        let mut functions = self.functions.clone();
        // An error means that they never start.
        let started = functions.wait_for(Option::is_some).await.ok()?;
        started.as_ref().and_then(Weak::upgrade)
    }
}

/// What a function answered, or what it failed with.
fn executed(payload: Bytes) -> Answer {
    let mut answer = with_id(server::json(StatusCode::OK, payload));
    let latest = HeaderValue::from_static("$LATEST");
    answer.headers_mut().insert(HeaderName::from_static("x-amz-executed-version"), latest);
    answer
}

fn refuse(status: StatusCode, kind: &'static str, message: &str) -> Answer {
    let fault = if status.is_server_error() { "Service" } else { "User" };
    let body = json!({ "Type": fault, "Message": message });
    let mut answer = with_id(server::json(status, body.to_string()));
    let kind = HeaderValue::from_static(kind);
    answer.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), kind);
    answer
}

fn with_id(mut answer: Answer) -> Answer {
    if let Ok(id) = HeaderValue::try_from(ids::invocation_id()) {
        answer.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt as _;
    use serde_json::Value;

    use super::super::fake;
    use super::*;

    async fn invoke(api: &InvokeApi, name: &str, kind: &str, payload: &str) -> (Answer, Value) {
        let headers = match kind {
            "" => HeaderMap::new(),
            kind => {
                let kind = HeaderValue::from_str(kind).expect("a header");
                HeaderMap::from_iter([(HeaderName::from_static("x-amz-invocation-type"), kind)])
            }
        };
        let mut answer = api.handle(name, &headers, Bytes::copy_from_slice(payload.as_bytes())).await;
        let body = answer.body_mut().collect().await.expect("a body").to_bytes();
        (answer, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn a_function_answers_whoever_invokes_it() {
        let (functions, _lambda) = fake::functions("Echo", |event: Value| {
            std::future::ready(match event["fail"].as_str() {
                Some(message) => json!({ "errorType": "Panic", "errorMessage": message }),
                None => json!({ "echo": event }),
            })
        });
        let (started, api) = InvokeApi::new();
        let early = invoke(&api, "Echo", "", "{}");
        assert!(tokio::time::timeout(Duration::from_millis(20), early).await.is_err(), "no functions yet");
        started.tell(&functions);

        let arn = ids::function_arn("Echo");
        for (name, kind) in
            [("Echo", ""), ("Echo", "RequestResponse"), (arn.as_str(), ""), ("Echo:$LATEST", "")]
        {
            let (answer, body) = invoke(&api, name, kind, r#"{"a":1}"#).await;
            assert_eq!((answer.status(), body), (StatusCode::OK, json!({ "echo": { "a": 1 } })), "{name}");
            assert!(!answer.headers().contains_key("x-amz-function-error"));
            assert_eq!(answer.headers()["x-amz-executed-version"], "$LATEST");
        }
        let (_, body) = invoke(&api, "Echo", "", "").await;
        assert_eq!(body, json!({ "echo": {} }), "no payload");

        let (answer, body) = invoke(&api, "Echo", "", r#"{"fail":"no"}"#).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["x-amz-function-error"], "Unhandled");
        assert_eq!(body, json!({ "errorType": "Panic", "errorMessage": "no" }));

        let (answer, body) = invoke(&api, "Echo", "Event", r#"{"fail":"nobody sees it"}"#).await;
        assert_eq!((answer.status(), body), (StatusCode::ACCEPTED, Value::Null));

        let cases = [
            ("Nobody", "", "{}", StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            ("Echo", "DryRun", "{}", StatusCode::BAD_REQUEST, "InvalidParameterValueException"),
            ("Echo", "", "{", StatusCode::BAD_REQUEST, "InvalidRequestContentException"),
        ];
        for (name, kind, payload, status, expected) in cases {
            let (answer, body) = invoke(&api, name, kind, payload).await;
            assert_eq!(answer.status(), status, "{expected}");
            assert_eq!(answer.headers()["x-amzn-errortype"], expected);
            assert_eq!(body["Type"], "User");
        }

        // The API alone keeps no function.
        drop(functions);
        let (answer, _) = invoke(&api, "Echo", "", "{}").await;
        assert_eq!(answer.headers()["x-amzn-errortype"], "ServiceException");
    }

    #[tokio::test]
    async fn functions_that_do_not_start_are_not_waited_for() {
        let (started, api) = InvokeApi::new();
        drop(started);
        let (answer, body) = invoke(&api, "Echo", "", "{}").await;
        assert_eq!((answer.status(), &body["Type"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("Service")));
    }

    #[test]
    fn what_ends_an_invocation_is_reported_as_lambda_does_it() {
        let kind = |error: InvocationError| {
            let report: Value = serde_json::from_str(&error.report()).expect("JSON");
            report["errorType"].as_str().map(str::to_owned)
        };
        assert_eq!(kind(InvocationError::TimedOut).as_deref(), Some("Sandbox.Timedout"));
        assert_eq!(kind(InvocationError::Exited("x".to_owned())).as_deref(), Some("Runtime.ExitError"));
        let too_large = kind(InvocationError::ResponseTooLarge);
        assert_eq!(too_large.as_deref(), Some("Function.ResponseSizeTooLarge"));
    }
}
