//! This surface's requests and answers.

use chat::chats::{Overview, People};
use chat::clock::{self, Timestamp};
use chat::direct::Page;
use chat::ids::{BadName, ChatId, MemberId, PlatformChatId, UserId};
use chat::send::{Kind, Sent};
use chat::signed::chats::{Participant, View};
use chat::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// `POST /chats`, `POST /chats_v2`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"receiver_id": 112006274904065_u64, "message": "Good morning", "type": "text"}))]
pub(crate) struct NewMessage {
    pub(crate) receiver_id: UserId,
    /// At most 16 KiB of UTF-8.
    #[schema(min_length = 1, max_length = 16_384)]
    pub(crate) message: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
}

/// Where a message went, or which chat two users have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_id": 112006274908160_u64,
    "seq": 1,
    "message_timestamp": "2026-06-01T08:00:00.000Z"
}))]
pub(crate) struct ChatRef {
    pub(crate) chat_id: ChatId,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    message_timestamp: Option<String>,
}

impl From<ChatId> for ChatRef {
    fn from(chat_id: ChatId) -> Self {
        Self { chat_id, seq: None, message_timestamp: None }
    }
}

impl From<Sent> for ChatRef {
    fn from(sent: Sent) -> Self {
        let (seq, at) = sent.place().unzip();
        Self { chat_id: sent.chat_id, seq, message_timestamp: at.map(Timestamp::rfc3339) }
    }
}

/// `POST /chats/read`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ReadChat, example = json!({"chat_id": 112006274908160_u64}))]
pub(crate) struct Read {
    pub(crate) chat_id: ChatId,
}

/// `GET /chats/users/{user_a_id}/{user_b_id}` and the like.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TwoUsers {
    pub(crate) user_a_id: UserId,
    pub(crate) user_b_id: UserId,
}

/// A chat in `GET /chats/unread`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_id": 112006274908160_u64,
    "last_message": "Good morning",
    "last_message_sender_id": 112006274904065_u64,
    "last_message_sender_name": "Bob Example",
    "last_message_type": "text",
    "last_message_timestamp": "2026-06-01T08:00:00.000Z",
    "unread_count": 1,
    "server_sent_timestamp": "2026-06-01T08:01:00.000Z"
}))]
pub(crate) struct UnreadChat {
    chat_id: ChatId,
    #[schema(required = true)]
    last_message: Option<String>,
    #[schema(required = true)]
    last_message_sender_id: Option<UserId>,
    #[schema(required = true)]
    last_message_sender_name: Option<String>,
    #[schema(required = true, format = DateTime)]
    last_message_timestamp: Option<String>,
    #[schema(required = true)]
    last_message_type: Option<String>,
    unread_count: u64,
    #[schema(format = DateTime)]
    server_sent_timestamp: String,
}

impl UnreadChat {
    pub(crate) fn new(chat: Overview, people: &People) -> Self {
        let newest = chat.newest;
        Self {
            chat_id: chat.cursor.chat_id,
            last_message_sender_id: newest.as_ref().map(|message| message.sender),
            last_message_sender_name: newest.as_ref().map(|message| people.name(message.sender)),
            last_message_timestamp: newest.as_ref().map(|message| message.at.rfc3339()),
            last_message_type: newest.as_ref().map(|message| message.kind.clone()),
            last_message: newest.map(|message| message.text),
            unread_count: chat.unread,
            server_sent_timestamp: clock::now().rfc3339(),
        }
    }
}

/// A chat in `GET /chats`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_id": 112006274908160_u64,
    "with_user_id": 112006274904065_u64,
    "with_user_name": "bob",
    "with_nick_name": "Bob Example",
    "last_message": "Good morning",
    "last_message_sender_id": 112006274904065_u64,
    "last_message_sender_name": "Bob Example",
    "last_message_type": "text",
    "last_message_timestamp": "2026-06-01T08:00:00.000Z",
    "unread_count": 1,
    "server_sent_timestamp": "2026-06-01T08:01:00.000Z"
}))]
pub(crate) struct ListedChat {
    with_user_id: UserId,
    with_user_name: String,
    with_nick_name: String,
    #[serde(flatten)]
    chat: UnreadChat,
}

impl ListedChat {
    /// A chat as its user sees it; `None` for a chat that has no other one.
    pub(crate) fn new(chat: Overview, people: &People) -> Option<Self> {
        let with = people.profile(chat.cursor.with_user?);
        Some(Self {
            with_user_id: with.user_id,
            with_user_name: with.name(),
            with_nick_name: with.display_name(),
            chat: UnreadChat::new(chat, people),
        })
    }
}

