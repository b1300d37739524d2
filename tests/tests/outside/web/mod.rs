//! `/api/login`, `/api/logout`, `/api/chats` and `/api/user`.

mod address;
mod chat_id;
mod chats;
mod cookies;
mod interleavings;
mod login;
mod logout;
mod members;
mod model;
mod names;
mod one_system;
mod paging;
mod paths;
mod sockets;
mod user;
mod user_id;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tests::{Anonymous, Answer, Call, Caller, Stack, WebUser, unique};

use crate::common::{column, fields, is_moment};

const LOGIN: &str = "/api/login";
const LOGOUT: &str = "/api/logout";
const CHATS: &str = "/api/chats";
const USER: &str = "/api/user";
/// An id that neither a chat nor a user has.
const NOBODY: u64 = 1;
/// What is no id in a path.
const NO_IDS: [&str; 7] = ["x", "0", "-1", "+1", "1.5", "9007199254740992", "99999999999999999999999"];
/// A password for whoever has none of its own.
const PASSWORD: &str = "correct horse battery";

/// Where a chat is.
fn chat_path(chat: u64) -> String {
    format!("{CHATS}/{chat}")
}

/// Where others are brought into a chat.
fn members_path(chat: u64) -> String {
    format!("{CHATS}/{chat}/users")
}

/// Where the caller leaves a chat.
fn leaving(chat: u64) -> String {
    format!("{CHATS}?chat_id={chat}")
}

/// Where a message is deleted.
fn message_path(chat: u64, message: u64) -> String {
    format!("{CHATS}/{chat}?id={message}")
}

/// An address that nobody has.
fn new_address() -> String {
    format!("{}@example.com", unique("web"))
}

/// So many people who do not know each other.
async fn people(stack: &Stack, count: usize) -> Vec<WebUser> {
    join_all((0..count).map(|_| WebUser::new(stack))).await
}

/// Two people who do not know each other yet.
async fn pair(stack: &Stack) -> [WebUser; 2] {
    futures::future::join(WebUser::new(stack), WebUser::new(stack)).await.into()
}

/// A chat that the first of some people has opened for all of them.
async fn chat_of(people: &[&WebUser]) -> u64 {
    let (first, others) = people.split_first().expect("somebody");
    let chat = first.open_chat("A chat").await;
    for other in others {
        first.invite(chat, other).await;
    }
    chat
}

/// Two people, and their chat.
async fn pair_in_chat(stack: &Stack) -> ([WebUser; 2], u64) {
    let pair = pair(stack).await;
    let chat = chat_of(&[&pair[0], &pair[1]]).await;
    (pair, chat)
}

/// Asks for an account with this name.
async fn register(stack: &Stack, name: &str) -> Answer {
    let email = new_address();
    let form = [("name", name), ("password", PASSWORD), ("email", email.as_str())];
    stack.anonymous().post(USER).form(&form).await
}

/// Logs in.
async fn login(stack: &Stack, name: &str, password: &str) -> Answer {
    stack.anonymous().post(LOGIN).form(&[("name", name), ("password", password)]).await
}

/// Whether an answer to a registration gave the name away; else it must have been taken.
#[track_caller]
fn got_the_name(answer: &Answer) -> bool {
    if answer.status == 201 {
        signed_in(answer);
        return true;
    }
    refused_with(answer, 400, "name_taken");
    sets_no_cookie(answer);
    false
}

/// Checks that something was done, which is all that the answer says.
#[track_caller]
fn is_ok(answer: &Answer, status: u16) {
    assert_eq!(answer.clone().expect(status).json(), json!({"status": "ok"}), "{}", answer.question);
}

/// Checks a refusal.
#[track_caller]
fn refused_with(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.refused(status), code, "{} answered {}", answer.question, answer.text());
}

/// Checks that an answer refuses whoever has no good cookies.
#[track_caller]
fn unauthenticated(answer: &Answer) {
    refused_with(answer, 403, "unauthenticated");
    sets_no_cookie(answer);
}

#[track_caller]
fn sets_no_cookie(answer: &Answer) {
    assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
}

