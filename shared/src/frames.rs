//! Frames to sockets (contract, section 4, table of frames). They are here, and not in one function's wire
//! shapes, because every function that stores something pushes it.

use crate::clock::Timestamp;
use crate::ids::{ChatId, Owner, UserId};
use crate::log::Message;
use crate::store::heads::Kind;
use crate::store::users::Profile;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A notice to everybody who is online.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// A user's first socket opened, or its last one closed.
    UserActivity {
        /// Whose.
        user_id: UserId,
        /// Opened.
        login: bool,
    },
    /// A group is new or has another name.
    GroupUpdate {
        /// Which.
        chat_group_id: ChatId,
        /// Its name.
        chat_group_name: String,
        /// Whose it is.
        owner_id: UserId,
    },
    /// A user is new or has changed.
    UserUpdate {
        /// Who.
        user_id: UserId,
        /// First name.
        first_name: Option<String>,
        /// Last name.
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

    /// The value of `chat_type` in frames.
    fn chat_type(self) -> &'static str {
        match self {
            Self::Direct { .. } => "chat",
            Self::Room { .. } => "room",
            Self::Group { .. } => "group",
        }
    }
}

/// A message of a chat: to all sockets of both (direct), of all participants (room), or to those in a group.
#[derive(Clone, Debug, Serialize)]
pub struct MessageFrame<'a> {
    chat_type: &'static str,
    #[serde(flatten)]
    chat: ChatRef,
    user_id: UserId,
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
}

impl<'a> MessageFrame<'a> {
    /// The frame of a stored message.
    pub fn new(kind: Kind, chat: ChatId, message: &'a Message) -> Self {
        let chat = ChatRef::new(kind, chat);
        Self {
            chat_type: chat.chat_type(),
            chat,
            user_id: message.sender,
            message: &message.text,
            kind: &message.kind,
            timestamp: message.at.rfc3339(),
            seq: message.seq,
            client_id: message.client_id.as_deref(),
        }
    }
}

/// Whether somebody came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Passage {
    /// Came.
    Enter,
    /// Went.
    Leave,
}

/// Somebody entered a group or left it: to those inside.
#[derive(Clone, Debug, Serialize)]
pub struct GroupEvent {
    chat_type: &'static str,
    event: Passage,
    user_id: UserId,
    chat_group_id: ChatId,
    timestamp: String,
}

impl GroupEvent {
    /// The frame of what happened at a moment.
    pub fn new(event: Passage, user: UserId, group: ChatId, at: Timestamp) -> Self {
        Self { chat_type: "group", event, user_id: user, chat_group_id: group, timestamp: at.rfc3339() }
    }

    /// Who it is about, who is not told.
    pub fn about(&self) -> UserId {
        self.user_id
    }

    /// The group.
    pub fn group(&self) -> ChatId {
        self.chat_group_id
    }
}

/// What a user and the bot said to each other (002, step 5): to all sockets of the user.
#[derive(Clone, Debug, Serialize)]
pub struct BotExchange<'a> {
    chat_type: &'static str,
    messages: [BotMessage<'a>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
}

#[derive(Clone, Debug, Serialize)]
struct BotMessage<'a> {
    is_user: bool,
    message: &'a str,
    timestamp: String,
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
        Self { chat_type: "bot", messages, client_id: question.client_id.as_deref() }
    }
}

/// A message of a chat of document 003: to all sockets of all participants.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "chat_message")]
pub struct WebMessage<'a> {
    chat_id: ChatId,
    id: u64,
    sender_id: UserId,
    content: &'a str,
    time: String,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
}

impl<'a> WebMessage<'a> {
    /// The frame of a stored message.
    pub fn new(chat: ChatId, message: &'a Message) -> Self {
        Self {
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
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConversationEvent<'a> {
    /// It was posted.
    Message {
        /// Where.
        conversation: String,
        /// What.
        message: ConversationMessage<'a>,
        /// The author's idempotency key.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
    },
    /// It was deleted.
    Delete {
        /// Where.
        conversation: String,
        /// Which.
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
#[derive(Clone, Debug, Serialize)]
pub struct ConversationMessage<'a> {
    user: String,
    text: &'a str,
    timestamp: String,
    url: String,
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

/// The end of what a `resume` brings.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "resumed")]
pub struct Resumed {
    /// What became of each chat that was asked for.
    pub chats: BTreeMap<ChatId, Recovery>,
}

/// What became of a chat that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Recovery {
    /// Whether everything missed was sent.
    pub recovered: bool,
    /// The chat's newest position; 0 for a chat that the user does not take part in.
    pub seq: u64,
}

/// Answer to a good init frame.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "ready")]
pub struct Ready {
    /// Whose socket it is now: a number, or the name that a platform has for its user.
    #[serde(serialize_with = "bare")]
    pub user_id: Owner,
}

fn bare<S: Serializer>(owner: &Owner, serializer: S) -> Result<S::Ok, S::Error> {
    match owner {
        Owner::UserId(user) => user.serialize(serializer),
        Owner::MemberId(member) => member.serialize(serializer),
    }
}

/// Answer to a ping.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "pong")]
pub struct Pong {}

/// Answer to a frame that was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// A sentence for people.
    pub error: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// In how many seconds to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The frame's own id, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}
