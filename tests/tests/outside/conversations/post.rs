//! `POST /api/conversations/{id}`.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Caller as _, Guest, Stack, unique};

use super::{CONVERSATIONS, NO_IDS, NOWHERE, beginner, check, guests, number};
use crate::common::{column, fields};

/// The largest text.
const MOST_BYTES: usize = 16 * 1024;

/// Posts a text with an idempotency key.
async fn keyed(guest: &Guest, conversation: &str, text: &str, key: &str) -> Answer {
    guest.post(conversation).header("idempotency-key", key).json(&json!({"text": text})).await
}

#[tokio::test]
async fn the_answer_says_where_the_message_is() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    for seq in 1..=3 {
        let made = ada.post(&conversation).json(&json!({"text": "hello"})).await.expect(200).json();
        assert_eq!(made, json!({"status": "success", "url": format!("{conversation}/{seq}")}));
    }
}

#[tokio::test]
async fn everybody_may_post_to_every_conversation() {
    let stack = Stack::shared().await;
    let (_, conversation) = beginner(&stack).await;
    let people = guests(&stack, 3).await;
    for author in &people {
        let url = author.say(&conversation, "here I am").await;
        for reader in &people {
            check(&reader.get(&url).await.expect(200).json(), author, &url, "here I am");
        }
    }
}

#[tokio::test]
async fn conversations_are_numbered_each_by_itself() {
    let stack = Stack::shared().await;
    let (ada, one) = beginner(&stack).await;
    let other = ada.open("Another conversation").await;
    let mut numbers = Vec::new();
    for conversation in [&one, &other, &one, &other, &other] {
        let message = ada.say(conversation, conversation).await;
        assert!(message.starts_with(&format!("{conversation}/")), "{message}");
        numbers.push(number(&message));
    }
    assert_eq!(numbers, [1, 1, 2, 2, 3]);
    for (conversation, count) in [(&one, 2), (&other, 3)] {
        let rows = ada.newest(conversation, 10).await;
        assert_eq!(column(&rows, "text"), vec![conversation.as_str(); count]);
    }
}

#[tokio::test]
async fn markdown_is_kept_as_sent() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let texts = [
        "x",
        " ",
        "# A title\r\n\r\n* one\n* **two**\n\n\t`code` \\*\n",
        "<script>alert(\"1\")</script> &amp; <b>",
        "[a](javascript:alert(1)) ![b](http://example.com/c.png)",
        "e\u{301}é 👍 李 \u{202e}abc\u{feff}",
        "{\"text\": \"json\"}",
        " ends with blanks  \n",
    ];
    for text in texts {
        let url = ada.say(&conversation, text).await;
        check(&ada.get(&url).await.expect(200).json(), &ada, &url, text);
        let form = ada.post(&conversation).form(&[("text", text)]).await.expect(200).json();
        let url = form["url"].as_str().expect("a url");
        check(&ada.get(url).await.expect(200).json(), &ada, url, text);
    }
    let twice: Vec<_> = texts.iter().flat_map(|text| [*text; 2]).collect();
    assert_eq!(column(&ada.newest(&conversation, 100).await, "text"), twice);
}

#[tokio::test]
async fn texts_have_1_byte_to_16_kib() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let largest = ["x".repeat(MOST_BYTES), "ä".repeat(MOST_BYTES / 2), "👍".repeat(MOST_BYTES / 4)];
    for text in &largest {
        ada.say(&conversation, text).await;
    }
    for wrong in ["", &"x".repeat(MOST_BYTES + 1), &format!("{}x", "ä".repeat(MOST_BYTES / 2))] {
        let refusal = ada.post(&conversation).json(&json!({"text": wrong})).await.refused(400);
        assert_eq!(refusal, "invalid_message", "{} bytes", wrong.len());
        let refusal = ada.post(&conversation).form(&[("text", wrong)]).await.refused(400);
        assert_eq!(refusal, "invalid_message", "{} bytes", wrong.len());
    }
    assert_eq!(column(&ada.newest(&conversation, 10).await, "text"), largest);
    assert_eq!(ada.msgcount(&conversation).await, largest.len());
}

#[tokio::test]
async fn bodies_without_a_text_and_of_other_kinds_are_refused() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    for wrong in [json!({}), json!({"text": null}), json!({"text": 7}), json!({"message": "x"}), json!(["x"])]
    {
        ada.post(&conversation).json(&wrong).await.refused(400);
    }
    for broken in ["", "{", "null", r#"{"text":}"#] {
        ada.post(&conversation).body("application/json", broken).await.refused(400);
    }
    ada.post(&conversation).body("text/plain", "hello").await.refused(415);
    assert_eq!(ada.msgcount(&conversation).await, 0);
}

