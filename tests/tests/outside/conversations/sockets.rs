//! What is said in conversations, live: over sockets that open with the cookie alone.

use serde_json::{Value, json};
use tests::{Caller as _, Guest, Socket, Stack, User};

/// The upgrade as a page of this origin makes it.
async fn upgrade(stack: &Stack, cookie: &str, origin: Option<&str>) -> Result<Socket, u16> {
    let mut headers = vec![("cookie", cookie)];
    headers.extend(origin.map(|origin| ("origin", origin)));
    Socket::try_open_with(&stack.ready().websocket, &headers).await
}

/// A socket of a guest's, opened by a page of the API's own origin.
async fn listen(stack: &Stack, guest: &Guest) -> Socket {
    let cookie = format!("session={}", guest.session);
    upgrade(stack, &cookie, Some(&stack.ready().http)).await.expect("an accepted upgrade")
}

/// The next frame about a conversation.
async fn told(socket: &mut Socket, conversation: &str) -> Value {
    socket.expect("a frame of the conversation", |frame| frame["conversation"] == conversation).await
}

/// Whether nothing more about a conversation has come so far.
async fn is_silent(socket: &mut Socket, conversation: &str) -> bool {
    socket.so_far().await.iter().all(|frame| frame["conversation"] != conversation)
}

#[tokio::test]
async fn a_message_is_told_to_everybody_who_listens_its_author_included() {
    let stack = Stack::shared().await;
    let (ada, bob) = (Guest::new(&stack).await, Guest::new(&stack).await);
    let mut sockets = [listen(&stack, &ada).await, listen(&stack, &bob).await];
    let tea = ada.open("Tea").await;
    let url = ada.say(&tea, "*Two* lumps?").await;
    let message = ada.get(&url).await.expect(200).json();
    for socket in &mut sockets {
        let expected = json!({"type": "message", "conversation": tea, "message": message});
        assert_eq!(told(socket, &tea).await, expected);
    }
}

#[tokio::test]
async fn an_idempotency_key_comes_back_and_a_repeated_message_is_told_once() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let mut socket = listen(&stack, &ada).await;
    let tea = ada.open("Tea").await;
    for _ in 0..2 {
        ada.post(&tea).header("idempotency-key", "lumps").json(&json!({"text": "Two?"})).await.expect(200);
    }
    assert_eq!(told(&mut socket, &tea).await["client_id"], "lumps");
    assert!(is_silent(&mut socket, &tea).await);
}

#[tokio::test]
async fn a_deletion_is_told_and_a_refused_one_is_not() {
    let stack = Stack::shared().await;
    let (ada, bob) = (Guest::new(&stack).await, Guest::new(&stack).await);
    let tea = ada.open("Tea").await;
    let url = ada.say(&tea, "Two lumps?").await;
    let mut socket = listen(&stack, &bob).await;
    bob.delete(&url).await.expect(401);
    ada.delete(&url).await.expect(200);
    let expected = json!({"type": "delete", "conversation": tea, "url": url});
    assert_eq!(told(&mut socket, &tea).await, expected);
    ada.delete(&url).await.expect(404);
    assert!(is_silent(&mut socket, &tea).await);
}

#[tokio::test]
async fn a_socket_by_cookie_is_opened_by_allowed_pages_alone() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let cookie = format!("other=1; session={}", ada.session);
    for origin in [&stack.ready().http, &stack.ready().console] {
        upgrade(&stack, &cookie, Some(origin)).await.expect("an accepted upgrade");
    }
    for origin in ["http://evil.example", "null", ""] {
        let refused = upgrade(&stack, &cookie, Some(origin)).await.expect_err("a refused upgrade");
        assert_eq!(refused, 403, "{origin:?}");
    }
}

/// Whether a socket is nobody's yet.
async fn is_nobodys(mut socket: Socket) -> bool {
    socket.refused(&json!({"type": "ping"})).await == "unauthenticated"
}

