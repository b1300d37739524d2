//! `GET /chat_rooms`: the rooms that the caller takes part in.

use std::collections::BTreeSet;

use serde_json::json;
use tests::{Applicant, Caller as _, Stack, User};

use super::{ROOM, listed, post_alone, room_of};
use crate::common::{column, fields, is_moment};

#[tokio::test]
async fn rows_say_which_room_it_is_and_what_was_last() {
    let stack = Stack::shared().await;
    let ada = Applicant::named().join(&stack).await;
    let bob = User::new(&stack).await;
    let room = bob.open_room("Prater").await;
    bob.post_to_room(room, "hello").await;
    let body = json!({"message": "{\"x\":1}", "type": "sticker"});
    let sent = ada.post(&format!("/chat_rooms/{room}/message")).json(&body).await.expect(201).json();

    let rows = bob.get("/chat_rooms").await.expect(200).rows();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(fields(row), ROOM);
    assert_eq!(row["chat_room_id"], room);
    assert_eq!(row["title"], "Prater");
    assert_eq!(row["user_id"], bob.id);
    assert_eq!(fields(&row["geolocation"]), ["latitude", "longitude"]);
    assert_eq!(row["last_message"], "{\"x\":1}");
    assert_eq!(row["last_message_sender_id"], ada.id);
    assert_eq!(row["last_message_sender_name"], json!(ada.applicant.user_name));
    assert_eq!(row["last_message_type"], "sticker");
    assert_eq!(row["last_message_timestamp"], sent["message_timestamp"]);
    assert_eq!(row["unread_count"], 1);
    assert!(is_moment(&row["created_at"]) && is_moment(&row["server_sent_timestamp"]), "{row}");
    assert!(row["server_sent_timestamp"].as_str() >= row["last_message_timestamp"].as_str(), "{row}");
    assert!(row["created_at"].as_str() <= row["last_message_timestamp"].as_str(), "{row}");

    let row = listed(&ada, "/chat_rooms", room).await.expect("the room");
    assert_eq!((&row["user_id"], &row["unread_count"]), (&json!(bob.id), &json!(0)));
    bob.post_to_room(room, "again").await;
    let row = listed(&ada, "/chat_rooms", room).await.expect("the room");
    assert_eq!(
        row["last_message_sender_name"],
        json!(bob.full_name()),
        "without a user name: first and last"
    );
}

#[tokio::test]
async fn only_those_who_have_posted_have_the_room() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    bob.post_to_room(room, "hello").await;
    room_of(&ada, room).await;
    assert!(ada.get("/chat_rooms").await.expect(200).rows().is_empty(), "neither opening nor looking joins");
    assert_eq!(column(&bob.get("/chat_rooms").await.expect(200).rows(), "chat_room_id"), [room]);
}

#[tokio::test]
async fn the_newest_message_first_and_count_and_offset_narrow_it() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut rooms = Vec::new();
    for _ in 0..4 {
        let room = bob.open_room("Prater").await;
        post_alone(&ada, room, "hello").await;
        rooms.push(room);
    }
    post_alone(&bob, rooms[1], "again").await;
    ada.post_to_room(rooms[0], "the newest is mine").await;
    let list = async |query: &str| {
        let rows = ada.get(&format!("/chat_rooms{query}")).await.expect(200).rows();
        column(&rows, "chat_room_id")
    };
    let ids = |order: &[usize]| order.iter().map(|index| json!(rooms[*index])).collect::<Vec<_>>();
    assert_eq!(list("").await, ids(&[0, 1, 3, 2]));
    assert_eq!(list("?count=2").await, ids(&[0, 1]));
    assert_eq!(list("?count=2&offset=2").await, ids(&[1, 3]));
    assert_eq!(list("?offset=4").await, ids(&[2]));
    assert_eq!(list("?offset=5").await, ids(&[]));
    assert_eq!(list("?count=100000&unknown=1").await, ids(&[0, 1, 3, 2]));
    for query in
        ["count=0", "count=-1", "count=x", "count=", "offset=0", "offset=-1", "offset=1.5", "offset=x"]
    {
        ada.get(&format!("/chat_rooms?{query}")).await.refused(400);
    }
}

#[tokio::test]
async fn more_than_a_page_of_rooms_comes_whole() {
    const ROOMS: usize = 105;
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut rooms = BTreeSet::new();
    for _ in 0..ROOMS {
        let room = ada.open_room("Prater").await;
        ada.post_to_room(room, "one").await;
        bob.post_to_room(room, "two").await;
        rooms.insert(room);
    }
    for path in ["/chat_rooms", "/chat_rooms/message/unread"] {
        let rows = ada.get(path).await.expect(200).rows();
        assert_eq!(rows.len(), ROOMS);
        let ids: BTreeSet<_> = rows.iter().filter_map(|row| row["chat_room_id"].as_u64()).collect();
        assert_eq!(ids, rooms);
        assert!(rows.iter().all(|row| row["unread_count"] == 1), "{rows:?}");
        let times = rows.iter().map(|row| row["last_message_timestamp"].as_str());
        assert!(times.is_sorted_by(|one, other| one >= other), "{rows:?}");
    }
}
