//! Blocks of messages and receipts (000, workflow step 4; contract, section 2, `POST /messages`).

use super::receipts::{self, Acknowledgement};
use super::{Bearer, Caller, Signature, check_clock, queue};
use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{MemberId, PlatformChatId, event_id};
use crate::store::platform_chats::{Participant, PlatformChat};
use crate::store::queues::{Content, Event, Place, PlatformClaim};
use crate::store::{StoreError, pause};
use crate::text::check_message;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use futures::future::{join, try_join, try_join3};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Messages in a block, and acknowledgements in a block.
const MAX_IN_BLOCK: usize = 100;
const MAX_CLIENT_HASH_BYTES: usize = 128;
/// Chats that are read or written to at once.
const CHATS_AT_ONCE: usize = 16;
const SEND_TRIES: u32 = 12;

const NO_CHAT: Error = Error::NotFound("chat_not_found", "ChatID not found");
const HASH_REUSED: Error =
    Error::Conflict("idempotency_key_reused", "This clientHash was used for another message");

/// What a member has signed.
#[derive(Clone, Debug)]
pub struct Block {
    /// When.
    pub signed_at: Timestamp,
    /// Messages to be sent.
    pub messages: Vec<Draft>,
    /// What is acknowledged.
    pub statuses: Vec<Acknowledgement>,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where.
    pub chat_id: PlatformChatId,
    /// The client's name for the message, by which it is known again for 24 hours; 1 to 128 bytes.
    pub client_hash: Option<String>,
    /// What to tell whom.
    pub parts: Vec<Part>,
}

/// What to tell one participant, or, without a recipient, all others that no part names.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The text, 1 byte to 16 KiB.
    pub text: String,
    /// Who, by its name in the chat.
    pub recipient: Option<Uuid>,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The client's name for it.
    pub client_hash: Option<String>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Its id.
    pub message_id: Uuid,
}

/// What became of a block.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Its messages, in the block's order.
    pub messages: Vec<Sent>,
    /// The client's names for its acknowledgements.
    pub statuses: Vec<Option<String>>,
}

/// Carries out a block, if its sender has signed these very bytes. All of it is checked before any of it is carried
/// out; the same block again, or the same message in another block, gives the first answer and sends nothing.
///
/// `block` is what the bytes say, read before anybody knew whether the signature is right: storage can then be asked
/// about it meanwhile. Three round trips: the checks, the messages' times, the messages.
pub async fn post(
    backend: &Backend,
    bearer: Bearer,
    bytes: &[u8],
    signature: &Signature,
    block: Result<Block>,
) -> Result<Posted> {
    let member = bearer.claimed_member().clone();
    let checking = async {
        let caller = bearer.confirm(backend).await?;
        caller.check(bytes, signature)?;
        Ok(caller)
    };
    let block = match block.and_then(|block| check(&block).map(|()| block)) {
        Ok(block) => block,
        // A refusal of the signature comes first.
        Err(error) => return checking.await.and(Err(error)),
    };
    let keys = keys(&block, bytes);
    let reading = read(backend, &member, &block, &keys);
    let (caller, found) = join(checking, reading).await;
    let Caller { id: member, .. } = caller?;
    check_clock(block.signed_at)?;
    let mut found = found?;

    let mut plans = plan(&member, &block, &keys, &found)?;
    for tried in 0.. {
        let stale = take_times(backend, &mut plans, &found.chats).await?;
        if stale.is_empty() {
            break;
        }
        if tried >= SEND_TRIES {
            return Err(Error::Busy(StoreError::Unavailable("a chat changes all the time".into())));
        }
        found.chats.extend(chats(backend, stale.iter()).await?);
        plans = plan(&member, &block, &keys, &found)?;
    }

    let places = std::mem::take(&mut found.places);
    let (sent, mut told) = try_join(
        send(backend, &member, plans),
        receipts::acknowledge(backend, &member, &block.statuses, places),
    )
    .await?;
    let mut messages = Vec::with_capacity(sent.len());
    for (draft, (claim, events)) in block.messages.iter().zip(sent) {
        told.extend(events);
        messages.push(Sent {
            client_hash: draft.client_hash.clone(),
            sent_at: claim.sent_at,
            message_id: claim.message_id,
        });
    }
    queue::push(backend, told).await;
    Ok(Posted { messages, statuses: block.statuses.into_iter().map(|status| status.client_hash).collect() })
}

