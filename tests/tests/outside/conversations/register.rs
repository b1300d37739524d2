//! `POST /auth/register`.

use std::collections::BTreeSet;

use futures::future::{join, join_all};
use http::Method;
use serde_json::json;
use tests::{Answer, Applicant, Caller as _, Guest, Stack, User, unique};

use super::{CONVERSATIONS, got_the_name, register};
use crate::common::{column, everybody, user_named};

const PATH: &str = "/auth/register";

/// A new name in forms that people read as the same: É as one character or as two, and every case.
fn same_names() -> Vec<String> {
    let one = unique("Émile");
    let two = one.replace('É', "E\u{301}");
    [one.clone(), one.to_lowercase(), one.to_uppercase(), two.to_lowercase(), two.to_uppercase(), two].into()
}

#[track_caller]
fn sets_no_cookie(answer: &Answer) {
    assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
}

#[tokio::test]
async fn a_new_name_gets_a_cookie_for_thirty_days() {
    let stack = Stack::shared().await;
    let answer = register(&stack, &unique("Ada")).await.expect(200);
    assert_eq!(answer.json(), json!({"status": "success"}));

    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    let [cookie] = cookies[..] else { panic!("not one cookie: {cookies:?}") };
    let mut parts = cookie.to_str().expect("a text").split("; ");
    let token = parts.next().and_then(|pair| pair.strip_prefix("session=")).expect("the session first");
    assert!(token.len() >= 20, "{token:?} can be guessed");
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    assert!(token.bytes().all(is_plain), "{token:?} is no value of a cookie");
    let attributes: BTreeSet<_> = parts.collect();
    assert_eq!(attributes, BTreeSet::from(["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"]));
    let cookie = format!("session={token}");
    stack.anonymous().get(CONVERSATIONS).header("cookie", &cookie).await.expect(200);
}

#[tokio::test]
async fn everybody_gets_a_cookie_of_their_own() {
    let stack = Stack::shared().await;
    let (ada, bob) = join(Guest::new(&stack), Guest::new(&stack)).await;
    assert_ne!(ada.session, bob.session);
}

#[tokio::test]
async fn a_taken_name_gets_no_cookie() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let answer = register(&stack, &ada.name).await.expect(200);
    assert_eq!(answer.json(), json!({"status": "username taken"}));
    sets_no_cookie(&answer);
    ada.get(CONVERSATIONS).await.expect(200);
}

#[tokio::test]
async fn names_are_unique_whatever_their_case_and_unicode_form() {
    let stack = Stack::shared().await;
    let names = same_names();
    assert!(got_the_name(&register(&stack, &names[0]).await));
    for name in &names {
        assert!(!got_the_name(&register(&stack, name).await), "{name:?}");
    }
    let folded = unique("Straße");
    assert!(got_the_name(&register(&stack, &folded).await));
    assert!(!got_the_name(&register(&stack, &folded.to_uppercase()).await));
    assert!(got_the_name(&register(&stack, &unique("Emile")).await), "an accent makes another name");
}

#[tokio::test]
async fn of_fifty_at_once_one_gets_the_name() {
    let stack = Stack::shared().await;
    let reader = User::new(&stack).await;
    let names: Vec<_> = same_names().into_iter().cycle().take(50).collect();
    let answers = join_all(names.iter().map(|name| register(&stack, name))).await;
    let winners: Vec<_> =
        names.iter().zip(&answers).filter(|(_, answer)| got_the_name(answer)).map(|(name, _)| name).collect();
    let [winner] = winners[..] else { panic!("{winners:?} all have the name") };

    let mut listed = column(&everybody(&reader).await, "user_name");
    listed.retain(|listed| names.iter().any(|name| *listed == **name));
    assert_eq!(listed, [winner.as_str()]);
}

