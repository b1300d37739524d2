//! `POST /messages` and `GET /messages`: what is sent arrives as it was sent, in order, once.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    Algorithm, Answer, Caller, Encoding, Member, Platform, Stack, in_query, millis, unique, verify_signed,
};

use super::{BAD_REQUEST, CHAT_NOT_FOUND, backend, refused, refused_with, unsupported};
use crate::common::{column, fields};

/// Most bytes of a text.
pub(super) const LIMIT: usize = 16 * 1024;
/// Most messages, and most statuses, of a block.
pub(super) const MOST: usize = 100;
/// Most events of an answer.
const PAGE: usize = 1_000;
/// A GUID or messageID that nothing has.
pub(super) const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A chat of its own, and who is in it: the members in the order of joining, each with its GUID.
pub(super) struct Circle<const N: usize> {
    pub(super) platform: Platform,
    pub(super) chat: String,
    pub(super) members: [Member; N],
    pub(super) guids: [String; N],
}

/// New members in a new chat.
pub(super) async fn circle<const N: usize>(stack: &Stack) -> Circle<N> {
    let platform = Platform::new(stack);
    let members: [Member; N] = platform.members(N).await.try_into().expect("as many members");
    let chat = Platform::new_chat_id();
    let guids = platform.seat(&chat, &members.each_ref()).await.try_into().expect("a GUID for each");
    Circle { platform, chat, members, guids }
}

/// A message to everybody else in a chat.
pub(super) fn to_all(chat: &str, text: &str) -> Value {
    json!({"chatID": chat, "messageBlock": [{"messageText": text}]})
}

/// A message to some participants, a text for each.
pub(super) fn to_each(chat: &str, texts: &[(&str, &str)]) -> Value {
    let entries: Vec<_> =
        texts.iter().map(|(guid, text)| json!({"messageText": text, "recipient": guid})).collect();
    json!({"chatID": chat, "messageBlock": entries})
}

/// A message with a `clientHash`.
pub(super) fn hashed(mut message: Value, hash: &str) -> Value {
    message["clientHash"] = json!(hash);
    message
}

/// The acknowledgement of something received.
pub(super) fn status(id: &Value, word: &str) -> Value {
    json!({"messageID": id, "messageStatus": word})
}

/// Posts a block, signed in the usual way.
pub(super) async fn post(member: &Member, messages: Vec<Value>, statuses: Vec<Value>) -> Answer {
    post_text(member, &member.block(messages, statuses)).await
}

/// Posts the text of a block, signed in the usual way.
pub(super) async fn post_text(member: &Member, block: &str) -> Answer {
    member.post(block, Algorithm::Rs256, Encoding::Base64).await
}

/// Sends messages that must be taken, and gives what the server says of each.
pub(super) async fn send(member: &Member, messages: Vec<Value>) -> Vec<Value> {
    results(post(member, messages, Vec::new()).await)
}

/// What the server says of each message of a block, which it must have taken.
pub(super) fn results(answer: Answer) -> Vec<Value> {
    result(answer)["messages"].as_array().expect("messages").clone()
}

/// The `outgoingEventsResult` of a block that must have been taken.
pub(super) fn result(answer: Answer) -> Value {
    answer.expect(200).json()["outgoingEventsResult"].take()
}

/// Checks that a block was malformed in this way, and that the details name this place.
#[track_caller]
fn bad(answer: &Answer, code: &str, place: &str) {
    let refusal = refused_with(answer, 400, BAD_REQUEST);
    assert_eq!(refusal.code, code, "{}", answer.text());
    assert!(refusal.details.contains(place), "{place} is not in the details {:?}", refusal.details);
}

/// The messages that wait for a member, the GUIDs of each `recipientList` sorted.
pub(super) async fn inbox(member: &Member) -> Vec<Value> {
    let mut messages = member.incoming().await.messages;
    for message in &mut messages {
        let recipients = message["recipientList"].as_array_mut().expect("a recipientList");
        recipients.sort_unstable_by_key(Value::to_string);
    }
    messages
}

