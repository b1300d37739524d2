//! Frames to sockets (contract, section 4, table of frames). They are here, and not in one function's wire
//! shapes, because every function that stores something pushes it. What the AsyncAPI document says of each is what
//! stands here: its title is the message's name, and its comment what the message means.

use crate::clock::Timestamp;
use crate::ids::{ChatId, MemberId, Owner, UserId};
use crate::log::Message;
use crate::send;
use crate::store::heads::Kind;
use crate::store::users::Profile;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A notice to everybody who is online.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// A user's first socket opened, or its last one closed: to everybody else who is online.
    #[schema(
        title = "UserActivity",
        example = json!({"type": "user_activity", "user_id": 112006274904064_u64, "login": true})
    )]
    UserActivity {
        /// Whose.
        user_id: UserId,
        /// Opened.
        login: bool,
    },
    /// A group is new or has another name: to everybody who is online.
    #[schema(
        title = "GroupUpdate",
        example = json!({
            "type": "group_update",
            "chat_group_id": 114972804892200_u64,
            "chat_group_name": "Tea at five",
            "owner_id": 112006274904064_u64
        })
    )]
    GroupUpdate {
        /// Which.
        chat_group_id: ChatId,
        /// Its name.
        chat_group_name: String,
        /// Whose it is.
        owner_id: UserId,
    },
    /// A user is new or has changed: to everybody else who is online.
    #[schema(
        title = "UserUpdate",
        example = json!({
            "type": "user_update",
            "user_id": 112006274904064_u64,
            "first_name": "Ann",
            "last_name": "Example"
        })
    )]
    UserUpdate {
        /// Who.
        user_id: UserId,
        /// First name.
        #[schema(required = true)]
        first_name: Option<String>,
        /// Last name.
        #[schema(required = true)]
        last_name: Option<String>,
    },
}

impl Notice {
    /// The notice of a new or changed user.
    pub fn user_update(profile: &Profile) -> Self {
        Self::UserUpdate {
            user_id: profile.user_id,
            first_name: profile.first_name.clone(),
            last_name: profile.last_name.clone(),
        }
    }

    /// The user it is about, who need not be told.
    pub fn about(&self) -> Option<UserId> {
        match *self {
            Self::UserActivity { user_id, .. } | Self::UserUpdate { user_id, .. } => Some(user_id),
            Self::GroupUpdate { .. } => None,
        }
    }
}

/// Which chat a frame or a notification is about, by the name that its kind gives to an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AnyChatRef)]
pub enum ChatRef {
    /// A direct chat, or one without a name of its own for its id.
    Direct {
        /// Which.
        chat_id: ChatId,
    },
    /// A room of either kind.
    Room {
        /// Which.
        chat_room_id: ChatId,
    },
    /// A group.
    Group {
        /// Which.
        chat_group_id: ChatId,
    },
}

impl ChatRef {
    /// A chat of a kind.
    pub fn new(kind: Kind, chat: ChatId) -> Self {
        match kind {
            Kind::Direct | Kind::Web | Kind::Topic => Self::Direct { chat_id: chat },
            Kind::Pair | Kind::Room => Self::Room { chat_room_id: chat },
            Kind::Group => Self::Group { chat_group_id: chat },
        }
    }
}

