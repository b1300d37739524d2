//! The calls over HTTP that a chat needs.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, Request};
use http_body_util::Full;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::network::{Failure, Network};

/// What everybody's password is who has none and is at a local stack: whoever can reach that may be anybody there.
const LOCAL_PASSWORD: &str = "a name at a local stack";
/// How often a call is tried.
const TRIES: u32 = 4;
/// The longest pause before a call is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Rows on a page.
pub(crate) const PAGE: usize = 100;
/// Where rooms of terminals are: rooms have a place, terminals have none.
const LATITUDE: f64 = 0.0;
const LONGITUDE: f64 = 0.0;

/// Who somebody says to be.
#[derive(Debug)]
pub(crate) enum Identity {
    /// By a confirmed address.
    Address {
        /// The address.
        email: String,
        /// The password.
        password: String,
    },
    /// By name.
    Name {
        /// The name.
        name: String,
        /// The password.
        password: String,
    },
    /// By a name that the local stack takes for granted.
    Local {
        /// The name.
        name: String,
        /// Where its mails are.
        console: String,
    },
}

/// A row of `GET /users`.
#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) user_id: u64,
    pub(crate) user_name: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) online: bool,
}

/// A row of `GET /chats`.
#[derive(Debug, Deserialize)]
pub(crate) struct ListedChat {
    pub(crate) chat_id: u64,
    pub(crate) with_user_id: u64,
    pub(crate) unread_count: u64,
}

/// A row of `GET /chat_rooms` or `GET /chat_rooms/nearby`.
#[derive(Debug, Deserialize)]
pub(crate) struct Room {
    pub(crate) chat_room_id: u64,
    pub(crate) title: Option<String>,
    /// The other one in a private room of two.
    pub(crate) other_user_id: Option<u64>,
    #[serde(default)]
    pub(crate) unread_count: u64,
}

/// A message, from whichever source.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) seq: u64,
    /// `None` is the bot.
    pub(crate) sender: Option<u64>,
    pub(crate) text: String,
    /// Anything but `text` is something that a terminal cannot show.
    pub(crate) kind: String,
    pub(crate) at: String,
}

/// Where a message went.
#[derive(Debug, Deserialize)]
pub(crate) struct Posted {
    #[serde(alias = "chat_room_id")]
    pub(crate) chat_id: u64,
    /// Left out where the message has been deleted since it was first sent.
    pub(crate) seq: Option<u64>,
    pub(crate) message_timestamp: Option<String>,
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// A user.
    Person(u64),
    /// A room.
    Room(u64),
}

/// The HTTP API, for one who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    network: Network,
    root: String,
    token: String,
}

impl Api {
    /// The API at a URL, for nobody yet.
    pub(crate) fn new(network: Network, root: &str) -> Self {
        Self { network, root: root.trim_end_matches('/').to_owned(), token: String::new() }
    }

    /// The token of this login.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Logs in. A name that a local stack does not know gets an account first.
    pub(crate) async fn enter(&mut self, identity: &Identity) -> Result<(), Failure> {
        match identity {
            Identity::Address { email, password } => {
                self.login(json!({"email": email, "password": password})).await
            }
            Identity::Name { name, password } => {
                self.login(json!({"user_name": name, "password": password})).await
            }
            Identity::Local { name, console } => {
                let credentials = json!({"user_name": name, "password": LOCAL_PASSWORD});
                match self.login(credentials.clone()).await {
                    Err(failure) if failure.status() == Some(401) => {
                        self.join(name, console).await?;
                        self.login(credentials).await
                    }
                    outcome => outcome,
                }
            }
        }
    }

