//! The Lambda Runtime API (`2018-06-01`) as one process sees it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};

use super::instance::Instance;
use super::{InvocationError, Outcome, PAYLOAD_LIMIT};
use crate::server::{self, Answer};
use crate::{clock, ids};

const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";

/// What a runtime sends when a function fails, and what Lambda then gives to whoever invoked it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, thiserror::Error)]
#[error("{error_type}: {error_message}")]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorReport {
    error_type: String,
    error_message: String,
}

impl ErrorReport {
    /// A report of this type.
    pub(super) fn new(error_type: &str, error_message: String) -> Self {
        Self { error_type: error_type.to_owned(), error_message }
    }

    /// What kind of failure it is.
    pub(super) fn error_type(&self) -> &str {
        &self.error_type
    }

    /// A report about something that gave none.
    pub(super) fn unknown(error_message: String) -> Self {
        Self::new("Runtime.Unknown", error_message)
    }
}

/// Answers one request of a function's process.
pub(super) async fn handle(instance: Arc<Instance>, request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if parts.method == Method::POST && path == INIT_ERROR {
        return match read(body).await {
            Ok(report) => {
                instance.init_failed(describe(&report).to_string());
                accepted()
            }
            Err(_) => refused(StatusCode::BAD_REQUEST, "InvalidRequest", "the report cannot be read"),
        };
    }
    match (&parts.method, path.strip_prefix(INVOCATION).map(|rest| rest.split_once('/'))) {
        (&Method::GET, Some(None)) if path.ends_with("/next") => next(&instance).await,
        (&Method::POST, Some(Some((id, "response")))) => respond(&instance, id, body).await,
        (&Method::POST, Some(Some((id, "error")))) => match read(body).await {
            Ok(report) => complete(&instance, id, Err(InvocationError::Function(describe(&report)))),
            Err(_) => complete(&instance, id, Err(InvocationError::ResponseTooLarge)),
        },
        _ => refused(StatusCode::NOT_FOUND, "NotFound", "the Runtime API has no such path"),
    }
}

async fn next(instance: &Arc<Instance>) -> Answer {
    let (id, payload) = instance.next().await;
    let function = &instance.pool().runnable().function;
    let timeout_ms = i64::try_from(function.timeout.as_millis()).unwrap_or(i64::MAX);
    let deadline = clock::now_ms().saturating_add(timeout_ms);
    let mut answer = server::json(StatusCode::OK, payload);
    let headers = answer.headers_mut();
    insert(headers, "lambda-runtime-aws-request-id", &id);
    insert(headers, "lambda-runtime-deadline-ms", &deadline.to_string());
    insert(headers, "lambda-runtime-invoked-function-arn", &ids::function_arn(&function.logical_id));
    insert(headers, "lambda-runtime-trace-id", &ids::trace_id());
    answer
}

async fn respond(instance: &Instance, id: &str, body: Incoming) -> Answer {
    match read(body).await {
        Ok(body) => complete(instance, id, Ok(body)),
        Err(error) if error.is::<LengthLimitError>() => {
            complete(instance, id, Err(InvocationError::ResponseTooLarge));
            refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            )
        }
        Err(error) => complete(instance, id, Err(InvocationError::Exited(error.to_string()))),
    }
}

fn complete(instance: &Instance, id: &str, outcome: Outcome) -> Answer {
    if instance.complete(id, outcome) {
        accepted()
    } else {
        refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
    }
}

async fn read(body: Incoming) -> Result<Bytes, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Limited::new(body, PAYLOAD_LIMIT).collect().await?.to_bytes())
}

/// The error that a runtime reported, or what it sent instead.
fn describe(report: &[u8]) -> ErrorReport {
    serde_json::from_slice(report)
        .unwrap_or_else(|_| ErrorReport::unknown(String::from_utf8_lossy(report).into_owned()))
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn accepted() -> Answer {
    server::json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Answer {
    let body = serde_json::json!({ "errorType": kind, "errorMessage": message });
    server::json(status, body.to_string())
}
