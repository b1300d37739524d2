//! The rows of deleted chats, which nobody can reach any more: removed behind the deletion, however many they are.

use crate::backend::Backend;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{ChatId, UserId};
use crate::send::INVOCATION_LASTS;
use crate::store::heads::HeadKey;
use crate::store::{StoreError, pause, persist};

const TRIES: u32 = 12;
/// Rows that a deletion removes before it answers, in calls of this many. What is left is housekeeping.
const SWEEPS: usize = 10;
const ROWS_PER_SWEEP: i32 = 100;
/// Graves that housekeeping looks for at once.
const GRAVES: i32 = 100;

/// Deletes a chat for all, at once and in one step however long its history. False when it is gone already; of a chat of
/// document 003 also when there is anybody in it but the one participant given.
pub(crate) async fn bury(
    backend: &Backend,
    key: HeadKey,
    chat: ChatId,
    participants: &[UserId],
    now: Timestamp,
) -> Result<bool> {
    let mut tried = 0;
    loop {
        match backend.store.bury(key, chat, participants, now).await {
            Ok(()) => return Ok(true),
            Err(StoreError::Refused(_)) => return Ok(false),
            Err(StoreError::Unavailable(_)) if tried < TRIES => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
        tried += 1;
    }
}

/// Removes rows of a chat that was deleted just now, as far as a request may take. That it is deleted stays so whatever
/// goes wrong here.
pub(crate) async fn sweep(backend: &Backend, chat: ChatId) {
    for _ in 0..SWEEPS {
        match backend.store.sweep(chat, ROWS_PER_SWEEP).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "rows of a deleted chat are left to housekeeping");
                return;
            }
        }
    }
}

/// Removes all rows of deleted chats; what fails with one keeps it from no other. A grave is closed only when it is swept after every invocation that ran at the
/// burial has ended: one of them may have filed a message late.
pub(crate) async fn sweep_all(backend: &Backend, now: Timestamp) -> Result<()> {
    loop {
        let graves = backend.store.graves(now - INVOCATION_LASTS, GRAVES).await?;
        if graves.is_empty() {
            return Ok(());
        }
        let mut outcome = Ok(());
        for grave in graves {
            outcome = outcome.and(close(backend, grave).await);
        }
        // Those that failed would be found again at once.
        outcome?;
    }
}

/// Removes all rows of a deleted chat, and its grave.
async fn close(backend: &Backend, grave: ChatId) -> Result<()> {
    let store = &backend.store;
    while !persist(|| store.sweep(grave, ROWS_PER_SWEEP)).await? {}
    persist(|| store.close_grave(grave)).await?;
    Ok(())
}
