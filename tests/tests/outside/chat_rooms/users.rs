//! `GET /chat_rooms/{chat_room_id}/users`.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

use super::{people, room_of};
use crate::common::{fields, is_moment};

fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|row| row["user_id"].as_u64().expect("a user_id")).collect()
}

#[tokio::test]
async fn rows_say_who_has_come_and_when() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("Prater").await;
    for user in [&bob, &ada, &bob] {
        user.post_to_room(room, "hello").await;
    }
    let opened = room_of(&ada, room).await["created_at"].clone();
    for user in [&ada, &bob, &User::new(&stack).await] {
        let rows = user.get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows();
        assert_eq!(ids(&rows).into_iter().collect::<BTreeSet<_>>(), [ada.id, bob.id].into());
        assert_eq!(rows.len(), 2);
        for row in &rows {
            assert_eq!(fields(row), ["chat_room_id", "created_at", "user_id"]);
            assert_eq!(row["chat_room_id"], json!(room));
            assert!(is_moment(&row["created_at"]), "{row}");
            assert!(row["created_at"].as_str() >= opened.as_str(), "{row} in a room of {opened}");
        }
        let since = |user: &User| {
            rows.iter().find(|row| row["user_id"] == user.id).and_then(|row| row["created_at"].as_str())
        };
        assert!(since(&bob) <= since(&ada), "{rows:?}");
    }
}

#[tokio::test]
async fn the_moment_stays_the_one_of_the_first_message() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    ada.post_to_room(room, "one").await;
    let users = async || ada.get(&format!("/chat_rooms/{room}/users")).await.expect(200).json();
    let before = users().await;
    ada.post_to_room(room, "two").await;
    ada.mark_room_read(room).await;
    assert_eq!(users().await, before);
}

#[tokio::test]
async fn count_and_offset_choose_a_part() {
    let stack = Stack::shared().await;
    let everybody = people(&stack, 5).await;
    let ada = &everybody[0];
    let room = ada.open_room("Prater").await;
    for user in &everybody {
        user.post_to_room(room, "hello").await;
    }
    let part = async |query: &str| {
        ids(&ada.get(&format!("/chat_rooms/{room}/users{query}")).await.expect(200).rows())
    };
    let all = part("").await;
    assert_eq!(all.len(), 5);
    assert_eq!(part("?count=100000&unknown=1").await, all);
    assert_eq!(part("?count=2").await, all[..2]);
    assert_eq!(part("?count=2&offset=1").await, all[..2]);
    assert_eq!(part("?count=2&offset=3").await, all[2..4]);
    assert_eq!(part("?offset=5").await, all[4..]);
    assert!(part("?offset=6").await.is_empty());
    for query in
        ["count=0", "count=-1", "count=x", "count=", "offset=0", "offset=-1", "offset=1.5", "offset=x"]
    {
        ada.get(&format!("/chat_rooms/{room}/users?{query}")).await.refused(400);
    }
}

#[tokio::test]
async fn more_than_a_page_of_people_comes_whole() {
    const PEOPLE: usize = 104;
    let stack = Stack::shared().await;
    let mut everybody = Vec::new();
    for _ in 0..PEOPLE / 8 {
        everybody.extend(people(&stack, 8).await);
    }
    let room = everybody[0].open_room("Prater").await;
    join_all(everybody.iter().map(|user| user.post_to_room(room, "hello"))).await;
    let rows = everybody[0].get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows();
    assert_eq!(rows.len(), PEOPLE);
    let shown: BTreeSet<_> = ids(&rows).into_iter().collect();
    assert_eq!(shown, everybody.iter().map(|user| user.id).collect());
}
