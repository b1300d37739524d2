//! A room with a thousand open sockets. On a stack of its own.

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use serde_json::Value;
use tests::{Socket, Stack, User, allow_open_files};

use super::socket_by_query;

/// Fewer than sockets, because it is work to register.
const USERS: usize = 50;
const SOCKETS_OF_EACH: usize = 20;
const MESSAGES: u64 = 20;
/// Calls under way at once.
const AT_ONCE: usize = 8;

/// The numbers of a room's messages as they arrive, up to the last one.
async fn numbers(socket: &mut Socket, room: u64, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let is_message = |frame: &Value| frame["chat_room_id"] == room;
        let frame = socket.expect("a message of the room", is_message).await;
        numbers.push(frame["seq"].as_u64().expect("a seq"));
    }
    numbers
}

#[tokio::test]
async fn each_gets_every_message_once_and_in_order() {
    // Both ends of each socket, and what else there is to open.
    allow_open_files(4_096);
    let stack = Stack::start(&[]).await;
    let new_users = stream::iter(0..USERS).map(|_| User::new(&stack));
    let users: Vec<User> = new_users.buffer_unordered(AT_ONCE).collect().await;
    let room = users[0].open_room("A place for everybody").await;
    // Whoever has spoken takes part.
    let joining = stream::iter(&users).map(|user| user.post_to_room(room, "here"));
    joining.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;

    // One of each user before the second of anybody: only the first ones are announced, to those before them.
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS_OF_EACH {
        let opening = stream::iter(&users).map(|user| socket_by_query(&stack, user));
        sockets.extend(opening.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
    }
    assert_eq!(sockets.len(), USERS * SOCKETS_OF_EACH);

    // One more than is looked at: what comes twice has come by then.
    let before = users.len() as u64;
    let last = before + MESSAGES + 1;
    for number in before + 1..=last {
        assert_eq!(users[0].post_to_room(room, "hello everybody").await, number);
    }
    let expected: Vec<u64> = (before + 1..=last).collect();
    let received = join_all(sockets.iter_mut().map(|socket| numbers(socket, room, last))).await;
    for numbers in received {
        assert_eq!(numbers, expected);
    }
}
