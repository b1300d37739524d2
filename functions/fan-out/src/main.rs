//! The Lambda behind the queue `Broadcasts`: posts a frame to some of very many sockets.

use aws_lambda_events::sqs::SqsEvent;
use chat::{Backend, broadcast, jobs, telemetry};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let backend = Backend::from_env()?;
    let backend = &backend;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let posting = async {
            broadcast::post(backend, jobs::receive(&event.payload)?).await;
            Ok::<_, Error>(())
        };
        backend.telemetry.observe(&event.context.request_id, "Broadcasts", posting, |_| None).await
    }))
    .await
}
