//! `GET /chat_groups/{chat_group_id}`: the history, and coming in.

use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, User};

use super::{
    NO_GROUP, NO_IDS, expect_message, expect_notice, founder, heard, leaving, newcomer, present, to_group,
};
use crate::common::{column, fields, is_moment};

/// Says the numbers of a range in a group, one after another.
async fn count(socket: &mut Socket, group: u64, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        socket.say(&to_group(group, &number.to_string())).await;
    }
}

#[tokio::test]
async fn it_says_what_the_group_is_and_what_was_said() {
    let stack = Stack::shared().await;
    let (ada, mut socket, group) = founder(&stack).await;
    let said = [
        socket.say(&to_group(group, "hello")).await,
        socket
            .say(&json!({
                "chat_type": "group", "chat_group_id": group, "message": "ü 👍", "type": "image",
            }))
            .await,
    ];
    let bob = User::new(&stack).await;
    let seen = bob.enter(group).await;
    let expected = [
        "chat_group_id",
        "chat_group_name",
        "created_at",
        "messages",
        "next",
        "owner_id",
        "present",
        "unread_count",
    ];
    assert_eq!(fields(&seen), expected);
    for field in ["chat_group_id", "chat_group_name", "created_at", "owner_id"] {
        assert_eq!(seen[field], bob.listed_group(group).await[field]);
    }
    assert_eq!(seen["present"], json!([ada.id]), "without a socket nobody is present");
    assert_eq!(seen["next"], Value::Null);

    let rows = seen["messages"].as_array().expect("messages");
    assert_eq!(fields(&rows[0]), ["message", "seq", "timestamp", "type", "user_id", "user_name"]);
    assert_eq!(column(rows, "message"), ["ü 👍", "hello"], "newest first");
    assert_eq!(column(rows, "type"), ["image", "text"]);
    assert_eq!(column(rows, "seq"), [2, 1]);
    assert_eq!(column(rows, "user_id"), [ada.id, ada.id]);
    assert_eq!(column(rows, "user_name"), [ada.full_name(), ada.full_name()]);
    for (row, frame) in rows.iter().rev().zip(&said) {
        assert_eq!(row["timestamp"], frame["timestamp"]);
        assert!(is_moment(&row["timestamp"]), "{row}");
    }
}

#[tokio::test]
async fn those_inside_are_listed_by_id_the_caller_among_them() {
    let stack = Stack::shared().await;
    let (ada, _ada_socket, group) = founder(&stack).await;
    let (bob, _bob_socket) = newcomer(&stack, group).await;
    let eve = User::new(&stack).await;
    let _eve_socket = eve.socket().await;
    let mut expected = [ada.id, bob.id, eve.id];
    expected.sort_unstable();
    assert_eq!(eve.enter(group).await["present"], json!(expected));
    assert_eq!(present(&ada, group).await, json!(expected));
}