/// The cookies that an answer sets: the value and the attributes of each.
#[track_caller]
fn set_cookies(answer: &Answer) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut cookies = BTreeMap::new();
    for cookie in answer.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().expect("a text");
        let mut parts = cookie.split(';');
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a name and a value");
        let attributes = parts.map(|attribute| attribute.trim().to_owned()).collect();
        let before = cookies.insert(name.to_owned(), (value.to_owned(), attributes));
        assert_eq!(before, None, "{} sets {name} twice", answer.question);
    }
    cookies
}

/// Checks that an answer sets both cookies and no other, as they are set where there is no https. Gives their values.
#[track_caller]
fn both_cookies(answer: &Answer, max_age: &str) -> (String, String) {
    let mut cookies = set_cookies(answer);
    let attributes = ["HttpOnly", "SameSite=Lax", "Path=/", max_age].map(str::to_owned);
    let [user_id, token] = ["user_id", "token"].map(|name| {
        let (value, is) = cookies.remove(name).unwrap_or_else(|| panic!("no cookie {name} in {answer:?}"));
        assert_eq!(is, BTreeSet::from(attributes.clone()), "the attributes of {name}");
        value
    });
    assert!(cookies.is_empty(), "{} sets more: {cookies:?}", answer.question);
    (user_id, token)
}

/// Checks that an answer gives somebody both cookies for thirty days. Gives the id and the token.
#[track_caller]
fn signed_in(answer: &Answer) -> (u64, String) {
    assert!(answer.status.is_success(), "{answer:?}");
    is_ok(answer, answer.status.as_u16());
    assert_eq!(answer.header("location"), Some("/api/chats"), "{answer:?}");
    let (id, token) = both_cookies(answer, "Max-Age=2592000");
    let number = id.parse().ok().filter(|id| (1..1 << 53).contains(id));
    assert_eq!(number.map(|number: u64| number.to_string()), Some(id.clone()), "{id:?} is no id");
    assert!(token.len() >= 20, "{token:?} can be guessed");
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    assert!(token.bytes().all(is_plain), "{token:?} is no value of a cookie");
    (number.expect("an id"), token)
}

/// Checks that an answer blanks both cookies, and has browsers forget them.
#[track_caller]
fn signed_out(answer: &Answer) {
    is_ok(answer, 200);
    assert_eq!(answer.header("location"), Some("/api/login"), "{answer:?}");
    assert_eq!(both_cookies(answer, "Max-Age=0"), (" ".to_owned(), " ".to_owned()));
}

/// The header `cookie` with this pair.
fn cookies(id: impl Display, token: &str) -> String {
    format!("user_id={id}; token={token}")
}

/// The header `cookie` of somebody.
fn cookies_of(user: &WebUser) -> String {
    cookies(user.id, &user.token)
}

/// What `GET /api/user` tells of somebody.
async fn profile(user: &WebUser) -> Value {
    user.get(USER).await.expect(200).json()["user"].clone()
}

/// Checks a message; of its time only that it is one.
#[track_caller]
fn check(row: &Value, author: &WebUser, id: u64, content: &str) {
    assert!(is_moment(&row["time"]), "{row}");
    let expected = json!({
        "content": content, "id": id, "sender_id": author.id, "time": row["time"], "seq": id,
    });
    assert_eq!(*row, expected);
}

/// The numbers of the messages that somebody sees in a chat.
async fn ids(reader: &WebUser, chat: u64) -> Vec<Value> {
    column(&reader.messages(chat).await, "id")
}

/// A chat as the list of somebody who takes part in it shows it.
async fn listed(user: &WebUser, chat: u64) -> Value {
    let mut rows = user.chats().await;
    rows.retain(|row| row["id"] == chat);
    let [row] = &rows[..] else { panic!("how often {chat} is listed: {rows:?}") };
    assert_eq!(fields(row), ["id", "last_message", "last_message_time", "sender_id", "title"]);
    row.clone()
}

/// Checks that somebody who does not take part in a chat can do nothing in it: 403 where it is there, else 404.
async fn is_outside(user: &WebUser, chat: u64, status: u16, code: &str) {
    for call in in_chat(chat, &user.name) {
        refused_with(&call.by(user).await, status, code);
    }
    assert!(user.chats().await.iter().all(|row| row["id"] != chat), "{chat} is listed");
}