    async fn login(&mut self, credentials: Value) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Answer {
            token: String,
        }
        let Answer { token } = self.call(Method::POST, "/login", Some(&credentials)).await?;
        self.token = token;
        Ok(())
    }

    /// Registers a name, and follows the link in the mail.
    async fn join(&self, name: &str, console: &str) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Mail {
            to: String,
            text: String,
        }
        let email = format!("{}@example.com", Uuid::new_v4().simple());
        let applicant = json!({
            "email": email, "password": LOCAL_PASSWORD, "user_name": name, "first_name": name, "last_name": "(terminal)",
        });
        let _: Value = self.call(Method::POST, "/register", Some(&applicant)).await?;
        let outbox = Self { root: console.trim_end_matches('/').to_owned(), ..self.clone() };
        let mails: Vec<Mail> = outbox.get("/outbox").await?;
        let token = mails.iter().find(|mail| mail.to == email).and_then(|mail| {
            let (_, rest) = mail.text.split_once("/register/")?;
            rest.split(char::is_whitespace).next()
        });
        let Some(token) = token else {
            return Err(Failure::Unable(format!("There is no mail to {name} at {console}/outbox")));
        };
        let _: Value = self.get(&format!("/register/{token}")).await?;
        Ok(())
    }

    /// Some users in the order of their ids, after one of them.
    pub(crate) async fn users_after(&self, after: Option<u64>) -> Result<Vec<User>, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            users: Vec<User>,
        }
        let next = after.map(|after| format!("&next={after}")).unwrap_or_default();
        let Answer { users } = self.get(&format!("/users?count={PAGE}{next}")).await?;
        Ok(users)
    }

    /// The caller's direct chats.
    pub(crate) async fn chats(&self) -> Result<Vec<ListedChat>, Failure> {
        self.get("/chats").await
    }

    /// The chat of the caller with somebody, if they have one.
    pub(crate) async fn chat_of(&self, me: u64, other: u64) -> Result<Option<u64>, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            chat_id: u64,
        }
        match self.get(&format!("/chats/users/{me}/{other}")).await {
            Ok(Answer { chat_id }) => Ok(Some(chat_id)),
            Err(failure) if failure.status() == Some(404) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The rooms that the caller takes part in.
    pub(crate) async fn rooms(&self) -> Result<Vec<Room>, Failure> {
        self.get("/chat_rooms").await
    }

    /// The room with a title among those of terminals, which is opened if there is none. Of several the oldest: two
    /// people may open one at the same time.
    pub(crate) async fn room_titled(&self, title: &str) -> Result<u64, Failure> {
        #[derive(Deserialize)]
        struct Made {
            chat_room_id: u64,
        }
        let place = format!("latitude={LATITUDE}&longitude={LONGITUDE}&radius_m=1&count={PAGE}");
        let mut found = Vec::new();
        for page in 0.. {
            let rooms: Vec<Room> =
                self.get(&format!("/chat_rooms/nearby?{place}&offset={}", page * PAGE + 1)).await?;
            let is_last = rooms.len() < PAGE;
            found.extend(rooms.into_iter().filter(|room| room.title.as_deref() == Some(title)));
            if is_last {
                break;
            }
        }
        if let Some(oldest) = found.iter().map(|room| room.chat_room_id).min() {
            return Ok(oldest);
        }
        let room = json!({"title": title, "latitude": LATITUDE, "longitude": LONGITUDE});
        let Made { chat_room_id } = self.call(Method::POST, "/chat_rooms", Some(&room)).await?;
        Ok(chat_room_id)
    }

    /// The newest messages of a direct chat, oldest first.
    pub(crate) async fn history(&self, chat: u64, count: usize) -> Result<Vec<Message>, Failure> {
        #[derive(Deserialize)]
        struct Row {
            seq: u64,
            message_sender_id: u64,
            message: String,
            message_type: String,
            message_timestamp: String,
        }
        let rows: Vec<Row> = self.get(&format!("/chats/{chat}?count={count}")).await?;
        let message = |row: Row| Message {
            seq: row.seq,
            sender: Some(row.message_sender_id),
            text: row.message,
            kind: row.message_type,
            at: row.message_timestamp,
        };
        Ok(rows.into_iter().rev().map(message).collect())
    }

    /// The newest messages of a room, oldest first.
    pub(crate) async fn room_history(&self, room: u64, count: usize) -> Result<Vec<Message>, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            messages: Vec<Row>,
        }
        #[derive(Deserialize)]
        struct Row {
            seq: u64,
            user_id: u64,
            message: String,
            r#type: String,
            timestamp: String,
        }
        let Answer { messages } = self.get(&format!("/chat_rooms/{room}")).await?;
        let message = |row: Row| Message {
            seq: row.seq,
            sender: Some(row.user_id),
            text: row.message,
            kind: row.r#type,
            at: row.timestamp,
        };
        Ok(messages.into_iter().take(count).rev().map(message).collect())
    }

    /// The newest of what was said to the bot and by it, oldest first.
    pub(crate) async fn bot_history(&self, me: u64) -> Result<Vec<Message>, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            messages: Vec<BotMessage>,
        }
        let Answer { messages } = self.get("/chat_bot").await?;
        Ok(messages.into_iter().rev().map(|message| message.said_by(me)).collect())
    }

    /// Sends a message once. The same key again is the same message.
    pub(crate) async fn send(&self, to: To, text: &str, key: &str) -> Result<Posted, Failure> {
        let (path, body) = match to {
            To::Person(user) => {
                ("/chats".to_owned(), json!({"receiver_id": user, "message": text, "type": "text"}))
            }
            To::Room(room) => {
                (format!("/chat_rooms/{room}/message"), json!({"message": text, "type": "text"}))
            }
        };
        self.call_once(Method::POST, &path, Some(key), Some(&body)).await
    }

    /// Marks a chat as read.
    pub(crate) async fn mark_read(&self, to: To, chat: u64) -> Result<(), Failure> {
        let (path, body) = match to {
            To::Person(_) => ("/chats/read".to_owned(), Some(json!({"chat_id": chat}))),
            To::Room(room) => (format!("/chat_rooms/{room}/read"), None),
        };
        let _: Value = self.call_once(Method::POST, &path, None, body.as_ref()).await?;
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::GET, path, None).await
    }

    /// Calls, and calls again where that may help. What is not a message may be done twice.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let mut tries = 1;
        loop {
            match self.call_once(method.clone(), path, None, body).await {
                Err(failure) if failure.is_passing() && tries < TRIES => {
                    tokio::time::sleep(pause(&failure, tries)).await;
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn call_once<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let url = format!("{}{path}", self.root);
        let mut request = Request::builder().method(method).uri(&url);
        if !self.token.is_empty() {
            request = request.header("authentication", &self.token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Full::from(body.to_string())
            }
            None => Full::default(),
        };
        let request = request.body(body).map_err(|error| Failure::Unable(format!("{url}: {error}")))?;
        let answer = self.network.call(request).await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(refusal(status.as_u16(), answer.headers(), answer.body()));
        }
        let body = if answer.body().is_empty() { b"null" } else { &answer.body()[..] };
        serde_json::from_slice(body).map_err(|_| Failure::Strange { url })
    }
}

