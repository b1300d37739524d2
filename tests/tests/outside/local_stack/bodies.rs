//! Bodies that are too large for a gateway.

use serde_json::json;
use tests::{Caller as _, Stack};

const MB: usize = 1024 * 1024;

#[tokio::test]
async fn over_10_mb_is_413() {
    let stack = Stack::start(&[]).await;
    let body = json!({"email": "x".repeat(10 * MB), "password": "y"}).to_string();
    let answer = stack.anonymous().post("/login").body("application/json", body).await;
    assert_eq!(answer.status, 413);
    stack.anonymous().get("/chats").await.refused(401);
}

#[tokio::test]
async fn over_6_mb_is_more_than_lambda_takes() {
    let stack = Stack::start(&[]).await;
    let body = json!({"email": "x".repeat(7 * MB), "password": "y"}).to_string();
    let answer = stack.anonymous().post("/login").body("application/json", body).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn some_mb_are_the_functions_own_business() {
    let stack = Stack::start(&[]).await;
    let body = json!({"email": "x".repeat(4 * MB), "password": "y"}).to_string();
    stack.anonymous().post("/login").body("application/json", body).await.refused(401);
}
