//! `/chat_groups`, and the frames of groups.

mod create;
mod enter;
mod leave;
mod list;
mod messages;
mod rename;
mod three_people;

use serde_json::{Value, json};
use tests::{Socket, Stack, User};

use crate::common::{fields, is_moment};

/// The fields of a group that was made or renamed, in alphabetical order.
const GROUP: [&str; 4] = ["chat_group_id", "chat_group_name", "created_at", "owner_id"];
/// An id that no group has.
const NO_GROUP: u64 = 1;
/// What is no id in a path.
const NO_IDS: [&str; 6] = ["x", "0", "-1", "1.5", "9007199254740992", "99999999999999999999999"];

/// A frame with a text for a group.
fn to_group(group: u64, message: &str) -> Value {
    json!({"chat_type": "group", "chat_group_id": group, "message": message})
}

/// The frame that leaves a group.
fn leaving(group: u64) -> Value {
    json!({"chat_type": "group", "chat_group_id": group, "event": "leave"})
}

/// Somebody new who has made a group and is in it with a socket.
async fn founder(stack: &Stack) -> (User, Socket, u64) {
    let user = User::new(stack).await;
    let group = user.create_group("A group").await;
    let socket = user.socket().await;
    user.enter(group).await;
    (user, socket, group)
}

/// Somebody new who is in a group with a socket.
async fn newcomer(stack: &Stack, group: u64) -> (User, Socket) {
    let user = User::new(stack).await;
    let socket = user.socket().await;
    user.enter(group).await;
    (user, socket)
}

/// Who is in a group, as somebody sees who does not enter.
async fn present(reader: &User, group: u64) -> Value {
    reader.look_into(group).await["present"].clone()
}

/// Waits until somebody's coming or going is told of, and checks all of the notice.
async fn expect_notice(socket: &mut Socket, event: &str, user: &User, group: u64) -> Value {
    let is_it = |frame: &Value| {
        frame["event"] == event && frame["user_id"] == user.id && frame["chat_group_id"] == group
    };
    let notice = socket.expect(&format!("the {event} of {}", user.id), is_it).await;
    assert_eq!(fields(&notice), ["chat_group_id", "chat_type", "event", "timestamp", "user_id"]);
    assert_eq!(notice["chat_type"], "group");
    assert!(is_moment(&notice["timestamp"]), "{notice}");
    notice
}

/// Waits for a message of a group.
async fn expect_message(socket: &mut Socket, group: u64, message: &str) -> Value {
    let is_it = |frame: &Value| frame["chat_group_id"] == group && frame["message"] == message;
    socket.expect(message, is_it).await
}

/// What a socket has heard of a group since it was last asked: messages, and who comes and goes.
async fn heard(socket: &mut Socket, group: u64) -> Vec<Value> {
    let mut frames = socket.so_far().await;
    frames.retain(|frame| frame["chat_type"] == "group" && frame["chat_group_id"] == group);
    frames
}
