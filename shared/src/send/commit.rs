//! Committing a message to a head, and finding out whether one was.

use crate::backend::Backend;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{ChatId, UserId};
use crate::log::{Entry, Head, MAX_TAIL, Message};
use crate::store::heads::{HeadKey, Tail, head_in_the_way};
use crate::store::messages::{Order, Row};
use crate::store::{StoreError, pause};
use futures::future::{try_join, try_join_all};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// Tries before a send gives up: enough for some hundred senders at once, each of whom delays the others by
/// a few milliseconds.
const TRIES: u32 = 24;
/// Nothing of an invocation can be under way longer than Lambda lets any function run.
pub(crate) const INVOCATION_LASTS: Duration = Duration::from_secs(15 * 60);

/// A tail of so many messages is trimmed to so many: still to be seen as one that several have joined, long before it is
/// full.
const LONG: usize = MAX_TAIL / 2;
const KEPT: usize = 2;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far the clocks of two machines may differ before a search stops too early.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60 * 60);

/// What became of an attempt to commit.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The message is committed.
    Committed(Message),
    /// The chat was deleted; nothing was written to it.
    Gone,
    /// Another attempt at the same send has barred this one.
    Fenced,
    /// DynamoDB gave no clear answer: the entry is in, or not, or will be.
    Unclear,
}

/// Whether the tail that was read is filed already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filed {
    /// It is.
    Yes,
    /// It may not be.
    No,
}

/// Commits an entry: files what the head carries, and takes its place; where others write at the same time,
/// joins them in the tail instead. Only one of those can take the place of what all of them would file.
pub(super) async fn commit(
    backend: &Backend,
    key: HeadKey,
    mut seen: Head,
    filed: Filed,
    entry: &Entry,
) -> Result<Outcome> {
    let mut last_error = None;
    let mut joins = filed == Filed::No && seen.is_busy(entry.at);
    if joins && seen.is_full() {
        // Somebody has made room after a moment.
        pause(1).await;
        match backend.store.head(key).await? {
            Some(head) if head.chat_id == seen.chat_id => seen = head,
            _ => return Ok(Outcome::Gone),
        }
    }
    for attempt in 0..TRIES {
        let tail = if joins && !seen.tail.is_empty() && !seen.is_full() {
            Tail::Extend
        } else {
            if attempt > 0 || filed == Filed::No {
                file(backend, key, &seen).await?;
            }
            Tail::Replace
        };
        joins = true;
        match backend.store.append(key, &seen, entry, tail).await {
            Ok(head) => {
                if tail == Tail::Extend && head.tail.len() == LONG {
                    make_room(backend, key, &head).await;
                }
                return committed(&head, entry).map(Outcome::Committed);
            }
            Err(StoreError::Refused(item)) => match head_in_the_way(item)? {
                Some(head) if head.chat_id != seen.chat_id => return Ok(Outcome::Gone),
                Some(head) if head.fenced.contains(&entry.attempt) => return Ok(Outcome::Fenced),
                Some(head) => seen = head,
                None => return Ok(Outcome::Gone),
            },
            Err(StoreError::Ambiguous(cause)) => {
                tracing::warn!(cause, "a send has no clear outcome");
                return Ok(Outcome::Unclear);
            }
            Err(error @ StoreError::Unavailable(_)) => last_error = Some(error),
            Err(error) => return Err(error.into()),
        }
        if attempt > 0 {
            pause(attempt / 4).await;
        }
    }
    Err(Error::Busy(last_error.unwrap_or_else(|| StoreError::Unavailable("too many writers".into()))))
}

/// Files what a head carries: from then on the head may forget it. In a chat of many the senders' tallies are
/// brought up to date with it; a head that counts has done so already.
pub(crate) async fn file(backend: &Backend, key: HeadKey, head: &Head) -> Result<()> {
    file_messages(backend, key, head.chat_id, &head.tail_messages()).await
}

async fn file_messages(backend: &Backend, key: HeadKey, chat: ChatId, messages: &[Message]) -> Result<()> {
    let mut sent: BTreeMap<UserId, Vec<u64>> = BTreeMap::new();
    if let HeadKey::Chat(_) = key {
        for message in messages {
            sent.entry(message.sender).or_default().push(message.seq);
        }
    }
    let credits = sent.iter().map(|(user, seqs)| backend.store.credit(*user, chat, seqs));
    try_join(backend.store.file(chat, messages), try_join_all(credits)).await?;
    Ok(())
}

