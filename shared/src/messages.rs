//! One message of a chat: finding it, and its deletion by its author (documents 003 and 004).

use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, Result};
use crate::history::newest_besides;
use crate::ids::{UserId, attempt};
use crate::log::{Head, Message};
use crate::send::empty_tail;
use crate::store::heads::HeadKey;
use crate::store::messages::{Order, Row};
use crate::store::{StoreError, pause};

const TRIES: u32 = 16;
/// Rows among which the newest one left usually is.
const FEW: usize = 4;

pub(crate) const NO_MESSAGE: Error = Error::NotFound("message_not_found", "There is no such message");
const NOT_AUTHOR: Error = Error::Forbidden("Only its author may delete a message");

/// The message at a position, unless it is removed.
pub(crate) async fn find(backend: &Backend, head: &Head, seq: u64) -> Result<Message> {
    if let Some(message) = head.tail_messages().into_iter().find(|message| message.seq == seq) {
        return Ok(message);
    }
    match row(backend, head, seq).await? {
        Some(Row::Live(message)) => Ok(message),
        _ => Err(NO_MESSAGE),
    }
}

async fn row(backend: &Backend, head: &Head, seq: u64) -> Result<Option<Row>> {
    if !(1..=head.filed).contains(&seq) {
        return Ok(None);
    }
    Ok(backend.store.rows(head.chat_id, seq..=seq, Order::Ascending, 1).await?.pop())
}

/// Deletes a message by its author, from a chat that counts nothing as unread. It counts nowhere from then on, and its
/// position is never used again. `no_chat` is the refusal where there is no such chat.
pub(crate) async fn delete(
    backend: &Backend,
    key: HeadKey,
    user: UserId,
    seq: u64,
    no_chat: Error,
) -> Result<()> {
    let removal = attempt();
    for tried in 0..TRIES {
        let Some(mut head) = backend.store.head(key).await? else { return Err(no_chat) };
        if let Some(message) = head.tail_messages().into_iter().find(|message| message.seq == seq) {
            if message.sender != user {
                return Err(NOT_AUTHOR);
            }
            match empty_tail(backend, key, &head).await? {
                Some(emptied) => head = emptied,
                None => {
                    pause(tried).await;
                    continue;
                }
            }
        }
        let message = match row(backend, &head, seq).await? {
            Some(Row::Live(message)) => message,
            // A call without a clear answer, or one that is repeated on its way, may meet its own success.
            Some(Row::Removed { removal: by, .. }) if by.as_ref() == Some(&removal) => return Ok(()),
            _ => return Err(NO_MESSAGE),
        };
        if message.sender != user {
            return Err(NOT_AUTHOR);
        }
        // A head with a tail has no `latest`.
        let latest = match head.latest.as_ref().is_some_and(|latest| latest.seq == seq) {
            true => Some(newest_besides(backend, &head, FEW, |other| other == seq).await?),
            false => None,
        };
        let removed =
            backend.store.delete_message(key, &head, &message, latest.as_ref(), &removal, clock::now()).await;
        match removed {
            Ok(()) => return Ok(()),
            Err(StoreError::Refused(_) | StoreError::Unavailable(_) | StoreError::Ambiguous(_)) => {
                pause(tried).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("the chat changes all the time".into())))
}
