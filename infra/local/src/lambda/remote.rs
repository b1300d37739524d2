//! Invoking through another Lambda on this machine: `cargo lambda watch`.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use tokio::sync::Semaphore;

use super::runtime_api::ErrorReport;
use super::{InvocationError, Outcome, PAYLOAD_LIMIT};
use crate::client::Client;

/// Invocations of one function under way there at once. With a hundred in its queue `cargo lambda watch` 1.9
/// stops for good: it waits for room in the queue with a lock that taking from the queue needs.
pub(super) const CONCURRENT_INVOCATIONS: usize = 10;

/// A function that another Lambda runs.
#[derive(Debug)]
pub(super) struct Remote {
    client: Client,
    url: String,
    free: Semaphore,
}

impl Remote {
    /// The function with this binary name in the Lambda at `base`.
    pub(super) fn new(client: Client, base: &str, binary: &str) -> Self {
        let url = format!("{base}/2015-03-31/functions/{binary}/invocations");
        Self { client, url, free: Semaphore::new(CONCURRENT_INVOCATIONS) }
    }

    /// Invokes the function and waits for its answer.
    pub(super) async fn invoke(self: Arc<Self>, payload: Bytes) -> Outcome {
        // It is never closed, so that waiting cannot fail.
        let _turn = self.free.acquire().await;
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
            return Err(InvocationError::Function(report));
        }
        if !parts.status.is_success() || parts.headers.contains_key("x-amz-function-error") {
            let text = String::from_utf8_lossy(&body);
            let report = ErrorReport::unknown(format!("{}: {text}", parts.status));
            return Err(InvocationError::Function(report));
        }
        if body.len() > PAYLOAD_LIMIT {
            return Err(InvocationError::ResponseTooLarge);
        }
        Ok(body)
    }
}
