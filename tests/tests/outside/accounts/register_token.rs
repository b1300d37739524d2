//! `GET /register/{token}`.

use http::header::ACCEPT;
use serde_json::json;
use tests::{Applicant, Caller as _, Stack, unique};

use crate::common::fields;

/// The largest integer that a JavaScript client can hold.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

#[tokio::test]
async fn the_link_makes_the_account_once() {
    let stack = Stack::shared().await;
    let ada = Applicant::named();
    let path = format!("/register/{}", ada.register(&stack).await);

    let user = stack.anonymous().get(&path).await.expect(201).json();
    assert_eq!(fields(&user), ["first_name", "last_name", "user_id", "user_name"]);
    assert_eq!(user["user_name"], json!(ada.user_name));
    assert_eq!((&user["first_name"], &user["last_name"]), (&json!(ada.first_name), &json!(ada.last_name)));
    let id = user["user_id"].as_u64().expect("an id");
    assert!((1..=MAX_SAFE_INTEGER).contains(&id), "{id}");

    stack.anonymous().get(&path).await.refused(404);
    ada.login(&stack).await;
}

#[tokio::test]
async fn nobody_can_log_in_before() {
    let stack = Stack::shared().await;
    let ada = Applicant::new();
    ada.register(&stack).await;
    let body = json!({"email": ada.email, "password": ada.password});
    stack.anonymous().post("/login").json(&body).await.refused(401);
}

#[tokio::test]
async fn a_browser_gets_a_page() {
    let stack = Stack::shared().await;
    let path = format!("/register/{}", Applicant::new().register(&stack).await);
    let accept = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
    for status in [201, 404] {
        let page = stack.anonymous().get(&path).header(ACCEPT.as_str(), accept).await.expect(status);
        assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
        assert!(page.text().contains("<html"), "{page:?}");
    }
}

#[tokio::test]
async fn unknown_links_are_not_there() {
    let stack = Stack::shared().await;
    for token in ["x", "0", "%00", "%2e%2e", "ä", &unique("no"), &"a".repeat(2_000)] {
        stack.anonymous().get(&format!("/register/{token}")).await.refused(404);
    }
}

#[tokio::test]
async fn of_two_links_to_one_address_the_first_opened_wins() {
    let stack = Stack::shared().await;
    let ada = Applicant::new();
    let other =
        Applicant { email: ada.email.clone(), password: "another password".to_owned(), ..Applicant::new() };
    let first = ada.register(&stack).await;
    let second = other.register(&stack).await;
    ada.confirm(&stack, &first).await;
    let answer = stack.anonymous().get(&format!("/register/{second}")).await;
    answer.refused(409);
    ada.login(&stack).await;
    let body = json!({"email": other.email, "password": other.password});
    stack.anonymous().post("/login").json(&body).await.refused(401);
}

#[tokio::test]
async fn of_two_clicks_at_once_one_makes_the_account() {
    let stack = Stack::shared().await;
    let ada = Applicant::new();
    let path = format!("/register/{}", ada.register(&stack).await);
    let clicks = futures::future::join_all((0..4).map(|_| stack.anonymous().get(&path).into_future())).await;
    let made = clicks.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{clicks:?}");
    for answer in clicks.iter().filter(|answer| answer.status != 201) {
        answer.refused(404);
    }
}

#[tokio::test]
async fn a_look_at_the_link_does_not_use_it() {
    let stack = Stack::shared().await;
    let path = format!("/register/{}", Applicant::new().register(&stack).await);
    stack.anonymous().call(http::Method::HEAD, &path).await.expect(404);
    stack.anonymous().get(&path).await.expect(201);
}