#[tokio::test]
async fn coming_in_is_told_once_to_those_inside_and_not_to_oneself() {
    let stack = Stack::shared().await;
    let (ada, mut ada_socket, group) = founder(&stack).await;
    let mut ada_elsewhere = ada.socket().await;
    let bob = User::new(&stack).await;
    let mut bob_socket = bob.socket().await;
    bob.enter(group).await;
    expect_notice(&mut ada_socket, "enter", &bob, group).await;
    bob.enter(group).await;
    bob.enter(group).await;
    for socket in [&mut ada_socket, &mut ada_elsewhere, &mut bob_socket] {
        assert_eq!(heard(socket, group).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn who_has_left_and_comes_back_is_told_of_again() {
    let stack = Stack::shared().await;
    let (_ada, mut watching, group) = founder(&stack).await;
    let (bob, _bob_socket) = newcomer(&stack, group).await;
    expect_notice(&mut watching, "enter", &bob, group).await;
    bob.delete(&format!("/chat_groups/{group}/presence")).await.expect(204);
    bob.enter(group).await;
    expect_notice(&mut watching, "leave", &bob, group).await;
    expect_notice(&mut watching, "enter", &bob, group).await;
}

#[tokio::test]
async fn a_socket_opened_later_enters_with_the_next_call_and_nobody_is_told() {
    let stack = Stack::shared().await;
    let (_ada, mut ada_socket, group) = founder(&stack).await;
    let (bob, mut first) = newcomer(&stack, group).await;
    let mut second = bob.socket().await;
    expect_notice(&mut ada_socket, "enter", &bob, group).await;

    ada_socket.say(&to_group(group, "one")).await;
    expect_message(&mut first, group, "one").await;
    assert_eq!(heard(&mut second, group).await, Vec::<Value>::new());

    bob.enter(group).await;
    assert_eq!(heard(&mut ada_socket, group).await, Vec::<Value>::new());
    ada_socket.say(&to_group(group, "two")).await;
    expect_message(&mut first, group, "two").await;
    expect_message(&mut second, group, "two").await;
}

#[tokio::test]
async fn without_a_socket_one_becomes_a_member_and_is_not_there() {
    let stack = Stack::shared().await;
    let (ada, mut ada_socket, group) = founder(&stack).await;
    ada_socket.say(&to_group(group, "before")).await;
    let bob = User::new(&stack).await;
    let seen = bob.enter(group).await;
    assert_eq!((&seen["unread_count"], &seen["present"]), (&json!(0), &json!([ada.id])));
    assert_eq!(heard(&mut ada_socket, group).await, Vec::<Value>::new());
    assert_eq!(bob.listed_group(group).await["is_member"], true);

    let mut later = bob.socket().await;
    ada_socket.say(&to_group(group, "after")).await;
    assert_eq!(bob.unread_in_group(group).await, 1);
    assert_eq!(heard(&mut later, group).await, Vec::<Value>::new(), "a socket opened later is not inside");
}

#[tokio::test]
async fn what_was_said_before_the_first_time_is_not_unread() {
    let stack = Stack::shared().await;
    let (_ada, mut ada_socket, group) = founder(&stack).await;
    count(&mut ada_socket, group, 1..=3).await;
    let bob = User::new(&stack).await;
    assert_eq!(bob.unread_in_group(group).await, 0, "nothing is unread where one is not a member");
    let seen = bob.enter(group).await;
    assert_eq!(seen["unread_count"], 0);
    assert_eq!(column(seen["messages"].as_array().expect("messages"), "seq"), [3, 2, 1]);
}

#[tokio::test]
async fn pages_give_every_message_once_and_nobody_enters_by_them() {
    const ALL: u64 = 250;
    let stack = Stack::shared().await;
    let (ada, mut ada_socket, group) = founder(&stack).await;
    let path = format!("/chat_groups/{group}");
    count(&mut ada_socket, group, 1..=100).await;
    assert_eq!(ada.enter(group).await["next"], Value::Null, "there is nothing older than 100 messages");
    count(&mut ada_socket, group, 101..=ALL).await;

    let newest = ada.enter(group).await;
    let rows = newest["messages"].as_array().expect("messages");
    assert_eq!(rows.len(), 100);
    assert_eq!(newest["next"], rows[99]["timestamp"]);
    let expected: Vec<u64> = (1..=ALL).rev().collect();
    for parameter in ["until", "next"] {
        let pages = ada.pages(&path, parameter).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50], "{parameter}");
        assert_eq!(column(&pages.concat(), "seq"), expected, "{parameter}");
    }

    let bob = User::new(&stack).await;
    let _bob_socket = bob.socket().await;
    for parameter in ["until", "next"] {
        let place = rows[9]["timestamp"].as_str().expect("a timestamp");
        let page = bob.get(&format!("{path}?{parameter}={place}")).await.expect(200).json();
        let expected: Vec<u64> = (ALL - 109..=ALL - 10).rev().collect();
        assert_eq!(column(page["messages"].as_array().expect("messages"), "seq"), expected, "exclusive");
        assert_eq!(page["present"], json!([ada.id]));
    }
    assert_eq!(heard(&mut ada_socket, group).await, Vec::<Value>::new());
    assert_eq!(bob.listed_group(group).await["is_member"], false);
}

#[tokio::test]
async fn a_page_before_the_first_message_is_empty() {
    let stack = Stack::shared().await;
    let (ada, mut socket, group) = founder(&stack).await;
    let first = socket.say(&to_group(group, "first")).await;
    let place = first["timestamp"].as_str().expect("a timestamp");
    let page = ada.get(&format!("/chat_groups/{group}?until={place}")).await.expect(200).json();
    assert_eq!((&page["messages"], &page["next"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn unknown_groups_and_nonsense_are_refused() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let group = ada.create_group("A group").await;
    ada.get(&format!("/chat_groups/{NO_GROUP}")).await.refused(404);
    ada.get(&format!("/chat_groups/{NO_GROUP}?until=2026-01-01T00:00:00.000Z")).await.refused(404);
    for id in NO_IDS {
        ada.get(&format!("/chat_groups/{id}")).await.refused(400);
    }
    for moment in ["x", "", "7", "2026-01-01", "2026-13-01T00:00:00Z"] {
        ada.get(&format!("/chat_groups/{group}?until={moment}")).await.refused(400);
        ada.get(&format!("/chat_groups/{group}?next={moment}")).await.refused(400);
        // Not passed over because the other one is good.
        ada.get(&format!("/chat_groups/{group}?until=2026-01-01T00:00:00Z&next={moment}")).await.refused(400);
    }
    // The year 10000, by UTC.
    ada.get(&format!("/chat_groups/{group}?until=9999-12-31T23:59:59.999-23:59")).await.expect(200);
}

#[tokio::test]
async fn other_chats_are_no_groups() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut socket = ada.socket().await;
    let frame = json!({"chat_type": "room", "other_user_id": bob.id, "message": "private"});
    let room = socket.say(&frame).await["chat_room_id"].as_u64().expect("a chat_room_id");
    let chat = ada.write(&bob, "private").await;
    let eve = User::new(&stack).await;
    let mut eve_socket = eve.socket().await;
    for user in [&ada, &eve] {
        for id in [room, chat] {
            let path = format!("/chat_groups/{id}");
            user.get(&path).await.refused(404);
            user.get(&format!("{path}?until=2100-01-01T00:00:00.000Z")).await.refused(404);
            user.put(&path).json(&json!({"chat_group_name": "Mine"})).await.refused(404);
            user.delete(&format!("{path}/presence")).await.refused(404);
        }
    }
    for socket in [&mut socket, &mut eve_socket] {
        for id in [room, chat] {
            assert_eq!(socket.refused(&to_group(id, "hello")).await, "chat_not_found");
            assert_eq!(socket.refused(&leaving(id)).await, "chat_not_found");
        }
    }
}

#[tokio::test]
async fn any_number_of_sockets_enters_at_once() {
    let stack = Stack::shared().await;
    let (ada, mut said, group) = founder(&stack).await;
    let bob = User::new(&stack).await;
    let mut sockets = Vec::new();
    for _ in 0..140 {
        sockets.push(bob.socket().await);
    }
    let inside = bob.enter(group).await;
    assert_eq!(inside["present"], json!([ada.id, bob.id]));
    said.say(&to_group(group, "hello")).await;
    for socket in &mut sockets {
        expect_message(socket, group, "hello").await;
    }
    bob.delete(&format!("/chat_groups/{group}/presence")).await.expect(204);
    assert_eq!(present(&ada, group).await, json!([ada.id]));
}
