//! `/chat_bot`, which is also `/chat-bot`, and the frames of the bot.

mod bedrock;
mod history;
mod model;
mod refusals;
mod talk;

use serde_json::{Value, json};
use tests::{Caller as _, Socket, User};

use crate::common::{fields, is_moment};

/// A frame with a text for the bot.
fn to_bot(message: &str) -> Value {
    json!({"chat_type": "bot", "message": message})
}

/// Checks a question with its answer as a frame has them, and gives the answer's text.
#[track_caller]
fn check_exchange<'a>(frame: &'a Value, question: &str) -> &'a str {
    assert_eq!(frame["chat_type"], "bot");
    let messages = frame["messages"].as_array().expect("messages");
    let [asked, answer] = messages.as_slice() else { panic!("not two messages: {frame}") };
    for message in [asked, answer] {
        assert_eq!(fields(message), ["is_user", "message", "seq", "timestamp"]);
        assert!(is_moment(&message["timestamp"]) && message["seq"].is_u64(), "{message}");
    }
    assert_eq!((&asked["is_user"], &answer["is_user"]), (&json!(true), &json!(false)));
    assert_eq!(asked["message"], question);
    assert!(asked["seq"].as_u64() < answer["seq"].as_u64(), "{frame}");
    assert!(asked["timestamp"].as_str() < answer["timestamp"].as_str(), "{frame}");
    let text = answer["message"].as_str().expect("an answer");
    assert!(!text.is_empty(), "{frame}");
    text
}

/// Waits for the bot's next frame.
async fn expect_answer(socket: &mut Socket) -> Value {
    socket.expect("the bot's answer", |frame| frame["chat_type"] == "bot").await
}

/// What a socket has heard from the bot since it was last asked.
async fn heard(socket: &mut Socket) -> Vec<Value> {
    let mut frames = socket.so_far().await;
    frames.retain(|frame| frame["chat_type"] == "bot");
    frames
}

/// The newest messages between somebody and the bot, newest first.
async fn newest(user: &User) -> Vec<Value> {
    let page = user.get("/chat_bot").await.expect(200).json();
    page["messages"].as_array().expect("messages").clone()
}
