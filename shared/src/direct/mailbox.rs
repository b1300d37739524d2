//! The mailbox (001, "Chats Interface (New)"): fetching hands out what the caller has not read and removes it
//! from the back end, for every list and for both.
//!
//! The removal is decided by one update of the head, which hides the messages from everybody at once; their
//! rows and the cursor follow. Whatever does not get done is done by the reader's next fetch.

use super::{DIRECT, Page};
use crate::backend::Backend;
use crate::chats::{People, Seat, seat};
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::history::newest_besides;
use crate::ids::{ChatId, UserId, attempt};
use crate::log::{Head, Message, Position, Purge};
use crate::send::empty_tail;
use crate::store::heads::head_in_the_way;
use crate::store::messages::{Order, Row};
use crate::store::{StoreError, pause};
use futures::future::join;

/// Messages that one fetch hands out at most (001).
const MOST: usize = 50;
const TRIES: u32 = 12;

/// When fetched messages are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// With the fetch (001).
    Immediate,
    /// When they are acknowledged (contract, section 3, extension).
    Acknowledged,
}

/// What a fetch handed out.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Oldest first.
    pub page: Page,
    /// Unread messages left after these.
    pub left: u64,
}

/// Hands out the oldest messages by the other that the caller has not read.
pub async fn fetch(backend: &Backend, user: UserId, chat: ChatId, removal: Removal) -> Result<Fetched> {
    let seat = seat(backend, user, chat, DIRECT).await?;
    let people = People::find(backend, seat.pair()?.users());
    let (taken, people) = join(take(backend, seat, removal, None), people).await;
    let (messages, left) = taken?;
    // The messages are gone from the back end by now: better without names than not at all.
    let people = people.unwrap_or_else(|error| {
        tracing::warn!(error = error.cause(), "a mailbox is handed out without names");
        People::default()
    });
    Ok(Fetched { page: Page { chat_id: chat, messages, people }, left })
}

/// Removes what a fetch with [`Removal::Acknowledged`] handed out, up to and with the message of that time.
/// Never more than one fetch hands out. Answers with how many unread messages are left.
pub async fn acknowledge(backend: &Backend, user: UserId, chat: ChatId, up_to: Timestamp) -> Result<u64> {
    let seat = seat(backend, user, chat, DIRECT).await?;
    let (_, left) = take(backend, seat, Removal::Immediate, Some(up_to)).await?;
    Ok(left)
}

async fn take(
    backend: &Backend,
    seat: Seat,
    removal: Removal,
    up_to: Option<Timestamp>,
) -> Result<(Vec<Message>, u64)> {
    // What was begun here without a clear outcome, and what it hands out: it may be carried out as late as it likes.
    let mut begun: Vec<(Purge, Vec<Message>, u64)> = Vec::new();
    for tried in 0..TRIES {
        let mut head = seat.head(backend).await?;
        let read = head.position(seat.user, seat.cursor.position);
        if let Some(place) = begun.iter().position(|(purge, ..)| is_mine(&head, seat.user, purge)) {
            let (purge, picks, left) = begun.swap_remove(place);
            finish_in_time(backend, seat, &purge, &picks).await;
            return Ok((picks, left));
        }
        if let Some(unfinished) = head.purges.get(&seat.user.to_string())
            && unfinished.attempt.is_some()
        {
            finish(backend, seat, unfinished, None).await?;
        }
        let unread = head.unread(&seat.cursor.reader(seat.user));
        let mut picks = oldest_unread(backend, &head, seat.user, read, MOST.min(unread as usize)).await?;
        if let Some(up_to) = up_to {
            picks.retain(|message| message.at <= up_to);
        }
        let (Some(first), Some(last)) = (picks.first(), picks.last()) else {
            return Ok((picks, unread));
        };
        let left = unread.saturating_sub(picks.len() as u64);
        if removal == Removal::Acknowledged {
            return Ok((picks, left));
        }
        if last.seq > head.filed {
            match empty_tail(backend, seat.key, &head).await? {
                Some(emptied) => head = emptied,
                None => {
                    pause(tried).await;
                    continue;
                }
            }
        }
        let position = head.position_at(seat.user, last);
        let purge = Purge { from: first.seq, to: position.seq, own: position.own, attempt: Some(attempt()) };
        if begin(backend, seat, &head, &purge, &picks).await? {
            finish_in_time(backend, seat, &purge, &picks).await;
            return Ok((picks, left));
        }
        begun.push((purge, picks, left));
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("the mailbox changes all the time".into())))
}

