//! Sockets of a platform's users: what waits for them is pushed, too, and nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{
    Algorithm, Caller as _, Encoding, Incoming, Member, Opcode, Platform, RawSocket, Socket, Stack, User,
    verify_signed,
};

use super::blocks::{
    Circle, LIMIT, MOST, circle, hashed, post, post_text, results, send, status, to_all, to_each,
};
use super::{BAD_TOKEN, backend, is_in, is_out, refresh, unauthenticated, with_tokens};
use crate::common::{column, fields};

/// The events of a frame, whose shape is checked.
fn events_of(frame: &Value) -> Incoming {
    assert_eq!(fields(frame), ["incomingEvents", "sign", "type"], "{frame}");
    assert_eq!(frame["type"], "incomingEvents");
    assert!(frame["sign"].is_string(), "{frame}");
    let events = &frame["incomingEvents"];
    assert_eq!(fields(events), ["info", "messages", "next", "statuses", "timestamp"], "{frame}");
    assert_eq!(events["next"], Value::Null);
    let [messages, statuses, info] =
        ["messages", "statuses", "info"].map(|list| events[list].as_array().expect("a list").clone());
    Incoming { messages, statuses, info }
}

fn len(events: &Incoming) -> usize {
    events.messages.len() + events.statuses.len() + events.info.len()
}

/// The next events that a socket gets, that many. How many frames they come in is not promised, and nothing else
/// comes.
async fn pushed(socket: &mut Socket, count: usize) -> Incoming {
    let mut all = Incoming::default();
    while len(&all) < count {
        let more = events_of(&socket.next().await);
        assert!(len(&more) > 0, "a frame of nothing");
        all.messages.extend(more.messages);
        all.statuses.extend(more.statuses);
        all.info.extend(more.info);
    }
    assert_eq!(len(&all), count, "{all:?}");
    all
}

/// A socket has got nothing that was not looked at.
async fn is_silent(socket: &mut Socket) {
    assert_eq!(socket.so_far().await, Vec::<Value>::new());
}

/// Checks that a frame is refused with this code and that the socket stays open.
async fn refuses(socket: &mut Socket, frame: Value, code: &str) {
    assert_eq!(socket.refused(&frame).await, code, "{frame}");
    is_silent(socket).await;
}

/// Checks that a frame is refused and is the socket's last.
async fn is_the_end(socket: &mut Socket, frame: &Value) {
    socket.refused(frame).await;
    socket.closed().await;
}

#[tokio::test]
async fn a_message_is_pushed_to_all_sockets_of_its_receivers_and_to_nobody_else() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let mut sockets = [bob.socket().await, bob.socket().await, Socket::open(&bob.socket_url()).await];
    let mut others = [ada.socket().await, eve.socket().await];
    send(&ada, vec![to_each(&chat, &[(&guids[1], "ü 👍 \"")])]).await;
    let waiting = bob.incoming().await.messages;
    assert_eq!(column(&waiting, "messageText"), ["ü 👍 \""]);
    for socket in &mut sockets {
        assert_eq!(pushed(socket, 1).await.messages, waiting);
        is_silent(socket).await;
    }
    for socket in &mut others {
        is_silent(socket).await;
    }
}

#[tokio::test]
async fn each_receiver_is_pushed_its_own_text() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let mut sockets = [ada.socket().await, bob.socket().await, eve.socket().await];
    let texts = [(guids[0].as_str(), "for me"), (&guids[1], "for bob"), (&guids[2], "for eve")];
    send(&ada, vec![to_each(&chat, &texts)]).await;
    for ((socket, member), (_, text)) in sockets.iter_mut().zip([&ada, &bob, &eve]).zip(texts) {
        let seen = pushed(socket, 1).await.messages;
        assert_eq!(seen[0]["messageText"], text);
        assert_eq!(seen, member.incoming().await.messages);
        is_silent(socket).await;
    }
}

