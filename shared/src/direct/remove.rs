//! Deleting a chat (001, "delete chat").

use super::{NO_CHAT, seat};
use crate::backend::Backend;
use crate::error::Result;
use crate::ids::{ChatId, UserId};
use crate::store::{StoreError, pause};

const TRIES: u32 = 12;
/// Rows removed within one deletion at most, in calls of 100. What is left is taken up by later deletions.
const SWEEPS: usize = 10;
const ROWS_PER_SWEEP: i32 = 100;

/// Deletes a chat for both, at once and in one step however long its history. Its rows, which nobody can
/// reach any more, are removed behind it.
pub async fn delete(backend: &Backend, user: UserId, chat: ChatId) -> Result<()> {
    let seat = seat(backend, user, chat).await?;
    let mut tried = 0;
    loop {
        match backend.store.bury_chat(seat.pair, chat).await {
            Ok(()) => break,
            Err(StoreError::Refused(_)) => return Err(NO_CHAT),
            Err(StoreError::Unavailable(_)) if tried < TRIES => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
        tried += 1;
    }
    if let Err(error) = sweep_graves(backend).await {
        tracing::warn!(%error, "rows of deleted chats are left for later");
    }
    Ok(())
}

/// Removes rows of deleted chats, the oldest grave first.
async fn sweep_graves(backend: &Backend) -> Result<()> {
    let mut sweeps = SWEEPS;
    for grave in backend.store.graves(SWEEPS as i32).await? {
        loop {
            if sweeps == 0 {
                return Ok(());
            }
            sweeps -= 1;
            if backend.store.sweep(grave, ROWS_PER_SWEEP).await? {
                backend.store.close_grave(grave).await?;
                break;
            }
        }
    }
    Ok(())
}
