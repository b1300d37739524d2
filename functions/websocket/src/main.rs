//! The Lambda behind the WebSocket API's routes.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use chat::{Backend, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use websocket::Answer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let backend = Backend::from_env()?;
    let engine = chat::backend::bot_engine_from_env()?;
    let (backend, engine) = (&backend, &engine);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<ApiGatewayWebsocketProxyRequest>| {
        let LambdaEvent { payload, context } = event;
        let route = payload.request_context.route_key.clone().unwrap_or_default();
        let serving = websocket::dispatch(backend, engine, payload);
        let status = |served: &Result<Answer, Error>| served.as_ref().ok().map(Answer::status);
        backend.telemetry.observe(&context.request_id, &route, serving, status).await
    }))
    .await
}
