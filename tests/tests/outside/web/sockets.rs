//! Web chats live: over sockets that open with the cookies alone.

use serde_json::{Value, json};
use tests::{Caller as _, Guest, Socket, Stack, User, WebUser, unique};

use super::{
    CHATS, LOGOUT, chat_of, chat_path, cookies, cookies_of, is_ok, leaving, message_path, pair, pair_in_chat,
    people, refused_with, signed_out,
};

/// The upgrade as a page of this origin makes it.
async fn upgrade(stack: &Stack, cookie: &str, origin: Option<&str>) -> Result<Socket, u16> {
    let mut headers = vec![("cookie", cookie)];
    headers.extend(origin.map(|origin| ("origin", origin)));
    Socket::try_open_with(&stack.ready().websocket, &headers).await
}

/// A socket of somebody's, opened by a page of the API's own origin.
async fn listen(stack: &Stack, user: &WebUser) -> Socket {
    user.socket(&stack.ready().http).await
}

/// Whether a socket is nobody's yet.
async fn is_nobodys(mut socket: Socket) -> bool {
    socket.refused(&json!({"type": "ping"})).await == "unauthenticated"
}

/// The next message of a chat.
async fn told(socket: &mut Socket, chat: u64) -> Value {
    let is_it = |frame: &Value| frame["type"] == "chat_message" && frame["chat_id"] == chat;
    socket.expect("a message of the chat", is_it).await
}

/// What a socket has heard of a chat since it was last asked.
async fn heard(socket: &mut Socket, chat: u64) -> Vec<Value> {
    let mut frames = socket.so_far().await;
    frames.retain(|frame| frame["chat_id"] == chat);
    frames
}

#[tokio::test]
async fn a_message_is_told_to_all_sockets_of_all_who_take_part() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut sockets = [
        listen(&stack, &ada).await,
        listen(&stack, &ada.login(&stack).await).await,
        ada.header_user(&stack).await.socket().await,
        listen(&stack, &bob).await,
        bob.socket(&stack.ready().console).await,
        bob.header_user(&stack).await.socket().await,
    ];
    for (id, author, content) in [(1, &ada, "hello"), (2, &bob, "ü 👍 \"\n"), (3, &ada, " ")] {
        assert_eq!(author.say(chat, content).await, id);
        let stored = ada.messages(chat).await.pop().expect("a message");
        let expected = json!({
            "type": "chat_message", "chat_id": chat, "id": id, "sender_id": author.id, "content": content,
            "time": stored["time"], "seq": id,
        });
        for socket in &mut sockets {
            assert_eq!(told(socket, chat).await, expected);
        }
    }
    for socket in &mut sockets {
        assert_eq!(heard(socket, chat).await, Vec::<Value>::new(), "each message came once");
    }
}

#[tokio::test]
async fn the_largest_message_is_told_whatever_its_json_is() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut sockets = [listen(&stack, &ada).await, listen(&stack, &bob).await];
    // Each of these bytes takes six in JSON.
    let content = "\u{1}".repeat(16 * 1024);
    ada.say(chat, &content).await;
    for socket in &mut sockets {
        assert_eq!(told(socket, chat).await["content"], json!(content));
    }
}

