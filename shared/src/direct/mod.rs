//! Direct chats: two users, one chat, whoever starts it (document 001; contract, section 3).

mod commit;
mod history;
mod mailbox;
mod remove;
mod send;

pub use history::{Page, history};
pub use mailbox::{Fetched, Removal, acknowledge, fetch};
pub use remove::delete;
pub use send::{Draft, Kind, Sent, send};

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::ids::{ChatId, UserId};
use crate::log::{Head, Message, Position};
use crate::store::heads::Pair;
use crate::store::users::Profile;
use crate::text::json_len;
use futures::future::try_join;
use std::collections::HashMap;

/// Chats that a list gives at most (contract, section 1).
const MAX_LISTED: usize = 1_000;

const NO_CHAT: Error = Error::NotFound("chat_not_found", "There is no such chat");
const STRANGER: Error = Error::Forbidden("You take no part in this chat");

/// A user's place in one of its chats.
#[derive(Clone, Copy, Debug)]
struct Seat {
    user: UserId,
    pair: Pair,
    chat: ChatId,
    read: Position,
}

/// A user's place in a chat: 404 for an unknown or deleted chat, 403 for somebody else's.
async fn seat(backend: &Backend, user: UserId, chat: ChatId) -> Result<Seat> {
    if let Some(cursor) = backend.store.cursor(user, chat).await? {
        let pair = Pair::of(user, cursor.with_user).ok_or_else(|| Error::internal("a chat with oneself"))?;
        return Ok(Seat { user, pair, chat, read: cursor.position });
    }
    match backend.store.pointer(chat).await? {
        Some(pointer) if !pointer.deleted && !pointer.pair.contains(user) => Err(STRANGER),
        _ => Err(NO_CHAT),
    }
}

impl Seat {
    /// The chat's head; 404 when it was deleted meanwhile.
    async fn head(&self, backend: &Backend) -> Result<Head> {
        backend.store.head(self.pair).await?.filter(|head| head.chat_id == self.chat).ok_or(NO_CHAT)
    }
}

/// The chat of two users, for one of them: 403 for anybody else, 404 when they have none.
pub async fn find(backend: &Backend, caller: UserId, one: UserId, other: UserId) -> Result<ChatId> {
    let pair = Pair::of(one, other).ok_or(NO_CHAT)?;
    if !pair.contains(caller) {
        return Err(STRANGER);
    }
    Ok(backend.store.head(pair).await?.ok_or(NO_CHAT)?.chat_id)
}

/// One of a user's chats as a list shows it.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The chat.
    pub chat_id: ChatId,
    /// The other one.
    pub with: Profile,
    /// The newest message that is not removed, and its sender.
    pub newest: Option<(Message, Profile)>,
    /// Messages by the other that the user has not read.
    pub unread: u64,
}

/// A user's chats, newest message first, at most 1,000, and at most as many as one answer can hold (about 300
/// whose newest messages all have 16 KiB). Three round trips at most, however many they are.
pub async fn list(
    backend: &Backend,
    user: UserId,
    wanted: impl Fn(&Overview) -> bool,
) -> Result<Vec<Overview>> {
    let cursors = backend.store.cursors(user).await?;
    let pairs: Vec<_> = cursors.iter().filter_map(|cursor| Pair::of(user, cursor.with_user)).collect();
    let mut people: Vec<_> = cursors.iter().map(|cursor| cursor.with_user).collect();
    people.push(user);
    let (mut heads, profiles) =
        try_join(backend.store.heads(&pairs), backend.store.profiles(&people)).await?;
    let mut chats: Vec<_> = cursors
        .into_iter()
        .filter_map(|cursor| {
            let head = heads.remove(&cursor.chat_id)?;
            let newest = head.newest().map(|message| {
                let sender = profile_of(&profiles, message.sender);
                (message, sender)
            });
            Some(Overview {
                chat_id: cursor.chat_id,
                with: profile_of(&profiles, cursor.with_user),
                newest,
                unread: head.unread(user, cursor.position),
            })
        })
        .collect();
    let key = |chat: &Overview| (chat.newest.as_ref().map(|(message, _)| message.at), chat.chat_id);
    chats.sort_unstable_by_key(|chat| std::cmp::Reverse(key(chat)));
    chats.retain(wanted);
    chats.truncate(MAX_LISTED);
    let mut bytes = 0;
    let fitting = chats.iter().take_while(|chat| {
        bytes += chat.newest.as_ref().map_or(0, |(message, _)| json_len(&message.text));
        bytes <= history::ANSWER_BYTES
    });
    let fitting = fitting.count();
    chats.truncate(fitting);
    Ok(chats)
}

/// Marks everything in a chat as read.
pub async fn mark_read(backend: &Backend, user: UserId, chat: ChatId) -> Result<()> {
    let seat = seat(backend, user, chat).await?;
    let end = seat.head(backend).await?.end(user);
    if end.seq > seat.read.seq {
        backend.store.advance(user, chat, end).await?;
    }
    Ok(())
}

/// A user's public side, or a nameless one for a user who is gone.
fn profile_of(profiles: &HashMap<UserId, Profile>, user: UserId) -> Profile {
    profiles.get(&user).cloned().unwrap_or(Profile {
        user_id: user,
        user_name: None,
        first_name: None,
        last_name: None,
    })
}
