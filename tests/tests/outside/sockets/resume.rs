//! `resume`: what a socket has missed.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, User};

use crate::common::{column, fields, say_to};

/// Most messages that one frame brings back.
const MOST_MESSAGES: u64 = 500;
/// Most chats of one frame.
const MOST_CHATS: u64 = 100;

/// The `chats` of a frame, from ids and the last `seq` that is known of each.
fn since(chats: &[(u64, u64)]) -> Value {
    chats.iter().map(|(chat, seq)| (chat.to_string(), json!(seq))).collect()
}

/// What is said of a chat at the end.
fn outcome(recovered: bool, seq: u64) -> Value {
    json!({"recovered": recovered, "seq": seq})
}

/// Asks for what was missed, and gives it with the `chats` of the frame at its end.
async fn resume(socket: &mut Socket, chats: &[(u64, u64)]) -> (Vec<Value>, Value) {
    socket.send(&json!({"type": "resume", "chats": since(chats)})).await;
    let mut missed = Vec::new();
    loop {
        let frame = socket.next().await;
        assert!(frame["error"].is_null(), "{frame}");
        if frame["type"] == "resumed" {
            assert_eq!(fields(&frame), ["chats", "type"]);
            return (missed, frame["chats"].clone());
        }
        if !frame["chat_type"].is_null() {
            missed.push(frame);
        }
    }
}

/// The frames of one chat, without the client ids that they may have.
fn of_chat(frames: &[Value], id: &str, chat: u64) -> Vec<Value> {
    let mut frames: Vec<_> = frames.iter().filter(|frame| frame[id] == chat).cloned().collect();
    for frame in &mut frames {
        frame.as_object_mut().expect("an object").remove("client_id");
    }
    frames
}

/// Writes the numbers of a range, some at a time.
async fn write_many(from: &User, to: &User, count: u64) -> u64 {
    let texts: Vec<_> = (1..=count).map(|number| number.to_string()).collect();
    let mut chat = from.write(to, "0").await;
    for some in texts.chunks(10) {
        for id in join_all(some.iter().map(|text| from.write(to, text))).await {
            chat = id;
        }
    }
    chat
}

#[tokio::test]
async fn what_was_missed_in_chats_rooms_and_groups_comes_in_order() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("A group").await;
    let mut ada_socket = ada.socket().await;
    ada.enter(group).await;
    bob.enter(group).await;
    let to_group = |text: &str| json!({"chat_type": "group", "chat_group_id": group, "message": text});
    let chat = ada.write(&bob, "1").await;
    let room = say_to(&bob, &mut ada_socket, "1").await;
    ada_socket.say(&to_group("1")).await;

    // What bob misses is what ada gets meanwhile.
    let mut expected = Vec::new();
    ada_socket.so_far().await;
    for text in ["2", "3", "4"] {
        ada.write(&bob, text).await;
        let is_direct = |frame: &Value| frame["chat_id"] == chat && frame["message"] == text;
        expected.push(ada_socket.expect("the direct message", is_direct).await);
        let to_bob = json!({"chat_type": "room", "other_user_id": bob.id, "message": text});
        expected.push(ada_socket.say(&to_bob).await);
        expected.push(ada_socket.say(&to_group(text)).await);
    }
    // His own, from elsewhere, is missed by a socket like any other.
    bob.write(&ada, "5").await;
    expected.push(ada_socket.expect("his own", |frame| frame["message"] == "5").await);

    let mut bob_socket = bob.socket().await;
    let mut other_socket = bob.socket().await;
    let (missed, chats) = resume(&mut bob_socket, &[(chat, 1), (room, 1), (group, 1)]).await;
    assert_eq!(missed.len(), expected.len(), "{missed:?}");
    for (field, id, seqs) in [
        ("chat_id", chat, vec![2, 3, 4, 5]),
        ("chat_room_id", room, vec![2, 3, 4]),
        ("chat_group_id", group, vec![2, 3, 4]),
    ] {
        let of_this = of_chat(&missed, field, id);
        assert_eq!(of_this, of_chat(&expected, field, id));
        assert_eq!(column(&of_this, "seq"), seqs);
    }
    let mut all = json!({});
    for (id, seq) in [(chat, 5), (room, 4), (group, 4)] {
        all[id.to_string()] = outcome(true, seq);
    }
    assert_eq!(chats, all);

    let mut others = other_socket.so_far().await;
    others.retain(|frame| !frame["chat_type"].is_null());
    assert_eq!(others, Vec::<Value>::new(), "it is that connection's alone");
    assert_eq!(bob.unread(chat).await, 4, "coming back reads nothing");
}

