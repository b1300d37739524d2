//! What deleted users leave behind: their sockets are closed, and what they have written is erased from every chat, so
//! that nobody else's chat changes but for that. A message stays where it was and says nothing; all counts stay right.
//!
//! Every step can be done again. The deletion begins with it and answers after a while; what is left then is
//! housekeeping. A request of the user may be under way while it is deleted, and write after its chat was gone through;
//! so an erasure ends only with a pass that begins after every such invocation has ended.

use crate::backend::Backend;
use crate::chats::About;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::graves;
use crate::ids::{UserId, attempt};
use crate::jobs::Job;
use crate::log::{Head, Message};
use crate::presence;
use crate::send::{INVOCATION_LASTS, empty_tail};
use crate::store::cursors::{Cursor, Trace};
use crate::store::erasures::Erasure;
use crate::store::heads::{HeadKey, Kind};
use crate::store::messages::{Order, Row};
use crate::store::{Hands, StoreError, pause, persist};
use crate::web_chats;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use std::time::Duration;

/// How long a deletion erases before it answers.
const ANSWERS_AFTER: Duration = Duration::from_secs(12);
/// How long housekeeping erases of each user before it leaves the rest to the queue.
const TAKES_TURNS_AFTER: Duration = Duration::from_secs(30);
const TRIES: u32 = 40;
/// Chats that are gone through at once, and messages of each. One that takes long keeps none of its batch waiting.
const CHATS_AT_ONCE: usize = 4;
const CHATS_PER_BATCH: usize = 64;
const MESSAGES_AT_ONCE: usize = 16;
const ROWS_PER_PAGE: usize = 500;

/// Erases what a user left who was deleted just now, as far as a request may take. It is noted that it is to be erased,
/// and stays so whatever goes wrong here.
pub(crate) async fn begin(backend: &Backend, user: UserId) {
    match tokio::time::timeout(ANSWERS_AFTER, go_through(backend, user)).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => {
            tracing::warn!(error = error.cause(), "what a deleted user left is left to the queue");
        }
        Err(_) => tracing::warn!("much of what a deleted user left is left to the queue"),
    }
    if let Err(error) = queue(backend, user, attempt()).await {
        tracing::warn!(error = error.cause(), "what a deleted user left is left to housekeeping");
    }
}

async fn queue(backend: &Backend, user_id: UserId, worker: String) -> Result<()> {
    backend.jobs.send(&Job::Erase { user_id, worker }).await
}

/// Erases what is left of deleted users, and queues what takes long. What fails with one keeps it from no other.
pub(crate) async fn go_on(backend: &Backend, now: Timestamp) -> Result<()> {
    let mut outcome = Ok(());
    let mut from = None;
    loop {
        let page = persist(|| backend.store.users_to_erase(from.clone())).await?;
        for erased in page.found {
            outcome = outcome.and(take_turn(backend, erased.user_id, now).await);
        }
        match page.next {
            Some(next) => from = Some(next),
            None => return outcome,
        }
    }
}

async fn take_turn(backend: &Backend, user: UserId, now: Timestamp) -> Result<()> {
    let worker = attempt();
    let hands = Hands { worker: &worker, now };
    match tokio::time::timeout(TAKES_TURNS_AFTER, erase_out(backend, user, &hands)).await {
        Ok(outcome) => outcome,
        Err(_) => queue(backend, user, worker).await,
    }
}

/// Erases what is left of a deleted user, if anything is, unless somebody else does.
pub(crate) async fn erase_out(backend: &Backend, user: UserId, hands: &Hands<'_>) -> Result<()> {
    if persist(|| backend.store.take_erasure(user, hands)).await? {
        let outcome = go_on_with(backend, user, hands.now).await;
        persist(|| backend.store.let_erasure_go(user, hands)).await?;
        return outcome;
    }
    Ok(())
}

async fn go_on_with(backend: &Backend, user: UserId, now: Timestamp) -> Result<()> {
    match backend.store.erasure(user).await? {
        None => Ok(()),
        Some(Erasure { quiet_at: None }) => go_through(backend, user).await,
        Some(Erasure { quiet_at: Some(quiet) }) if quiet + INVOCATION_LASTS < now => {
            erase(backend, user, Pass::Last).await?;
            persist(|| backend.store.end_erasure(user)).await?;
            Ok(())
        }
        // What was under way then may still be.
        Some(_) => Ok(()),
    }
}

/// Erases everything for the first time: from then on the user has no socket and no chat to begin anything with.
async fn go_through(backend: &Backend, user: UserId) -> Result<()> {
    erase(backend, user, Pass::First).await?;
    persist(|| backend.store.note_quiet(user, clock::now())).await?;
    Ok(())
}

/// How final it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Requests of the user may be under way.
    First,
    /// None is.
    Last,
}

