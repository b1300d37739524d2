//! A member's queue: what waits, handed out and pushed (000, workflow step 5).

use super::answers::{Signed, sign};
use super::{Bearer, Manner, Signature, check_clock};
use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::history::Room;
use crate::ids::{MemberId, Owner, PlatformChatId};
use crate::presence;
use crate::store::queues::{Content, Event, Passage, Receipt};
use crate::text::{answer_len, json_len};
use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use utoipa::ToSchema;
use uuid::Uuid;

/// Events in one answer.
const PAGE: usize = 1_000;
/// What an event has beside texts and names, at most, in an answer.
const EVENT_BYTES: usize = 512;
/// What a name in a list takes in an answer, its quotes escaped.
const GUID_BYTES: usize = 42;
/// Bytes of events in one frame: API Gateway posts 128 KiB, and there is a signature, too.
const FRAME_BYTES: usize = 120 * 1024;

const UNSIGNED: &str = "timestamp and sign are both needed here";

/// A message's, a status' or an info's time.
fn millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&at.0)
}

/// What a member is to learn (contract, section 2): the shape of `incomingEvents`, in answers and in frames.
#[derive(Debug, Serialize, ToSchema)]
pub struct Incoming {
    /// Milliseconds since the epoch.
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, pattern = "^[0-9]+$")]
    timestamp: Timestamp,
    messages: Vec<IncomingMessage>,
    statuses: Vec<IncomingStatus>,
    info: Vec<IncomingInfo>,
    /// Where the rest begins; null when this is all.
    #[schema(required = true)]
    next: Option<Uuid>,
}

/// A message of somebody else.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IncomingMessage {
    #[serde(rename = "messageID")]
    message_id: Uuid,
    /// By the name in the chat.
    sender: Uuid,
    message_text: String,
    /// Milliseconds since the epoch.
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, pattern = "^[0-9]+$")]
    server_time: Timestamp,
    #[serde(rename = "chatID")]
    chat_id: PlatformChatId,
    recipient_list: Vec<Uuid>,
}

/// What became of a message of one's own.
#[derive(Debug, Serialize, ToSchema)]
struct IncomingStatus {
    #[serde(rename = "type")]
    receipt: Receipt,
    #[serde(rename = "messageID")]
    message_id: Uuid,
    /// The message.
    #[serde(rename = "messageIDStatus")]
    about: Uuid,
    recipient: Uuid,
}

/// Who came to a chat, or left it.
#[derive(Debug, Serialize, ToSchema)]
struct IncomingInfo {
    #[serde(rename = "messageID")]
    message_id: Uuid,
    #[serde(rename = "subType")]
    passage: Passage,
    #[serde(rename = "chatID")]
    chat_id: PlatformChatId,
    #[serde(rename = "messageGUIDList")]
    guids: Vec<Uuid>,
}

impl Incoming {
    fn new(events: Vec<Event>, next: Option<Uuid>) -> Self {
        let mut incoming = Self {
            timestamp: clock::now(),
            messages: Vec::new(),
            statuses: Vec::new(),
            info: Vec::new(),
            next,
        };
        for Event { id: message_id, content, queued_at } in events {
            match content {
                Content::Message { chat_id, sender_guid, recipients, message, .. } => {
                    incoming.messages.push(IncomingMessage {
                        message_id,
                        sender: sender_guid,
                        message_text: message,
                        server_time: queued_at,
                        chat_id,
                        recipient_list: recipients,
                    });
                }
                Content::Status { receipt, about, receiver_guid: recipient } => {
                    incoming.statuses.push(IncomingStatus { receipt, message_id, about, recipient });
                }
                Content::Info { passage, chat_id, guids } => {
                    incoming.info.push(IncomingInfo { message_id, passage, chat_id, guids });
                }
            }
        }
        incoming
    }
}

/// What a member has signed to ask for its queue.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The time, as text: what is signed.
    pub timestamp: String,
    /// The signature.
    pub signature: Signature,
}

