//! Frames of rooms: to another user, and into a room.

use futures::future::join;
use serde_json::{Value, json};
use tests::{Caller as _, RawSocket, Socket, Stack, User, unique};

use super::socket_by_query;
use crate::common::{column, is_moment, say_to, send, text};

/// An id that no room and no user has.
const NOBODY: u64 = 1;
/// Most bytes of a message.
const LIMIT: usize = 16 * 1024;
/// Most bytes of a WebSocket frame.
const FRAME: usize = 32 * 1024;

/// A frame with a text for another user.
fn to_user(receiver: &User, message: &str) -> Value {
    json!({"chat_type": "room", "other_user_id": receiver.id, "message": message})
}

/// A frame with a text for a room.
fn to_room(room: u64, message: &str) -> Value {
    json!({"chat_type": "room", "chat_room_id": room, "message": message})
}

/// The same frame with a `client_id` that nobody else has.
fn named(mut frame: Value) -> Value {
    frame["client_id"] = json!(unique("frame"));
    frame
}

/// The same frame with another value of a field.
fn with(frame: &Value, field: &str, value: Value) -> Value {
    let mut frame = frame.clone();
    frame[field] = value;
    frame
}

/// The same frame without a field.
fn without(frame: &Value, field: &str) -> Value {
    let mut frame = frame.clone();
    frame.as_object_mut().expect("an object").remove(field);
    frame
}

/// Waits for a message of a room.
async fn expect_message(socket: &mut Socket, message: &str) -> Value {
    let is_it = |frame: &Value| frame["chat_type"] == "room" && frame["message"] == message;
    socket.expect(message, is_it).await
}

/// What a socket has heard of rooms since it was last asked.
async fn heard(socket: &mut Socket) -> Vec<Value> {
    let mut frames = socket.so_far().await;
    frames.retain(|frame| frame["chat_type"] == "room");
    frames
}

/// The messages of a room, newest first.
async fn history(user: &User, room: u64) -> Vec<Value> {
    let seen = user.get(&format!("/chat_rooms/{room}")).await.expect(200).json();
    seen["messages"].as_array().expect("messages").clone()
}

#[tokio::test]
async fn a_message_to_a_user_goes_to_all_sockets_of_both() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut sockets =
        [ada.socket().await, ada.socket().await, bob.socket().await, socket_by_query(&stack, &bob).await];
    for (seq, kind) in [(1, None), (2, Some("sticker"))] {
        let mut frame = named(to_user(&bob, "ü 👍 \""));
        if let Some(kind) = kind {
            frame["type"] = json!(kind);
        }
        sockets[0].send(&frame).await;
        let first = expect_message(&mut sockets[0], "ü 👍 \"").await;
        let expected = json!({
            "chat_type": "room", "chat_room_id": first["chat_room_id"], "user_id": ada.id,
            "message": "ü 👍 \"", "type": kind.unwrap_or("text"), "timestamp": first["timestamp"],
            "seq": seq, "client_id": frame["client_id"],
        });
        assert_eq!(first, expected);
        for socket in &mut sockets[1..] {
            assert_eq!(expect_message(socket, "ü 👍 \"").await, expected);
        }
        let room = first["chat_room_id"].as_u64().expect("a chat_room_id");
        for user in [&ada, &bob] {
            let row = history(user, room).await[0].clone();
            assert_eq!((&row["seq"], &row["timestamp"]), (&json!(seq), &first["timestamp"]));
            assert!(is_moment(&row["timestamp"]), "{row}");
        }
    }
}

#[tokio::test]
async fn without_a_client_id_there_is_none_in_the_frame() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    ada_socket.send(&to_user(&bob, "hello")).await;
    for socket in [&mut ada_socket, &mut bob_socket] {
        let seen = expect_message(socket, "hello").await;
        let expected = json!({
            "chat_type": "room", "chat_room_id": seen["chat_room_id"], "user_id": ada.id,
            "message": "hello", "type": "text", "timestamp": seen["timestamp"], "seq": 1,
        });
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn two_people_have_one_room_whoever_starts_and_however_it_is_named() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let room = say_to(&bob, &mut ada_socket, "one").await;
    assert!((1..1 << 53).contains(&room), "{room}");
    assert_eq!(say_to(&ada, &mut bob_socket, "two").await, room);
    let said = bob_socket.say(&to_room(room, "three")).await;
    assert_eq!(expect_message(&mut ada_socket, "three").await, said);
    assert_eq!(ada.post_to_room(room, "four").await, 4);
    assert_eq!(column(&history(&bob, room).await, "message"), ["four", "three", "two", "one"]);
    for user in [&ada, &bob] {
        let rows = user.get("/chat_rooms").await.expect(200).rows();
        assert_eq!(column(&rows, "chat_room_id"), [room]);
    }
}