#[tokio::test]
async fn an_idempotency_key_comes_back_and_a_repeated_message_is_told_once() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut sockets = [listen(&stack, &ada).await, listen(&stack, &bob).await];
    let key = unique("key");
    for _ in 0..3 {
        let call = ada.post(&chat_path(chat)).header("idempotency-key", &key);
        call.form(&[("content", "once")]).await.expect(201);
    }
    let stored = bob.messages(chat).await.pop().expect("a message");
    let expected = json!({
        "type": "chat_message", "chat_id": chat, "id": 1, "sender_id": ada.id, "content": "once",
        "time": stored["time"], "seq": 1, "client_id": key,
    });
    for socket in &mut sockets {
        assert_eq!(told(socket, chat).await, expected);
        assert_eq!(heard(socket, chat).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn messages_of_one_author_arrive_in_their_order() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut sockets = [listen(&stack, &ada).await, listen(&stack, &bob).await];
    for number in 1..=20 {
        ada.say(chat, &number.to_string()).await;
    }
    for socket in &mut sockets {
        for seq in 1..=20 {
            let frame = told(socket, chat).await;
            assert_eq!((&frame["id"], &frame["content"]), (&json!(seq), &json!(seq.to_string())));
        }
    }
}

#[tokio::test]
async fn nothing_is_told_of_what_is_refused() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let stranger = WebUser::new(&stack).await;
    let mut sockets = [listen(&stack, &ada).await, listen(&stack, &bob).await];
    let post = |user: &WebUser, content: &str| user.post(&chat_path(chat)).form(&[("content", content)]);
    refused_with(&post(&ada, "").await, 400, "invalid_message");
    refused_with(&post(&stranger, "let me in").await, 403, "forbidden");
    let call = post(&ada, "from a page").header("origin", "https://evil.example");
    refused_with(&call.await, 403, "forbidden");
    for socket in &mut sockets {
        assert_eq!(heard(socket, chat).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn only_who_takes_part_is_told() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 4).await;
    let [ada, bob, late, stranger] = &everybody[..] else { unreachable!("four people") };
    let user = User::new(&stack).await;
    let chat = chat_of(&[ada, bob]).await;
    let mut bobs = listen(&stack, bob).await;
    let mut lates = listen(&stack, late).await;
    let mut others = [listen(&stack, stranger).await, user.socket().await];
    ada.say(chat, "one").await;
    assert_eq!(told(&mut bobs, chat).await["content"], "one");
    assert_eq!(heard(&mut lates, chat).await, Vec::<Value>::new());

    ada.invite(chat, late).await;
    ada.say(chat, "two").await;
    for socket in [&mut bobs, &mut lates] {
        assert_eq!(told(socket, chat).await["content"], "two");
    }
    is_ok(&bob.delete(&leaving(chat)).await, 200);
    ada.say(chat, "three").await;
    assert_eq!(told(&mut lates, chat).await["content"], "three");
    assert_eq!(heard(&mut bobs, chat).await, Vec::<Value>::new(), "who has left is not told");

    late.invite(chat, bob).await;
    ada.say(chat, "four").await;
    for socket in [&mut bobs, &mut lates] {
        assert_eq!(told(socket, chat).await["content"], "four");
    }
    for socket in &mut others {
        assert_eq!(heard(socket, chat).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn the_pair_makes_a_socket_its_users_without_a_word() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let chat = ada.open_chat("A chat").await;
    for origin in [&stack.ready().http, &stack.ready().console] {
        for cookie in [
            cookies_of(&ada),
            format!("token={}; theme=dark; user_id={}", ada.token, ada.id),
            format!("user_id={}; access_token={}", ada.id, ada.token),
        ] {
            let socket = upgrade(&stack, &cookie, Some(origin)).await;
            let mut socket = socket.unwrap_or_else(|status| panic!("{status} for {cookie} of {origin}"));
            let frames = socket.so_far().await;
            assert!(frames.iter().all(|frame| frame["type"] != "ready"), "{frames:?}");
            let id = ada.say(chat, "hello").await;
            let frame = told(&mut socket, chat).await;
            assert_eq!((&frame["id"], &frame["sender_id"]), (&json!(id), &json!(ada.id)));
        }
    }
    // It is hers and nobody else's.
    let mut socket = listen(&stack, &ada).await;
    let bobs = chat_of(&[&bob]).await;
    bob.say(bobs, "to myself").await;
    assert_eq!(heard(&mut socket, bobs).await, Vec::<Value>::new());
}

#[tokio::test]
async fn pages_of_other_sites_are_refused_a_socket() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let own = &stack.ready().http;
    for origin in
        ["https://evil.example", "null", "", &format!("{own}0"), &format!("{own}/"), "http://127.0.0.1:1"]
    {
        let refused = upgrade(&stack, &cookies_of(&ada), Some(origin)).await.expect_err("a refused upgrade");
        assert_eq!(refused, 403, "{origin:?}");
    }
}

#[tokio::test]
async fn a_pair_without_a_page_is_as_good_as_none() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let socket = upgrade(&stack, &cookies_of(&ada), None).await.expect("an open socket");
    assert!(is_nobodys(socket).await);
}

#[tokio::test]
async fn what_is_no_good_pair_is_as_good_as_none() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let (by_header, guest) = (ada.header_user(&stack).await, Guest::new(&stack).await);
    let half = &ada.token[..ada.token.len() - 4];
    for cookie in [
        cookies(ada.id, half),
        cookies(ada.id, "x"),
        cookies(ada.id, ""),
        cookies(ada.id, &bob.token),
        cookies(bob.id, &ada.token),
        cookies("x", &ada.token),
        cookies("", &ada.token),
        cookies(ada.id, &by_header.token),
        cookies(ada.id, &guest.session),
        format!("user_id={}", ada.id),
        format!("token={}", ada.token),
        format!("session={}", ada.token),
        format!("session={0}; user_id={1}; token={0}", by_header.token, ada.id),
    ] {
        let socket = upgrade(&stack, &cookie, Some(&stack.ready().http)).await;
        assert!(is_nobodys(socket.expect("an open socket")).await, "{cookie}");
    }
}

#[tokio::test]
async fn a_socket_that_is_nobodys_may_say_whose_it_is() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let by_header = ada.header_user(&stack).await;
    let socket = upgrade(&stack, &cookies(bob.id, &ada.token), Some(&stack.ready().http)).await;
    let mut socket = socket.expect("an open socket");
    socket.send(&json!({"token": by_header.token})).await;
    let ready = socket.expect("ready", |frame| frame["type"] == "ready").await;
    assert_eq!(ready["user_id"], json!(ada.id));
    bob.say(chat, "hello").await;
    assert_eq!(told(&mut socket, chat).await["content"], "hello");
}

