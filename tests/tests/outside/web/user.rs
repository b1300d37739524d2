//! `/api/user`: an account, what it tells, and how it changes.

use futures::future::join_all;
use serde_json::json;
use tests::{Answer, Applicant, Caller as _, Guest, Stack, User, WebUser, unique};

use super::{
    PASSWORD, USER, is_ok, login, new_address, pair, profile, refused_with, register, sets_no_cookie,
    signed_in,
};
use crate::common::user_named;

const CONFIRMATION: &str = "Confirm your account";
const ALREADY: &str = "You have an account already";

/// Asks for an account with this name and this address.
async fn register_with(stack: &Stack, name: &str, email: &str) -> Answer {
    let form = [("name", name), ("password", PASSWORD), ("email", email)];
    stack.anonymous().post(USER).form(&form).await
}

/// Somebody with this address.
async fn with_address(stack: &Stack, email: &str) -> WebUser {
    let mut user = WebUser::new(stack).await;
    change(&user, &[("email", email)]).await;
    user.email = email.to_owned();
    user
}

/// Changes something of oneself.
async fn change(user: &WebUser, form: &[(&str, &str)]) {
    let answer = user.put(USER).form(form).await;
    is_ok(&answer, 200);
    sets_no_cookie(&answer);
}

/// The path of the link in the newest mail to an address.
async fn link(stack: &Stack, email: &str) -> String {
    let mails = stack.mails_to(email).await;
    let mail = mails.first().unwrap_or_else(|| panic!("no mail to {email}"));
    assert_eq!(mail.subject, CONFIRMATION);
    let begins = format!("{}/register/", stack.ready().http);
    assert!(mail.text.contains(&begins) && mail.html.contains(&begins), "{mail:?}");
    format!("/register/{}", mail.confirmation_token().expect("a link"))
}

/// Opens a link, and gives what it is answered with.
async fn open(stack: &Stack, link: &str) -> Answer {
    stack.anonymous().get(link).await
}

/// Confirms the address that somebody has asked for last.
async fn confirm(stack: &Stack, user: &WebUser, email: &str) {
    let confirmed = open(stack, &link(stack, email).await).await.expect(201).json();
    let expected = json!({"user_id": user.id, "user_name": user.name, "first_name": null, "last_name": null});
    assert_eq!(confirmed, expected);
}

/// Logs in by address, for a header.
async fn login_by(stack: &Stack, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    stack.anonymous().post("/login").json(&body).await
}

#[tokio::test]
async fn a_name_a_password_and_an_address_give_both_cookies() {
    let stack = Stack::shared().await;
    let (name, email) = (unique("Ada"), new_address());
    let answer = register_with(&stack, &name, &email).await.expect(201);
    let (id, token) = signed_in(&answer);
    let cookie = super::cookies(id, &token);
    let answer = stack.anonymous().get(USER).header("cookie", &cookie).await.expect(200).json();
    assert_eq!(answer, json!({"user": {"id": id, "name": name, "email": email}}));
    let answer = stack.anonymous().get(super::CHATS).header("cookie", &cookie).await.expect(200).json();
    assert_eq!(answer, json!({"chats": []}));
    let (again, other_token) = signed_in(&login(&stack, &name, PASSWORD).await);
    assert_eq!(again, id);
    assert_ne!(other_token, token);
}

#[tokio::test]
async fn everybody_is_somebody_else() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    assert_ne!(ada.id, bob.id);
    assert_ne!(ada.token, bob.token);
    // Even who has cookies already.
    let (name, email) = (unique("Eve"), new_address());
    let form = [("name", name.as_str()), ("password", PASSWORD), ("email", &email)];
    let (id, _) = signed_in(&ada.post(USER).form(&form).await.expect(201));
    assert!(id != ada.id && id != bob.id);
    assert_eq!(profile(&ada).await["name"], json!(ada.name));
}