#[tokio::test]
async fn a_status_is_pushed_to_the_sender_of_the_message() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await["messageID"].clone();
    let mut sockets = [ada.socket().await, ada.socket().await];
    let mut others = [bob.socket().await, eve.socket().await];
    bob.acknowledge(&[sent.as_str().expect("an id")], "delivered").await;
    bob.acknowledge(&[sent.as_str().expect("an id")], "read").await;
    let waiting = ada.incoming().await.statuses;
    for socket in &mut sockets {
        let seen = pushed(socket, 2).await.statuses;
        assert_eq!(column(&seen, "type"), ["delivered", "read"]);
        assert_eq!(seen, waiting);
        is_silent(socket).await;
    }
    for socket in &mut others {
        is_silent(socket).await;
    }
}

#[tokio::test]
async fn who_comes_and_who_goes_is_pushed_to_all_whom_it_concerns() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], .. } = circle(&stack).await;
    let [eve, stranger] = [platform.member("eve").await, platform.member("stranger").await];
    let mut elsewhere = stranger.socket().await;
    let mut sockets = [ada.socket().await, bob.socket().await, eve.socket().await];
    platform.seat(&chat, &[&eve]).await;
    let path = format!("{}/users", backend(&chat));
    platform.delete(&path).json(&json!({"users": [eve.id]})).await.expect(200);
    for (socket, member) in sockets.iter_mut().zip([&ada, &bob, &eve]) {
        let seen = pushed(socket, 2).await.info;
        assert_eq!(column(&seen, "subType"), ["chat_enter", "chat_leave"]);
        let waiting = member.incoming().await.info;
        assert_eq!(seen, waiting[waiting.len() - 2..]);
    }
    platform.delete(&backend(&chat)).await.expect(200);
    for socket in &mut sockets[..2] {
        assert_eq!(pushed(socket, 1).await.info[0]["subType"], "chat_leave");
    }
    for socket in sockets.iter_mut().chain([&mut elsewhere]) {
        is_silent(socket).await;
    }
}

#[tokio::test]
async fn each_frame_is_signed_by_the_server_over_its_very_bytes() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut socket = RawSocket::open(&bob.socket_url()).await;
    let sent = ada.send(&chat, "</script> ü 👍 \u{2028} \"\\/", "1").await["messageID"].clone();
    let reply = bob.send(&chat, "hello back", "1").await["messageID"].clone();
    ada.acknowledge(&[reply.as_str().expect("an id")], "read").await;
    platform.delete(&backend(&chat)).await.expect(200);
    let mut kinds = BTreeSet::new();
    while kinds.len() < 3 {
        let frame = socket.next().await;
        assert!(frame.is_last && frame.opcode == Opcode::Text, "{frame:?}");
        verify_signed(
            &stack.anonymous(),
            &frame.payload,
            "incomingEvents",
            Algorithm::Rs256,
            Encoding::Base64,
        )
        .await;
        let events = events_of(&serde_json::from_slice(&frame.payload).expect("a frame of JSON"));
        kinds.extend(events.messages.iter().map(|message| {
            assert_eq!(message["messageID"], sent);
            "message"
        }));
        kinds.extend(events.statuses.iter().map(|_| "status"));
        kinds.extend(events.info.iter().map(|_| "info"));
    }
}

#[tokio::test]
async fn what_was_pushed_waits_until_it_is_acknowledged_all_the_same() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut socket = bob.socket().await;
    ada.send(&chat, "hello", "1").await;
    let seen = pushed(&mut socket, 1).await.messages;
    assert_eq!(bob.incoming().await.messages, seen);
    bob.acknowledge(&[seen[0]["messageID"].as_str().expect("an id")], "delivered").await;
    assert_eq!(bob.incoming().await.messages, Vec::<Value>::new());
}