#[tokio::test]
async fn a_name_is_shown_as_it_was_typed() {
    let stack = Stack::shared().await;
    let reader = User::new(&stack).await;
    let (beginning, padding) = (unique("👍"), "ä");
    let longest = format!("{beginning}{}", padding.repeat(100 - beginning.chars().count()));
    for name in [longest, unique("E\u{301}mile <b>\"&'é"), unique("李 a+b=c%20/\\"), unique("a\u{202e}b")] {
        let guest = Guest::named(&stack, &name).await;
        assert_eq!(user_named(&reader, &name).await["user_name"], json!(name));
        let conversation = guest.open("A conversation").await;
        guest.say(&conversation, "hello").await;
        assert_eq!(guest.newest(&conversation, 1).await[0]["user"], json!(name));
    }
}

#[tokio::test]
async fn names_have_1_to_100_characters_and_none_of_them_controls() {
    let stack = Stack::shared().await;
    for wrong in ["", "a\u{0}b", "a\nb", "\tab", "a\u{7f}b", "a\u{85}b", &"ä".repeat(101), &"👍".repeat(101)]
    {
        let answer = register(&stack, wrong).await;
        assert_eq!(answer.refused(400), "invalid_name", "{wrong:?}");
        sets_no_cookie(&answer);
        let answer = stack.anonymous().post(PATH).form(&[("username", wrong)]).await;
        assert_eq!(answer.refused(400), "invalid_name", "{wrong:?}");
        sets_no_cookie(&answer);
    }
}

#[tokio::test]
async fn bodies_without_a_name_and_of_other_kinds_are_refused() {
    let stack = Stack::shared().await;
    let anonymous = stack.anonymous();
    for wrong in [json!({}), json!({"user_name": "Ada"}), json!({"username": null}), json!({"username": 7})] {
        let answer = anonymous.post(PATH).json(&wrong).await;
        assert_eq!(answer.refused(400), "invalid_body", "{wrong}");
        sets_no_cookie(&answer);
    }
    for broken in ["", "{", "[]", "null", "7", "\"Ada\"", r#"["Ada"]"#, r#"{"username":}"#] {
        let answer = anonymous.post(PATH).body("application/json", broken).await;
        assert_eq!(answer.refused(400), "invalid_body", "{broken}");
    }
    assert_eq!(anonymous.post(PATH).form(&[("name", "Ada")]).await.refused(400), "invalid_body");
    let name = unique("Ada");
    let body = json!({"username": name}).to_string();
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x"] {
        let answer = anonymous.post(PATH).body(kind, body.clone()).await;
        answer.refused(415);
        sets_no_cookie(&answer);
    }
    assert!(got_the_name(&anonymous.post(PATH).body("application/json; charset=utf-8", body).await));
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let name = unique("a+b & ü =");
    let form = [("username", name.as_str()), ("unknown", "ignored")];
    assert!(got_the_name(&stack.anonymous().post(PATH).form(&form).await));
    assert!(!got_the_name(&register(&stack, &name).await));
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path_and_other_methods_are_not_there() {
    let stack = Stack::shared().await;
    let anonymous = stack.anonymous();
    let body = json!({"username": unique("Ada")});
    assert!(got_the_name(&anonymous.post("/auth/register/").json(&body).await));
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = anonymous.call(method, PATH).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 404 | 405), "{} gave {status}", answer.question);
        answer.refused(status);
    }
}

