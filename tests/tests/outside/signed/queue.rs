//! `GET /messages`: what waits for a member.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Caller, Member, Platform, Stack, in_query};

use super::blocks::{Circle, LIMIT, MOST, PAGE, circle, inbox, is_guid, send, texts, time, to_all};
use super::{BAD_REQUEST, backend, refused_with};
use crate::common::{column, fields};

/// One page of a queue, and where the next one starts.
async fn page(member: &Member, next: &Value) -> (Value, Value) {
    let query = next.as_str().map(|next| format!("?next={}", in_query(next))).unwrap_or_default();
    let events = member.get(&format!("/messages{query}")).await.expect(200).json()["incomingEvents"].take();
    let next = events["next"].clone();
    (events, next)
}

#[tokio::test]
async fn a_queue_shows_messages_statuses_and_infos_with_these_fields() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await;
    bob.acknowledge(&[sent["messageID"].as_str().expect("an id")], "delivered").await;
    bob.send(&chat, "hello back", "1").await;
    let answer = ada.get("/messages").await.expect(200).json();
    assert_eq!(fields(&answer), ["incomingEvents", "sign"]);
    assert!(answer["sign"].is_string(), "{answer}");
    let events = &answer["incomingEvents"];
    assert_eq!(fields(events), ["info", "messages", "next", "statuses", "timestamp"]);
    assert!(time(&events["timestamp"]) >= time(&sent["serverTime"]), "{events}");
    assert_eq!(events["next"], Value::Null);
    let [message, status, info] = ["messages", "statuses", "info"].map(|list| {
        assert_eq!(events[list].as_array().map(Vec::len), Some(1), "{list} of {events}");
        &events[list][0]
    });
    let expected = ["chatID", "messageID", "messageText", "recipientList", "sender", "serverTime"];
    assert_eq!(fields(message), expected);
    assert_eq!(fields(status), ["messageID", "messageIDStatus", "recipient", "type"]);
    assert_eq!(fields(info), ["chatID", "messageGUIDList", "messageID", "subType"]);
    assert!([message, status, info].iter().all(|event| is_guid(&event["messageID"])), "{events}");
}

#[tokio::test]
async fn who_is_new_has_an_empty_queue() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let events = ada.get("/messages").await.expect(200).json()["incomingEvents"].take();
    let expected = json!({
        "timestamp": events["timestamp"], "messages": [], "statuses": [], "info": [], "next": null,
    });
    assert_eq!(events, expected);
}

#[tokio::test]
async fn everything_stays_until_it_is_acknowledged() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let sent = send(&ada, ["1", "2", "3"].map(|text| to_all(&chat, text)).into()).await;
    for _ in 0..3 {
        assert_eq!(texts(&bob).await, ["1", "2", "3"]);
        assert_eq!(bob.incoming().await.info.len(), 1);
    }
    bob.acknowledge(&[sent[1]["messageID"].as_str().expect("an id")], "delivered").await;
    assert_eq!(texts(&bob).await, ["1", "3"]);
    bob.acknowledge(&[sent[0]["messageID"].as_str().expect("an id")], "read").await;
    assert_eq!(texts(&bob).await, ["3"]);
    assert_eq!(bob.incoming().await.info.len(), 1);
}

#[tokio::test]
async fn what_waits_outlives_its_chat_and_ones_place_in_it() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    let sent = send(&ada, vec![to_all(&chat, "before")]).await;
    let path = format!("{}/users", backend(&chat));
    platform.delete(&path).json(&json!({"users": [eve.id]})).await.expect(200);
    send(&ada, vec![to_all(&chat, "without eve")]).await;
    platform.delete(&backend(&chat)).await.expect(200);
    assert_eq!(texts(&bob).await, ["before", "without eve"]);
    assert_eq!(texts(&eve).await, ["before"]);
    assert_eq!(column(&inbox(&eve).await, "messageID"), column(&sent, "messageID"));
    let info = eve.incoming().await.info;
    assert_eq!(column(&info, "subType"), ["chat_enter", "chat_leave"]);
    eve.acknowledge(&[sent[0]["messageID"].as_str().expect("an id")], "read").await;
    assert_eq!(texts(&eve).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_long_queue_comes_in_pages_oldest_first_and_none_is_lost_by_acknowledging_between_them() {
    const BLOCKS: usize = 11;
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let mut sent = Vec::new();
    for block in 0..BLOCKS {
        let numbers = (0..MOST).map(|number| to_all(&chat, &(block * MOST + number).to_string()));
        sent.extend(column(&send(&ada, numbers.collect()).await, "messageID"));
    }
    let (mut seen, mut infos, mut next, mut pages) = (Vec::new(), 0, Value::Null, 0);
    loop {
        let (events, following) = page(&bob, &next).await;
        let of = |list: &str| events[list].as_array().expect("a list").clone();
        let (messages, info) = (of("messages"), of("info"));
        assert!(messages.len() + info.len() <= PAGE, "{} and {}", messages.len(), info.len());
        let ids = [column(&messages, "messageID"), column(&info, "messageID")].concat();
        let ids: Vec<_> = ids.iter().map(|id| id.as_str().expect("an id")).collect();
        bob.acknowledge(&ids, "delivered").await;
        seen.extend(messages);
        (infos, next, pages) = (infos + info.len(), following, pages + 1);
        if next.is_null() {
            break;
        }
    }
    assert_eq!(column(&seen, "messageID"), sent);
    let numbers: Vec<_> = (0..BLOCKS * MOST).map(|number| json!(number.to_string())).collect();
    assert_eq!(column(&seen, "messageText"), numbers);
    assert_eq!(infos, 1);
    assert!(pages > 1, "{pages} pages");
    assert_eq!(texts(&bob).await, Vec::<Value>::new());

    // The sender's queue is as long now: a status of each message.
    let statuses = ada.incoming().await.statuses;
    let told: BTreeSet<_> = column(&statuses, "messageIDStatus").iter().map(Value::to_string).collect();
    assert_eq!((statuses.len(), told.len()), (sent.len(), sent.len()));
}

#[tokio::test]
async fn what_is_too_large_for_one_answer_comes_in_several() {
    const BLOCKS: usize = 4;
    const EACH: usize = 30;
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    // Each of these bytes takes six in JSON: about 12 MB altogether.
    let text = "\u{1}".repeat(LIMIT);
    let mut sent = Vec::new();
    for _ in 0..BLOCKS {
        sent.extend(send(&ada, vec![to_all(&chat, &text); EACH]).await);
    }
    let seen = bob.incoming().await.messages;
    assert_eq!(column(&seen, "messageID"), column(&sent, "messageID"));
    assert!(seen.iter().all(|message| message["messageText"] == text));
}

#[tokio::test]
async fn a_place_to_continue_at_that_nobody_gave_is_refused() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    for next in ["x", "%00", "-1", "'"] {
        refused_with(&ada.get(&format!("/messages?next={next}")).await, 400, BAD_REQUEST);
    }
}
