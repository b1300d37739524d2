//! What is left to be done behind deletions: rows of deleted chats, and what deleted users wrote.

use crate::backend::Backend;
use crate::clock;
use crate::error::Result;
use crate::jobs::Job;
use crate::store::Hands;
use crate::{erasure, graves};
use futures::future::join;
use std::time::Duration;

/// Does a job as far as it goes within a time, and queues it again where something of it is left then. What was done
/// is done: the next invocation goes on behind it. A job may be broken off at any moment, and done again.
pub async fn work(backend: &Backend, job: Job, within: Duration) -> Result<()> {
    match tokio::time::timeout(within, carry_out(backend, &job)).await {
        Ok(outcome) => outcome,
        Err(_) => backend.jobs.send(&job).await,
    }
}

async fn carry_out(backend: &Backend, job: &Job) -> Result<()> {
    let now = clock::now();
    match job {
        Job::Sweep { chat_id, worker } => graves::sweep_out(backend, *chat_id, &Hands { worker, now }).await,
        Job::Erase { user_id, worker } => erasure::erase_out(backend, *user_id, &Hands { worker, now }).await,
    }
}

/// Looks for everything that any deletion left, and does it, or queues what takes long; as far as that goes within a
/// time. Each part is done whether or not the other fails.
pub async fn look_around(backend: &Backend, within: Duration) -> Result<()> {
    let now = clock::now();
    let looking = join(graves::sweep_all(backend, now), erasure::go_on(backend, now));
    match tokio::time::timeout(within, looking).await {
        Ok((swept, erased)) => swept.and(erased),
        Err(_) => {
            tracing::warn!("much is left of deletions, for the next time");
            Ok(())
        }
    }
}
