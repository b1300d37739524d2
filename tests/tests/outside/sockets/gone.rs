//! Sockets that are gone without the system having heard of it.

use serde_json::json;
use tests::{Caller as _, RawSocket, Stack, User, eventually};

use super::url_by_query;

#[tokio::test]
async fn sending_to_a_socket_that_broke_still_succeeds() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let broken = RawSocket::open(&url_by_query(&stack, &bob)).await;
    let mut whole = bob.socket().await;
    broken.reset();
    // At once: whether the end is known by then or found out by sending is all the same.
    let chat = ada.write(&bob, "hello").await;
    whole.expect("the message", |frame| frame["chat_id"] == chat).await;
    assert_eq!(bob.unread(chat).await, 1);
}

#[tokio::test]
async fn a_user_whose_sockets_all_broke_becomes_offline() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for _ in 0..2 {
        RawSocket::open(&url_by_query(&stack, &bob)).await.reset();
    }
    ada.write(&bob, "hello").await;
    let offline = async || (bob.seen_by(&ada).await["online"] == json!(false)).then_some(());
    eventually("the end of the broken sockets", offline).await;
    ada.post("/chats")
        .json(&json!({"receiver_id": bob.id, "message": "again", "type": "text"}))
        .await
        .expect(201);
}
