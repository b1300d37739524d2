//! `POST /api/login`.

use futures::future::join;
use serde_json::json;
use tests::{Answer, Applicant, Caller as _, Guest, Stack, WebUser, unique};

use super::{
    CHATS, LOGIN, LOGOUT, USER, cookies, login, profile, refused_with, sets_no_cookie, signed_in,
    unauthenticated,
};

/// Checks that this login was wrong, and gives what was said of it.
#[track_caller]
fn wrong(answer: &Answer) -> String {
    refused_with(answer, 400, "unauthenticated");
    sets_no_cookie(answer);
    assert_eq!(answer.header("location"), None);
    answer.text()
}

#[tokio::test]
async fn the_name_and_the_password_give_both_cookies() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (id, token) = signed_in(&login(&stack, &ada.name, &ada.password).await.expect(200));
    assert_eq!(id, ada.id);
    let answer = stack.anonymous().get(USER).header("cookie", &cookies(id, &token)).await.expect(200).json();
    assert_eq!(answer["user"]["name"], json!(ada.name));
}

#[tokio::test]
async fn every_spelling_of_the_name_is_the_name() {
    let stack = Stack::shared().await;
    let ada = WebUser::named(&stack, &unique("Émile Straße")).await;
    for name in [
        ada.name.to_lowercase(),
        ada.name.to_uppercase(),
        ada.name.replace('É', "E\u{301}"),
        ada.name.replace("ß", "ss"),
    ] {
        let (id, _) = signed_in(&login(&stack, &name, &ada.password).await.expect(200));
        assert_eq!(id, ada.id, "{name:?}");
    }
    assert_eq!(profile(&ada).await["name"], json!(ada.name), "shown as it was typed");
}

#[tokio::test]
async fn every_login_is_a_session_of_its_own() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (one, other) = join(ada.login(&stack), ada.login(&stack)).await;
    assert!(ada.token != one.token && one.token != other.token && other.token != ada.token);
    for session in [&ada, &one, &other] {
        session.get(CHATS).await.expect(200);
    }
    one.get(LOGOUT).await.expect(200);
    unauthenticated(&one.get(CHATS).await);
    for session in [&ada, &other] {
        session.get(CHATS).await.expect(200);
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_get_the_same_answer() {
    let stack = Stack::shared().await;
    let (ada, guest) = join(WebUser::new(&stack), Guest::new(&stack)).await;
    let unknown = unique("Nobody");
    let long = "x".repeat(100_000);
    let ways = [
        (ada.name.as_str(), "wrong password"),
        (&ada.name, &ada.password.to_uppercase()),
        (&ada.name, &format!("{} ", ada.password)),
        (&ada.name, &ada.name),
        (&ada.name, &ada.token),
        (&ada.name, &long),
        (&unknown, &ada.password),
        (&ada.email, &ada.password),
        (&ada.id.to_string(), &ada.password),
        (&"x".repeat(3_000), &ada.password),
        // Who has a name and no password.
        (&guest.name, &ada.password),
        (&guest.name, &guest.session),
    ];
    let mut bodies = Vec::new();
    for (name, password) in ways {
        bodies.push(wrong(&login(&stack, name, password).await));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    ada.get(CHATS).await.expect(200);
}

#[tokio::test]
async fn an_empty_name_or_password_is_refused() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    for (name, password) in [("", ada.password.as_str()), (&ada.name, ""), ("", "")] {
        let answer = login(&stack, name, password).await;
        answer.refused(400);
        sets_no_cookie(&answer);
    }
}

#[tokio::test]
async fn name_and_password_are_needed_and_more_is_ignored() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (name, password) = (("name", ada.name.as_str()), ("password", ada.password.as_str()));
    let wrong_names = [("user_name", ada.name.as_str()), ("Password", &ada.password)];
    for form in [&[name][..], &[password], &[], &[("email", &ada.email), password], &wrong_names] {
        let answer = stack.anonymous().post(LOGIN).form(form).await;
        refused_with(&answer, 400, "invalid_body");
        sets_no_cookie(&answer);
    }
    let form = [("unknown", "x"), password, ("email", "nonsense"), name];
    let (id, _) = signed_in(&stack.anonymous().post(LOGIN).form(&form).await.expect(200));
    assert_eq!(id, ada.id);
}

#[tokio::test]
async fn the_fields_are_read_from_the_body_alone() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let path = format!("{LOGIN}?name={}&password=correct%20horse%20battery", ada.name);
    refused_with(&stack.anonymous().post(&path).await, 400, "invalid_body");
    refused_with(&stack.anonymous().post(&path).form(&[("name", &ada.name)]).await, 400, "invalid_body");
}

#[tokio::test]
async fn who_registered_by_mail_with_a_name_logs_in_once_confirmed() {
    let stack = Stack::shared().await;
    let applicant = Applicant::named();
    let name = applicant.user_name.clone().expect("a name");
    let link = applicant.register(&stack).await;
    wrong(&login(&stack, &name, &applicant.password).await);
    let id = applicant.confirm(&stack, &link).await;
    let answer = login(&stack, &name.to_uppercase(), &applicant.password).await.expect(200);
    let (signed_in_id, token) = signed_in(&answer);
    assert_eq!(signed_in_id, id);
    let answer = stack.anonymous().get(USER).header("cookie", &cookies(id, &token)).await.expect(200).json();
    assert_eq!(answer, json!({"user": {"id": id, "name": name, "email": applicant.email}}));
}

#[tokio::test]
async fn who_registered_by_mail_without_a_name_cannot_log_in_here() {
    let stack = Stack::shared().await;
    let ada = Applicant::new().join(&stack).await;
    for name in [ada.applicant.email.clone(), ada.full_name(), ada.id.to_string()] {
        wrong(&login(&stack, &name, &ada.applicant.password).await);
    }
}

#[tokio::test]
async fn good_cookies_do_not_stand_in_for_a_password() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let form = [("name", ada.name.as_str()), ("password", "wrong password")];
    wrong(&ada.post(LOGIN).form(&form).await);
    ada.get(CHATS).await.expect(200);
    let form = [("name", ada.name.as_str()), ("password", &ada.password)];
    let (id, token) = signed_in(&ada.post(LOGIN).form(&form).await.expect(200));
    assert_eq!(id, ada.id);
    assert_ne!(token, ada.token);
}

#[tokio::test]
async fn a_login_for_a_header_is_another_thing() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let answer = ada.header_user(&stack).await.get("/users?count=1").await.expect(200);
    sets_no_cookie(&answer);
    let body = json!({"user_name": ada.name.to_uppercase(), "password": ada.password});
    sets_no_cookie(&stack.anonymous().post("/login").json(&body).await.expect(200));
    // The address is nobody's before it is confirmed.
    let body = json!({"email": ada.email, "password": ada.password});
    stack.anonymous().post("/login").json(&body).await.refused(401);
}
