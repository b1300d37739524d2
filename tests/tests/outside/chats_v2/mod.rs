//! `/chats_v2`: the mailbox. Sending, deleting and finding are the same as below `/chats`; their tests are there.

mod ack;
mod chat_id;
mod unread;

use serde_json::Value;
use tests::{Caller as _, User};

/// What a fetch hands out, and how many are left.
async fn fetch(user: &User, path: &str) -> (Vec<Value>, u64) {
    let answer = user.get(path).await.expect(200);
    let left = answer.header("unread_count").and_then(|left| left.parse().ok());
    (answer.rows(), left.expect("the header unread_count"))
}

/// A chat with messages `1` to `count` from one to the other.
async fn fill(from: &User, to: &User, count: usize) -> u64 {
    let mut chat = 0;
    for number in 1..=count {
        chat = from.write(to, &number.to_string()).await;
    }
    chat
}

/// The numbers from one to another, as the messages of [`fill`] have them.
fn numbers(range: std::ops::RangeInclusive<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}
