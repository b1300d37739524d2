//! Waiting for something to become so, never for a time to pass.

use std::time::Duration;

/// How long anything may take before a test calls it missing. Long, because machines are busy; a test that
/// passes never waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long [`eventually`] rests between two looks.
const REST: Duration = Duration::from_millis(20);

/// The outcome of `what`, which must come in time.
pub async fn in_time<T>(what: &str, outcome: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, outcome).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("{what} did not happen within {PATIENCE:?}"),
    }
}

/// Looks again and again until `look` finds something.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    in_time(what, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(REST).await;
        }
    })
    .await
}
