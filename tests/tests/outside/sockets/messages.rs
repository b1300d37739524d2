//! Direct messages as they are pushed.

use serde_json::json;
use tests::{Caller as _, Stack, User, unique};

use super::socket_by_query;
use crate::common::{is_moment, send, text_to};

#[tokio::test]
async fn all_sockets_of_both_get_a_message_sent_over_http() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut sockets =
        [ada.socket().await, ada.socket().await, bob.socket().await, socket_by_query(&stack, &bob).await];
    for (seq, path) in [(1, "/chats"), (2, "/chats_v2")] {
        let mut body = text_to(&bob, "ü 👍 \"");
        body["type"] = json!("customize");
        let chat = ada.post(path).json(&body).await.expect(201).json()["chat_id"].clone();
        let stored = bob.history(chat.as_u64().expect("a chat_id")).await[0].clone();
        assert!(is_moment(&stored["message_timestamp"]), "{stored}");
        for socket in &mut sockets {
            let frame = socket.expect("the message", |frame| frame["chat_type"] == "chat").await;
            let expected = json!({
                "chat_type": "chat", "chat_id": chat, "user_id": ada.id, "message": "ü 👍 \"",
                "type": "customize", "timestamp": stored["message_timestamp"], "seq": seq,
            });
            assert_eq!(frame, expected);
        }
    }
}

#[tokio::test]
async fn nobody_else_gets_it() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    let mut socket = stranger.socket().await;
    ada.write(&bob, "hello").await;
    let frames = socket.so_far().await;
    assert!(frames.iter().all(|frame| frame["chat_type"].is_null()), "{frames:?}");
}

#[tokio::test]
async fn the_largest_message_is_pushed_whatever_its_json_is() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = bob.socket().await;
    // Each of these bytes takes six in JSON.
    let text = "\u{1}".repeat(16 * 1024);
    ada.write(&bob, &text).await;
    let frame = socket.expect("the message", |frame| frame["chat_type"] == "chat").await;
    assert_eq!(frame["message"], json!(text));
}

#[tokio::test]
async fn a_repeated_send_is_not_pushed_again() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = bob.socket().await;
    let key = unique("key");
    for _ in 0..3 {
        send(&ada, "/chats", &text_to(&bob, "once"), &key).await.expect(201);
    }
    let frames = socket.so_far().await;
    let messages = frames.iter().filter(|frame| frame["chat_type"] == "chat").count();
    assert_eq!(messages, 1, "{frames:?}");
}

#[tokio::test]
async fn messages_sent_one_after_another_arrive_in_their_order() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = bob.socket().await;
    for number in 1..=20 {
        ada.write(&bob, &number.to_string()).await;
    }
    for seq in 1..=20 {
        let frame = socket.expect("the message", |frame| frame["chat_type"] == "chat").await;
        assert_eq!((&frame["seq"], &frame["message"]), (&json!(seq), &json!(seq.to_string())));
    }
}