/// A message of a chat.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "chat_type")]
pub enum MessageFrame<'a> {
    /// A message of a direct chat: to all sockets of both.
    #[serde(rename = "chat")]
    #[schema(
        title = "DirectMessage",
        example = json!({
            "chat_type": "chat",
            "chat_id": 114972804892198_u64,
            "user_id": 112006274904064_u64,
            "message": "Hello Bob",
            "type": "text",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "seq": 1,
            "client_id": "4f1d"
        })
    )]
    Direct {
        /// Which.
        chat_id: ChatId,
        /// What was said.
        #[serde(flatten)]
        said: Said<'a>,
    },
    /// A message of a room of either kind: to all sockets of all participants.
    #[serde(rename = "room")]
    #[schema(
        title = "RoomMessage",
        example = json!({
            "chat_type": "room",
            "chat_room_id": 114972804892199_u64,
            "user_id": 112006274904064_u64,
            "message": "A table for two?",
            "type": "text",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "seq": 3
        })
    )]
    Room {
        /// Which.
        chat_room_id: ChatId,
        /// What was said.
        #[serde(flatten)]
        said: Said<'a>,
    },
    /// A message of a group: to the sockets in the group, and to all sockets of the sender.
    #[serde(rename = "group")]
    #[schema(
        title = "GroupMessage",
        example = json!({
            "chat_type": "group",
            "chat_group_id": 114972804892200_u64,
            "user_id": 112006274904064_u64,
            "message": "Who is in?",
            "type": "text",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "seq": 12,
            "client_id": "4f1e"
        })
    )]
    Group {
        /// Which.
        chat_group_id: ChatId,
        /// What was said.
        #[serde(flatten)]
        said: Said<'a>,
    },
}

/// What was said in a chat, by whom and when.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Said<'a> {
    /// The sender.
    user_id: UserId,
    message: &'a str,
    #[serde(rename = "type")]
    #[schema(value_type = send::Kind)]
    kind: &'a str,
    #[schema(format = DateTime)]
    timestamp: String,
    /// The place in the chat, from 1.
    #[schema(minimum = 1)]
    seq: u64,
    /// The sender's own name for the message, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<&'a str>,
}

impl<'a> MessageFrame<'a> {
    /// The frame of a stored message.
    pub fn new(kind: Kind, chat: ChatId, message: &'a Message) -> Self {
        let said = Said {
            user_id: message.sender,
            message: &message.text,
            kind: &message.kind,
            timestamp: message.at.rfc3339(),
            seq: message.seq,
            client_id: message.client_id.as_deref(),
        };
        match ChatRef::new(kind, chat) {
            ChatRef::Direct { chat_id } => Self::Direct { chat_id, said },
            ChatRef::Room { chat_room_id } => Self::Room { chat_room_id, said },
            ChatRef::Group { chat_group_id } => Self::Group { chat_group_id, said },
        }
    }
}

/// Whether somebody came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = GroupPassage)]
pub enum Passage {
    /// Came.
    Enter,
    /// Went.
    Leave,
}

/// What happened in a group.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "chat_type", rename_all = "snake_case")]
pub enum GroupEvent {
    /// Somebody entered a group or left it: to the sockets in the group but theirs. Who leaves by a frame has it as the
    /// answer.
    #[schema(
        title = "GroupEvent",
        example = json!({
            "chat_type": "group",
            "event": "enter",
            "user_id": 112006274904064_u64,
            "chat_group_id": 114972804892200_u64,
            "timestamp": "2026-01-02T03:04:05.678Z"
        })
    )]
    Group {
        /// What they did.
        event: Passage,
        /// Who.
        user_id: UserId,
        /// Which group.
        chat_group_id: ChatId,
        /// When.
        #[schema(format = DateTime)]
        timestamp: String,
    },
}

impl GroupEvent {
    /// The frame of what happened at a moment.
    pub fn new(event: Passage, user: UserId, group: ChatId, at: Timestamp) -> Self {
        Self::Group { event, user_id: user, chat_group_id: group, timestamp: at.rfc3339() }
    }

    /// Who it is about, who is not told.
    pub fn about(&self) -> UserId {
        let Self::Group { user_id, .. } = self;
        *user_id
    }

    /// The group.
    pub fn group(&self) -> ChatId {
        let Self::Group { chat_group_id, .. } = self;
        *chat_group_id
    }
}

/// What is said with the bot.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "chat_type", rename_all = "snake_case")]
pub enum BotExchange<'a> {
    /// What a user and the bot said to each other (002, step 5): to all sockets of the user.
    #[schema(
        title = "BotExchange",
        example = json!({
            "chat_type": "bot",
            "messages": [
                {
                    "is_user": true,
                    "message": "Hello",
                    "timestamp": "2026-01-02T03:04:05.678Z",
                    "seq": 1
                },
                {
                    "is_user": false,
                    "message": "How do you do. Please tell me what is on your mind.",
                    "timestamp": "2026-01-02T03:04:05.679Z",
                    "seq": 2
                }
            ],
            "client_id": "4f1f"
        })
    )]
    Bot {
        /// The question and the answer.
        messages: [BotMessage<'a>; 2],
        /// The user's own name for the question, if it gave one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        client_id: Option<&'a str>,
    },
}

