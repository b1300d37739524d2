//! Functions that crash.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller as _, Stack, User, eventually};

/// Waits until a function serves again. Calls that reach a process in its last moments fail, as on AWS.
async fn serves_again(user: &User) {
    let serves = async || (user.get("/chats").await.status == 200).then_some(());
    eventually("the next process of the function", serves).await;
}

#[tokio::test]
async fn a_function_that_was_killed_is_started_anew() {
    let stack = Stack::start(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    for number in 1..=3_u64 {
        let chat = ada.write(&bob, "hello").await;
        stack.crash("chats");
        serves_again(&bob).await;
        assert_eq!(bob.unread(chat).await, number);
    }
}

#[tokio::test]
async fn sockets_outlive_their_function() {
    let stack = Stack::start(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = bob.socket().await;
    stack.crash("websocket");
    let mut pong = None;
    while pong.is_none() {
        socket.send(&json!({"type": "ping"})).await;
        let is_answer =
            |frame: &Value| frame["type"] == "pong" || frame["message"] == "Internal server error";
        let answer = socket.expect("an answer", is_answer).await;
        pong = (answer["type"] == "pong").then_some(answer);
    }
    let chat = ada.write(&bob, "hello").await;
    socket.expect("the message", |frame| frame["chat_id"] == chat).await;
}

#[tokio::test]
async fn sends_under_way_are_answered_and_can_be_repeated() {
    let stack = Stack::start(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "0").await;
    let keys: Vec<_> = (1..=20).map(|number| number.to_string()).collect();
    let send = async |key: &String| {
        let body = json!({"receiver_id": bob.id, "message": key, "type": "text"});
        ada.post("/chats").header("idempotency-key", key).json(&body).await
    };
    let sends = join_all(keys.iter().map(send));
    let crash = async { stack.crash("chats") };
    let (answers, ()) = futures::future::join(sends, crash).await;
    serves_again(&ada).await;
    for (key, answer) in keys.iter().zip(answers) {
        let status = answer.status.as_u16();
        assert!(matches!(status, 201 | 500 | 502 | 503), "{answer:?}");
        send(key).await.expect(201);
    }
    let rows = bob.history(chat).await;
    assert_eq!(rows.len(), keys.len() + 1, "each is there once: {rows:?}");
    assert_eq!(bob.unread(chat).await, keys.len() as u64 + 1);
}
