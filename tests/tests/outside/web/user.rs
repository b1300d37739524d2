//! `/api/user`: an account, what it tells, and how it changes.

use serde_json::json;
use tests::{Applicant, Caller as _, Guest, Stack, User, WebUser, unique};

use super::address::{change, confirm, link, open, register_with};
use super::{
    PASSWORD, USER, login, new_address, pair, profile, refused_with, register, sets_no_cookie, signed_in,
};
use crate::common::user_named;

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