/// A message to the bot, or of the bot.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BotMessage<'a> {
    is_user: bool,
    message: &'a str,
    #[schema(format = DateTime)]
    timestamp: String,
    /// The place in the chat with the bot, from 1.
    #[schema(minimum = 1)]
    seq: u64,
}

impl<'a> BotExchange<'a> {
    /// The frame of a stored question and its stored answer.
    pub fn new(question: &'a Message, answer: &'a Message) -> Self {
        let messages = [(true, question), (false, answer)].map(|(is_user, message)| BotMessage {
            is_user,
            message: &message.text,
            timestamp: message.at.rfc3339(),
            seq: message.seq,
        });
        Self::Bot { messages, client_id: question.client_id.as_deref() }
    }
}

/// What happens in a chat of document 003.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WebEvent<'a> {
    /// A message of a chat of document 003: to all sockets of all participants.
    #[schema(
        title = "WebMessage",
        example = json!({
            "type": "chat_message",
            "chat_id": 114972804892201_u64,
            "id": 1,
            "sender_id": 112006274904064_u64,
            "content": "Two lumps?",
            "time": "2026-01-02T03:04:05.678Z",
            "seq": 1
        })
    )]
    ChatMessage {
        /// Which chat.
        chat_id: ChatId,
        /// The message's id in the chat.
        #[schema(minimum = 1)]
        id: u64,
        /// Who wrote it.
        sender_id: UserId,
        /// What.
        content: &'a str,
        /// When.
        #[schema(format = DateTime)]
        time: String,
        /// The place in the chat, from 1.
        #[schema(minimum = 1)]
        seq: u64,
        /// The sender's own name for the message, if it gave one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        client_id: Option<&'a str>,
    },
}

impl<'a> WebEvent<'a> {
    /// The frame of a stored message.
    pub fn message(chat: ChatId, message: &'a Message) -> Self {
        Self::ChatMessage {
            chat_id: chat,
            id: message.seq,
            sender_id: message.sender,
            content: &message.text,
            time: message.at.rfc3339(),
            seq: message.seq,
            client_id: message.client_id.as_deref(),
        }
    }
}

/// Where a conversation is (contract, section 6).
pub fn conversation_url(chat: ChatId) -> String {
    format!("/api/conversations/{chat}")
}

/// Where a message of a conversation is.
pub fn conversation_message_url(chat: ChatId, seq: u64) -> String {
    format!("/api/conversations/{chat}/{seq}")
}

/// A message of a conversation, or the end of one (004): to everybody who listens to conversations.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConversationEvent<'a> {
    /// A message was posted to a conversation: to all sockets that a cookie of conversations opened.
    #[schema(
        title = "ConversationPost",
        example = json!({
            "type": "message",
            "conversation": "/api/conversations/114972804892202",
            "message": {
                "user": "bob",
                "text": "Tea, *please*.",
                "timestamp": "2026-01-02T03:04:05.678Z",
                "url": "/api/conversations/114972804892202/1",
                "seq": 1
            }
        })
    )]
    Message {
        /// Where, below the root of the HTTP API.
        conversation: String,
        /// What.
        message: ConversationMessage<'a>,
        /// The author's idempotency key, if it gave one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        client_id: Option<&'a str>,
    },
    /// A message of a conversation was deleted: to all sockets that a cookie of conversations opened.
    #[schema(
        title = "ConversationDelete",
        example = json!({
            "type": "delete",
            "conversation": "/api/conversations/114972804892202",
            "url": "/api/conversations/114972804892202/1"
        })
    )]
    Delete {
        /// Where, below the root of the HTTP API.
        conversation: String,
        /// Which message.
        url: String,
    },
}