#[tokio::test]
async fn a_cookie_without_a_page_is_as_good_as_none() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let socket = upgrade(&stack, &format!("session={}", ada.session), None).await.expect("an open socket");
    assert!(is_nobodys(socket).await);
}

#[tokio::test]
async fn what_is_no_cookie_of_conversations_is_as_good_as_none() {
    let stack = Stack::shared().await;
    let (ada, user) = (Guest::new(&stack).await, User::new(&stack).await);
    let half = &ada.session[..ada.session.len() - 4];
    for value in [half, &user.token, "x", ""] {
        let socket = upgrade(&stack, &format!("session={value}"), Some(&stack.ready().http)).await;
        assert!(is_nobodys(socket.expect("an open socket")).await, "{value}");
    }
}

#[tokio::test]
async fn the_value_of_the_cookie_is_no_token() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let url = format!("{}?token={}", stack.ready().websocket, ada.session);
    assert_eq!(Socket::try_open(&url).await.expect_err("a refused upgrade"), 401);
    let mut socket = Socket::open(&stack.ready().websocket).await;
    assert_eq!(socket.refused(&json!({"token": ada.session})).await, "unauthenticated");
    socket.closed().await;
}

#[tokio::test]
async fn guests_hear_notices_and_users_with_a_login_hear_nothing_of_conversations() {
    let stack = Stack::shared().await;
    let (ada, user) = (Guest::new(&stack).await, User::new(&stack).await);
    let (mut guest, mut other) = (listen(&stack, &ada).await, user.socket().await);
    let bob = Guest::new(&stack).await;
    for socket in [&mut guest, &mut other] {
        socket.expect("the newcomer", |frame| frame["type"] == "user_update").await;
    }
    let tea = bob.open("Tea").await;
    bob.say(&tea, "Two lumps?").await;
    told(&mut guest, &tea).await;
    assert!(is_silent(&mut other, &tea).await);
}

#[tokio::test]
async fn a_message_of_a_direct_chat_reaches_a_guest() {
    let stack = Stack::shared().await;
    let (ada, user) = (Guest::new(&stack).await, User::new(&stack).await);
    let mut socket = listen(&stack, &ada).await;
    let mut page = user.get("/users?count=100").await.expect(200).json();
    let id = loop {
        let users = page["users"].as_array().expect("users");
        if let Some(listed) = users.iter().find(|listed| listed["user_name"] == ada.name.as_str()) {
            break listed["user_id"].clone();
        }
        page = user.get(&format!("/users?count=100&next={}", page["next"])).await.expect(200).json();
    };
    user.post("/chats")
        .json(&json!({"receiver_id": id, "message": "hello", "type": "text"}))
        .await
        .expect(201);
    let frame = socket.expect("the message", |frame| frame["chat_type"] == "chat").await;
    assert_eq!(frame["message"], "hello");
}

#[tokio::test]
async fn resume_brings_what_was_missed_to_whoever_has_posted() {
    let stack = Stack::shared().await;
    let (ada, bob) = (Guest::new(&stack).await, Guest::new(&stack).await);
    let tea = ada.open("Tea").await;
    let mut first = listen(&stack, &ada).await;
    ada.say(&tea, "Two lumps?").await;
    bob.say(&tea, "One.").await;
    told(&mut first, &tea).await;
    let missed = told(&mut first, &tea).await;
    assert_eq!(missed["message"]["user"], bob.name);
    let id = tea.rsplit('/').next().expect("an id");
    for (guest, recovery) in [
        (&ada, json!({"recovered": true, "seq": 2})),
        (&Guest::new(&stack).await, json!({"recovered": false, "seq": 0})),
    ] {
        let mut second = listen(&stack, guest).await;
        second.send(&json!({"type": "resume", "chats": {id: 1}})).await;
        if recovery["recovered"] == true {
            assert_eq!(told(&mut second, &tea).await, missed);
        }
        let end = second.expect("the end", |frame| frame["type"] == "resumed").await;
        assert_eq!(end["chats"][id], recovery);
    }
}