/// Refuses what no chat could make right.
fn check(block: &Block) -> Result<()> {
    if block.messages.len() > MAX_IN_BLOCK || block.statuses.len() > MAX_IN_BLOCK {
        return Err(Error::invalid(
            "too_many",
            format!("a block has at most {MAX_IN_BLOCK} messages and {MAX_IN_BLOCK} statuses"),
        ));
    }
    let mut hashes = HashSet::new();
    for (place, draft) in block.messages.iter().enumerate() {
        let refuse = |code, what: &str| Err(Error::invalid(code, format!("messages[{place}]: {what}")));
        if let Some(hash) = &draft.client_hash {
            if !(1..=MAX_CLIENT_HASH_BYTES).contains(&hash.len()) {
                return refuse("invalid_body", "clientHash must have 1 to 128 bytes");
            }
            if !hashes.insert(hash) {
                return refuse("invalid_body", "clientHash is that of another message of the block");
            }
        }
        if draft.parts.is_empty() {
            return refuse("invalid_block", "messageBlock is empty");
        }
        let mut recipients = HashSet::new();
        for part in &draft.parts {
            if check_message(&part.text).is_err() {
                return refuse("invalid_message", "messageText must have 1 byte to 16 KiB");
            }
            if !recipients.insert(part.recipient) {
                return refuse("invalid_block", "two entries of messageBlock are for the same recipient");
            }
        }
    }
    Ok(())
}

/// Under what each message of a block is known again: its `clientHash`, else its place in this very block.
fn keys(block: &Block, bytes: &[u8]) -> Vec<String> {
    let whole = STANDARD_NO_PAD.encode(Sha256::digest(bytes));
    let key = |(place, draft): (usize, &Draft)| match &draft.client_hash {
        Some(hash) => format!("hash#{hash}"),
        None => format!("block#{whole}#{place}"),
    };
    block.messages.iter().enumerate().map(key).collect()
}

/// What a message's `clientHash` stands for.
fn digest(draft: &Draft) -> Result<String> {
    let whole = serde_json::to_vec(&(&draft.chat_id, &draft.parts)).map_err(Error::internal)?;
    Ok(STANDARD_NO_PAD.encode(Sha256::digest(whole)))
}

/// What is stored of everything that a block names.
struct Stored {
    claims: HashMap<String, PlatformClaim>,
    chats: HashMap<PlatformChatId, Option<PlatformChat>>,
    places: HashMap<Uuid, Place>,
}

async fn read(backend: &Backend, member: &MemberId, block: &Block, keys: &[String]) -> Result<Stored> {
    let wanted: BTreeSet<_> = block.messages.iter().map(|draft| &draft.chat_id).collect();
    let claims = async { Ok(backend.store.platform_claims(member, keys, clock::now()).await?) };
    let places = receipts::places(backend, member, &block.statuses);
    let (claims, chats, places) = try_join3(claims, chats(backend, wanted.into_iter()), places).await?;
    Ok(Stored { claims, chats, places })
}

async fn chats(
    backend: &Backend,
    wanted: impl Iterator<Item = &PlatformChatId>,
) -> Result<HashMap<PlatformChatId, Option<PlatformChat>>> {
    let reading = wanted.map(|chat_id| async move {
        Ok::<_, Error>((chat_id.clone(), backend.store.platform_chat(chat_id).await?))
    });
    stream::iter(reading.collect::<Vec<_>>()).buffer_unordered(CHATS_AT_ONCE).try_collect().await
}

