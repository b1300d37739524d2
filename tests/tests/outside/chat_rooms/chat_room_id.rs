//! `GET /chat_rooms/{chat_room_id}`: a room and its messages.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

use super::{messages, room_fields, room_of, whole_history};
use crate::common::{column, fields, is_moment, text};

/// Most messages of a page.
const PAGE: usize = 100;

/// A room with messages `1` to `count`, by turns.
async fn talk(ada: &User, bob: &User, count: usize) -> u64 {
    let room = ada.open_room("Prater").await;
    for number in 1..=count {
        let user = if number % 2 == 1 { ada } else { bob };
        user.post_to_room(room, &number.to_string()).await;
    }
    room
}

/// What a page says when it ends with a message that is not the oldest one.
fn next_of(page: &Value) -> &Value {
    &messages(page).last().expect("a message")["timestamp"]
}

#[tokio::test]
async fn it_is_the_rooms_row_with_its_messages() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = talk(&ada, &bob, 2).await;
    let shown = room_of(&ada, room).await;
    assert_eq!(fields(&shown), room_fields(&["messages", "next"]));
    let row = ada.get("/chat_rooms").await.expect(200).rows().remove(0);
    for field in fields(&row).into_iter().filter(|field| *field != "server_sent_timestamp") {
        assert_eq!(shown[field], row[field], "{field}");
    }
    assert!(is_moment(&shown["server_sent_timestamp"]), "{shown}");
    assert_eq!(shown["unread_count"], 1);
    assert_eq!(shown["next"], json!(null));

    let rows = messages(&shown);
    assert_eq!(fields(&rows[0]), ["message", "seq", "timestamp", "type", "user_id", "user_name"]);
    assert_eq!(column(rows, "seq"), [2, 1]);
    assert_eq!(column(rows, "message"), ["2", "1"]);
    assert_eq!(column(rows, "user_id"), [bob.id, ada.id]);
    assert_eq!(column(rows, "user_name"), [bob.full_name(), ada.full_name()]);
    assert_eq!(column(rows, "type"), ["text", "text"]);
    assert!(rows.iter().all(|row| is_moment(&row["timestamp"])), "{shown}");
    assert_eq!(rows[0]["timestamp"], shown["last_message_timestamp"]);
}

#[tokio::test]
async fn a_room_in_which_nobody_has_posted_is_empty() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    let shown = room_of(&bob, room).await;
    assert_eq!(fields(&shown), room_fields(&["messages", "next"]));
    assert_eq!(
        (&shown["messages"], &shown["next"], &shown["unread_count"]),
        (&json!([]), &json!(null), &json!(0))
    );
    for field in fields(&shown).into_iter().filter(|field| field.starts_with("last_message")) {
        assert_eq!(shown[field], json!(null), "{field}");
    }
}

#[tokio::test]
async fn everybody_may_look_and_looking_neither_joins_nor_reads() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    let room = talk(&ada, &bob, 4).await;
    for user in [&ada, &bob, &stranger] {
        for _ in 0..2 {
            assert_eq!(column(messages(&room_of(user, room).await), "message"), ["4", "3", "2", "1"]);
        }
    }
    // Bob has come with the second message.
    assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (2, 1));
    assert_eq!(room_of(&stranger, room).await["unread_count"], 0);
    assert!(stranger.get("/chat_rooms").await.expect(200).rows().is_empty());
    assert_eq!(ada.get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows().len(), 2);
}