/// What an answer that says no says.
fn refusal(status: u16, headers: &HeaderMap, body: &Bytes) -> Failure {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    // API Gateway, which answers where no function was asked, calls it otherwise.
    let sentence = told["error"].as_str().or(told["message"].as_str());
    let seconds = headers.get(RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    Failure::Refused {
        status,
        error: sentence.map_or_else(|| format!("The answer was {status}"), str::to_owned),
        retry_after: seconds.map(Duration::from_secs),
    }
}

/// How long to wait after so many tries: as the other side says, or longer each time, and not all at the same moment.
pub(crate) fn pause(failure: &Failure, tries: u32) -> Duration {
    if let Failure::Refused { retry_after: Some(pause), .. } = failure {
        return *pause;
    }
    let longest = Duration::from_millis(200 << tries.min(8)).min(LONGEST_PAUSE);
    longest.mul_f64(rand::random_range(0.5..=1.0))
}

/// A message of the bot's chat, in its history and in frames.
#[derive(Debug, Deserialize)]
pub(crate) struct BotMessage {
    seq: u64,
    is_user: bool,
    message: String,
    timestamp: String,
}

impl BotMessage {
    /// The message as any other.
    pub(crate) fn said_by(self, me: u64) -> Message {
        Message {
            seq: self.seq,
            sender: self.is_user.then_some(me),
            text: self.message,
            kind: "text".to_owned(),
            at: self.timestamp,
        }
    }
}
