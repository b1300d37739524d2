//! What deleted users leave behind: their sockets are closed, and what they have written is erased from every chat, so
//! that nobody else's chat changes but for that. A message stays where it was and says nothing; all counts stay right.
//!
//! Every step can be done again. A request of the user may be under way while it is deleted, and write after its chat
//! was gone through; so an erasure is closed only by a second pass, after every such invocation has ended.

use crate::backend::Backend;
use crate::chats::About;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::graves;
use crate::ids::UserId;
use crate::log::{Head, Message};
use crate::presence;
use crate::send::{INVOCATION_LASTS, empty_tail};
use crate::store::cursors::{Cursor, Trace};
use crate::store::heads::{HeadKey, Kind};
use crate::store::messages::{Order, Row};
use crate::store::{StoreError, pause};
use crate::web_chats;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::time::Duration;

/// What one deletion spends on erasing before it answers. What is left is taken up by later deletions.
const LASTS: Duration = Duration::from_secs(20);
/// Earlier erasures that one deletion takes up.
const TAKEN_UP: usize = 4;
const TRIES: u32 = 16;
/// Chats that are gone through at once, and messages of each.
const CHATS_AT_ONCE: usize = 4;
const MESSAGES_AT_ONCE: usize = 16;
const ROWS_PER_PAGE: usize = 500;

/// Erases what a user wrote who was deleted just now, and then what is left of others, as far as that goes in time. It
/// is noted what is to be erased, and stays so whatever goes wrong here.
pub(crate) async fn run(backend: &Backend, user: UserId, now: Timestamp) {
    let erasing = async {
        erase(backend, user, Pass::First).await?;
        for earlier in backend.store.erasures(now - INVOCATION_LASTS, TAKEN_UP).await? {
            erase(backend, earlier, Pass::Last).await?;
            backend.store.end_erasure(earlier).await?;
        }
        Ok::<_, Error>(())
    };
    match tokio::time::timeout(LASTS, erasing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "what deleted users wrote is left for later"),
        Err(_) => tracing::warn!("erasing what deleted users wrote goes on later"),
    }
}

/// How final it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Requests of the user may be under way.
    First,
    /// None is.
    Last,
}

/// Closes what sockets a user has, and erases what it wrote.
async fn erase(backend: &Backend, user: UserId, pass: Pass) -> Result<()> {
    let closed = presence::end_sessions(backend, &user.into(), |_| true).await;
    let traces = backend.store.traces(user).await?;
    let chats: Vec<_> = traces.iter().map(|trace| erase_from(backend, user, trace, pass)).collect();
    stream::iter(chats).buffer_unordered(CHATS_AT_ONCE).try_collect::<()>().await?;
    erase_bot(backend, user).await?;
    closed
}

/// Erases what a user wrote in a chat, and takes it out.
async fn erase_from(backend: &Backend, user: UserId, trace: &Trace, pass: Pass) -> Result<()> {
    let cursor = &trace.cursor;
    let key = cursor.head_key(user).ok_or_else(|| Error::internal("a cursor without a head"))?;
    if trace.left_at.is_none() && !take_out(backend, user, key, cursor).await? {
        return Ok(());
    }
    blank(backend, user, key, trace).await?;
    if pass == Pass::Last {
        backend.store.delete_cursor(user, cursor.chat_id).await?;
    }
    Ok(())
}

/// Takes a user out of a chat. False when the chat is gone with it.
async fn take_out(backend: &Backend, user: UserId, key: HeadKey, cursor: &Cursor) -> Result<bool> {
    let chat = cursor.chat_id;
    let counted = match cursor.kind {
        Kind::Web => {
            web_chats::take_out(backend, user, cursor).await?;
            return Ok(true);
        }
        Kind::Room => matches!(
            backend.store.about(chat).await?,
            Some(About::Room(room)) if room.capacity.is_some()
        ),
        Kind::Direct | Kind::Pair | Kind::Group | Kind::Topic => false,
    };
    if let Some(pair) = key.pair() {
        // Where the other one is gone as well, nobody can reach the chat any more.
        let is_empty = backend.store.account(pair.other(user)).await?.is_none();
        if is_empty {
            graves::bury(backend, key, chat, cursor.kind, &pair.users(), clock::now()).await?;
            return Ok(false);
        }
        backend.store.close_chat(key, chat).await?;
    }
    for tried in 0..TRIES {
        match backend.store.leave(user, cursor, counted, clock::now()).await {
            Ok(_) => return Ok(true),
            Err(StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("many come and go at the same time".into())))
}

/// Erases what a user's messages in a chat say: those in its head are filed first, then their rows are gone through,
/// and at last the head forgets what it knew of rows.
async fn blank(backend: &Backend, user: UserId, key: HeadKey, trace: &Trace) -> Result<()> {
    let chat = trace.cursor.chat_id;
    let Some(head) = file_all(backend, user, key, trace).await? else { return Ok(()) };
    let mut through = trace.erased_through;
    while through < head.filed {
        let rows =
            backend.store.rows(chat, through + 1..=head.filed, Order::Ascending, ROWS_PER_PAGE).await?;
        let Some(last) = rows.last() else { break };
        through = last.seq();
        let written = rows.into_iter().filter_map(|row| match row {
            Row::Live(message) if message.sender == user => Some(message.seq),
            _ => None,
        });
        let blanking: Vec<_> = written.map(|seq| backend.store.blank(chat, seq)).collect();
        stream::iter(blanking).buffer_unordered(MESSAGES_AT_ONCE).try_collect::<()>().await?;
        backend.store.erased(user, chat, through).await?;
    }
    for tried in 0..TRIES {
        let Some(head) = backend.store.head(key).await?.filter(|head| head.chat_id == chat) else {
            return Ok(());
        };
        let latest = head.latest.clone().filter(|latest| latest.sender == user);
        let nothing = |latest: Message| Message {
            text: String::new(),
            kind: "text".to_owned(),
            client_id: None,
            ..latest
        };
        match backend.store.replace_latest(key, &head, latest.map(nothing).as_ref()).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Refused(_) | StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("the chat changes all the time".into())))
}

/// Files what a user has in a head's tail. `None` when the chat is gone.
async fn file_all(backend: &Backend, user: UserId, key: HeadKey, trace: &Trace) -> Result<Option<Head>> {
    for tried in 0..TRIES {
        let head = backend.store.head(key).await?.filter(|head| head.chat_id == trace.cursor.chat_id);
        let Some(head) = head else { return Ok(None) };
        if head.tail.iter().all(|entry| entry.sender != user) {
            return Ok(Some(head));
        }
        if let Some(emptied) = empty_tail(backend, key, &head).await? {
            return Ok(Some(emptied));
        }
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("the chat changes all the time".into())))
}

/// Deletes a user's chat with the bot: first the rows, which only its head leads to.
async fn erase_bot(backend: &Backend, user: UserId) -> Result<()> {
    let key = HeadKey::Bot(user);
    let Some(head) = backend.store.head(key).await? else { return Ok(()) };
    let mut sweeps = usize::MAX;
    graves::empty(backend, head.chat_id, &mut sweeps).await?;
    backend.store.delete_head(key, head.chat_id).await?;
    // Whoever sent meanwhile may have filed what the head carried.
    graves::empty(backend, head.chat_id, &mut sweeps).await?;
    Ok(())
}
