//! What is said and happens in chats of documents 001 to 003.

use crate::clock::Timestamp;
use crate::ids::{ChatId, UserId};
use crate::log::Message;
use crate::send;
use crate::store::heads::Kind;
use serde::Serialize;
use utoipa::ToSchema;

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
