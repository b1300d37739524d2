//! Answers that would be larger than Lambda hands out.

use serde_json::json;
use tests::{Caller as _, Stack, User};

use super::people;
use crate::common::{column, text_to};

/// The largest message, of characters that are escaped in the body and once more on their way through Lambda.
fn quotes() -> String {
    "\"".repeat(16 * 1024)
}

#[tokio::test]
async fn a_history_of_the_largest_messages_comes_in_more_pages() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    for _ in 0..101 {
        ada.post_to_room(room, &quotes()).await;
    }
    let pages = bob.pages(&format!("/chat_rooms/{room}"), "until").await;
    assert_eq!(column(&pages.concat(), "seq"), (1..=101).rev().collect::<Vec<u64>>());

    let mut chat = 0;
    for _ in 0..101 {
        chat = ada.write(&bob, &quotes()).await;
    }
    let mut seqs = Vec::new();
    while seqs.len() < 101 {
        let path = format!("/chats/{chat}?count=100&offset={}", seqs.len() + 1);
        let rows = bob.get(&path).await.expect(200).rows();
        assert!(!rows.is_empty());
        seqs.extend(column(&rows, "seq"));
    }
    assert_eq!(seqs, (1..=101).rev().collect::<Vec<u64>>());
}

#[tokio::test]
async fn every_chat_of_a_list_can_be_reached_though_one_answer_does_not_hold_them_all() {
    const ROOMS: usize = 90;
    let stack = Stack::shared().await;
    let [ada, bob]: [User; 2] = people(&stack, 2).await.try_into().expect("two");
    ada.post("/chats").json(&text_to(&bob, "not a room")).await.expect(201);
    for number in 0..ROOMS {
        let room = ada.open_room(&format!("room {number}")).await;
        ada.post_to_room(room, &quotes()).await;
    }
    let mut seen = Vec::new();
    while seen.len() < ROOMS {
        let path = format!("/chat_rooms?offset={}", seen.len() + 1);
        let rows = ada.get(&path).await.expect(200).rows();
        assert!(!rows.is_empty(), "{} of {ROOMS} rooms can be reached", seen.len());
        seen.extend(column(&rows, "chat_room_id"));
    }
    assert!(seen.is_sorted_by(|one, other| one.as_u64() > other.as_u64()), "{seen:?}");
    let beyond = ada.get(&format!("/chat_rooms?offset={}", ROOMS + 1)).await.expect(200).rows();
    assert_eq!(json!(beyond), json!([]));
}
