//! The Lambda that does what deletions have left: all of it on a schedule, and by a queue what they say they have. An
//! error is the invocation's failure; the next one goes on where it ended.

use aws_lambda_events::sqs::SqsEvent;
use chat::{Backend, clock, housekeeping, jobs, telemetry};
use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::time::Duration;

/// What is left of an invocation when a job has to end: for queueing the rest.
const ENDING_LASTS: Duration = Duration::from_secs(15);

/// Who invokes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    /// The queue `Work`.
    Queue(SqsEvent),
    /// The schedule.
    Schedule(IgnoredAny),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::begin();
    let backend = Backend::from_env()?;
    let backend = &backend;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
        let LambdaEvent { payload, context } = event;
        let route = if matches!(payload, Event::Queue(_)) { "Work" } else { "schedule" };
        let working = work(backend, payload, &context);
        backend.telemetry.observe(&context.request_id, route, working, |_| None).await
    }))
    .await
}

async fn work(backend: &Backend, event: Event, context: &Context) -> Result<(), Error> {
    let within = clock::until(context.deadline()).saturating_sub(ENDING_LASTS);
    match event {
        Event::Queue(event) => housekeeping::work(backend, jobs::receive(&event)?, within).await?,
        Event::Schedule(_) => housekeeping::look_around(backend, within).await?,
    }
    Ok(())
}
