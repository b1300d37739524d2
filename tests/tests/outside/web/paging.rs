//! The pages of `GET /api/chats/{chat_id}`: `count`, `next` and `until`, with messages deleted between and during
//! walks. What is random prints its seed on failure, and `TEST_SEED` repeats it.

use futures::future::join_all;
use proptest::prelude::RngExt as _;
use serde_json::{Value, json};
use tests::{Caller as _, Stack, WebUser, random, seed};

use super::{chat_path, is_ok, message_path, pair_in_chat, refused_with};
use crate::common::{column, fields, is_moment};

/// Most messages of a page.
const MOST: usize = 100;
/// Messages of a page where nothing is said of it.
const USUAL: usize = 50;

/// A page: its messages, and where older ones continue.
async fn page(user: &WebUser, chat: u64, query: &str) -> (Vec<Value>, Value) {
    let page = user.get(&format!("{}{query}", chat_path(chat))).await.expect(200).json();
    assert_eq!(fields(&page), ["messages", "next"]);
    let rows = page["messages"].as_array().expect("messages").clone();
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_u64().expect("an id")).collect();
    assert!(ids.is_sorted_by(|one, other| one < other), "{query}: {ids:?}");
    let times: Vec<_> = rows.iter().map(|row| row["time"].as_str().expect("a time")).collect();
    assert!(times.is_sorted_by(|one, other| one < other), "{query}: {times:?}");
    (rows, page["next"].clone())
}

/// The query of a page.
fn query(count: Option<usize>, parameter: &str, place: &Value) -> String {
    let count = count.map(|count| format!("count={count}"));
    let place = place.as_str().map(|place| format!("{parameter}={place}"));
    format!("?{}", count.into_iter().chain(place).collect::<Vec<_>>().join("&"))
}

/// Walks from the newest message to the oldest one, and gives all of them in ascending order. Every page but the last
/// one is full.
async fn walk(user: &WebUser, chat: u64, count: Option<usize>, parameter: &str) -> Vec<Value> {
    let size = count.unwrap_or(USUAL).min(MOST);
    let mut all: Vec<Value> = Vec::new();
    let mut place = Value::Null;
    loop {
        let (mut rows, next) = page(user, chat, &query(count, parameter, &place)).await;
        assert!(rows.len() <= size, "{} of {size}", rows.len());
        assert!(!rows.is_empty() || place.is_null(), "next led to an empty page");
        assert!(next.is_null() || rows.len() == size, "a page before the last has {} of {size}", rows.len());
        if let Some(oldest) = rows.first().filter(|_| !next.is_null()) {
            assert_eq!(next, oldest["time"]);
        }
        rows.append(&mut all);
        all = rows;
        if next.is_null() {
            return all;
        }
        place = next;
    }
}

/// Two people in a chat with so many messages, by turns, and all of them.
async fn talk(stack: &Stack, count: usize) -> ([WebUser; 2], u64, Vec<Value>) {
    let (people, chat) = pair_in_chat(stack).await;
    for number in 1..=count {
        people[number % 2].say(chat, &format!("number {number}")).await;
    }
    let (mut rows, next) = page(&people[0], chat, "?count=100").await;
    if let Some(until) = next.as_str() {
        rows = [page(&people[0], chat, &format!("?count=100&until={until}")).await.0, rows].concat();
    }
    assert_eq!(column(&rows, "id"), (1..=count as u64).collect::<Vec<_>>());
    (people, chat, rows)
}

/// Deletes a message by its author.
async fn delete(people: &[WebUser; 2], chat: u64, row: &Value) {
    let id = row["id"].as_u64().expect("an id");
    let author = people.iter().find(|user| row["sender_id"] == user.id).expect("an author");
    is_ok(&author.delete(&message_path(chat, id)).await, 200);
}

#[tokio::test]
async fn the_newest_fifty_come_unless_more_or_fewer_are_asked_for() {
    let stack = Stack::shared().await;
    let ([ada, _], chat, rows) = talk(&stack, 105).await;
    for (query, count) in [
        ("", 50),
        ("?count=1", 1),
        ("?count=49", 49),
        ("?count=50", 50),
        ("?count=99", 99),
        ("?count=100", 100),
        ("?count=101", 100),
        ("?count=105", 100),
        ("?count=99999999999999999999999", 100),
        ("/?count=2", 2),
        ("?unknown=1", 50),
    ] {
        let (page, next) = page(&ada, chat, query).await;
        assert_eq!(page, rows[105 - count..], "{query}");
        assert_eq!(next, page[0]["time"], "{query}");
    }
}

