//! What limits cost.

use serde_json::Value;
use tests::{Stack, User, eventually, unique};

use super::limited;
use crate::common::{send, text_to};

const MESSAGES: usize = 6;

/// What the cheapest message of a chat costs on a stack with these arguments. Others open the chat, or are sent by a
/// process that has yet to read keys.
async fn cheapest_send(arguments: &[&str]) -> Value {
    let (stack, log) = Stack::start_logged(arguments).await;
    let [ada, bob] = User::pair(&stack).await;
    for _ in 0..MESSAGES {
        send(&ada, "/chats", &text_to(&bob, "hello"), &unique("key")).await.expect(201);
    }
    let lines = eventually("the lines of all messages", async || {
        let mut lines = log.invocations();
        lines.retain(|line| line["route"] == "POST /chats");
        (lines.len() == MESSAGES).then_some(lines)
    });
    lines.await.into_iter().min_by_key(|line| line["storageCalls"].as_u64()).expect("a message")
}

#[tokio::test]
async fn a_message_costs_one_call_and_one_write_unit_more() {
    let without = cheapest_send(&[]).await;
    let with = cheapest_send(&limited(&[])).await;
    let more = |name: &str| {
        let number = |line: &Value| line[name].as_f64().unwrap_or_else(|| panic!("no {name} in {line}"));
        number(&with) - number(&without)
    };
    assert_eq!((more("storageCalls"), more("readUnits"), more("writeUnits")), (1.0, 0.0, 1.0), "{with}");
}
