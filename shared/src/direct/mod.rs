//! Direct chats: two users, one chat, whoever starts it (document 001; contract, section 3).

mod mailbox;
mod remove;

pub use mailbox::{Fetched, Removal, acknowledge, fetch};
pub use remove::delete;

use crate::backend::Backend;
use crate::chats::{self, Listing, NO_CHAT, Overview, People, STRANGER, Seat, seat};
use crate::error::{Error, Result};
use crate::frames::MessageFrame;
use crate::history::newest_first;
use crate::ids::{ChatId, UserId};
use crate::log::Message;
use crate::presence;
use crate::send::{Draft, Identity, Sending, Sent, Stored};
use crate::sessions::Caller;
use crate::store::heads::{HeadKey, Kind, Pair};
use futures::future::try_join;
use std::ops::Range;

const DIRECT: &[Kind] = &[Kind::Direct];

/// Sends a message, opening the pair's chat if there is none, and pushes it to all sockets of both.
///
/// Three round trips one after another: session with head, filing with claim, commit.
pub async fn send(backend: &Backend, caller: Caller, receiver: UserId, draft: Draft) -> Result<Sent> {
    let sender = caller.claimed_user();
    let read = async {
        draft.check()?;
        let pair = Pair::of(sender, receiver)
            .ok_or_else(|| Error::invalid("invalid_receiver", "receiver_id must be another user"))?;
        Ok((pair, backend.store.head(HeadKey::Direct(pair)).await?))
    };
    let (pair, head) = caller.confirm_to_send(backend, read).await?;
    let key = HeadKey::Direct(pair);
    let sending = Sending { backend, key, sender, draft: &draft, identity: Identity::Content };
    let sent = sending.run(head).await?;
    if let Stored::Now(message) = &sent.outcome {
        let frame = MessageFrame::new(Kind::Direct, sent.chat_id, message);
        presence::push(backend, sent.chat_id, sender, &pair.users(), &frame).await;
    }
    Ok(sent)
}

/// A window of the caller's direct chats.
pub async fn list(
    backend: &Backend,
    caller: Caller,
    window: Range<usize>,
    shown: impl Fn(&Overview) -> bool,
) -> Result<Listing> {
    chats::list(backend, caller, DIRECT, window, shown).await
}

/// Marks everything in a chat as read.
pub async fn mark_read(backend: &Backend, user: UserId, chat: ChatId) -> Result<()> {
    chats::mark_read(backend, user, chat, DIRECT).await
}

/// The chat of two users, for one of them: 403 for anybody else, 404 when they have none.
pub async fn find(backend: &Backend, caller: UserId, one: UserId, other: UserId) -> Result<ChatId> {
    let pair = Pair::of(one, other).ok_or(NO_CHAT)?;
    if !pair.contains(caller) {
        return Err(STRANGER);
    }
    Ok(backend.store.head(HeadKey::Direct(pair)).await?.ok_or(NO_CHAT)?.chat_id)
}

/// Messages with their senders.
#[derive(Clone, Debug)]
pub struct Page {
    /// The chat.
    pub chat_id: ChatId,
    /// The messages.
    pub messages: Vec<Message>,
    /// The senders.
    pub people: People,
}

/// `count` messages of a chat without the `skip` newest, newest first (001, "get messages of the two users"). Fewer
/// where the chat ends or one answer can't hold more.
pub async fn history(
    backend: &Backend,
    user: UserId,
    chat: ChatId,
    skip: usize,
    count: usize,
) -> Result<Page> {
    let seat = seat(backend, user, chat, DIRECT).await?;
    let people = People::find(backend, seat.pair()?.users());
    let (head, people) = try_join(seat.head(backend), people).await?;
    let messages = newest_first(backend, &head, skip as u64, count).await?;
    Ok(Page { chat_id: chat, messages, people })
}

impl Seat {
    /// The two of a direct chat.
    fn pair(&self) -> Result<Pair> {
        self.key.pair().ok_or_else(|| Error::internal("a direct chat without a pair"))
    }
}