#[tokio::test]
async fn next_is_null_where_nothing_older_is_left() {
    let stack = Stack::shared().await;
    let (people, chat, rows) = talk(&stack, 10).await;
    let ada = &people[0];
    for (count, next) in [(9, &rows[1]["time"]), (10, &Value::Null), (11, &Value::Null), (100, &Value::Null)]
    {
        assert_eq!(page(ada, chat, &format!("?count={count}")).await.1, *next, "{count}");
    }
    let oldest = rows[0]["time"].as_str().expect("a time");
    assert_eq!(page(ada, chat, &format!("?until={oldest}")).await, (Vec::new(), Value::Null));
    // What is deleted is not left.
    delete(&people, chat, &rows[0]).await;
    delete(&people, chat, &rows[1]).await;
    assert_eq!(page(ada, chat, "?count=8").await, (rows[2..].to_vec(), Value::Null));
    assert_eq!(page(ada, chat, "?count=7").await, (rows[3..].to_vec(), rows[3]["time"].clone()));
}

#[tokio::test]
async fn until_is_exclusive_and_next_is_the_same() {
    let stack = Stack::shared().await;
    let (people, chat, rows) = talk(&stack, 25).await;
    for parameter in ["until", "next"] {
        for (place, row) in rows.iter().enumerate() {
            let time = row["time"].as_str().expect("a time");
            for count in [1, 7, 100] {
                let (page, next) =
                    page(&people[1], chat, &format!("?{parameter}={time}&count={count}")).await;
                let first = place.saturating_sub(count);
                assert_eq!(page, rows[first..place], "{parameter}={time}&count={count}");
                let expected = if first == 0 { Value::Null } else { rows[first]["time"].clone() };
                assert_eq!(next, expected, "{parameter}={time}&count={count}");
            }
        }
        let beyond = format!("?{parameter}=2100-01-01T00:00:00.000Z&count=100");
        assert_eq!(page(&people[1], chat, &beyond).await, (rows.clone(), Value::Null));
        let before = format!("?{parameter}=2000-01-01T00:00:00.000Z");
        assert_eq!(page(&people[1], chat, &before).await, (Vec::new(), Value::Null));
    }
}

#[tokio::test]
async fn walks_of_every_step_give_every_message_once() {
    let stack = Stack::shared().await;
    let ([ada, bob], chat, rows) = talk(&stack, 120).await;
    for count in [Some(1), Some(7), Some(40), Some(60), Some(99), Some(100), Some(120), Some(121), None] {
        assert_eq!(walk(&ada, chat, count, "next").await, rows, "{count:?}");
    }
    assert_eq!(walk(&bob, chat, Some(9), "until").await, rows);
}

#[tokio::test]
async fn walks_give_what_is_left_whatever_was_deleted() {
    let mut rng = random(seed(), 0);
    let stack = Stack::shared().await;
    let (people, chat, mut rows) = talk(&stack, 90).await;
    for _ in 0..6 {
        // Some at random, a run of them, and now and then the newest or the oldest.
        for _ in 0..5 {
            delete(&people, chat, &rows.remove(rng.random_range(0..rows.len()))).await;
        }
        let run = rng.random_range(0..rows.len() - 5);
        let gone: Vec<_> = rows.drain(run..run + 5).collect();
        for row in &gone {
            delete(&people, chat, row).await;
        }
        let end = if rng.random_range(0..2) == 0 { 0 } else { rows.len() - 1 };
        delete(&people, chat, &rows.remove(end)).await;

        let count = rng.random_range(1..=20);
        for count in [Some(count), Some(1), Some(rows.len()), Some(rows.len() + 1), None] {
            assert_eq!(walk(&people[0], chat, count, "next").await, rows, "{count:?}");
        }
        let place = rng.random_range(0..rows.len());
        let until = rows[place]["time"].as_str().expect("a time");
        let (page, _) = page(&people[1], chat, &format!("?until={until}&count={count}")).await;
        assert_eq!(page, rows[place.saturating_sub(count)..place]);
    }
}

