//! The socket (document 002; contract, section 4): `$connect`, `$disconnect`, and frames.

mod connection;
mod frame;
mod message;
pub mod shapes;
mod wire;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use chat::Backend;
use chat::bot::engine::Engine;
use lambda_runtime::Error;
pub use wire::Answer;

/// Serves one event by its route key. An error is the function's failure, which API Gateway tells the client
/// in its own words; what the client did wrong is an answer or a frame.
pub async fn dispatch(
    backend: &Backend,
    engine: &Engine,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<Answer, Error> {
    let context = event.request_context;
    let connection = context.connection_id.ok_or("an event without a connection id")?;
    match context.route_key.as_deref() {
        Some("$connect") => {
            let token = event.query_string_parameters.first("token");
            Ok(connection::connect(backend, &connection, token, &event.headers).await)
        }
        Some("$disconnect") => Ok(connection::disconnect(backend, &connection).await?),
        // `room`, `group`, `bot` and `$default`: what a frame asks for is in the frame.
        _ => {
            let text = event.body.filter(|_| !event.is_base64_encoded);
            Ok(frame::receive(backend, engine, &connection, text.as_deref()).await?)
        }
    }
}