#[tokio::test]
async fn unknown_conversations_are_404_and_malformed_ids_400() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let body = json!({"text": "hello"});
    assert_eq!(ada.post(NOWHERE).json(&body).await.refused(404), "conversation_not_found");
    for id in NO_IDS {
        let answer = ada.post(&format!("{CONVERSATIONS}/{id}")).json(&body).await;
        assert_eq!(answer.refused(400), "invalid_path", "{id}");
    }
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path_and_what_is_unknown_is_ignored() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let body = json!({"text": "hello", "user": "somebody else", "timestamp": "2000-01-01T00:00:00.000Z"});
    let made = ada.post(&format!("{conversation}/")).json(&body).await.expect(200).json();
    let url = format!("{conversation}/1");
    assert_eq!(made, json!({"status": "success", "url": url}));
    let row = ada.get(&url).await.expect(200).json();
    check(&row, &ada, &url, "hello");
    assert_ne!(row["timestamp"], body["timestamp"]);
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_stores_once() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let bob = Guest::new(&stack).await;
    let key = unique("key");
    let first = keyed(&ada, &conversation, "once", &key).await.expect(200).json();
    assert_eq!(fields(&first), ["status", "url"]);
    for _ in 0..3 {
        assert_eq!(keyed(&ada, &conversation, "once", &key).await.expect(200).json(), first);
        // The first answer also comes after others have written.
        bob.say(&conversation, "between").await;
    }
    assert_eq!(keyed(&ada, &format!("{conversation}/"), "once", &key).await.expect(200).json(), first);
    let rows = ada.newest(&conversation, 10).await;
    assert_eq!(column(&rows, "text"), ["once", "between", "between", "between"]);
    assert_eq!(ada.msgcount(&conversation).await, 4);
}

#[tokio::test]
async fn the_same_key_with_another_text_or_conversation_is_a_conflict() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let other = ada.open("Another conversation").await;
    let key = unique("key");
    let first = keyed(&ada, &conversation, "once", &key).await.expect(200).json();
    for (conversation, text) in [(&conversation, "twice"), (&other, "once"), (&other, "twice")] {
        let refusal = keyed(&ada, conversation, text, &key).await.refused(409);
        assert_eq!(refusal, "idempotency_key_reused", "{text} to {conversation}");
    }
    assert_eq!(keyed(&ada, &conversation, "once", &key).await.expect(200).json(), first);
    assert_eq!((ada.msgcount(&conversation).await, ada.msgcount(&other).await), (1, 0));
}

#[tokio::test]
async fn a_key_belongs_to_its_sender() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let bob = Guest::new(&stack).await;
    let key = unique("key");
    keyed(&ada, &conversation, "mine", &key).await.expect(200);
    keyed(&bob, &conversation, "yours", &key).await.expect(200);
    assert_eq!(column(&ada.newest(&conversation, 10).await, "text"), ["mine", "yours"]);
}

#[tokio::test]
async fn of_ten_with_one_key_at_once_one_is_stored() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let key = unique("key");
    let answers = join_all((0..10).map(|_| keyed(&ada, &conversation, "once", &key))).await;
    let mut answers: Vec<_> = answers.into_iter().map(|answer| answer.expect(200).json()).collect();
    answers.dedup();
    assert_eq!(answers, [json!({"status": "success", "url": format!("{conversation}/1")})]);
    assert_eq!(ada.newest(&conversation, 10).await.len(), 1);
    assert_eq!(ada.msgcount(&conversation).await, 1);
}

#[tokio::test]
async fn a_refused_message_does_not_use_up_its_key() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let key = unique("key");
    keyed(&ada, &conversation, "", &key).await.refused(400);
    keyed(&ada, NOWHERE, "nowhere", &key).await.refused(404);
    keyed(&ada, &conversation, "now", &key).await.expect(200);
}

#[tokio::test]
async fn a_key_has_1_to_128_bytes() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let refusal = keyed(&ada, &conversation, "hello", &"k".repeat(129)).await.refused(400);
    assert_eq!(refusal, "invalid_idempotency_key");
    keyed(&ada, &conversation, "hello", &"k".repeat(128)).await.expect(200);
    assert_eq!(ada.msgcount(&conversation).await, 1);
}

#[tokio::test]
async fn a_key_does_not_bring_back_what_was_deleted() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let key = unique("key");
    let first = keyed(&ada, &conversation, "once", &key).await.expect(200).json();
    let url = first["url"].as_str().expect("a url");
    ada.delete(url).await.expect(200);
    assert_eq!(keyed(&ada, &conversation, "once", &key).await.expect(200).json(), first);
    assert_eq!(ada.get(url).await.refused(404), "message_not_found");
    assert_eq!(ada.newest(&conversation, 10).await, Vec::<Value>::new());
    assert_eq!(ada.msgcount(&conversation).await, 0);
}
