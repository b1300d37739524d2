//! Signed messaging: the platform's backend with its key, and the platform's users with their tokens and key pairs.

mod aged;
mod blocks;
mod chat_refusals;
mod chat_rights;
mod chats;
mod credentials;
mod exactly_once;
mod example;
mod faults;
mod infos;
mod messages;
mod public_key;
mod queue;
mod receipts;
mod refresh;
mod refused_blocks;
mod repeated_blocks;
mod required_reads;
mod shared_paths;
mod signatures;
mod signed_bytes;
mod sockets;
mod tokens;
mod user_keys;

use serde_json::{Value, json};
use tests::{Answer, Caller, Member, Platform};

use crate::common::{column, fields};

/// What users without a good token are told.
const BAD_TOKEN: &str = "Bad token";
/// What backends without the key are told.
const BAD_KEY: &str = "Bad backend key";
/// What is malformed in the making of users, tokens and chats.
const INVALID_PARAMETERS: &str = "Invalid parameters";
/// What is no chat to look into or to delete.
const INVALID_CHAT: &str = "Invalid chatID";
/// What is malformed elsewhere.
const BAD_REQUEST: &str = "Bad request";
/// What is no chat elsewhere.
const CHAT_NOT_FOUND: &str = "ChatID not found";

/// Texts that are no `userID`, and no `chatID` either.
fn no_names() -> Vec<String> {
    let wrong = ["", ".", "..", "a b", " a", "a_b", "a/b", "a:b", "a%20b", "é", "a\n", "a\u{0}", "👍"];
    wrong.map(str::to_owned).into_iter().chain(["x".repeat(129)]).collect()
}

/// A refusal: its stable code, and what exactly is wrong.
struct Refusal {
    code: String,
    details: String,
}

/// Checks that this is a refusal with this status: a sentence, a stable code, nothing else but details, and with 400
/// these too.
#[track_caller]
fn refused(answer: &Answer, status: u16) -> (String, Refusal) {
    let told = answer.text();
    assert_eq!(answer.status.as_u16(), status, "status of {}; the body was {told}", answer.question);
    let envelope = answer.json();
    let names = fields(&envelope);
    assert!(names == ["code", "error"] || names == ["code", "details", "error"], "{told}");
    let text = |name: &str| envelope[name].as_str().unwrap_or_default().to_owned();
    let (sentence, code, details) = (text("error"), text("code"), text("details"));
    assert!(!sentence.trim().is_empty(), "a sentence in {told}");
    let is_stable = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(!code.is_empty() && code.bytes().all(is_stable), "a code in {told}");
    assert!(envelope.get("details").is_none() || !details.trim().is_empty(), "details in {told}");
    assert!(status != 400 || !details.is_empty(), "a 400 says in details what is wrong: {told}");
    (sentence, Refusal { code, details })
}

/// Checks that this is a refusal with this status and this very sentence.
#[track_caller]
fn refused_with(answer: &Answer, status: u16, expected: &str) -> Refusal {
    let (sentence, refusal) = refused(answer, status);
    assert_eq!(sentence, expected, "the sentence of {}: {}", answer.question, answer.text());
    refusal
}

/// Checks that a credential was missing or wrong, and that it was said in these words.
#[track_caller]
fn unauthenticated(answer: &Answer, sentence: &str) {
    assert_eq!(refused_with(answer, 401, sentence).code, "unauthenticated");
}

/// Checks that somebody who is known may not do what was asked.
#[track_caller]
fn forbidden(answer: &Answer) {
    assert_eq!(refused(answer, 403).1.code, "forbidden");
}

/// Checks that a body of another content type was not even looked at.
#[track_caller]
fn unsupported(answer: &Answer) {
    assert_eq!(refused(answer, 415).1.code, "unsupported_media_type");
}

/// Where the backend finds a chat.
fn backend(chat: &str) -> String {
    format!("/backend/chats/{chat}")
}

/// Where users find a chat.
fn own(chat: &str) -> String {
    format!("/chats/{chat}")
}

/// The body that names users.
fn listing(users: &[&Member]) -> Value {
    let ids: Vec<_> = users.iter().map(|user| &user.id).collect();
    json!({"users": ids})
}

/// A chat as this caller sees it at this path.
async fn look(caller: &impl Caller, path: &str) -> Value {
    let answer = caller.get(&format!("{path}/users")).await.expect(200).json();
    assert_eq!(fields(&answer), ["chat"]);
    answer["chat"].clone()
}

/// The ids of those who are in a chat, in the order of their joining.
async fn seated(platform: &Platform, chat: &str) -> Vec<Value> {
    let chat = look(platform, &backend(chat)).await;
    column(chat["users"].as_array().expect("users"), "userID")
}

/// Checks that there is no such chat.
async fn is_no_chat(platform: &Platform, chat: &str) {
    let answer = platform.get(&format!("{}/users", backend(chat))).await;
    assert_eq!(refused_with(&answer, 400, INVALID_CHAT).code, "chat_not_found");
}

/// A new chat of these users, the first of whom owns it, and their GUIDs in it.
async fn new_chat(platform: &Platform, users: &[&Member]) -> (String, Vec<String>) {
    let chat = Platform::new_chat_id();
    let guids = platform.seat(&chat, users).await;
    (chat, guids)
}

/// Checks that a user's access token is believed.
async fn is_in(member: &Member) {
    member.get("/messages").await.expect(200);
}

/// Checks that a user's access token is not believed (any more).
async fn is_out(member: &Member) {
    unauthenticated(&member.get("/messages").await, BAD_TOKEN);
}

/// Trades a refresh token for a pair of new ones.
async fn refresh(caller: &impl Caller, token: &str) -> Answer {
    caller.put("/token").json(&json!({"refreshToken": token})).await
}

/// A user with the tokens in an answer.
fn with_tokens(member: &Member, tokens: &Value) -> Member {
    let token = |name: &str| tokens[name].as_str().expect("a token").to_owned();
    let mut member = member.clone();
    (member.access, member.refresh) = (token("accessToken"), token("refreshToken"));
    member
}
