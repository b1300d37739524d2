//! The rows of deleted chats, which nobody can reach any more: removed behind the deletion.

use crate::backend::Backend;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{ChatId, UserId};
use crate::send::INVOCATION_LASTS;
use crate::store::heads::{HeadKey, Kind};
use crate::store::{StoreError, pause};

const TRIES: u32 = 12;
/// Calls that one deletion spends on rows, its own chat's first. What is left is taken up by later deletions.
const SWEEPS: usize = 10;
const ROWS_PER_SWEEP: i32 = 100;

/// Deletes a chat for all, at once and in one step however long its history, and removes its rows behind it. False when
/// it is gone already; of a chat of document 003 also when it has other participants.
pub(crate) async fn bury(
    backend: &Backend,
    key: HeadKey,
    chat: ChatId,
    kind: Kind,
    participants: &[UserId],
    now: Timestamp,
) -> Result<bool> {
    let mut tried = 0;
    loop {
        match backend.store.bury(key, chat, kind, participants, now).await {
            Ok(()) => break,
            Err(StoreError::Refused(_)) => return Ok(false),
            Err(StoreError::Unavailable(_)) if tried < TRIES => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
        tried += 1;
    }
    if let Err(error) = sweep(backend, chat, now).await {
        tracing::warn!(%error, "rows of deleted chats are left for later");
    }
    Ok(true)
}

/// Removes rows: of the chat just deleted, then of older graves. A grave is closed only when it is swept
/// after every invocation that ran at the burial has ended: one of them may have filed a message late.
async fn sweep(backend: &Backend, chat: ChatId, now: Timestamp) -> Result<()> {
    let mut sweeps = SWEEPS;
    empty(backend, chat, &mut sweeps).await?;
    if sweeps == 0 {
        return Ok(());
    }
    for grave in backend.store.graves(now - INVOCATION_LASTS, SWEEPS as i32).await? {
        if !empty(backend, grave, &mut sweeps).await? {
            return Ok(());
        }
        backend.store.close_grave(grave).await?;
    }
    Ok(())
}

/// Removes the rows of a chat that is deleted or about to be, as far as `sweeps` reaches. True when none is left.
pub(crate) async fn empty(backend: &Backend, chat: ChatId, sweeps: &mut usize) -> Result<bool> {
    while *sweeps > 0 {
        *sweeps -= 1;
        if backend.store.sweep(chat, ROWS_PER_SWEEP).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
