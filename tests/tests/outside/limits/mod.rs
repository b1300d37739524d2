//! Limits on abuse, each on stacks of its own: up to the limit all is well, beyond it the answer is 429, and nobody
//! else notices. How windows are reckoned is tested beside the code; here one passes by the removal of its counter.

mod cost;
mod faults;
mod logins;
mod messages;
mod off;
mod registrations;
mod signed;
mod sockets;

use serde_json::{Value, json};
use tests::{Answer, Stack, millis};

/// The table of counters.
const TABLE: &str = "Limits";
/// Windows, in seconds.
const QUARTER: u64 = 15 * 60;
const HOUR: u64 = 60 * 60;
const MINUTE: u64 = 60;

/// The command line of a stack that holds limits, these instead of their defaults.
fn limited<'a>(parameters: &[&'a str]) -> Vec<&'a str> {
    let given = parameters.iter().flat_map(|parameter| ["--parameter", *parameter]);
    ["--limits"].into_iter().chain(given).collect()
}

/// What has happened within one window of so many seconds. Where another one begins meanwhile, it happens again, to
/// somebody else.
async fn in_one_window<T>(seconds: u64, mut happening: impl AsyncFnMut() -> T) -> T {
    loop {
        let window = || millis() / 1000 / seconds;
        let begun = window();
        let seen = happening().await;
        if window() == begun {
            return seen;
        }
    }
}

/// Checks that an answer refuses one attempt too many within a window of so many seconds.
#[track_caller]
fn is_too_many(answer: &Answer, window: u64) {
    assert_eq!(answer.refused(429), "too_many_requests", "{}", answer.question);
    let seconds = answer.header("retry-after").expect("Retry-After");
    let sentence = answer.json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(sentence.starts_with("Too many "), "{sentence}");
    assert!(sentence.ends_with(&format!(" Try again in {seconds} seconds.")), "{sentence}, but {seconds}");
    let seconds: u64 = seconds.parse().expect("a number of seconds");
    assert!((1..=window).contains(&seconds), "{seconds} seconds of {window}");
}

/// The statuses of some answers.
fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status.as_u16()).collect()
}

/// How many of some answers have a status.
fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// The counters of a kind.
async fn counters(stack: &Stack, kind: &str) -> Vec<Value> {
    let mut counters = stack.tables().items(TABLE).await;
    counters.retain(|counter| counter["pk"]["S"].as_str().is_some_and(|key| key.starts_with(kind)));
    counters
}

/// Lets all windows of a stack pass.
async fn let_windows_pass(stack: &Stack) {
    let tables = stack.tables();
    for counter in tables.items(TABLE).await {
        tables.call("DeleteItem", &json!({"TableName": TABLE, "Key": {"pk": counter["pk"]}})).await;
    }
}