#[tokio::test]
async fn what_was_there_before_the_socket_is_not_pushed() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    ada.send(&chat, "before", "1").await;
    let mut sockets = [bob.socket().await, Socket::open(&bob.socket_url()).await];
    for socket in &mut sockets {
        is_silent(socket).await;
    }
    ada.send(&chat, "after", "2").await;
    for socket in &mut sockets {
        assert_eq!(column(&pushed(socket, 1).await.messages, "messageText"), ["after"]);
    }
}

#[tokio::test]
async fn what_is_repeated_or_refused_is_not_pushed() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let message = || hashed(to_all(&chat, "once"), "1");
    let block = ada.block(vec![message()], vec![]);
    let sent = results(post_text(&ada, &block).await);
    post_text(&ada, &block).await.expect(200);
    send(&ada, vec![message()]).await;
    let refused = vec![to_all(&chat, "good"), to_all(&chat, "")];
    post(&ada, refused, vec![]).await.expect(400);
    assert_eq!(column(&pushed(&mut bob_socket, 1).await.messages, "messageText"), ["once"]);
    is_silent(&mut bob_socket).await;
    for _ in 0..2 {
        let id = &sent[0]["messageID"];
        post(&bob, vec![], vec![status(id, "delivered"), status(id, "delivered")]).await.expect(200);
    }
    assert_eq!(column(&pushed(&mut ada_socket, 1).await.statuses, "type"), ["delivered"]);
    is_silent(&mut ada_socket).await;
}

#[tokio::test]
async fn messages_sent_one_after_another_arrive_in_their_order() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut socket = bob.socket().await;
    for number in 0..10 {
        let number = number.to_string();
        ada.send(&chat, &number, &number).await;
        assert_eq!(column(&pushed(&mut socket, 1).await.messages, "messageText"), [number]);
    }
}

#[tokio::test]
async fn all_messages_of_a_large_block_are_pushed() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut socket = bob.socket().await;
    let messages = (0..MOST).map(|number| to_all(&chat, &number.to_string())).collect();
    let sent = send(&ada, messages).await;
    let mut seen = column(&pushed(&mut socket, MOST).await.messages, "messageID");
    let mut expected = column(&sent, "messageID");
    for ids in [&mut seen, &mut expected] {
        ids.sort_unstable_by_key(Value::to_string);
    }
    assert_eq!(seen, expected);
    is_silent(&mut socket).await;
}

#[tokio::test]
async fn the_largest_messages_are_pushed_whatever_their_json_is() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut socket = bob.socket().await;
    // Each of these bytes takes six in JSON.
    let text = "\u{1}".repeat(LIMIT);
    send(&ada, vec![to_all(&chat, &text); 3]).await;
    let seen = pushed(&mut socket, 3).await.messages;
    assert!(seen.iter().all(|message| message["messageText"] == text));
}

#[tokio::test]
async fn a_token_in_the_query_makes_the_socket_its_users_without_a_word() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let mut socket = Socket::open(&ada.socket_url()).await;
    is_silent(&mut socket).await;
}

#[tokio::test]
async fn a_token_in_a_frame_is_answered_with_ready_and_may_come_again() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    // Opening checks the answer.
    let mut socket = ada.socket().await;
    is_silent(&mut socket).await;
    socket.send(&json!({"token": ada.access, "type": "ping"})).await;
    assert_eq!(socket.next().await, json!({"type": "pong"}));
    let tokens = refresh(&stack.anonymous(), &ada.refresh).await.expect(201).json();
    socket.send(&json!({"token": tokens["accessToken"], "type": "ping"})).await;
    assert_eq!(socket.next().await, json!({"type": "pong"}));
    is_silent(&mut socket).await;
}

#[tokio::test]
async fn before_its_token_a_socket_is_nobodys() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut socket = Socket::open(&stack.ready().websocket).await;
    ada.send(&chat, "before", "1").await;
    socket.send(&json!({"token": bob.access})).await;
    assert_eq!(socket.next().await, json!({"type": "ready", "user_id": bob.id}));
    is_silent(&mut socket).await;
}

