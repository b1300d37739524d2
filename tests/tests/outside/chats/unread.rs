//! `GET /chats/unread`.

use serde_json::json;
use tests::{Caller as _, Stack, User};

use crate::common::{UNREAD_CHAT, column, fields, is_moment};

#[tokio::test]
async fn the_receiver_has_what_the_sender_has_not() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "one").await;
    ada.write(&bob, "two").await;

    assert!(ada.get("/chats/unread").await.expect(200).rows().is_empty());
    let rows = bob.get("/chats/unread").await.expect(200).rows();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(fields(row), UNREAD_CHAT);
    assert_eq!(row["chat_id"], chat);
    assert_eq!(row["last_message"], "two");
    assert_eq!(row["last_message_sender_id"], ada.id);
    assert_eq!(row["last_message_sender_name"], json!(ada.full_name()));
    assert_eq!(row["last_message_type"], "text");
    assert_eq!(row["unread_count"], 2);
    assert!(is_moment(&row["last_message_timestamp"]) && is_moment(&row["server_sent_timestamp"]), "{row}");
}

#[tokio::test]
async fn an_answer_does_not_read_what_came_before() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "question").await;
    bob.write(&ada, "answer").await;
    assert_eq!((ada.unread(chat).await, bob.unread(chat).await), (1, 1));
}

#[tokio::test]
async fn newest_first_and_only_with_unread_messages() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut chats = Vec::new();
    for _ in 0..3 {
        let other = User::new(&stack).await;
        chats.push((other.write(&ada, "hello").await, other));
    }
    chats[0].1.write(&ada, "again").await;
    ada.mark_read(chats[1].0).await;
    let rows = ada.get("/chats/unread").await.expect(200).rows();
    assert_eq!(column(&rows, "chat_id"), [json!(chats[0].0), json!(chats[2].0)]);
    assert_eq!(column(&rows, "unread_count"), [json!(2), json!(1)]);
}
