//! The bot's own engine: it answers whatever is said, briefly, and in time.
#![no_main]

use chat::bot::engine::{Engine, Turn};
use chat::text::{MAX_MESSAGE_BYTES, json_len};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut turns: Vec<Turn> = text
        .split('\u{1}')
        .map(|said| match said.strip_prefix('\u{2}') {
            Some(said) => Turn { is_user: false, text: said.to_owned() },
            None => Turn { is_user: true, text: said.to_owned() },
        })
        .collect();
    let question = turns.pop().map(|turn| turn.text).unwrap_or_default();
    let answered = || {
        let mut answering = std::pin::pin!(Engine::BuiltIn.answer(&turns, &question));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match answering.as_mut().poll(&mut context) {
            std::task::Poll::Ready(answer) => answer.expect("the built-in engine always answers"),
            std::task::Poll::Pending => panic!("the built-in engine waits for nothing"),
        }
    };
    let answer = answered();
    assert!(!answer.trim().is_empty(), "to {question:?}");
    assert!(json_len(&answer) <= MAX_MESSAGE_BYTES, "to {question:?}: {} bytes", answer.len());
    assert!(!answer.contains(char::is_control), "to {question:?}: {answer:?}");
    assert_eq!(answered(), answer, "to {question:?} twice");
});