/// Makes room in a tail that several have joined: files its oldest messages and takes them out, whoever joins meanwhile.
/// That falls to the one who made it so long and to nobody else, so that it is done once. Where it fails, the tail gets
/// full, and whoever finds it so files it.
async fn make_room(backend: &Backend, key: HeadKey, head: &Head) {
    let mut oldest = head.tail_messages();
    oldest.truncate(head.tail.len() - KEPT);
    let making = async {
        file_messages(backend, key, head.chat_id, &oldest).await?;
        Ok::<_, Error>(backend.store.trim_tail(key, head, &oldest).await?)
    };
    // Its own message is sent, and whoever sent it waits.
    match timeout(PATIENCE, making).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(error = error.cause(), "a tail was not trimmed"),
        Err(_) => tracing::warn!("a tail was not trimmed in time"),
    }
}

/// Files the tail and empties it, so that its messages can be removed. `None` when somebody sent meanwhile.
pub(crate) async fn empty_tail(backend: &Backend, key: HeadKey, head: &Head) -> Result<Option<Head>> {
    file(backend, key, head).await?;
    match backend.store.empty_tail(key, head).await {
        Ok(emptied) => Ok(Some(emptied)),
        Err(StoreError::Refused(_) | StoreError::Unavailable(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn committed(head: &Head, entry: &Entry) -> Result<Message> {
    head.tail_messages()
        .into_iter()
        .rfind(|message| message.attempt == entry.attempt)
        .ok_or_else(|| Error::internal("an append that is not in the tail"))
}

/// Bars an attempt and answers with the head after that: what it had under way is in this head or in no
/// later one. `None` when the chat is gone.
pub(super) async fn fence(
    backend: &Backend,
    key: HeadKey,
    chat: ChatId,
    attempt: &str,
    now: Timestamp,
) -> Result<Option<Head>> {
    let head = match backend.store.fence(key, chat, attempt).await {
        Ok(head) => head,
        Err(StoreError::Refused(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stale: Vec<_> = head.fenced.iter().filter(|attempt| is_stale(attempt, now)).cloned().collect();
    if !stale.is_empty() {
        backend.store.unfence(key, chat, stale).await?;
    }
    Ok(Some(head))
}

/// Whether an attempt was made so long ago that nothing of it can be under way.
fn is_stale(attempt: &str, now: Timestamp) -> bool {
    let made = uuid::Uuid::try_parse(attempt).ok().and_then(|id| id.get_timestamp());
    made.is_none_or(|made| {
        let (seconds, _) = made.to_unix();
        (seconds + INVOCATION_LASTS.as_secs()) as i64 <= now.seconds()
    })
}

/// A send to look for: by its attempt, or by any attempt under the same client id.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) sender: UserId,
    pub(super) attempt: &'a str,
    pub(super) client_id: Option<&'a str>,
    /// It comes after this position …
    pub(super) after: u64,
    /// … and no later than an invocation lasts after this.
    pub(super) claimed_at: Timestamp,
}

/// Where a wanted send was found.
#[derive(Debug)]
pub(super) enum Found {
    /// The message.
    Message(Message),
    /// It was committed, and removed since.
    Removed {
        /// Its position.
        seq: u64,
        /// Its time.
        at: Timestamp,
    },
}

impl Wanted<'_> {
    fn is(&self, sender: UserId, client_id: Option<&str>, attempt: &str) -> bool {
        attempt == self.attempt
            || (sender == self.sender && client_id.is_some() && client_id == self.client_id)
    }

    /// Looks for it in a head and in the rows behind it.
    pub(super) async fn find(&self, backend: &Backend, head: &Head) -> Result<Option<Found>> {
        let mut in_tail = head.tail_messages().into_iter().filter(|message| message.seq > self.after);
        if let Some(message) =
            in_tail.find(|message| self.is(message.sender, message.client_id.as_deref(), &message.attempt))
        {
            return Ok(Some(Found::Message(message)));
        }
        let latest = self.claimed_at + INVOCATION_LASTS + CLOCKS_DIFFER;
        let mut after = self.after;
        while after < head.filed {
            let rows =
                backend.store.rows(head.chat_id, after + 1..=head.filed, Order::Ascending, 100).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq();
            for row in rows {
                match row {
                    Row::Live(message) if message.at > latest => return Ok(None),
                    Row::Live(message)
                        if self.is(message.sender, message.client_id.as_deref(), &message.attempt) =>
                    {
                        return Ok(Some(Found::Message(message)));
                    }
                    Row::Removed { at, .. } if at > latest => return Ok(None),
                    Row::Removed { seq, at, key, attempt, .. } => {
                        let (sender, client_id) = key.map_or((0, None), |(sender, id)| (sender, Some(id)));
                        let same_key = sender == self.sender.get()
                            && client_id.is_some()
                            && client_id.as_deref() == self.client_id;
                        if same_key || attempt == self.attempt {
                            return Ok(Some(Found::Removed { seq, at }));
                        }
                    }
                    Row::Live(_) => {}
                }
            }
        }
        Ok(None)
    }
}
