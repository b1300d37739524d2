//! This surface's answers.

use chat::clock::Timestamp;
use chat::history::Page;
use chat::ids::UserId;
use serde::Serialize;

/// `GET /chat_bot`.
#[derive(Debug, Serialize)]
pub(crate) struct Messages {
    messages: Vec<Row>,
    next: Option<String>,
}

/// What the user or the bot said.
#[derive(Debug, Serialize)]
struct Row {
    seq: u64,
    is_user: bool,
    message: String,
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
