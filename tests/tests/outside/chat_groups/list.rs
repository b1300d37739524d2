//! `GET /chat_groups`: every group there is.

use std::collections::BTreeSet;

use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

use super::NO_GROUP;
use crate::common::{column, fields};

/// Most groups of a page.
const MOST: usize = 100;

#[tokio::test]
async fn rows_say_whether_the_caller_is_a_member() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("A group").await;
    let row = bob.listed_group(group).await;
    let expected =
        ["chat_group_id", "chat_group_name", "created_at", "is_member", "owner_id", "unread_count"];
    assert_eq!(fields(&row), expected);
    assert_eq!((&row["is_member"], &row["unread_count"]), (&json!(false), &json!(0)));
    assert_eq!((&row["chat_group_name"], &row["owner_id"]), (&json!("A group"), &json!(ada.id)));

    bob.enter(group).await;
    assert_eq!(bob.listed_group(group).await["is_member"], true);
    assert_eq!(User::new(&stack).await.listed_group(group).await["is_member"], false);
}

#[tokio::test]
async fn next_continues_by_id_until_it_is_null() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut groups = Vec::new();
    for name in ["one", "two", "three"] {
        groups.push(ada.create_group(name).await);
    }
    let mut seen: Vec<u64> = Vec::new();
    let mut path = "/chat_groups?count=2".to_owned();
    loop {
        let page = ada.get(&path).await.expect(200).json();
        assert_eq!(fields(&page), ["chat_groups", "next"]);
        let rows = page["chat_groups"].as_array().expect("chat_groups");
        assert!(rows.len() <= 2, "{page}");
        seen.extend(column(rows, "chat_group_id").iter().filter_map(Value::as_u64));
        if page["next"].is_null() {
            break;
        }
        assert_eq!(rows.len(), 2, "a page before the last is full: {page}");
        let next = page["next"].as_str().map_or_else(|| page["next"].to_string(), str::to_owned);
        path = format!("/chat_groups?count=2&next={next}");
    }
    assert!(seen.is_sorted_by(|one, other| one < other), "{seen:?}");
    let seen: BTreeSet<_> = seen.into_iter().collect();
    assert!(groups.iter().all(|group| seen.contains(group)), "{groups:?} in {seen:?}");
}

#[tokio::test]
async fn a_page_has_50_groups_and_at_most_100() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for _ in 0..=MOST / 10 {
        join_all((0..10).map(|_| ada.create_group("One of many"))).await;
    }
    for (query, expected) in [("", 50), ("?count=1", 1), ("?count=101", MOST), ("?count=99999999999", MOST)] {
        let page = ada.get(&format!("/chat_groups{query}")).await.expect(200).json();
        assert_eq!(page["chat_groups"].as_array().map(Vec::len), Some(expected), "{query}");
        assert!(!page["next"].is_null(), "{query}");
    }
    for query in ["count=0", "count=-1", "count=x", "count=1.5", "next=x"] {
        ada.get(&format!("/chat_groups?{query}")).await.refused(400);
    }
}

#[tokio::test]
async fn without_a_token_every_path_is_401() {
    let stack = Stack::shared().await;
    let group = User::new(&stack).await.create_group("A group").await;
    for path in ["/chat_groups".to_owned(), format!("/chat_groups/{group}")] {
        for method in [Method::GET, Method::PUT] {
            let call = stack.anonymous().call(method, &path).json(&json!({"chat_group_name": "Mine"}));
            call.await.refused(401);
        }
    }
    stack.anonymous().post("/chat_groups").json(&json!({"chat_group_name": "Mine"})).await.refused(401);
    stack.anonymous().delete(&format!("/chat_groups/{group}/presence")).await.refused(401);
    stack.anonymous().get(&format!("/chat_groups/{NO_GROUP}")).await.refused(401);
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let body = json!({"chat_group_name": "A group"});
    let made = ada.post("/chat_groups/").json(&body).await.expect(201).json();
    let group = &made["chat_group_id"];
    ada.get("/chat_groups/?count=1").await.expect(200);
    ada.get(&format!("/chat_groups/{group}/")).await.expect(200);
    ada.put(&format!("/chat_groups/{group}/")).json(&body).await.expect(200);
    let body = json!({"chat_group_id": group, "chat_group_name": "Another name"});
    ada.put("/chat_groups/").json(&body).await.expect(200);
    ada.delete(&format!("/chat_groups/{group}/presence/")).await.expect(204);
}
