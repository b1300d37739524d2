//! Stands between the functions and an embedded store, and writes down what passes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dynoxide::Database;
use http::header::{CONTENT_LENGTH, HOST};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::meter::{Meter, StoreCall};

/// How long each measured call takes on its way. Without it, calls that are made at the same time could follow one
/// another by chance, and depth would be luck.
const LATENCY: Duration = Duration::from_millis(20);

/// A running proxy.
pub(crate) struct Proxy {
    /// Where functions find it.
    pub(crate) url: String,
    /// What passed.
    pub(crate) meter: Arc<Meter>,
}

/// Starts a store in memory, and a proxy in front of it.
#[expect(clippy::disallowed_methods, reason = "servers run beside the measuring")]
pub(crate) async fn start() -> Proxy {
    let store = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let upstream = store.local_addr().expect("its address").to_string();
    let database = Database::memory().expect("a store in memory");
    tokio::spawn(dynoxide::server::serve_on(store, database));

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let meter = Arc::new(Meter::default());
    let forward = Arc::new(Forward {
        client: Client::builder(TokioExecutor::new()).build_http(),
        upstream,
        meter: meter.clone(),
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let forward = forward.clone();
            let service = service_fn(move |request| {
                let forward = forward.clone();
                async move { Ok::<_, Infallible>(forward.call(request).await) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Proxy { url, meter }
}

/// Forwards calls.
struct Forward {
    client: Client<HttpConnector, Full<Bytes>>,
    upstream: String,
    meter: Arc<Meter>,
}

impl Forward {
    async fn call(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match self.try_call(request).await {
            Ok(response) => response,
            Err(error) => {
                let mut response = Response::new(Full::from(error.to_string()));
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response
            }
        }
    }

    async fn try_call(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
        let from = Instant::now();
        let (mut head, body) = request.into_parts();
        let target =
            head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut body: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
        let is_counted = self.meter.is_running();
        if is_counted {
            body["ReturnConsumedCapacity"] = json!("TOTAL");
            tokio::time::sleep(LATENCY).await;
        }
        let sent = body.to_string();
        head.uri = format!("http://{}/", self.upstream).parse()?;
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(HOST);
        let answer = self.client.request(Request::from_parts(head, Full::from(sent))).await?;
        let (head, answer) = answer.into_parts();
        let answer = answer.collect().await?.to_bytes();
        if is_counted {
            let told = serde_json::from_slice(&answer).unwrap_or_default();
            self.meter.record(StoreCall::new(&operation, &body, &told, from, Instant::now()));
        }
        Ok(Response::from_parts(head, Full::new(answer)))
    }
}
