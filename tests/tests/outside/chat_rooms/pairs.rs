//! Rooms of two, which are opened from the socket.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Applicant, Caller as _, Socket, Stack, User};

use super::{listed, messages, room_fields, room_of};
use crate::common::{column, fields, is_moment, say_to, text};

/// The next so many messages that arrive in rooms.
async fn arrivals(socket: &mut Socket, count: usize) -> Vec<Value> {
    let mut frames = Vec::new();
    for _ in 0..count {
        frames.push(socket.expect("a message", |frame| frame["chat_type"] == "room").await);
    }
    frames
}

#[tokio::test]
async fn each_has_it_under_the_name_of_the_other() {
    let stack = Stack::shared().await;
    let ada = Applicant::named().join(&stack).await;
    let bob = User::new(&stack).await;
    let room = say_to(&bob, &mut ada.socket().await, "hello").await;
    assert!((1..1 << 53).contains(&room), "{room}");
    let ada_name = ada.applicant.user_name.clone().expect("a user name");
    for (user, other, title, unread) in [(&ada, &bob, bob.full_name(), 0), (&bob, &ada, ada_name.clone(), 1)]
    {
        let rows = user.get("/chat_rooms").await.expect(200).rows();
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!(fields(row), room_fields(&["other_user_id"]));
        assert_eq!(row["chat_room_id"], room);
        assert_eq!(row["title"], json!(title));
        assert_eq!(row["user_id"], ada.id, "who has opened it");
        assert_eq!(row["other_user_id"], other.id);
        assert_eq!(row["geolocation"], json!(null));
        assert_eq!(row["last_message"], "hello");
        assert_eq!(row["last_message_sender_id"], ada.id);
        assert_eq!(row["last_message_sender_name"], json!(ada_name));
        assert_eq!(row["last_message_type"], "text");
        assert_eq!(row["unread_count"], unread);
        for moment in ["created_at", "last_message_timestamp", "server_sent_timestamp"] {
            assert!(is_moment(&row[moment]), "{moment} of {row}");
        }

        let shown = room_of(user, room).await;
        assert_eq!(fields(&shown), room_fields(&["messages", "next", "other_user_id"]));
        for field in fields(row).into_iter().filter(|field| *field != "server_sent_timestamp") {
            assert_eq!(shown[field], row[field], "{field}");
        }
        assert_eq!(column(messages(&shown), "message"), ["hello"]);
        assert_eq!(column(messages(&shown), "seq"), [1]);

        let users = user.get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows();
        let ids: BTreeSet<_> = users.iter().filter_map(|row| row["user_id"].as_u64()).collect();
        assert_eq!((users.len(), ids), (2, [ada.id, bob.id].into()));
    }
    let unread = bob.get("/chat_rooms/message/unread").await.expect(200).rows();
    assert_eq!(fields(&unread[0]), room_fields(&["other_user_id"]));
    assert!(ada.get("/chat_rooms/message/unread").await.expect(200).rows().is_empty());
}

#[tokio::test]
async fn two_people_have_one_room_whoever_writes() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let eve = User::new(&stack).await;
    let (mut hers, mut his) = (ada.socket().await, bob.socket().await);
    let room = say_to(&bob, &mut hers, "there").await;
    assert_eq!(say_to(&ada, &mut his, "and back").await, room);
    assert_eq!(say_to(&bob, &mut hers, "again").await, room);
    let row = listed(&bob, "/chat_rooms", room).await.expect("the room");
    assert_eq!(row["user_id"], ada.id, "it remains hers");

    let other = say_to(&eve, &mut hers, "to somebody else").await;
    assert_ne!(other, room);
    for (user, expected) in [(&ada, vec![room, other]), (&bob, vec![room]), (&eve, vec![other])] {
        let rows = user.get("/chat_rooms").await.expect(200).rows();
        let ids: BTreeSet<_> = rows.iter().filter_map(|row| row["chat_room_id"].as_u64()).collect();
        assert_eq!((rows.len(), ids), (expected.len(), expected.into_iter().collect()));
    }
}

