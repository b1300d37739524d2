//! People who have a name and a cookie, and nothing else: the users of conversations.

use http::Method;
use serde_json::{Value, json};

use crate::{Anonymous, Answer, Call, Caller, Stack, unique};

/// Where conversations are.
const CONVERSATIONS: &str = "/api/conversations";

/// Somebody who registered with a name and got the cookie `session`.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The name, as it was typed.
    pub name: String,
    /// The value of the cookie.
    pub session: String,
    api: Anonymous,
}

impl Caller for Guest {
    fn call(&self, method: Method, path: &str) -> Call {
        self.api.call(method, path).header("cookie", &format!("session={}", self.session))
    }
}

impl Guest {
    /// Somebody new.
    pub async fn new(stack: &Stack) -> Self {
        Self::named(stack, &unique("Guest")).await
    }

    /// Somebody new with this name, which must be free.
    pub async fn named(stack: &Stack, name: &str) -> Self {
        let api = stack.anonymous();
        let answer = api.post("/auth/register").json(&json!({"username": name})).await.expect(200);
        assert_eq!(answer.json(), json!({"status": "success"}), "the registration of {name:?}");
        Self { name: name.to_owned(), session: session_in(&answer), api }
    }

    /// Begins a conversation, and gives its URL.
    pub async fn open(&self, title: &str) -> String {
        made(&self.post(CONVERSATIONS).json(&json!({"title": title})).await)
    }

    /// Posts a text to a conversation, and gives the message's URL.
    pub async fn say(&self, conversation: &str, text: &str) -> String {
        made(&self.post(conversation).json(&json!({"text": text})).await)
    }

    /// The newest `count` messages of a conversation, oldest first.
    pub async fn newest(&self, conversation: &str, count: usize) -> Vec<Value> {
        let answer = self.get(&format!("{conversation}?N={count}")).await.expect(200).json();
        answer["messages"].as_array().unwrap_or_else(|| panic!("no messages in {answer}")).clone()
    }

    /// Every conversation that there is, oldest first.
    pub async fn conversations(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut path = format!("{CONVERSATIONS}?count=100");
        loop {
            let page = self.get(&path).await.expect(200).json();
            all.extend_from_slice(page["conversations"].as_array().expect("conversations"));
            if page["next"].is_null() {
                return all;
            }
            let next = page["next"].as_u64().unwrap_or_else(|| panic!("next is no number in {page}"));
            path = format!("{CONVERSATIONS}?count=100&next={next}");
        }
    }

    /// A conversation as the list shows it.
    pub async fn listed(&self, conversation: &str) -> Value {
        let mut rows = self.conversations().await;
        rows.retain(|row| row["url"] == conversation);
        assert_eq!(rows.len(), 1, "how often {conversation} is listed");
        rows.remove(0)
    }

    /// How many messages a conversation has, as the list tells.
    pub async fn msgcount(&self, conversation: &str) -> usize {
        let count = self.listed(conversation).await["msgcount"].as_u64().expect("a msgcount");
        usize::try_from(count).expect("a number of messages")
    }
}

/// The value of the cookie `session` that an answer sets.
fn session_in(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a cookie");
    let value = cookie.split(';').next().and_then(|pair| pair.strip_prefix("session="));
    match value {
        Some(value) if !value.is_empty() => value.to_owned(),
        _ => panic!("{cookie:?} sets no session"),
    }
}

/// The URL of what was made.
#[track_caller]
fn made(answer: &Answer) -> String {
    let made = answer.clone().expect(200).json();
    assert_eq!(made["status"], "success", "{} answered {made}", answer.question);
    made["url"].as_str().unwrap_or_else(|| panic!("{} answered {made}", answer.question)).to_owned()
}
