//! What is not there, and slashes.

use http::Method;
use tests::{Caller as _, Stack, User};

#[tokio::test]
async fn unknown_paths_are_404_in_the_envelope() {
    let stack = Stack::shared().await;
    let unknown =
        ["/", "/nothing", "/chats/unread/more/still", "/%2e%2e/etc/passwd", "/Chats", "/users/1", "/ä"];
    for path in unknown {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            stack.anonymous().call(method, path).await.refused(404);
        }
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_is_not_there_either() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for (method, path) in [
        (Method::GET, "/login"),
        (Method::PUT, "/register"),
        (Method::POST, "/users"),
        (Method::DELETE, "/chats"),
        (Method::PATCH, "/chats/1"),
    ] {
        let answer = ada.call(method, path).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 404 | 405), "{} gave {status}", answer.question);
        answer.refused(status);
    }
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "hello").await;
    for path in [
        "/users",
        "/chats",
        "/chats/unread",
        &format!("/chats/{chat}"),
        &format!("/chats/{}/{}", ada.id, bob.id),
    ] {
        ada.get(path).await.expect(200);
        ada.get(&format!("{path}/")).await.expect(200);
    }
    let rows = ada.get(&format!("/chats/{chat}/?count=1")).await.expect(200).rows();
    assert_eq!(rows.len(), 1);
}
