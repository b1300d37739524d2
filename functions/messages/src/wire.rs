//! This surface's requests and answers (contract, section 2).

use chat::clock::Timestamp;
use chat::http::Object;
use chat::ids::{BadName, MemberId, PlatformChatId};
use chat::signed::answers::{Published, Signed};
use chat::signed::block::{Block, Draft, Part};
use chat::signed::keys::{Algorithm, UserKey};
use chat::signed::members::{self, Admission};
use chat::signed::messages;
use chat::signed::queue::Proof;
use chat::signed::receipts::{Acknowledgement, Receipt};
use chat::signed::{Manner, Signature};
use chat::text::check_name;
use chat::{Error, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashSet;
use uuid::Uuid;

/// Users in one `POST /token`.
const MAX_ADMITTED: usize = 100;

/// `POST /token`: one user, or an array of them.
#[derive(Debug, Deserialize)]
pub(crate) struct Admit {
    users: Option<Vec<Object<AdmitOne>>>,
    #[serde(flatten)]
    one: AdmitOne,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdmitOne {
    #[serde(rename = "userID")]
    user_id: Option<String>,
    user_key: Option<String>,
    display_name: Option<String>,
}

impl Admit {
    /// Who is to be admitted, and whether that is one who was not sent in an array. Everything is looked at before
    /// anybody is admitted.
    pub(crate) fn into_admissions(self) -> Result<(Vec<Admission>, bool)> {
        let Some(users) = self.users else { return Ok((vec![self.one.into_admission("")?], true)) };
        let invalid = |what: &str| Err(Error::invalid("invalid_users", what));
        if self.one.user_id.is_some() || self.one.user_key.is_some() {
            return invalid("either users or userID and userKey");
        }
        if !(1..=MAX_ADMITTED).contains(&users.len()) {
            return invalid("users must have 1 to 100 entries");
        }
        let mut admissions = Vec::with_capacity(users.len());
        let mut names = HashSet::new();
        for (place, Object(user)) in users.into_iter().enumerate() {
            let name = user.user_id.as_ref().map(|name| format!(" (\"{name}\")")).unwrap_or_default();
            let place = format!("users[{place}]{name}: ");
            let admission = user.into_admission(&place)?;
            if !names.insert(admission.id.clone()) {
                return invalid(&format!("{place}userID is that of another entry"));
            }
            admissions.push(admission);
        }
        Ok((admissions, false))
    }
}

impl AdmitOne {
    /// `place` says where it stands, for refusals.
    fn into_admission(self, place: &str) -> Result<Admission> {
        let no_id = |reason: BadName| Error::invalid("invalid_user_id", format!("{place}userID: {reason}"));
        let id = self.user_id.unwrap_or_default().parse().map_err(no_id)?;
        let key = UserKey::parse(&self.user_key.unwrap_or_default())
            .map_err(|reason| Error::invalid("invalid_user_key", format!("{place}userKey {reason}")))?;
        if let Some(name) = &self.display_name {
            check_name(&format!("{place}displayName"), name)?;
        }
        Ok(Admission { id, key, display_name: self.display_name })
    }
}

/// A pair of tokens.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    access_token: String,
    refresh_token: String,
}

impl From<members::Tokens> for Tokens {
    fn from(tokens: members::Tokens) -> Self {
        Self { access_token: tokens.access, refresh_token: tokens.refresh }
    }
}

/// Tokens of one of several users.
#[derive(Debug, Serialize)]
pub(crate) struct TokensOf {
    #[serde(rename = "userID")]
    user_id: MemberId,
    #[serde(flatten)]
    pub(crate) tokens: Tokens,
}

impl From<(MemberId, members::Tokens)> for TokensOf {
    fn from((user_id, tokens): (MemberId, members::Tokens)) -> Self {
        Self { user_id, tokens: tokens.into() }
    }
}

/// The answer to an array of users.
#[derive(Debug, Serialize)]
pub(crate) struct Admitted {
    pub(crate) users: Vec<TokensOf>,
}

/// `PUT /token`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refresh {
    pub(crate) refresh_token: String,
}

/// `GET /publicKey`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublicKey {
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_public_key: Option<String>,
}

impl From<Published> for PublicKey {
    fn from(published: Published) -> Self {
        Self { public_key: published.current, previous_public_key: published.previous }
    }
}

/// `POST /messages`. What is signed is kept as it came.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outgoing {
    pub(crate) outgoing_events: Box<RawValue>,
    pub(crate) sign: String,
    #[serde(rename = "signAlg", default)]
    pub(crate) algorithm: Algorithm,
}