/// What waits for a member, oldest first, after `after`; signed in the given manner. Nothing is taken out.
pub async fn fetch(
    backend: &Backend,
    bearer: Bearer,
    proof: Option<Proof>,
    manner: Manner,
    after: Option<Uuid>,
) -> Result<Signed> {
    let member = bearer.claimed_member().clone();
    let reading = async { page(backend, &member, after).await };
    let confirming = async {
        let caller = bearer.confirm(backend).await?;
        match &proof {
            Some(Proof { timestamp, signature }) => {
                caller.check(timestamp.as_bytes(), signature)?;
                let is_plain = timestamp.bytes().all(|byte| byte.is_ascii_digit());
                let at = timestamp.parse().ok().filter(|_| is_plain);
                check_clock(Timestamp(at.ok_or_else(|| {
                    Error::invalid("invalid_query", "timestamp must be milliseconds since the epoch")
                })?))
            }
            None if backend.requires_signed_reads => Err(Error::invalid("invalid_query", UNSIGNED)),
            None => Ok(()),
        }
    };
    // Not `try_join`: whatever the reading meets, who may not read learns that first.
    let (confirmed, read) = futures::future::join(confirming, reading).await;
    confirmed?;
    let (events, next) = read?;
    sign(backend, &Incoming::new(events, next), manner).await
}

/// As much of a queue as one answer holds, and where it continues.
async fn page(
    backend: &Backend,
    member: &MemberId,
    after: Option<Uuid>,
) -> Result<(Vec<Event>, Option<Uuid>)> {
    let now = clock::now();
    let mut room = Room::default();
    let mut page: Vec<Event> = Vec::new();
    let mut after = after;
    loop {
        let (events, last) = backend.store.waiting(member, after, PAGE - page.len(), now).await?;
        for event in events {
            if !room.takes_bytes(answer_bytes(&event)) {
                return Ok((page, after));
            }
            after = Some(event.id);
            page.push(event);
        }
        if last.is_none() || page.len() >= PAGE {
            return Ok((page, last));
        }
        after = last;
    }
}

/// How large an event is: the text, and the names in lists.
fn parts(content: &Content) -> (&str, usize) {
    match content {
        Content::Message { message, recipients, .. } => (message, recipients.len()),
        Content::Status { .. } => ("", 0),
        Content::Info { guids, .. } => ("", guids.len()),
    }
}

fn answer_bytes(event: &Event) -> usize {
    let (text, guids) = parts(&event.content);
    answer_len(text) + guids * GUID_BYTES + EVENT_BYTES
}

/// What was queued for whom, collected by those who queue side by side.
#[derive(Default)]
pub(super) struct Told(Mutex<Vec<(MemberId, Event)>>);

impl Told {
    pub(super) fn add(&self, events: impl IntoIterator<Item = (MemberId, Event)>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
    }
}

impl From<Vec<(MemberId, Event)>> for Told {
    fn from(events: Vec<(MemberId, Event)>) -> Self {
        Self(Mutex::new(events))
    }
}

/// Tells members what was queued for them, as far as they are online.
pub(super) async fn push(backend: &Backend, told: impl Into<Told>) {
    let Told(told) = told.into();
    let mut by_member: HashMap<Owner, Vec<Event>> = HashMap::new();
    for (member, event) in told.into_inner().unwrap_or_else(PoisonError::into_inner) {
        by_member.entry(member.into()).or_default().push(event);
    }
    let told = by_member.into_iter().collect();
    presence::push_each(backend, told, |events| Box::pin(frames(backend, events))).await;
}

async fn frames(backend: &Backend, events: Vec<Event>) -> Result<Vec<Bytes>> {
    let mut frames = Vec::new();
    for events in in_frames(events) {
        frames.push(frame(backend, events).await?);
    }
    Ok(frames)
}

fn in_frames(events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut frames: Vec<Vec<Event>> = Vec::new();
    let mut left = 0;
    for event in events {
        let (text, guids) = parts(&event.content);
        let bytes = json_len(text) + guids * GUID_BYTES + EVENT_BYTES;
        match frames.last_mut().filter(|_| bytes <= left) {
            Some(frame) => {
                left -= bytes;
                frame.push(event);
            }
            None => {
                left = FRAME_BYTES.saturating_sub(bytes);
                frames.push(vec![event]);
            }
        }
    }
    frames
}

