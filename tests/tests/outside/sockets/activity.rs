//! `user_activity`: who comes and who goes.

use serde_json::{Value, json};
use tests::{RawSocket, Socket, Stack, User};

use super::url_by_query;

fn activity(user: &User, login: bool) -> Value {
    json!({"type": "user_activity", "user_id": user.id, "login": login})
}

async fn expect(watching: &mut Socket, frame: Value) {
    watching.expect(&frame.to_string(), |seen| *seen == frame).await;
}

#[tokio::test]
async fn only_the_first_socket_and_the_last_one_are_told_of() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut watching = bob.socket().await;
    let first = ada.socket().await;
    expect(&mut watching, activity(&ada, true)).await;

    let second = ada.socket().await;
    first.close().await;
    second.close().await;
    let mut told = Vec::new();
    watching.expect("the end of the last socket", |frame| *frame == activity(&ada, false)).await;
    told.extend(watching.so_far().await);
    assert!(told.iter().all(|frame| frame["user_id"] != ada.id), "{told:?}");
}

#[tokio::test]
async fn a_second_socket_is_not_told_of() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let _first = ada.socket().await;
    let mut watching = bob.socket().await;
    let second = ada.socket().await;
    second.close().await;
    let told = watching.so_far().await;
    assert!(told.iter().all(|frame| frame["user_id"] != ada.id), "{told:?}");
}

#[tokio::test]
async fn a_socket_that_breaks_is_told_of_too() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut watching = bob.socket().await;
    let socket = RawSocket::open(&url_by_query(&stack, &ada)).await;
    expect(&mut watching, activity(&ada, true)).await;
    socket.reset();
    expect(&mut watching, activity(&ada, false)).await;
    assert_eq!(ada.seen_by(&bob).await["online"], false);
}

#[tokio::test]
async fn an_upgrade_with_a_token_is_told_of() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut watching = bob.socket().await;
    let _socket = super::socket_by_query(&stack, &ada).await;
    expect(&mut watching, activity(&ada, true)).await;
}