/// A message in a history or a mailbox.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatMessage, example = json!({
    "chat_id": 112006274908160_u64,
    "seq": 1,
    "message": "Good morning",
    "message_sender_id": 112006274904065_u64,
    "message_sender_name": "Bob Example",
    "message_timestamp": "2026-06-01T08:00:00.000Z",
    "message_type": "text",
    "server_sent_timestamp": "2026-06-01T08:01:00.000Z"
}))]
pub(crate) struct Row {
    chat_id: ChatId,
    seq: u64,
    message: String,
    message_sender_id: UserId,
    message_sender_name: String,
    #[schema(format = DateTime)]
    message_timestamp: String,
    message_type: String,
    #[schema(format = DateTime)]
    server_sent_timestamp: String,
}

/// The rows of a page, in its order.
pub(crate) fn rows(page: Page) -> Vec<Row> {
    let now = clock::now().rfc3339();
    page.messages
        .into_iter()
        .map(|message| Row {
            chat_id: page.chat_id,
            seq: message.seq,
            message_sender_id: message.sender,
            message_sender_name: page.people.name(message.sender),
            message_timestamp: message.at.rfc3339(),
            message: message.text,
            message_type: message.kind,
            server_sent_timestamp: now.clone(),
        })
        .collect()
}

/// `GET /chats_v2/{chat_id}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Fetch {
    /// `manual`: nothing is deleted before `POST /chats_v2/{chat_id}/ack`.
    pub(crate) ack: Option<Ack>,
}

/// Who says when fetched messages are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ack {
    /// The caller, by `POST /chats_v2/{chat_id}/ack`.
    Manual,
}

/// `POST /chats_v2/{chat_id}/ack`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"up_to": "2026-06-01T08:00:00.000Z"}))]
pub(crate) struct Acknowledgement {
    #[schema(format = DateTime)]
    pub(crate) up_to: String,
}

/// How many messages are left.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"unread_count": 0}))]
pub(crate) struct Left {
    pub(crate) unread_count: u64,
}

/// `PUT …/chats/{chatID}/users` (000).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"users": ["john.doe", "ann"], "chatName": "Support"}))]
pub(crate) struct AddUsers {
    pub(crate) users: Users,
    #[schema(max_length = 1_000)]
    pub(crate) chat_name: Option<String>,
}

/// Platforms' names of users, as they came.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = PlatformUserNames, value_type = Vec<MemberId>, max_items = 99)]
pub(crate) struct Users(Vec<String>);

impl Users {
    pub(crate) fn members(&self) -> Result<Vec<MemberId>> {
        let members = self.0.iter().map(|name| {
            let refuse = |reason: BadName| Error::invalid("invalid_user_id", format!("\"{name}\": {reason}"));
            name.parse().map_err(refuse)
        });
        members.collect()
    }
}

/// Names of participants in their chat, in the request's order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"GUIDList": ["6f1f64a6-29ba-4c67-9e1b-7d5f3a0d8c11"]}))]
pub(crate) struct GuidList {
    #[serde(rename = "GUIDList")]
    pub(crate) guids: Vec<Uuid>,
}

/// `DELETE …/chats/{chatID}/users` (000).
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"users": ["john.doe"]}))]
pub(crate) struct RemoveUsers {
    #[serde(default)]
    pub(crate) users: Users,
    #[serde(rename = "GUIDs", default)]
    pub(crate) guids: Vec<Uuid>,
}

/// `GET …/chats/{chatID}/users` (000).
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"chat": {
    "chatID": "support-1",
    "chatName": "Support",
    "ownerGUID": "6f1f64a6-29ba-4c67-9e1b-7d5f3a0d8c11",
    "creationTime": "1780300800000",
    "updateTime": "1780300800000",
    "users": [{
        "GUID": "6f1f64a6-29ba-4c67-9e1b-7d5f3a0d8c11",
        "userID": "john.doe",
        "displayName": "John"
    }]
}}))]
pub(crate) struct PlatformChatView {
    chat: PlatformChatFields,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PlatformChatFields {
    #[serde(rename = "chatID")]
    chat_id: PlatformChatId,
    chat_name: String,
    #[serde(rename = "ownerGUID")]
    owner: Uuid,
    /// Milliseconds since the epoch.
    #[schema(pattern = "^[0-9]+$")]
    creation_time: String,
    /// Milliseconds since the epoch.
    #[schema(pattern = "^[0-9]+$")]
    update_time: String,
    users: Vec<ParticipantFields>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ParticipantFields {
    #[serde(rename = "GUID")]
    guid: Uuid,
    #[serde(rename = "userID")]
    member_id: MemberId,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

impl From<View> for PlatformChatView {
    fn from(View { chat, mut names }: View) -> Self {
        let users = chat.participants.into_iter().map(|Participant { guid, member_id }| ParticipantFields {
            guid,
            display_name: names.remove(&member_id),
            member_id,
        });
        Self {
            chat: PlatformChatFields {
                users: users.collect(),
                chat_id: chat.chat_id,
                chat_name: chat.title,
                owner: chat.owner,
                creation_time: chat.created_at.0.to_string(),
                update_time: chat.updated_at.0.to_string(),
            },
        }
    }
}
