//! What is posted to conversations (004), and where that is.

use crate::ids::ChatId;
use crate::log::Message;
use serde::Serialize;
use utoipa::ToSchema;

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
