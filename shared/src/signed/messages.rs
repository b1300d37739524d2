//! Blocks of messages and receipts (000, workflow step 4; contract, section 2, `POST /messages`).

use super::block::{Block, Draft, Part, check, digest, keys};
use super::queue::Told;
use super::receipts;
use super::{Bearer, Caller, Signature, check_clock, queue};
use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{MemberId, PlatformChatId, event_id};
use crate::limits;
use crate::store::platform_chats::{Participant, PlatformChat};
use crate::store::queues::{Content, Event, Place, PlatformClaim};
use crate::store::{StoreError, pause};
use crate::telemetry::{self, Metric};
use futures::future::{join, try_join3};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Chats that are read or written to at once.
const CHATS_AT_ONCE: usize = 16;
const SEND_TRIES: u32 = 12;
/// What a block may queue: a function of 256 MB holds it several times over.
const MAX_QUEUED_BYTES: usize = 16 * 1024 * 1024;

const NO_CHAT: Error = Error::NotFound("chat_not_found", "ChatID not found");
const HASH_REUSED: Error =
    Error::Conflict("idempotency_key_reused", "This clientHash was used for another message");

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
    let sender = member.clone().into();
    check_clock(block.signed_at)?;
    let mut found = found?;

    let mut plans = plan(&member, &block, &keys, &found)?;
    // Those that were sent before do not count, and nobody minds times that are taken for nothing.
    let counting = limits::messages(backend, &sender, letters(&mut plans).count());
    let (taken, counted) = join(take_times(backend, &mut plans), counting).await;
    let _stays = counted?;
    let mut stale = taken?;
    for tried in 0.. {
        if stale.is_empty() {
            break;
        }
        if tried >= SEND_TRIES {
            return Err(unsettled());
        }
        found.chats.extend(chats(backend, stale.iter()).await?);
        plans = plan(&member, &block, &keys, &found)?;
        stale = take_times(backend, &mut plans).await?;
    }

    let told = Told::default();
    let (sent, acknowledged) = join(
        send(backend, &member, plans, &told),
        receipts::acknowledge(backend, &member, &block.statuses, found.places, &told),
    )
    .await;
    // What is queued is pushed, whatever else has failed: the same block again would not push it.
    queue::push(backend, told).await;
    acknowledged?;
    let sent = block.messages.iter().zip(sent?).map(|(draft, claim)| Sent {
        client_hash: draft.client_hash.clone(),
        sent_at: claim.sent_at,
        message_id: claim.message_id,
    });
    let messages = sent.collect();
    Ok(Posted { messages, statuses: block.statuses.into_iter().map(|status| status.client_hash).collect() })
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
    /// What the chat was when the receivers were found.
    revision: Uuid,
    key: String,
    digest: String,
    sender_guid: Uuid,
    /// What to tell whom.
    receivers: Vec<(Participant, String)>,
    sent_at: Timestamp,
}

