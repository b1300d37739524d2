//! `POST /login`.

use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tests::{Answer, Applicant, Caller as _, Stack, User, unique};

async fn login(stack: &Stack, body: &Value) -> Answer {
    stack.anonymous().post("/login").json(body).await
}

#[tokio::test]
async fn the_address_or_the_user_name_and_the_password_give_a_token() {
    let stack = Stack::shared().await;
    let ada = Applicant::named().join(&stack).await;
    let Applicant { email, password, user_name, .. } = &ada.applicant;
    let name = user_name.as_deref().expect("a name");
    let ways = [
        json!({"email": email, "password": password}),
        json!({"email": email.to_uppercase(), "password": password}),
        json!({"user_name": name, "password": password}),
        json!({"user_name": name.to_uppercase(), "password": password}),
    ];
    for way in ways {
        let answer = login(&stack, &way).await.expect(200).json();
        assert_eq!(answer.as_object().map(|answer| answer.len()), Some(1), "{answer}");
        assert!(answer["token"].is_string(), "{answer}");
    }
    let form = [("email", email.as_str()), ("password", password)];
    stack.anonymous().post("/login").form(&form).await.expect(200);
}

#[tokio::test]
async fn every_login_is_a_session_of_its_own() {
    let stack = Stack::shared().await;
    let ada = Applicant::new().join(&stack).await;
    let again = ada.again(&stack).await;
    assert_ne!(ada.token, again.token);
    ada.get("/logout").await.expect(200);
    ada.get("/chats").await.refused(401);
    again.get("/chats").await.expect(200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let stack = Stack::shared().await;
    let ada = Applicant::named().join(&stack).await;
    let Applicant { email, password, user_name, .. } = &ada.applicant;
    let unknown = Applicant::named();
    let ways = [
        json!({"email": email, "password": "wrong password"}),
        json!({"email": email, "password": password.to_uppercase()}),
        json!({"email": email, "password": "x".repeat(100_000)}),
        json!({"email": email, "password": ""}),
        json!({"email": unknown.email, "password": password}),
        json!({"email": "no address", "password": password}),
        json!({"user_name": user_name, "password": "wrong password"}),
        json!({"user_name": unknown.user_name, "password": password}),
        json!({"user_name": email, "password": password}),
    ];
    let mut bodies = Vec::new();
    for way in ways {
        let answer = login(&stack, &way).await;
        answer.refused(401);
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn what_is_no_login_is_refused() {
    let stack = Stack::shared().await;
    let email = format!("{}@example.com", unique("ada"));
    let wrong = [
        json!({}),
        json!({"email": email}),
        json!({"password": "a password"}),
        json!({"email": 7, "password": "a password"}),
        json!({"email": email, "password": 7}),
        json!({"email": null, "password": "a password"}),
        json!([email, "a password"]),
    ];
    for body in wrong {
        login(&stack, &body).await.refused(400);
    }
    stack.anonymous().post("/login").body("text/plain", "{}").await.refused(415);
    stack.anonymous().post("/login").body("application/json", "{").await.refused(400);
}

#[tokio::test]
async fn a_name_longer_than_any_can_be_is_just_unknown() {
    let stack = Stack::shared().await;
    let body = json!({"user_name": "x".repeat(3_000), "password": "correct horse"});
    stack.anonymous().post("/login").json(&body).await.refused(401);
}

#[tokio::test]
async fn the_hundred_newest_sessions_stand_and_an_older_one_ends_with_its_sockets() {
    let stack = Stack::shared().await;
    let first = User::new(&stack).await;
    let second = first.again(&stack).await;
    let (mut of_first, mut of_second) = (first.socket().await, second.socket().await);
    // A few at a time: each hashes the password.
    let logins = stream::iter(0..98).map(|_| first.again(&stack)).buffer_unordered(4);
    let others: Vec<_> = logins.collect().await;
    first.get("/users?count=1").await.expect(200);
    let newest = first.again(&stack).await;
    of_first.closed().await;
    first.get("/users?count=1").await.refused(401);
    for user in others.iter().chain([&second, &newest]) {
        user.get("/users?count=1").await.expect(200);
    }
    of_second.so_far().await;
}
