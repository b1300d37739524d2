//! Frames after the first one.

use serde_json::{Value, json};
use tests::{Stack, User};

use crate::common::fields;

#[tokio::test]
async fn ping_is_answered_with_pong() {
    let stack = Stack::shared().await;
    let mut socket = User::new(&stack).await.socket().await;
    for _ in 0..3 {
        socket.send(&json!({"type": "ping"})).await;
        let pong = socket.expect("a pong", |frame| frame["type"] == "pong").await;
        assert_eq!(pong, json!({"type": "pong"}));
    }
}

#[tokio::test]
async fn what_nobody_knows_is_refused_and_the_socket_stays() {
    let stack = Stack::shared().await;
    let mut socket = User::new(&stack).await.socket().await;
    let unknown = [
        json!({"type": "nothing"}),
        json!({"type": ""}),
        json!({"chat_type": "nothing"}),
        json!({"chat_type": "$connect"}),
        json!({"chat_type": "$disconnect"}),
        json!({"chat_type": 7}),
        json!({"type": ["ping"]}),
        json!({}),
    ];
    for frame in unknown {
        socket.send(&frame).await;
        let refusal = socket.expect("a refusal", |frame| frame["error"].is_string()).await;
        assert_eq!(fields(&refusal), ["code", "error"], "{frame} gave {refusal}");
    }
    socket.so_far().await;
}

#[tokio::test]
async fn what_is_no_object_is_refused_and_the_socket_stays() {
    let stack = Stack::shared().await;
    let mut socket = User::new(&stack).await.socket().await;
    let deep = "[".repeat(10_000);
    for text in ["hello", "", "{", "[]", "null", "7", "\"ping\"", "{\"type\":\"ping\"", &deep] {
        socket.send_text(text).await;
        let refusal = socket.expect("a refusal", |frame| frame["error"].is_string()).await;
        assert_eq!(fields(&refusal), ["code", "error"], "{text:.20} gave {refusal}");
    }
    socket.so_far().await;
}

#[tokio::test]
async fn a_refusal_names_the_frame_that_it_is_about() {
    let stack = Stack::shared().await;
    let mut socket = User::new(&stack).await.socket().await;
    for client_id in ["a", "ü 👍", ""] {
        socket.send(&json!({"type": "nothing", "client_id": client_id})).await;
        let refusal: Value = socket.expect("a refusal", |frame| frame["error"].is_string()).await;
        assert_eq!(refusal["client_id"], client_id, "{refusal}");
    }
}