#[tokio::test]
async fn the_first_messages_of_both_at_once_make_one_room() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let (one, other) =
        join(say_to(&bob, &mut ada_socket, "from ada"), say_to(&ada, &mut bob_socket, "from bob")).await;
    assert_eq!(one, other);
    assert_eq!(column(&history(&ada, one).await, "seq"), [2, 1]);
}

#[tokio::test]
async fn it_is_not_the_direct_chat_of_the_two() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "in the chat").await;
    let room = say_to(&bob, &mut ada.socket().await, "in the room").await;
    assert_ne!(room, chat);
    assert_eq!(column(&bob.history(chat).await, "message"), ["in the chat"]);
    assert_eq!(column(&history(&bob, room).await, "message"), ["in the room"]);
    assert_eq!((bob.unread(chat).await, bob.room_unread(room).await), (1, 1));
}

#[tokio::test]
async fn a_message_into_an_open_room_goes_to_all_sockets_of_all_who_take_part() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let bystander = User::new(&stack).await;
    let room = ada.open_room("A place").await;
    let mut bystanding = bystander.socket().await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let mut bob_elsewhere = bob.socket().await;

    let said = ada_socket.say(&to_room(room, "is anybody here?")).await;
    assert_eq!((&said["chat_room_id"], &said["seq"]), (&json!(room), &json!(1)));
    assert_eq!(heard(&mut bob_socket).await, Vec::<Value>::new(), "who has not spoken takes no part");
    // The first message makes one a participant.
    let said = bob_socket.say(&to_room(room, "I am")).await;
    for socket in [&mut ada_socket, &mut bob_elsewhere] {
        assert_eq!(expect_message(socket, "I am").await, said);
    }
    let said = ada_socket.say(&to_room(room, "good")).await;
    for socket in [&mut bob_socket, &mut bob_elsewhere] {
        assert_eq!(expect_message(socket, "good").await, said);
    }
    assert_eq!(heard(&mut bystanding).await, Vec::<Value>::new());
    assert_eq!((bob.room_unread(room).await, ada.room_unread(room).await), (1, 1));
}

#[tokio::test]
async fn what_is_posted_over_http_is_pushed_in_the_same_frame() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let room = say_to(&bob, &mut ada_socket, "by frame").await;
    let path = format!("/chat_rooms/{room}/message");
    let answer = ada.post(&path).json(&text("over HTTP")).await.expect(201).json();
    let expected = json!({
        "chat_type": "room", "chat_room_id": room, "user_id": ada.id, "message": "over HTTP",
        "type": "text", "timestamp": answer["message_timestamp"], "seq": 2,
    });
    for socket in [&mut ada_socket, &mut bob_socket] {
        assert_eq!(expect_message(socket, "over HTTP").await, expected);
    }
}

#[tokio::test]
async fn every_documented_type_is_taken() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    let room = say_to(&bob, &mut socket, "first").await;
    for kind in ["text", "image", "sticker", "location", "audio"] {
        for frame in [to_user(&bob, "{\"x\":1}"), to_room(room, "{\"x\":1}")] {
            assert_eq!(socket.say(&with(&frame, "type", json!(kind))).await["type"], kind);
        }
    }
    for wrong in [json!("customize"), json!("video"), json!("Text"), json!(""), json!(7)] {
        socket.refused(&named(with(&to_user(&bob, "hello"), "type", wrong))).await;
    }
    assert_eq!(history(&bob, room).await.len(), 11);
}

#[tokio::test]
async fn a_repeated_client_id_is_answered_on_that_connection_alone_and_stored_once() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut first, mut second) = (ada.socket().await, ada.socket().await);
    let mut bob_socket = bob.socket().await;
    let frame = named(to_user(&bob, "once"));
    let said = first.say(&frame).await;
    for socket in [&mut second, &mut bob_socket] {
        assert_eq!(expect_message(socket, "once").await, said);
    }
    say_to(&ada, &mut bob_socket, "meanwhile").await;
    for socket in [&mut first, &mut second] {
        expect_message(socket, "meanwhile").await;
    }

    for _ in 0..2 {
        assert_eq!(first.say(&frame).await, said);
        for socket in [&mut second, &mut bob_socket] {
            assert_eq!(heard(socket).await, Vec::<Value>::new());
        }
    }
    assert_eq!(second.say(&frame).await, said, "it is the sender's, not the connection's");
    assert_eq!(heard(&mut first).await, Vec::<Value>::new());
    let room = said["chat_room_id"].as_u64().expect("a chat_room_id");
    assert_eq!(column(&history(&ada, room).await, "message"), ["meanwhile", "once"]);
    assert_eq!(bob.room_unread(room).await, 1);
}

