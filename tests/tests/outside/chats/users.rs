//! `GET /chats/users/{user_a_id}/{user_b_id}` and its like below `/chats_v2`.

use serde_json::json;
use tests::{Caller as _, Stack, User};

#[tokio::test]
async fn both_orders_give_the_chat_to_both() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "hello").await;
    for root in ["/chats", "/chats_v2"] {
        for user in [&ada, &bob] {
            for (one, other) in [(ada.id, bob.id), (bob.id, ada.id)] {
                let answer = user.get(&format!("{root}/users/{one}/{other}")).await.expect(200).json();
                assert_eq!(answer, json!({"chat_id": chat}));
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_yours_is_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    ada.write(&bob, "hello").await;
    for root in ["/chats", "/chats_v2"] {
        stranger.get(&format!("{root}/users/{}/{}", ada.id, bob.id)).await.refused(403);
        stranger.get(&format!("{root}/users/{}/{}", ada.id, stranger.id)).await.refused(404);
        ada.get(&format!("{root}/users/{}/1", ada.id)).await.refused(404);
        for wrong in ["x/1", "1/x", "0/1", "-1/1"] {
            ada.get(&format!("{root}/users/{wrong}")).await.refused(400);
        }
    }
}
