//! This surface's requests and answers (contract, section 2).

use chat::clock::Timestamp;
use chat::http::Object;
use chat::ids::{BadName, MemberId, PlatformChatId};
use chat::signed::answers::{Published, Signed};
use chat::signed::block::{Block, Draft, Part};
use chat::signed::keys::{Algorithm, UserKey};
use chat::signed::members::{self, Admission};
use chat::signed::messages;
use chat::signed::queue::{Incoming, Proof};
use chat::signed::receipts::{Acknowledgement, Receipt};
use chat::signed::{Manner, Signature};
use chat::text::check_name;
use chat::{Error, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashSet;
use utoipa::{IntoParams, ToSchema};
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

/// A user of the platform.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(
    example = json!({
        "userID": "John.Doe-mobile1",
        "userKey": "-----BEGIN PUBLIC KEY-----\n...",
        "displayName": "John"
    })
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdmitOne {
    #[serde(rename = "userID")]
    #[schema(value_type = MemberId)]
    user_id: Option<String>,
    /// An RSA key of 2048 to 4096 bits: PEM, or the DER of its `SubjectPublicKeyInfo` in hex or base64.
    #[schema(value_type = String)]
    user_key: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    display_name: Option<String>,
}

/// One user, or several.
#[derive(ToSchema)]
#[schema(
    as = Admit,
    example = json!({
        "users": [{"userID": "John.Doe-mobile1", "userKey": "-----BEGIN PUBLIC KEY-----\n..."}]
    })
)]
#[serde(untagged)]
#[expect(dead_code, reason = "what `Admit` takes, as the document has it")]
pub(crate) enum AdmitShape {
    /// One.
    One(AdmitOne),
    /// All of them or none.
    Several {
        #[schema(min_items = 1, max_items = 100)]
        users: Vec<AdmitOne>,
    },
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"accessToken": "eyJ0eXAi...", "refreshToken": "eyJ0eXAi..."}))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    /// For everything that a user does, for an hour.
    access_token: String,
    /// For another pair, once, within 30 days.
    refresh_token: String,
}

impl From<members::Tokens> for Tokens {
    fn from(tokens: members::Tokens) -> Self {
        Self { access_token: tokens.access, refresh_token: tokens.refresh }
    }
}

/// Tokens of one of several users.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Admitted {
    /// In the order of the request.
    pub(crate) users: Vec<TokensOf>,
}

/// The answer to one user, or to several.
#[derive(ToSchema)]
#[schema(as = Admission)]
#[serde(untagged)]
#[expect(dead_code, reason = "the answer is one of the two, as the document has it")]
#[schema(example = json!({"accessToken": "eyJ0eXAi...", "refreshToken": "eyJ0eXAi..."}))]
pub(crate) enum AdmittedShape {
    /// To one.
    One(Tokens),
    /// To several.
    Several(Admitted),
}

/// `PUT /token`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RefreshTokens, example = json!({"refreshToken": "eyJ0eXAi..."}))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refresh {
    pub(crate) refresh_token: String,
}

/// `GET /publicKey`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"publicKey": "-----BEGIN PUBLIC KEY-----\n..."}))]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublicKey {
    /// PEM.
    public_key: String,
    /// The one before, while answers may be about that it has signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    previous_public_key: Option<String>,
}

impl From<Published> for PublicKey {
    fn from(published: Published) -> Self {
        Self { public_key: published.current, previous_public_key: published.previous }
    }
}

/// `POST /messages`. What is signed is kept as it came.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(
    example = json!({
        "outgoingEvents": {
            "timestamp": "1795295130123",
            "messages": [{
                "chatID": "chat-148523592",
                "clientHash": "4f1d",
                "messageBlock": [{"messageText": "Hello"}]
            }],
            "statuses": []
        },
        "sign": "bm90IGEgc2lnbmF0dXJl"
    })
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outgoing {
    #[schema(value_type = Events)]
    pub(crate) outgoing_events: Box<RawValue>,
    /// The sender's signature over the very bytes of `outgoingEvents`, in hex or base64.
    pub(crate) sign: String,
    #[serde(rename = "signAlg", default)]
    pub(crate) algorithm: Algorithm,
}

