//! `GET /users`.

use serde_json::{Value, json};
use tests::{Applicant, Caller as _, Stack, User};

use crate::common::{column, fields, is_moment};

#[tokio::test]
async fn every_user_is_listed_with_its_names_and_presence() {
    let stack = Stack::shared().await;
    let ada = Applicant::named().join(&stack).await;
    let seen = ada.seen_by(&ada).await;
    assert_eq!(fields(&seen), ["first_name", "last_name", "last_seen", "online", "user_id", "user_name"]);
    let Applicant { first_name, last_name, user_name, .. } = &ada.applicant;
    let expected = json!({
        "user_id": ada.id, "user_name": user_name, "first_name": first_name, "last_name": last_name,
        "online": false, "last_seen": null,
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_user_without_a_user_name_has_null() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    assert_eq!(ada.seen_by(&ada).await["user_name"], Value::Null);
}

#[tokio::test]
async fn presence_follows_the_sockets() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let socket = ada.socket().await;
    assert_eq!(ada.seen_by(&bob).await["online"], true);
    let mut watching = bob.socket().await;
    socket.close().await;
    watching
        .expect("the end of the last socket", |frame| frame["user_id"] == ada.id && frame["login"] == false)
        .await;
    let seen = ada.seen_by(&bob).await;
    assert_eq!(seen["online"], false);
    assert!(is_moment(&seen["last_seen"]), "{seen}");
}

#[tokio::test]
async fn next_continues_until_it_is_null() {
    let stack = Stack::shared().await;
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(User::new(&stack).await);
    }
    let mut seen = Vec::new();
    let mut next = json!(null);
    loop {
        let path =
            if next.is_null() { "/users?count=2".to_owned() } else { format!("/users?count=2&next={next}") };
        let page = people[0].get(&path).await.expect(200).json();
        assert_eq!(fields(&page), ["next", "users"]);
        let users = page["users"].as_array().expect("users");
        assert!(users.len() <= 2, "{page}");
        seen.extend(column(users, "user_id"));
        next = page["next"].clone();
        if next.is_null() {
            break;
        }
        assert_eq!(users.len(), 2, "a page before the last is full: {page}");
    }
    for user in &people {
        assert_eq!(seen.iter().filter(|id| **id == user.id).count(), 1, "{} in {seen:?}", user.id);
    }
}

#[tokio::test]
async fn a_count_over_the_maximum_is_cut_and_nonsense_is_refused() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let page = ada.get("/users?count=1000000").await.expect(200).json();
    assert!(page["users"].as_array().is_some_and(|users| (1..=100).contains(&users.len())), "{page}");
    for query in ["count=0", "count=-1", "count=x", "count=1.5", "next=x", "next=-1"] {
        ada.get(&format!("/users?{query}")).await.refused(400);
    }
}
