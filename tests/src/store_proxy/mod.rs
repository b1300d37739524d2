//! Stands between the functions and a store: lets calls pass, late, or not, loses answers, kills who calls, and tells
//! what passed.

mod answers;
mod forward;
mod replica;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dynoxide::Database;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use crate::process::{self, Process};
use forward::{Dropped, Forward};
use replica::Replica;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    /// It passes.
    Pass,
    /// It passes after a while.
    Late(Duration),
    /// It fails (500) and is not carried out.
    FailBefore,
    /// It is carried out, and fails all the same (500).
    FailAfter,
    /// It is one call too many (400, by turns `ProvisionedThroughputExceededException` and `ThrottlingException`) and is
    /// not carried out.
    Throttle,
    /// A transaction is in its way (400, `TransactionConflictException`; a transaction itself is cancelled for
    /// `TransactionConflict`), and it is not carried out. Only writes of single items and transactions know that; others
    /// pass.
    Conflict,
    /// So many of a batch are carried out, in its order, and all others come back as unprocessed. Only batches know that;
    /// others pass.
    Unprocessed(usize),
    /// It is carried out, and the connection ends without an answer.
    Drop,
    /// It is a read that does not ask for consistency, and is answered from the replica that lags behind. Others pass.
    Stale,
    /// The process that calls is killed, and the call is not carried out.
    KillBefore,
    /// The call is carried out, and the process that has called is killed before it has an answer.
    KillAfter,
}

/// A call on its way to the store.
#[derive(Clone, Debug)]
pub struct StoreCall {
    /// `GetItem` and the like.
    pub operation: String,
    /// Its body.
    pub request: Value,
    /// Where it came from.
    pub caller: SocketAddr,
    /// Where it came to: the proxy's own address.
    pub proxy: SocketAddr,
}

impl StoreCall {
    /// The process that made it, unless that has ended.
    pub fn process(&self) -> Option<Process> {
        process::owner_of(self.caller, self.proxy)
    }

    /// Whether it is a read that may be answered from an earlier state: one that does not ask for consistency.
    pub fn may_be_stale(&self) -> bool {
        let consistent = |request: &Value| request["ConsistentRead"] == true;
        match self.operation.as_str() {
            "GetItem" | "Query" | "Scan" => !consistent(&self.request),
            "BatchGetItem" => !self.batched().any(consistent),
            _ => false,
        }
    }

    /// Whether it may meet a transaction in its way.
    pub fn may_conflict(&self) -> bool {
        matches!(
            self.operation.as_str(),
            "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "TransactGetItems"
        )
    }

    /// How many items it is about, if it is a batch of which some may come back as unprocessed.
    pub fn batch_size(&self) -> Option<usize> {
        let size = match self.operation.as_str() {
            "BatchGetItem" => |of_table: &Value| of_table["Keys"].as_array().map(Vec::len),
            "BatchWriteItem" => |of_table: &Value| of_table.as_array().map(Vec::len),
            _ => return None,
        };
        self.batched().map(size).sum()
    }

    /// What a batch has for each table.
    fn batched(&self) -> impl Iterator<Item = &Value> {
        self.request["RequestItems"].as_object().into_iter().flat_map(Map::values)
    }
}

/// Who decides about calls, and hears of them.
pub trait Watch: Send + Sync + 'static {
    /// What becomes of a call. The request may be changed.
    fn fate(&self, call: &mut StoreCall) -> Fate;

    /// A process is killed at a call of its, which has this fate.
    fn killed(&self, call: &StoreCall, fate: Fate, process: &Process) {
        let _ = (call, fate, process);
    }

    /// A call has passed that began then.
    fn passed(&self, call: &StoreCall, answer: &[u8], from: Instant) {
        let _ = (call, answer, from);
    }

    /// Nothing more becomes of a call, whatever its fate was.
    fn ended(&self) {}
}

/// Lets every call pass.
#[derive(Clone, Copy, Debug)]
pub struct Everything;

impl Watch for Everything {
    fn fate(&self, _call: &mut StoreCall) -> Fate {
        Fate::Pass
    }
}

/// A store that a proxy can stand in front of.
#[derive(Debug)]
pub struct Upstream {
    url: String,
    replica: Option<Replica>,
}

impl Upstream {
    /// A new store in memory.
    pub async fn embedded() -> Self {
        Self::at(&embedded_store().await)
    }

    /// The store that answers at this URL, such as DynamoDB Local.
    pub fn at(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), replica: None }
    }

    /// The same store with a replica of it that is so much behind, for [`Fate::Stale`]. The store must be empty: a
    /// replica knows only of what is written from now on and by way of the proxy.
    pub async fn with_replica(self, lag: Duration) -> Self {
        Self { replica: Some(Replica::start(embedded_store().await, lag)), ..self }
    }

    /// Starts a proxy in front of this store, and gives the proxy's URL.
    #[expect(clippy::disallowed_methods, reason = "servers run beside the test")]
    pub async fn serve(self, watch: Arc<dyn Watch>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let forward = Arc::new(Forward::new(self, address, watch));
        tokio::spawn(async move {
            while let Ok((stream, caller)) = listener.accept().await {
                let forward = forward.clone();
                let service = service_fn(move |request| {
                    let forward = forward.clone();
                    // Whatever is on its way goes through, even if nobody waits for it any more: a caller that is
                    // killed or gives up does not take back what it has sent.
                    let answering = tokio::spawn(async move { forward.answer(request, caller).await });
                    async move { answering.await.unwrap_or(Err(Dropped)) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        format!("http://{address}")
    }
}

/// Starts a store in memory and a proxy in front of it, and gives the proxy's URL.
pub async fn start(watch: Arc<dyn Watch>) -> String {
    Upstream::embedded().await.serve(watch).await
}

/// Starts a store in memory, and gives its URL.
#[expect(clippy::disallowed_methods, reason = "servers run beside the test")]
async fn embedded_store() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let database = Database::memory().expect("a store in memory");
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    url
}
