//! `POST /chats`, and `POST /chats_v2`, which is the same.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

use crate::common::text_to;

/// Both paths.
const PATHS: [&str; 2] = ["/chats", "/chats_v2"];
/// Most bytes of a message.
const LIMIT: usize = 16 * 1024;

#[tokio::test]
async fn two_people_have_one_chat_whoever_starts() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for path in PATHS {
        let there = ada.post(path).json(&text_to(&bob, "hello")).await.expect(201).json();
        let back = bob.post(path).json(&text_to(&ada, "hi")).await.expect(201).json();
        assert!(there["chat_id"].as_u64().is_some_and(|id| (1..1 << 53).contains(&id)), "{there}");
        assert_eq!(there["chat_id"], back["chat_id"]);
    }
}

#[tokio::test]
async fn every_documented_type_is_taken_and_no_other() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut body = text_to(&bob, "{\"x\":1}");
    for path in PATHS {
        for kind in ["text", "image", "sticker", "location", "audio", "customize"] {
            body["type"] = json!(kind);
            ada.post(path).json(&body).await.expect(201);
        }
        for wrong in [json!("video"), json!("Text"), json!(""), json!(null), json!(1)] {
            body["type"] = wrong;
            ada.post(path).json(&body).await.refused(400);
        }
    }
    let chat = ada.write(&bob, "last").await;
    let kinds: Vec<Value> = ada.history(chat).await.iter().map(|row| row["message_type"].clone()).collect();
    assert_eq!(kinds[1..7], ["customize", "audio", "location", "sticker", "image", "text"]);
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let receiver = bob.id.to_string();
    for path in PATHS {
        let form =
            [("receiver_id", receiver.as_str()), ("message", "a+b & ü ="), ("type", "text"), ("more", "1")];
        let answer = ada.post(path).form(&form).await.expect(201).json();
        let chat = answer["chat_id"].as_u64().expect("a chat_id");
        assert_eq!(ada.history(chat).await[0]["message"], "a+b & ü =");
        for form in [
            [("receiver_id", "x"), ("message", "m"), ("type", "text")],
            [("receiver_id", ""), ("message", "m"), ("type", "text")],
        ] {
            ada.post(path).form(&form).await.refused(400);
        }
    }
}

#[tokio::test]
async fn every_field_is_needed_and_of_its_type() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for path in PATHS {
        for field in ["receiver_id", "message", "type"] {
            let mut body = text_to(&bob, "hello");
            for wrong in [json!(null), json!([1]), json!({}), json!(true), json!(1.5), json!(-1)] {
                body[field] = wrong;
                ada.post(path).json(&body).await.refused(400);
            }
            body.as_object_mut().expect("an object").remove(field);
            ada.post(path).json(&body).await.refused(400);
        }
        for wrong in [json!(0), json!("seven"), json!(""), json!(1_u64 << 53)] {
            let mut body = text_to(&bob, "hello");
            body["receiver_id"] = wrong;
            ada.post(path).json(&body).await.refused(400);
        }
    }
}

#[tokio::test]
async fn messages_have_1_byte_to_16_kib() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let largest = "ä".repeat(LIMIT / 2);
    for path in PATHS {
        for wrong in ["", &"a".repeat(LIMIT + 1), &format!("{largest}a")] {
            ada.post(path).json(&text_to(&bob, wrong)).await.refused(400);
        }
        let answer = ada.post(path).json(&text_to(&bob, &largest)).await.expect(201).json();
        let chat = answer["chat_id"].as_u64().expect("a chat_id");
        assert_eq!(bob.history(chat).await[0]["message"], json!(largest));
    }
}

#[tokio::test]
async fn texts_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let texts = [
        " ",
        "\n\t\u{0}\u{7f}",
        "e\u{301}é",
        "👩‍👩‍👧‍👦",
        "\u{202e}abc",
        "<script>alert(1)</script>",
        "\\u0041\"",
        "{}",
    ];
    let mut chat = 0;
    for text in texts {
        chat = ada.write(&bob, text).await;
    }
    let mut kept: Vec<Value> = bob.history(chat).await.iter().map(|row| row["message"].clone()).collect();
    kept.reverse();
    assert_eq!(kept, texts);
}

#[tokio::test]
async fn nobody_writes_to_oneself_or_to_nobody() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for path in PATHS {
        ada.post(path).json(&text_to(&ada, "hello")).await.refused(400);
        let nobody = json!({"receiver_id": 1, "message": "hello", "type": "text"});
        ada.post(path).json(&nobody).await.refused(404);
    }
    assert!(ada.get("/chats").await.expect(200).rows().is_empty());
}

#[tokio::test]
async fn other_content_types_and_broken_bodies_are_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let body = text_to(&bob, "hello").to_string();
    for path in PATHS {
        ada.post(path).body("text/plain", body.clone()).await.refused(415);
        for broken in ["", "{", "[]", "null", &body[1..]] {
            ada.post(path).body("application/json", broken.to_owned()).await.refused(400);
        }
    }
}

#[tokio::test]
async fn fields_by_position_are_no_body() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    ada.post("/chats").json(&json!([bob.id, "hello", "text"])).await.refused(400);
}