/// Closes what sockets a user has, takes it out of all chats, and then erases what it wrote. What fails in one place
/// keeps it from no other.
async fn erase(backend: &Backend, user: UserId, pass: Pass) -> Result<()> {
    let mut outcome = presence::end_sessions(backend, &user.into(), |_| true).await;
    let traces = backend.store.traces(user).await?;
    for some in traces.chunks(CHATS_PER_BATCH) {
        let taking_part = some.iter().filter(|trace| trace.left_at.is_none());
        let steps = taking_part.map(|trace| Box::pin(take_out(backend, user, &trace.cursor)) as Step<'_>);
        outcome = outcome.and(all(steps.collect()).await);
    }
    for some in traces.chunks(CHATS_PER_BATCH) {
        let steps = some.iter().map(|trace| Box::pin(erase_from(backend, user, trace, pass)) as Step<'_>);
        outcome = outcome.and(all(steps.collect()).await);
    }
    outcome.and(erase_bot(backend, user).await)
}

type Step<'a> = BoxFuture<'a, Result<()>>;

/// Takes steps, some at once. All are taken, whichever fails.
async fn all(steps: Vec<Step<'_>>) -> Result<()> {
    let taken: Vec<_> = stream::iter(steps).buffer_unordered(CHATS_AT_ONCE).collect().await;
    taken.into_iter().collect()
}

/// Takes a user out of a chat, and closes or deletes one that nobody else can use any more.
async fn take_out(backend: &Backend, user: UserId, cursor: &Cursor) -> Result<()> {
    let store = &backend.store;
    let chat = cursor.chat_id;
    let key = head_key(user, cursor)?;
    let counted = match cursor.kind {
        Kind::Web => return web_chats::take_out(backend, user, cursor).await.map(drop),
        Kind::Room => {
            matches!(store.about(chat).await?, Some(About::Room(room)) if room.capacity.is_some())
        }
        Kind::Direct | Kind::Pair | Kind::Group | Kind::Topic => false,
    };
    if let Some(pair) = key.pair() {
        if store.account(pair.other(user)).await?.is_none() {
            if graves::bury(backend, key, chat, &pair.users(), clock::now()).await? {
                graves::sweep(backend, chat).await;
            }
            return Ok(());
        }
        persist(|| store.close_chat(key, chat)).await?;
    }
    persist(|| store.leave(user, cursor, counted, clock::now())).await?;
    Ok(())
}

fn head_key(user: UserId, cursor: &Cursor) -> Result<HeadKey> {
    cursor.head_key(user).ok_or_else(|| Error::internal("a cursor without a head"))
}

/// Erases what a user's messages in a chat say: those in its head are filed first, then their rows are gone through,
/// and at last the head forgets what it knew of rows.
async fn erase_from(backend: &Backend, user: UserId, trace: &Trace, pass: Pass) -> Result<()> {
    let chat = trace.cursor.chat_id;
    let key = head_key(user, &trace.cursor)?;
    if let Some(head) = file_all(backend, user, key, trace).await? {
        blank_rows(backend, user, &head, trace.erased_through).await?;
        blank_latest(backend, user, key, &head).await?;
    }
    if pass == Pass::Last {
        persist(|| backend.store.delete_trace(user, chat)).await?;
    }
    Ok(())
}

/// Files what a user has in a head's tail. `None` when the chat is gone.
async fn file_all(backend: &Backend, user: UserId, key: HeadKey, trace: &Trace) -> Result<Option<Head>> {
    for tried in 0..TRIES {
        let head = backend.store.head(key).await?.filter(|head| head.chat_id == trace.cursor.chat_id);
        let Some(head) = head else { return Ok(None) };
        if head.tail.iter().all(|entry| entry.sender != user) {
            return Ok(Some(head));
        }
        match empty_tail(backend, key, &head).await {
            Ok(Some(emptied)) => return Ok(Some(emptied)),
            Ok(None) | Err(Error::Busy(_)) => pause(tried).await,
            Err(error) => return Err(error),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("the chat changes all the time".into())))
}

/// Erases what a user's filed messages say, after those up to `through`.
async fn blank_rows(backend: &Backend, user: UserId, head: &Head, mut through: u64) -> Result<()> {
    let store = &backend.store;
    let chat = head.chat_id;
    while through < head.filed {
        let range = through + 1..=head.filed;
        let rows = persist(|| store.rows(chat, range.clone(), Order::Ascending, ROWS_PER_PAGE)).await?;
        let Some(last) = rows.last() else { break };
        through = last.seq();
        let written = rows.into_iter().filter_map(|row| match row {
            Row::Live(message) if message.sender == user => Some(message.seq),
            _ => None,
        });
        let blanking: Vec<_> = written.map(|seq| persist(move || store.blank(chat, seq))).collect();
        let blanked: Vec<_> = stream::iter(blanking).buffer_unordered(MESSAGES_AT_ONCE).collect().await;
        blanked.into_iter().collect::<Result<(), StoreError>>()?;
        persist(|| store.erased(user, chat, through)).await?;
    }
    Ok(())
}

/// Erases what the newest message says in a head that keeps it, and makes sure that nobody who saw it before puts it
/// there again.
async fn blank_latest(backend: &Backend, user: UserId, key: HeadKey, head: &Head) -> Result<()> {
    let nothing =
        |latest: Message| Message { text: String::new(), kind: "text".to_owned(), client_id: None, ..latest };
    for tried in 0..TRIES {
        let now = backend.store.head(key).await?.filter(|now| now.chat_id == head.chat_id);
        let Some(now) = now else { return Ok(()) };
        let latest = now.latest.clone().filter(|latest| latest.sender == user).map(nothing);
        match backend.store.replace_latest(key, now.chat_id, user, latest.as_ref()).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Refused(_) | StoreError::Unavailable(_) | StoreError::Ambiguous(_)) => {
                pause(tried).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("the chat changes all the time".into())))
}

/// Deletes a user's chat with the bot.
async fn erase_bot(backend: &Backend, user: UserId) -> Result<()> {
    let key = HeadKey::Bot(user);
    let Some(head) = backend.store.head(key).await? else { return Ok(()) };
    if graves::bury(backend, key, head.chat_id, &[], clock::now()).await? {
        graves::sweep(backend, head.chat_id).await;
    }
    Ok(())
}
