//! This surface's requests and answers.

use chat::Result;
use chat::accounts::{Change, Described, Newcomer};
use chat::chats::{About, Listing, Overview};
use chat::clock::Timestamp;
use chat::history::Page;
use chat::http::{Number, Until, count, id};
use chat::ids::{ChatId, UserId};
use chat::log::Message;
use serde::{Deserialize, Serialize};

/// Messages on a page: by default, at most.
const PAGE: (u64, u64) = (50, 100);

/// What became of a request, in the document's word.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    status: &'static str,
}

impl Status {
    pub(crate) const OK: Self = Self { status: "ok" };
}

/// Something new, with its id (extension).
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
}

impl Made {
    pub(crate) fn new(id: Option<u64>) -> Self {
        Self { status: "ok", id }
    }
}

/// `POST /api/login`.
#[derive(Debug, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// `POST /api/user`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewUser {
    name: String,
    password: String,
    email: String,
}

impl From<NewUser> for Newcomer {
    fn from(body: NewUser) -> Self {
        let NewUser { name, password, email } = body;
        Self { name, password, email }
    }
}

/// `GET /api/user`.
#[derive(Debug, Deserialize)]
pub(crate) struct UserQuery {
    pub(crate) name: Option<String>,
}

/// `PUT /api/user`.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangedUser {
    name: Option<String>,
    email: Option<String>,
}

impl From<ChangedUser> for Change {
    fn from(body: ChangedUser) -> Self {
        Self { name: body.name, email: body.email }
    }
}

/// The answer to `GET /api/user`.
#[derive(Debug, Serialize)]
pub(crate) struct User {
    user: Person,
}

#[derive(Debug, Serialize)]
struct Person {
    id: UserId,
    name: String,
    email: Option<String>,
}

impl From<Described> for User {
    fn from(described: Described) -> Self {
        let Described { profile, email } = described;
        Self { user: Person { id: profile.user_id, name: profile.name(), email } }
    }
}

/// `POST /api/chats`, `PUT /api/chats/{chat_id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Titled {
    pub(crate) title: String,
}

/// `DELETE /api/chats`.
#[derive(Debug, Deserialize)]
pub(crate) struct Leaving {
    #[serde(deserialize_with = "id")]
    pub(crate) chat_id: ChatId,
}

/// `POST /api/chats/{chat_id}/users`.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// The answer to `GET /api/chats`.
#[derive(Debug, Serialize)]
pub(crate) struct Chats {
    chats: Vec<Chat>,
}

#[derive(Debug, Serialize)]
struct Chat {
    id: ChatId,
    last_message: Option<String>,
    last_message_time: Option<String>,
    sender_id: Option<UserId>,
    title: String,
}

impl From<Listing> for Chats {
    fn from(listing: Listing) -> Self {
        Self { chats: listing.chats.into_iter().filter_map(Chat::new).collect() }
    }
}

impl Chat {
    fn new(chat: Overview) -> Option<Self> {
        let Some(About::Web(about)) = chat.about else { return None };
        let (text, time, sender) = match chat.newest {
            Some(Message { text, at, sender, .. }) => (Some(text), Some(at.rfc3339()), Some(sender)),
            None => (None, None, None),
        };
        Some(Self {
            id: about.chat_id,
            last_message: text,
            last_message_time: time,
            sender_id: sender,
            title: about.title,
        })
    }
}

/// `GET /api/chats/{chat_id}`. Which part of its history is wanted (extension).
#[derive(Debug, Deserialize)]
pub(crate) struct Paging {
    count: Option<Number>,
    #[serde(flatten)]
    until: Until,
}

impl Paging {
    pub(crate) fn into_parts(self) -> Result<(Option<Timestamp>, usize)> {
        Ok((self.until.moment()?, count(self.count, PAGE.0, PAGE.1)? as usize))
    }
}

/// `POST /api/chats/{chat_id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewMessage {
    pub(crate) content: String,
}

/// `DELETE /api/chats/{chat_id}`: which message.
#[derive(Debug, Deserialize)]
pub(crate) struct Unwanted {
    #[serde(deserialize_with = "id")]
    pub(crate) id: u64,
}

/// The answer to `GET /api/chats/{chat_id}`.
#[derive(Debug, Serialize)]
pub(crate) struct Messages {
    messages: Vec<Row>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    content: String,
    id: u64,
    sender_id: UserId,
    time: String,
    seq: u64,
}

impl From<Page> for Messages {
    fn from(page: Page) -> Self {
        // Oldest first (contract, section 1, "Lists").
        let messages = page.messages.into_iter().rev().map(Row::from).collect();
        Self { messages, next: page.next.map(Timestamp::rfc3339) }
    }
}

impl From<Message> for Row {
    fn from(message: Message) -> Self {
        Self {
            content: message.text,
            id: message.seq,
            sender_id: message.sender,
            time: message.at.rfc3339(),
            seq: message.seq,
        }
    }
}