/// A message of a block on its way.
enum Plan {
    /// It was sent before.
    Before(PlatformClaim),
    /// It is to be sent.
    Now(Letter),
}

/// A message whose receivers are known.
struct Letter {
    chat_id: PlatformChatId,
    key: String,
    digest: String,
    sender_guid: Uuid,
    /// What to tell whom.
    receivers: Vec<(Participant, String)>,
    sent_at: Timestamp,
}

fn plan(member: &MemberId, block: &Block, keys: &[String], found: &Stored) -> Result<Vec<Plan>> {
    let planned = block.messages.iter().zip(keys).enumerate().map(|(place, (draft, key))| {
        let digest = digest(draft)?;
        match found.claims.get(key) {
            Some(claim) if claim.digest != digest => Err(HASH_REUSED),
            Some(claim) => Ok(Plan::Before(claim.clone())),
            None => {
                let chat = found.chats.get(&draft.chat_id).and_then(Option::as_ref).ok_or(NO_CHAT)?;
                letter(member, draft, key, digest, chat).map(Plan::Now).map_err(|error| named(error, place))
            }
        }
    });
    planned.collect()
}

fn named(error: Error, place: usize) -> Error {
    match error {
        Error::Invalid { code, sentence } => {
            Error::Invalid { code, sentence: format!("messages[{place}]: {sentence}") }
        }
        other => other,
    }
}

fn letter(
    member: &MemberId,
    draft: &Draft,
    key: &str,
    digest: String,
    chat: &PlatformChat,
) -> Result<Letter> {
    let participants = &chat.participants;
    let sender = participants.iter().find(|one| one.member_id == *member).ok_or(NO_CHAT)?;
    let mut receivers = Vec::new();
    for Part { text, recipient } in &draft.parts {
        match recipient {
            Some(guid) => {
                let receiver = participants.iter().find(|one| one.guid == *guid).ok_or_else(|| {
                    Error::invalid("unknown_recipient", format!("{guid} does not take part in the chat"))
                })?;
                receivers.push((receiver.clone(), text.clone()));
            }
            None => {
                let is_named = |guid| draft.parts.iter().any(|part| part.recipient == Some(guid));
                let others = participants.iter().filter(|one| one.guid != sender.guid && !is_named(one.guid));
                receivers.extend(others.map(|one| (one.clone(), text.clone())));
            }
        }
    }
    if receivers.is_empty() {
        return Err(Error::invalid("invalid_block", "nobody else takes part in the chat"));
    }
    Ok(Letter {
        chat_id: chat.chat_id.clone(),
        key: key.to_owned(),
        digest,
        sender_guid: sender.guid,
        receivers,
        sent_at: Timestamp::default(),
    })
}

/// Gives every message its time, chat by chat. Answers with the chats that are others by now.
async fn take_times(
    backend: &Backend,
    plans: &mut [Plan],
    chats: &HashMap<PlatformChatId, Option<PlatformChat>>,
) -> Result<Vec<PlatformChatId>> {
    let mut counts: HashMap<PlatformChatId, usize> = HashMap::new();
    for letter in letters(plans) {
        *counts.entry(letter.chat_id.clone()).or_default() += 1;
    }
    let taking = counts.into_iter().filter_map(|(chat_id, count)| {
        let chat = chats.get(&chat_id)?.as_ref()?;
        Some(async move { Ok::<_, Error>((chat_id, times(backend, chat, count).await?)) })
    });
    let taking = stream::iter(taking.collect::<Vec<_>>()).buffer_unordered(CHATS_AT_ONCE);
    let mut taken: HashMap<PlatformChatId, Option<Timestamp>> = taking.try_collect().await?;
    for letter in letters(plans) {
        if let Some(Some(next)) = taken.get_mut(&letter.chat_id) {
            letter.sent_at = *next;
            next.0 += 1;
        }
    }
    Ok(taken.into_iter().filter(|(_, first)| first.is_none()).map(|(chat_id, _)| chat_id).collect())
}

