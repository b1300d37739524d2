//! Frames of groups: what is said inside, and who hears it.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller as _, RawSocket, Stack, User, unique};

use super::{NO_GROUP, expect_message, founder, heard, newcomer, to_group};
use crate::common::column;

/// Most bytes of a message.
const LIMIT: usize = 16 * 1024;
/// Most bytes of a WebSocket frame.
const FRAME: usize = 32 * 1024;

#[tokio::test]
async fn all_sockets_inside_and_all_of_the_sender_get_a_message_with_its_place() {
    let stack = Stack::shared().await;
    let (ada, mut ada_inside, group) = founder(&stack).await;
    let mut ada_outside = ada.socket().await;
    let (_bob, mut bob_inside) = newcomer(&stack, group).await;
    for (seq, kind) in [(1, None), (2, Some("location"))] {
        let mut frame = to_group(group, "ü 👍 \"");
        frame["client_id"] = json!(unique("frame"));
        if let Some(kind) = kind {
            frame["type"] = json!(kind);
        }
        ada_outside.send(&frame).await;
        let mut seen = Vec::new();
        for socket in [&mut ada_inside, &mut ada_outside, &mut bob_inside] {
            seen.push(expect_message(socket, group, "ü 👍 \"").await);
        }
        let stored = ada.look_into(group).await["messages"][0].clone();
        let expected = json!({
            "chat_type": "group", "chat_group_id": group, "user_id": ada.id, "message": "ü 👍 \"",
            "type": kind.unwrap_or("text"), "timestamp": stored["timestamp"], "seq": seq,
            "client_id": frame["client_id"],
        });
        assert_eq!(seen, [expected.clone(), expected.clone(), expected]);
        assert_eq!(stored["seq"], seq);
    }
}

