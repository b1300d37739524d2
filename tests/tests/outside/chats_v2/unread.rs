//! `GET /chats_v2/unread`.

use tests::{Caller as _, Stack, User};

use super::{fetch, fill};
use crate::common::{column, fields};

#[tokio::test]
async fn it_lists_what_waits_and_no_more() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 3).await;
    assert!(ada.get("/chats_v2/unread").await.expect(200).rows().is_empty());

    let rows = bob.get("/chats_v2/unread").await.expect(200).rows();
    let expected = [
        "chat_id",
        "last_message",
        "last_message_sender_id",
        "last_message_sender_name",
        "last_message_timestamp",
        "last_message_type",
        "server_sent_timestamp",
        "unread_count",
    ];
    assert_eq!(fields(&rows[0]), expected);
    assert_eq!(column(&rows, "chat_id"), [chat]);
    assert_eq!(column(&rows, "unread_count"), [3]);

    fetch(&bob, &format!("/chats_v2/{chat}")).await;
    assert!(bob.get("/chats_v2/unread").await.expect(200).rows().is_empty());
}
