//! `GET /chat_rooms/message/unread`.

use serde_json::json;
use tests::{Caller as _, Stack, User};

use super::{ROOM, listed, post_alone};
use crate::common::{column, fields};

#[tokio::test]
async fn the_others_have_what_the_sender_has_not() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    bob.post_to_room(room, "zero").await;
    ada.post_to_room(room, "one").await;
    ada.post_to_room(room, "two").await;

    assert!(ada.get("/chat_rooms/message/unread").await.expect(200).rows().is_empty());
    let rows = bob.get("/chat_rooms/message/unread").await.expect(200).rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(fields(&rows[0]), ROOM);
    assert_eq!(rows[0]["last_message"], "two");
    assert_eq!(rows[0]["unread_count"], 2);
}

#[tokio::test]
async fn rows_are_those_of_the_list_of_all_rooms() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    bob.post_to_room(room, "one").await;
    ada.post_to_room(room, "two").await;
    let row = async |path: &str| {
        let mut row = listed(&bob, path, room).await.expect("the room");
        row.as_object_mut().expect("an object").remove("server_sent_timestamp");
        row
    };
    assert_eq!(row("/chat_rooms/message/unread").await, row("/chat_rooms").await);
}

#[tokio::test]
async fn newest_first_and_only_with_unread_messages() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut rooms = Vec::new();
    for _ in 0..3 {
        let room = bob.open_room("Prater").await;
        ada.post_to_room(room, "mine").await;
        post_alone(&bob, room, "hello").await;
        rooms.push(room);
    }
    bob.post_to_room(rooms[0], "again").await;
    ada.mark_room_read(rooms[1]).await;
    let rows = ada.get("/chat_rooms/message/unread").await.expect(200).rows();
    assert_eq!(column(&rows, "chat_room_id"), [json!(rooms[0]), json!(rooms[2])]);
    assert_eq!(column(&rows, "unread_count"), [json!(2), json!(1)]);
}

#[tokio::test]
async fn who_takes_no_part_has_nothing_to_read() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    bob.post_to_room(room, "hello").await;
    assert_eq!(ada.get("/chat_rooms/message/unread").await.expect(200).json(), json!([]));
}