/// The texts that wait for a member.
pub(super) async fn texts(member: &Member) -> Vec<Value> {
    column(&member.incoming().await.messages, "messageText")
}

/// A message as its receivers get it.
fn received(sent: &Value, chat: &str, sender: &str, text: &str, recipients: &[&String]) -> Value {
    let recipients: BTreeSet<_> = recipients.iter().collect();
    json!({
        "messageID": sent["messageID"], "sender": sender, "messageText": text, "serverTime": sent["serverTime"],
        "chatID": chat, "recipientList": recipients,
    })
}

/// Milliseconds since the epoch, as the wire has them.
pub(super) fn time(value: &Value) -> u64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is not a text"));
    assert!(text.bytes().all(|byte| byte.is_ascii_digit()), "{text} is no time");
    text.parse().expect("a time")
}

/// Whether a value is a GUID or messageID as the wire has them.
pub(super) fn is_guid(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// A block with something in it replaced, as text.
fn with(block: &str, pointer: &str, value: Value) -> String {
    let mut block: Value = serde_json::from_str(block).expect("a block");
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    block.pointer_mut(parent).expect("a place")[name] = value;
    block.to_string()
}

/// A block with something taken out, as text.
fn without(block: &str, pointer: &str) -> String {
    let mut block: Value = serde_json::from_str(block).expect("a block");
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    block.pointer_mut(parent).and_then(Value::as_object_mut).expect("a place").remove(name);
    block.to_string()
}

/// One page of a queue, and where the next one starts.
async fn page(member: &Member, next: &Value) -> (Value, Value) {
    let query = next.as_str().map(|next| format!("?next={}", in_query(next))).unwrap_or_default();
    let events = member.get(&format!("/messages{query}")).await.expect(200).json()["incomingEvents"].take();
    let next = events["next"].clone();
    (events, next)
}

#[tokio::test]
async fn the_answer_to_a_block_says_of_each_message_its_id_and_time() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, _], .. } = circle(&stack).await;
    let messages = vec![hashed(to_all(&chat, "one"), "a hash"), to_all(&chat, "two")];
    let answer = post(&ada, messages, vec![status(&json!(NOBODY), "read")]).await.expect(200).json();
    assert_eq!(fields(&answer), ["outgoingEventsResult", "sign"]);
    assert!(answer["sign"].is_string(), "{answer}");
    let result = &answer["outgoingEventsResult"];
    assert_eq!(fields(result), ["messages", "statuses"]);
    let messages = result["messages"].as_array().expect("messages");
    assert_eq!(column(messages, "clientHash"), [json!("a hash"), Value::Null]);
    for message in messages {
        assert_eq!(fields(message), ["clientHash", "messageID", "serverTime"]);
        assert!(is_guid(&message["messageID"]), "{message}");
    }
    assert_ne!(messages[0]["messageID"], messages[1]["messageID"]);
    assert!(time(&messages[0]["serverTime"]) < time(&messages[1]["serverTime"]), "{messages:?}");
    assert_eq!(result["statuses"], json!([null]));
}

#[tokio::test]
async fn statuses_are_answered_with_their_client_hashes_in_order() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let named = |hash: &str| {
        let mut status = status(&json!(NOBODY), "delivered");
        status["clientHash"] = json!(hash);
        status
    };
    let statuses = vec![named("b"), status(&json!(NOBODY), "read"), named("a"), named("b")];
    let result = result(post(&ada, Vec::new(), statuses).await);
    assert_eq!(result, json!({"messages": [], "statuses": ["b", null, "a", "b"]}));
}

