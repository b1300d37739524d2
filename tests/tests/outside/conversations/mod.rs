//! `/auth/register` and `/api/conversations`.

mod cookies;
mod counts;
mod create;
mod delete;
mod list;
mod message;
mod post;
mod read;
mod register;
mod sockets;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Caller as _, Guest, Stack};

use crate::common::{fields, is_moment};

/// Where conversations are.
const CONVERSATIONS: &str = "/api/conversations";
/// A conversation that nobody has begun.
const NOWHERE: &str = "/api/conversations/1";
/// What is no id in a path.
const NO_IDS: [&str; 6] = ["x", "0", "-1", "1.5", "9007199254740992", "99999999999999999999999"];

/// Somebody new who has begun a conversation.
async fn beginner(stack: &Stack) -> (Guest, String) {
    let guest = Guest::new(stack).await;
    let conversation = guest.open("A conversation").await;
    (guest, conversation)
}

/// So many people who have begun nothing.
async fn guests(stack: &Stack, count: usize) -> Vec<Guest> {
    join_all((0..count).map(|_| Guest::new(stack))).await
}

/// Asks for a name.
async fn register(stack: &Stack, name: &str) -> Answer {
    stack.anonymous().post("/auth/register").json(&json!({"username": name})).await
}

/// Whether an answer to a registration gave the name away; else it must have been taken.
#[track_caller]
fn got_the_name(answer: &Answer) -> bool {
    let status = answer.clone().expect(200).json();
    let got = status == json!({"status": "success"});
    assert!(got || status == json!({"status": "username taken"}), "{status}");
    assert_eq!(answer.headers.contains_key("set-cookie"), got, "a cookie with {status}");
    got
}

/// Checks that this is a refusal of somebody who is not allowed: the envelope, and the document's own `status`. Gives
/// the code.
#[track_caller]
fn unauthorised(answer: &Answer, status: u16) -> String {
    assert_eq!(
        answer.status.as_u16(),
        status,
        "status of {}; the body was {}",
        answer.question,
        answer.text()
    );
    let body = answer.json();
    assert_eq!(fields(&body), ["code", "error", "status"], "{} answered {body}", answer.question);
    assert_eq!(body["status"], "unauthorised", "{} answered {body}", answer.question);
    let sentence = body["error"].as_str().unwrap_or_default();
    assert!(!sentence.trim().is_empty(), "{} answered {body}", answer.question);
    body["code"].as_str().expect("a code").to_owned()
}

/// The number of a message, which is the end of its URL.
#[track_caller]
fn number(message: &str) -> u64 {
    let (_, number) = message.rsplit_once('/').expect("a path");
    number.parse().unwrap_or_else(|_| panic!("{message} does not end with a number"))
}

/// Checks a message; of its time only that it is one.
#[track_caller]
fn check(row: &Value, author: &Guest, url: &str, text: &str) {
    let time = &row["timestamp"];
    assert!(is_moment(time), "{row}");
    let seq = number(url);
    let expected = json!({"user": author.name, "text": text, "timestamp": time, "url": url, "seq": seq});
    assert_eq!(*row, expected);
}
