//! `GET /logout`.

use serde_json::json;
use tests::{Caller as _, Socket, Stack, User};

#[tokio::test]
async fn the_token_is_dead_everywhere() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    ada.get("/logout").await.expect(200);
    for path in ["/logout", "/users", "/chats", "/chats/unread", "/chats_v2/unread"] {
        ada.get(path).await.refused(401);
    }
    ada.post("/chats").json(&json!({"receiver_id": 1, "message": "x", "type": "text"})).await.refused(401);

    let url = format!("{}?token={}", stack.ready().websocket, ada.token);
    assert!(matches!(Socket::try_open(&url).await, Err(401 | 403)));
    let mut socket = Socket::open(&stack.ready().websocket).await;
    socket.send(&json!({"token": ada.token})).await;
    socket.expect("a refusal", |frame| frame["error"].is_string()).await;
    socket.closed().await;
}

#[tokio::test]
async fn its_sockets_are_closed_and_no_others() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let again = ada.again(&stack).await;
    let (mut first, mut second) = (ada.socket().await, ada.socket().await);
    let mut other = again.socket().await;
    ada.get("/logout").await.expect(200);
    first.closed().await;
    second.closed().await;
    other.so_far().await;
}

#[tokio::test]
async fn a_token_is_needed() {
    let stack = Stack::shared().await;
    stack.anonymous().get("/logout").await.refused(401);
}
