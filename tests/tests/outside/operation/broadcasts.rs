//! Frames to more sockets than one invocation posts to.

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use serde_json::{Value, json};
use tests::{Applicant, Guest, Socket, Stack, User, WebUser};

use crate::stale::{Stale, hears_of_the_end};

/// More than this many sockets are told by way of the queue.
const LIMIT: [&str; 2] = ["--parameter", "FanOutLimit=5"];
const CROWD: usize = 40;
const PEOPLE: usize = 12;
const MESSAGES: u64 = 30;
const FEWER_MESSAGES: u64 = 10;
/// SQS takes no message that has one of the two last of these characters, nor one with the first two.
const NOT_FOR_QUEUES: &str = "\u{1}\u{b}\u{7f}\"\\\u{fffd}\u{10ffff}\u{fffe}\u{ffff}";
/// What a function says of a broadcast that it has to send by itself.
const NOT_QUEUED: &str = "could not be queued";
/// Calls under way at once.
const AT_ONCE: usize = 8;

/// So many new people.
async fn people(stack: &Stack, count: usize) -> Vec<User> {
    stream::iter(0..count).map(|_| User::new(stack)).buffered(AT_ONCE).collect().await
}

/// A socket of each, in their order.
async fn sockets_of(users: &[User]) -> Vec<Socket> {
    stream::iter(users).map(User::socket).buffered(AT_ONCE).collect().await
}

/// What each of some sockets hears of something: as many frames as there are to come, and whatever else has come when
/// nothing of any broadcast is left.
async fn hear(
    stack: &Stack,
    sockets: &mut [Socket],
    count: usize,
    is_it: impl Fn(&Value) -> bool,
) -> Vec<Vec<Value>> {
    let is_it = &is_it;
    let hearing = sockets.iter_mut().map(async |socket| {
        let mut heard = Vec::new();
        while heard.len() < count {
            heard.push(socket.expect("one of the frames", is_it).await);
        }
        heard
    });
    let mut heard = join_all(hearing).await;
    stack.queue("Broadcasts.fifo").drained().await;
    for (socket, heard) in sockets.iter_mut().zip(&mut heard) {
        heard.extend(socket.so_far().await.into_iter().filter(is_it));
    }
    assert!(stack.queue("FailedBroadcasts.fifo").is_empty().await);
    heard
}

/// Checks that each has heard each of some numbers once, and in their order.
#[track_caller]
fn assert_counted(heard: &[Vec<Value>], field: &str, numbers: impl Iterator<Item = u64>) {
    let expected: Vec<_> = numbers.map(Value::from).collect();
    for frames in heard {
        let numbers: Vec<_> = frames.iter().map(|frame| frame[field].clone()).collect();
        assert_eq!(numbers, expected);
    }
}

/// A socket of a guest's, opened by a page of the API's own origin.
async fn listen(stack: &Stack, guest: &Guest) -> Socket {
    let cookie = format!("session={}", guest.session);
    let headers = [("cookie", cookie.as_str()), ("origin", &stack.ready().http)];
    Socket::try_open_with(&stack.ready().websocket, &headers).await.expect("an accepted upgrade")
}

#[tokio::test]
async fn each_socket_in_a_room_gets_each_message_once_and_in_order() {
    let stack = Stack::start(&LIMIT).await;
    let users = people(&stack, CROWD).await;
    let room = users[0].open_room("A place for everybody").await;
    // Whoever has spoken takes part.
    let joining = stream::iter(&users).map(|user| user.post_to_room(room, "here"));
    joining.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let mut sockets = sockets_of(&users).await;
    sockets.push(users[0].socket().await);

    let numbers = CROWD as u64 + 1..=CROWD as u64 + MESSAGES;
    for number in numbers.clone() {
        assert_eq!(users[0].post_to_room(room, "hello everybody").await, number);
    }
    // The sender's own have them already: its messages were answered after that.
    let is_message = |frame: &Value| frame["chat_room_id"] == room;
    for own in [0, CROWD] {
        let mut heard = sockets[own].so_far().await;
        heard.retain(is_message);
        assert_counted(&[heard], "seq", numbers.clone());
    }
    let others = &mut sockets[1..CROWD];
    let heard = hear(&stack, others, numbers.clone().count(), is_message).await;
    assert_counted(&heard, "seq", numbers);
}

#[tokio::test]
async fn a_text_that_no_queue_takes_as_it_is_reaches_everybody_unchanged_by_the_queue() {
    let (stack, log) = Stack::start_logged(&LIMIT).await;
    let users = people(&stack, PEOPLE).await;
    let room = users[0].open_room("A place").await;
    for user in &users {
        user.post_to_room(room, "here").await;
    }
    let mut sockets = sockets_of(&users).await;
    let seq = users[0].post_to_room(room, NOT_FOR_QUEUES).await;
    let is_message = |frame: &Value| frame["chat_room_id"] == room && frame["seq"] == seq;
    for frames in hear(&stack, &mut sockets, 1, is_message).await {
        assert_eq!(frames.len(), 1, "{frames:?}");
        assert_eq!(frames[0]["message"], NOT_FOR_QUEUES);
    }
    let failures: Vec<_> = log.lines().into_iter().filter(|line| line.contains(NOT_QUEUED)).collect();
    assert!(failures.is_empty(), "{failures:?}");
}

