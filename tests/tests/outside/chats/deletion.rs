//! `DELETE /chats/{chat_id}`, and `DELETE /chats_v2/{chat_id}`, which is the same.

use serde_json::json;
use tests::{Caller as _, Stack, User};

use crate::common::column;

const ROOTS: [&str; 2] = ["/chats", "/chats_v2"];

#[tokio::test]
async fn it_is_gone_for_both_and_for_good() {
    let stack = Stack::shared().await;
    for root in ROOTS {
        let [ada, bob] = User::pair(&stack).await;
        let chat = ada.write(&bob, "one").await;
        bob.write(&ada, "two").await;
        let answer = bob.delete(&format!("{root}/{chat}")).await.expect(204);
        assert!(answer.body.is_empty());
        for user in [&ada, &bob] {
            assert_eq!(user.get("/chats").await.expect(200).json(), json!([]));
            assert_eq!(user.get("/chats/unread").await.expect(200).json(), json!([]));
            assert_eq!(user.get("/chats_v2/unread").await.expect(200).json(), json!([]));
            for path in [
                format!("/chats/{chat}"),
                format!("/chats/{}/{}", ada.id, bob.id),
                format!("/chats/users/{}/{}", ada.id, bob.id),
                format!("/chats_v2/{chat}"),
                format!("/chats_v2/{}/{}", ada.id, bob.id),
            ] {
                user.get(&path).await.refused(404);
            }
            user.post("/chats/read").json(&json!({"chat_id": chat})).await.refused(404);
            user.delete(&format!("{root}/{chat}")).await.refused(404);
        }
    }
}

#[tokio::test]
async fn writing_again_opens_another_chat() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let old = ada.write(&bob, "before").await;
    ada.delete(&format!("/chats/{old}")).await.expect(204);
    let new = bob.write(&ada, "after").await;
    assert_ne!(new, old);
    ada.get(&format!("/chats/{old}")).await.refused(404);
    let rows = ada.history(new).await;
    assert_eq!((column(&rows, "message"), column(&rows, "seq")), (vec![json!("after")], vec![json!(1)]));
    assert_eq!((ada.unread(new).await, bob.unread(new).await), (1, 0));
    ada.delete(&format!("/chats/{old}")).await.refused(404);
    assert_eq!(ada.history(new).await.len(), 1, "deleting the old one again does nothing to the new one");
}

#[tokio::test]
async fn strangers_delete_nothing() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    let chat = ada.write(&bob, "one").await;
    for root in ROOTS {
        stranger.delete(&format!("{root}/{chat}")).await.refused(403);
        stranger.delete(&format!("{root}/1")).await.refused(404);
        stranger.delete(&format!("{root}/x")).await.refused(400);
    }
    assert_eq!(ada.history(chat).await.len(), 1);
}

#[tokio::test]
async fn a_long_history_is_gone_at_once() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut chat = 0;
    for number in 0..60 {
        chat = ada.write(&bob, &number.to_string()).await;
    }
    bob.delete(&format!("/chats/{chat}")).await.expect(204);
    ada.get(&format!("/chats/{chat}")).await.refused(404);
    let new = ada.write(&bob, "anew").await;
    assert_eq!(column(&bob.history(new).await, "message"), ["anew"]);
}