#[tokio::test]
async fn the_first_messages_of_both_at_once_make_one_room() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut hers, mut his) = (ada.socket().await, bob.socket().await);
    for number in 0..4 {
        let frame =
            |to: &User| json!({"chat_type": "room", "other_user_id": to.id, "message": number.to_string()});
        hers.send(&frame(&bob)).await;
        his.send(&frame(&ada)).await;
    }
    for socket in [&mut hers, &mut his] {
        let mut frames = arrivals(socket, 8).await;
        frames.sort_unstable_by_key(|frame| frame["seq"].as_u64());
        assert_eq!(column(&frames, "seq"), (1..=8).collect::<Vec<_>>());
        frames.dedup_by(|one, other| one["chat_room_id"] == other["chat_room_id"]);
        assert_eq!(frames.len(), 1, "{frames:?}");
    }
    for user in [&ada, &bob] {
        let rows = user.get("/chat_rooms").await.expect(200).rows();
        assert_eq!(column(&rows, "unread_count"), [4]);
    }
}

#[tokio::test]
async fn both_post_and_read_over_http_too() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (mut hers, mut his) = (ada.socket().await, bob.socket().await);
    let room = say_to(&bob, &mut hers, "1").await;
    arrivals(&mut his, 1).await;
    assert_eq!(bob.post_to_room(room, "2").await, 2);
    assert_eq!(ada.post_to_room(room, "3").await, 3);
    for socket in [&mut hers, &mut his] {
        assert_eq!(column(&arrivals(socket, 2).await, "message"), ["2", "3"]);
    }
    assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (1, 2));
    bob.mark_room_read(room).await;
    ada.post(&format!("/chat_rooms/{room}/message/read")).await.expect(201);
    assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (0, 0));
    say_to(&bob, &mut hers, "4").await;
    assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (0, 1));
    assert_eq!(column(messages(&room_of(&bob, room).await), "message"), ["4", "3", "2", "1"]);
}

#[tokio::test]
async fn it_is_not_the_direct_chat_of_the_two() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "direct").await;
    let room = say_to(&bob, &mut ada.socket().await, "in the room").await;
    assert_ne!(room, chat);
    for user in [&ada, &bob] {
        let chats = user.get("/chats").await.expect(200).rows();
        assert_eq!(
            (column(&chats, "chat_id"), column(&chats, "last_message")),
            (vec![json!(chat)], vec![json!("direct")])
        );
        let rooms = user.get("/chat_rooms").await.expect(200).rows();
        assert_eq!(column(&rooms, "chat_room_id"), [room]);
        assert_eq!(column(&rooms, "last_message"), ["in the room"]);
        user.get(&format!("/chats/{room}")).await.refused(404);
        user.get(&format!("/chat_rooms/{chat}")).await.refused(404);
    }
    assert_eq!((bob.unread(chat).await, bob.room_unread(room).await), (1, 1));
    bob.mark_read(chat).await;
    assert_eq!((bob.unread(chat).await, bob.room_unread(room).await), (0, 1));

    ada.delete(&format!("/chats/{chat}")).await.expect(204);
    assert_eq!(
        messages(&room_of(&bob, room).await).len(),
        1,
        "the end of the chat is not the end of the room"
    );
}

#[tokio::test]
async fn strangers_are_refused_everywhere() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    let room = say_to(&bob, &mut ada.socket().await, "between us").await;
    let path = format!("/chat_rooms/{room}");
    stranger.get(&path).await.refused(403);
    stranger.get(&format!("{path}?until=2199-01-01T00:00:00.000Z")).await.refused(403);
    stranger.get(&format!("{path}/users")).await.refused(403);
    stranger.post(&format!("{path}/message")).json(&text("let me in")).await.refused(403);
    stranger.post(&format!("{path}/read")).await.refused(403);
    stranger.post(&format!("{path}/message/read")).await.refused(403);
    stranger.put("/notifications").json(&json!({"chat_room_id": room})).await.refused(403);
    assert_eq!(stranger.get("/chat_rooms").await.expect(200).json(), json!([]));
    assert_eq!(ada.get(&format!("{path}/users")).await.expect(200).rows().len(), 2);
    assert_eq!(column(messages(&room_of(&bob, room).await), "message"), ["between us"]);
}

#[tokio::test]
async fn it_is_nowhere_on_earth() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = say_to(&bob, &mut ada.socket().await, "between us").await;
    let path = "/chat_rooms/nearby?latitude=0&longitude=0&radius_m=1000";
    assert!(listed(&ada, path, room).await.is_none());
}