#[tokio::test]
async fn a_client_id_is_the_same_on_every_path() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let frame = named(to_user(&bob, "once"));
    let key = frame["client_id"].as_str().expect("a client_id").to_owned();
    let said = ada_socket.say(&frame).await;
    expect_message(&mut bob_socket, "once").await;
    let room = said["chat_room_id"].as_u64().expect("a chat_room_id");

    let path = format!("/chat_rooms/{room}/message");
    let answer = send(&ada, &path, &text("once"), &key).await.expect(201).json();
    let expected = json!({"chat_room_id": room, "seq": said["seq"], "message_timestamp": said["timestamp"]});
    assert_eq!(answer, expected);
    assert_eq!(ada_socket.say(&with(&to_room(room, "once"), "client_id", json!(key))).await, said);
    send(&ada, &path, &text("twice"), &key).await.refused(409);
    assert_eq!(heard(&mut bob_socket).await, Vec::<Value>::new());

    let key = unique("key");
    let answer = send(&ada, &path, &text("over HTTP"), &key).await.expect(201).json();
    let repeated = ada_socket.say(&with(&to_user(&bob, "over HTTP"), "client_id", json!(key))).await;
    assert_eq!((&repeated["seq"], &repeated["timestamp"]), (&answer["seq"], &answer["message_timestamp"]));
    assert_eq!(column(&history(&bob, room).await, "seq"), [2, 1]);
}

#[tokio::test]
async fn a_client_id_is_of_one_message() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let eve = User::new(&stack).await;
    let room = ada.open_room("A place").await;
    let group = ada.create_group("A group").await;
    let mut socket = ada.socket().await;
    let frame = named(to_user(&bob, "once"));
    let own = socket.say(&frame).await["chat_room_id"].as_u64().expect("a chat_room_id");
    let same_id = |other: &Value| with(other, "client_id", frame["client_id"].clone());
    let others = [
        with(&frame, "message", json!("twice")),
        with(&frame, "type", json!("image")),
        same_id(&to_user(&eve, "once")),
        same_id(&to_room(room, "once")),
        same_id(&json!({"chat_type": "group", "chat_group_id": group, "message": "once"})),
        same_id(&json!({"chat_type": "bot", "message": "once"})),
    ];
    for other in others {
        assert_eq!(socket.refused(&other).await, "idempotency_key_reused", "{other}");
    }
    assert_eq!(column(&history(&bob, own).await, "seq"), [1]);
    assert_eq!(history(&ada, room).await, Vec::<Value>::new());
    assert_eq!(eve.get("/chat_rooms").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_client_id_belongs_to_its_sender() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let frame = named(to_user(&bob, "mine"));
    ada_socket.say(&frame).await;
    expect_message(&mut bob_socket, "mine").await;
    let yours = with(&to_user(&ada, "yours"), "client_id", frame["client_id"].clone());
    assert_eq!(bob_socket.say(&yours).await["user_id"], bob.id);
}

#[tokio::test]
async fn a_refused_message_does_not_use_up_its_client_id() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    let frame = named(to_user(&bob, "now"));
    assert_eq!(socket.refused(&with(&frame, "message", json!(""))).await, "invalid_message");
    assert_eq!(socket.refused(&with(&frame, "other_user_id", json!(ada.id))).await, "invalid_receiver");
    socket.say(&frame).await;
}

