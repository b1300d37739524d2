//! What tests of several resources say.

use serde_json::{Value, json};
use tests::{Answer, Caller, Socket, User};

/// The fields of a chat in a list of unread ones, in alphabetical order.
pub(crate) const UNREAD_CHAT: [&str; 8] = [
    "chat_id",
    "last_message",
    "last_message_sender_id",
    "last_message_sender_name",
    "last_message_timestamp",
    "last_message_type",
    "server_sent_timestamp",
    "unread_count",
];

/// The fields of a message in a history or a mailbox, in alphabetical order.
pub(crate) const MESSAGE_ROW: [&str; 8] = [
    "chat_id",
    "message",
    "message_sender_id",
    "message_sender_name",
    "message_timestamp",
    "message_type",
    "seq",
    "server_sent_timestamp",
];

/// The body of a text to somebody.
pub(crate) fn text_to(receiver: &User, message: &str) -> Value {
    json!({"receiver_id": receiver.id, "message": message, "type": "text"})
}

/// The values of one field of all rows.
pub(crate) fn column(rows: &[Value], field: &str) -> Vec<Value> {
    rows.iter().map(|row| row[field].clone()).collect()
}

/// The names of an object's fields, in alphabetical order.
pub(crate) fn fields(row: &Value) -> Vec<&str> {
    let mut fields: Vec<_> = row.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    fields.sort_unstable();
    fields
}

/// Whether a text is a moment as the contract has it: RFC 3339, UTC, milliseconds.
pub(crate) fn is_moment(value: &Value) -> bool {
    let pattern = b"0000-00-00T00:00:00.000Z";
    let text = value.as_str().unwrap_or_default().as_bytes();
    text.len() == pattern.len()
        && text.iter().zip(pattern).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

/// Sends a text and gives the whole answer.
pub(crate) async fn send(sender: &User, path: &str, body: &Value, key: &str) -> Answer {
    sender.post(path).header("idempotency-key", key).json(body).await
}

/// The body of a text to a room.
pub(crate) fn text(message: &str) -> Value {
    json!({"message": message, "type": "text"})
}

/// Writes to somebody in the two's own room, by a socket of the sender's, and gives the room's id.
pub(crate) async fn say_to(receiver: &User, socket: &mut Socket, message: &str) -> u64 {
    let frame = json!({"chat_type": "room", "other_user_id": receiver.id, "message": message});
    let back = socket.say(&frame).await;
    back["chat_room_id"].as_u64().unwrap_or_else(|| panic!("no chat_room_id in {back}"))
}

/// Everybody in `GET /users`.
pub(crate) async fn everybody(reader: &User) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = "/users?count=100".to_owned();
    loop {
        let page = reader.get(&path).await.expect(200).json();
        all.extend_from_slice(page["users"].as_array().expect("users"));
        if page["next"].is_null() {
            return all;
        }
        path = format!("/users?count=100&next={}", page["next"]);
    }
}

/// Somebody in `GET /users` by the name as it was typed.
pub(crate) async fn user_named(reader: &User, name: &str) -> Value {
    let mut rows = everybody(reader).await;
    rows.retain(|row| row["user_name"] == name);
    assert_eq!(rows.len(), 1, "how often {name:?} is listed");
    rows.remove(0)
}

/// Texts that are made of a token's, or of its and another one's, and are none.
pub(crate) fn tampered(ours: &str, theirs: &str) -> Vec<String> {
    let half = ours.len() / 2;
    let swapped = if ours.as_bytes()[half] == b'A' { "B" } else { "A" };
    let mut tokens = vec![
        ours[..half].to_owned(),
        ours[half..].to_owned(),
        format!("{ours}{ours}"),
        format!("{ours}."),
        format!(".{ours}"),
        ours.chars().rev().collect(),
        format!("{}{swapped}{}", &ours[..half], &ours[half + 1..]),
        format!("{}{theirs}", &ours[..half]),
    ];
    let [our_parts, their_parts] = [ours, theirs].map(|token| token.split('.').collect::<Vec<_>>());
    for place in 0..our_parts.len() {
        let mut mixed = our_parts.clone();
        mixed[place] = their_parts[place];
        // Both may have the same header.
        if mixed != our_parts && mixed != their_parts {
            tokens.push(mixed.join("."));
        }
    }
    tokens
}

/// What a caller sees at some paths, without the moment of the answers.
pub(crate) async fn seen(caller: &impl Caller, paths: &[impl AsRef<str>]) -> Value {
    let mut all = Vec::new();
    for path in paths {
        let mut body = caller.get(path.as_ref()).await.expect(200).json();
        forget_the_moment(&mut body);
        all.push(body);
    }
    all.into()
}

fn forget_the_moment(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(forget_the_moment),
        Value::Object(fields) => {
            fields.remove("server_sent_timestamp");
            fields.values_mut().for_each(forget_the_moment);
        }
        _ => {}
    }
}
