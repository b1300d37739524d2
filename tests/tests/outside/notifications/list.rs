//! `GET /notifications`.

use serde_json::{Value, json};
use tests::{Applicant, Caller as _, Stack, User, eventually};

use super::{Chat, KINDS, Kind, notifications, one_of_each, told};
use crate::common::{column, fields, is_moment};

#[tokio::test]
async fn rows_say_in_which_chat_who_said_what() {
    let stack = Stack::shared().await;
    let ada = Applicant::named().join(&stack).await;
    let bob = User::new(&stack).await;
    for kind in KINDS {
        let chat = Chat::begin(kind, &ada, &bob).await;
        let row = told(&bob, &chat).await.expect("a notification");
        let mut expected =
            [chat.name, "is_read", "message", "sender_id", "sender_name", "timestamp", "unread_count"];
        expected.sort_unstable();
        assert_eq!(fields(&row), expected);
        assert_eq!(row["sender_id"], ada.id);
        assert_eq!(row["sender_name"], json!(ada.applicant.user_name));
        assert_eq!(row["message"], "hello");
        assert!(is_moment(&row["timestamp"]), "{row}");
        assert_eq!((&row["unread_count"], &row["is_read"]), (&json!(1), &json!(false)));
    }
}

#[tokio::test]
async fn who_has_no_chats_has_no_notifications() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    assert!(notifications(&ada).await.is_empty());
    let room = ada.open_room("Prater").await;
    User::new(&stack).await.post_to_room(room, "hello").await;
    assert!(notifications(&ada).await.is_empty(), "opening a room is not taking part in it");
}

#[tokio::test]
async fn all_kinds_of_chats_come_in_one_list_the_newest_message_first() {
    let stack = Stack::shared().await;
    let ([ada, bob], chats) = one_of_each(&stack).await;
    let ids = async || -> Vec<Value> {
        let rows = notifications(&bob).await;
        let id = |row: &Value| {
            let names = ["chat_id", "chat_room_id", "chat_group_id"];
            let ids: Vec<_> = names.iter().map(|name| row[name].clone()).filter(|id| !id.is_null()).collect();
            assert_eq!(ids.len(), 1, "{row}");
            ids[0].clone()
        };
        let times: Vec<_> = rows.iter().map(|row| row["timestamp"].as_str()).collect();
        assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
        rows.iter().map(id).collect()
    };
    let mut order = ids().await;
    assert_eq!(order.len(), 4);
    for index in [0, 1, 3, 2, 0] {
        let chat = &chats[index];
        eventually("another millisecond", async || {
            let newest = notifications(&bob).await[0]["timestamp"].clone();
            let now = bob.get("/chat_rooms").await.expect(200).rows()[0]["server_sent_timestamp"].clone();
            (now.as_str() > newest.as_str()).then_some(())
        })
        .await;
        chat.write(&ada, &bob, "again").await;
        let place = order.iter().position(|id| *id == chat.id).expect("the chat");
        order[..=place].rotate_right(1);
        assert_eq!(ids().await, order);
        // What was read stays where it was.
        bob.put("/notifications").json(&chat.body()).await.expect(200);
        assert_eq!(ids().await, order);
    }
}

#[tokio::test]
async fn counts_are_those_of_the_lists_of_chats() {
    let stack = Stack::shared().await;
    let ([ada, bob], chats) = one_of_each(&stack).await;
    let mut expected = [1; 4];
    // Everybody writes into every chat, one of them more and more often; and some are read meanwhile.
    for round in 0..4 {
        for (index, chat) in chats.iter().enumerate() {
            for number in 0..=index {
                chat.write(&ada, &bob, &format!("{round}.{number}")).await;
            }
            chat.write(&bob, &ada, "an answer").await;
            expected[index] += index as u64 + 1;
        }
        bob.put("/notifications").json(&chats[round].body()).await.expect(200);
        expected[round] = 0;
        for (chat, count) in chats.iter().zip(expected) {
            let row = told(&bob, chat).await.expect("a notification");
            assert_eq!(row["unread_count"], count, "{chat:?}: {row}");
            assert_eq!(chat.unread(&bob).await, count, "{chat:?}");
            let row = told(&ada, chat).await.expect("a notification");
            assert_eq!(row["unread_count"], chat.unread(&ada).await, "{chat:?}: {row}");
        }
    }
}

#[tokio::test]
async fn the_message_is_the_chats_newest_whoever_said_it() {
    let stack = Stack::shared().await;
    let ([ada, bob], chats) = one_of_each(&stack).await;
    for chat in &chats {
        chat.write(&ada, &bob, "again").await;
        let row = told(&bob, chat).await.expect("a notification");
        assert_eq!((&row["message"], &row["unread_count"]), (&json!("again"), &json!(2)), "{chat:?}");
        chat.write(&bob, &ada, "my answer").await;
        let row = told(&bob, chat).await.expect("a notification");
        assert_eq!((&row["message"], &row["sender_id"]), (&json!("my answer"), &json!(bob.id)), "{chat:?}");
        assert_eq!(row["unread_count"], 2, "{chat:?}");
    }
    let list = bob.get("/chat_rooms").await.expect(200).rows();
    for row in notifications(&bob).await.iter().filter(|row| row["chat_room_id"].is_u64()) {
        let room = list.iter().find(|room| room["chat_room_id"] == row["chat_room_id"]).expect("the room");
        assert_eq!(row["timestamp"], room["last_message_timestamp"]);
        assert_eq!(row["sender_name"], room["last_message_sender_name"]);
    }
}

#[tokio::test]
async fn nobody_is_told_of_ones_own_messages() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for kind in [Kind::Direct, Kind::Pair] {
        let chat = Chat::begin(kind, &ada, &bob).await;
        chat.write(&ada, &bob, "again").await;
        assert!(told(&ada, &chat).await.is_none(), "{kind:?}");
    }
    let room = ada.open_room("Prater").await;
    ada.post_to_room(room, "hello").await;
    assert!(notifications(&ada).await.is_empty());
}

#[tokio::test]
async fn a_deleted_chat_is_gone() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = Chat::begin(Kind::Direct, &ada, &bob).await;
    let room = Chat::begin(Kind::Room, &ada, &bob).await;
    chat.write(&bob, &ada, "an answer").await;
    bob.put("/notifications").json(&chat.body()).await.expect(200);
    ada.delete(&format!("/chats/{}", chat.id)).await.expect(204);
    assert!(told(&ada, &chat).await.is_none() && told(&bob, &chat).await.is_none());
    assert_eq!(column(&notifications(&bob).await, "chat_room_id"), [room.id]);
    bob.put("/notifications").json(&chat.body()).await.refused(404);
}

#[tokio::test]
async fn strangers_are_told_nothing() {
    let stack = Stack::shared().await;
    one_of_each(&stack).await;
    let stranger = User::new(&stack).await;
    assert!(notifications(&stranger).await.is_empty());
}