fn plan(member: &MemberId, block: &Block, keys: &[String], found: &Stored) -> Result<Vec<Plan>> {
    let mut queued = 0;
    let planned = block.messages.iter().zip(keys).enumerate().map(|(place, (draft, key))| {
        let digest = digest(draft)?;
        match found.claims.get(key) {
            Some(claim) if claim.digest != digest => Err(HASH_REUSED),
            Some(claim) => Ok(Plan::Before(claim.clone())),
            None => {
                let chat = found.chats.get(&draft.chat_id).and_then(Option::as_ref).ok_or(NO_CHAT)?;
                let letter = letter(member, draft, key, digest, chat).map_err(|error| named(error, place))?;
                queued += letter.receivers.iter().map(|(_, text)| text.len()).sum::<usize>();
                if queued > MAX_QUEUED_BYTES {
                    let sentence = "the texts of a block have more than 16 MiB, counted for each receiver";
                    return Err(Error::invalid("too_many", sentence));
                }
                Ok(Plan::Now(letter))
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
        revision: chat.revision,
        key: key.to_owned(),
        digest,
        sender_guid: sender.guid,
        receivers,
        sent_at: Timestamp::default(),
    })
}

/// Gives every message its time, chat by chat. Answers with the chats that are others by now.
async fn take_times(backend: &Backend, plans: &mut [Plan]) -> Result<Vec<PlatformChatId>> {
    let mut counts: HashMap<(PlatformChatId, Uuid), usize> = HashMap::new();
    for letter in letters(plans) {
        *counts.entry((letter.chat_id.clone(), letter.revision)).or_default() += 1;
    }
    let taking = counts.into_iter().map(|((chat_id, revision), count)| async move {
        let first = times(backend, &chat_id, revision, count).await?;
        Ok::<_, Error>((chat_id, first))
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

/// The first of the times of so many messages; `None` when the chat is another by now.
async fn times(
    backend: &Backend,
    chat_id: &PlatformChatId,
    revision: Uuid,
    count: usize,
) -> Result<Option<Timestamp>> {
    for tried in 0..SEND_TRIES {
        match backend.store.next_times(chat_id, revision, count, clock::now()).await {
            // In the way of a change of the chat.
            Err(StoreError::Unavailable(_)) => pause(tried).await,
            taken => return Ok(taken?),
        }
    }
    Err(unsettled())
}

fn unsettled() -> Error {
    Error::Busy(StoreError::Unavailable("a chat changes all the time".into()))
}

/// Sends all messages; those to one chat one after another, so that none stands without the ones before it.
async fn send(
    backend: &Backend,
    sender: &MemberId,
    plans: Vec<Plan>,
    told: &Told,
) -> Result<Vec<PlatformClaim>> {
    let mut by_chat: HashMap<PlatformChatId, Vec<(usize, Letter)>> = HashMap::new();
    let mut sent = Vec::with_capacity(plans.len());
    for (place, plan) in plans.into_iter().enumerate() {
        match plan {
            Plan::Before(claim) => sent.push((place, claim)),
            Plan::Now(letter) => by_chat.entry(letter.chat_id.clone()).or_default().push((place, letter)),
        }
    }
    let sending = by_chat.into_values().map(|letters| send_to_chat(backend, sender, letters, told));
    let sending = stream::iter(sending.collect::<Vec<_>>()).buffer_unordered(CHATS_AT_ONCE);
    // To the end of all, also where one fails.
    for to_chat in sending.collect::<Vec<_>>().await {
        sent.extend(to_chat?);
    }
    sent.sort_unstable_by_key(|(place, _)| *place);
    Ok(sent.into_iter().map(|(_, claim)| claim).collect())
}

async fn send_to_chat(
    backend: &Backend,
    sender: &MemberId,
    letters: Vec<(usize, Letter)>,
    told: &Told,
) -> Result<Vec<(usize, PlatformClaim)>> {
    let mut sent = Vec::with_capacity(letters.len());
    let mut before = Timestamp::default();
    for (place, mut letter) in letters {
        // The same block, sent twice at once, may have brought the one before to a later time than was taken here.
        if letter.sent_at <= before {
            let next = times(backend, &letter.chat_id, letter.revision, 1).await?;
            letter.sent_at = next.ok_or_else(unsettled)?;
        }
        let claim = send_one(backend, sender, letter, told).await?;
        before = claim.sent_at;
        sent.push((place, claim));
    }
    Ok(sent)
}

async fn send_one(
    backend: &Backend,
    sender: &MemberId,
    letter: Letter,
    told: &Told,
) -> Result<PlatformClaim> {
    let Letter { chat_id, key, digest, sender_guid, receivers, sent_at, .. } = letter;
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
            Ok(true) => {
                telemetry::count(Metric::Sends, 1);
                told.add(events);
                return Ok(claim);
            }
            // Another call with the same clientHash was quicker, or this one is repeated on its way.
            Ok(false) => {
                let standing = backend.store.platform_claims(sender, std::slice::from_ref(&key), now).await?;
                match standing.into_values().next() {
                    Some(standing) if standing == claim => {
                        told.add(events);
                        return Ok(claim);
                    }
                    Some(standing) if standing.digest == claim.digest => return Ok(standing),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chat(participants: usize) -> PlatformChat {
        let participants: Vec<_> = (0..participants)
            .map(|number| Participant {
                guid: Uuid::from_u128(number as u128 + 1),
                member_id: format!("member-{number}").parse().expect("a userID"),
            })
            .collect();
        PlatformChat {
            chat_id: "chat".parse().expect("a chatID"),
            title: String::new(),
            owner: participants[0].guid,
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
            last_at: Timestamp(1),
            revision: Uuid::nil(),
            participants,
        }
    }

    fn block(parts: Vec<Part>) -> Block {
        let draft = Draft { chat_id: "chat".parse().expect("a chatID"), client_hash: None, parts };
        Block { signed_at: Timestamp(1), messages: vec![draft], statuses: Vec::new() }
    }

    proptest! {
        #[test]
        fn everybody_gets_its_own_text_or_the_one_for_all_once(
            count in 1usize..12,
            sender in 0usize..12,
            named in prop::collection::btree_set(0usize..12, 0..12),
            for_all in any::<bool>(),
        ) {
            let chat = chat(count);
            let sender = &chat.participants[sender % count];
            let named: BTreeSet<_> = named.into_iter().map(|number| number % count).collect();
            let mut parts: Vec<_> = named
                .iter()
                .map(|&number| Part {
                    text: number.to_string(),
                    recipient: Some(chat.participants[number].guid),
                })
                .collect();
            if for_all {
                parts.insert(parts.len() / 2, Part { text: "all".into(), recipient: None });
            }
            let block = block(parts);
            let expected: HashMap<_, _> = (0..count)
                .filter_map(|number| {
                    let one = &chat.participants[number];
                    let is_other = one.guid != sender.guid;
                    let text = if named.contains(&number) {
                        number.to_string()
                    } else if for_all && is_other {
                        "all".to_owned()
                    } else {
                        return None;
                    };
                    Some((one.guid, text))
                })
                .collect();
            let letter = letter(&sender.member_id, &block.messages[0], "key", String::new(), &chat);
            match letter {
                Ok(letter) => {
                    prop_assert_eq!(letter.receivers.len(), expected.len());
                    let got: HashMap<_, _> =
                        letter.receivers.into_iter().map(|(one, text)| (one.guid, text)).collect();
                    prop_assert_eq!(got, expected);
                }
                Err(error) => {
                    prop_assert_eq!(error.code(), "invalid_block");
                    prop_assert!(expected.is_empty());
                }
            }
        }
    }
}
