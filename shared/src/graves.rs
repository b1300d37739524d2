//! The rows of deleted chats, which nobody can reach any more: removed behind the deletion, however many they are. A
//! request removes some of them; what is left is a queue's work, and, should its message be lost, housekeeping's.

use crate::backend::Backend;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{ChatId, UserId, attempt};
use crate::jobs::Job;
use crate::send::INVOCATION_LASTS;
use crate::store::chats::Grave;
use crate::store::heads::HeadKey;
use crate::store::{Hands, StoreError, pause, persist};

const TRIES: u32 = 12;
/// Rows that a deletion removes before it answers, and housekeeping of each chat, in calls of this many.
const SWEEPS: usize = 10;
const ROWS_PER_SWEEP: i32 = 100;

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
                tracing::warn!(%error, "rows of a deleted chat are left to the queue");
                break;
            }
        }
    }
    if let Err(error) = queue(backend, chat, attempt()).await {
        tracing::warn!(error = error.cause(), "rows of a deleted chat are left to housekeeping");
    }
}

async fn queue(backend: &Backend, chat_id: ChatId, worker: String) -> Result<()> {
    backend.jobs.send(&Job::Sweep { chat_id, worker }).await
}

/// Removes all rows of a deleted chat, unless somebody else does.
pub(crate) async fn sweep_out(backend: &Backend, chat: ChatId, hands: &Hands<'_>) -> Result<()> {
    let store = &backend.store;
    if !persist(|| store.take_grave(chat, hands)).await? {
        return Ok(());
    }
    let swept = loop {
        match persist(|| store.sweep(chat, ROWS_PER_SWEEP)).await {
            Ok(false) => {}
            Ok(true) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
    };
    persist(|| store.let_grave_go(chat, hands)).await?;
    swept
}

/// Removes rows of all deleted chats, and queues what is left of long ones; what fails with one keeps it from no other.
pub(crate) async fn sweep_all(backend: &Backend, now: Timestamp) -> Result<()> {
    let mut outcome = Ok(());
    let mut from = None;
    loop {
        let page = persist(|| backend.store.graves(from.clone())).await?;
        for grave in page.found {
            outcome = outcome.and(settle(backend, grave, now).await);
        }
        match page.next {
            Some(next) => from = Some(next),
            None => return outcome,
        }
    }
}

/// Removes rows of a deleted chat, unless somebody else does. A grave is closed only when it is empty after every
/// invocation that ran at the burial has ended: one of them may have filed a message late.
async fn settle(backend: &Backend, grave: Grave, now: Timestamp) -> Result<()> {
    let (store, chat) = (&backend.store, grave.chat_id);
    let worker = attempt();
    let hands = Hands { worker: &worker, now };
    if !persist(|| store.take_grave(chat, &hands)).await? {
        return Ok(());
    }
    for _ in 0..SWEEPS {
        if persist(|| store.sweep(chat, ROWS_PER_SWEEP)).await? {
            match grave.buried_at + INVOCATION_LASTS < now {
                true => persist(|| store.close_grave(chat)).await?,
                false => persist(|| store.let_grave_go(chat, &hands)).await?,
            }
            return Ok(());
        }
    }
    queue(backend, chat, worker).await
}
