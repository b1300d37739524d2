//! `GET /api/conversations/{id}`.

use serde_json::json;
use tests::{Caller as _, Guest, Stack, User};

use super::{CONVERSATIONS, NO_IDS, NOWHERE, beginner, check};
use crate::common::{column, fields, text};

#[tokio::test]
async fn messages_come_in_the_order_in_which_they_were_posted() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let bob = Guest::new(&stack).await;
    let said = [(&ada, "one"), (&bob, "two"), (&bob, "three"), (&ada, "four")];
    let mut urls = Vec::new();
    for (author, text) in said {
        urls.push(author.say(&conversation, text).await);
    }
    for reader in [&ada, &bob, &Guest::new(&stack).await] {
        let answer = reader.get(&conversation).await.expect(200).json();
        assert_eq!(fields(&answer), ["messages"]);
        let rows = answer["messages"].as_array().expect("messages");
        assert_eq!(rows.len(), said.len());
        for ((row, url), (author, text)) in rows.iter().zip(&urls).zip(said) {
            check(row, author, url, text);
        }
        let times: Vec<_> = rows.iter().map(|row| row["timestamp"].as_str().expect("a time")).collect();
        assert!(times.is_sorted_by(|one, other| one < other), "{times:?}");
    }
}

#[tokio::test]
async fn the_newest_ten_come_unless_more_or_fewer_are_asked_for() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    for number in 1..=105 {
        ada.say(&conversation, &number.to_string()).await;
    }
    for (query, first) in [
        ("", 96),
        ("?N=1", 105),
        ("?N=10", 96),
        ("?N=11", 95),
        ("?n=3", 103),
        ("?N=99", 7),
        ("?N=100", 6),
        ("?N=101", 6),
        ("?n=99999999999", 6),
        ("/?N=2", 104),
        ("?unknown=1", 96),
    ] {
        let answer = ada.get(&format!("{conversation}{query}")).await.expect(200).json();
        let rows = answer["messages"].as_array().expect("messages");
        assert_eq!(column(rows, "seq"), (first..=105).collect::<Vec<u64>>(), "{query}");
        let texts: Vec<_> = (first..=105).map(|number| number.to_string()).collect();
        assert_eq!(column(rows, "text"), texts, "{query}");
    }
}

#[tokio::test]
async fn fewer_than_asked_for_come_where_there_are_fewer() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    assert!(ada.newest(&conversation, 10).await.is_empty());
    ada.say(&conversation, "one").await;
    ada.say(&conversation, "two").await;
    assert_eq!(column(&ada.newest(&conversation, 100).await, "text"), ["one", "two"]);
}

#[tokio::test]
async fn a_number_of_messages_is_at_least_1() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    ada.say(&conversation, "hello").await;
    for name in ["N", "n"] {
        assert_eq!(ada.get(&format!("{conversation}?{name}=0")).await.refused(400), "invalid_count");
        for wrong in ["x", "-1", "1.5", "1e1", "0x1", "%2B1"] {
            let answer = ada.get(&format!("{conversation}?{name}={wrong}")).await;
            assert_eq!(answer.refused(400), "invalid_query", "{wrong}");
        }
    }
}

#[tokio::test]
async fn unknown_conversations_are_404_and_malformed_ids_400() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    assert_eq!(ada.get(NOWHERE).await.refused(404), "conversation_not_found");
    for id in NO_IDS {
        assert_eq!(ada.get(&format!("{CONVERSATIONS}/{id}")).await.refused(400), "invalid_path", "{id}");
    }
}

#[tokio::test]
async fn chats_rooms_and_groups_are_no_conversations() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let [bob, eve] = User::pair(&stack).await;
    let chat = bob.write(&eve, "hello").await;
    let room = bob.open_room("A room").await;
    bob.post_to_room(room, "hello").await;
    let group = bob.create_group("A group").await;
    for id in [chat, room, group] {
        let path = format!("{CONVERSATIONS}/{id}");
        let calls = [
            ada.get(&path),
            ada.post(&path).json(&json!({"text": "let me in"})),
            ada.get(&format!("{path}/1")),
            ada.delete(&format!("{path}/1")),
        ];
        for call in calls {
            assert_eq!(call.await.refused(404), "conversation_not_found");
        }
    }
    assert_eq!(bob.history(chat).await.len(), 1);
    let in_room = bob.get(&format!("/chat_rooms/{room}")).await.expect(200).json();
    assert_eq!(in_room["messages"].as_array().map(Vec::len), Some(1), "{in_room}");
    assert_eq!(bob.look_into(group).await["messages"], json!([]));
}

#[tokio::test]
async fn conversations_are_no_chats_rooms_or_groups() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let message = ada.say(&conversation, "hello").await;
    let bob = User::new(&stack).await;
    let id = conversation.strip_prefix("/api/conversations/").expect("an id");
    for path in ["chats", "chats_v2", "chat_rooms", "chat_groups"] {
        bob.get(&format!("/{path}/{id}")).await.refused(404);
    }
    bob.get(&format!("/chat_rooms/{id}/users")).await.refused(404);
    bob.post(&format!("/chat_rooms/{id}/message")).json(&text("let me in")).await.refused(404);
    bob.post(&format!("/chat_rooms/{id}/read")).await.refused(404);
    let rename = json!({"chat_group_name": "Mine"});
    bob.put(&format!("/chat_groups/{id}")).json(&rename).await.refused(404);
    bob.delete(&format!("/chats/{id}")).await.refused(404);
    let rows = ada.newest(&conversation, 10).await;
    let [row] = &rows[..] else { panic!("not one message: {rows:?}") };
    check(row, &ada, &message, "hello");
}
