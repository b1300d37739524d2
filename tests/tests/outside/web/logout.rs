//! `GET /api/logout`.

use http::Method;
use tests::{Caller as _, Stack, WebUser};

use super::{CHATS, LOGOUT, Scene, USER, cookies_of, signed_out, unauthenticated};

#[tokio::test]
async fn both_cookies_are_blanked() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    signed_out(&ada.get(LOGOUT).await);
    let ada = ada.login(&stack).await;
    signed_out(&ada.get(&format!("{LOGOUT}/")).await);
}

#[tokio::test]
async fn the_session_is_dead_everywhere_at_once() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let again = scene.ada.login(&stack).await;
    signed_out(&scene.ada.get(LOGOUT).await);
    scene.is_nobody(&cookies_of(&scene.ada)).await;
    Scene { ada: again, ..scene }.is_untouched().await;
}

#[tokio::test]
async fn all_other_sessions_stay() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (again, by_header) = (ada.login(&stack).await, ada.header_user(&stack).await);
    signed_out(&ada.get(LOGOUT).await);
    again.get(CHATS).await.expect(200);
    by_header.get("/chats").await.expect(200);
    by_header.get("/logout").await.expect(200);
    by_header.get("/chats").await.refused(401);
    again.get(CHATS).await.expect(200);
    ada.login(&stack).await.get(USER).await.expect(200);
}

#[tokio::test]
async fn good_cookies_are_needed() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    unauthenticated(&stack.anonymous().get(LOGOUT).await);
    let blank = "user_id= ; token= ";
    unauthenticated(&stack.anonymous().get(LOGOUT).header("cookie", blank).await);
    signed_out(&ada.get(LOGOUT).await);
    unauthenticated(&ada.get(LOGOUT).await);
}

#[tokio::test]
async fn of_four_logouts_at_once_one_ends_the_session() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let answers = futures::future::join_all((0..4).map(|_| ada.get(LOGOUT).into_future())).await;
    // Whoever comes before the end of the session is told of it, too.
    assert!(answers.iter().any(|answer| answer.status == 200), "{answers:?}");
    for answer in answers {
        if answer.status == 200 { signed_out(&answer) } else { unauthenticated(&answer) }
    }
    unauthenticated(&ada.get(USER).await);
}

#[tokio::test]
async fn a_look_does_not_log_out() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    ada.call(Method::HEAD, LOGOUT).await.expect(404);
    ada.get(CHATS).await.expect(200);
}

#[tokio::test]
async fn the_tokens_other_name_logs_out_as_well() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let cookie = format!("access_token={}; user_id={}", ada.token, ada.id);
    signed_out(&stack.anonymous().get(LOGOUT).header("cookie", &cookie).await);
    unauthenticated(&ada.get(CHATS).await);
}