#[tokio::test]
async fn all_three_are_needed_and_more_is_ignored() {
    let stack = Stack::shared().await;
    let (name, email) = (unique("Ada"), new_address());
    let all = [("name", name.as_str()), ("password", PASSWORD), ("email", email.as_str())];
    for missing in 0..all.len() {
        let mut form = all.to_vec();
        let (field, value) = form.remove(missing);
        let refusals = [form.clone(), [form.clone(), vec![("Name", value)]].concat()];
        for form in refusals {
            let answer = stack.anonymous().post(USER).form(&form).await;
            refused_with(&answer, 400, "invalid_body");
            sets_no_cookie(&answer);
        }
        // An empty one is as bad.
        form.push((field, ""));
        let answer = stack.anonymous().post(USER).form(&form).await;
        answer.refused(400);
        sets_no_cookie(&answer);
    }
    let query = format!("{USER}?name={name}&password=12345678&email={email}");
    refused_with(&stack.anonymous().post(&query).await, 400, "invalid_body");
    assert!(stack.mails_to(&email).await.is_empty());
    let form = [&[("id", "7"), ("first_name", "Ada")], &all[..], &[("unknown", "x")]].concat();
    signed_in(&stack.anonymous().post(USER).form(&form).await.expect(201));
}

#[tokio::test]
async fn names_have_1_to_100_characters_and_none_of_them_controls() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let before = profile(&ada).await;
    let long = ["x".repeat(101), "ä".repeat(101), "👍".repeat(101), "x".repeat(3_000)];
    let controls = ["a\u{0}b", "a\nb", "\tab", "a\u{7f}b", "a\u{85}b"].map(str::to_owned);
    for wrong in controls.iter().chain(&long).chain([&String::new(), &" ".to_owned()]) {
        let answer = register(&stack, wrong).await;
        refused_with(&answer, 400, "invalid_name");
        sets_no_cookie(&answer);
        refused_with(&ada.put(USER).form(&[("name", wrong)]).await, 400, "invalid_name");
    }
    assert_eq!(profile(&ada).await, before);
    let beginning = unique("👍");
    let longest = format!("{beginning}{}", "ä".repeat(100 - beginning.chars().count()));
    assert_eq!(profile(&WebUser::named(&stack, &longest).await).await["name"], json!(longest));
    let longest = longest.replace('ä', "李");
    change(&ada, &[("name", &longest)]).await;
    assert_eq!(profile(&ada).await["name"], json!(longest));
}

#[tokio::test]
async fn a_name_is_shown_as_it_was_typed() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let reader = ada.header_user(&stack).await;
    for name in [unique("E\u{301}mile <b>\"&'é"), unique("李 a+b=c%20/\\;#?"), unique("a\u{202e}b")] {
        let user = WebUser::named(&stack, &name).await;
        assert_eq!(profile(&user).await["name"], json!(name));
        assert_eq!(user_named(&reader, &name).await["user_id"], json!(user.id));
    }
}

#[tokio::test]
async fn passwords_have_8_to_128_characters() {
    let stack = Stack::shared().await;
    let name = unique("Ada");
    for password in ["", "1234567", &"ü".repeat(7), &"ü".repeat(129), &"x".repeat(100_000)] {
        let form = [("name", name.as_str()), ("password", password), ("email", &new_address())];
        let answer = stack.anonymous().post(USER).form(&form).await;
        refused_with(&answer, 400, "invalid_password");
        sets_no_cookie(&answer);
    }
    for password in ["12345678", &"ü".repeat(8), &"👍".repeat(128), " \u{0}\n a+b%20&= "] {
        let name = unique("Ada");
        let form = [("name", name.as_str()), ("password", password), ("email", &new_address())];
        let (id, _) = signed_in(&stack.anonymous().post(USER).form(&form).await.expect(201));
        assert_eq!(signed_in(&login(&stack, &name, password).await).0, id);
    }
    assert!(super::got_the_name(&register(&stack, &name).await), "no refusal has taken the name");
}

