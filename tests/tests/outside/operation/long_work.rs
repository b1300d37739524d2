//! Chats that are too long to be deleted within a request.

use std::time::Duration;

use futures::future::join;
use proptest::prelude::RngExt as _;
use serde_json::json;
use tests::{Caller as _, Stack, User, eventually, random, seed};

use crate::rows::{age, are_gone, fill, oldest};

/// More than any request removes by itself.
const LONG: u64 = 3_000;
const VERY_LONG: u64 = 20_000;
/// How often processes are killed.
const KILLS: std::ops::RangeInclusive<usize> = 10..=30;
/// How long they live until then.
const LIVES_MS: std::ops::Range<u64> = 0..200;
/// Those who delete.
const DELETING: [&str; 2] = ["chats", "housekeeping"];

/// Two people with a chat of this length.
async fn long_chat(stack: &Stack, length: u64) -> ([User; 2], u64) {
    let [ada, bob] = User::pair(stack).await;
    let chat = ada.write(&bob, "the first").await;
    // The first one is in the head.
    fill(&stack.tables(), chat, ada.id, 2..=length).await;
    ([ada, bob], chat)
}

/// Checks that a chat is there for neither of two people.
async fn is_gone_for(users: &[User; 2], chat: u64) {
    for user in users {
        assert_eq!(user.get(&format!("/chats/{chat}")).await.refused(404), "chat_not_found");
        assert_eq!(user.get("/chats").await.expect(200).rows().len(), 0);
    }
}

/// Deletes a chat as a client does which repeats what had no clear answer.
async fn delete(user: &User, chat: u64) {
    loop {
        let answer = user.delete(&format!("/chats/{chat}")).await;
        match answer.status.as_u16() {
            204 | 404 => return,
            _ => assert!(answer.status.is_server_error(), "{answer:?}"),
        }
    }
}

#[tokio::test]
async fn all_rows_of_a_long_chat_are_gone_soon_after_its_deletion() {
    // The schedule has had its first turn when the stack began, and has its second in an hour.
    let stack = Stack::start(&[]).await;
    let (users, chat) = long_chat(&stack, LONG).await;
    let (others, kept) = long_chat(&stack, 10).await;
    users[0].delete(&format!("/chats/{chat}")).await.expect(204);
    is_gone_for(&users, chat).await;
    let tables = stack.tables();
    are_gone(&tables, chat).await;
    stack.queue("Work").drained().await;
    assert!(stack.queue("FailedWork").is_empty().await);
    assert_eq!(oldest(&tables, kept).await, Some(2), "the rows of another chat");
    assert_eq!(others[1].history(kept).await[0]["message"], "the first");
}

#[tokio::test]
async fn a_long_mailbox_is_deleted_like_a_chat() {
    let stack = Stack::start(&[]).await;
    let (users, chat) = long_chat(&stack, LONG).await;
    users[1].delete(&format!("/chats_v2/{chat}")).await.expect(204);
    is_gone_for(&users, chat).await;
    are_gone(&stack.tables(), chat).await;
}

/// Deletes a very long chat while those processes are killed, at moments that the seed and this part of it tell, that
/// delete it.
async fn delete_among_the_dying(part: usize) {
    let mut random = random(seed(), part);
    let stack = Stack::start(&["--visibility-timeout-ms", "300"]).await;
    let (users, chat) = long_chat(&stack, VERY_LONG).await;
    let tables = stack.tables();
    let kills = random.random_range(KILLS);
    let mut killed = Vec::new();
    let killing = async {
        for _ in 0..kills {
            // How long they live is what is tried out here.
            tokio::time::sleep(Duration::from_millis(random.random_range(LIVES_MS))).await;
            let victim = DELETING[random.random_range(0..DELETING.len())];
            let left = oldest(&tables, chat).await;
            killed.extend(stack.crash_if_running(victim).into_iter().map(|_| (victim, left)));
            if left.is_none() {
                break;
            }
        }
    };
    join(delete(&users[0], chat), killing).await;
    println!("killed, with the oldest row that was left: {killed:?}");
    assert!(!killed.is_empty(), "nobody was killed");

    // What nobody was left to queue, or what failed too often, is the schedule's: an hour later, and later than anything
    // that could still write.
    age(&tables).await;
    let hourly = async || stack.try_invoke("HousekeepingFunction", &json!({})).await.ok();
    eventually("the schedule's next turn", hourly).await;
    are_gone(&tables, chat).await;
    is_gone_for(&users, chat).await;
    let [ada, bob] = &users;
    assert_ne!(ada.write(bob, "once more").await, chat);
}

#[tokio::test]
async fn a_very_long_chat_is_deleted_though_processes_are_killed() {
    delete_among_the_dying(0).await;
}

#[tokio::test]
async fn a_very_long_chat_is_deleted_though_processes_are_killed_at_other_moments() {
    delete_among_the_dying(1).await;
}

#[tokio::test]
async fn a_very_long_chat_is_deleted_though_processes_are_killed_at_yet_other_moments() {
    delete_among_the_dying(2).await;
}
