//! The e-mail address of an account: confirmed by a link, a login from then on, and changed by another link.

use futures::future::join_all;
use serde_json::json;
use tests::{Answer, Applicant, Caller as _, Stack, User, WebUser, unique};

use super::{PASSWORD, USER, is_ok, login, new_address, profile, refused_with, sets_no_cookie, signed_in};

const CONFIRMATION: &str = "Confirm your account";
const ALREADY: &str = "You have an account already";

/// Asks for an account with this name and this address.
pub(super) async fn register_with(stack: &Stack, name: &str, email: &str) -> Answer {
    let form = [("name", name), ("password", PASSWORD), ("email", email)];
    stack.anonymous().post(USER).form(&form).await
}

/// Somebody with this address.
pub(super) async fn with_address(stack: &Stack, email: &str) -> WebUser {
    let mut user = WebUser::new(stack).await;
    change(&user, &[("email", email)]).await;
    user.email = email.to_owned();
    user
}

/// Changes something of oneself.
pub(super) async fn change(user: &WebUser, form: &[(&str, &str)]) {
    let answer = user.put(USER).form(form).await;
    is_ok(&answer, 200);
    sets_no_cookie(&answer);
}

/// The path of the link in the newest mail to an address.
pub(super) async fn link(stack: &Stack, email: &str) -> String {
    let mails = stack.mails_to(email).await;
    let mail = mails.first().unwrap_or_else(|| panic!("no mail to {email}"));
    assert_eq!(mail.subject, CONFIRMATION);
    let begins = format!("{}/register/", stack.ready().http);
    assert!(mail.text.contains(&begins) && mail.html.contains(&begins), "{mail:?}");
    format!("/register/{}", mail.confirmation_token().expect("a link"))
}

/// Opens a link, and gives what it is answered with.
pub(super) async fn open(stack: &Stack, link: &str) -> Answer {
    stack.anonymous().get(link).await
}

/// Confirms the address that somebody has asked for last.
pub(super) async fn confirm(stack: &Stack, user: &WebUser, email: &str) {
    let confirmed = open(stack, &link(stack, email).await).await.expect(201).json();
    let expected = json!({"user_id": user.id, "user_name": user.name, "first_name": null, "last_name": null});
    assert_eq!(confirmed, expected);
}

/// Logs in by address, for a header.
pub(super) async fn login_by(stack: &Stack, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    stack.anonymous().post("/login").json(&body).await
}
#[tokio::test]
async fn the_address_is_confirmed_by_a_link_and_is_a_login_from_then_on() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let mails = stack.mails_to(&ada.email).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let link = link(&stack, &ada.email).await;
    login_by(&stack, &ada.email, &ada.password).await.refused(401);

    let confirmed = open(&stack, &link).await.expect(201).json();
    let expected = json!({"user_id": ada.id, "user_name": ada.name, "first_name": null, "last_name": null});
    assert_eq!(confirmed, expected);
    for email in [ada.email.clone(), ada.email.to_uppercase()] {
        let answer = login_by(&stack, &email, &ada.password).await.expect(200).json();
        let token = answer["token"].as_str().expect("a token").to_owned();
        User::known(&stack, Applicant::named(), ada.id, token).socket().await;
    }
    login_by(&stack, &ada.email, "wrong password").await.refused(401);
    assert_eq!(open(&stack, &link).await.refused(404), "registration_not_found", "it works once");
    assert_eq!(profile(&ada).await["email"], json!(ada.email));
    // To the form, an address is no name all the same.
    refused_with(&login(&stack, &ada.email, &ada.password).await, 400, "unauthenticated");
}

#[tokio::test]
async fn of_four_clicks_at_once_one_confirms() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let link = link(&stack, &ada.email).await;
    let answers = join_all((0..4).map(|_| open(&stack, &link))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused(404);
    }
    login_by(&stack, &ada.email, &ada.password).await.expect(200);
}