#[tokio::test]
async fn frames_of_the_other_documents_are_refused() {
    let stack = Stack::shared().await;
    let (ada, user) = (Platform::new(&stack).member("ada").await, User::new(&stack).await);
    let group = user.create_group("A group").await;
    let room = user.open_room("A room").await;
    let mut sockets = [ada.socket().await, Socket::open(&ada.socket_url()).await];
    for socket in &mut sockets {
        for frame in [
            json!({"chat_type": "room", "other_user_id": user.id, "message": "hello"}),
            json!({"chat_type": "room", "chat_room_id": room, "message": "hello"}),
            json!({"chat_type": "group", "chat_group_id": group, "message": "hello"}),
            json!({"chat_type": "group", "chat_group_id": group, "event": "leave"}),
            json!({"chat_type": "bot", "message": "hello"}),
            json!({"chat_type": "bot", "message": "hello", "token": ada.access}),
            json!({"chat_type": "room", "chat_room_id": room, "message": "hello", "client_id": "7"}),
            json!({"type": "resume", "chats": {}}),
            json!({"type": "resume", "chats": {"1": 0}, "client_id": "7"}),
        ] {
            refuses(socket, frame, "forbidden").await;
        }
        refuses(socket, json!({"type": "nothing"}), "unknown_type").await;
        refuses(socket, json!({"type": "nothing", "client_id": "7"}), "unknown_type").await;
        refuses(socket, json!({"chat_type": "nothing"}), "unknown_chat_type").await;
        refuses(socket, json!({"chat_type": "chat", "message": "hello"}), "unknown_chat_type").await;
        for text in ["hello", "[]", "null"] {
            socket.send_text(text).await;
            let refusal = socket.next().await;
            assert_eq!(fields(&refusal), ["code", "error"], "{text} gave {refusal}");
        }
        is_silent(socket).await;
    }
    assert_eq!(user.get("/chat_rooms").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_first_frame_that_asks_for_what_is_refused_still_opens_the_socket() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut socket = Socket::open(&stack.ready().websocket).await;
    socket.send(&json!({"token": bob.access, "chat_type": "bot", "message": "hello"})).await;
    assert_eq!(socket.next().await, json!({"type": "ready", "user_id": bob.id}));
    assert_eq!(socket.next().await["code"], "forbidden");
    ada.send(&chat, "hello", "1").await;
    pushed(&mut socket, 1).await;
}

#[tokio::test]
async fn a_token_of_the_other_kind_or_of_somebody_else_is_the_end() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let user = User::new(&stack).await;
    for token in [&user.token, &bob.access, &ada.refresh, "x"] {
        is_the_end(&mut ada.socket().await, &json!({"token": token})).await;
        is_the_end(&mut ada.socket().await, &json!({"token": token, "type": "ping"})).await;
        let by_query = &mut Socket::open(&ada.socket_url()).await;
        is_the_end(by_query, &json!({"token": token, "chat_type": "bot", "message": "hello"})).await;
    }
    for token in [&ada.access, &ada.refresh] {
        is_the_end(&mut user.socket().await, &json!({"token": token})).await;
        is_the_end(&mut user.socket().await, &json!({"token": token, "type": "ping"})).await;
    }
}

#[tokio::test]
async fn what_is_no_access_token_opens_no_socket() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let cut = &ada.access[..ada.access.len() - 8];
    for token in [&ada.refresh, cut, &stack.ready().backend_key] {
        let refused = Socket::try_open(&format!("{}?token={token}", stack.ready().websocket)).await;
        assert!(matches!(refused, Err(401 | 403)), "{token:?} gave {refused:?}");
        let mut socket = Socket::open(&stack.ready().websocket).await;
        is_the_end(&mut socket, &json!({"token": token, "client_id": "7"})).await;
    }
}

