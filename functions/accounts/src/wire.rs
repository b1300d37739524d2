//! This surface's requests and answers.

use chat::accounts::{Applicant, Entry, Login, Profile};
use chat::chats::{Kind, Listing};
use chat::frames::ChatRef;
use chat::http::Number;
use chat::ids::{ChatId, UserId};
use chat::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `POST /register`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "email": "ann@example.com",
    "password": "correct horse",
    "first_name": "Ann",
    "last_name": "Example",
    "user_name": "ann"
}))]
pub(crate) struct Registration {
    #[schema(max_length = 254, format = Email)]
    email: String,
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password: String,
    #[schema(min_length = 1, max_length = 100)]
    first_name: String,
    #[schema(min_length = 1, max_length = 100)]
    last_name: String,
    #[schema(min_length = 1, max_length = 100)]
    user_name: Option<String>,
}

impl From<Registration> for Applicant {
    fn from(body: Registration) -> Self {
        Self {
            email: body.email,
            password: body.password,
            first_name: body.first_name,
            last_name: body.last_name,
            user_name: body.user_name,
        }
    }
}

/// The answer to `POST /register`, whether or not the address is taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "confirmation_sent"}))]
pub(crate) struct Status {
    pub(crate) status: &'static str,
}

/// A new user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "user_id": 112006274904064_u64, "user_name": "ann", "first_name": "Ann", "last_name": "Example"
}))]
pub(crate) struct NewUser {
    user_id: UserId,
    #[schema(required = true)]
    user_name: Option<String>,
    #[schema(required = true)]
    first_name: Option<String>,
    #[schema(required = true)]
    last_name: Option<String>,
}

impl From<Profile> for NewUser {
    fn from(profile: Profile) -> Self {
        Self {
            user_id: profile.user_id,
            user_name: profile.user_name,
            first_name: profile.first_name,
            last_name: profile.last_name,
        }
    }
}

/// `POST /login`: an address or a user name, and the password.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"email": "ann@example.com", "password": "correct horse"}))]
pub(crate) struct Credentials {
    email: Option<String>,
    user_name: Option<String>,
    password: String,
}

impl Credentials {
    pub(crate) fn into_parts(self) -> Result<(Login, String)> {
        let login = match (self.email, self.user_name) {
            (Some(email), None) => Login::Email(email),
            (None, Some(name)) => Login::UserName(name),
            _ => {
                return Err(Error::invalid("invalid_login", "Send either email or user_name, with password"));
            }
        };
        Ok((login, self.password))
    }
}

/// The answer to `POST /login`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"token": "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"}))]
pub(crate) struct Token {
    pub(crate) token: String,
}

/// `GET /users`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// An answer's `next`.
    pub(crate) next: Option<UserId>,
    /// How many rows are wanted: 50 if it is left out, at most 100.
    pub(crate) count: Option<Number>,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "users": [{
        "user_id": 112006274904064_u64,
        "user_name": "ann",
        "first_name": "Ann",
        "last_name": "Example",
        "online": false,
        "last_seen": "2026-06-01T08:00:00.000Z"
    }],
    "next": null
}))]
pub(crate) struct Users {
    pub(crate) users: Vec<User>,
    #[schema(required = true)]
    pub(crate) next: Option<UserId>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    user_id: UserId,
    #[schema(required = true)]
    user_name: Option<String>,
    #[schema(required = true)]
    first_name: Option<String>,
    #[schema(required = true)]
    last_name: Option<String>,
    online: bool,
    #[schema(required = true, format = DateTime)]
    last_seen: Option<String>,
}

impl From<Entry> for User {
    fn from(entry: Entry) -> Self {
        Self {
            user_id: entry.profile.user_id,
            user_name: entry.profile.user_name,
            first_name: entry.profile.first_name,
            last_name: entry.profile.last_name,
            online: !entry.sockets.open.is_empty(),
            last_seen: entry.sockets.last_seen.map(|moment| moment.rfc3339()),
        }
    }
}

/// `PUT /notifications`: one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"chat_room_id": 112006274908161_u64}))]
pub(crate) struct NotifiedChat {
    chat_room_id: Option<ChatId>,
    chat_group_id: Option<ChatId>,
    chat_id: Option<ChatId>,
}

impl NotifiedChat {
    /// The chat, and the kinds that it may be of.
    pub(crate) fn into_parts(self) -> Result<(ChatId, &'static [Kind])> {
        match (self.chat_room_id, self.chat_group_id, self.chat_id) {
            (Some(room), None, None) => Ok((room, &[Kind::Pair, Kind::Room])),
            (None, Some(group), None) => Ok((group, &[Kind::Group])),
            (None, None, Some(chat)) => Ok((chat, &[Kind::Direct])),
            _ => Err(Error::invalid("invalid_body", "Send one of chat_room_id, chat_group_id and chat_id")),
        }
    }
}

/// `GET /notifications`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "notifications": [{
        "chat_room_id": 112006274908161_u64,
        "sender_id": 112006274904064_u64,
        "sender_name": "Ann Example",
        "message": "Good morning",
        "timestamp": "2026-06-01T08:00:00.000Z",
        "unread_count": 1,
        "is_read": false
    }]
}))]
pub(crate) struct Notifications {
    notifications: Vec<Notification>,
}

/// A chat with something new, or read not long ago.
#[derive(Debug, Serialize, ToSchema)]
struct Notification {
    #[serde(flatten)]
    chat: ChatRef,
    sender_id: UserId,
    sender_name: String,
    message: String,
    #[schema(format = DateTime)]
    timestamp: String,
    unread_count: u64,
    is_read: bool,
}

impl From<Listing> for Notifications {
    fn from(Listing { chats, people }: Listing) -> Self {
        let notifications = chats.into_iter().filter_map(|chat| {
            let newest = chat.newest?;
            Some(Notification {
                chat: ChatRef::new(chat.cursor.kind, chat.cursor.chat_id),
                sender_id: newest.sender,
                sender_name: people.name(newest.sender),
                timestamp: newest.at.rfc3339(),
                message: newest.text,
                unread_count: chat.unread,
                is_read: chat.unread == 0,
            })
        });
        Self { notifications: notifications.collect() }
    }
}
