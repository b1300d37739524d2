//! Work that can never be done: it ends among the failed, and keeps no other from being done.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Caller as _, Log, Queue, Stack, User, eventually};

use crate::rows::{are_gone, fill};

/// So that what has failed is tried again soon.
const SOON: [&str; 2] = ["--visibility-timeout-ms", "300"];
/// How often a job is tried, and a part of a broadcast.
const TRIES: [usize; 2] = [5, 3];
/// No time passes before a message is received again but this, with some of it lost to different clocks.
const LEAST_AGE_MS: u64 = 250;

/// The lines of the invocations by a queue.
fn of_queue(log: &Log, route: &str) -> Vec<Value> {
    log.invocations().into_iter().filter(|line| line["route"] == route).collect()
}

/// Takes these out of a queue, once all of them are there, in the order in which they come.
async fn take_all(queue: &Queue, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    eventually("the failed messages", async || {
        taken.extend(queue.take().await);
        (taken.len() >= count).then_some(())
    })
    .await;
    taken
}

/// Waits until a queue's consumer was invoked so often, and gives the lines of it.
async fn invoked(log: &Log, route: &str, times: usize) -> Vec<Value> {
    let often = async || {
        let lines = of_queue(log, route);
        (lines.len() >= times).then_some(lines)
    };
    eventually("a line of each try", often).await
}

#[tokio::test]
async fn a_job_that_always_fails_is_tried_five_times() {
    let (stack, log) = Stack::start_logged(&SOON).await;
    stack.queue("Work").send("{\"job\":").await;
    assert_eq!(take_all(&stack.queue("FailedWork"), 1).await, ["{\"job\":"]);
    assert!(stack.queue("Work").is_empty().await);
    let lines = invoked(&log, "Work", TRIES[0]).await;
    assert_eq!(lines.len(), TRIES[0], "{lines:?}");
    for (tried, line) in lines.iter().enumerate() {
        assert_eq!(line["function"], "HousekeepingFunction");
        // How long it has waited is told in milliseconds, where that is not 0.
        let age = line["QueueAge"].as_u64().unwrap_or_default();
        assert!(age >= tried as u64 * LEAST_AGE_MS, "{tried} tries before: {line}");
    }
}

#[tokio::test]
async fn jobs_that_always_fail_keep_no_other_from_being_done() {
    const GARBAGE: [&str; 5] =
        ["?", "{}", "{\"job\":\"dance\"}", "{\"job\":\"sweep\"}", "[{\"job\":\"erase\"}]"];
    let stack = Stack::start(&SOON).await;
    for body in GARBAGE {
        stack.queue("Work").send(body).await;
    }
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "the first").await;
    let tables = stack.tables();
    fill(&tables, chat, ada.id, 2..=1_500).await;
    ada.delete(&format!("/chats/{chat}")).await.expect(204);
    are_gone(&tables, chat).await;

    let mut missing = BTreeSet::from(GARBAGE);
    let failed = stack.queue("FailedWork");
    eventually("the failed jobs", async || {
        let taken = failed.take().await;
        missing.retain(|body| !taken.iter().any(|taken| taken == body));
        missing.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn parts_of_broadcasts_that_always_fail_are_tried_three_times_each_in_their_order() {
    let arguments = [&SOON[..], &["--parameter", "FanOutLimit=1"]].concat();
    let (stack, log) = Stack::start_logged(&arguments).await;
    let broadcasts = stack.queue("Broadcasts.fifo");
    for body in ["the first", "the second"] {
        broadcasts.send_in_group("nobody", body).await;
    }
    let failed = take_all(&stack.queue("FailedBroadcasts.fifo"), 2).await;
    assert_eq!(failed, ["the first", "the second"]);
    let lines = invoked(&log, "Broadcasts", 2 * TRIES[1]).await;
    assert_eq!(lines.len(), 2 * TRIES[1], "{lines:?}");
    assert!(lines.iter().all(|line| line["function"] == "FanOutFunction"), "{lines:?}");
}

#[tokio::test]
async fn a_broadcast_that_always_fails_keeps_no_other_from_its_sockets() {
    let arguments = [&SOON[..], &["--parameter", "FanOutLimit=1"]].concat();
    let stack = Stack::start(&arguments).await;
    let [ada, bob] = User::pair(&stack).await;
    let mut sockets = [bob.socket().await, bob.socket().await];
    stack.queue("Broadcasts.fifo").send_in_group("nobody", "?").await;
    for text in ["one", "two", "three"] {
        ada.write(&bob, text).await;
    }
    for socket in &mut sockets {
        for text in ["one", "two", "three"] {
            let frame = socket.expect(text, |frame| frame["chat_type"] == "chat").await;
            assert_eq!(frame["message"], text);
        }
    }
    assert_eq!(take_all(&stack.queue("FailedBroadcasts.fifo"), 1).await, ["?"]);
}