/// A call that needs the cookies, complete but for them, and what it is answered with.
#[derive(Clone, Debug)]
struct Guarded {
    method: Method,
    path: String,
    form: Vec<(&'static str, String)>,
    status: u16,
}

impl Guarded {
    fn new(method: Method, path: impl Into<String>, form: &[(&'static str, &str)], status: u16) -> Self {
        let form = form.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { method, path: path.into(), form, status }
    }

    /// As somebody makes it.
    fn by(&self, caller: &impl Caller) -> Call {
        self.at(caller, &self.path)
    }

    /// The same at another path.
    fn at(&self, caller: &impl Caller, path: &str) -> Call {
        let call = caller.call(self.method.clone(), path);
        let form: Vec<_> = self.form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if form.is_empty() { call } else { call.form(&form) }
    }
}

/// Every call to a chat that only those who take part in it may make, of somebody who brings in `other`. In this
/// order all of them are done, if message 1 is the caller's; the last one leaves.
fn in_chat(chat: u64, other: &str) -> [Guarded; 6] {
    [
        Guarded::new(Method::GET, chat_path(chat), &[], 200),
        Guarded::new(Method::POST, chat_path(chat), &[("content", "changed")], 201),
        Guarded::new(Method::PUT, chat_path(chat), &[("title", "Changed")], 200),
        Guarded::new(Method::POST, members_path(chat), &[("name", other)], 201),
        Guarded::new(Method::DELETE, message_path(chat, 1), &[], 200),
        Guarded::new(Method::DELETE, leaving(chat), &[], 200),
    ]
}

/// A chat of two with one message, and somebody without cookies.
struct Scene {
    anonymous: Anonymous,
    ada: WebUser,
    bob: WebUser,
    title: String,
    chat: u64,
}

impl Scene {
    async fn new(stack: &Stack) -> Self {
        let [ada, bob] = pair(stack).await;
        let title = unique("Title");
        let chat = ada.open_chat(&title).await;
        ada.invite(chat, &bob).await;
        assert_eq!(ada.say(chat, "hello").await, 1);
        Self { anonymous: stack.anonymous(), ada, bob, title, chat }
    }

    /// Every call of Ada's that changes nothing.
    fn reads(&self) -> Vec<Guarded> {
        let read = |path: String| Guarded::new(Method::GET, path, &[], 200);
        vec![
            read(CHATS.to_owned()),
            read(chat_path(self.chat)),
            read(USER.to_owned()),
            read(format!("{USER}?name={}", self.bob.name)),
            read(format!("{USER}/{}", self.ada.id)),
            read(format!("{USER}/{}", self.bob.id)),
        ]
    }

    /// Every call of Ada's that changes something but ends neither her session nor her account. In this order all
    /// of them are done.
    fn writes(&self) -> Vec<Guarded> {
        let (name, email) = (unique("Changed"), new_address());
        let mut writes = vec![
            Guarded::new(Method::POST, CHATS, &[("title", "Another")], 201),
            Guarded::new(Method::PUT, USER, &[("name", &name), ("email", &email)], 200),
            Guarded::new(Method::PUT, format!("{USER}/{}", self.ada.id), &[("name", &name)], 200),
        ];
        writes
            .extend(in_chat(self.chat, &self.bob.name).into_iter().filter(|call| call.method != Method::GET));
        writes
    }

    /// Every call that needs the cookies but the end of an account.
    fn guarded(&self) -> Vec<Guarded> {
        let logout = Guarded::new(Method::GET, LOGOUT, &[], 200);
        [self.reads(), self.writes(), vec![logout]].concat()
    }

    /// Checks that every guarded call with this header `cookie` is nobody's.
    async fn is_nobody(&self, cookie: &str) {
        for call in self.guarded() {
            let answer = call.by(&self.anonymous).header("cookie", cookie).await;
            assert_eq!(answer.status, 403, "{} with {cookie}", answer.question);
            unauthenticated(&answer);
        }
    }

    /// Checks that nothing was changed.
    async fn is_untouched(&self) {
        let rows = self.bob.messages(self.chat).await;
        let [row] = &rows[..] else { panic!("not one message: {rows:?}") };
        check(row, &self.ada, 1, "hello");
        let expected = json!([{
            "id": self.chat, "title": self.title, "last_message": "hello", "last_message_time": row["time"],
            "sender_id": self.ada.id,
        }]);
        for user in [&self.ada, &self.bob] {
            assert_eq!(json!(user.chats().await), expected);
            let own = json!({"id": user.id, "name": user.name, "email": user.email});
            assert_eq!(profile(user).await, own);
        }
    }
}
