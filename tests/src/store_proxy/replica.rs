//! A second store that follows the first one and lags behind, for reads that do not ask for consistency.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use http::request::Parts;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::StoreCall;
use super::forward::{Answer, StoreClient};

/// A write that the first store has carried out.
#[derive(Debug)]
struct Write {
    head: Parts,
    request: Value,
    due: Instant,
}

/// A store that is some time behind another one.
#[derive(Debug)]
pub(super) struct Replica {
    store: StoreClient,
    lag: Duration,
    /// Locked while the first store writes: the second one must do it in the same order.
    writes: Mutex<UnboundedSender<Write>>,
}

impl Replica {
    /// Lets the store at this URL, which is empty, follow another one.
    #[expect(clippy::disallowed_methods, reason = "it runs beside the test")]
    pub(super) fn start(url: String, lag: Duration) -> Self {
        let (sender, writes) = unbounded_channel();
        let store = StoreClient::new(url);
        tokio::spawn(write(store.clone(), writes));
        Self { store, lag, writes: Mutex::new(sender) }
    }

    /// Lets the first store carry out a call, and this one later if it wrote something.
    pub(super) async fn follow(
        &self,
        head: Parts,
        call: &StoreCall,
        first: &StoreClient,
    ) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        if !is_write(&call.operation) {
            return first.send(head, &call.request).await;
        }
        let writes = self.writes.lock().await;
        let answer = first.send(head.clone(), &call.request).await?;
        if answer.status() == StatusCode::OK {
            let due = Instant::now() + self.lag;
            writes.send(Write { head, request: call.request.clone(), due })?;
        }
        Ok(answer)
    }

    /// Reads what is written here.
    pub(super) async fn read(
        &self,
        head: Parts,
        call: &StoreCall,
    ) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        self.store.send(head, &call.request).await
    }
}

async fn write(store: StoreClient, mut writes: UnboundedReceiver<Write>) {
    while let Some(Write { head, request, due }) = writes.recv().await {
        tokio::time::sleep_until(due).await;
        let answer = store.send(head, &request).await.expect("an answer of the replica");
        assert_eq!(answer.status(), StatusCode::OK, "the replica has refused what the store took: {request}");
    }
}

fn is_write(operation: &str) -> bool {
    !["Get", "BatchGet", "TransactGet", "Query", "Scan", "Describe", "List"]
        .iter()
        .any(|read| operation.starts_with(read))
}
