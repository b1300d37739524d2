//! Statuses: a sender hears once of each recipient that a message was delivered, and once that it was read.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller as _, Member, Stack};

use super::blocks::{
    Circle, MOST, NOBODY, circle, inbox, is_guid, post, result, send, status, texts, to_all, to_each,
};
use super::{BAD_REQUEST, backend, refused_with};
use crate::common::{column, fields};

/// A status as its reader understands it: `delivered` or `read`, which message, and at whom.
type Told = (String, String, String);

/// What somebody should be told.
fn told(word: &str, message: &Value, recipient: &str) -> Told {
    (word.to_owned(), text(message), recipient.to_owned())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text")).to_owned()
}

/// The id of a message that was sent or received.
fn id(message: &Value) -> &str {
    message["messageID"].as_str().expect("a messageID")
}

/// All statuses that wait for a member, sorted; each is an event of its own.
async fn statuses(member: &Member) -> Vec<Told> {
    let statuses = member.incoming().await.statuses;
    let ids: BTreeSet<_> = statuses.iter().map(id).collect();
    assert_eq!(ids.len(), statuses.len(), "an id each: {statuses:?}");
    let mut told = Vec::new();
    for status in &statuses {
        assert_eq!(fields(status), ["messageID", "messageIDStatus", "recipient", "type"]);
        assert!(is_guid(&status["messageID"]), "{status}");
        assert_ne!(status["messageID"], status["messageIDStatus"]);
        told.push((text(&status["type"]), text(&status["messageIDStatus"]), text(&status["recipient"])));
    }
    told.sort();
    told
}

/// Acknowledges all statuses that wait for a member, and gives their ids.
async fn clear_statuses(member: &Member) -> Vec<Value> {
    let ids = column(&member.incoming().await.statuses, "messageID");
    let texts: Vec<_> = ids.iter().filter_map(Value::as_str).collect();
    member.acknowledge(&texts, "delivered").await;
    ids
}

/// Posts statuses in one block, which must be taken.
async fn say(member: &Member, statuses: Vec<Value>) {
    result(post(member, vec![], statuses).await);
}

fn sorted(mut told: Vec<Told>) -> Vec<Told> {
    told.sort();
    told
}

#[tokio::test]
async fn of_five_recipients_the_sender_sees_five_delivered_and_five_read() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, others @ ..], guids, .. } = circle::<6>(&stack).await;
    let sent = ada.send(&chat, "hello all", "1").await;
    let expected = |word: &str| -> Vec<_> {
        sorted(guids[1..].iter().map(|guid| told(word, &sent["messageID"], guid)).collect())
    };
    for member in &others {
        let seen = member.incoming().await.messages;
        assert_eq!(column(&seen, "messageID"), [sent["messageID"].clone()]);
        member.acknowledge(&[id(&sent)], "delivered").await;
        assert_eq!(texts(member).await, Vec::<Value>::new());
    }
    assert_eq!(statuses(&ada).await, expected("delivered"));
    let ids = [id(&sent)];
    join_all(others.iter().map(|member| member.acknowledge(&ids, "read"))).await;
    assert_eq!(statuses(&ada).await, [expected("delivered"), expected("read")].concat());
    for member in &others {
        assert_eq!(statuses(member).await, []);
        assert_eq!(texts(member).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn statuses_come_in_the_order_in_which_they_were_posted() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let sent = send(&ada, vec![to_all(&chat, "1"), to_all(&chat, "2")]).await;
    for (word, message) in [("delivered", &sent[1]), ("delivered", &sent[0]), ("read", &sent[1])] {
        bob.acknowledge(&[id(message)], word).await;
    }
    let seen = ada.incoming().await.statuses;
    assert_eq!(column(&seen, "type"), ["delivered", "delivered", "read"]);
    let [first, second] = [&sent[0], &sent[1]].map(|message| message["messageID"].clone());
    assert_eq!(column(&seen, "messageIDStatus"), [second.clone(), first, second]);
}

#[tokio::test]
async fn whatever_is_repeated_the_sender_is_told_once() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await;
    for word in ["delivered", "read"] {
        for _ in 0..3 {
            bob.acknowledge(&[id(&sent)], word).await;
        }
        let ids = [id(&sent)];
        join_all((0..3).map(|_| bob.acknowledge(&ids, word))).await;
        assert_eq!(statuses(&ada).await, [told(word, &sent["messageID"], &guids[1])]);
        // Not even when the first one is acknowledged.
        clear_statuses(&ada).await;
        bob.acknowledge(&[id(&sent)], "delivered").await;
        bob.acknowledge(&[id(&sent)], word).await;
        assert_eq!(statuses(&ada).await, []);
    }
}

