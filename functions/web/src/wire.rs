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
use utoipa::{IntoParams, ToSchema};

/// Messages on a page: by default, at most.
const PAGE: (u64, u64) = (50, 100);

/// The document's word for what went well.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = WebOutcome)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
}

/// What became of a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebStatus, example = json!({"status": "ok"}))]
pub(crate) struct Status {
    status: Outcome,
}

impl Status {
    pub(crate) const OK: Self = Self { status: Outcome::Ok };
}

/// Something new, with its id (extension).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebMade, example = json!({"status": "ok", "id": 114972804782698_u64}))]
pub(crate) struct Made {
    status: Outcome,
    /// Left out for a message that was deleted before it was sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<u64>,
}

impl Made {
    pub(crate) fn new(id: Option<u64>) -> Self {
        Self { status: Outcome::Ok, id }
    }
}

/// `POST /api/login`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WebCredentials, example = json!({"name": "bob", "password": "battery staple"}))]
pub(crate) struct Credentials {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// `POST /api/user`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(
    as = WebNewUser,
    example = json!({"name": "bob", "password": "battery staple", "email": "bob@example.com"})
)]
pub(crate) struct NewUser {
    /// A name that nobody has, without regard to case and Unicode form.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    #[schema(format = Email, max_length = 254)]
    email: String,
}

impl From<NewUser> for Newcomer {
    fn from(body: NewUser) -> Self {
        let NewUser { name, password, email } = body;
        Self { name, password, email }
    }
}

/// `GET /api/user`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserQuery {
    /// Whose; the caller's own, if it is left out.
    #[param(min_length = 1, max_length = 100)]
    pub(crate) name: Option<String>,
}

/// `PUT /api/user`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WebChangedUser, example = json!({"name": "bob", "email": "bob@example.com"}))]
pub(crate) struct ChangedUser {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    /// It becomes the user's own when it is confirmed by the link in a mail.
    #[schema(format = Email, max_length = 254, nullable = false)]
    email: Option<String>,
}

impl From<ChangedUser> for Change {
    fn from(body: ChangedUser) -> Self {
        Self { name: body.name, email: body.email }
    }
}

/// The answer to `GET /api/user`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = WebUser,
    example = json!({"user": {"id": 114972799323971_u64, "name": "bob", "email": "bob@example.com"}})
)]
pub(crate) struct User {
    user: Person,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebPerson)]
struct Person {
    id: UserId,
    name: String,
    /// The caller's own; null for everybody else.
    #[schema(required = true)]
    email: Option<String>,
}

impl From<Described> for User {
    fn from(described: Described) -> Self {
        let Described { profile, email } = described;
        Self { user: Person { id: profile.user_id, name: profile.name(), email } }
    }
}

/// `POST /api/chats`, `PUT /api/chats/{chat_id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WebTitled, example = json!({"title": "Plans for Saturday"}))]
pub(crate) struct Titled {
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) title: String,
}

/// `DELETE /api/chats`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Leaving {
    /// The chat.
    #[serde(deserialize_with = "id")]
    pub(crate) chat_id: ChatId,
}

/// `POST /api/chats/{chat_id}/users`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WebNamed, example = json!({"name": "ann"}))]
pub(crate) struct Named {
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) name: String,
}

/// The answer to `GET /api/chats`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = WebChats,
    example = json!({
        "chats": [{
            "id": 114972804782698_u64,
            "last_message": "Shall we?",
            "last_message_time": "2026-01-02T03:04:05.678Z",
            "sender_id": 114972799323971_u64,
            "title": "Plans"
        }]
    })
)]
pub(crate) struct Chats {
    /// The one with the newest message first.
    chats: Vec<Chat>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebChat)]
struct Chat {
    id: ChatId,
    /// Null while nothing was said, like its time and sender.
    #[schema(required = true)]
    last_message: Option<String>,
    #[schema(required = true, format = DateTime)]
    last_message_time: Option<String>,
    #[schema(required = true)]
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
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many messages are wanted: 50 if it is left out, at most 100.
    count: Option<Number>,
    #[serde(flatten)]
    #[param(ignore)]
    until: Until,
}

impl Paging {
    pub(crate) fn into_parts(self) -> Result<(Option<Timestamp>, usize)> {
        Ok((self.until.moment()?, count(self.count, PAGE.0, PAGE.1)? as usize))
    }
}

/// `POST /api/chats/{chat_id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WebNewMessage, example = json!({"content": "Shall we?"}))]
pub(crate) struct NewMessage {
    /// At most 16 KiB of UTF-8.
    #[schema(min_length = 1, max_length = 16_384)]
    pub(crate) content: String,
}

/// `DELETE /api/chats/{chat_id}`: which message.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Unwanted {
    /// The message's id.
    #[serde(deserialize_with = "id")]
    pub(crate) id: u64,
}

/// The answer to `GET /api/chats/{chat_id}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = WebMessages,
    example = json!({
        "messages": [{
            "content": "Shall we?",
            "id": 1,
            "sender_id": 114972799323971_u64,
            "time": "2026-01-02T03:04:05.678Z",
            "seq": 1
        }],
        "next": null
    })
)]
pub(crate) struct Messages {
    /// Oldest first.
    messages: Vec<Row>,
    /// What to give as `next` for older ones; null when there are none.
    #[schema(required = true, format = DateTime)]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebMessage)]
struct Row {
    content: String,
    id: u64,
    sender_id: UserId,
    #[schema(format = DateTime)]
    time: String,
    /// The place in the chat, from 1.
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
