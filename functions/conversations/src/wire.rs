//! This surface's requests and answers.

use chat::chats::People;
use chat::frames::{conversation_message_url, conversation_url};
use chat::http::Number;
use chat::ids::ChatId;
use chat::log::Message;
use chat::send::Sent;
use chat::topics::{Entry, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `POST /auth/register`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RegisterName, example = json!({"username": "bob"}))]
pub(crate) struct Register {
    /// A name that nobody has, without regard to case and Unicode form.
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) username: String,
}

/// What became of a request, in the document's words.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ConversationOutcome)]
pub(crate) enum Outcome {
    /// It was done.
    #[serde(rename = "success")]
    Success,
    /// Somebody has the name.
    #[serde(rename = "username taken")]
    NameTaken,
}

/// What became of a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationStatus, example = json!({"status": "success"}))]
pub(crate) struct Status {
    pub(crate) status: Outcome,
}

/// `POST /api/conversations`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"title": "Tea or coffee?"}))]
pub(crate) struct NewConversation {
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) title: String,
}

/// `POST /api/conversations/{id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewConversationMessage, example = json!({"text": "Tea, *please*."}))]
pub(crate) struct NewMessage {
    /// Markdown, at most 16 KiB of UTF-8. It is kept as sent.
    #[schema(min_length = 1, max_length = 16_384)]
    pub(crate) text: String,
}

/// Where something new is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = ConversationMade,
    example = json!({"status": "success", "url": "/api/conversations/114972804892198"})
)]
pub(crate) struct Made {
    status: Outcome,
    /// Below the root of the API. Left out for a message that was deleted before it was sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
}

impl From<ChatId> for Made {
    fn from(chat: ChatId) -> Self {
        Self { status: Outcome::Success, url: Some(conversation_url(chat)) }
    }
}

impl From<Sent> for Made {
    fn from(sent: Sent) -> Self {
        let url = sent.place().map(|(seq, _)| conversation_message_url(sent.chat_id, seq));
        Self { status: Outcome::Success, url }
    }
}

/// `GET /api/conversations`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many conversations are wanted: 50 if it is left out, at most 100.
    pub(crate) count: Option<Number>,
    /// An answer's `next`.
    pub(crate) next: Option<ChatId>,
}

/// A page of conversations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    example = json!({
        "conversations": [{"title": "Tea", "msgcount": 1, "url": "/api/conversations/114972804892198"}],
        "next": null
    })
)]
pub(crate) struct Conversations {
    pub(crate) conversations: Vec<Conversation>,
    /// Where the next page begins; null on the last one.
    #[schema(required = true)]
    pub(crate) next: Option<ChatId>,
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Conversation {
    title: String,
    msgcount: u64,
    /// Below the root of the API.
    url: String,
}

impl From<Entry> for Conversation {
    fn from(entry: Entry) -> Self {
        Self { url: conversation_url(entry.topic.chat_id), title: entry.topic.title, msgcount: entry.count }
    }
}

/// `GET /api/conversations/{id}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Newest {
    /// How many messages are wanted, the newest: 10 if it is left out, at most 100. `n` is taken, too.
    #[serde(rename = "N", alias = "n")]
    pub(crate) count: Option<Number>,
}

/// `/api/conversations/{id}/{message_id}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct Place {
    /// The conversation.
    pub(crate) id: ChatId,
    /// The message's `seq`.
    pub(crate) message_id: u64,
}

/// The newest messages of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = ConversationMessages,
    example = json!({
        "messages": [{
            "user": "bob",
            "text": "Tea, *please*.",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "url": "/api/conversations/114972804892198/1",
            "seq": 1
        }]
    })
)]
pub(crate) struct Messages {
    /// Oldest first.
    messages: Vec<Row>,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = ConversationMessage,
    example = json!({
        "user": "bob",
        "text": "Tea, *please*.",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "url": "/api/conversations/114972804892198/1",
        "seq": 1
    })
)]
pub(crate) struct Row {
    /// The author's name.
    user: String,
    text: String,
    #[schema(format = DateTime)]
    timestamp: String,
    /// Below the root of the API.
    url: String,
    /// The place in the conversation, from 1.
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
