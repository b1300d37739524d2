//! Invoking through another Lambda on this machine: `cargo lambda watch`.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use super::runtime_api::ErrorReport;
use super::{InvocationError, Outcome, PAYLOAD_LIMIT};
use crate::client::Client;

/// A function that another Lambda runs.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    client: Client,
    url: Arc<str>,
}

impl Remote {
    /// The function with this binary name in the Lambda at `base`.
    pub(super) fn new(client: Client, base: &str, binary: &str) -> Self {
        Self { client, url: format!("{base}/2015-03-31/functions/{binary}/invocations").into() }
    }

    /// Invokes the function and waits for its answer.
    pub(super) async fn invoke(self, payload: Bytes) -> Outcome {
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        let answer = self
            .client
            .post(&self.url, headers, payload)
            .await
            .map_err(|error| InvocationError::Unreachable(error.to_string()))?;
        let (parts, body) = answer.into_parts();
        // A failed invocation carries a header, a status, or nothing but the report as its answer.
        let reported = serde_json::from_slice::<ErrorReport>(&body).ok();
        if let Some(report) = reported {
            return Err(InvocationError::Function(report.text()));
        }
        if !parts.status.is_success() || parts.headers.contains_key("x-amz-function-error") {
            let text = String::from_utf8_lossy(&body);
            return Err(InvocationError::Function(format!("{}: {text}", parts.status)));
        }
        if body.len() > PAYLOAD_LIMIT {
            return Err(InvocationError::ResponseTooLarge);
        }
        Ok(body)
    }
}