#[derive(Deserialize)]
struct Events {
    #[serde(deserialize_with = "millis")]
    timestamp: Timestamp,
    #[serde(default)]
    messages: Vec<Object<NewMessage>>,
    #[serde(default)]
    statuses: Vec<Object<NewStatus>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewMessage {
    #[serde(rename = "chatID")]
    chat_id: PlatformChatId,
    client_hash: Option<String>,
    #[serde(rename = "timestamp", default, deserialize_with = "some_millis")]
    _timestamp: Option<Timestamp>,
    message_block: Vec<Object<NewPart>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewPart {
    message_text: String,
    recipient: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewStatus {
    #[serde(rename = "messageID")]
    message_id: Uuid,
    client_hash: Option<String>,
    message_status: Receipt,
}

/// Milliseconds since the epoch, as the text that the document has or as a number.
fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::Number(number) => number.as_i64().filter(|number| *number >= 0),
        _ => None,
    };
    number.map(Timestamp).ok_or_else(|| D::Error::custom("milliseconds since the epoch are expected"))
}

fn some_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    millis(deserializer).map(Some)
}

/// What a block says. Of keys that stand twice the last one counts, as with every common reader of JSON; whoever signed
/// the bytes has signed that.
pub(crate) fn block(events: &RawValue) -> Result<Block> {
    let unreadable = |reason: String| {
        Error::invalid("invalid_body", format!("outgoingEvents is not as expected: {reason}"))
    };
    // By way of a value, which keeps the last of equal keys.
    let events = serde_json::from_str(events.get()).and_then(serde_json::from_value);
    let Object::<Events>(events) = events.map_err(|error| unreadable(error.to_string()))?;
    Ok(Block {
        signed_at: events.timestamp,
        messages: events.messages.into_iter().map(|Object(message)| message.into()).collect(),
        statuses: events.statuses.into_iter().map(|Object(status)| status.into()).collect(),
    })
}

impl From<NewMessage> for Draft {
    fn from(message: NewMessage) -> Self {
        let part = |Object(NewPart { message_text: text, recipient })| Part { text, recipient };
        Self {
            chat_id: message.chat_id,
            client_hash: message.client_hash,
            parts: message.message_block.into_iter().map(part).collect(),
        }
    }
}

impl From<NewStatus> for Acknowledgement {
    fn from(status: NewStatus) -> Self {
        Self { event: status.message_id, receipt: status.message_status, client_hash: status.client_hash }
    }
}

/// `outgoingEventsResult`.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    messages: Vec<MessageResult>,
    statuses: Vec<Option<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageResult {
    client_hash: Option<String>,
    server_time: String,
    #[serde(rename = "messageID")]
    message_id: Uuid,
}

impl From<messages::Posted> for Results {
    fn from(posted: messages::Posted) -> Self {
        let result = |sent: messages::Sent| MessageResult {
            client_hash: sent.client_hash,
            server_time: sent.sent_at.0.to_string(),
            message_id: sent.message_id,
        };
        Self { messages: posted.messages.into_iter().map(result).collect(), statuses: posted.statuses }
    }
}

/// The answer to `POST /messages`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Posted {
    outgoing_events_result: Box<RawValue>,
    sign: String,
}

impl From<Signed> for Posted {
    fn from(signed: Signed) -> Self {
        Self { outgoing_events_result: signed.value, sign: signed.sign }
    }
}

/// `GET /messages`.
#[derive(Debug, Deserialize)]
pub(crate) struct Fetch {
    timestamp: Option<String>,
    sign: Option<String>,
    #[serde(rename = "signAlg", default)]
    algorithm: Algorithm,
    next: Option<String>,
}

impl Fetch {
    /// Where to go on.
    pub(crate) fn after(&self) -> Result<Option<Uuid>> {
        let after = self.next.as_deref().map(str::parse).transpose();
        after.map_err(|_| Error::invalid("invalid_query", "next must be the one of an answer"))
    }

    /// What was signed to ask, if it was, and how to sign the answer.
    pub(crate) fn proof(self) -> Result<(Option<Proof>, Manner)> {
        match (self.timestamp, self.sign) {
            (Some(timestamp), Some(sign)) => {
                let signature = Signature::new(&sign, self.algorithm);
                let manner = signature.manner;
                Ok((Some(Proof { timestamp, signature }), manner))
            }
            (None, None) => Ok((None, Manner { algorithm: self.algorithm, ..Manner::default() })),
            _ => Err(Error::invalid("invalid_query", "timestamp and sign go together")),
        }
    }
}

/// The answer to `GET /messages`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fetched {
    incoming_events: Box<RawValue>,
    sign: String,
}

impl From<Signed> for Fetched {
    fn from(signed: Signed) -> Self {
        Self { incoming_events: signed.value, sign: signed.sign }
    }
}