#[tokio::test]
async fn from_0_on_it_is_everything() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut bob_socket = bob.socket().await;
    let room = say_to(&ada, &mut bob_socket, "1").await;
    say_to(&ada, &mut bob_socket, "2").await;
    let (missed, chats) = resume(&mut ada.socket().await, &[(room, 0)]).await;
    assert_eq!(column(&missed, "message"), ["1", "2"]);
    assert_eq!(chats, json!({room.to_string(): outcome(true, 2)}));
}

#[tokio::test]
async fn who_is_up_to_date_gets_nothing() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = bob.socket().await;
    let chat = ada.write(&bob, "1").await;
    socket.expect("the message", |frame| frame["chat_id"] == chat).await;
    let (missed, chats) = resume(&mut socket, &[(chat, 1)]).await;
    assert_eq!((missed, chats), (Vec::new(), json!({chat.to_string(): outcome(true, 1)})));
    assert_eq!(resume(&mut socket, &[]).await, (Vec::new(), json!({})));
}

#[tokio::test]
async fn who_knows_more_than_there_is_has_to_start_afresh() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = bob.socket().await;
    let room = say_to(&ada, &mut socket, "1").await;
    let group = bob.create_group("A group").await;
    let chat = ada.write(&bob, "1").await;
    socket.expect("the message", |frame| frame["chat_id"] == chat).await;
    for beyond in [2, 1_000, (1 << 53) - 1] {
        let (missed, chats) = resume(&mut socket, &[(chat, beyond), (room, beyond), (group, beyond)]).await;
        assert_eq!(missed, Vec::<Value>::new());
        let expected = json!({
            chat.to_string(): outcome(false, 1), room.to_string(): outcome(false, 1),
            group.to_string(): outcome(false, 0),
        });
        assert_eq!(chats, expected);
    }
}

#[tokio::test]
async fn nothing_is_told_of_other_peoples_chats() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut ada_socket = ada.socket().await;
    let chat = ada.write(&bob, "private").await;
    let room = say_to(&bob, &mut ada_socket, "private").await;
    let group = ada.create_group("A group").await;
    ada_socket.say(&json!({"chat_type": "group", "chat_group_id": group, "message": "among us"})).await;
    let place = ada.open_room("A place").await;
    ada.post_to_room(place, "to whom it may concern").await;
    let own = User::new(&stack).await.write(&ada, "hello").await;

    let stranger = User::new(&stack).await;
    let mut socket = stranger.socket().await;
    let asked = [(chat, 0), (room, 0), (group, 0), (place, 0), (own, 0), (1, 0), ((1 << 53) - 1, 7)];
    let (missed, chats) = resume(&mut socket, &asked).await;
    assert_eq!(missed, Vec::<Value>::new());
    let expected: Value = asked.iter().map(|(id, _)| (id.to_string(), outcome(false, 0))).collect();
    assert_eq!(chats, expected, "strangers' chats look like unknown ones");

    // One's own are brought back all the same.
    let mine = stranger.write(&ada, "mine").await;
    socket.expect("the message", |frame| frame["chat_id"] == mine).await;
    let (missed, chats) = resume(&mut socket, &[(chat, 0), (mine, 0)]).await;
    assert_eq!(column(&missed, "message"), ["mine"]);
    let expected = json!({chat.to_string(): outcome(false, 0), mine.to_string(): outcome(true, 1)});
    assert_eq!(chats, expected);
}