#[tokio::test]
async fn users_with_a_login_hear_nothing_of_a_platforms_users() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut watching = User::new(&stack).await.socket().await;
    let sockets = [ada.socket().await, Socket::open(&bob.socket_url()).await];
    let sent = ada.send(&chat, "hello", "1").await["messageID"].clone();
    bob.acknowledge(&[sent.as_str().expect("an id")], "read").await;
    for socket in sockets {
        socket.close().await;
    }
    platform.delete(&backend(&chat)).await.expect(200);
    // What comes and goes after it has been told of before this.
    let user = User::new(&stack).await;
    user.socket().await.close().await;
    let is_gone = json!({"type": "user_activity", "user_id": user.id, "login": false});
    let mut frames = Vec::new();
    while frames.last() != Some(&is_gone) {
        frames.push(watching.next().await);
    }
    for frame in frames {
        assert_ne!(frame["type"], "incomingEvents", "{frame}");
        let text = frame.to_string();
        assert!(![&ada, &bob].iter().any(|member| text.contains(&member.id)), "{frame}");
    }
}

#[tokio::test]
async fn a_platforms_users_hear_nothing_of_users_with_a_login() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let mut sockets = [ada.socket().await, Socket::open(&ada.socket_url()).await];
    let mut watching = User::new(&stack).await.socket().await;
    // A new user, one who comes and goes, and a new group: all who are online are told of each.
    let user = User::new(&stack).await;
    let group = user.create_group("A group").await;
    user.socket().await.close().await;
    let is_gone = json!({"type": "user_activity", "user_id": user.id, "login": false});
    watching.expect("the new group", |frame| frame["chat_group_id"] == group).await;
    watching.expect("the end of the last socket", |frame| *frame == is_gone).await;
    for socket in &mut sockets {
        is_silent(socket).await;
    }
}

#[tokio::test]
async fn a_platforms_users_hear_nothing_of_each_others_coming_and_going() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut watching = ada.socket().await;
    bob.socket().await.close().await;
    let mut again = bob.socket().await;
    ada.send(&chat, "hello", "1").await;
    pushed(&mut again, 1).await;
    is_silent(&mut watching).await;
}

#[tokio::test]
async fn new_tokens_by_the_backend_close_the_old_sockets() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, old], .. } = circle(&stack).await;
    let mut sockets = [old.socket().await, Socket::open(&old.socket_url()).await];
    let mut bystander = ada.socket().await;
    let new = platform.issue(&old.id, "b").await;
    for socket in &mut sockets {
        socket.closed().await;
    }
    assert!(matches!(Socket::try_open(&old.socket_url()).await, Err(401 | 403)));
    let mut socket = new.socket().await;
    ada.send(&chat, "hello", "1").await;
    assert_eq!(column(&pushed(&mut socket, 1).await.messages, "messageText"), ["hello"]);
    is_silent(&mut bystander).await;
}

#[tokio::test]
async fn a_refresh_keeps_the_sockets_and_a_refresh_token_used_twice_closes_them() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let trade = async |member: &Member| {
        let tokens = refresh(&stack.anonymous(), &member.refresh).await.expect(201).json();
        with_tokens(member, &tokens)
    };
    let mut first = bob.socket().await;
    let again = trade(&bob).await;
    let mut second = again.socket().await;
    ada.send(&chat, "hello", "1").await;
    for socket in [&mut first, &mut second] {
        pushed(socket, 1).await;
    }
    is_in(&bob).await;
    unauthenticated(&refresh(&stack.anonymous(), &bob.refresh).await, BAD_TOKEN);
    for socket in [&mut first, &mut second] {
        socket.closed().await;
    }
    for member in [&bob, &again] {
        is_out(member).await;
    }
    let mut unknown = Socket::open(&stack.ready().websocket).await;
    is_the_end(&mut unknown, &json!({"token": again.access})).await;
}
