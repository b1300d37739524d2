//! The upgrade.

use tests::{Caller as _, Socket, Stack, User};

use super::{socket_by_query, url_by_query};

#[tokio::test]
async fn a_token_in_the_query_makes_the_socket_its_users_without_a_word() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = socket_by_query(&stack, &bob).await;
    let frames = socket.so_far().await;
    assert!(frames.iter().all(|frame| frame["type"] != "ready"), "{frames:?}");
    let chat = ada.write(&bob, "hello").await;
    socket.expect("the message", |frame| frame["chat_id"] == chat).await;
}

#[tokio::test]
async fn a_bad_token_in_the_query_is_refused() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let url = &stack.ready().websocket;
    let cut = &ada.token[..ada.token.len() - 8];
    for token in ["", "x", "a.b.c", cut] {
        let refused = Socket::try_open(&format!("{url}?token={token}")).await;
        assert!(matches!(refused, Err(401 | 403)), "{token:?} gave {refused:?}");
    }
    ada.get("/logout").await.expect(200);
    assert!(matches!(Socket::try_open(&url_by_query(&stack, &ada)).await, Err(401 | 403)));
}

#[tokio::test]
async fn another_stage_is_not_there() {
    let stack = Stack::shared().await;
    let url = &stack.ready().websocket;
    let (root, _) = url.rsplit_once('/').expect("a stage");
    for path in ["", "/", "/nothing"] {
        assert!(matches!(Socket::try_open(&format!("{root}{path}")).await, Err(403 | 404)), "{path:?}");
    }
}
