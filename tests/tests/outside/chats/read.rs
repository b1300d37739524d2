//! `POST /chats/read`.

use serde_json::json;
use tests::{Caller as _, Stack, User};

#[tokio::test]
async fn reading_sets_the_count_to_0_for_the_reader_alone() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "one").await;
    bob.write(&ada, "two").await;
    bob.mark_read(chat).await;
    bob.mark_read(chat).await;
    assert_eq!((ada.unread(chat).await, bob.unread(chat).await), (1, 0));
    ada.write(&bob, "three").await;
    assert_eq!(bob.unread(chat).await, 1);
    assert_eq!(bob.history(chat).await.len(), 3, "reading removes nothing");
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "one").await;
    bob.post("/chats/read").form(&[("chat_id", &chat.to_string())]).await.expect(201);
    assert_eq!(bob.unread(chat).await, 0);
}

#[tokio::test]
async fn strangers_unknown_chats_and_nonsense_are_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    let chat = ada.write(&bob, "one").await;
    stranger.post("/chats/read").json(&json!({"chat_id": chat})).await.refused(403);
    stranger.post("/chats/read").json(&json!({"chat_id": 1})).await.refused(404);
    for wrong in
        [json!({}), json!({"chat_id": "x"}), json!({"chat_id": 0}), json!({"chat_id": -1}), json!([])]
    {
        bob.post("/chats/read").json(&wrong).await.refused(400);
    }
    assert_eq!(bob.unread(chat).await, 1);
}