#[tokio::test]
async fn addresses_look_like_addresses_of_at_most_254_bytes() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let long = |length: usize| {
        let domain = format!("@{}.{}.{}.example", "b".repeat(60), "c".repeat(60), "d".repeat(60));
        let local = unique("a");
        format!("{local}{}{domain}", "a".repeat(length - domain.len() - local.len()))
    };
    let name = unique("Ada");
    let wrong =
        ["", "ada", "ada@", "@example.com", "a da@example.com", "ada@exam ple.com", "ada@\nexample.com"];
    for email in wrong.map(str::to_owned).iter().chain([&long(255), &"x".repeat(100_000)]) {
        let answer = register_with(&stack, &name, email).await;
        refused_with(&answer, 400, "invalid_email");
        sets_no_cookie(&answer);
        refused_with(&ada.put(USER).form(&[("email", email)]).await, 400, "invalid_email");
    }
    assert_eq!(profile(&ada).await["email"], json!(ada.email));
    let longest = long(254);
    signed_in(&register_with(&stack, &name, &longest).await.expect(201));
    link(&stack, &longest).await;
    let longest = long(254);
    change(&ada, &[("email", &longest)]).await;
    link(&stack, &longest).await;
}

#[tokio::test]
async fn a_taken_name_gets_neither_cookies_nor_a_mail() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let email = new_address();
    for name in [ada.name.clone(), ada.name.to_uppercase(), format!(" {} ", ada.name)] {
        let answer = register_with(&stack, &name, &email).await;
        refused_with(&answer, 400, "name_taken");
        sets_no_cookie(&answer);
        assert_eq!(answer.header("location"), None);
    }
    assert!(stack.mails_to(&email).await.is_empty());
    // Whoever asks has taken nothing of whose name it is.
    assert_eq!(profile(&ada).await, json!({"id": ada.id, "name": ada.name, "email": ada.email}));
    assert_eq!(signed_in(&login(&stack, &ada.name, &ada.password).await).0, ada.id);
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

#[tokio::test]
async fn everybody_is_found_by_name_and_only_oneself_with_an_address() {
    let stack = Stack::shared().await;
    let name = unique("Émile Straße");
    let emile = WebUser::named(&stack, &name).await;
    let bob = WebUser::new(&stack).await;
    let spellings = [name.clone(), name.to_uppercase(), name.to_lowercase(), name.replace('É', "E\u{301}")];
    let own = json!({"user": {"id": emile.id, "name": name, "email": emile.email}});
    let others = json!({"user": {"id": emile.id, "name": name, "email": null}});
    for spelling in &spellings {
        let path = format!("{USER}?name={spelling}");
        assert_eq!(emile.get(&path).await.expect(200).json(), own, "{spelling}");
        assert_eq!(bob.get(&path).await.expect(200).json(), others, "{spelling}");
    }
    for path in [USER.to_owned(), format!("{USER}/"), format!("{USER}?unknown=1")] {
        assert_eq!(emile.get(&path).await.expect(200).json(), own);
    }
    let path = format!("{USER}/?name={name}");
    assert_eq!(bob.get(&path).await.expect(200).json(), others);
}

#[tokio::test]
async fn users_of_every_kind_are_found_by_name() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (live, guest) = (Applicant::named().join(&stack).await, Guest::new(&stack).await);
    let name = live.applicant.user_name.clone().expect("a name");
    let found = ada.get(&format!("{USER}?name={name}")).await.expect(200).json();
    assert_eq!(found, json!({"user": {"id": live.id, "name": name, "email": null}}));
    let found = ada.get(&format!("{USER}?name={}", guest.name)).await.expect(200).json();
    let id = &user_named(&live, &guest.name).await["user_id"];
    assert_eq!(found, json!({"user": {"id": id, "name": guest.name, "email": null}}));
}

#[tokio::test]
async fn names_that_nobody_has_are_404() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let pending = Applicant::named();
    pending.register(&stack).await;
    let unknown = [
        unique("Nobody"),
        format!("{}x", ada.name),
        ada.id.to_string(),
        pending.user_name.expect("a name"),
        ada.email.clone(),
    ];
    for name in unknown {
        refused_with(&ada.get(&format!("{USER}?name={name}")).await, 404, "user_not_found");
    }
    // What cannot be a name.
    for name in ["", "%20", "a%0Ab", "%00", "%ff", &"x".repeat(101), &"x".repeat(3_000)] {
        let answer = ada.get(&format!("{USER}?name={name}")).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 404), "{name:?} gave {status}");
        answer.refused(status);
    }
}