#[tokio::test]
async fn a_guest_is_a_user_like_all_others() {
    let stack = Stack::shared().await;
    let reader = User::new(&stack).await;
    let ada = Guest::new(&stack).await;
    let seen = user_named(&reader, &ada.name).await;
    assert!(seen["user_id"].is_u64(), "{seen}");
    let expected = json!({
        "user_id": seen["user_id"], "user_name": ada.name, "first_name": null, "last_name": null,
        "online": false, "last_seen": null,
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn every_socket_that_is_online_hears_of_a_guest_once() {
    let stack = Stack::shared().await;
    let [bob, eve] = User::pair(&stack).await;
    let mut sockets = [bob.socket().await, bob.socket().await, eve.socket().await];
    let ada = Guest::new(&stack).await;
    let id = &user_named(&bob, &ada.name).await["user_id"];
    let expected = json!({"type": "user_update", "user_id": id, "first_name": null, "last_name": null});
    for socket in &mut sockets {
        socket.expect("the new user", |frame| *frame == expected).await;
        let more = socket.so_far().await;
        assert!(more.iter().all(|frame| frame["user_id"] != *id), "{more:?}");
    }
}

#[tokio::test]
async fn a_guest_can_be_written_to() {
    let stack = Stack::shared().await;
    let bob = User::new(&stack).await;
    let ada = Guest::new(&stack).await;
    let id = user_named(&bob, &ada.name).await["user_id"].clone();
    let body = json!({"receiver_id": id, "message": "hello", "type": "text"});
    let chat = bob.post("/chats").json(&body).await.expect(201).json()["chat_id"].clone();
    let rows = bob.get("/chats").await.expect(200).rows();
    let [row] = &rows[..] else { panic!("not one chat: {rows:?}") };
    let shown = (&row["chat_id"], &row["with_user_id"], &row["with_user_name"], &row["last_message"]);
    assert_eq!(shown, (&chat, &id, &json!(ada.name), &json!("hello")));
}

#[tokio::test]
async fn a_guest_has_no_password_to_log_in_with() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    for password in ["correct horse battery", &ada.name, &ada.session, "12345678", ""] {
        let body = json!({"user_name": ada.name, "password": password});
        let answer = stack.anonymous().post("/login").json(&body).await;
        assert!(matches!(answer.status.as_u16(), 400 | 401), "{} for {password:?}", answer.status);
    }
}

#[tokio::test]
async fn the_name_of_a_user_with_an_account_is_taken() {
    let stack = Stack::shared().await;
    let name = unique("Émile");
    Applicant { user_name: Some(name.clone()), ..Applicant::new() }.join(&stack).await;
    for same in [name.to_lowercase(), name.to_uppercase(), name.replace('É', "E\u{301}"), name] {
        assert!(!got_the_name(&register(&stack, &same).await), "{same:?}");
    }
}

#[tokio::test]
async fn the_name_of_a_guest_is_taken_for_accounts() {
    let stack = Stack::shared().await;
    let Guest { name, .. } = Guest::named(&stack, &unique("Émile")).await;
    for same in [name.to_lowercase(), name.to_uppercase(), name.replace('É', "E\u{301}"), name] {
        let copy = Applicant { user_name: Some(same), ..Applicant::new() };
        stack.anonymous().post("/register").json(&copy.body()).await.refused(409);
        assert!(stack.mails_to(&copy.email).await.is_empty());
    }
}

#[tokio::test]
async fn a_name_belongs_to_nobody_before_its_link_is_opened() {
    let stack = Stack::shared().await;
    let applicant = Applicant::named();
    let link = applicant.register(&stack).await;
    let name = applicant.user_name.as_deref().expect("a name");
    assert!(got_the_name(&register(&stack, name).await));
    stack.anonymous().get(&format!("/register/{link}")).await.refused(409);
}

#[tokio::test]
async fn of_guests_and_applicants_at_once_one_gets_the_name() {
    let stack = Stack::shared().await;
    let reader = User::new(&stack).await;
    let names = same_names();
    let links = join_all(names.iter().take(4).map(|name| {
        let applicant = Applicant { user_name: Some(name.clone()), ..Applicant::new() };
        let stack = &stack;
        async move { applicant.register(stack).await }
    }))
    .await;
    let anonymous = stack.anonymous();
    let clicks = links.iter().map(|link| anonymous.get(&format!("/register/{link}")).into_future());
    let guests = names.iter().map(|name| register(&stack, name));
    let (clicks, guests) = join(join_all(clicks), join_all(guests)).await;
    let confirmed = clicks.iter().filter(|answer| answer.status == 201).count();
    for answer in clicks.iter().filter(|answer| answer.status != 201) {
        answer.refused(409);
    }
    let registered = guests.iter().filter(|answer| got_the_name(answer)).count();
    assert_eq!(confirmed + registered, 1, "{clicks:?} {guests:?}");
    let listed = column(&everybody(&reader).await, "user_name");
    assert_eq!(listed.iter().filter(|listed| names.iter().any(|name| **listed == **name)).count(), 1);
}
