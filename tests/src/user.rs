//! People with an account.

use http::Method;
use serde_json::{Value, json};

use crate::{Anonymous, Call, Caller, Socket, Stack, unique};

/// What everybody's password is.
const PASSWORD: &str = "correct horse battery";

/// Somebody who wants an account. Every one is somebody else.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Unique name, if one is wanted.
    pub user_name: Option<String>,
}

impl Applicant {
    /// Somebody new, without a user name.
    pub fn new() -> Self {
        Self {
            email: format!("{}@example.com", unique("ada")),
            password: PASSWORD.to_owned(),
            first_name: "Ada".to_owned(),
            last_name: unique("Lovelace"),
            user_name: None,
        }
    }

    /// Somebody new with a user name.
    pub fn named() -> Self {
        Self { user_name: Some(unique("Ada")), ..Self::new() }
    }

    /// The body of `POST /register`.
    pub fn body(&self) -> Value {
        let Self { email, password, first_name, last_name, user_name } = self;
        let mut body = json!({
            "email": email, "password": password, "first_name": first_name, "last_name": last_name,
        });
        if let Some(name) = user_name {
            body["user_name"] = json!(name);
        }
        body
    }

    /// Registers, and gives the token in the mail.
    pub async fn register(&self, stack: &Stack) -> String {
        stack.anonymous().post("/register").json(&self.body()).await.expect(202);
        let mails = stack.mails_to(&self.email).await;
        let mail = mails.first().expect("a mail to the applicant");
        mail.confirmation_token().expect("a link in the mail").to_owned()
    }

    /// Opens the link in the mail, and gives the new user's id.
    pub async fn confirm(&self, stack: &Stack, token: &str) -> u64 {
        let created = stack.anonymous().get(&format!("/register/{token}")).await.expect(201).json();
        created["user_id"].as_u64().expect("a user_id")
    }

    /// Logs in by address, and gives the token.
    pub async fn login(&self, stack: &Stack) -> String {
        let body = json!({"email": self.email, "password": self.password});
        let answer = stack.anonymous().post("/login").json(&body).await.expect(200).json();
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// The whole way to an account.
    pub async fn join(self, stack: &Stack) -> User {
        let link = self.register(stack).await;
        let id = self.confirm(stack, &link).await;
        let token = self.login(stack).await;
        User {
            id,
            token,
            applicant: self,
            api: stack.anonymous(),
            websocket: stack.ready().websocket.clone(),
        }
    }
}

impl Default for Applicant {
    fn default() -> Self {
        Self::new()
    }
}

/// Somebody with an account who is logged in.
#[derive(Clone, Debug)]
pub struct User {
    /// The id.
    pub id: u64,
    /// The token of this login.
    pub token: String,
    /// What was registered.
    pub applicant: Applicant,
    api: Anonymous,
    websocket: String,
}

impl Caller for User {
    fn call(&self, method: Method, path: &str) -> Call {
        self.api.call(method, path).header("authentication", &self.token)
    }
}

impl User {
    /// Somebody new.
    pub async fn new(stack: &Stack) -> Self {
        Applicant::new().join(stack).await
    }

    /// Somebody who has gone the whole way already.
    pub fn known(stack: &Stack, applicant: Applicant, id: u64, token: String) -> Self {
        Self { id, token, applicant, api: stack.anonymous(), websocket: stack.ready().websocket.clone() }
    }

    /// Two people who do not know each other yet.
    pub async fn pair(stack: &Stack) -> [Self; 2] {
        futures::future::join(Self::new(stack), Self::new(stack)).await.into()
    }

    /// Logs in once more: the same person with another token.
    pub async fn again(&self, stack: &Stack) -> Self {
        Self { token: self.applicant.login(stack).await, ..self.clone() }
    }

    /// The same person with the same token on another stack, which must keep the same data.
    pub fn moved_to(&self, stack: &Stack) -> Self {
        Self { api: stack.anonymous(), websocket: stack.ready().websocket.clone(), ..self.clone() }
    }

    /// The name that others see where there is no user name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.applicant.first_name, self.applicant.last_name)
    }

    /// A socket that has said who it is.
    pub async fn socket(&self) -> Socket {
        let mut socket = Socket::open(&self.websocket).await;
        socket.send(&json!({"token": self.token})).await;
        let ready = socket.expect("ready", |frame| frame["type"] == "ready").await;
        assert_eq!(ready, json!({"type": "ready", "user_id": self.id}));
        socket
    }

    /// The URL that opens a socket which is this user's from the upgrade on.
    pub fn socket_url(&self) -> String {
        format!("{}?token={}", self.websocket, self.token)
    }

    /// Sends a text, and gives the id of the chat.
    pub async fn write(&self, to: &User, text: &str) -> u64 {
        let body = json!({"receiver_id": to.id, "message": text, "type": "text"});
        let answer = self.post("/chats").json(&body).await.expect(201).json();
        answer["chat_id"].as_u64().expect("a chat_id")
    }

    /// How many messages wait in a chat, as `GET /chats/unread` tells: 0 when the chat is not among them.
    pub async fn unread(&self, chat: u64) -> u64 {
        let rows = self.get("/chats/unread").await.expect(200).rows();
        let row = rows.iter().find(|row| row["chat_id"] == chat);
        row.map_or(0, |row| row["unread_count"].as_u64().expect("an unread_count"))
    }

    /// A chat's messages as `GET /chats/{id}` gives them, newest first.
    pub async fn history(&self, chat: u64) -> Vec<Value> {
        self.get(&format!("/chats/{chat}?count=100")).await.expect(200).rows()
    }

    /// Marks a chat as read.
    pub async fn mark_read(&self, chat: u64) {
        self.post("/chats/read").json(&json!({"chat_id": chat})).await.expect(201);
    }

    /// Opens a room for any number of people where no test looks for rooms, and gives its id.
    pub async fn open_room(&self, title: &str) -> u64 {
        let body = json!({"title": title, "latitude": 48.25, "longitude": 16.5});
        let answer = self.post("/chat_rooms").json(&body).await.expect(201).json();
        answer["chat_room_id"].as_u64().expect("a chat_room_id")
    }

    /// Posts a text to a room, and gives its number.
    pub async fn post_to_room(&self, room: u64, text: &str) -> u64 {
        let body = json!({"message": text, "type": "text"});
        let answer = self.post(&format!("/chat_rooms/{room}/message")).json(&body).await.expect(201).json();
        answer["seq"].as_u64().expect("a seq")
    }

    /// How many messages wait in a room, as `GET /chat_rooms/message/unread` tells: 0 when the room is not among
    /// them.
    pub async fn room_unread(&self, room: u64) -> u64 {
        let rows = self.get("/chat_rooms/message/unread").await.expect(200).rows();
        let row = rows.iter().find(|row| row["chat_room_id"] == room);
        row.map_or(0, |row| row["unread_count"].as_u64().expect("an unread_count"))
    }

    /// Marks a room as read.
    pub async fn mark_room_read(&self, room: u64) {
        self.post(&format!("/chat_rooms/{room}/read")).await.expect(201);
    }

    /// This user as `GET /users` shows it to `reader`.
    pub async fn seen_by(&self, reader: &User) -> Value {
        let mut path = "/users?count=100".to_owned();
        loop {
            let page = reader.get(&path).await.expect(200).json();
            let users = page["users"].as_array().expect("users");
            if let Some(user) = users.iter().find(|user| user["user_id"] == self.id) {
                return user.clone();
            }
            let next = page["next"].as_u64().expect("the user on some page");
            path = format!("/users?count=100&next={next}");
        }
    }
}
