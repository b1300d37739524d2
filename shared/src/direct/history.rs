//! A chat's history, newest first (001, "get messages of the two users").

use super::{profile_of, seat};
use crate::backend::Backend;
use crate::error::Result;
use crate::ids::{ChatId, UserId};
use crate::log::{Head, Message};
use crate::store::messages::{Order, Row};
use crate::store::users::Profile;
use crate::text::json_len;
use futures::future::try_join;
use std::collections::HashMap;

/// Text that one answer holds at most, as JSON. Lambda answers at most 6 MB, and the rows have more than text.
pub(super) const ANSWER_BYTES: usize = 5_000_000;
/// Rows that a search past removed messages reads at most in one call.
const MAX_ROWS: usize = 2_000;

/// Messages with their senders.
#[derive(Clone, Debug)]
pub struct Page {
    /// The chat.
    pub chat_id: ChatId,
    /// The messages.
    pub messages: Vec<Message>,
    profiles: HashMap<UserId, Profile>,
}

impl Page {
    pub(super) fn new(chat_id: ChatId, messages: Vec<Message>, profiles: HashMap<UserId, Profile>) -> Self {
        Self { chat_id, messages, profiles }
    }

    /// A sender's name.
    pub fn name_of(&self, sender: UserId) -> String {
        profile_of(&self.profiles, sender).name()
    }
}

/// `count` messages of a chat beginning with the `offset`-th newest (1 is the newest), newest first. Fewer
/// where the chat ends, or where the texts together exceed what one answer can hold (5 MB of JSON, which 100
/// messages of 16 KiB reach only if most of their characters have to be escaped).
pub async fn history(
    backend: &Backend,
    user: UserId,
    chat: ChatId,
    offset: u64,
    count: usize,
) -> Result<Page> {
    let seat = seat(backend, user, chat).await?;
    let people = seat.pair.users();
    let (head, profiles) =
        try_join(seat.head(backend), async { Ok(backend.store.profiles(&people).await?) }).await?;
    let messages = newest_first(backend, &head, offset, count).await?;
    Ok(Page::new(chat, messages, profiles))
}

/// Sizes of the calls of a search that usually ends with its first: each four times the one before.
pub(super) fn growing(first: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(first), |limit| Some((limit * 4).min(MAX_ROWS)))
}

async fn newest_first(backend: &Backend, head: &Head, offset: u64, count: usize) -> Result<Vec<Message>> {
    if offset > head.seq() {
        return Ok(Vec::new());
    }
    // Without removals a place from the end is a position; with them, the places are counted.
    let (mut skip, mut next) = match head.purge_count {
        0 => (0, head.seq().saturating_sub(offset - 1)),
        _ => (offset - 1, head.seq()),
    };
    let mut page = Vec::with_capacity(count);
    let mut bytes = 0;
    let mut take = |message: Message| {
        if skip > 0 {
            skip -= 1;
            return false;
        }
        bytes += json_len(&message.text);
        let fits = bytes <= ANSWER_BYTES;
        if fits {
            page.push(message);
        }
        page.len() == count || !fits
    };
    for message in head.tail_messages().into_iter().rev() {
        if message.seq == next {
            next -= 1;
            if take(message) {
                return Ok(page);
            }
        }
    }
    for limit in growing(count) {
        if next == 0 {
            break;
        }
        let rows = backend.store.rows(head.chat_id, 1..=next, Order::Descending, limit).await?;
        let Some(last) = rows.last() else { break };
        next = last.seq() - 1;
        for row in rows {
            let Row::Live(message) = row else { continue };
            if !head.hides(&message) && take(message) {
                return Ok(page);
            }
        }
    }
    Ok(page)
}
