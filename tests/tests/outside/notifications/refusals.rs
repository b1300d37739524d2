//! What `/notifications` refuses.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

use super::{notifications, one_of_each};

/// The fields that name a chat.
const NAMES: [&str; 3] = ["chat_id", "chat_room_id", "chat_group_id"];

#[tokio::test]
async fn without_a_good_token_both_methods_are_401() {
    let stack = Stack::shared().await;
    let ([_ada, bob], chats) = one_of_each(&stack).await;
    let gone = bob.again(&stack).await;
    gone.get("/logout").await.expect(200);
    let cut = &bob.token[..bob.token.len() - 8];
    for token in ["", "x", "a.b.c", cut, &gone.token] {
        let nobody = stack.anonymous();
        nobody.get("/notifications").header("authentication", token).await.refused(401);
        for chat in &chats {
            let call = nobody.put("/notifications").header("authorization", token);
            call.json(&chat.body()).await.refused(401);
        }
    }
    stack.anonymous().get("/notifications").await.refused(401);
    stack.anonymous().put("/notifications").json(&chats[0].body()).await.refused(401);
    assert!(notifications(&bob).await.iter().all(|row| row["is_read"] == false));
}

#[tokio::test]
async fn no_chat_several_chats_and_malformed_ids_are_400() {
    let stack = Stack::shared().await;
    let ([_ada, bob], chats) = one_of_each(&stack).await;
    let (chat, room, group) = (chats[0].id, chats[1].id, chats[3].id);
    let mut wrong = vec![
        json!({}),
        json!({"id": chat}),
        json!({"chat_id": chat, "chat_room_id": room}),
        json!({"chat_id": chat, "chat_group_id": group}),
        json!({"chat_room_id": room, "chat_group_id": group}),
        json!({"chat_id": chat, "chat_room_id": room, "chat_group_id": group}),
        json!([chat]),
        json!(null),
    ];
    let malformed: [Value; 8] = [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!(""),
        json!([chat]),
        json!(true),
        json!(1_u64 << 53),
    ];
    for name in NAMES {
        wrong.extend(malformed.iter().map(|id| json!({name: id})));
    }
    for body in wrong {
        bob.put("/notifications").json(&body).await.refused(400);
    }
    bob.put("/notifications").body("application/json", "{").await.refused(400);
    bob.put("/notifications").body("application/json", "").await.refused(400);
    bob.put("/notifications").form(&[("chat_id", "x")]).await.refused(400);
    bob.put("/notifications").body("text/plain", chats[0].body().to_string()).await.refused(415);
    assert!(notifications(&bob).await.iter().all(|row| row["is_read"] == false));
}

#[tokio::test]
async fn unknown_chats_and_those_of_another_kind_are_404() {
    let stack = Stack::shared().await;
    let ([_ada, bob], chats) = one_of_each(&stack).await;
    for name in NAMES {
        for id in [1, (1_u64 << 53) - 1, bob.id] {
            bob.put("/notifications").json(&json!({name: id})).await.refused(404);
        }
        for chat in chats.iter().filter(|chat| chat.name != name) {
            bob.put("/notifications").json(&json!({name: chat.id})).await.refused(404);
        }
    }
    assert!(notifications(&bob).await.iter().all(|row| row["is_read"] == false));
}

#[tokio::test]
async fn who_takes_no_part_is_403() {
    let stack = Stack::shared().await;
    let (_, chats) = one_of_each(&stack).await;
    let stranger = User::new(&stack).await;
    for chat in &chats {
        stranger.put("/notifications").json(&chat.body()).await.refused(403);
    }
    assert!(notifications(&stranger).await.is_empty());
}
