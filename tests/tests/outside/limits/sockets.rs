//! Sockets of a user that are open at once.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Member, Platform, Socket, Stack, User, WebUser, eventually, millis, unique};

use super::limited;
use crate::stale::Stale;

const LIMIT: &str = "SocketsPerUser=3";
/// What API Gateway makes of the function's 429.
const REFUSED: Option<u16> = Some(403);

/// What the table lists of somebody's sockets.
async fn listed(stack: &Stack, user: u64) -> Vec<String> {
    let key = json!({"pk": {"S": format!("user#{user}")}, "sk": {"S": "-"}});
    let item = stack.tables().item("Connections", &key).await.unwrap_or_default();
    let names = item.as_object().into_iter().flatten().map(|(name, _)| name.clone());
    names.filter(|name| name.starts_with("socket:")).collect()
}

/// Opens three sockets, in every way that there is.
async fn three(user: &User, stack: &Stack) -> [Socket; 3] {
    let mut by_frame = Socket::open(&stack.ready().websocket).await;
    by_frame.send(&json!({"token": user.token})).await;
    by_frame.expect("ready", |frame| frame["type"] == "ready").await;
    [by_frame, user.socket().await, Socket::open(&user.socket_url()).await]
}

#[tokio::test]
async fn a_user_has_so_many_open_and_another_when_one_is_closed() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let [ada, bob] = User::pair(&stack).await;
    let [first, mut second, _third] = three(&ada, &stack).await;

    assert_eq!(Socket::try_open(&ada.socket_url()).await.err(), REFUSED);
    // By a frame the refusal can say why.
    let mut one_more = Socket::open(&stack.ready().websocket).await;
    one_more.send(&json!({"token": ada.token, "client_id": "mine"})).await;
    let refusal: Value = one_more.next().await;
    let seconds = refusal["retry_after"].as_u64().unwrap_or_else(|| panic!("no retry_after in {refusal}"));
    let error = format!("Too many open sockets. Try again in {seconds} seconds.");
    let code = "too_many_requests";
    let expected = json!({"error": error, "code": code, "retry_after": seconds, "client_id": "mine"});
    assert_eq!(refusal, expected);
    one_more.closed().await;
    assert_eq!(listed(&stack, ada.id).await.len(), 3);

    second.so_far().await;
    three(&bob, &stack).await;
    first.close().await;
    eventually("room for a socket", async || Socket::try_open(&ada.socket_url()).await.ok()).await;
}

#[tokio::test]
async fn of_sockets_that_are_opened_at_once_so_many_are() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let ada = User::new(&stack).await;
    let url = ada.socket_url();
    let opened = join_all((0..12).map(|_| Socket::try_open(&url))).await;
    let (open, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
    assert_eq!((open.len(), refused.len()), (3, 9));
    assert!(refused.into_iter().all(|refused| refused.err() == REFUSED));
    assert_eq!(listed(&stack, ada.id).await.len(), 3);
}

#[tokio::test]
async fn sockets_that_have_ended_unnoticed_are_forgotten_when_their_places_are_needed() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let (ada, tables) = (User::new(&stack).await, stack.tables());
    let mut lost = Vec::new();
    for _ in 0..3 {
        lost.push(Stale::of(&tables, ada.id).await);
    }
    // Three at once want the places of three.
    let url = ada.socket_url();
    let open = join_all((0..3).map(|_| Socket::open(&url))).await;
    for lost in &lost {
        lost.is_forgotten().await;
    }
    assert_eq!(Socket::try_open(&url).await.err(), REFUSED);
    assert_eq!(listed(&stack, ada.id).await.len(), open.len());
}

#[tokio::test]
async fn sockets_that_have_expired_take_nobodys_place_and_go() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let (ada, tables) = (User::new(&stack).await, stack.tables());
    let key = json!({"pk": {"S": format!("user#{}", ada.id)}, "sk": {"S": "-"}});
    let past = (millis() / 1000 - 60).to_string();
    for _ in 0..5 {
        let socket = json!({"M": {"expires_at": {"N": past}, "session_id": {"S": "some session"}}});
        tables.set("Connections", &key, &format!("socket:{}", unique("gone")), &socket).await;
    }
    let _open = three(&ada, &stack).await;
    assert_eq!(listed(&stack, ada.id).await.len(), 8);
    assert_eq!(Socket::try_open(&ada.socket_url()).await.err(), REFUSED);
    assert_eq!(listed(&stack, ada.id).await.len(), 3);
}

#[tokio::test]
async fn users_of_platforms_and_of_pages_have_so_many_as_well() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let member: Member = Platform::new(&stack).member("member").await;
    let url = member.socket_url();
    let _open = join_all((0..3).map(|_| Socket::open(&url))).await;
    assert_eq!(Socket::try_open(&url).await.err(), REFUSED);

    let page = stack.ready().console.clone();
    let eve = WebUser::new(&stack).await;
    let _open = join_all((0..3).map(|_| eve.socket(&page))).await;
    let cookies = format!("user_id={}; token={}", eve.id, eve.token);
    let headers = [("cookie", &*cookies), ("origin", &page)];
    let one_more = Socket::try_open_with(&stack.ready().websocket, &headers).await;
    assert_eq!(one_more.err(), REFUSED);
}