#[tokio::test]
async fn a_new_name_is_everywhere_at_once() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let reader = bob.header_user(&stack).await;
    let name = unique("Ada");
    change(&ada, &[("name", &name)]).await;
    assert_eq!(profile(&ada).await, json!({"id": ada.id, "name": name, "email": ada.email}));
    let found = bob.get(&format!("{USER}?name={name}")).await.expect(200).json();
    assert_eq!(found["user"], json!({"id": ada.id, "name": name, "email": null}));
    let found = bob.get(&format!("{USER}/{}", ada.id)).await.expect(200).json();
    assert_eq!(found["user"]["name"], json!(name));
    refused_with(&bob.get(&format!("{USER}?name={}", ada.name)).await, 404, "user_not_found");
    assert_eq!(user_named(&reader, &name).await["user_id"], json!(ada.id));
    assert_eq!(signed_in(&login(&stack, &name, &ada.password).await).0, ada.id);
    refused_with(&login(&stack, &ada.name, &ada.password).await, 400, "unauthenticated");
    assert_eq!(stack.mails_to(&ada.email).await.len(), 1, "a name asks for no confirmation");
    // A link that was sent before is as good as ever.
    let confirmed = open(&stack, &link(&stack, &ada.email).await).await.expect(201).json();
    assert_eq!((&confirmed["user_id"], &confirmed["user_name"]), (&json!(ada.id), &json!(name)));
}

#[tokio::test]
async fn name_and_address_change_together_or_not_at_all() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let (name, email) = (unique("Ada"), new_address());
    for (form, code) in [
        ([("name", bob.name.as_str()), ("email", email.as_str())], "name_taken"),
        ([("name", &name), ("email", "no address")], "invalid_email"),
        ([("name", "a\nb"), ("email", &email)], "invalid_name"),
        ([("name", ""), ("email", &email)], "invalid_name"),
        ([("name", &name), ("email", "")], "invalid_email"),
    ] {
        refused_with(&ada.put(USER).form(&form).await, 400, code);
        assert_eq!(profile(&ada).await, json!({"id": ada.id, "name": ada.name, "email": ada.email}));
    }
    assert!(stack.mails_to(&email).await.is_empty());
    change(&ada, &[("name", &name), ("email", &email), ("password", "another password"), ("id", "1")]).await;
    assert_eq!(profile(&ada).await, json!({"id": ada.id, "name": name, "email": email}));
    link(&stack, &email).await;
    // What is no name and no address is ignored, a password among it.
    signed_in(&login(&stack, &name, &ada.password).await);
}

#[tokio::test]
async fn a_change_of_nothing_is_refused() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    for form in [&[][..], &[("user_name", "x")], &[("Name", "x"), ("password", "another password")]] {
        refused_with(&ada.put(USER).form(form).await, 400, "invalid_body");
        let path = format!("{USER}/{}", ada.id);
        refused_with(&ada.put(&path).form(form).await, 400, "invalid_body");
    }
    refused_with(&ada.put(&format!("{USER}?name=x")).await, 400, "invalid_body");
    assert_eq!(profile(&ada).await, json!({"id": ada.id, "name": ada.name, "email": ada.email}));
}

#[tokio::test]
async fn who_has_no_user_name_is_called_by_first_and_last_name() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let bob = User::new(&stack).await;
    let found = ada.get(&format!("{USER}/{}", bob.id)).await.expect(200).json();
    assert_eq!(found, json!({"user": {"id": bob.id, "name": bob.full_name(), "email": null}}));
    // That is no name to be found by.
    let path = format!("{USER}?name={}", bob.full_name());
    refused_with(&ada.get(&path).await, 404, "user_not_found");
}

#[tokio::test]
async fn nobody_learns_a_password_or_an_address_of_another() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    confirm(&stack, &ada, &ada.email).await;
    let reader = bob.header_user(&stack).await;
    for text in [
        bob.get(&format!("{USER}/{}", ada.id)).await.text(),
        bob.get(&format!("{USER}?name={}", ada.name)).await.text(),
        user_named(&reader, &ada.name).await.to_string(),
        ada.get(USER).await.text().replace(&ada.email, ""),
    ] {
        assert!(!text.contains(&ada.email) && !text.contains("argon") && !text.contains(PASSWORD), "{text}");
    }
}