#[tokio::test]
async fn an_address_is_compared_in_lower_case() {
    let stack = Stack::shared().await;
    let (name, email) = (unique("Ada"), new_address());
    let typed = format!(" {} ", email.to_uppercase());
    let (id, token) = signed_in(&register_with(&stack, &name, &typed).await.expect(201));
    let cookie = super::cookies(id, &token);
    let answer = stack.anonymous().get(USER).header("cookie", &cookie).await.expect(200).json();
    assert_eq!(answer["user"]["email"], json!(email));
    open(&stack, &link(&stack, &email).await).await.expect(201);
    login_by(&stack, &email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn only_the_mail_tells_that_an_address_is_taken() {
    let stack = Stack::shared().await;
    let bob = Applicant::new().join(&stack).await;
    let ada = WebUser::new(&stack).await;
    confirm(&stack, &ada, &ada.email).await;
    for email in [&bob.applicant.email, &ada.email] {
        let before = stack.mails_to(email).await.len();
        let name = unique("Eve");
        let answer = register_with(&stack, &name, email).await.expect(201);
        let (id, token) = signed_in(&answer);
        let cookie = super::cookies(id, &token);
        let eve = stack.anonymous().get(USER).header("cookie", &cookie).await.expect(200).json();
        assert_eq!(eve, json!({"user": {"id": id, "name": name, "email": email}}));
        let mails = stack.mails_to(email).await;
        assert_eq!(mails.len(), before + 1);
        assert_eq!(mails[0].subject, ALREADY);
        assert_eq!(mails[0].confirmation_token(), None, "there is nothing to confirm");

        // The same for a change.
        let call = stack.anonymous().put(USER).header("cookie", &cookie);
        is_ok(&call.form(&[("email", email)]).await, 200);
        let mails = stack.mails_to(email).await;
        assert_eq!(mails.len(), before + 2);
        assert_eq!(mails[0].subject, ALREADY);
    }
    // Whose they were they are.
    let body = login_by(&stack, &bob.applicant.email, &bob.applicant.password).await.expect(200).json();
    let token = body["token"].as_str().expect("a token").to_owned();
    User::known(&stack, bob.applicant.clone(), bob.id, token).socket().await;
    assert_eq!(profile(&ada).await["email"], json!(ada.email));
}

#[tokio::test]
async fn of_two_who_ask_for_an_address_the_first_who_confirms_has_it() {
    let stack = Stack::shared().await;
    let email = new_address();
    let (ada, bob) = (with_address(&stack, &email).await, with_address(&stack, &email).await);
    let mails = stack.mails_to(&email).await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    let [bobs, adas] = &mails[..] else { unreachable!("two mails") };
    let path = |token: Option<&str>| format!("/register/{}", token.expect("a link"));
    let (adas, bobs) = (path(adas.confirmation_token()), path(bobs.confirmation_token()));
    assert_eq!(open(&stack, &bobs).await.expect(201).json()["user_id"], json!(bob.id));
    assert_eq!(open(&stack, &adas).await.refused(409), "email_taken");
    let answer = login_by(&stack, &email, PASSWORD).await.expect(200).json();
    let token = answer["token"].as_str().expect("a token").to_owned();
    User::known(&stack, Applicant::named(), bob.id, token).socket().await;
    for user in [&ada, &bob] {
        assert_eq!(profile(user).await["name"], json!(user.name));
    }
}

#[tokio::test]
async fn of_people_who_confirm_one_address_at_once_one_has_it() {
    let stack = Stack::shared().await;
    let email = new_address();
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(with_address(&stack, &email).await);
    }
    let applicant = Applicant { email: email.clone(), ..Applicant::new() };
    applicant.register(&stack).await;
    let mails = stack.mails_to(&email).await;
    let links: Vec<_> = mails.iter().filter_map(|mail| mail.confirmation_token()).collect();
    assert_eq!(links.len(), 4);
    let paths: Vec<_> = links.iter().map(|link| format!("/register/{link}")).collect();
    let answers = join_all(paths.iter().map(|path| open(&stack, path))).await;
    let (confirmed, late): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    let [confirmed] = confirmed[..] else { panic!("{answers:?}") };
    for answer in late {
        assert_eq!(answer.refused(409), "email_taken");
    }
    let answer = login_by(&stack, &email, PASSWORD).await.expect(200).json();
    let token = answer["token"].as_str().expect("a token").to_owned();
    let id = confirmed.json()["user_id"].as_u64().expect("a user_id");
    User::known(&stack, applicant, id, token).socket().await;
}

#[tokio::test]
async fn only_the_newest_address_asked_for_can_be_confirmed() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let first = link(&stack, &ada.email).await;
    let (second_email, third_email) = (new_address(), new_address());
    change(&ada, &[("email", &second_email)]).await;
    assert_eq!(profile(&ada).await["email"], json!(second_email), "the one that waits");
    let second = link(&stack, &second_email).await;
    change(&ada, &[("email", &third_email)]).await;
    for old in [&first, &second] {
        assert_eq!(open(&stack, old).await.refused(404), "registration_not_found");
    }
    confirm(&stack, &ada, &third_email).await;
    assert_eq!(profile(&ada).await["email"], json!(third_email));
    for email in [&ada.email, &second_email] {
        login_by(&stack, email, &ada.password).await.refused(401);
    }
    login_by(&stack, &third_email, &ada.password).await.expect(200);
}

#[tokio::test]
async fn the_confirmed_address_stays_good_until_another_one_is_confirmed() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    confirm(&stack, &ada, &ada.email).await;
    let other = new_address();
    change(&ada, &[("email", &other)]).await;
    assert_eq!(profile(&ada).await["email"], json!(ada.email));
    login_by(&stack, &ada.email, &ada.password).await.expect(200);
    login_by(&stack, &other, &ada.password).await.refused(401);

    confirm(&stack, &ada, &other).await;
    assert_eq!(profile(&ada).await["email"], json!(other));
    login_by(&stack, &other, &ada.password).await.expect(200);
    login_by(&stack, &ada.email, &ada.password).await.refused(401);
    // The old one is free.
    let bob = with_address(&stack, &ada.email).await;
    confirm(&stack, &bob, &ada.email).await;
    login_by(&stack, &ada.email, &bob.password).await.expect(200);
}

#[tokio::test]
async fn who_registered_by_mail_may_change_the_address_as_well() {
    let stack = Stack::shared().await;
    let user = Applicant::named().join(&stack).await;
    let name = user.applicant.user_name.clone().expect("a name");
    let (id, token) = signed_in(&login(&stack, &name, &user.applicant.password).await);
    let cookie = super::cookies(id, &token);
    let email = new_address();
    let call = stack.anonymous().put(USER).header("cookie", &cookie);
    is_ok(&call.form(&[("email", &email)]).await, 200);
    user.again(&stack).await;
    let confirmed = open(&stack, &link(&stack, &email).await).await.expect(201).json();
    let Applicant { first_name, last_name, password, .. } = &user.applicant;
    let expected =
        json!({"user_id": user.id, "user_name": name, "first_name": first_name, "last_name": last_name});
    assert_eq!(confirmed, expected);
    login_by(&stack, &email, password).await.expect(200);
    login_by(&stack, &user.applicant.email, password).await.refused(401);
}
