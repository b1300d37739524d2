//! People who registered by the form: the users of web chats.

use http::Method;
use serde_json::{Value, json};

use crate::{Anonymous, Answer, Applicant, Call, Caller, Socket, Stack, User, unique};

/// What everybody's password is.
const PASSWORD: &str = "correct horse battery";

/// Somebody who registered by the form and has the cookies `user_id` and `token`.
#[derive(Clone, Debug)]
pub struct WebUser {
    /// The id.
    pub id: u64,
    /// The name, as it was typed.
    pub name: String,
    /// The password.
    pub password: String,
    /// The address, which nobody has confirmed yet.
    pub email: String,
    /// The value of the cookie `token`.
    pub token: String,
    api: Anonymous,
    websocket: String,
}

impl Caller for WebUser {
    fn call(&self, method: Method, path: &str) -> Call {
        self.api.call(method, path).header("cookie", &self.cookies())
    }
}

impl WebUser {
    /// Somebody new.
    pub async fn new(stack: &Stack) -> Self {
        Self::named(stack, &unique("Web")).await
    }

    /// Somebody new with this name, which must be free.
    pub async fn named(stack: &Stack, name: &str) -> Self {
        let email = format!("{}@example.com", unique("web"));
        let api = stack.anonymous();
        let form = [("name", name), ("password", PASSWORD), ("email", email.as_str())];
        let answer = api.post("/api/user").form(&form).await.expect(201);
        Self {
            id: id_in(&answer),
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
            email,
            token: cookie_in(&answer, "token"),
            api,
            websocket: stack.ready().websocket.clone(),
        }
    }

    /// Logs in by name: the same person with another session.
    pub async fn login(&self, stack: &Stack) -> Self {
        let form = [("name", self.name.as_str()), ("password", &self.password)];
        let answer = stack.anonymous().post("/api/login").form(&form).await.expect(200);
        assert_eq!(id_in(&answer), self.id, "who {:?} is", self.name);
        Self { token: cookie_in(&answer, "token"), ..self.clone() }
    }

    /// Logs in for a token by name: the same person as one who calls with a header. It has neither a first name nor a
    /// last one.
    pub async fn header_user(&self, stack: &Stack) -> User {
        let body = json!({"user_name": self.name, "password": self.password});
        let answer = stack.anonymous().post("/login").json(&body).await.expect(200).json();
        let applicant = Applicant {
            email: self.email.clone(),
            password: self.password.clone(),
            first_name: String::new(),
            last_name: String::new(),
            user_name: Some(self.name.clone()),
        };
        User::known(stack, applicant, self.id, answer["token"].as_str().expect("a token").to_owned())
    }

    /// Opens a chat, and gives its id.
    pub async fn open_chat(&self, title: &str) -> u64 {
        made(&self.post("/api/chats").form(&[("title", title)]).await)
    }

    /// Brings another one into a chat.
    pub async fn invite(&self, chat: u64, other: &WebUser) {
        let call = self.post(&format!("/api/chats/{chat}/users"));
        call.form(&[("name", other.name.as_str())]).await.expect(201);
    }

    /// Posts a message to a chat, and gives its id.
    pub async fn say(&self, chat: u64, content: &str) -> u64 {
        made(&self.post(&format!("/api/chats/{chat}")).form(&[("content", content)]).await)
    }

    /// The newest hundred messages of a chat, oldest first.
    pub async fn messages(&self, chat: u64) -> Vec<Value> {
        let answer = self.get(&format!("/api/chats/{chat}?count=100")).await.expect(200).json();
        answer["messages"].as_array().unwrap_or_else(|| panic!("no messages in {answer}")).clone()
    }

    /// The chats that this one takes part in, the newest message first.
    pub async fn chats(&self) -> Vec<Value> {
        let answer = self.get("/api/chats").await.expect(200).json();
        answer["chats"].as_array().unwrap_or_else(|| panic!("no chats in {answer}")).clone()
    }

    /// A socket that is opened by a page of this origin, which must be allowed.
    pub async fn socket(&self, origin: &str) -> Socket {
        let headers = [("cookie", self.cookies()), ("origin", origin.to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        match Socket::try_open_with(&self.websocket, &headers).await {
            Ok(socket) => socket,
            Err(status) => panic!("a page of {origin} was refused a socket with {status}"),
        }
    }

    fn cookies(&self) -> String {
        format!("user_id={}; token={}", self.id, self.token)
    }
}

/// The value of a cookie that an answer sets.
#[track_caller]
fn cookie_in(answer: &Answer, name: &str) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let mut pairs = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
    match pairs.find(|(known, _)| *known == name) {
        Some((_, value)) if !value.trim().is_empty() => value.to_owned(),
        _ => panic!("{} sets no cookie {name}: {:?}", answer.question, answer.headers),
    }
}

/// Who an answer's cookies are for.
#[track_caller]
fn id_in(answer: &Answer) -> u64 {
    let id = cookie_in(answer, "user_id");
    id.parse().unwrap_or_else(|_| panic!("{} says that {id:?} is somebody's id", answer.question))
}

/// The id of what was made.
#[track_caller]
fn made(answer: &Answer) -> u64 {
    let made = answer.clone().expect(201).json();
    assert_eq!(made["status"], "ok", "{} answered {made}", answer.question);
    made["id"].as_u64().unwrap_or_else(|| panic!("{} answered {made}", answer.question))
}