#[tokio::test]
async fn what_the_mailbox_has_removed_cannot_be_recovered() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut chat = 0;
    for text in ["1", "2", "3"] {
        chat = ada.write(&bob, text).await;
    }
    bob.get(&format!("/chats_v2/{chat}")).await.expect(200);
    for user in [&ada, &bob] {
        let mut socket = user.socket().await;
        for last in [0, 2] {
            let (missed, chats) = resume(&mut socket, &[(chat, last)]).await;
            assert_eq!(missed, Vec::<Value>::new());
            assert_eq!(chats, json!({chat.to_string(): outcome(false, 3)}));
        }
        let (missed, chats) = resume(&mut socket, &[(chat, 3)]).await;
        assert_eq!((missed, chats), (Vec::new(), json!({chat.to_string(): outcome(true, 3)})));
    }
    ada.write(&bob, "4").await;
    let mut socket = bob.socket().await;
    let (missed, chats) = resume(&mut socket, &[(chat, 2)]).await;
    assert_eq!((missed, chats), (Vec::new(), json!({chat.to_string(): outcome(false, 4)})));
    let (missed, chats) = resume(&mut socket, &[(chat, 3)]).await;
    assert_eq!(column(&missed, "message"), ["4"]);
    assert_eq!(chats, json!({chat.to_string(): outcome(true, 4)}));
}

#[tokio::test]
async fn a_deleted_chat_is_unknown() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "1").await;
    ada.delete(&format!("/chats/{chat}")).await.expect(204);
    let (missed, chats) = resume(&mut bob.socket().await, &[(chat, 0)]).await;
    assert_eq!((missed, chats), (Vec::new(), json!({chat.to_string(): outcome(false, 0)})));
}

#[tokio::test]
async fn up_to_500_messages_come_back_and_more_do_not() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let eve = User::new(&stack).await;
    // One more than can be brought back at once.
    let chat = write_many(&ada, &bob, MOST_MESSAGES).await;
    let mut socket = bob.socket().await;
    let head = MOST_MESSAGES + 1;
    let (missed, chats) = resume(&mut socket, &[(chat, 0)]).await;
    assert_eq!((missed, chats), (Vec::new(), json!({chat.to_string(): outcome(false, head)})));

    let (missed, chats) = resume(&mut socket, &[(chat, 1)]).await;
    assert_eq!(column(&missed, "seq"), (2..=head).collect::<Vec<_>>());
    assert_eq!(chats, json!({chat.to_string(): outcome(true, head)}));

    // It is the sum that counts; of which chat is left to the system.
    let second = eve.write(&bob, "one more").await;
    socket.expect("the message", |frame| frame["chat_id"] == second).await;
    let (missed, chats) = resume(&mut socket, &[(chat, 1), (second, 0)]).await;
    let recovered = |id: u64| chats[id.to_string()]["recovered"] == true;
    assert!(!recovered(chat) || !recovered(second), "{chats}");
    for (id, waiting) in [(chat, MOST_MESSAGES), (second, 1)] {
        let expected = if recovered(id) { waiting } else { 0 };
        assert_eq!(of_chat(&missed, "chat_id", id).len() as u64, expected, "of {id}: {chats}");
    }
}

#[tokio::test]
async fn up_to_100_chats_can_be_asked_for() {
    let stack = Stack::shared().await;
    let mut socket = User::new(&stack).await.socket().await;
    let mut asked: Vec<_> = (1..=MOST_CHATS).map(|id| (id, 0)).collect();
    let (missed, chats) = resume(&mut socket, &asked).await;
    assert_eq!(missed, Vec::<Value>::new());
    assert_eq!(chats.as_object().map(serde_json::Map::len), Some(100));
    asked.push((MOST_CHATS + 1, 0));
    let frame = json!({"type": "resume", "chats": since(&asked), "client_id": "7"});
    assert_eq!(socket.refused(&frame).await, "invalid_frame");
}

#[tokio::test]
async fn nonsense_is_refused_and_the_socket_stays() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = bob.socket().await;
    let chat = ada.write(&bob, "1").await;
    assert_eq!(socket.refused(&json!({"type": "resume", "client_id": "7"})).await, "invalid_frame");
    for chats in [json!(null), json!([]), json!([chat]), json!(chat), json!("x"), json!(true)] {
        let frame = json!({"type": "resume", "chats": chats, "client_id": "7"});
        assert_eq!(socket.refused(&frame).await, "invalid_frame");
    }
    for seq in [json!("0"), json!(-1), json!(1.5), json!(null), json!([0]), json!({})] {
        let frame = json!({"type": "resume", "chats": {chat.to_string(): seq}, "client_id": "7"});
        assert_eq!(socket.refused(&frame).await, "invalid_frame");
    }
    let (missed, _) = resume(&mut socket, &[(chat, 0)]).await;
    assert_eq!(column(&missed, "message"), ["1"]);
}
