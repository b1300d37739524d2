//! The WebSocket API's management side, in this process: it takes every frame, for a connection that is there, and keeps
//! it to be looked at.

use aws_sdk_apigatewaymanagement::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_apigatewaymanagement::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use std::sync::{Arc, Mutex, PoisonError};

/// The frames that were posted, and the ends of connections as none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sockets(Arc<Mutex<Vec<Option<Vec<u8>>>>>);

impl Sockets {
    /// A client that posts to these.
    pub(crate) fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("none", "none", None, None, "fuzz"))
            .endpoint_url("http://sockets")
            .http_client(http_client_fn(move |_, _| connector.clone()));
        Client::from_conf(config.build())
    }

    /// What was posted since this was asked before.
    pub(crate) fn take(&self) -> Vec<Option<Vec<u8>>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpConnector for Sockets {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let frame = (request.method() == "POST").then(|| request.body().bytes().unwrap_or_default().to_vec());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
        let ok = http::StatusCode::OK.into();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(ok, SdkBody::empty())))
    }
}
