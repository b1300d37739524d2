//! `GET /chats_v2/{chat_id}?ack=manual` and `POST /chats_v2/{chat_id}/ack`.

use serde_json::{Value, json};
use tests::{Answer, Caller as _, Stack, User};

use super::{fetch, fill, numbers};
use crate::common::column;

async fn acknowledge(user: &User, chat: u64, up_to: &Value) -> Answer {
    user.post(&format!("/chats_v2/{chat}/ack")).json(&json!({"up_to": up_to})).await
}

#[tokio::test]
async fn nothing_is_removed_before_it_is_acknowledged() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 60).await;
    let path = format!("/chats_v2/{chat}?ack=manual");
    let (first, left) = fetch(&bob, &path).await;
    assert_eq!((first.len(), left), (50, 10));
    let (second, left) = fetch(&bob, &path).await;
    assert_eq!((column(&second, "seq"), left), (column(&first, "seq"), 10));
    assert_eq!(bob.unread(chat).await, 60);
    assert_eq!(ada.history(chat).await.len(), 60);
}

#[tokio::test]
async fn up_to_is_inclusive() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 5).await;
    let path = format!("/chats_v2/{chat}?ack=manual");
    let (rows, _) = fetch(&bob, &path).await;
    acknowledge(&bob, chat, &rows[2]["message_timestamp"]).await.expect(200);

    assert_eq!(bob.unread(chat).await, 2);
    assert_eq!(column(&ada.history(chat).await, "message"), ["5", "4"]);
    let (rows, left) = fetch(&bob, &path).await;
    assert_eq!((column(&rows, "message"), left), (vec![json!("4"), json!("5")], 0));
    acknowledge(&bob, chat, &rows[1]["message_timestamp"]).await.expect(200);
    assert_eq!(fetch(&bob, &path).await, (Vec::new(), 0));
    assert_eq!(ada.history(chat).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_repeated_acknowledgement_does_nothing() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 3).await;
    let (rows, _) = fetch(&bob, &format!("/chats_v2/{chat}?ack=manual")).await;
    for _ in 0..2 {
        acknowledge(&bob, chat, &rows[0]["message_timestamp"]).await.expect(200);
        assert_eq!(bob.unread(chat).await, 2);
    }
}

#[tokio::test]
async fn a_whole_mailbox_comes_page_by_page() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 60).await;
    let mut messages = Vec::new();
    loop {
        let (rows, left) = fetch(&bob, &format!("/chats_v2/{}/{}?ack=manual", ada.id, bob.id)).await;
        let Some(last) = rows.last() else { break };
        acknowledge(&bob, chat, &last["message_timestamp"]).await.expect(200);
        assert_eq!(bob.unread(chat).await, left);
        messages.extend(column(&rows, "message"));
    }
    assert_eq!(messages, numbers(1..=60));
}

#[tokio::test]
async fn nobody_acknowledges_its_own_messages() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 2).await;
    let newest = bob.history(chat).await[0]["message_timestamp"].clone();
    acknowledge(&ada, chat, &newest).await.expect(200);
    assert_eq!(bob.unread(chat).await, 2);
}

#[tokio::test]
async fn strangers_and_nonsense_are_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    let chat = fill(&ada, &bob, 1).await;
    let newest = bob.history(chat).await[0]["message_timestamp"].clone();
    acknowledge(&stranger, chat, &newest).await.refused(403);
    acknowledge(&stranger, 1, &newest).await.refused(404);
    for wrong in [json!(null), json!(7), json!("yesterday"), json!(""), json!([newest])] {
        acknowledge(&bob, chat, &wrong).await.refused(400);
    }
    assert_eq!(bob.unread(chat).await, 1);
}
