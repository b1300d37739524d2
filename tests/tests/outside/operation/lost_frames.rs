//! Broadcasts whose processes are killed in the middle.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use serde_json::Value;
use tests::{Socket, Stack, User};

const PEOPLE: usize = 20;
const MESSAGES: u64 = 30;
/// After which messages the processes are killed. Less often than a message is tried, so that none is given up.
const KILLED_AFTER: [u64; 2] = [8, 19];
/// Calls under way at once.
const AT_ONCE: usize = 8;

/// The numbers of a room's messages in the order in which a socket gets them first.
async fn numbers(socket: &mut Socket, room: u64, count: usize) -> Vec<u64> {
    let mut seen = BTreeSet::new();
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let is_message = |frame: &Value| frame["chat_room_id"] == room;
        let frame = socket.expect("a message of the room", is_message).await;
        let number = frame["seq"].as_u64().expect("a seq");
        if seen.insert(number) {
            numbers.push(number);
        }
    }
    numbers
}

#[tokio::test]
async fn every_socket_gets_every_message_though_those_who_post_are_killed() {
    // Far longer than it takes to post to some sockets, so that nobody tries what another still does.
    let arguments = ["--parameter", "FanOutLimit=5", "--visibility-timeout-ms", "3000"];
    let stack = Stack::start(&arguments).await;
    let users: Vec<_> = stream::iter(0..PEOPLE).map(|_| User::new(&stack)).buffered(AT_ONCE).collect().await;
    let room = users[0].open_room("A place for everybody").await;
    let joining = stream::iter(&users).map(|user| user.post_to_room(room, "here"));
    joining.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let mut sockets: Vec<_> = stream::iter(&users).map(User::socket).buffered(AT_ONCE).collect().await;

    let mut killed = 0;
    let first = PEOPLE as u64 + 1;
    for number in 0..MESSAGES {
        assert_eq!(users[0].post_to_room(room, "hello everybody").await, first + number);
        if KILLED_AFTER.contains(&number) {
            killed += stack.crash_if_running("fan-out").len();
        }
    }
    assert!(killed > 0, "nobody was killed");
    let expected: Vec<u64> = (first..first + MESSAGES).collect();
    let received = join_all(sockets.iter_mut().map(|socket| numbers(socket, room, expected.len()))).await;
    for numbers in received {
        assert_eq!(numbers, expected);
    }
    stack.queue("Broadcasts.fifo").drained().await;
    assert!(stack.queue("FailedBroadcasts.fifo").is_empty().await);
}