#[tokio::test]
async fn statuses_that_are_repeated_within_a_block_count_once() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let sent = send(&ada, vec![to_all(&chat, "1"), to_all(&chat, "2")]).await;
    let [first, second] = [&sent[0]["messageID"], &sent[1]["messageID"]];
    say(&bob, vec![status(first, "delivered"), status(first, "delivered"), status(second, "delivered")])
        .await;
    let expected = vec![told("delivered", first, &guids[1]), told("delivered", second, &guids[1])];
    assert_eq!(statuses(&ada).await, sorted(expected));
    clear_statuses(&ada).await;
    let both = [status(second, "delivered"), status(second, "read"), status(second, "read")];
    say(&bob, [&both[..], &both[..]].concat()).await;
    assert_eq!(statuses(&ada).await, [told("read", second, &guids[1])]);
}

#[tokio::test]
async fn delivered_and_read_may_stand_in_one_block() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await["messageID"].clone();
    say(&bob, vec![status(&sent, "delivered"), status(&sent, "read")]).await;
    let expected = [told("delivered", &sent, &guids[1]), told("read", &sent, &guids[1])];
    assert_eq!(statuses(&ada).await, expected);
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_was_only_read_is_told_as_read_alone() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await;
    for _ in 0..2 {
        bob.acknowledge(&[id(&sent)], "read").await;
        assert_eq!(texts(&bob).await, Vec::<Value>::new());
        assert_eq!(statuses(&ada).await, [told("read", &sent["messageID"], &guids[1])]);
    }
}

#[tokio::test]
async fn each_recipient_is_told_of_by_itself() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let sent = send(&ada, vec![to_each(&chat, &[(&guids[1], "for bob"), (&guids[2], "for eve")])]).await;
    let message = &sent[0]["messageID"];
    bob.acknowledge(&[id(&sent[0])], "read").await;
    assert_eq!(texts(&eve).await, ["for eve"], "what one reads the other has not read");
    eve.acknowledge(&[id(&sent[0])], "delivered").await;
    let expected = vec![told("read", message, &guids[1]), told("delivered", message, &guids[2])];
    assert_eq!(statuses(&ada).await, sorted(expected));
}

#[tokio::test]
async fn each_sender_is_told_of_its_own_messages() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let one = ada.send(&chat, "from ada", "1").await["messageID"].clone();
    let other = bob.send(&chat, "from bob", "1").await["messageID"].clone();
    say(&eve, vec![status(&one, "delivered"), status(&other, "read")]).await;
    assert_eq!(statuses(&ada).await, [told("delivered", &one, &guids[2])]);
    assert_eq!(statuses(&bob).await, [told("read", &other, &guids[2])]);
}

#[tokio::test]
async fn who_writes_to_itself_is_told_of_itself() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let sent = send(&ada, vec![to_each(&chat, &[(&guids[0], "a note")])]).await;
    ada.acknowledge(&[id(&sent[0])], "delivered").await;
    ada.acknowledge(&[id(&sent[0])], "read").await;
    let message = &sent[0]["messageID"];
    let expected = [told("delivered", message, &guids[0]), told("read", message, &guids[0])];
    assert_eq!(statuses(&ada).await, expected);
    assert_eq!(texts(&ada).await, Vec::<Value>::new());
    assert_eq!(statuses(&bob).await, []);
}

#[tokio::test]
async fn a_block_may_carry_messages_and_statuses() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let sent = ada.send(&chat, "a question", "1").await["messageID"].clone();
    let answer = post(&bob, vec![to_all(&chat, "an answer")], vec![status(&sent, "read")]).await;
    assert_eq!(result(answer)["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(texts(&ada).await, ["an answer"]);
    assert_eq!(statuses(&ada).await, [told("read", &sent, &guids[1])]);
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
}

#[tokio::test]
async fn acknowledging_a_status_or_an_info_removes_it_and_tells_nobody() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await;
    bob.acknowledge(&[id(&sent)], "delivered").await;
    bob.acknowledge(&[id(&sent)], "read").await;
    let waiting = ada.incoming().await;
    assert_eq!((waiting.statuses.len(), waiting.info.len()), (2, 1));
    for (event, word) in
        [(&waiting.statuses[0], "delivered"), (&waiting.statuses[1], "read"), (&waiting.info[0], "read")]
    {
        ada.acknowledge(&[id(event)], word).await;
        let left = ada.incoming().await;
        let left = [column(&left.statuses, "messageID"), column(&left.info, "messageID")].concat();
        assert!(!left.contains(&event["messageID"]), "{event} is still there");
        for word in ["delivered", "read"] {
            ada.acknowledge(&[id(event)], word).await;
        }
    }
    let left = ada.incoming().await;
    assert_eq!((left.statuses.len(), left.info.len()), (0, 0));
    let others = bob.incoming().await;
    assert_eq!((others.statuses.len(), others.info.len()), (0, 1), "the other one's info is its own");
}

