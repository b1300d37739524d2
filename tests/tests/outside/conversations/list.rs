//! `GET /api/conversations`: every conversation there is.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller as _, Guest, Stack, unique};

use super::{CONVERSATIONS, beginner, guests};
use crate::common::{column, fields};

/// Most conversations of a page.
const MOST: usize = 100;

/// The conversations of every page, each page with this many.
async fn walk(guest: &Guest, count: usize) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut path = format!("{CONVERSATIONS}?count={count}");
    loop {
        let page = guest.get(&path).await.expect(200).json();
        assert_eq!(fields(&page), ["conversations", "next"]);
        let rows = page["conversations"].as_array().expect("conversations").clone();
        assert!(pages.is_empty() || !rows.is_empty(), "next leads to an empty page");
        pages.push(rows);
        if page["next"].is_null() {
            return pages;
        }
        assert!(page["next"].is_u64(), "{}", page["next"]);
        path = format!("{CONVERSATIONS}?count={count}&next={}", page["next"]);
    }
}

#[tokio::test]
async fn everybody_sees_the_conversations_of_all() {
    let stack = Stack::shared().await;
    let people = guests(&stack, 3).await;
    for beginner in &people {
        let title = unique("Title");
        let conversation = beginner.open(&title).await;
        let expected = json!({"title": title, "msgcount": 0, "url": conversation});
        for reader in people.iter().chain([&Guest::new(&stack).await]) {
            assert_eq!(reader.listed(&conversation).await, expected);
        }
    }
}

#[tokio::test]
async fn msgcount_is_how_many_messages_there_are() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let bob = Guest::new(&stack).await;
    for count in 1..=12 {
        let author = if count % 2 == 0 { &ada } else { &bob };
        author.say(&conversation, "hello").await;
        assert_eq!((ada.msgcount(&conversation).await, bob.msgcount(&conversation).await), (count, count));
    }
}

#[tokio::test]
async fn the_oldest_comes_first() {
    let stack = Stack::shared().await;
    let people = guests(&stack, 3).await;
    let mut begun = Vec::new();
    for number in 0..9 {
        begun.push(people[number % 3].open("One of nine").await);
    }
    // A message does not move it.
    people[0].say(&begun[0], "hello").await;
    let mut listed = column(&people[0].conversations().await, "url");
    listed.retain(|url| begun.iter().any(|begun| *url == **begun));
    assert_eq!(listed, begun);
}

#[tokio::test]
async fn next_continues_until_it_is_null() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let begun: BTreeSet<_> = join_all((0..45).map(|_| ada.open("One of many"))).await.into_iter().collect();
    assert_eq!(begun.len(), 45);
    for count in [20, 33] {
        let pages = walk(&ada, count).await;
        assert!(pages.len() > 1, "{count}");
        let (last, full) = pages.split_last().expect("a page");
        assert!(full.iter().all(|page| page.len() == count) && last.len() <= count, "pages of {count}");
        let urls: Vec<_> = column(&pages.concat(), "url");
        let different: BTreeSet<_> = urls.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        assert_eq!(different.len(), urls.len(), "nothing comes twice");
        assert!(begun.is_subset(&different), "everything comes");
    }
}

#[tokio::test]
async fn what_is_begun_during_a_walk_comes_later_in_it() {
    let stack = Stack::shared().await;
    let (ada, _) = beginner(&stack).await;
    ada.open("The second one").await;
    let first = ada.get(&format!("{CONVERSATIONS}?count=1")).await.expect(200).json();
    let begun = ada.open("The third one").await;
    let mut next = first["next"].clone();
    let mut rest = Vec::new();
    while !next.is_null() {
        let page = ada.get(&format!("{CONVERSATIONS}?count=100&next={next}")).await.expect(200).json();
        rest.extend(column(page["conversations"].as_array().expect("conversations"), "url"));
        next = page["next"].clone();
    }
    assert_eq!(rest.iter().filter(|url| **url == *begun).count(), 1);
    assert!(!rest.contains(&first["conversations"][0]["url"]));
}

#[tokio::test]
async fn a_page_has_50_conversations_and_at_most_100() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    for _ in 0..=MOST / 10 {
        join_all((0..10).map(|_| ada.open("One of many"))).await;
    }
    for (query, expected) in [("", 50), ("?count=1", 1), ("?count=101", MOST), ("?count=99999999999", MOST)] {
        let page = ada.get(&format!("{CONVERSATIONS}{query}")).await.expect(200).json();
        assert_eq!(page["conversations"].as_array().map(Vec::len), Some(expected), "{query}");
        assert!(page["next"].is_u64(), "{query}");
    }
}

#[tokio::test]
async fn nonsense_is_refused_and_a_trailing_slash_is_the_same_path() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    for query in ["count=0", "count=-1", "count=x", "count=1.5", "next=x", "next=-1"] {
        ada.get(&format!("{CONVERSATIONS}?{query}")).await.refused(400);
    }
    ada.open("A conversation").await;
    let [plain, slash] = ["?count=1", "/?count=1"].map(|end| ada.get(&format!("{CONVERSATIONS}{end}")));
    let [plain, slash] = [plain.await.expect(200).json(), slash.await.expect(200).json()];
    assert_eq!(column_of(&plain), column_of(&slash));
}

/// Which conversations a page has: how many messages they have may change.
fn column_of(page: &Value) -> Vec<Value> {
    column(page["conversations"].as_array().expect("conversations"), "url")
}
