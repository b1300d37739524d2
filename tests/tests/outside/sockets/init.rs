//! The first frame.

use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, User};

use crate::common::fields;

/// The next error frame, whose fields are checked.
async fn refusal(socket: &mut Socket) -> Value {
    let frame = socket.expect("a refusal", |frame| frame["error"].is_string()).await;
    assert!(frame["code"].is_string(), "{frame}");
    frame
}

#[tokio::test]
async fn a_good_token_is_answered_with_ready() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    // Opening checks the answer.
    ada.socket().await.so_far().await;
}

#[tokio::test]
async fn before_it_nothing_is_served() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = Socket::open(&stack.ready().websocket).await;
    socket.send(&json!({"type": "ping"})).await;
    assert_eq!(fields(&refusal(&mut socket).await), ["code", "error"]);
    socket.send(&json!({"token": ada.token})).await;
    socket.expect("ready", |frame| *frame == json!({"type": "ready", "user_id": ada.id})).await;
}

#[tokio::test]
async fn a_bad_token_is_an_error_frame_and_the_end() {
    let stack = Stack::shared().await;
    for token in ["", "x", "a.b.c"] {
        let mut socket = Socket::open(&stack.ready().websocket).await;
        socket.send(&json!({"token": token, "client_id": "7"})).await;
        assert_eq!(refusal(&mut socket).await["client_id"], "7");
        socket.closed().await;
    }
}

#[tokio::test]
async fn a_bad_token_later_is_the_end_too() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    socket.send(&json!({"token": "x", "type": "ping"})).await;
    refusal(&mut socket).await;
    socket.closed().await;
}

#[tokio::test]
async fn a_token_that_ended_meanwhile_is_bad() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let again = ada.again(&stack).await;
    let mut socket = again.socket().await;
    ada.get("/logout").await.expect(200);
    socket.send(&json!({"token": ada.token, "type": "ping"})).await;
    refusal(&mut socket).await;
    socket.closed().await;
}

#[tokio::test]
async fn nobody_takes_over_anothers_socket() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    socket.send(&json!({"token": bob.token})).await;
    refusal(&mut socket).await;
    socket.closed().await;
}
