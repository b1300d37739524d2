//! The header `Idempotency-Key`.

use futures::future::join_all;
use serde_json::json;
use tests::{Caller as _, Stack, User, unique};

use crate::common::{column, send, text_to};

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_stores_once_on_both_paths() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (key, body) = (unique("key"), text_to(&bob, "once"));
    let first = send(&ada, "/chats", &body, &key).await.expect(201).json();
    for path in ["/chats", "/chats_v2", "/chats"] {
        assert_eq!(send(&ada, path, &body, &key).await.expect(201).json(), first);
    }
    let chat = first["chat_id"].as_u64().expect("a chat_id");
    assert_eq!(bob.history(chat).await.len(), 1);
    assert_eq!(bob.unread(chat).await, 1);
}

#[tokio::test]
async fn the_first_answer_also_comes_after_others_have_written() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (key, body) = (unique("key"), text_to(&bob, "once"));
    let first = send(&ada, "/chats", &body, &key).await.expect(201).json();
    for number in 0..3 {
        bob.write(&ada, &number.to_string()).await;
    }
    assert_eq!(send(&ada, "/chats", &body, &key).await.expect(201).json(), first);
    let chat = first["chat_id"].as_u64().expect("a chat_id");
    assert_eq!(column(&bob.history(chat).await, "seq"), [4, 3, 2, 1]);
}

#[tokio::test]
async fn the_same_key_with_another_body_or_receiver_is_a_conflict() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let eve = User::new(&stack).await;
    let key = unique("key");
    let first = send(&ada, "/chats", &text_to(&bob, "once"), &key).await.expect(201).json();
    let mut other_kind = text_to(&bob, "once");
    other_kind["type"] = json!("customize");
    for other in [text_to(&bob, "twice"), text_to(&eve, "once"), other_kind] {
        for path in ["/chats", "/chats_v2"] {
            send(&ada, path, &other, &key).await.refused(409);
        }
    }
    let chat = first["chat_id"].as_u64().expect("a chat_id");
    assert_eq!(bob.history(chat).await.len(), 1);
    assert_eq!(eve.get("/chats").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_key_belongs_to_its_sender() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let key = unique("key");
    let chat =
        send(&ada, "/chats", &text_to(&bob, "mine"), &key).await.expect(201).json()["chat_id"].as_u64();
    send(&bob, "/chats", &text_to(&ada, "yours"), &key).await.expect(201);
    assert_eq!(column(&ada.history(chat.expect("a chat_id")).await, "message"), ["yours", "mine"]);
}

#[tokio::test]
async fn of_many_at_once_one_is_stored() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (key, body) = (unique("key"), text_to(&bob, "once"));
    let answers = join_all((0..10).map(|number| {
        let path = if number % 2 == 0 { "/chats" } else { "/chats_v2" };
        send(&ada, path, &body, &key)
    }))
    .await;
    let mut answers: Vec<_> = answers.into_iter().map(|answer| answer.expect(201).json()).collect();
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let chat = answers[0]["chat_id"].as_u64().expect("a chat_id");
    assert_eq!(column(&bob.history(chat).await, "seq"), [1]);
}

#[tokio::test]
async fn a_refused_message_does_not_use_up_its_key() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let key = unique("key");
    send(&ada, "/chats", &text_to(&bob, ""), &key).await.refused(400);
    send(&ada, "/chats", &text_to(&ada, "to myself"), &key).await.refused(400);
    send(&ada, "/chats", &text_to(&bob, "now"), &key).await.expect(201);
}
