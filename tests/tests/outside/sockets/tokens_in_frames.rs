//! Frames that carry a token, as document 002 writes them.

use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, User};

use crate::common::say_to;

/// A frame to somebody with a token in it.
fn to_user(receiver: &User, token: &str) -> Value {
    json!({"token": token, "chat_type": "room", "other_user_id": receiver.id, "message": "hello"})
}

/// Sends a frame that must be refused and be the socket's last.
async fn is_the_end(socket: &mut Socket, frame: &Value) {
    socket.refused(frame).await;
    socket.closed().await;
}

/// Nobody has written to somebody in a room.
async fn has_no_room(user: &User) {
    assert_eq!(user.get("/chat_rooms").await.expect(200).json(), json!([]));
}

/// All frames that a socket gets until one matches, as far as they concern what was asked of it.
async fn until(socket: &mut Socket, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut frames = Vec::new();
    loop {
        let frame = socket.next().await;
        assert!(frame["error"].is_null(), "{frame}");
        let is_done = is_last(&frame);
        if frame["type"] == "ready" || !frame["chat_type"].is_null() {
            frames.push(frame);
        }
        if is_done {
            return frames;
        }
    }
}

#[tokio::test]
async fn every_frame_may_carry_its_users_token() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    let group = ada.create_group("A group").await;
    let room = say_to(&bob, &mut socket, "first").await;
    let frames = [
        to_user(&bob, &ada.token),
        json!({"token": ada.token, "chat_type": "room", "chat_room_id": room, "message": "hello"}),
        json!({"token": ada.token, "chat_type": "group", "chat_group_id": group, "message": "hello"}),
        json!({"token": ada.token, "chat_type": "bot", "message": "hello"}),
    ];
    for frame in frames {
        assert_eq!(socket.say(&frame).await["chat_type"], frame["chat_type"]);
    }
    socket.send(&json!({"token": ada.token, "type": "ping"})).await;
    socket.expect("a pong", |frame| frame["type"] == "pong").await;
    socket.send(&json!({"token": ada.token, "type": "resume", "chats": {}})).await;
    socket.expect("the end of it", |frame| frame["type"] == "resumed").await;
    let leaving = json!({"token": ada.token, "chat_type": "group", "chat_group_id": group, "event": "leave"});
    socket.send(&leaving).await;
    socket.expect("the notice", |frame| frame["event"] == "leave").await;
}

#[tokio::test]
async fn a_token_of_another_session_of_the_same_user_is_as_good() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let again = ada.again(&stack).await;
    let mut socket = ada.socket().await;
    assert_eq!(socket.say(&to_user(&bob, &again.token)).await["user_id"], ada.id);
}

#[tokio::test]
async fn the_first_frame_may_be_a_message_too() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("A group").await;
    let firsts = [
        to_user(&bob, &ada.token),
        json!({"token": ada.token, "chat_type": "group", "chat_group_id": group, "message": "hello"}),
        json!({"token": ada.token, "chat_type": "bot", "message": "hello"}),
    ];
    for first in firsts {
        let mut socket = Socket::open(&stack.ready().websocket).await;
        socket.send(&first).await;
        let frames = until(&mut socket, |frame| frame["chat_type"] == first["chat_type"]).await;
        assert_eq!(frames.len(), 2, "{frames:?}");
        assert_eq!(frames[0], json!({"type": "ready", "user_id": ada.id}), "before it is served");
        assert_eq!(frames[1]["chat_type"], first["chat_type"]);
        socket.so_far().await;
    }
}

#[tokio::test]
async fn a_first_frame_that_is_refused_for_something_else_still_opens_the_socket() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = Socket::open(&stack.ready().websocket).await;
    let to_oneself = to_user(&ada, &ada.token);
    socket.send(&to_oneself).await;
    socket.expect("ready", |frame| *frame == json!({"type": "ready", "user_id": ada.id})).await;
    socket.expect("the refusal", |frame| frame["code"] == "invalid_receiver").await;
    say_to(&bob, &mut socket, "hello").await;
}

#[tokio::test]
async fn without_a_token_before_it_no_message_is_served() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = Socket::open(&stack.ready().websocket).await;
    let mut frame = to_user(&bob, "");
    frame.as_object_mut().expect("an object").remove("token");
    for frame in
        [frame, json!({"chat_type": "bot", "message": "hello"}), json!({"type": "resume", "chats": {}})]
    {
        assert_eq!(socket.refused(&frame).await, "unauthenticated");
    }
    has_no_room(&bob).await;
    assert_eq!(socket.say(&to_user(&bob, &ada.token)).await["user_id"], ada.id);
}

#[tokio::test]
async fn a_bad_token_is_the_end_and_nothing_is_served() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let cut = &ada.token[..ada.token.len() - 8];
    for token in ["", "x", "a.b.c", cut] {
        is_the_end(&mut ada.socket().await, &to_user(&bob, token)).await;
        let mut unknown = Socket::open(&stack.ready().websocket).await;
        let mut named = to_user(&bob, token);
        named["client_id"] = json!("7");
        is_the_end(&mut unknown, &named).await;
    }
    let bot = json!({"token": "x", "chat_type": "bot", "message": "hello", "client_id": "7"});
    is_the_end(&mut ada.socket().await, &bot).await;
    is_the_end(&mut ada.socket().await, &json!({"token": "x", "type": "resume", "chats": {}})).await;
    has_no_room(&bob).await;
}

#[tokio::test]
async fn another_users_token_is_the_end_and_nothing_is_served() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let eve = User::new(&stack).await;
    is_the_end(&mut ada.socket().await, &to_user(&bob, &eve.token)).await;
    is_the_end(&mut Socket::open(&ada.socket_url()).await, &to_user(&bob, &eve.token)).await;
    has_no_room(&bob).await;
    has_no_room(&eve).await;
}

#[tokio::test]
async fn a_token_whose_session_has_ended_is_the_end_and_nothing_is_served() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let again = ada.again(&stack).await;
    let mut socket = again.socket().await;
    ada.get("/logout").await.expect(200);
    is_the_end(&mut socket, &to_user(&bob, &ada.token)).await;
    is_the_end(&mut Socket::open(&stack.ready().websocket).await, &to_user(&bob, &ada.token)).await;
    has_no_room(&bob).await;
    // The other session goes on.
    say_to(&bob, &mut again.socket().await, "hello").await;
}

#[tokio::test]
async fn a_token_that_is_no_text_is_refused_and_nothing_is_served() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for token in [json!(7), json!([ada.token]), json!({})] {
        let mut frame = to_user(&bob, "");
        frame["token"] = token;
        ada.socket().await.refused(&frame).await;
    }
    has_no_room(&bob).await;
}