fn letters(plans: &mut [Plan]) -> impl Iterator<Item = &mut Letter> {
    plans.iter_mut().filter_map(|plan| match plan {
        Plan::Now(letter) => Some(letter),
        Plan::Before(_) => None,
    })
}

/// The times of so many messages; `None` when the chat is another by now.
async fn times(backend: &Backend, chat: &PlatformChat, count: usize) -> Result<Option<Timestamp>> {
    for tried in 0..SEND_TRIES {
        match backend.store.next_times(&chat.chat_id, chat.revision, count, clock::now()).await {
            // In the way of a change of the chat.
            Err(StoreError::Unavailable(_)) => pause(tried).await,
            taken => return Ok(taken?),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("a chat changes all the time".into())))
}

/// A message as it stands, and what was queued now for whom.
type Queued = (PlatformClaim, Vec<(MemberId, Event)>);

/// Sends all messages; those to one chat one after another, so that none stands without the ones before it.
async fn send(backend: &Backend, sender: &MemberId, plans: Vec<Plan>) -> Result<Vec<Queued>> {
    let count = plans.len();
    let mut by_chat: HashMap<PlatformChatId, Vec<(usize, Letter)>> = HashMap::new();
    let mut sent = Vec::with_capacity(count);
    for (place, plan) in plans.into_iter().enumerate() {
        match plan {
            Plan::Before(claim) => sent.push((place, (claim, Vec::new()))),
            Plan::Now(letter) => by_chat.entry(letter.chat_id.clone()).or_default().push((place, letter)),
        }
    }
    let sending = by_chat.into_values().map(|letters| async move {
        let mut sent = Vec::with_capacity(letters.len());
        for (place, letter) in letters {
            sent.push((place, send_one(backend, sender, letter).await?));
        }
        Ok::<_, Error>(sent)
    });
    let now: Vec<Vec<_>> = stream::iter(sending).buffer_unordered(CHATS_AT_ONCE).try_collect().await?;
    sent.extend(now.into_iter().flatten());
    sent.sort_unstable_by_key(|(place, _)| *place);
    Ok(sent.into_iter().map(|(_, queued)| queued).collect())
}

async fn send_one(backend: &Backend, sender: &MemberId, letter: Letter) -> Result<Queued> {
    let Letter { chat_id, key, digest, sender_guid, receivers, sent_at } = letter;
    let message_id = event_id(sent_at);
    let claim = PlatformClaim { digest, message_id, sent_at };
    let recipients: Vec<_> = receivers.iter().map(|(receiver, _)| receiver.guid).collect();
    let events: Vec<_> = receivers
        .into_iter()
        .map(|(receiver, message)| {
            let content = Content::Message {
                chat_id: chat_id.clone(),
                sender: sender.clone(),
                sender_guid,
                receiver_guid: receiver.guid,
                recipients: recipients.clone(),
                message,
            };
            (receiver.member_id, Event { id: message_id, content, queued_at: sent_at })
        })
        .collect();
    for tried in 0..SEND_TRIES {
        let now = clock::now();
        match backend.store.queue_message(sender, &key, &claim, &events, now).await {
            Ok(true) => return Ok((claim, events)),
            // Another call with the same clientHash was quicker, or this one is repeated on its way.
            Ok(false) => {
                let standing = backend.store.platform_claims(sender, std::slice::from_ref(&key), now).await?;
                match standing.into_values().next() {
                    Some(standing) if standing == claim => return Ok((claim, events)),
                    Some(standing) if standing.digest == claim.digest => return Ok((standing, Vec::new())),
                    Some(_) => return Err(HASH_REUSED),
                    None => pause(tried).await,
                }
            }
            Err(StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("a clientHash is claimed all the time".into())))
}
