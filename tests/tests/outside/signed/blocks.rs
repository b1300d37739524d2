//! Chats and blocks as the tests of signed messaging make them, and what they look at.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Algorithm, Answer, Encoding, Member, Platform, Stack};

use super::{BAD_REQUEST, refused_with};
use crate::common::column;

/// Most bytes of a text.
pub(super) const LIMIT: usize = 16 * 1024;
/// Most messages, and most statuses, of a block.
pub(super) const MOST: usize = 100;
/// Most events of an answer.
pub(super) const PAGE: usize = 1_000;
/// A GUID or messageID that nothing has.
pub(super) const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A chat of its own, and who is in it: the members in the order of joining, each with its GUID.
pub(super) struct Circle<const N: usize> {
    pub(super) platform: Platform,
    pub(super) chat: String,
    pub(super) members: [Member; N],
    pub(super) guids: [String; N],
}

/// New members in a new chat.
pub(super) async fn circle<const N: usize>(stack: &Stack) -> Circle<N> {
    let platform = Platform::new(stack);
    let members: [Member; N] = platform.members(N).await.try_into().expect("as many members");
    let chat = Platform::new_chat_id();
    let guids = platform.seat(&chat, &members.each_ref()).await.try_into().expect("a GUID for each");
    Circle { platform, chat, members, guids }
}

/// A message to everybody else in a chat.
pub(super) fn to_all(chat: &str, text: &str) -> Value {
    json!({"chatID": chat, "messageBlock": [{"messageText": text}]})
}

/// A message to some participants, a text for each.
pub(super) fn to_each(chat: &str, texts: &[(&str, &str)]) -> Value {
    let entries: Vec<_> =
        texts.iter().map(|(guid, text)| json!({"messageText": text, "recipient": guid})).collect();
    json!({"chatID": chat, "messageBlock": entries})
}

/// A message with a `clientHash`.
pub(super) fn hashed(mut message: Value, hash: &str) -> Value {
    message["clientHash"] = json!(hash);
    message
}

/// The acknowledgement of something received.
pub(super) fn status(id: &Value, word: &str) -> Value {
    json!({"messageID": id, "messageStatus": word})
}

/// Posts a block, signed in the usual way.
pub(super) async fn post(member: &Member, messages: Vec<Value>, statuses: Vec<Value>) -> Answer {
    post_text(member, &member.block(messages, statuses)).await
}

/// Posts the text of a block, signed in the usual way.
pub(super) async fn post_text(member: &Member, block: &str) -> Answer {
    member.post(block, Algorithm::Rs256, Encoding::Base64).await
}

/// Sends messages that must be taken, and gives what the server says of each.
pub(super) async fn send(member: &Member, messages: Vec<Value>) -> Vec<Value> {
    results(post(member, messages, Vec::new()).await)
}

/// What the server says of each message of a block, which it must have taken.
pub(super) fn results(answer: Answer) -> Vec<Value> {
    result(answer)["messages"].as_array().expect("messages").clone()
}

/// The `outgoingEventsResult` of a block that must have been taken.
pub(super) fn result(answer: Answer) -> Value {
    answer.expect(200).json()["outgoingEventsResult"].take()
}

/// Checks that a block was malformed in this way, and that the details name this place.
#[track_caller]
pub(super) fn bad(answer: &Answer, code: &str, place: &str) {
    let refusal = refused_with(answer, 400, BAD_REQUEST);
    assert_eq!(refusal.code, code, "{}", answer.text());
    assert!(refusal.details.contains(place), "{place} is not in the details {:?}", refusal.details);
}

/// The messages that wait for a member, the GUIDs of each `recipientList` sorted.
pub(super) async fn inbox(member: &Member) -> Vec<Value> {
    let mut messages = member.incoming().await.messages;
    for message in &mut messages {
        let recipients = message["recipientList"].as_array_mut().expect("a recipientList");
        recipients.sort_unstable_by_key(Value::to_string);
    }
    messages
}

/// The texts that wait for a member.
pub(super) async fn texts(member: &Member) -> Vec<Value> {
    column(&member.incoming().await.messages, "messageText")
}

/// A message as its receivers get it.
pub(super) fn received(sent: &Value, chat: &str, sender: &str, text: &str, recipients: &[&String]) -> Value {
    let recipients: BTreeSet<_> = recipients.iter().collect();
    json!({
        "messageID": sent["messageID"], "sender": sender, "messageText": text, "serverTime": sent["serverTime"],
        "chatID": chat, "recipientList": recipients,
    })
}

/// Milliseconds since the epoch, as the wire has them.
pub(super) fn time(value: &Value) -> u64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is not a text"));
    assert!(text.bytes().all(|byte| byte.is_ascii_digit()), "{text} is no time");
    text.parse().expect("a time")
}

/// Whether a value is a GUID or messageID as the wire has them.
pub(super) fn is_guid(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// A block with something in it replaced, as text.
pub(super) fn with(block: &str, pointer: &str, value: Value) -> String {
    let mut block: Value = serde_json::from_str(block).expect("a block");
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    block.pointer_mut(parent).expect("a place")[name] = value;
    block.to_string()
}

/// A block with something taken out, as text.
pub(super) fn without(block: &str, pointer: &str) -> String {
    let mut block: Value = serde_json::from_str(block).expect("a block");
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    block.pointer_mut(parent).and_then(Value::as_object_mut).expect("a place").remove(name);
    block.to_string()
}
