//! `POST /messages`: what is refused, and that nothing of it is applied.

use serde_json::{Value, json};
use tests::{Algorithm, Caller, Encoding, Member, Platform, Stack, millis};

use super::blocks::{
    Circle, LIMIT, MOST, NOBODY, bad, circle, hashed, post, post_text, results, send, status, texts, to_all,
    to_each, with, without,
};
use super::{BAD_REQUEST, CHAT_NOT_FOUND, backend, refused, refused_with, unsupported};

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