impl<'a> ConversationEvent<'a> {
    /// A stored message; `user` is its author's name.
    pub fn message(chat: ChatId, message: &'a Message, user: String) -> Self {
        Self::Message {
            conversation: conversation_url(chat),
            message: ConversationMessage::new(chat, message, user),
            client_id: message.client_id.as_deref(),
        }
    }
}

/// A message as document 004 has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConversationMessage<'a> {
    /// The author's name.
    user: String,
    /// Markdown.
    text: &'a str,
    #[schema(format = DateTime)]
    timestamp: String,
    /// Where it is, below the root of the HTTP API.
    url: String,
    /// The place in the conversation, from 1.
    #[schema(minimum = 1)]
    seq: u64,
}

impl<'a> ConversationMessage<'a> {
    fn new(chat: ChatId, message: &'a Message, user: String) -> Self {
        Self {
            user,
            text: &message.text,
            timestamp: message.at.rfc3339(),
            url: conversation_message_url(chat, message.seq),
            seq: message.seq,
        }
    }
}

/// What one socket is answered, and no other is told.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// The answer to a good token that makes the socket somebody's, or comes alone.
    #[schema(
        title = "Ready",
        examples(
            json!({"type": "ready", "user_id": 112006274904064_u64}),
            json!({"type": "ready", "user_id": "John.Doe-mobile1"})
        )
    )]
    Ready {
        /// Whose socket it is now.
        user_id: BareOwner,
    },
    /// The answer to `ping`.
    #[schema(title = "Pong", example = json!({"type": "pong"}))]
    Pong,
    /// The end of what `resume` brings: the messages that were missed came before it, in the order of each chat.
    #[schema(
        title = "Resumed",
        example = json!({
            "type": "resumed",
            "chats": {
                "114972804892198": {"recovered": true, "seq": 7},
                "114972804892199": {"recovered": false, "seq": 1200}
            }
        })
    )]
    Resumed {
        /// What became of each chat that was asked for, by its id.
        #[schema(value_type = BTreeMap<String, Recovery>)]
        chats: BTreeMap<ChatId, Recovery>,
    },
}

/// An owner without saying of which kind it is: a number, or the name that a platform has for its user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BareOwner {
    /// A user of this system.
    User(UserId),
    /// A platform's user.
    Member(MemberId),
}

impl From<Owner> for BareOwner {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::UserId(user) => Self::User(user),
            Owner::MemberId(member) => Self::Member(member),
        }
    }
}

/// What became of a chat that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Recovery {
    /// Whether everything missed was sent. Where it was not, `GET` the chat's history.
    pub recovered: bool,
    /// The chat's newest position; 0 for a chat that the user does not take part in.
    pub seq: u64,
}

/// The answer to a frame that was refused. The socket stays open unless the frame's token was bad, or its user has too
/// many sockets.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(
    title = "Refusal",
    examples(
        json!({"error": "Send {\"token\": ...} first", "code": "unauthenticated"}),
        json!({
            "error": "Too many messages. Try again in 7 seconds.",
            "code": "too_many_requests",
            "retry_after": 7,
            "client_id": "4f1d"
        })
    )
)]
pub struct Refusal {
    /// A sentence for people.
    #[schema(min_length = 1)]
    pub error: String,
    /// A stable word for programs.
    #[schema(pattern = "^[a-z0-9_]+$")]
    pub code: &'static str,
    /// In how many seconds to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after: Option<u64>,
    /// The frame's own id, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
}

/// What API Gateway says by itself when a function fails at a frame, or takes too long.
#[derive(ToSchema)]
#[schema(
    title = "GatewayFailure",
    example = json!({
        "message": "Internal server error",
        "connectionId": "BDmBzdNwjoECFmQ=",
        "requestId": "BDmB3EvbDoEFkBQ="
    })
)]
#[serde(rename_all = "camelCase")]
pub struct GatewayFailure {
    /// A sentence for people.
    pub message: String,
    /// The connection's id.
    pub connection_id: String,
    /// The request's id, for whoever runs the system.
    pub request_id: String,
}
