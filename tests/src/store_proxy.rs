//! Stands between the functions and an embedded store: lets calls pass, late, or not, and tells what passed.

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
use serde_json::Value;
use tokio::net::TcpListener;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It passes.
    Pass,
    /// It passes after a while.
    Late(Duration),
    /// It fails and is not carried out.
    FailBefore,
    /// It is carried out, and fails all the same.
    FailAfter,
}

/// Who decides about calls, and hears of them.
pub trait Watch: Send + Sync + 'static {
    /// What becomes of a call. The request may be changed.
    fn fate(&self, operation: &str, request: &mut Value) -> Fate;

    /// A call has passed.
    fn passed(&self, operation: &str, request: &Value, answer: &[u8], from: Instant) {
        let _ = (operation, request, answer, from);
    }
}

/// Lets every call pass.
#[derive(Clone, Copy, Debug)]
pub struct Everything;

impl Watch for Everything {
    fn fate(&self, _operation: &str, _request: &mut Value) -> Fate {
        Fate::Pass
    }
}

/// Starts a store in memory and a proxy in front of it, and gives the proxy's URL.
#[expect(clippy::disallowed_methods, reason = "servers run beside the test")]
pub async fn start(watch: Arc<dyn Watch>) -> String {
    let store = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let upstream = store.local_addr().expect("its address").to_string();
    let database = Database::memory().expect("a store in memory");
    tokio::spawn(dynoxide::server::serve_on(store, database));

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let forward =
        Arc::new(Forward { client: Client::builder(TokioExecutor::new()).build_http(), upstream, watch });
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
    url
}

/// Forwards calls.
struct Forward {
    client: Client<HttpConnector, Full<Bytes>>,
    upstream: String,
    watch: Arc<dyn Watch>,
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
        let fate = self.watch.fate(&operation, &mut body);
        match fate {
            Fate::Pass | Fate::FailAfter => {}
            Fate::Late(wait) => tokio::time::sleep(wait).await,
            Fate::FailBefore => return Ok(failure()),
        }
        let sent = body.to_string();
        head.uri = format!("http://{}/", self.upstream).parse()?;
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(HOST);
        let answer = self.client.request(Request::from_parts(head, Full::from(sent))).await?;
        let (head, answer) = answer.into_parts();
        let answer = answer.collect().await?.to_bytes();
        if fate == Fate::FailAfter {
            return Ok(failure());
        }
        self.watch.passed(&operation, &body, &answer, from);
        Ok(Response::from_parts(head, Full::new(answer)))
    }
}

/// What DynamoDB answers when something is wrong with itself.
fn failure() -> Response<Full<Bytes>> {
    let body =
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"a fault of a test"}"#;
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