#[tokio::test]
async fn the_value_of_the_cookie_is_no_token() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let url = format!("{}?token={}", stack.ready().websocket, ada.token);
    assert_eq!(Socket::try_open(&url).await.expect_err("a refused upgrade"), 401);
    let mut socket = Socket::open(&stack.ready().websocket).await;
    assert_eq!(socket.refused(&json!({"token": ada.token})).await, "unauthenticated");
    socket.closed().await;
    ada.get(CHATS).await.expect(200);
}

#[tokio::test]
async fn where_both_surfaces_cookies_are_good_that_of_conversations_counts() {
    let stack = Stack::shared().await;
    let (ada, guest) = (WebUser::new(&stack).await, Guest::new(&stack).await);
    let chat = ada.open_chat("A chat").await;
    let own = Some(stack.ready().http.as_str());
    let both = format!("{}; session={}", cookies_of(&ada), guest.session);
    let mut socket = upgrade(&stack, &both, own).await.expect("an accepted upgrade");
    let conversation = guest.open("Tea").await;
    guest.say(&conversation, "Two lumps?").await;
    socket.expect("the conversation", |frame| frame["conversation"] == *conversation).await;
    ada.say(chat, "hello").await;
    assert_eq!(heard(&mut socket, chat).await, Vec::<Value>::new(), "it is the guest's");

    // One that is not good takes nothing away.
    let half = &guest.session[..guest.session.len() - 4];
    let both = format!("session={half}; {}", cookies_of(&ada));
    let mut socket = upgrade(&stack, &both, own).await.expect("an accepted upgrade");
    ada.say(chat, "again").await;
    assert_eq!(told(&mut socket, chat).await["content"], "again");
    guest.say(&conversation, "Three?").await;
    let frames = socket.so_far().await;
    assert!(frames.iter().all(|frame| frame["conversation"].is_null()), "{frames:?}");
}

#[tokio::test]
async fn a_logout_closes_the_sockets_of_its_session_and_no_others() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let again = ada.login(&stack).await;
    let mut closing = [listen(&stack, &ada).await, ada.socket(&stack.ready().console).await];
    let mut staying = [
        listen(&stack, &again).await,
        ada.header_user(&stack).await.socket().await,
        listen(&stack, &bob).await,
    ];
    signed_out(&ada.get(LOGOUT).await);
    for socket in &mut closing {
        socket.closed().await;
    }
    bob.say(chat, "still there?").await;
    for socket in &mut staying {
        assert_eq!(told(socket, chat).await["content"], "still there?");
    }
}

#[tokio::test]
async fn cookies_of_an_ended_session_are_as_good_as_none() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    signed_out(&ada.get(LOGOUT).await);
    let socket = upgrade(&stack, &cookies_of(&ada), Some(&stack.ready().http)).await;
    let mut socket = socket.expect("an open socket");
    bob.say(chat, "hello").await;
    assert_eq!(socket.refused(&json!({"type": "ping"})).await, "unauthenticated");
    // A new login opens one again.
    let mut socket = listen(&stack, &ada.login(&stack).await).await;
    bob.say(chat, "welcome back").await;
    assert_eq!(told(&mut socket, chat).await["content"], "welcome back");
}

#[tokio::test]
async fn a_logout_elsewhere_closes_no_socket_of_the_cookies() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut socket = listen(&stack, &ada).await;
    let by_header = ada.header_user(&stack).await;
    let mut closing = by_header.socket().await;
    by_header.get("/logout").await.expect(200);
    closing.closed().await;
    bob.say(chat, "hello").await;
    assert_eq!(told(&mut socket, chat).await["content"], "hello");
}

#[tokio::test]
async fn titles_deletions_and_passages_do_not_disturb_what_is_told() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut socket = listen(&stack, &bob).await;
    ada.say(chat, "one").await;
    is_ok(&ada.put(&chat_path(chat)).form(&[("title", "Renamed")]).await, 200);
    is_ok(&ada.delete(&message_path(chat, 1)).await, 200);
    ada.invite(chat, &WebUser::new(&stack).await).await;
    is_ok(&ada.delete(&leaving(chat)).await, 200);
    bob.say(chat, "two").await;
    let messages = [told(&mut socket, chat).await, told(&mut socket, chat).await];
    assert_eq!(messages.map(|frame| frame["id"].clone()), [1, 2]);
}

#[tokio::test]
async fn resume_brings_the_messages_of_a_chat_that_a_socket_has_missed() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    let mut first = listen(&stack, &ada).await;
    for content in ["one", "two", "three"] {
        bob.say(chat, content).await;
    }
    let frames = [told(&mut first, chat).await, told(&mut first, chat).await, told(&mut first, chat).await];
    let mut second = listen(&stack, &ada).await;
    second.send(&json!({"type": "resume", "chats": {chat.to_string(): 1}})).await;
    assert_eq!([told(&mut second, chat).await, told(&mut second, chat).await], frames[1..]);
    let end = second.expect("the end", |frame| frame["type"] == "resumed").await;
    assert_eq!(end["chats"], json!({chat.to_string(): {"recovered": true, "seq": 3}}));
}
