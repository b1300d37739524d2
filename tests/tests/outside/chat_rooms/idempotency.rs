//! The header `Idempotency-Key` of `POST /chat_rooms/{chat_room_id}/message`.

use futures::future::join_all;
use serde_json::json;
use tests::{Caller as _, Stack, User, unique};

use super::{messages, open_for, room_of};
use crate::common::{column, send, text, text_to};

fn path(room: u64) -> String {
    format!("/chat_rooms/{room}/message")
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_stores_once() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    bob.post_to_room(room, "before").await;
    let key = unique("key");
    let first = send(&ada, &path(room), &text("once"), &key).await.expect(201).json();
    for number in 0..3 {
        assert_eq!(send(&ada, &path(room), &text("once"), &key).await.expect(201).json(), first);
        // The first answer also comes after others have written.
        bob.post_to_room(room, &number.to_string()).await;
    }
    assert_eq!(send(&ada, &path(room), &text("once"), &key).await.expect(201).json(), first);
    assert_eq!(column(messages(&room_of(&ada, room).await), "message"), ["2", "1", "0", "once", "before"]);
    assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (3, 1));
}

#[tokio::test]
async fn the_same_key_with_another_body_or_room_is_a_conflict() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let (room, other) = (ada.open_room("here").await, ada.open_room("there").await);
    let key = unique("key");
    send(&ada, &path(room), &text("once"), &key).await.expect(201);
    let mut other_kind = text("once");
    other_kind["type"] = json!("image");
    for body in [text("twice"), other_kind] {
        send(&ada, &path(room), &body, &key).await.refused(409);
    }
    send(&ada, &path(other), &text("once"), &key).await.refused(409);
    assert_eq!(column(messages(&room_of(&ada, room).await), "message"), ["once"]);
    assert!(messages(&room_of(&ada, other).await).is_empty());
    assert_eq!(column(&ada.get("/chat_rooms").await.expect(200).rows(), "chat_room_id"), [room]);
}

#[tokio::test]
async fn a_key_is_one_for_rooms_and_direct_chats() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    let key = unique("key");
    send(&ada, &path(room), &text("once"), &key).await.expect(201);
    for chats in ["/chats", "/chats_v2"] {
        send(&ada, chats, &text_to(&bob, "once"), &key).await.refused(409);
    }
    assert!(bob.get("/chats").await.expect(200).rows().is_empty());

    let key = unique("key");
    send(&ada, "/chats", &text_to(&bob, "twice"), &key).await.expect(201);
    send(&ada, &path(room), &text("twice"), &key).await.refused(409);
    assert_eq!(column(messages(&room_of(&ada, room).await), "message"), ["once"]);
}

#[tokio::test]
async fn a_key_belongs_to_its_sender() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    let key = unique("key");
    send(&ada, &path(room), &text("mine"), &key).await.expect(201);
    send(&bob, &path(room), &text("yours"), &key).await.expect(201);
    assert_eq!(column(messages(&room_of(&ada, room).await), "message"), ["yours", "mine"]);
}

#[tokio::test]
async fn of_ten_at_once_one_is_stored() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    for seq in [1, 2] {
        // At first she is no participant yet, then she is.
        let (key, body, path) = (unique("key"), text("once"), path(room));
        let answers = join_all((0..10).map(|_| send(&ada, &path, &body, &key))).await;
        let mut answers: Vec<_> = answers.into_iter().map(|answer| answer.expect(201).json()).collect();
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(answers[0]["seq"], json!(seq));
    }
    assert_eq!(column(messages(&room_of(&bob, room).await), "seq"), [2, 1]);
    assert_eq!(bob.get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows().len(), 1);
    assert_eq!(ada.room_unread(room).await, 0);
}

#[tokio::test]
async fn a_refused_message_does_not_use_up_its_key() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let full = open_for(&ada, 1).await;
    bob.post_to_room(full, "first").await;
    let room = ada.open_room("Prater").await;
    let key = unique("key");
    send(&ada, &path(room), &text(""), &key).await.refused(400);
    send(&ada, &path(1), &text("nowhere"), &key).await.refused(404);
    send(&ada, &path(full), &text("let me in"), &key).await.refused(403);
    send(&ada, &path(room), &text("now"), &key).await.expect(201);
}