#[tokio::test]
async fn a_walk_goes_on_though_messages_are_deleted_and_posted_meanwhile() {
    let mut rng = random(seed(), 0);
    let stack = Stack::shared().await;
    let (people, chat, _) = talk(&stack, 80).await;
    for parameter in ["next", "until"] {
        let before = walk(&people[0], chat, Some(100), "next").await;
        let mut left = before.clone();
        let mut walked: Vec<Value> = Vec::new();
        let mut place = Value::Null;
        loop {
            let (mut messages, next) = page(&people[0], chat, &query(Some(10), parameter, &place)).await;
            messages.append(&mut walked);
            walked = messages;
            place = next;
            if place.is_null() {
                break;
            }
            // Some that are still to come, the one that `next` names among them, one that was there, and a new one.
            let (seen, to_come): (Vec<_>, Vec<_>) =
                left.iter().cloned().partition(|row| row["time"].as_str() >= place.as_str());
            let mut gone = vec![seen[0].clone()];
            gone.extend(
                (0..2).filter_map(|_| to_come.get(rng.random_range(0..to_come.len().max(1))).cloned()),
            );
            gone.dedup();
            for row in &gone {
                delete(&people, chat, row).await;
                left.retain(|other| other != row);
                // What was seen before stays seen.
                if row["time"].as_str() >= place.as_str() {
                    assert!(walked.contains(row), "{row}");
                }
            }
            people[1].say(chat, "the newest").await;
        }
        let still_there: Vec<_> = walked.iter().filter(|row| left.contains(row)).cloned().collect();
        assert_eq!(still_there, left, "everything that was there all the time came once");
        assert!(walked.iter().all(|row| before.contains(row)), "nothing newer came");
        let ids = column(&walked, "id");
        assert!(ids.is_sorted_by(|one, other| one.as_u64() < other.as_u64()), "{ids:?}");
    }
}

#[tokio::test]
async fn a_chat_of_nothing_but_deleted_messages_is_empty() {
    let stack = Stack::shared().await;
    let (people, chat, rows) = talk(&stack, 25).await;
    join_all(rows.iter().map(|row| delete(&people, chat, row))).await;
    let until = rows[20]["time"].as_str().expect("a time");
    for query in ["".to_owned(), "?count=1".to_owned(), format!("?until={until}"), format!("?next={until}")] {
        assert_eq!(page(&people[0], chat, &query).await, (Vec::new(), Value::Null), "{query}");
    }
    assert_eq!(people[0].say(chat, "still here").await, 26);
    let (page, next) = page(&people[1], chat, "?count=1").await;
    assert_eq!((column(&page, "id"), next), (vec![json!(26)], Value::Null));
}

#[tokio::test]
async fn the_time_of_a_deleted_message_is_a_place_all_the_same() {
    let stack = Stack::shared().await;
    let (people, chat, rows) = talk(&stack, 20).await;
    delete(&people, chat, &rows[10]).await;
    let until = rows[10]["time"].as_str().expect("a time");
    assert_eq!(page(&people[0], chat, &format!("?until={until}")).await, (rows[..10].to_vec(), Value::Null));
}

#[tokio::test]
async fn pages_of_the_largest_messages_are_no_larger_than_an_answer_may_be() {
    const ALL: u64 = 101;
    let stack = Stack::shared().await;
    let ([ada, bob], chat) = pair_in_chat(&stack).await;
    // Each of these characters is escaped twice on its way.
    let largest = "\"".repeat(16 * 1024);
    for _ in 0..ALL {
        ada.say(chat, &largest).await;
    }
    let mut walked: Vec<Value> = Vec::new();
    let mut place = Value::Null;
    loop {
        let (mut rows, next) = page(&bob, chat, &query(Some(100), "next", &place)).await;
        assert!(rows.iter().all(|row| row["content"] == json!(largest)));
        rows.append(&mut walked);
        walked = rows;
        if next.is_null() {
            break;
        }
        assert_eq!(next, walked[0]["time"]);
        place = next;
    }
    assert_eq!(column(&walked, "id"), (1..=ALL).collect::<Vec<_>>());
}

#[tokio::test]
async fn nonsense_is_refused() {
    let stack = Stack::shared().await;
    let ([ada, _], chat, rows) = talk(&stack, 1).await;
    assert!(is_moment(&rows[0]["time"]));
    for (query, code) in [
        ("count=0", "invalid_count"),
        ("count=-1", "invalid_query"),
        ("count=x", "invalid_query"),
        ("count=", "invalid_query"),
        ("count=1.5", "invalid_query"),
        ("count=1e1", "invalid_query"),
        ("count=0x1", "invalid_query"),
        ("count=%2B1", "invalid_query"),
        ("until=x", "invalid_until"),
        ("until=", "invalid_until"),
        ("until=1", "invalid_until"),
        ("until=-1", "invalid_until"),
        ("until=2000-01-01", "invalid_until"),
        ("until=2000-13-01T00:00:00.000Z", "invalid_until"),
        ("until=2000-01-01T00:00:00.000", "invalid_until"),
        ("next=x", "invalid_until"),
        ("next=", "invalid_until"),
        ("next=null", "invalid_until"),
        ("next=1700000000000", "invalid_until"),
    ] {
        refused_with(&ada.get(&format!("{}?{query}", chat_path(chat))).await, 400, code);
    }
}
