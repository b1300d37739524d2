//! `POST /messages`: what is sent again gives the first answer and arrives once.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Algorithm, Caller, Encoding, Member, Platform, Stack, unique, verify_signed};

use super::blocks::{
    Circle, bad, circle, hashed, post, post_text, result, results, send, status, texts, time, to_all, to_each,
};
use super::{backend, refused};
use crate::common::column;

#[tokio::test]
async fn a_client_hash_in_another_block_gives_the_first_answer_and_nobody_gets_it_twice() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let long = "x".repeat(128);
    let (mut for_bob, mut for_eve) = (Vec::new(), Vec::new());
    for hash in ["a", "ü 👍 \"", &long] {
        let entries =
            json!([{"messageText": hash, "recipient": guids[1]}, {"messageText": "for the others"}]);
        let message = hashed(json!({"chatID": chat, "messageBlock": entries}), hash);
        let first = send(&ada, vec![message.clone()]).await;
        for _ in 0..2 {
            bob.send(&chat, "meanwhile", &unique("hash")).await;
            let again = send(&ada, vec![to_all(&chat, "new"), message.clone()]).await;
            assert_eq!(again[1], first[0]);
            assert_ne!(again[0]["messageID"], first[0]["messageID"]);
        }
        for_bob.extend([hash, "new", "new"]);
        for_eve.extend(["for the others", "meanwhile", "new", "meanwhile", "new"]);
    }
    assert_eq!(texts(&bob).await, for_bob);
    assert_eq!(texts(&eve).await, for_eve);
}

#[tokio::test]
async fn a_client_hash_is_of_one_content_in_one_chat() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let other = Platform::new_chat_id();
    platform.seat(&other, &[&ada, &bob]).await;
    send(&ada, vec![hashed(to_each(&chat, &[(&guids[1], "once")]), "1")]).await;
    let others = [
        to_each(&chat, &[(&guids[1], "twice")]),
        to_each(&chat, &[(&guids[0], "once")]),
        to_each(&chat, &[(&guids[1], "once"), (&guids[0], "once")]),
        to_all(&other, "once"),
    ];
    for message in others {
        let answer = post(&ada, vec![hashed(message, "1")], vec![]).await;
        assert_eq!(refused(&answer, 409).1.code, "idempotency_key_reused");
    }
    assert_eq!(texts(&bob).await, ["once"]);
    assert_eq!(texts(&ada).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_client_hash_belongs_to_its_sender() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let sent = [ada.send(&chat, "mine", "1").await, bob.send(&chat, "yours", "1").await];
    assert_ne!(sent[0]["messageID"], sent[1]["messageID"]);
    assert_eq!((texts(&bob).await, texts(&ada).await), (vec![json!("mine")], vec![json!("yours")]));
}

#[tokio::test]
async fn a_client_hash_twice_in_one_block_is_malformed() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    for texts in [["same", "same"], ["one", "other"]] {
        let messages = texts.map(|text| hashed(to_all(&chat, text), "1"));
        bad(&post(&ada, messages.into(), vec![]).await, "invalid_body", "messages[1]");
    }
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
}

#[tokio::test]
async fn without_a_client_hash_equal_messages_of_two_blocks_are_two() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut sent = send(&ada, vec![to_all(&chat, "hello"), to_all(&chat, "hello")]).await;
    // The same message in a block of another time.
    let block = ada.block(vec![to_all(&chat, "hello")], vec![]);
    let mut events: Value = serde_json::from_str(&block).expect("a block");
    events["timestamp"] = json!((time(&events["timestamp"]) + 1).to_string());
    sent.extend(results(post_text(&ada, &events.to_string()).await));
    let ids: BTreeSet<_> = sent.iter().map(|message| message["messageID"].to_string()).collect();
    assert_eq!(ids.len(), 3, "{sent:?}");
    assert_eq!(texts(&bob).await, ["hello"; 3]);
}

#[tokio::test]
async fn a_block_sent_again_gives_the_same_result_and_is_not_applied_again() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let received = bob.send(&chat, "hello", "1").await["messageID"].clone();
    let messages = vec![to_all(&chat, "without"), hashed(to_all(&chat, "with a hash"), "1")];
    let block = ada.block(messages, vec![status(&received, "delivered")]);
    let first = result(post_text(&ada, &block).await);
    for (algorithm, encoding) in [
        (Algorithm::Rs256, Encoding::Base64),
        (Algorithm::Rs256, Encoding::Hex),
        (Algorithm::Ps256, Encoding::Base64),
        (Algorithm::Ps256, Encoding::Base64),
    ] {
        bob.send(&chat, "meanwhile", &unique("hash")).await;
        let again = ada.post(&block, algorithm, encoding).await.expect(200);
        verify_signed(&ada, &again.body, "outgoingEventsResult", algorithm, encoding).await;
        assert_eq!(result(again), first);
    }
    let seen = bob.incoming().await;
    assert_eq!(column(&seen.messages, "messageText"), ["without", "with a hash"]);
    assert_eq!(column(&seen.statuses, "messageIDStatus"), [received]);
}

#[tokio::test]
async fn a_block_sent_again_gives_the_same_result_though_its_chat_is_gone() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    let block = |member: &Member| {
        let hash = unique("hash");
        member.block(vec![to_all(&chat, &member.id), hashed(to_all(&chat, "again"), &hash)], vec![])
    };
    let blocks = [block(&ada), block(&eve)];
    let first = [result(post_text(&ada, &blocks[0]).await), result(post_text(&eve, &blocks[1]).await)];
    let path = format!("{}/users", backend(&chat));
    platform.delete(&path).json(&json!({"users": [eve.id]})).await.expect(200);
    assert_eq!(result(post_text(&eve, &blocks[1]).await), first[1]);
    platform.delete(&backend(&chat)).await.expect(200);
    assert_eq!(result(post_text(&ada, &blocks[0]).await), first[0]);
    assert_eq!(result(post_text(&eve, &blocks[1]).await), first[1]);
    platform.seat(&chat, &[&ada, &bob]).await;
    assert_eq!(result(post_text(&ada, &blocks[0]).await), first[0]);
    assert_eq!(texts(&bob).await, [json!(ada.id), json!("again"), json!(eve.id), json!("again")]);
}

#[tokio::test]
async fn the_same_block_of_somebody_else_is_another() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    let block = ada.block(vec![to_all(&chat, "hello")], vec![]);
    let sent = [results(post_text(&ada, &block).await), results(post_text(&bob, &block).await)];
    assert_ne!(sent[0][0]["messageID"], sent[1][0]["messageID"]);
    assert_eq!(texts(&eve).await, ["hello", "hello"]);
}

#[tokio::test]
async fn of_many_equal_ones_at_once_one_is_taken() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let block = ada.block(vec![to_all(&chat, "one block")], vec![]);
    let posts = (0..5).map(|_| post_text(&ada, &block));
    let blocks = (0..5).map(|more| {
        let message = hashed(to_all(&chat, "one hash"), "1");
        let mut events: Value = serde_json::from_str(&ada.block(vec![message], vec![])).expect("a block");
        events["timestamp"] = json!((time(&events["timestamp"]) + more).to_string());
        events.to_string()
    });
    let blocks: Vec<_> = blocks.collect();
    let others = blocks.iter().map(|block| post_text(&ada, block));
    for answers in join_all([join_all(posts), join_all(others)]).await {
        let mut answers: Vec<_> = answers.into_iter().map(results).collect();
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
    let mut seen = texts(&bob).await;
    seen.sort_unstable_by_key(Value::to_string);
    assert_eq!(seen, ["one block", "one hash"]);
}
