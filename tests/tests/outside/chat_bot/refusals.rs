//! Frames to the bot that are refused.

use serde_json::{Value, json};
use tests::{Stack, User, unique};

use super::{check_exchange, heard, newest, to_bot};

/// Most bytes of a message.
const LIMIT: usize = 16 * 1024;

#[tokio::test]
async fn what_is_wrong_with_a_frame_is_said_with_its_client_id() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    let with = |message: Value| json!({"chat_type": "bot", "message": message, "client_id": "7"});
    let missing = json!({"chat_type": "bot", "client_id": "7"});
    assert_eq!(socket.refused(&missing).await, "invalid_frame");
    assert_eq!(socket.refused(&json!({"chat_type": "bot"})).await, "invalid_frame");
    for wrong in [json!(7), json!(["hello"]), json!({}), json!(true), json!(null)] {
        assert_eq!(socket.refused(&with(wrong)).await, "invalid_frame");
    }
    for text in [String::new(), "a".repeat(LIMIT + 1), format!("{}a", "ä".repeat(LIMIT / 2))] {
        assert_eq!(socket.refused(&with(json!(text))).await, "invalid_message");
    }
    assert_eq!(newest(&ada).await, Vec::<Value>::new());
    check_exchange(&socket.say(&with(json!("now"))).await, "now");
}

#[tokio::test]
async fn a_refusal_goes_to_the_connection_that_the_frame_came_from() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let (mut first, mut second) = (ada.socket().await, ada.socket().await);
    first.refused(&to_bot("")).await;
    let frames = second.so_far().await;
    assert!(frames.iter().all(|frame| frame["error"].is_null()), "{frames:?}");
}

#[tokio::test]
async fn a_client_id_is_of_one_message() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    let client_id = unique("frame");
    let mut question = to_bot("once");
    question["client_id"] = json!(client_id);
    socket.say(&question).await;
    question["message"] = json!("twice");
    assert_eq!(socket.refused(&question).await, "idempotency_key_reused");
    let to_bob = json!({
        "chat_type": "room", "other_user_id": bob.id, "message": "once", "client_id": client_id,
    });
    assert_eq!(socket.refused(&to_bob).await, "idempotency_key_reused");
    assert_eq!(heard(&mut socket).await, Vec::<Value>::new());
    assert_eq!(newest(&ada).await.len(), 2);
}

#[tokio::test]
async fn a_client_id_has_at_most_128_bytes() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    let mut question = to_bot("hello");
    question["client_id"] = json!("x".repeat(128));
    socket.say(&question).await;
    question["client_id"] = json!("x".repeat(129));
    socket.refused(&question).await;
    assert_eq!(newest(&ada).await.len(), 2);
}