/// What is signed.
#[derive(Deserialize, ToSchema)]
struct Events {
    /// The present time in milliseconds since the epoch; a number is taken, too.
    #[serde(deserialize_with = "millis")]
    #[schema(value_type = String, pattern = "^[0-9]+$")]
    timestamp: Timestamp,
    #[serde(default)]
    #[schema(value_type = Vec<NewMessage>, max_items = 100)]
    messages: Vec<Object<NewMessage>>,
    #[serde(default)]
    #[schema(value_type = Vec<NewStatus>, max_items = 100)]
    statuses: Vec<Object<NewStatus>>,
}

/// A message to a chat.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewSignedMessage)]
#[serde(rename_all = "camelCase")]
struct NewMessage {
    #[serde(rename = "chatID")]
    chat_id: PlatformChatId,
    /// The client's own name for the message, at most 128 bytes. The same again, within 24 hours, sends nothing.
    #[schema(min_length = 1, max_length = 128)]
    client_hash: Option<String>,
    #[serde(rename = "timestamp", default, deserialize_with = "some_millis")]
    #[schema(value_type = String, pattern = "^[0-9]+$", required = false)]
    _timestamp: Option<Timestamp>,
    #[schema(value_type = Vec<NewPart>, min_items = 1)]
    message_block: Vec<Object<NewPart>>,
}

/// What to tell one participant, or all others.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewPart {
    /// At most 16 KiB of UTF-8.
    #[schema(min_length = 1, max_length = 16_384)]
    message_text: String,
    /// A participant's GUID in this chat; all others, if it is left out.
    recipient: Option<Uuid>,
}

/// What became of something that was received.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewStatus {
    #[serde(rename = "messageID")]
    message_id: Uuid,
    #[schema(min_length = 1, max_length = 128)]
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
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Results {
    messages: Vec<MessageResult>,
    /// The `clientHash` of each status.
    statuses: Vec<Option<String>>,
}

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MessageResult {
    client_hash: Option<String>,
    /// Milliseconds since the epoch.
    #[schema(pattern = "^[0-9]+$")]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = PostedEvents,
    example = json!({
        "outgoingEventsResult": {
            "messages": [{
                "clientHash": "4f1d",
                "serverTime": "1795295130456",
                "messageID": "01a1ffed-bb38-724f-868f-23c020e84987"
            }],
            "statuses": []
        },
        "sign": "c2lnbmF0dXJl"
    })
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Posted {
    #[schema(value_type = Results)]
    outgoing_events_result: Box<RawValue>,
    /// The server's signature over the very bytes of `outgoingEventsResult`, in the manner of the request.
    sign: String,
}

impl From<Signed> for Posted {
    fn from(signed: Signed) -> Self {
        Self { outgoing_events_result: signed.value, sign: signed.sign }
    }
}

/// `GET /messages`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Fetch {
    /// The present time in milliseconds since the epoch. It goes together with `sign`, and both may be left out unless
    /// the deployment's `RequireSignedReads` is on.
    #[param(pattern = "^[0-9]+$")]
    timestamp: Option<String>,
    /// The caller's signature over `timestamp`, in hex or base64.
    sign: Option<String>,
    #[serde(rename = "signAlg", default)]
    algorithm: Algorithm,
    /// An answer's `next`.
    #[param(value_type = Option<Uuid>)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = FetchedEvents,
    example = json!({
        "incomingEvents": {
            "timestamp": "1795295130789",
            "messages": [{
                "messageID": "01a1ffed-bb38-724f-868f-23c020e84987",
                "sender": "6c84ec90-11c5-40e5-840d-7c25e5ff775a",
                "messageText": "Hello",
                "serverTime": "1795295130456",
                "chatID": "chat-148523592",
                "recipientList": ["6c84ec90-11c5-40e5-840d-7c25e5ff775a"]
            }],
            "statuses": [],
            "info": [],
            "next": null
        },
        "sign": "c2lnbmF0dXJl"
    })
)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fetched {
    #[schema(value_type = Incoming)]
    incoming_events: Box<RawValue>,
    /// The server's signature over the very bytes of `incomingEvents`, in the manner of the request.
    sign: String,
}

impl From<Signed> for Fetched {
    fn from(signed: Signed) -> Self {
        Self { incoming_events: signed.value, sign: signed.sign }
    }
}