#[tokio::test]
async fn messages_and_statuses_may_be_left_out() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let block = ada.block(vec![to_all(&chat, "hello")], Vec::new());
    results(post_text(&ada, &without(&block, "/statuses")).await);
    assert_eq!(texts(&bob).await, ["hello"]);
    let block = without(&ada.block(Vec::new(), vec![status(&json!(NOBODY), "read")]), "/messages");
    assert_eq!(result(post_text(&ada, &block).await), json!({"messages": [], "statuses": [null]}));
    let block = without(&without(&block, "/statuses"), "/messages");
    assert_eq!(result(post_text(&ada, &block).await), json!({"messages": [], "statuses": []}));
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
async fn a_body_of_another_kind_is_not_taken() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let block = ada.block(vec![to_all(&chat, "hello")], Vec::new());
    let sign = Encoding::Base64.encode(&ada.key.sign(Algorithm::Rs256, block.as_bytes()));
    let body = format!(r#"{{"outgoingEvents":{block},"sign":"{sign}"}}"#);
    let call = || Caller::post(&ada, "/messages");
    unsupported(&call().body("text/plain", body.clone()).await);
    unsupported(&call().form(&[("outgoingEvents", block.as_str()), ("sign", sign.as_str())]).await);
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
    call().body("application/json; charset=utf-8", body).await.expect(200);
}

#[tokio::test]
async fn a_message_for_one_is_seen_by_that_one_alone() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let sent = send(&ada, vec![to_each(&chat, &[(&guids[1], "hello")])]).await;
    assert_eq!(inbox(&bob).await, [received(&sent[0], &chat, &guids[0], "hello", &[&guids[1]])]);
    for other in [&ada, &eve] {
        assert_eq!(inbox(other).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn each_recipient_of_a_message_may_get_a_text_of_its_own() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve, dan], guids, .. } = circle(&stack).await;
    let sent = send(&ada, vec![to_each(&chat, &[(&guids[1], "for bob"), (&guids[2], "for eve")])]).await;
    assert_eq!(sent.len(), 1, "one message: {sent:?}");
    for (member, text) in [(&bob, "for bob"), (&eve, "for eve")] {
        let expected = received(&sent[0], &chat, &guids[0], text, &[&guids[1], &guids[2]]);
        assert_eq!(inbox(member).await, [expected]);
    }
    assert_eq!(inbox(&dan).await, Vec::<Value>::new());
}

#[tokio::test]
async fn without_a_recipient_a_message_goes_to_all_others() {
    let stack = Stack::shared().await;
    let Circle { chat, members, guids, .. } = circle::<5>(&stack).await;
    let sent = members[2].send(&chat, "hello all", "1").await;
    let others: Vec<_> = guids.iter().filter(|guid| **guid != guids[2]).collect();
    for (at, member) in members.iter().enumerate() {
        let expected = received(&sent, &chat, &guids[2], "hello all", &others);
        assert_eq!(inbox(member).await, if at == 2 { vec![] } else { vec![expected] });
    }
}

#[tokio::test]
async fn an_entry_without_a_recipient_is_for_those_whom_no_other_entry_names() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve, dan], guids, .. } = circle(&stack).await;
    for rest_first in [true, false] {
        let named = json!({"messageText": "for bob", "recipient": guids[1]});
        let rest = json!({"messageText": "for the others"});
        let entries = if rest_first { [rest, named] } else { [named, rest] };
        let sent = send(&ada, vec![json!({"chatID": chat, "messageBlock": entries})]).await;
        for (member, text) in [(&bob, "for bob"), (&eve, "for the others"), (&dan, "for the others")] {
            let expected = received(&sent[0], &chat, &guids[0], text, &[&guids[1], &guids[2], &guids[3]]);
            let seen = inbox(member).await;
            assert_eq!(seen.last(), Some(&expected), "{seen:?}");
        }
    }
    assert_eq!(inbox(&ada).await, Vec::<Value>::new());
}

#[tokio::test]
async fn one_may_write_to_oneself() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let sent = send(&ada, vec![to_each(&chat, &[(&guids[0], "a note")])]).await;
    assert_eq!(inbox(&ada).await, [received(&sent[0], &chat, &guids[0], "a note", &[&guids[0]])]);
    assert_eq!(inbox(&bob).await, Vec::<Value>::new());

    let both = json!([{"messageText": "for me", "recipient": guids[0]}, {"messageText": "for you"}]);
    send(&ada, vec![json!({"chatID": chat, "messageBlock": both})]).await;
    assert_eq!(texts(&ada).await, ["a note", "for me"]);
    assert_eq!(texts(&bob).await, ["for you"]);
}

