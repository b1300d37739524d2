//! Calling HTTP on this machine: another Lambda, another DynamoDB, the embedded store.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A call that got no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CallError(String);

/// An HTTP client that keeps its connections.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    inner: HyperClient<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// A client without connections yet.
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { inner: HyperClient::builder(TokioExecutor::new()).build(connector) }
    }

    /// POSTs `body` and reads the whole answer.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, CallError> {
        let mut request =
            Request::post(url).body(Full::new(body)).map_err(|error| CallError(error.to_string()))?;
        *request.headers_mut() = headers;
        self.call(request).await
    }

    /// Makes a call and reads the whole answer.
    pub(crate) async fn call(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, CallError> {
        let answer = self.inner.request(request).await.map_err(|error| CallError(describe(&error)))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| CallError(error.to_string()))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

/// The whole chain of causes: the first of them alone says nothing.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
