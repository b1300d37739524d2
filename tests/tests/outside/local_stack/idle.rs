//! Sockets that are silent or old.

use serde_json::json;
use tests::{Caller as _, Stack, User, eventually};

#[tokio::test]
async fn a_silent_socket_is_closed_and_its_user_goes_offline() {
    let stack = Stack::start(&["--idle-timeout-ms", "300"]).await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    assert_eq!(socket.closed().await, Some(1001));
    let offline = async || (ada.seen_by(&ada).await["online"] == json!(false)).then_some(());
    eventually("the end of the silent socket", offline).await;
}

#[tokio::test]
async fn an_old_socket_is_closed_however_busy_it_is() {
    let stack = Stack::start(&["--connection-lifetime-ms", "500"]).await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    socket.send(&json!({"type": "ping"})).await;
    assert_eq!(socket.closed().await, Some(1001));
    ada.get("/chats").await.expect(200);
}
