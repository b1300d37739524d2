//! `POST /chat_rooms/{chat_room_id}/read`, and `…/message/read`, which is the same.

use tests::{Caller as _, Stack, User};

use super::whole_history;
use crate::common::text;

/// Both ends.
const PATHS: [&str; 2] = ["read", "message/read"];

#[tokio::test]
async fn reading_sets_the_count_to_0_for_the_reader_alone() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for end in PATHS {
        let room = ada.open_room("Prater").await;
        let path = format!("/chat_rooms/{room}/{end}");
        ada.post_to_room(room, "one").await;
        bob.post_to_room(room, "two").await;
        ada.post_to_room(room, "three").await;
        assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (1, 1));
        for _ in 0..2 {
            bob.post(&path).await.expect(201);
            assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (1, 0));
        }
        ada.post_to_room(room, "four").await;
        assert_eq!((ada.room_unread(room).await, bob.room_unread(room).await), (1, 1));
        assert_eq!(whole_history(&bob, room).await.len(), 4, "reading removes nothing");
    }
}

#[tokio::test]
async fn reading_one_room_reads_no_other() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (here, there) = (ada.open_room("here").await, ada.open_room("there").await);
    for room in [here, there] {
        bob.post_to_room(room, "one").await;
        ada.post_to_room(room, "two").await;
    }
    bob.mark_room_read(here).await;
    assert_eq!((bob.room_unread(here).await, bob.room_unread(there).await), (0, 1));
}

#[tokio::test]
async fn a_body_is_not_needed_and_does_no_harm() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    bob.post_to_room(room, "one").await;
    for end in PATHS {
        bob.post(&format!("/chat_rooms/{room}/{end}")).json(&text("more")).await.expect(201);
        bob.post(&format!("/chat_rooms/{room}/{end}")).form(&[("chat_room_id", "1")]).await.expect(201);
    }
}

#[tokio::test]
async fn who_takes_no_part_is_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    bob.post_to_room(room, "one").await;
    for end in PATHS {
        ada.post(&format!("/chat_rooms/{room}/{end}")).await.refused(403);
    }
    assert!(ada.get("/chat_rooms").await.expect(200).rows().is_empty());
}