#[tokio::test]
async fn nobody_writes_to_oneself_or_to_nobody() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    let refusals = [
        (to_user(&ada, "hello"), "invalid_receiver"),
        (with(&to_user(&ada, "hello"), "other_user_id", json!(NOBODY)), "user_not_found"),
        (to_room(NOBODY, "hello"), "chat_not_found"),
    ];
    for (frame, code) in refusals {
        assert_eq!(socket.refused(&frame).await, code);
        assert_eq!(socket.refused(&named(frame)).await, code);
    }
    assert_eq!(ada.get("/chat_rooms").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn the_room_of_two_others_is_closed_and_other_chats_are_no_rooms() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let eve = User::new(&stack).await;
    let (mut ada_socket, mut eve_socket) = (ada.socket().await, eve.socket().await);
    let room = say_to(&bob, &mut ada_socket, "private").await;
    let chat = ada.write(&bob, "private").await;
    let group = ada.create_group("A group").await;
    assert_eq!(eve_socket.refused(&named(to_room(room, "me too"))).await, "forbidden");
    for socket in [&mut ada_socket, &mut eve_socket] {
        for id in [chat, group] {
            assert_eq!(socket.refused(&named(to_room(id, "hello"))).await, "chat_not_found");
        }
    }
    assert_eq!(column(&history(&bob, room).await, "message"), ["private"]);
    assert_eq!(heard(&mut eve_socket).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_wrong_with_a_frame_is_said_with_its_client_id() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    let room = say_to(&bob, &mut socket, "first").await;
    for (frame, receiver) in
        [(to_user(&bob, "hello"), "other_user_id"), (to_room(room, "hello"), "chat_room_id")]
    {
        let frame = named(frame);
        assert_eq!(socket.refused(&without(&frame, "message")).await, "invalid_frame");
        assert_eq!(socket.refused(&without(&frame, receiver)).await, "invalid_frame");
        for text in [String::new(), "a".repeat(LIMIT + 1), format!("{}a", "ä".repeat(LIMIT / 2))] {
            assert_eq!(socket.refused(&with(&frame, "message", json!(text))).await, "invalid_message");
        }
        for wrong in [json!(7), json!(["hello"]), json!({}), json!(true), json!(null)] {
            assert_eq!(socket.refused(&with(&frame, "message", wrong)).await, "invalid_frame");
        }
        for wrong in
            [json!("x"), json!([bob.id]), json!({}), json!(1.5), json!(-1), json!(0), json!(1_u64 << 53)]
        {
            assert_eq!(socket.refused(&with(&frame, receiver, wrong)).await, "invalid_frame");
        }
    }
    // The socket stays, and nothing of it was stored.
    assert_eq!(column(&history(&bob, room).await, "message"), ["first"]);
    say_to(&bob, &mut socket, "second").await;
}

#[tokio::test]
async fn a_client_id_that_is_no_text_of_128_bytes_is_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    let frame = to_user(&bob, "hello");
    socket.say(&with(&frame, "client_id", json!("x".repeat(128)))).await;
    socket.refused(&with(&frame, "client_id", json!("x".repeat(129)))).await;
    for wrong in [json!(7), json!(["x"]), json!({})] {
        socket.send(&with(&frame, "client_id", wrong)).await;
        socket.expect("a refusal", |back| back["code"] == "invalid_frame").await;
    }
    let rows = bob.get("/chat_rooms/message/unread").await.expect(200).rows();
    assert_eq!(column(&rows, "unread_count"), [1]);
}

#[tokio::test]
async fn the_largest_message_comes_in_parts_and_is_pushed_whole() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut bob_socket = bob.socket().await;
    // Each of these bytes takes six in JSON.
    let text = "\u{1}".repeat(LIMIT);
    let mut by_hand = RawSocket::open(&ada.socket_url()).await;
    by_hand.send_in_parts(&to_user(&bob, &text).to_string(), FRAME).await;
    let frame = bob_socket.expect("the message", |frame| frame["chat_type"] == "room").await;
    assert_eq!(frame["message"], json!(text));
    let room = frame["chat_room_id"].as_u64().expect("a chat_room_id");
    assert_eq!(history(&bob, room).await[0]["message"], json!(text));
}

#[tokio::test]
async fn texts_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let texts = [" ", "\n\t\u{0}\u{7f}", "e\u{301}é", "👩‍👩‍👧‍👦", "\u{202e}abc", "<b>", "\\u0041\"", "{}"];
    let mut room = 0;
    for text in texts {
        room = say_to(&bob, &mut ada_socket, text).await;
        expect_message(&mut bob_socket, text).await;
    }
    let mut kept = column(&history(&bob, room).await, "message");
    kept.reverse();
    assert_eq!(kept, texts);
}

#[tokio::test]
async fn messages_sent_one_after_another_arrive_in_their_order() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    for number in 1..=20 {
        say_to(&bob, &mut ada_socket, &number.to_string()).await;
    }
    for seq in 1..=20 {
        let frame = bob_socket.expect("the message", |frame| frame["chat_type"] == "room").await;
        assert_eq!((&frame["seq"], &frame["message"]), (&json!(seq), &json!(seq.to_string())));
    }
}
