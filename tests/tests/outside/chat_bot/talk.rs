//! Frames to the bot, and its answers. The bot is the one that runs inside the function.

use serde_json::{Value, json};
use tests::{RawSocket, Socket, Stack, User, unique};

use super::{check_exchange, expect_answer, heard, newest, to_bot};
use crate::common::{column, fields};

/// Most bytes of a message.
const LIMIT: usize = 16 * 1024;
/// Most bytes of a WebSocket frame.
const FRAME: usize = 32 * 1024;

#[tokio::test]
async fn every_message_is_answered_on_all_sockets_of_the_user() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut sockets = [ada.socket().await, ada.socket().await, Socket::open(&ada.socket_url()).await];
    for question in ["hello", "ü 👍 \"", "?", " ", "\n", "<b>", "{}", "hello"] {
        sockets[0].send(&to_bot(question)).await;
        let frame = expect_answer(&mut sockets[0]).await;
        assert_eq!(fields(&frame), ["chat_type", "messages"]);
        check_exchange(&frame, question);
        for socket in &mut sockets[1..] {
            assert_eq!(expect_answer(socket).await, frame);
        }
    }
}

#[tokio::test]
async fn the_client_id_comes_back_to_all_sockets() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut sockets = [ada.socket().await, ada.socket().await];
    let client_id = unique("frame");
    let mut question = to_bot("hello");
    question["client_id"] = json!(client_id);
    sockets[0].send(&question).await;
    for socket in &mut sockets {
        let frame = expect_answer(socket).await;
        assert_eq!(fields(&frame), ["chat_type", "client_id", "messages"]);
        assert_eq!(frame["client_id"], json!(client_id));
        check_exchange(&frame, "hello");
    }
}

#[tokio::test]
async fn what_was_said_is_in_the_history_as_it_was_in_the_frame() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    let mut expected = Vec::new();
    for question in ["one", "two", "three"] {
        let frame = socket.say(&to_bot(question)).await;
        check_exchange(&frame, question);
        expected.extend(frame["messages"].as_array().expect("messages").clone());
    }
    expected.reverse();
    assert_eq!(newest(&ada).await, expected);
}

#[tokio::test]
async fn everybody_has_a_bot_of_their_own() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    ada_socket.say(&to_bot("a secret of ada's")).await;
    assert_eq!(heard(&mut bob_socket).await, Vec::<Value>::new());
    assert_eq!(newest(&bob).await, Vec::<Value>::new());
    bob_socket.say(&to_bot("a secret of bob's")).await;
    assert_eq!(heard(&mut ada_socket).await, Vec::<Value>::new());
    for (user, own) in [(&ada, "a secret of ada's"), (&bob, "a secret of bob's")] {
        let rows = newest(user).await;
        assert_eq!((rows.len(), &rows[1]["message"]), (2, &json!(own)));
    }
}

#[tokio::test]
async fn the_same_client_id_is_answered_on_that_connection_alone_and_stored_once() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let (mut first, mut second) = (ada.socket().await, ada.socket().await);
    let mut question = to_bot("once");
    question["client_id"] = json!(unique("frame"));
    let answer = first.say(&question).await;
    assert_eq!(expect_answer(&mut second).await, answer);
    first.say(&to_bot("meanwhile")).await;
    expect_answer(&mut second).await;

    for _ in 0..2 {
        assert_eq!(first.say(&question).await, answer);
        assert_eq!(heard(&mut second).await, Vec::<Value>::new());
    }
    assert_eq!(second.say(&question).await, answer, "it is the user's, not the connection's");
    assert_eq!(heard(&mut first).await, Vec::<Value>::new());
    let rows = newest(&ada).await;
    assert_eq!(rows.len(), 4, "{rows:?}");
}

#[tokio::test]
async fn the_same_client_id_many_times_at_once_is_one_question() {
    const TIMES: usize = 3;
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut sockets = [ada.socket().await, ada.socket().await];
    let client_id = unique("frame");
    let mut question = to_bot("once");
    question["client_id"] = json!(client_id);
    for _ in 0..TIMES {
        for socket in &mut sockets {
            socket.send(&question).await;
        }
    }
    let mut answers = Vec::new();
    for socket in &mut sockets {
        for _ in 0..TIMES {
            let frame = socket.expect("an answer", |frame| frame["client_id"] == json!(client_id)).await;
            // A repetition may come too early, but is never asked anew.
            if frame["code"] != "busy" {
                check_exchange(&frame, "once");
                answers.push(frame);
            }
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(column(&newest(&ada).await, "is_user"), [false, true]);
}

#[tokio::test]
async fn a_client_id_belongs_to_its_user() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut question = to_bot("mine");
    question["client_id"] = json!(unique("frame"));
    ada.socket().await.say(&question).await;
    question["message"] = json!("yours");
    check_exchange(&bob.socket().await.say(&question).await, "yours");
}

#[tokio::test]
async fn questions_asked_at_once_are_all_answered() {
    const QUESTIONS: usize = 20;
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    for number in 0..QUESTIONS {
        socket.send(&to_bot(&format!("question {number}"))).await;
    }
    for _ in 0..QUESTIONS {
        let frame = expect_answer(&mut socket).await;
        let question = frame["messages"][0]["message"].as_str().expect("a question").to_owned();
        check_exchange(&frame, &question);
    }
    let rows = newest(&ada).await;
    assert_eq!(rows.len(), 2 * QUESTIONS);
    assert!(rows.is_sorted_by(|one, other| one["seq"].as_u64() > other["seq"].as_u64()), "{rows:?}");
    assert!(
        rows.is_sorted_by(|one, other| one["timestamp"].as_str() > other["timestamp"].as_str()),
        "{rows:?}"
    );
    let asked = rows.iter().filter(|row| row["is_user"] == true);
    let asked: std::collections::BTreeSet<_> = asked.filter_map(|row| row["message"].as_str()).collect();
    assert_eq!(asked.len(), QUESTIONS, "{asked:?}");
}

#[tokio::test]
async fn the_largest_message_is_answered_whatever_its_json_is() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    check_exchange(&socket.say(&to_bot(&"ä".repeat(LIMIT / 2))).await, &"ä".repeat(LIMIT / 2));
    // Each of these bytes takes six in JSON: the frame has to come in parts.
    let text = "\u{1}".repeat(LIMIT);
    let mut by_hand = RawSocket::open(&ada.socket_url()).await;
    by_hand.send_in_parts(&to_bot(&text).to_string(), FRAME).await;
    check_exchange(&expect_answer(&mut socket).await, &text);
}