/// The `most` oldest messages by others after a position.
async fn oldest_unread(
    backend: &Backend,
    head: &Head,
    user: UserId,
    read: Position,
    most: usize,
) -> Result<Vec<Message>> {
    let mut picks = Vec::new();
    let mut after = read.seq;
    while after < head.filed && picks.len() < most {
        let rows =
            backend.store.rows(head.chat_id, after + 1..=head.filed, Order::Ascending, 2 * MOST).await?;
        let Some(last) = rows.last() else { break };
        after = last.seq();
        picks.extend(rows.into_iter().filter_map(|row| match row {
            Row::Live(message) if message.sender != user => Some(message),
            _ => None,
        }));
    }
    picks.extend(
        head.tail_messages().into_iter().filter(|message| message.sender != user && message.seq > read.seq),
    );
    picks.truncate(most);
    Ok(picks)
}

/// Decides the removal. False when the head has changed in a way that matters.
async fn begin(backend: &Backend, seat: Seat, head: &Head, purge: &Purge, picks: &[Message]) -> Result<bool> {
    let newest_goes = head.tail.is_empty()
        && head.latest.as_ref().is_some_and(|latest| picks.iter().any(|pick| pick.seq == latest.seq));
    let latest = match newest_goes {
        true => {
            Some(newest_besides(backend, head, MOST, |seq| picks.iter().any(|pick| pick.seq == seq)).await?)
        }
        false => None,
    };
    match backend.store.begin_purge(seat.key, head, seat.user, purge, latest.as_ref()).await {
        Ok(()) => Ok(true),
        Err(StoreError::Refused(item)) => {
            // A repeated call may meet its own first success.
            Ok(head_in_the_way(item)?.is_some_and(|head| is_mine(&head, seat.user, purge)))
        }
        Err(StoreError::Unavailable(_)) => Ok(false),
        Err(StoreError::Ambiguous(cause)) => {
            tracing::warn!(cause, "a removal has no clear outcome");
            Ok(is_mine(&seat.head(backend).await?, seat.user, purge))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a removal is the one that stands.
fn is_mine(head: &Head, reader: UserId, purge: &Purge) -> bool {
    head.purges.get(&reader.to_string()).is_some_and(|standing| standing.attempt == purge.attempt)
}

/// Does what a removal asks for that was just decided. It stands: whatever fails is done by the next fetch.
async fn finish_in_time(backend: &Backend, seat: Seat, purge: &Purge, messages: &[Message]) {
    if let Err(error) = finish(backend, seat, purge, Some(messages)).await {
        tracing::warn!(error = error.cause(), "removed messages are hidden, their rows are not gone yet");
    }
}

/// Does what a decided removal asks for: the rows go, the cursor follows, the head is told. Every step may
/// be repeated. Without `messages` it looks for them.
async fn finish(backend: &Backend, seat: Seat, purge: &Purge, messages: Option<&[Message]>) -> Result<()> {
    let store = &backend.store;
    match messages {
        Some(messages) => store.remove(seat.cursor.chat_id, messages, clock::now()).await?,
        None => {
            let mut next = purge.from;
            while next <= purge.to {
                let rows =
                    store.rows(seat.cursor.chat_id, next..=purge.to, Order::Ascending, 2 * MOST).await?;
                let Some(last) = rows.last() else { break };
                next = last.seq() + 1;
                let doomed: Vec<_> = rows
                    .into_iter()
                    .filter_map(|row| match row {
                        Row::Live(message) if message.sender != seat.user => Some(message),
                        _ => None,
                    })
                    .collect();
                store.remove(seat.cursor.chat_id, &doomed, clock::now()).await?;
            }
        }
    }
    let read = Position { seq: purge.to, own: purge.own };
    store.advance(seat.user, seat.cursor.chat_id, read, seat.cursor.tally, clock::now()).await?;
    if let Some(attempt) = &purge.attempt {
        store.end_purge(seat.key, seat.cursor.chat_id, seat.user, attempt).await?;
    }
    Ok(())
}
