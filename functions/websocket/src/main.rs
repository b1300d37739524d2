//! The Lambda behind the WebSocket API's routes.

use chat::Backend;
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let backend = Backend::from_env()?;
    let engine = chat::backend::bot_engine_from_env()?;
    let (backend, engine) = (&backend, &engine);
    // Boxed: the future of all routes together is too deep for the compiler to lay out in one piece.
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| {
        Box::pin(websocket::dispatch(backend, engine, event.payload))
    }))
    .await
}
