//! This surface's requests and answers.

use chat::chats::People;
use chat::frames::{conversation_message_url, conversation_url};
use chat::http::Number;
use chat::ids::ChatId;
use chat::log::Message;
use chat::send::Sent;
use chat::topics::{Entry, Page};
use serde::{Deserialize, Serialize};

/// `POST /auth/register`.
#[derive(Debug, Deserialize)]
pub(crate) struct Register {
    pub(crate) username: String,
}

/// What became of a request, in the document's words.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) status: &'static str,
}

impl Status {
    pub(crate) const SUCCESS: Self = Self { status: "success" };
    pub(crate) const NAME_TAKEN: Self = Self { status: "username taken" };
}

/// `POST /api/conversations`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewConversation {
    pub(crate) title: String,
}

/// `POST /api/conversations/{id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewMessage {
    pub(crate) text: String,
}

/// Where something new is.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl From<ChatId> for Made {
    fn from(chat: ChatId) -> Self {
        Self { status: "success", url: Some(conversation_url(chat)) }
    }
}

impl From<Sent> for Made {
    fn from(sent: Sent) -> Self {
        let url = sent.place().map(|(seq, _)| conversation_message_url(sent.chat_id, seq));
        Self { status: "success", url }
    }
}

/// `GET /api/conversations`.
#[derive(Debug, Deserialize)]
pub(crate) struct Paging {
    pub(crate) count: Option<Number>,
    pub(crate) next: Option<ChatId>,
}

/// A page of conversations.
#[derive(Debug, Serialize)]
pub(crate) struct Conversations {
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) next: Option<ChatId>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Conversation {
    title: String,
    msgcount: u64,
    url: String,
}

impl From<Entry> for Conversation {
    fn from(entry: Entry) -> Self {
        Self { url: conversation_url(entry.topic.chat_id), title: entry.topic.title, msgcount: entry.count }
    }
}

/// `GET /api/conversations/{id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Newest {
    #[serde(rename = "N", alias = "n")]
    pub(crate) count: Option<Number>,
}

/// `/api/conversations/{id}/{message_id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    pub(crate) id: ChatId,
    pub(crate) message_id: u64,
}

/// The newest messages of a conversation.
#[derive(Debug, Serialize)]
pub(crate) struct Messages {
    messages: Vec<Row>,
}

/// A message.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    user: String,
    text: String,
    timestamp: String,
    url: String,
    seq: u64,
}

impl Row {
    fn new(chat: ChatId, message: Message, people: &People) -> Self {
        Self {
            user: people.name(message.sender),
            text: message.text,
            timestamp: message.at.rfc3339(),
            url: conversation_message_url(chat, message.seq),
            seq: message.seq,
        }
    }

    /// The rows of a page.
    pub(crate) fn rows(chat: ChatId, page: Page) -> impl Iterator<Item = Self> {
        let Page { messages, people } = page;
        messages.into_iter().map(move |message| Self::new(chat, message, &people))
    }
}

impl FromIterator<Row> for Messages {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        Self { messages: rows.into_iter().collect() }
    }
}
