//! Frames to open sockets through API Gateway's `@connections`.

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::DisplayErrorContext;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;

/// Posts under way at once. API Gateway takes far more; a function of 256 MB should not hold more.
const CONCURRENT_POSTS: usize = 64;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// API Gateway took it.
    Sent,
    /// The connection is gone (410).
    Gone,
    /// It could not be posted. Logged; what it announced is stored and can be fetched.
    Failed,
}

/// The WebSocket API's management side.
#[derive(Clone, Debug)]
pub struct Pusher {
    client: Client,
}

impl Pusher {
    /// A pusher over an SDK client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Posts one frame to one connection.
    pub async fn post(&self, connection: &str, frame: Bytes) -> Delivery {
        let posted =
            self.client.post_to_connection().connection_id(connection).data(Blob::new(frame)).send().await;
        let Err(error) = posted else { return Delivery::Sent };
        if matches!(error.as_service_error(), Some(PostToConnectionError::GoneException(_))) {
            return Delivery::Gone;
        }
        tracing::warn!(error = %DisplayErrorContext(&error), "could not post to a connection");
        Delivery::Failed
    }

    /// Posts one frame to many connections, side by side and bounded. Answers with those that are gone.
    pub async fn fan_out<T>(&self, connections: Vec<(T, String)>, frame: Bytes) -> Vec<(T, String)> {
        stream::iter(connections)
            .map(|(whose, connection)| {
                let frame = frame.clone();
                async move { (self.post(&connection, frame).await, whose, connection) }
            })
            .buffer_unordered(CONCURRENT_POSTS)
            .filter_map(|(delivery, whose, connection)| async move {
                (delivery == Delivery::Gone).then_some((whose, connection))
            })
            .collect()
            .await
    }

    /// Ends a connection. One that has ended already is fine.
    pub async fn close(&self, connection: &str) {
        if let Err(error) = self.client.delete_connection().connection_id(connection).send().await {
            let gone = error.as_service_error().is_some_and(|error| error.is_gone_exception());
            if !gone {
                tracing::warn!(error = %DisplayErrorContext(&error), "could not close a connection");
            }
        }
    }
}
