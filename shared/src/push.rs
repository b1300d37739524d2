//! Frames to open sockets through API Gateway's `@connections`.

use crate::backend::Lazy;
use crate::broadcast::Target;
use crate::telemetry::{self, Metric};
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::ProvideErrorMetadata;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;

/// Posts under way at once. API Gateway takes far more; a function of 256 MB should not hold more.
const CONCURRENT_POSTS: usize = 64;

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// API Gateway took it.
    Sent,
    /// The connection is gone (410).
    Gone,
    /// It could not be posted, for a reason of this name. What it announced is stored and can be fetched.
    Failed(String),
}

/// The WebSocket API's management side.
#[derive(Debug)]
pub struct Pusher {
    client: Lazy<Client>,
}

impl Pusher {
    /// A pusher over an SDK client, which is built when it is first needed.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self { client: Lazy::new(Box::new(client)) }
    }

    /// Posts one frame to one connection.
    pub async fn post(&self, connection: &str, frame: Bytes) -> Delivery {
        let posted = self.try_post(connection, frame).await;
        if let Delivery::Failed(code) = &posted {
            tracing::warn!(code, "could not post to a connection");
        }
        posted
    }

    async fn try_post(&self, connection: &str, frame: Bytes) -> Delivery {
        let posted =
            self.client.post_to_connection().connection_id(connection).data(Blob::new(frame)).send().await;
        let Err(error) = posted else {
            telemetry::count(Metric::Deliveries, 1);
            return Delivery::Sent;
        };
        if matches!(error.as_service_error(), Some(PostToConnectionError::GoneException(_))) {
            telemetry::count(Metric::StaleConnections, 1);
            return Delivery::Gone;
        }
        Delivery::Failed(error.code().unwrap_or("no answer").to_owned())
    }

    /// Posts one frame to many sockets, side by side and bounded. Answers with those that are gone.
    pub(crate) async fn fan_out(&self, targets: Vec<Target>, frame: Bytes) -> Vec<Target> {
        let mut posting = stream::iter(targets)
            .map(|target| {
                let frame = frame.clone();
                async move { (self.try_post(&target.2, frame).await, target) }
            })
            .buffer_unordered(CONCURRENT_POSTS);
        let (mut gone, mut failed, mut last) = (Vec::new(), 0, String::new());
        while let Some((delivery, target)) = posting.next().await {
            match delivery {
                Delivery::Sent => {}
                Delivery::Gone => gone.push(target),
                Delivery::Failed(code) => (failed, last) = (failed + 1, code),
            }
        }
        if failed > 0 {
            tracing::warn!(failed, code = last, "could not post to connections");
        }
        gone
    }

    /// Those of some connections that are gone, as far as API Gateway tells.
    pub(crate) async fn gone(&self, connections: &[String]) -> Vec<String> {
        let asking = stream::iter(connections).map(async |connection| {
            let asked = self.client.get_connection().connection_id(connection).send().await;
            let gone = asked
                .is_err_and(|error| error.as_service_error().is_some_and(|error| error.is_gone_exception()));
            gone.then(|| connection.clone())
        });
        asking.buffer_unordered(CONCURRENT_POSTS).filter_map(std::future::ready).collect().await
    }

    /// Ends a connection. One that has ended already is fine.
    pub async fn close(&self, connection: &str) {
        if let Err(error) = self.client.delete_connection().connection_id(connection).send().await {
            let gone = error.as_service_error().is_some_and(|error| error.is_gone_exception());
            if !gone {
                tracing::warn!(code = error.code().unwrap_or("no answer"), "could not close a connection");
            }
        }
    }
}