/// What a member's sockets are told (contract, section 4).
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
#[schema(as = SignedFrame)]
pub enum Frame<'a> {
    /// What has just been queued for a platform's user: to all of its sockets. It stays in the queue until its receipt.
    #[schema(
        title = "IncomingEvents",
        example = json!({
            "type": "incomingEvents",
            "incomingEvents": {
                "timestamp": "1795295130789",
                "messages": [{
                    "messageID": "01a1ffed-bb38-724f-868f-23c020e84987",
                    "sender": "6c84ec90-11c5-40e5-840d-7c25e5ff775a",
                    "messageText": "Hello",
                    "serverTime": "1795295130456",
                    "chatID": "chat-148523592",
                    "recipientList": ["f017e919-f759-451e-9365-c7dedccbdfef"]
                }],
                "statuses": [],
                "info": [],
                "next": null
            },
            "sign": "c2lnbmF0dXJl"
        })
    )]
    IncomingEvents {
        /// What is signed.
        #[serde(rename = "incomingEvents")]
        #[schema(value_type = Incoming)]
        incoming: &'a RawValue,
        /// The server's signature over the very bytes of `incomingEvents`: RSASSA-PKCS1-v1_5 with SHA-256, base64.
        sign: &'a str,
    },
}

async fn frame(backend: &Backend, events: Vec<Event>) -> Result<Bytes> {
    let signed = sign(backend, &Incoming::new(events, None), Manner::default()).await?;
    let frame = Frame::IncomingEvents { incoming: &signed.value, sign: &signed.sign };
    serde_json::to_vec(&frame).map(Bytes::from).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::event_id;
    use crate::signed::chats::MAX_PARTICIPANTS;
    use crate::text::MAX_MESSAGE_BYTES;
    use proptest::prelude::*;

    /// What API Gateway posts at most.
    const POSTED: usize = 128 * 1024;
    /// A signature of 2,048 bits, base64, and the frame around it.
    const AROUND: usize = 512;

    fn message(text: String, receivers: usize) -> Event {
        let at = Timestamp(253_402_300_799_999);
        let content = Content::Message {
            chat_id: "x".repeat(128).parse().expect("a chatID"),
            sender: "sender".parse().expect("a userID"),
            sender_guid: Uuid::max(),
            receiver_guid: Uuid::max(),
            recipients: vec![Uuid::max(); receivers],
            message: text,
        };
        Event { id: event_id(at), content, queued_at: at }
    }

    fn json_of(events: Vec<Event>) -> String {
        serde_json::to_string(&Incoming::new(events, None)).expect("JSON")
    }

    fn texts() -> impl Strategy<Value = Vec<(String, usize)>> {
        let text = prop_oneof![
            "[a-z]{1,40}",
            (1..=MAX_MESSAGE_BYTES).prop_map(|length| "\u{1}".repeat(length)),
            (1..=MAX_MESSAGE_BYTES / 2).prop_map(|length| "é".repeat(length)),
            (1..=MAX_MESSAGE_BYTES).prop_map(|length| "\"".repeat(length)),
        ];
        prop::collection::vec((text, 1..=MAX_PARTICIPANTS), 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn frames_hold_every_event_once_in_order_and_can_be_posted(texts in texts()) {
            let events: Vec<_> = texts.into_iter().map(|(text, receivers)| message(text, receivers)).collect();
            let frames = in_frames(events.clone());
            for frame in &frames {
                prop_assert!(!frame.is_empty());
                prop_assert!(json_of(frame.clone()).len() + AROUND <= POSTED);
            }
            prop_assert_eq!(frames.concat(), events);
        }

        #[test]
        fn an_event_is_not_larger_in_an_answer_than_reckoned(texts in texts()) {
            for (text, receivers) in texts {
                let event = message(text, receivers);
                let reckoned = answer_bytes(&event);
                let empty = json_of(Vec::new()).len();
                // The body's JSON is a string in the answer's.
                let answer = serde_json::to_string(&json_of(vec![event])).expect("JSON").len();
                prop_assert!(answer - empty <= reckoned + 64, "{answer} of {reckoned}");
            }
        }
    }
}
