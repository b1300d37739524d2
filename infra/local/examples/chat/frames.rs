//! Frames from the socket.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::api::{BotMessage, Message, To};

/// A frame that means something here.
#[derive(Debug)]
pub(crate) enum Frame {
    /// A message of a direct chat or a room, an own one too.
    Message {
        /// The chat.
        chat: u64,
        /// The room, if it is one.
        room: Option<To>,
        /// What was said.
        message: Message,
    },
    /// A question to the bot, with its answer.
    Bot(BotExchange),
    /// Somebody came or went.
    Activity(Activity),
    /// The end of what was missed.
    Resumed(Resumed),
    /// A frame was refused.
    Refusal(Refusal),
}

/// A question to the bot, and its answer.
#[derive(Debug, Deserialize)]
pub(crate) struct BotExchange {
    pub(crate) messages: [BotMessage; 2],
    pub(crate) client_id: Option<String>,
}

/// A user's first socket opened, or the last one closed.
#[derive(Debug, Deserialize)]
pub(crate) struct Activity {
    pub(crate) user_id: u64,
    pub(crate) login: bool,
}

/// What became of the chats that a `resume` asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Resumed {
    pub(crate) chats: BTreeMap<u64, Recovery>,
}

/// What became of one of them.
#[derive(Debug, Deserialize)]
pub(crate) struct Recovery {
    pub(crate) recovered: bool,
    pub(crate) seq: u64,
}

/// A frame that was refused.
#[derive(Debug, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) error: String,
    pub(crate) code: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) client_id: Option<String>,
}

impl Refusal {
    /// Whether the same frame may be taken later.
    pub(crate) fn is_passing(&self) -> bool {
        self.retry_after.is_some() || matches!(self.code.as_str(), "busy" | "internal")
    }

    /// How long to wait.
    pub(crate) fn pause(&self) -> Duration {
        Duration::from_secs(self.retry_after.unwrap_or(1))
    }
}

#[derive(Deserialize)]
struct MessageFrame {
    #[serde(alias = "chat_room_id")]
    chat_id: u64,
    user_id: u64,
    message: String,
    r#type: String,
    timestamp: String,
    seq: u64,
}

/// A frame, if it is one of those that matter. New ones may come to be; they are nothing to stumble over.
pub(crate) fn parse(text: &str) -> Option<Frame> {
    let value: Value = serde_json::from_str(text).ok()?;
    let (chat_type, kind) = (value["chat_type"].as_str(), value["type"].as_str());
    match (chat_type, kind) {
        (Some("chat" | "room"), _) => {
            let is_room = chat_type == Some("room");
            let frame: MessageFrame = serde_json::from_value(value).ok()?;
            let message = Message {
                seq: frame.seq,
                sender: Some(frame.user_id),
                text: frame.message,
                kind: frame.r#type,
                at: frame.timestamp,
            };
            let room = is_room.then_some(To::Room(frame.chat_id));
            Some(Frame::Message { chat: frame.chat_id, room, message })
        }
        (Some("bot"), _) => Some(Frame::Bot(serde_json::from_value(value).ok()?)),
        (None, Some("user_activity")) => Some(Frame::Activity(serde_json::from_value(value).ok()?)),
        (None, Some("resumed")) => Some(Frame::Resumed(serde_json::from_value(value).ok()?)),
        (None, None) if value["error"].is_string() => {
            Some(Frame::Refusal(serde_json::from_value(value).ok()?))
        }
        _ => None,
    }
}
