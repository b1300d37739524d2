//! Three people in a group, one of whom is cut off for a while.

use serde_json::{Value, json};
use tests::{Socket, Stack, User};

use super::{expect_message, expect_notice, founder, heard, newcomer, present, to_group};

/// Says something, and waits until everybody has heard it.
async fn say(speaker: &mut Socket, listeners: &mut [&mut Socket], group: u64, text: &str) -> Value {
    let said = speaker.say(&to_group(group, text)).await;
    for listener in listeners {
        assert_eq!(expect_message(listener, group, text).await, said);
    }
    said
}

/// Asks for what came after a message. Gives the missed messages, and what is said of the group at the end.
async fn resume(socket: &mut Socket, group: u64, last_seq: &Value) -> (Vec<Value>, Value) {
    let mut chats = json!({});
    chats[group.to_string()] = last_seq.clone();
    socket.send(&json!({"type": "resume", "chats": chats})).await;
    let mut missed = Vec::new();
    loop {
        let frame = socket.next().await;
        assert!(frame["error"].is_null(), "{frame}");
        if frame["type"] == "resumed" {
            return (missed, frame["chats"][group.to_string()].clone());
        }
        if frame["chat_group_id"] == group && frame["message"].is_string() {
            missed.push(frame);
        }
    }
}

/// The next two frames of a group: a notice and a message, whichever came first.
async fn notice_and_message(socket: &mut Socket, group: u64) -> [Value; 2] {
    let mut frames = Vec::new();
    for _ in 0..2 {
        frames.push(socket.expect("a frame of the group", |frame| frame["chat_group_id"] == group).await);
    }
    frames.sort_by_key(|frame| frame["event"].is_null());
    frames.try_into().expect("two frames")
}

/// The people in the order in which they are listed as present.
fn listed(users: &[&User]) -> Value {
    let mut ids: Vec<_> = users.iter().map(|user| user.id).collect();
    ids.sort_unstable();
    json!(ids)
}

#[tokio::test]
async fn who_is_cut_off_is_gone_for_the_others_and_gets_what_was_missed_on_return() {
    let stack = Stack::shared().await;
    let (ada, mut ada_socket, group) = founder(&stack).await;
    let (bob, mut bob_socket) = newcomer(&stack, group).await;
    let (eve, mut eve_socket) = newcomer(&stack, group).await;
    for (socket, newcomers) in [(&mut ada_socket, vec![&bob, &eve]), (&mut bob_socket, vec![&eve])] {
        for newcomer in newcomers {
            expect_notice(socket, "enter", newcomer, group).await;
        }
    }
    assert_eq!(present(&ada, group).await, listed(&[&ada, &bob, &eve]));

    say(&mut ada_socket, &mut [&mut bob_socket, &mut eve_socket], group, "hello both").await;
    say(&mut eve_socket, &mut [&mut ada_socket, &mut bob_socket], group, "hello ada").await;
    let last = say(&mut bob_socket, &mut [&mut ada_socket, &mut eve_socket], group, "hello eve").await;

    bob_socket.reset();
    let mut missed = Vec::new();
    ada_socket.send(&to_group(group, "bob?")).await;
    for socket in [&mut ada_socket, &mut eve_socket] {
        // The end may be known before the message, or be found out by it.
        let [notice, message] = notice_and_message(socket, group).await;
        assert_eq!((&notice["event"], &notice["user_id"]), (&json!("leave"), &json!(bob.id)));
        assert_eq!(message["message"], "bob?");
        missed.push(message);
    }
    missed.dedup();
    assert_eq!(present(&ada, group).await, listed(&[&ada, &eve]));
    missed.push(say(&mut eve_socket, &mut [&mut ada_socket], group, "gone").await);
    missed.push(say(&mut ada_socket, &mut [&mut eve_socket], group, "he will be back").await);
    for socket in [&mut ada_socket, &mut eve_socket] {
        assert_eq!(heard(socket, group).await, Vec::<Value>::new());
    }

    let mut bob_socket = bob.socket().await;
    let (resumed, outcome) = resume(&mut bob_socket, group, &last["seq"]).await;
    assert_eq!(content(&resumed), content(&missed));
    assert_eq!(outcome, json!({"recovered": true, "seq": missed[2]["seq"]}));
    assert_eq!(bob.enter(group).await["present"], listed(&[&ada, &bob, &eve]));
    for socket in [&mut ada_socket, &mut eve_socket] {
        expect_notice(socket, "enter", &bob, group).await;
    }
    say(&mut ada_socket, &mut [&mut bob_socket, &mut eve_socket], group, "there you are").await;
    assert_eq!(heard(&mut bob_socket, group).await, Vec::<Value>::new(), "nothing comes twice");
}

#[tokio::test]
async fn who_claims_to_know_what_was_never_said_is_told_to_start_afresh() {
    let stack = Stack::shared().await;
    let (_ada, mut ada_socket, group) = founder(&stack).await;
    let (bob, mut bob_socket) = newcomer(&stack, group).await;
    let last = say(&mut ada_socket, &mut [&mut bob_socket], group, "hello").await;
    bob_socket.reset();
    let head = ada_socket.say(&to_group(group, "bob?")).await;
    assert_eq!((&last["seq"], &head["seq"]), (&json!(1), &json!(2)));
    let mut bob_socket = bob.socket().await;
    let (resumed, outcome) = resume(&mut bob_socket, group, &json!(3)).await;
    assert_eq!((resumed, outcome), (Vec::new(), json!({"recovered": false, "seq": 2})));
    let rows = bob.enter(group).await["messages"].clone();
    assert_eq!((&rows[0]["message"], &rows[1]["message"]), (&json!("bob?"), &json!("hello")));
}

/// What a message is, whatever its frame says of the client that sent it.
fn content(frames: &[Value]) -> Vec<(&Value, &Value, &Value, &Value)> {
    frames
        .iter()
        .map(|frame| (&frame["seq"], &frame["user_id"], &frame["message"], &frame["timestamp"]))
        .collect()
}
