//! `GET /chats_v2/unread`.

use tests::{Caller as _, Stack, User};

use super::{fetch, fill};
use crate::common::{UNREAD_CHAT, column, fields};

#[tokio::test]
async fn it_lists_what_waits_and_no_more() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 3).await;
    assert!(ada.get("/chats_v2/unread").await.expect(200).rows().is_empty());

    let rows = bob.get("/chats_v2/unread").await.expect(200).rows();
    assert_eq!(fields(&rows[0]), UNREAD_CHAT);
    assert_eq!(column(&rows, "chat_id"), [chat]);
    assert_eq!(column(&rows, "unread_count"), [3]);

    fetch(&bob, &format!("/chats_v2/{chat}")).await;
    assert!(bob.get("/chats_v2/unread").await.expect(200).rows().is_empty());
}
