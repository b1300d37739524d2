//! `GET /chats`: the caller's chats.

use serde_json::json;
use tests::{Applicant, Caller as _, Stack, User};

use crate::common::{column, fields, is_moment};

#[tokio::test]
async fn rows_say_with_whom_and_what_was_last() {
    let stack = Stack::shared().await;
    let ada = Applicant::named().join(&stack).await;
    let bob = User::new(&stack).await;
    let chat = ada.write(&bob, "hello").await;

    let rows = bob.get("/chats").await.expect(200).rows();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    let expected = [
        "chat_id",
        "last_message",
        "last_message_sender_id",
        "last_message_sender_name",
        "last_message_timestamp",
        "last_message_type",
        "server_sent_timestamp",
        "unread_count",
        "with_nick_name",
        "with_user_id",
        "with_user_name",
    ];
    assert_eq!(fields(row), expected);
    assert_eq!(row["chat_id"], chat);
    assert_eq!(row["with_user_id"], ada.id);
    assert_eq!(row["with_user_name"], json!(ada.applicant.user_name));
    assert_eq!(row["last_message"], "hello");
    assert_eq!(row["last_message_sender_id"], ada.id);
    assert_eq!(row["last_message_sender_name"], json!(ada.applicant.user_name));
    assert_eq!(row["last_message_type"], "text");
    assert_eq!(row["unread_count"], 1);
    assert!(is_moment(&row["last_message_timestamp"]) && is_moment(&row["server_sent_timestamp"]), "{row}");

    let rows = ada.get("/chats").await.expect(200).rows();
    assert_eq!(column(&rows, "unread_count"), [0]);
    assert_eq!(rows[0]["with_user_name"], json!(bob.full_name()), "without a user name: first and last");
    assert_eq!(rows[0]["with_nick_name"], json!(bob.full_name()));
}

#[tokio::test]
async fn the_newest_message_first_and_count_and_offset_narrow_it() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut others = Vec::new();
    for _ in 0..4 {
        let other = User::new(&stack).await;
        other.write(&ada, "hello").await;
        others.push(other);
    }
    ada.write(&others[0], "the newest is mine").await;
    let with = async |query: &str| {
        let rows = ada.get(&format!("/chats{query}")).await.expect(200).rows();
        column(&rows, "with_user_id")
    };
    let ids = |order: &[usize]| order.iter().map(|index| json!(others[*index].id)).collect::<Vec<_>>();
    assert_eq!(with("").await, ids(&[0, 3, 2, 1]));
    assert_eq!(with("?count=2").await, ids(&[0, 3]));
    assert_eq!(with("?count=2&offset=2").await, ids(&[3, 2]));
    assert_eq!(with("?offset=5").await, ids(&[]));
    assert_eq!(with("?count=100000").await, ids(&[0, 3, 2, 1]));
    for query in ["count=0", "count=x", "offset=0", "offset=-1", "offset=x"] {
        ada.get(&format!("/chats?{query}")).await.refused(400);
    }
}

#[tokio::test]
async fn more_than_a_page_of_chats_comes_whole() {
    const CHATS: usize = 105;
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    // Nobody needs to log in to be written to.
    for _ in 0..CHATS {
        let other = Applicant::new();
        let link = other.register(&stack).await;
        let id = other.confirm(&stack, &link).await;
        let body = json!({"receiver_id": id, "message": "hello", "type": "text"});
        ada.post("/chats").json(&body).await.expect(201);
    }
    assert_eq!(ada.get("/chats").await.expect(200).rows().len(), CHATS);
}