#[tokio::test]
async fn without_a_client_id_there_is_none_in_the_frame() {
    let stack = Stack::shared().await;
    let (ada, mut socket, group) = founder(&stack).await;
    socket.send(&to_group(group, "hello")).await;
    let seen = expect_message(&mut socket, group, "hello").await;
    let stored = ada.look_into(group).await["messages"][0].clone();
    let expected = json!({
        "chat_type": "group", "chat_group_id": group, "user_id": ada.id, "message": "hello",
        "type": "text", "timestamp": stored["timestamp"], "seq": 1,
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn members_elsewhere_have_it_as_unread_and_get_no_frame() {
    let stack = Stack::shared().await;
    let (_ada, mut ada_socket, group) = founder(&stack).await;
    // One has left, one is in another group, one has a socket that never entered.
    let (left, mut left_socket) = newcomer(&stack, group).await;
    left.delete(&format!("/chat_groups/{group}/presence")).await.expect(204);
    let (moved, mut moved_socket) = newcomer(&stack, group).await;
    moved.enter(left.create_group("Another group").await).await;
    let outside = User::new(&stack).await;
    outside.enter(group).await;
    let mut outside_socket = outside.socket().await;

    ada_socket.say(&to_group(group, "one")).await;
    ada_socket.say(&to_group(group, "two")).await;
    for socket in [&mut left_socket, &mut moved_socket, &mut outside_socket] {
        assert_eq!(heard(socket, group).await, Vec::<Value>::new());
    }
    for member in [&left, &moved, &outside] {
        assert_eq!(member.unread_in_group(group).await, 2);
        let seen = member.look_into(group).await;
        assert_eq!(seen["unread_count"], 2);
        assert_eq!(column(seen["messages"].as_array().expect("messages"), "message"), ["two", "one"]);
    }
    assert_eq!(left.enter(group).await["unread_count"], 2, "what is unread on coming in");
}

#[tokio::test]
async fn reading_the_notification_sets_the_count_to_0_for_the_reader_alone() {
    let stack = Stack::shared().await;
    let (_ada, mut ada_socket, group) = founder(&stack).await;
    let [bob, eve] = User::pair(&stack).await;
    bob.enter(group).await;
    eve.enter(group).await;
    ada_socket.say(&to_group(group, "one")).await;
    bob.put("/notifications").json(&json!({"chat_group_id": group})).await.expect(200);
    assert_eq!((bob.unread_in_group(group).await, eve.unread_in_group(group).await), (0, 1));
    ada_socket.say(&to_group(group, "two")).await;
    assert_eq!((bob.unread_in_group(group).await, eve.unread_in_group(group).await), (1, 2));
}

#[tokio::test]
async fn ones_own_messages_are_never_unread() {
    let stack = Stack::shared().await;
    let (_ada, mut ada_socket, group) = founder(&stack).await;
    let bob = User::new(&stack).await;
    bob.enter(group).await;
    let mut bob_socket = bob.socket().await;
    ada_socket.say(&to_group(group, "a question")).await;
    bob_socket.say(&to_group(group, "an answer")).await;
    bob_socket.say(&to_group(group, "and more")).await;
    assert_eq!(bob.unread_in_group(group).await, 1, "sending reads nothing, and counts nothing of one's own");
}

#[tokio::test]
async fn strangers_get_nothing_and_are_not_heard() {
    let stack = Stack::shared().await;
    let (ada, mut ada_socket, group) = founder(&stack).await;
    let stranger = User::new(&stack).await;
    let mut socket = stranger.socket().await;
    ada_socket.say(&to_group(group, "among us")).await;
    assert_eq!(heard(&mut socket, group).await, Vec::<Value>::new());

    let mut frame = to_group(group, "me too");
    assert_eq!(socket.refused(&frame).await, "forbidden");
    frame["client_id"] = json!("7");
    assert_eq!(socket.refused(&frame).await, "forbidden");
    assert_eq!(heard(&mut ada_socket, group).await, Vec::<Value>::new());
    assert_eq!(column(ada.look_into(group).await["messages"].as_array().expect("rows"), "seq"), [1]);

    stranger.enter(group).await;
    socket.say(&frame).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_frame_is_said_with_its_client_id() {
    let stack = Stack::shared().await;
    let (ada, mut socket, group) = founder(&stack).await;
    let with = |field: &str, value: Value| {
        let mut frame = to_group(group, "hello");
        frame["client_id"] = json!("7");
        frame[field] = value;
        frame
    };
    let without = |field: &str| {
        let mut frame = with("client_id", json!("7"));
        frame.as_object_mut().expect("an object").remove(field);
        frame
    };
    assert_eq!(socket.refused(&with("chat_group_id", json!(NO_GROUP))).await, "chat_not_found");
    assert_eq!(socket.refused(&without("message")).await, "invalid_frame");
    assert_eq!(socket.refused(&without("chat_group_id")).await, "invalid_frame");
    for text in [String::new(), "a".repeat(LIMIT + 1), format!("{}a", "ä".repeat(LIMIT / 2))] {
        assert_eq!(socket.refused(&with("message", json!(text))).await, "invalid_message");
    }
    for wrong in [json!(7), json!(["hello"]), json!({}), json!(true), json!(null)] {
        assert_eq!(socket.refused(&with("message", wrong)).await, "invalid_frame");
    }
    for wrong in [json!("x"), json!([group]), json!({}), json!(1.5), json!(-1), json!(0), json!(1_u64 << 53)]
    {
        assert_eq!(socket.refused(&with("chat_group_id", wrong)).await, "invalid_frame");
    }
    for wrong in [json!("customize"), json!("video"), json!("Text"), json!(""), json!(7)] {
        socket.refused(&with("type", wrong)).await;
    }
    assert_eq!(ada.look_into(group).await["messages"], json!([]));
}

#[tokio::test]
async fn every_documented_type_is_taken() {
    let stack = Stack::shared().await;
    let (ada, mut socket, group) = founder(&stack).await;
    let kinds = ["text", "image", "sticker", "location", "audio"];
    for kind in kinds {
        let mut frame = to_group(group, "{\"x\":1}");
        frame["type"] = json!(kind);
        assert_eq!(socket.say(&frame).await["type"], kind);
    }
    let mut stored = column(ada.look_into(group).await["messages"].as_array().expect("rows"), "type");
    stored.reverse();
    assert_eq!(stored, kinds);
}

#[tokio::test]
async fn a_repeated_client_id_is_answered_on_that_connection_alone_and_stored_once() {
    let stack = Stack::shared().await;
    let (ada, mut first, group) = founder(&stack).await;
    let mut second = ada.socket().await;
    ada.enter(group).await;
    let (_bob, mut bob_socket) = newcomer(&stack, group).await;
    let mut frame = to_group(group, "once");
    frame["client_id"] = json!(unique("frame"));
    let said = first.say(&frame).await;
    for socket in [&mut second, &mut bob_socket] {
        assert_eq!(expect_message(socket, group, "once").await, said);
    }
    bob_socket.say(&to_group(group, "meanwhile")).await;
    for socket in [&mut first, &mut second] {
        expect_message(socket, group, "meanwhile").await;
    }

    assert_eq!(first.say(&frame).await, said);
    for socket in [&mut second, &mut bob_socket] {
        assert_eq!(heard(socket, group).await, Vec::<Value>::new());
    }
    assert_eq!(second.say(&frame).await, said, "it is the sender's, not the connection's");
    assert_eq!(heard(&mut first, group).await, Vec::<Value>::new());
    let rows = ada.look_into(group).await["messages"].clone();
    assert_eq!(column(rows.as_array().expect("rows"), "message"), ["meanwhile", "once"]);
}

#[tokio::test]
async fn a_client_id_is_of_one_message() {
    let stack = Stack::shared().await;
    let (ada, mut socket, group) = founder(&stack).await;
    let other = ada.create_group("Another group").await;
    let mut frame = to_group(group, "once");
    frame["client_id"] = json!(unique("frame"));
    socket.say(&frame).await;
    for (field, value) in
        [("message", json!("twice")), ("type", json!("image")), ("chat_group_id", json!(other))]
    {
        let mut reused = frame.clone();
        reused[field] = value;
        assert_eq!(socket.refused(&reused).await, "idempotency_key_reused", "{field}");
    }
    assert_eq!(ada.look_into(other).await["messages"], json!([]));
    assert_eq!(column(ada.look_into(group).await["messages"].as_array().expect("rows"), "seq"), [1]);
}

#[tokio::test]
async fn a_client_id_belongs_to_its_sender() {
    let stack = Stack::shared().await;
    let (_ada, mut ada_socket, group) = founder(&stack).await;
    let (bob, mut bob_socket) = newcomer(&stack, group).await;
    let mut frame = to_group(group, "mine");
    frame["client_id"] = json!(unique("frame"));
    ada_socket.say(&frame).await;
    expect_message(&mut bob_socket, group, "mine").await;
    frame["message"] = json!("yours");
    assert_eq!(bob_socket.say(&frame).await["user_id"], bob.id);
}

#[tokio::test]
async fn messages_sent_one_after_another_arrive_in_their_order() {
    let stack = Stack::shared().await;
    let (_ada, mut ada_socket, group) = founder(&stack).await;
    let (_bob, mut bob_socket) = newcomer(&stack, group).await;
    for number in 1..=20 {
        ada_socket.say(&to_group(group, &number.to_string())).await;
    }
    for seq in 1..=20 {
        let is_message = |frame: &Value| frame["chat_group_id"] == group && frame["message"].is_string();
        let frame = bob_socket.expect("the message", is_message).await;
        assert_eq!((&frame["seq"], &frame["message"]), (&json!(seq), &json!(seq.to_string())));
    }
}

#[tokio::test]
async fn many_who_talk_at_once_are_numbered_without_gaps() {
    const PEOPLE: usize = 5;
    const EACH: usize = 10;
    let stack = Stack::shared().await;
    let (ada, _socket, group) = founder(&stack).await;
    let people = join_all((0..PEOPLE).map(|_| newcomer(&stack, group))).await;
    let talks = people.into_iter().map(|(user, mut socket)| async move {
        for number in 0..EACH {
            let said = socket.say(&to_group(group, &number.to_string())).await;
            assert_eq!(said["user_id"], user.id);
        }
        socket
    });
    join_all(talks).await;
    let rows = ada.look_into(group).await["messages"].clone();
    let rows = rows.as_array().expect("messages");
    let expected: Vec<u64> = (1..=(PEOPLE * EACH) as u64).rev().collect();
    assert_eq!(column(rows, "seq"), expected);
    assert!(
        rows.is_sorted_by(|one, other| one["timestamp"].as_str() > other["timestamp"].as_str()),
        "{rows:?}"
    );
}

#[tokio::test]
async fn the_largest_message_comes_in_parts_and_is_pushed_whole() {
    let stack = Stack::shared().await;
    let (ada, mut socket, group) = founder(&stack).await;
    let mut by_hand = RawSocket::open(&ada.socket_url()).await;
    // Each of these bytes takes six in JSON.
    let text = "\u{1}".repeat(LIMIT);
    by_hand.send_in_parts(&to_group(group, &text).to_string(), FRAME).await;
    let frame = socket.expect("the message", |frame| frame["chat_group_id"] == group).await;
    assert_eq!(frame["message"], json!(text));
    assert_eq!(ada.look_into(group).await["messages"][0]["message"], json!(text));
}