#[tokio::test]
async fn a_block_may_be_for_several_chats() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    let other = Platform::new_chat_id();
    let guids = platform.seat(&other, &[&eve, &ada]).await;
    let sent = send(&ada, vec![to_all(&other, "1"), to_all(&chat, "2"), to_all(&other, "3")]).await;
    assert_eq!(texts(&bob).await, ["2"]);
    let seen = inbox(&eve).await;
    assert_eq!(seen.len(), 3);
    let of = |chat: &str| -> Vec<_> { seen.iter().filter(|message| message["chatID"] == chat).collect() };
    let there = [
        received(&sent[0], &other, &guids[1], "1", &[&guids[0]]),
        received(&sent[2], &other, &guids[1], "3", &[&guids[0]]),
    ];
    assert_eq!(of(&other), there.each_ref());
    assert_eq!(of(&chat)[0]["messageID"], sent[1]["messageID"]);
}

#[tokio::test]
async fn who_joins_later_does_not_get_what_was_said_before() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], .. } = circle(&stack).await;
    let eve = platform.member("eve").await;
    ada.send(&chat, "before", "1").await;
    platform.seat(&chat, &[&eve]).await;
    ada.send(&chat, "after", "2").await;
    assert_eq!(texts(&eve).await, ["after"]);
    assert_eq!(texts(&bob).await, ["before", "after"]);
}

#[tokio::test]
async fn messages_arrive_in_the_order_in_which_they_were_sent() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    let mut sent = Vec::new();
    for round in 0..5 {
        let numbers = (0..4).map(|number| to_all(&chat, &format!("{round}.{number}"))).collect();
        let sender = if round % 2 == 0 { &ada } else { &eve };
        sent.extend(send(sender, numbers).await);
    }
    let times: Vec<_> = sent.iter().map(|message| time(&message["serverTime"])).collect();
    assert!(times.is_sorted_by(|one, other| one < other), "{times:?}");
    let seen = inbox(&bob).await;
    assert_eq!(column(&seen, "messageID"), column(&sent, "messageID"));
    assert_eq!(column(&seen, "serverTime"), column(&sent, "serverTime"));
    let spoken = (0..5).flat_map(|round| (0..4).map(move |number| json!(format!("{round}.{number}"))));
    assert_eq!(column(&seen, "messageText"), spoken.collect::<Vec<_>>());
}

#[tokio::test]
async fn no_two_messages_of_a_chat_have_one_time_though_all_write_at_once() {
    let stack = Stack::shared().await;
    let Circle { chat, members, .. } = circle::<5>(&stack).await;
    let hashes: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let sends = hashes.iter().enumerate().map(|(at, hash)| members[at % 4].send(&chat, "at once", hash));
    let sent = join_all(sends).await;
    let distinct: BTreeMap<_, _> =
        sent.iter().map(|message| (time(&message["serverTime"]), &message["messageID"])).collect();
    assert_eq!(distinct.len(), 20, "{sent:?}");
    let seen = inbox(&members[4]).await;
    let ids: Vec<_> = distinct.into_values().cloned().collect();
    assert_eq!(column(&seen, "messageID"), ids, "oldest first");
}

#[tokio::test]
async fn a_hundred_messages_make_one_block() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    let numbers: Vec<_> = (0..MOST).map(|number| json!(number.to_string())).collect();
    let messages = numbers.iter().map(|number| to_all(&chat, number.as_str().expect("a text"))).collect();
    let statuses = vec![status(&json!(NOBODY), "delivered"); MOST];
    let result = result(post(&ada, messages, statuses).await);
    let sent = result["messages"].as_array().expect("messages");
    assert_eq!(result["statuses"], json!(vec![Value::Null; MOST]));
    for member in [&bob, &eve] {
        let seen = inbox(member).await;
        assert_eq!(column(&seen, "messageID"), column(sent, "messageID"));
        assert_eq!(column(&seen, "messageText"), numbers);
    }
}