#[tokio::test]
async fn pages_hold_every_message_once() {
    const MESSAGES: usize = 250;
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = talk(&ada, &bob, MESSAGES).await;
    let down = |from: usize, to: usize| (to..=from).rev().collect::<Vec<_>>();
    for name in ["until", "next"] {
        let mut page = room_of(&bob, room).await;
        for (from, to) in [(250, 151), (150, 51)] {
            assert_eq!(column(messages(&page), "seq"), down(from, to), "{name}");
            assert_eq!(&page["next"], next_of(&page));
            let next = page["next"].as_str().expect("a next");
            page = bob.get(&format!("/chat_rooms/{room}?{name}={next}")).await.expect(200).json();
        }
        assert_eq!(column(messages(&page), "seq"), down(50, 1), "{name}");
        assert_eq!(page["next"], json!(null));
    }
    let texts: Vec<_> = down(MESSAGES, 1).iter().map(ToString::to_string).collect();
    let all = whole_history(&ada, room).await;
    assert_eq!(column(&all, "message"), texts);
    assert!(
        all.is_sorted_by(|one, other| one["timestamp"].as_str() > other["timestamp"].as_str()),
        "{all:?}"
    );
}

#[tokio::test]
async fn there_is_a_next_only_where_there_is_more() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = talk(&ada, &bob, PAGE).await;
    let full = room_of(&ada, room).await;
    assert_eq!((messages(&full).len(), &full["next"]), (PAGE, &json!(null)));

    ada.post_to_room(room, "one more").await;
    let newest = room_of(&ada, room).await;
    assert_eq!((messages(&newest).len(), &newest["next"]), (PAGE, next_of(&newest)));
    let next = newest["next"].as_str().expect("a next");
    let oldest = ada.get(&format!("/chat_rooms/{room}?until={next}")).await.expect(200).json();
    assert_eq!(column(messages(&oldest), "seq"), [1]);
    assert_eq!(oldest["next"], json!(null));
}

#[tokio::test]
async fn until_is_exclusive_and_any_moment() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = talk(&ada, &bob, 5).await;
    let all = room_of(&ada, room).await;
    let older = async |until: &str| {
        let page = ada.get(&format!("/chat_rooms/{room}?until={until}")).await.expect(200).json();
        assert_eq!(fields(&page), room_fields(&["messages", "next"]));
        assert_eq!((&page["next"], &page["last_message"]), (&json!(null), &json!("5")));
        column(messages(&page), "seq")
    };
    for row in messages(&all) {
        let seq = row["seq"].as_u64().expect("a seq");
        let until = row["timestamp"].as_str().expect("a timestamp");
        assert_eq!(older(until).await, (1..seq).rev().collect::<Vec<_>>());
    }
    assert!(older("2001-01-01T00:00:00.000Z").await.is_empty());
    assert!(older("2001-01-01T00:00:00Z").await.is_empty());
    assert!(older("2001-01-01T00:00:00%2B01:00").await.is_empty());
    assert_eq!(older("2199-01-01T00:00:00.000Z").await, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn an_until_that_is_no_moment_is_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = talk(&ada, &bob, 1).await;
    for wrong in [
        "",
        "x",
        "0",
        "1767225600000",
        "2026-01-01",
        "2026-13-01T00:00:00.000Z",
        "2026-02-30T00:00:00.000Z",
        "2026-01-01T25:00:00.000Z",
        "2026-01-01T00:00:00.000",
    ] {
        for name in ["until", "next"] {
            ada.get(&format!("/chat_rooms/{room}?{name}={wrong}")).await.refused(400);
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = talk(&ada, &bob, 1).await;
    bob.post(&format!("/chat_rooms/{room}/message/")).json(&text("2")).await.expect(201);
    bob.post(&format!("/chat_rooms/{room}/read/")).await.expect(201);
    bob.post(&format!("/chat_rooms/{room}/message/read/")).await.expect(201);
    for path in [
        "/chat_rooms",
        "/chat_rooms/message/unread",
        &format!("/chat_rooms/{room}/users"),
        "/chat_rooms/nearby",
    ] {
        let place = "latitude=48.25&longitude=16.5&radius_m=1";
        assert!(!ada.get(&format!("{path}/?{place}")).await.expect(200).rows().is_empty(), "{path}");
    }
    let shown = ada.get(&format!("/chat_rooms/{room}/?until=2001-01-01T00:00:00Z")).await.expect(200).json();
    assert!(messages(&shown).is_empty());
}
