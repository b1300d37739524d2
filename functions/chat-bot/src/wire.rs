//! This surface's answers.

use chat::clock::Timestamp;
use chat::history::Page;
use chat::ids::UserId;
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /chat_bot`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BotMessages, example = json!({
    "messages": [{"seq": 1, "is_user": true, "message": "Hello", "timestamp": "2026-06-01T08:00:00.000Z"}],
    "next": null
}))]
pub(crate) struct Messages {
    messages: Vec<Row>,
    #[schema(required = true)]
    next: Option<String>,
}

/// What the user or the bot said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BotMessage)]
struct Row {
    seq: u64,
    is_user: bool,
    message: String,
    #[schema(format = DateTime)]
    timestamp: String,
}

impl From<Page> for Messages {
    fn from(page: Page) -> Self {
        let rows = page.messages.into_iter().map(|message| Row {
            seq: message.seq,
            is_user: message.sender != UserId::BOT,
            timestamp: message.at.rfc3339(),
            message: message.text,
        });
        Self { messages: rows.collect(), next: page.next.map(Timestamp::rfc3339) }
    }
}
