//! Who and what is refused on every path.

use http::Method;
use serde_json::json;
use tests::{Anonymous, Answer, Caller, Stack, User};

use super::{messages, room_of};
use crate::common::text;

/// The paths of a room with this id.
fn paths_of(room: &str) -> Vec<(Method, String)> {
    vec![
        (Method::GET, format!("/chat_rooms/{room}")),
        (Method::GET, format!("/chat_rooms/{room}?until=2199-01-01T00:00:00.000Z")),
        (Method::GET, format!("/chat_rooms/{room}/users")),
        (Method::POST, format!("/chat_rooms/{room}/message")),
        (Method::POST, format!("/chat_rooms/{room}/read")),
        (Method::POST, format!("/chat_rooms/{room}/message/read")),
    ]
}

/// All paths.
fn paths(room: u64) -> Vec<(Method, String)> {
    let mut paths = paths_of(&room.to_string());
    paths.extend([
        (Method::GET, "/chat_rooms".to_owned()),
        (Method::POST, "/chat_rooms".to_owned()),
        (Method::GET, "/chat_rooms/message/unread".to_owned()),
        (Method::GET, "/chat_rooms/nearby?latitude=48.25&longitude=16.5&radius_m=100".to_owned()),
    ]);
    paths
}

/// A call that has every field that any path asks for.
async fn call(
    caller: &impl Caller,
    (method, path): (Method, String),
    header: Option<(&str, &str)>,
) -> Answer {
    let mut call = caller.call(method.clone(), &path);
    if let Some((name, value)) = header {
        call = call.header(name, value);
    }
    if method == Method::POST {
        let mut body = text("hello");
        for (field, value) in [("title", json!("Prater")), ("latitude", json!(48)), ("longitude", json!(16))]
        {
            body[field] = value;
        }
        call = call.json(&body);
    }
    call.await
}

#[tokio::test]
async fn without_a_good_token_every_path_is_401() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    ada.post_to_room(room, "one").await;
    let gone = ada.again(&stack).await;
    gone.get("/logout").await.expect(200);
    let nobody: Anonymous = stack.anonymous();
    let cut = &ada.token[..ada.token.len() - 8];
    let cookie = format!("token={0}; session={0}", ada.token);
    let headers = [
        None,
        Some(("authentication", "")),
        Some(("authentication", "x")),
        Some(("authentication", "a.b.c")),
        Some(("authentication", cut)),
        Some(("authorization", cut)),
        Some(("authentication", gone.token.as_str())),
        Some(("cookie", cookie.as_str())),
    ];
    for header in headers {
        for path in paths(room).into_iter().chain(paths_of("1")) {
            call(&nobody, path, header).await.refused(401);
        }
    }
    for (method, path) in paths(room) {
        let and = if path.contains('?') { '&' } else { '?' };
        call(&nobody, (method, format!("{path}{and}token={}", ada.token)), None).await.refused(401);
    }
    assert_eq!(messages(&room_of(&ada, room).await).len(), 1);
}

#[tokio::test]
async fn both_headers_carry_the_token() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    ada.post_to_room(room, "one").await;
    let bearer = format!("Bearer {}", ada.token);
    for header in [
        ("authentication", ada.token.as_str()),
        ("authorization", ada.token.as_str()),
        ("authorization", &bearer),
    ] {
        for path in paths(room) {
            let answer = call(&stack.anonymous(), path, Some(header)).await;
            assert!(
                answer.status.is_success(),
                "{} gave {}: {}",
                answer.question,
                answer.status,
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn unknown_rooms_are_404_on_every_path() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for room in ["1", "9007199254740991"] {
        for path in paths_of(room) {
            call(&ada, path, None).await.refused(404);
        }
    }
}

#[tokio::test]
async fn other_kinds_of_chats_are_no_rooms() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (chat, group) = (ada.write(&bob, "direct").await, ada.create_group("A group").await);
    for id in [chat, group, ada.id] {
        for path in paths_of(&id.to_string()) {
            call(&ada, path, None).await.refused(404);
        }
    }
    let room = ada.open_room("Prater").await;
    ada.post_to_room(room, "one").await;
    for (method, path) in [
        (Method::GET, format!("/chats/{room}")),
        (Method::DELETE, format!("/chats/{room}")),
        (Method::GET, format!("/chats_v2/{room}")),
    ] {
        ada.call(method, &path).await.refused(404);
    }
    ada.post("/chats/read").json(&json!({"chat_id": room})).await.refused(404);
    assert_eq!(messages(&room_of(&bob, room).await).len(), 1);
    assert_eq!(ada.history(chat).await.len(), 1);
}

#[tokio::test]
async fn malformed_ids_are_400_on_every_path() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for id in
        ["x", "0", "-1", "+1", "1.5", "1e3", "9007199254740992", "99999999999999999999999", "1%20x", "ä"]
    {
        for path in paths_of(id) {
            call(&ada, path, None).await.refused(400);
        }
    }
}
