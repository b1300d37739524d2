//! EventBridge Scheduler: invokes functions at a rate, for the first time at once.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::MissedTickBehavior;

use crate::lambda::Functions;
use crate::shutdown::Shutdown;
use crate::template::Schedule;

/// Runs the schedules of a template until the end. An invocation that fails waits for its next time.
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
        let input = Bytes::copy_from_slice(schedule.input.as_bytes());
        if let Err(error) = functions.invoke(&schedule.function, input).await {
            tracing::error!("{} was invoked by its schedule and failed: {error}", schedule.function);
        }
    }
}