#[tokio::test]
async fn each_socket_in_a_group_gets_each_message_once_and_in_order() {
    let stack = Stack::start(&LIMIT).await;
    let users = people(&stack, PEOPLE).await;
    let group = users[0].create_group("A group").await;
    let mut sockets = sockets_of(&users).await;
    for user in &users {
        user.enter(group).await;
    }
    for _ in 0..FEWER_MESSAGES {
        sockets[0].say(&json!({"chat_type": "group", "chat_group_id": group, "message": "hello"})).await;
    }
    let is_message = |frame: &Value| frame["chat_group_id"] == group && frame["message"].is_string();
    let heard = hear(&stack, &mut sockets[1..], FEWER_MESSAGES as usize, is_message).await;
    assert_counted(&heard, "seq", 1..=FEWER_MESSAGES);
}

#[tokio::test]
async fn each_socket_of_those_in_a_web_chat_gets_each_message_once_and_in_order() {
    let stack = Stack::start(&LIMIT).await;
    let users: Vec<_> = join_all((0..PEOPLE).map(|_| WebUser::new(&stack))).await;
    let chat = users[0].open_chat("A chat").await;
    let mut sockets = Vec::new();
    for user in &users {
        if user.id != users[0].id {
            users[0].invite(chat, user).await;
        }
        sockets.push(user.socket(&stack.ready().http).await);
    }
    for number in 1..=FEWER_MESSAGES {
        assert_eq!(users[0].say(chat, "hello").await, number);
    }
    let is_message = |frame: &Value| frame["type"] == "chat_message" && frame["chat_id"] == chat;
    let heard = hear(&stack, &mut sockets, FEWER_MESSAGES as usize, is_message).await;
    assert_counted(&heard, "id", 1..=FEWER_MESSAGES);
}

#[tokio::test]
async fn everybody_who_listens_to_conversations_gets_each_message_once_and_in_order() {
    let stack = Stack::start(&LIMIT).await;
    let guests: Vec<_> = join_all((0..PEOPLE).map(|_| Guest::new(&stack))).await;
    let mut sockets = join_all(guests.iter().map(|guest| listen(&stack, guest))).await;
    let tea = guests[0].open("Tea").await;
    let mut urls = Vec::new();
    for _ in 0..FEWER_MESSAGES {
        urls.push(guests[0].say(&tea, "Two lumps?").await);
    }
    let is_message = |frame: &Value| frame["conversation"] == tea && frame["type"] == "message";
    let heard = hear(&stack, &mut sockets, urls.len(), is_message).await;
    for frames in heard {
        let told: Vec<_> = frames.iter().map(|frame| frame["message"]["url"].clone()).collect();
        assert_eq!(told, urls);
    }
}

#[tokio::test]
async fn everybody_online_hears_once_of_who_comes_and_who_goes() {
    let stack = Stack::start(&LIMIT).await;
    let users = people(&stack, PEOPLE).await;
    let mut sockets = sockets_of(&users).await;
    let bob = Applicant::new().join(&stack).await;
    bob.socket().await.close().await;
    let is_about = |frame: &Value| frame["user_id"] == bob.id;
    let heard = hear(&stack, &mut sockets, 3, is_about).await;
    let activity = |login: bool| json!({"type": "user_activity", "user_id": bob.id, "login": login});
    for frames in heard {
        assert_eq!(frames.len(), 3, "{frames:?}");
        assert_eq!(frames[0]["type"], "user_update");
        assert_eq!(frames[1..], [activity(true), activity(false)]);
    }
}

#[tokio::test]
async fn a_socket_that_ended_without_a_word_is_found_out_among_many() {
    let stack = Stack::start(&LIMIT).await;
    let tables = stack.tables();
    let users = people(&stack, PEOPLE).await;
    let bob = User::new(&stack).await;
    let room = users[0].open_room("A place").await;
    for user in users.iter().chain([&bob]) {
        user.post_to_room(room, "here").await;
    }
    let mut sockets = sockets_of(&users).await;
    let lost = [Stale::of(&tables, bob.id).await, Stale::of(&tables, bob.id).await];
    assert_eq!(bob.seen_by(&users[0]).await["online"], true, "nobody has noticed");

    let seq = users[0].post_to_room(room, "are you there?").await;
    for stale in &lost {
        stale.is_forgotten().await;
    }
    assert_eq!(bob.seen_by(&users[0]).await["online"], false);
    let is_message = |frame: &Value| frame["chat_room_id"] == room && frame["seq"] == seq;
    let heard = hear(&stack, &mut sockets[1..], 1, is_message).await;
    assert_counted(&heard, "seq", seq..=seq);
}

#[tokio::test]
async fn everybody_online_hears_of_one_who_was_found_out() {
    let stack = Stack::start(&LIMIT).await;
    let users = people(&stack, PEOPLE).await;
    let bob = User::new(&stack).await;
    let mut sockets = sockets_of(&users).await;
    let lost = Stale::of(&stack.tables(), bob.id).await;
    users[0].write(&bob, "are you there?").await;
    lost.is_forgotten().await;
    for socket in &mut sockets {
        hears_of_the_end(socket, bob.id).await;
    }
}
