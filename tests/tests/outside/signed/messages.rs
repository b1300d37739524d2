//! `POST /messages`: what is sent arrives as it was sent, in order, once.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Platform, Stack};

use super::blocks::{
    Circle, MOST, NOBODY, circle, hashed, inbox, is_guid, post, post_text, received, result, results, send,
    status, texts, time, to_all, to_each, without,
};
use crate::common::{column, fields};

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
