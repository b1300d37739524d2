//! Forwarding calls, and carrying out what is to become of them.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::{Fate, StoreCall, Upstream, Watch, answers};
use crate::process;

pub(super) type Answer = Response<Full<Bytes>>;
type Failure = Box<dyn Error + Send + Sync>;

/// The end of a connection on which a call waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection ends without an answer")
    }
}

impl Error for Dropped {}

/// A client of a store.
#[derive(Clone, Debug)]
pub(super) struct StoreClient {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl StoreClient {
    /// A client of the store at this URL.
    pub(super) fn new(url: String) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), url }
    }

    /// Sends a call with these headers, and reads its answer to the end.
    pub(super) async fn send(&self, mut head: Parts, body: &Value) -> Result<Answer, Failure> {
        head.uri = format!("{}/", self.url).parse()?;
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(HOST);
        let answer = self.client.request(Request::from_parts(head, Full::from(body.to_string()))).await?;
        let (head, body) = answer.into_parts();
        Ok(Response::from_parts(head, Full::new(body.collect().await?.to_bytes())))
    }
}

/// Forwards calls as a watcher says.
pub(super) struct Forward {
    store: StoreClient,
    upstream: Upstream,
    address: SocketAddr,
    watch: Arc<dyn Watch>,
    throttled_before: AtomicBool,
}

impl Forward {
    /// What stands at this address in front of a store.
    pub(super) fn new(upstream: Upstream, address: SocketAddr, watch: Arc<dyn Watch>) -> Self {
        let store = StoreClient::new(upstream.url.clone());
        Self { store, upstream, address, watch, throttled_before: AtomicBool::new(false) }
    }

    /// The answer to a call from there, unless the connection is to end without one.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        caller: SocketAddr,
    ) -> Result<Answer, Dropped> {
        let from = Instant::now();
        match self.read(request, caller).await {
            Ok((head, call)) => {
                let answer = self.meet(head, call, from).await;
                self.watch.ended();
                answer
            }
            Err(failure) => Ok(bad_gateway(&*failure)),
        }
    }

    async fn read(
        &self,
        request: Request<Incoming>,
        caller: SocketAddr,
    ) -> Result<(Parts, StoreCall), Failure> {
        let (head, body) = request.into_parts();
        let target =
            head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let request = serde_json::from_slice(&body.collect().await?.to_bytes())?;
        Ok((head, StoreCall { operation, request, caller, proxy: self.address }))
    }

    async fn meet(&self, head: Parts, mut call: StoreCall, from: Instant) -> Result<Answer, Dropped> {
        let fate = self.watch.fate(&mut call);
        match fate {
            Fate::FailBefore => return Ok(answers::server_error()),
            Fate::Throttle => {
                return Ok(answers::throttled(self.throttled_before.fetch_xor(true, Ordering::SeqCst)));
            }
            Fate::Conflict if call.may_conflict() => return Ok(answers::conflict(&call)),
            Fate::KillBefore => {
                self.kill(&call, fate);
                return Err(Dropped);
            }
            Fate::Stale if call.may_be_stale() => {
                let replica = self.upstream.replica.as_ref().expect("a replica, which stale reads need");
                return Ok(replica.read(head, &call).await.unwrap_or_else(|failure| bad_gateway(&*failure)));
            }
            Fate::Late(wait) => tokio::time::sleep(wait).await,
            _ => {}
        }
        let processed = match fate {
            Fate::Unprocessed(processed) if call.batch_size().is_some() => Some(processed),
            _ => None,
        };
        let left = processed.map(|processed| answers::split(&mut call, processed));
        let answer = match self.carry_out(head, &call).await {
            Ok(answer) => answer,
            Err(failure) => return Ok(bad_gateway(&*failure)),
        };
        match fate {
            Fate::FailAfter => return Ok(answers::server_error()),
            Fate::Drop => return Err(Dropped),
            Fate::KillAfter => {
                self.kill(&call, fate);
                return Err(Dropped);
            }
            _ => {}
        }
        let answer = match left {
            Some(left) => answers::with_unprocessed(&call, answer, left).await,
            None => answer,
        };
        let (head, body) = answer.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(never) => match never {},
        };
        self.watch.passed(&call, &body, from);
        Ok(Response::from_parts(head, Full::new(body)))
    }

    /// Lets the store carry out a call, and its replica too.
    async fn carry_out(&self, head: Parts, call: &StoreCall) -> Result<Answer, Failure> {
        if answers::is_empty_batch(call) {
            return Ok(answers::of_empty_batch());
        }
        match &self.upstream.replica {
            Some(replica) => replica.follow(head, call, &self.store).await,
            None => self.store.send(head, &call.request).await,
        }
    }

    /// Kills the process that made a call.
    fn kill(&self, call: &StoreCall, fate: Fate) {
        // It may have ended by itself, or by another call of its.
        if let Some(process) = call.process() {
            process::is_function(&process);
            // First, so that whoever meets its end finds it noted.
            self.watch.killed(call, fate, &process);
            process::kill_now(process.pid);
        }
    }
}

fn bad_gateway(failure: &(dyn Error + Send + Sync)) -> Answer {
    let mut response = Response::new(Full::from(failure.to_string()));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
