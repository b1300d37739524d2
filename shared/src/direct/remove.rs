//! Deleting a chat (001, "delete chat").

use super::DIRECT;
use crate::backend::Backend;
use crate::chats::{NO_CHAT, seat};
use crate::clock;
use crate::error::Result;
use crate::graves;
use crate::ids::{ChatId, UserId};

/// Deletes a chat for both, at once and in one step however long its history.
pub async fn delete(backend: &Backend, user: UserId, chat: ChatId) -> Result<()> {
    let seat = seat(backend, user, chat, DIRECT).await?;
    let pair = seat.pair()?;
    if !graves::bury(backend, seat.key, chat, &pair.users(), clock::now()).await? {
        return Err(NO_CHAT);
    }
    graves::sweep(backend, chat).await;
    Ok(())
}
