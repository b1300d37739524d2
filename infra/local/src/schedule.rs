//! EventBridge Scheduler: invokes functions at a rate, for the first time at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::MissedTickBehavior;

use crate::events::Source;
use crate::lambda::{Functions, Outcome};
use crate::shutdown::Shutdown;
use crate::template::Schedule;

/// When an invocation that failed is tried again: as Lambda does with those that nobody waits for.
const TRIED_AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// Runs the schedules of a template until the end.
pub(crate) fn start(schedules: &[Schedule], functions: &Arc<Functions>, shutdown: &Shutdown) {
    for schedule in schedules {
        let (schedule, functions, shutdown) = (schedule.clone(), functions.clone(), shutdown.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.wait() => {}
                () = repeat(&schedule, &functions) => {}
            }
        });
    }
}

async fn repeat(schedule: &Schedule, functions: &Functions) {
    let mut times = tokio::time::interval(schedule.rate);
    times.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        times.tick().await;
        let mut waits = TRIED_AGAIN_AFTER.into_iter();
        while let Err(error) = invoke(schedule, functions).await {
            tracing::error!("{} was invoked by its schedule and failed: {error}", schedule.function);
            let Some(wait) = waits.next() else { break };
            tokio::time::sleep(wait).await;
        }
    }
}

async fn invoke(schedule: &Schedule, functions: &Functions) -> Outcome {
    let input = Bytes::copy_from_slice(schedule.input.as_bytes());
    functions.invoke(&schedule.function, Source::new("schedule"), input).await
}
