//! `DELETE /api/conversations/{id}/{messageid}`.

use serde_json::{Value, json};
use tests::{Caller as _, Guest, Stack};

use super::{CONVERSATIONS, NO_IDS, NOWHERE, beginner, check, number, unauthorised};
use crate::common::column;

/// Somebody new who has begun a conversation and posted so many messages to it, with their URLs.
async fn author(stack: &Stack, count: usize) -> (Guest, String, Vec<String>) {
    let (guest, conversation) = beginner(stack).await;
    let mut urls = Vec::new();
    for number in 1..=count {
        urls.push(guest.say(&conversation, &format!("number {number}")).await);
    }
    (guest, conversation, urls)
}

/// The numbers of a conversation's messages.
async fn left(guest: &Guest, conversation: &str) -> Vec<Value> {
    column(&guest.newest(conversation, 100).await, "seq")
}

#[tokio::test]
async fn a_deleted_message_is_gone_from_everywhere() {
    let stack = Stack::shared().await;
    let (ada, conversation, urls) = author(&stack, 3).await;
    let bob = Guest::new(&stack).await;
    assert_eq!(ada.delete(&urls[1]).await.expect(200).json(), json!({"status": "success"}));
    for reader in [&ada, &bob] {
        assert_eq!(reader.get(&urls[1]).await.refused(404), "message_not_found");
        assert_eq!(left(reader, &conversation).await, [1, 3]);
        assert_eq!(reader.msgcount(&conversation).await, 2);
    }
}

#[tokio::test]
async fn whether_newest_oldest_or_between_the_others_stay_as_they_are() {
    let stack = Stack::shared().await;
    for goes in [1, 15, 30] {
        let (ada, conversation, urls) = author(&stack, 30).await;
        let mut rows = ada.newest(&conversation, 100).await;
        ada.delete(&urls[goes - 1]).await.expect(200);
        rows.remove(goes - 1);
        assert_eq!(ada.newest(&conversation, 100).await, rows, "without {goes}");
        for row in &rows {
            let url = row["url"].as_str().expect("a url");
            assert_eq!(ada.get(url).await.expect(200).json(), *row);
        }
        assert_eq!(ada.msgcount(&conversation).await, 29);
    }
}

#[tokio::test]
async fn nobody_deletes_anothers_message() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let bob = Guest::new(&stack).await;
    for number in 1..=15 {
        bob.say(&conversation, &format!("number {number}")).await;
    }
    // Not even who began the conversation, and neither recent messages nor others.
    for reader in [&ada, &Guest::new(&stack).await] {
        for number in 1..=15 {
            let answer = reader.delete(&format!("{conversation}/{number}")).await;
            assert_eq!(unauthorised(&answer, 401), "forbidden");
        }
    }
    assert_eq!(bob.msgcount(&conversation).await, 15);
    let rows = bob.newest(&conversation, 100).await;
    assert_eq!(rows.len(), 15);
    for (row, number) in rows.iter().zip(1..) {
        check(row, &bob, &format!("{conversation}/{number}"), &format!("number {number}"));
    }
}

#[tokio::test]
async fn what_is_deleted_already_or_was_never_there_is_404() {
    let stack = Stack::shared().await;
    let (ada, conversation, urls) = author(&stack, 2).await;
    let bob = Guest::new(&stack).await;
    ada.delete(&urls[0]).await.expect(200);
    for caller in [&ada, &bob] {
        for id in ["1", "3", "1000000"] {
            let refusal = caller.delete(&format!("{conversation}/{id}")).await.refused(404);
            assert_eq!(refusal, "message_not_found", "{id}");
        }
        let refusal = caller.delete(&format!("{NOWHERE}/1")).await.refused(404);
        assert_eq!(refusal, "conversation_not_found");
    }
    assert_eq!(ada.msgcount(&conversation).await, 1);
    assert_eq!(left(&ada, &conversation).await, [2]);
}

#[tokio::test]
async fn malformed_ids_are_400() {
    let stack = Stack::shared().await;
    let (ada, conversation, _) = author(&stack, 1).await;
    for id in NO_IDS {
        let refusal = ada.delete(&format!("{CONVERSATIONS}/{id}/1")).await.refused(400);
        assert_eq!(refusal, "invalid_path", "{id}");
    }
    for id in ["x", "-1", "1.5", "1x", "99999999999999999999999"] {
        let refusal = ada.delete(&format!("{conversation}/{id}")).await.refused(400);
        assert_eq!(refusal, "invalid_path", "{id}");
    }
    assert_eq!(ada.msgcount(&conversation).await, 1);
}

#[tokio::test]
async fn the_newest_are_the_newest_of_those_that_are_left() {
    let stack = Stack::shared().await;
    let (ada, conversation, urls) = author(&stack, 40).await;
    // The last fifteen, and every third of those before.
    let goes = |number: usize| number > 25 || number.is_multiple_of(3);
    for url in urls.iter().zip(1..).filter(|(_, number)| goes(*number)).map(|(url, _)| url) {
        ada.delete(url).await.expect(200);
    }
    let left: Vec<_> = (1..=40).filter(|number| !goes(*number)).collect();
    assert_eq!(ada.msgcount(&conversation).await, left.len());
    for count in [1, 2, 9, 10, 16, 17, 18, 100] {
        let expected = &left[left.len().saturating_sub(count)..];
        assert_eq!(column(&ada.newest(&conversation, count).await, "seq"), expected, "the newest {count}");
    }
    let answer = ada.get(&conversation).await.expect(200).json();
    let rows = answer["messages"].as_array().expect("messages");
    assert_eq!(column(rows, "seq"), &left[left.len() - 10..]);
}

#[tokio::test]
async fn a_number_is_never_used_again() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let bob = Guest::new(&stack).await;
    for expected in 1..=12 {
        let author = if expected % 3 == 0 { &bob } else { &ada };
        let message = author.say(&conversation, "soon gone").await;
        assert_eq!(number(&message), expected);
        author.delete(&message).await.expect(200);
        assert_eq!(ada.msgcount(&conversation).await, 0);
        assert_eq!(ada.get(&conversation).await.expect(200).json(), json!({"messages": []}));
    }
    let last = ada.say(&conversation, "here to stay").await;
    assert_eq!(left(&bob, &conversation).await, [number(&last)]);
    assert_eq!(ada.msgcount(&conversation).await, 1);
}

#[tokio::test]
async fn it_is_gone_from_its_own_conversation_only() {
    let stack = Stack::shared().await;
    let (ada, one, urls) = author(&stack, 2).await;
    let other = ada.open("Another conversation").await;
    for text in ["one", "two"] {
        ada.say(&other, text).await;
    }
    ada.delete(&urls[0]).await.expect(200);
    assert_eq!(
        (left(&ada, &one).await, left(&ada, &other).await),
        (vec![json!(2)], vec![json!(1), json!(2)])
    );
    assert_eq!((ada.msgcount(&one).await, ada.msgcount(&other).await), (1, 2));
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path() {
    let stack = Stack::shared().await;
    let (ada, conversation, urls) = author(&stack, 1).await;
    let answer = ada.delete(&format!("{}/", urls[0])).await.expect(200);
    assert_eq!(answer.json(), json!({"status": "success"}));
    assert_eq!(ada.delete(&urls[0]).await.refused(404), "message_not_found");
    assert_eq!(ada.msgcount(&conversation).await, 0);
}
