//! Invoking through another Lambda on this machine: `cargo lambda watch`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use tokio::sync::Semaphore;

use super::runtime_api::ErrorReport;
use super::{InvocationError, Outcome, PAYLOAD_LIMIT};
use crate::client::Client;
use crate::events::{Events, Happening, Invocation, Source};
use crate::ids;
use crate::template::Function;

/// Invocations of one function under way there at once. With a hundred in its queue `cargo lambda watch` 1.9
/// stops for good: it waits for room in the queue with a lock that taking from the queue needs.
pub(super) const CONCURRENT_INVOCATIONS: usize = 10;

/// A function that another Lambda runs.
#[derive(Debug)]
pub(super) struct Remote {
    client: Client,
    function: String,
    url: String,
    free: Semaphore,
    events: Events,
}

impl Remote {
    /// A function in the Lambda at `base`, which knows it by the name of its binary.
    pub(super) fn new(client: Client, base: &str, function: &Function, events: Events) -> Self {
        let url = format!("{base}/2015-03-31/functions/{}/invocations", function.binary);
        let free = Semaphore::new(CONCURRENT_INVOCATIONS);
        Self { client, function: function.logical_id.clone(), url, free, events }
    }

    /// Invokes the function and waits for its answer.
    pub(super) async fn invoke(self: Arc<Self>, source: Source, payload: Bytes) -> Outcome {
        let begun = Instant::now();
        // It is never closed, so that waiting cannot fail.
        let _turn = self.free.acquire().await;
        let waited = begun.elapsed();
        let outcome = self.call(payload).await;
        self.events.note(Happening::Invocation(Invocation {
            // The one that it has there is not told, nor is what it wrote.
            request_id: ids::invocation_id(),
            function: self.function.clone(),
            source,
            waited,
            took: begun.elapsed().saturating_sub(waited),
            is_cold: None,
            error: outcome.as_ref().err().map(|error| error.error_type().to_owned()),
            line: None,
        }));
        outcome
    }

    async fn call(&self, payload: Bytes) -> Outcome {
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