#[tokio::test]
async fn a_message_id_that_nothing_has_is_accepted_and_does_nothing() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await["messageID"].clone();
    let nothing = json!(NOBODY);
    say(&bob, vec![status(&nothing, "delivered"), status(&sent, "delivered"), status(&nothing, "read")])
        .await;
    bob.acknowledge(&[NOBODY, &guids[0], &guids[1]], "read").await;
    assert_eq!(statuses(&ada).await, [told("delivered", &sent, &guids[1])]);
    assert_eq!(statuses(&bob).await, []);
}

#[tokio::test]
async fn a_malformed_message_id_or_status_is_a_bad_request() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await["messageID"].clone();
    let cut = &sent.as_str().expect("an id")[1..];
    for wrong in ["", "x", "7", cut, &format!("{cut}zz"), "event#1", "ü"] {
        println!("{wrong:?}");
        let answer = post(&bob, vec![], vec![status(&sent, "read"), status(&json!(wrong), "read")]).await;
        let refusal = refused_with(&answer, 400, BAD_REQUEST);
        assert!(refusal.details.contains("statuses[1]"), "{:?}", refusal.details);
    }
    for wrong in ["", "seen", "Read", "READ", "delivered "] {
        println!("{wrong:?}");
        let answer = post(&bob, vec![], vec![status(&sent, "read"), status(&sent, wrong)]).await;
        let refusal = refused_with(&answer, 400, BAD_REQUEST);
        assert!(refusal.details.contains("statuses[1]"), "{:?}", refusal.details);
    }
    assert_eq!(statuses(&ada).await, []);
    assert_eq!(texts(&bob).await, ["hello"]);
}

#[tokio::test]
async fn nobody_acknowledges_for_somebody_else() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let stranger = platform.member("stranger").await;
    let sent = send(&ada, vec![to_each(&chat, &[(&guids[1], "for bob")])]).await;
    let message = &sent[0]["messageID"];
    // Neither another participant, nor the sender, nor somebody from elsewhere.
    for other in [&eve, &ada, &stranger] {
        for word in ["delivered", "read"] {
            other.acknowledge(&[id(&sent[0])], word).await;
        }
    }
    assert_eq!(statuses(&ada).await, []);
    assert_eq!(texts(&bob).await, ["for bob"]);

    bob.acknowledge(&[id(&sent[0])], "delivered").await;
    let status = ada.incoming().await.statuses[0].clone();
    let info = ada.incoming().await.info[0].clone();
    for other in [&bob, &eve, &stranger] {
        other.acknowledge(&[id(&status), id(&info)], "read").await;
    }
    let left = ada.incoming().await;
    assert_eq!((&left.statuses[..], &left.info[..]), (&[status][..], &[info][..]));
    assert_eq!(statuses(&ada).await, [told("delivered", message, &guids[1])]);
}

#[tokio::test]
async fn a_sender_is_told_though_the_chat_is_gone_or_the_recipient_has_left() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let sent = ada.send(&chat, "hello", "1").await;
    let message = &sent["messageID"];
    eve.acknowledge(&[id(&sent)], "delivered").await;
    let path = format!("{}/users", backend(&chat));
    platform.delete(&path).json(&json!({"users": [eve.id]})).await.expect(200);
    eve.acknowledge(&[id(&sent)], "read").await;
    platform.delete(&backend(&chat)).await.expect(200);
    bob.acknowledge(&[id(&sent)], "read").await;
    let expected = vec![
        told("delivered", message, &guids[2]),
        told("read", message, &guids[2]),
        told("read", message, &guids[1]),
    ];
    assert_eq!(statuses(&ada).await, sorted(expected));
}

#[tokio::test]
async fn a_hundred_messages_are_acknowledged_in_one_block() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let messages = (0..MOST).map(|number| to_all(&chat, &number.to_string())).collect();
    let sent = column(&send(&ada, messages).await, "messageID");
    for word in ["delivered", "read"] {
        say(&bob, sent.iter().map(|message| status(message, word)).collect()).await;
        assert_eq!(inbox(&bob).await, Vec::<Value>::new());
        let expected = sent.iter().map(|message| told(word, message, &guids[1])).collect();
        assert_eq!(statuses(&ada).await, sorted(expected));
        clear_statuses(&ada).await;
    }
}