#[tokio::test]
async fn who_does_not_take_part_finds_no_chat() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], .. } = circle(&stack).await;
    let stranger = platform.member("stranger").await;
    let not_there = async |member: &Member, chat: &str| {
        let refusal =
            refused_with(&post(member, vec![to_all(chat, "hello")], vec![]).await, 404, CHAT_NOT_FOUND);
        assert_eq!(refusal.code, "chat_not_found");
    };
    not_there(&ada, &Platform::new_chat_id()).await;
    not_there(&ada, &chat.to_uppercase()).await;
    not_there(&stranger, &chat).await;
    let path = format!("{}/users", backend(&chat));
    platform.delete(&path).json(&json!({"users": [eve.id]})).await.expect(200);
    not_there(&eve, &chat).await;
    platform.delete(&backend(&chat)).await.expect(200);
    not_there(&ada, &chat).await;
    for member in [&ada, &bob, &eve] {
        assert_eq!(texts(member).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn who_is_not_in_the_chat_is_no_recipient() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let elsewhere = platform.seat(&Platform::new_chat_id(), &[&ada, &bob]).await;
    let path = format!("{}/users", backend(&chat));
    platform.delete(&path).json(&json!({"users": [eve.id]})).await.expect(200);
    for unknown in [NOBODY, &elsewhere[0], &elsewhere[1], &guids[2]] {
        for entries in [vec![(unknown, "hello")], vec![(guids[1].as_str(), "hello"), (unknown, "hello")]] {
            let answer = post(&ada, vec![to_each(&chat, &entries)], vec![]).await;
            bad(&answer, "unknown_recipient", "messages[0]");
        }
    }
    for wrong in ["", "bob", &bob.id] {
        let answer = post(&ada, vec![to_each(&chat, &[(wrong, "hello")])], vec![]).await;
        refused_with(&answer, 400, BAD_REQUEST);
    }
    for member in [&bob, &eve] {
        assert_eq!(texts(member).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_message_needs_recipients_each_of_them_once() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let alone = Platform::new_chat_id();
    platform.seat(&alone, &[&ada]).await;
    let (bob_guid, eve_guid) = (&guids[1], &guids[2]);
    let wrong = [
        json!({"chatID": chat, "messageBlock": []}),
        to_each(&chat, &[(bob_guid, "one"), (bob_guid, "two")]),
        to_each(&chat, &[(bob_guid, "one"), (eve_guid, "two"), (bob_guid, "one")]),
        json!({"chatID": chat, "messageBlock": [{"messageText": "one"}, {"messageText": "two"}]}),
        to_all(&alone, "hello"),
    ];
    for message in wrong {
        let answer = post(&ada, vec![to_all(&chat, "good"), message], vec![]).await;
        bad(&answer, "invalid_block", "messages[1]");
    }
    for member in [&bob, &eve] {
        assert_eq!(texts(member).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_text_has_1_byte_to_16_kib() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let (letters, umlauts) = ("a".repeat(LIMIT), "ä".repeat(LIMIT / 2));
    // Each of these bytes takes six in JSON.
    let controls = "\u{1}".repeat(LIMIT);
    for wrong in ["", &format!("{letters}a"), &format!("{umlauts}a"), &format!("{controls}a")] {
        let answer = post(&ada, vec![to_all(&chat, "good"), to_all(&chat, wrong)], vec![]).await;
        bad(&answer, "invalid_message", "messages[1]");
        let own = to_each(&chat, &[(&guids[0], "good"), (&guids[1], wrong)]);
        bad(&post(&ada, vec![own], vec![]).await, "invalid_message", "messages[0]");
    }
    let right = ["a", " ", "\n", &letters, &umlauts, &controls];
    for text in right {
        send(&ada, vec![to_all(&chat, text)]).await;
    }
    assert_eq!(texts(&bob).await, right);
}

#[tokio::test]
async fn a_block_has_at_most_100_messages_and_100_statuses() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let messages = vec![to_all(&chat, "hello"); MOST + 1];
    bad(&post(&ada, messages, vec![]).await, "too_many", "messages");
    let statuses = vec![status(&json!(NOBODY), "read"); MOST + 1];
    bad(&post(&ada, vec![to_all(&chat, "hello")], statuses).await, "too_many", "statuses");
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_malformed_is_said() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let message = hashed(to_all(&chat, "hello"), "a hash");
    let block = ada.block(vec![message.clone()], vec![status(&json!(NOBODY), "read")]);
    let long = "x".repeat(129);
    for (pointer, wrong) in [
        ("/timestamp", json!(null)),
        ("/timestamp", json!("")),
        ("/timestamp", json!("now")),
        ("/timestamp", json!("12.5")),
        ("/timestamp", json!(-1)),
        ("/timestamp", json!([])),
        ("/timestamp", json!(true)),
        ("/messages", json!({})),
        ("/messages", json!("x")),
        ("/messages", json!([7])),
        ("/messages", json!([null])),
        ("/messages", json!([[message]])),
        ("/messages/0/chatID", json!(7)),
        ("/messages/0/timestamp", json!("yesterday")),
        ("/messages/0/clientHash", json!(7)),
        ("/messages/0/clientHash", json!("")),
        ("/messages/0/clientHash", json!(long)),
        ("/messages/0/messageBlock", json!({})),
        ("/messages/0/messageBlock", json!("hello")),
        ("/messages/0/messageBlock", json!([7])),
        ("/messages/0/messageBlock/0/messageText", json!(7)),
        ("/messages/0/messageBlock/0/recipient", json!(7)),
        ("/statuses", json!({})),
        ("/statuses", json!([7])),
        ("/statuses/0/messageID", json!(7)),
        ("/statuses/0/messageStatus", json!(7)),
        ("/statuses/0/messageStatus", json!("seen")),
        ("/statuses/0/messageStatus", json!("Read")),
    ] {
        println!("{pointer} is {wrong}");
        let place = match pointer {
            _ if pointer.starts_with("/messages/0/") => "messages[0]",
            _ if pointer.starts_with("/statuses/0/") => "statuses[0]",
            _ => "",
        };
        bad(&post_text(&ada, &with(&block, pointer, wrong)).await, "invalid_body", place);
    }
    for pointer in [
        "/timestamp",
        "/messages/0/chatID",
        "/messages/0/messageBlock",
        "/messages/0/messageBlock/0/messageText",
        "/statuses/0/messageID",
        "/statuses/0/messageStatus",
    ] {
        println!("without {pointer}");
        refused_with(&post_text(&ada, &without(&block, pointer)).await, 400, BAD_REQUEST);
    }
    for chat in ["", ".", "..", "a_b", "a b", "a/b", "é", "users", "read", "unread", &long] {
        let block = with(&block, "/messages/0/chatID", json!(chat));
        refused_with(&post_text(&ada, &block).await, 400, BAD_REQUEST);
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let lone =
        with(&block, "/messages/0/messageBlock/0/messageText", json!("TEXT")).replace("TEXT", "\\ud800");
    for text in ["[]", "7", "null", "\"x\"", &format!(r#"{{"timestamp":{deep}}}"#), &lone] {
        println!("{text:.40}");
        refused_with(&post_text(&ada, text).await, 400, BAD_REQUEST);
    }
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
}

#[tokio::test]
async fn of_a_refused_block_nothing_is_applied() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let received = bob.send(&chat, "hello", "1").await["messageID"].clone();
    let taken = hashed(to_all(&chat, "taken"), "taken");
    send(&ada, vec![taken]).await;
    let refused_messages = [
        to_all(&Platform::new_chat_id(), "no chat"),
        to_each(&chat, &[(NOBODY, "no recipient")]),
        to_all(&chat, ""),
        json!({"chatID": chat, "messageBlock": []}),
        hashed(to_all(&chat, "other content"), "taken"),
        hashed(to_all(&chat, "twice"), "good"),
        json!({"chatID": chat, "messageBlock": [{"messageText": "good", "recipient": guids[0]}], "clientHash": 7}),
    ];
    for wrong in refused_messages {
        println!("{wrong}");
        let good = hashed(to_all(&chat, "good"), "good");
        for messages in [[good.clone(), wrong.clone()], [wrong.clone(), good]] {
            let answer = post(&ada, messages.into(), vec![status(&received, "read")]).await;
            assert!(answer.status.is_client_error(), "{}", answer.text());
        }
    }
    let mut statuses = vec![status(&received, "read"), status(&json!("x"), "read")];
    let good = || hashed(to_all(&chat, "good"), "good");
    refused(&post(&ada, vec![good()], statuses.clone()).await, 400);
    statuses[1] = status(&received, "seen");
    refused(&post(&ada, vec![good()], statuses).await, 400);

    assert_eq!(texts(&bob).await, ["taken"]);
    assert_eq!(bob.incoming().await.statuses, Vec::<Value>::new());
    assert_eq!(texts(&ada).await, ["hello"], "it is not acknowledged either");
    send(&ada, vec![good()]).await;
    assert_eq!(texts(&bob).await, ["taken", "good"], "its clientHash is not used up");
}

#[tokio::test]
async fn a_block_that_was_refused_may_be_sent_again_when_it_has_become_good() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let block = ada.block(vec![hashed(to_all(&chat, "hello"), "1")], vec![]);
    refused_with(&post_text(&ada, &block).await, 404, CHAT_NOT_FOUND);
    platform.seat(&chat, &[&ada, &bob]).await;
    results(post_text(&ada, &block).await);
    assert_eq!(texts(&bob).await, ["hello"]);
}

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

#[tokio::test]
async fn texts_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let right = [
        "ü 👍🏽 \"quoted\" \\ / </script> &amp; %41 +",
        "e\u{301} is not é, ﬁ is not fi, Å is not Å",
        " \t leading and trailing \r\n ",
        "\u{0}\u{1}\u{7f}\u{85}\u{200b}\u{202e}\u{2028}\u{feff}\u{fffd}\u{10ffff}",
        r#"{"messageText":"x","sign":null}"#,
        "\\u0041\\/",
    ];
    for text in right {
        send(&ada, vec![to_all(&chat, text)]).await;
    }
    assert_eq!(texts(&bob).await, right);
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

#[tokio::test]
async fn a_block_for_many_has_at_most_16_mib_of_texts() {
    let stack = Stack::shared().await;
    let Circle { chat, members, .. } = circle::<12>(&stack).await;
    let long = "x".repeat(16 * 1024);
    let answer = post(&members[0], vec![to_all(&chat, &long); 100], vec![]).await;
    assert_eq!(refused_with(&answer, 400, BAD_REQUEST).code, "too_many");
    assert_eq!(texts(&members[1]).await, [""; 0]);
    assert_eq!(send(&members[0], vec![to_all(&chat, &long); 90]).await.len(), 90);
}

#[tokio::test]
async fn an_array_is_no_object() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let id = json!(NOBODY);
    for (messages, statuses) in [
        (vec![], vec![json!([id, "hash", "read"])]),
        (vec![json!([chat, "hash", null, [{"messageText": "hello"}]])], vec![]),
        (vec![json!({"chatID": chat, "messageBlock": [["hello", null]]})], vec![]),
    ] {
        refused_with(&post(&ada, messages, statuses).await, 400, BAD_REQUEST);
    }
    refused_with(
        &post_text(&ada, &json!([millis().to_string(), [], []]).to_string()).await,
        400,
        BAD_REQUEST,
    );
    assert_eq!(texts(&bob).await, [""; 0]);
}

#[tokio::test]
async fn a_refusal_is_short_however_long_the_fault_is() {
    let stack = Stack::shared().await;
    let Circle { members: [ada, _], .. } = circle(&stack).await;
    let long = "\u{200b}".repeat(300_000);
    let mut status = status(&json!(NOBODY), "read");
    status["clientHash"] = json!(long);
    let answer = post(&ada, vec![], vec![status]).await;
    assert_eq!(refused_with(&answer, 400, BAD_REQUEST).code, "invalid_body");
    let answer = post(&ada, vec![], vec![json!({"messageID": long, "messageStatus": "read"})]).await;
    refused_with(&answer, 400, BAD_REQUEST);
    assert!(answer.body.len() < 4096, "{} bytes", answer.body.len());
}
