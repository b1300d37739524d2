//! One namespace: `name` here, `user_name` in `/register` and `username` in `/auth/register`.

use futures::future::{join, join_all};
use serde_json::{Value, json};
use tests::{Answer, Applicant, Caller as _, Guest, Stack, User, WebUser, unique};

use super::{USER, got_the_name, is_ok, login, profile, refused_with, register, signed_in};
use crate::common::{column, everybody, user_named};

/// A new name in forms that people read as the same: É as one character or as two, ß or SS, and every case.
fn same_names() -> Vec<String> {
    let one = unique("Émile Straße");
    let two = one.replace('É', "E\u{301}");
    let wide: String = one.replace("Stra", "Ｓｔｒａ");
    [one.clone(), one.to_lowercase(), one.to_uppercase(), two.to_lowercase(), two.to_uppercase(), two, wide]
        .into()
}

/// Asks for a name as a user of conversations does.
async fn register_guest(stack: &Stack, name: &str) -> Answer {
    stack.anonymous().post("/auth/register").json(&json!({"username": name})).await
}

/// Whether an answer gave a guest the name.
#[track_caller]
fn guest_got_the_name(answer: &Answer) -> bool {
    let status = answer.clone().expect(200).json();
    let got = status == json!({"status": "success"});
    assert!(got || status == json!({"status": "username taken"}), "{status}");
    assert_eq!(answer.headers.contains_key("set-cookie"), got, "a cookie with {status}");
    got
}

/// Checks that nobody can have a name on any surface, nor get mail for it.
async fn is_taken(stack: &Stack, name: &str) {
    assert!(!got_the_name(&register(stack, name).await), "{name:?}");
    assert!(!guest_got_the_name(&register_guest(stack, name).await), "{name:?}");
    let applicant = Applicant { user_name: Some(name.to_owned()), ..Applicant::new() };
    let answer = stack.anonymous().post("/register").json(&applicant.body()).await;
    assert_eq!(answer.refused(409), "name_taken");
    assert!(stack.mails_to(&applicant.email).await.is_empty());
}

/// Asks for another name.
async fn rename(user: &WebUser, name: &str) -> Answer {
    user.put(USER).form(&[("name", name)]).await
}

/// Whether a change of name was done; else the name must have been taken.
#[track_caller]
fn was_renamed(answer: &Answer) -> bool {
    if answer.status == 200 {
        is_ok(answer, 200);
        return true;
    }
    refused_with(answer, 400, "name_taken");
    false
}

/// Who has a name, as somebody finds it.
async fn owner(reader: &WebUser, name: &str) -> Option<u64> {
    let answer = reader.get(&format!("{USER}?name={name}")).await;
    match answer.status.as_u16() {
        200 => answer.json()["user"]["id"].as_u64(),
        _ => {
            refused_with(&answer, 404, "user_not_found");
            None
        }
    }
}

/// How many users have one of these names, as `GET /users` tells.
async fn holders(reader: &User, names: &[String]) -> usize {
    let listed = column(&everybody(reader).await, "user_name");
    listed.iter().filter(|listed| names.iter().any(|name| **listed == **name)).count()
}

#[tokio::test]
async fn a_web_users_name_is_taken_everywhere_in_every_spelling() {
    let stack = Stack::shared().await;
    let names = same_names();
    let ada = WebUser::named(&stack, &names[0]).await;
    for name in &names {
        is_taken(&stack, name).await;
    }
    assert_eq!(profile(&ada).await["name"], json!(names[0]));
    let other = names[0].replace('É', "E");
    assert!(got_the_name(&register(&stack, &other).await), "an accent makes another name");
}

#[tokio::test]
async fn a_name_of_another_surface_is_taken_here_in_every_spelling() {
    let stack = Stack::shared().await;
    let (names, guests_names) = (same_names(), same_names());
    Applicant { user_name: Some(names[0].clone()), ..Applicant::new() }.join(&stack).await;
    Guest::named(&stack, &guests_names[0]).await;
    let ada = WebUser::new(&stack).await;
    for name in names.iter().chain(&guests_names) {
        assert!(!got_the_name(&register(&stack, name).await), "{name:?}");
        assert!(!was_renamed(&rename(&ada, name).await), "{name:?}");
    }
    assert_eq!(profile(&ada).await["name"], json!(ada.name));
}

#[tokio::test]
async fn a_name_belongs_to_nobody_before_its_link_is_opened() {
    let stack = Stack::shared().await;
    let (one, other) = (Applicant::named(), Applicant::named());
    let (ones_link, others_link) = join(one.register(&stack), other.register(&stack)).await;
    let ada = WebUser::named(&stack, one.user_name.as_deref().expect("a name")).await;
    let name = other.user_name.expect("a name");
    is_ok(&rename(&ada, &name).await, 200);
    // Ada's name is the other one's now, and the first one is free again.
    let answer = stack.anonymous().get(&format!("/register/{others_link}")).await;
    assert_eq!(answer.refused(409), "name_taken");
    let made = stack.anonymous().get(&format!("/register/{ones_link}")).await.expect(201).json();
    assert_eq!(made["user_name"], json!(one.user_name));
    assert_eq!(profile(&ada).await["name"], json!(name));
}

#[tokio::test]
async fn a_change_frees_the_old_name_and_takes_the_new_one() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let names = same_names();
    is_ok(&rename(&ada, &names[0]).await, 200);
    for name in &names {
        is_taken(&stack, name).await;
    }
    // The old one, in another spelling.
    let old = ada.name.to_uppercase();
    assert!(guest_got_the_name(&register_guest(&stack, &old).await));
    is_taken(&stack, &ada.name).await;
    assert!(!was_renamed(&rename(&ada, &ada.name).await), "it is somebody else's now");
    assert_eq!(profile(&ada).await["name"], json!(names[0]));
}

#[tokio::test]
async fn ones_own_name_may_be_spelled_anew() {
    let stack = Stack::shared().await;
    let names = same_names();
    let ada = WebUser::named(&stack, &names[0]).await;
    let bob = WebUser::new(&stack).await;
    for name in names.iter().chain([&names[0]]).chain([&names[0]]) {
        is_ok(&rename(&ada, name).await, 200);
        assert_eq!(profile(&ada).await["name"], json!(name), "shown as it was typed");
        for spelling in &names {
            assert_eq!(owner(&bob, spelling).await, Some(ada.id));
        }
        assert_eq!(signed_in(&login(&stack, &names[1], &ada.password).await).0, ada.id);
    }
    for name in &names {
        is_taken(&stack, name).await;
    }
}

#[tokio::test]
async fn a_name_goes_from_one_to_another_and_back() {
    let stack = Stack::shared().await;
    let (ada, bob) = join(WebUser::new(&stack), WebUser::new(&stack)).await;
    let spare = unique("Spare");
    for _ in 0..3 {
        is_ok(&rename(&ada, &spare).await, 200);
        is_ok(&rename(&bob, &ada.name).await, 200);
        assert_eq!(owner(&ada, &ada.name).await, Some(bob.id));
        assert!(!was_renamed(&rename(&ada, &ada.name).await));
        is_ok(&rename(&bob, &bob.name).await, 200);
        is_ok(&rename(&ada, &ada.name).await, 200);
        assert_eq!(owner(&bob, &ada.name).await, Some(ada.id));
        assert_eq!(owner(&bob, &spare).await, None);
    }
}

#[tokio::test]
async fn of_fifty_at_once_one_gets_the_name() {
    let stack = Stack::shared().await;
    let reader = User::new(&stack).await;
    let names = same_names();
    let at_once: Vec<_> = names.iter().cycle().take(25).collect();
    let web = join_all(at_once.iter().map(|name| register(&stack, name)));
    let guests = join_all(at_once.iter().map(|name| register_guest(&stack, name)));
    let (web, guests) = join(web, guests).await;

    let web: Vec<_> = at_once.iter().zip(&web).filter(|(_, answer)| got_the_name(answer)).collect();
    let guests: Vec<_> =
        at_once.iter().zip(&guests).filter(|(_, answer)| guest_got_the_name(answer)).collect();
    assert_eq!(web.len() + guests.len(), 1, "{web:?} {guests:?}");
    let winner = web.iter().chain(&guests).map(|(name, _)| name.as_str()).next().expect("a winner");
    assert_eq!(holders(&reader, &names).await, 1);
    let id = &user_named(&reader, winner).await["user_id"];

    // The winner's cookie works.
    if let [(_, answer)] = &web[..] {
        let (won, token) = signed_in(answer);
        assert_eq!(*id, json!(won));
        let cookie = super::cookies(won, &token);
        let own = stack.anonymous().get(USER).header("cookie", &cookie).await.expect(200).json();
        assert_eq!(own["user"]["name"], json!(winner));
        assert_eq!(signed_in(&login(&stack, winner, super::PASSWORD).await).0, won);
    }
    if let [(_, answer)] = &guests[..] {
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let call = stack.anonymous().get("/api/conversations?count=1");
        call.header("cookie", cookie.expect("a cookie")).await.expect(200);
    }
    for name in &names {
        is_taken(&stack, name).await;
    }
}

#[tokio::test]
async fn of_people_of_all_kinds_at_once_one_gets_the_name() {
    let stack = Stack::shared().await;
    let reader = User::new(&stack).await;
    let names = same_names();
    let mut links = Vec::new();
    for name in names.iter().take(3) {
        let applicant = Applicant { user_name: Some(name.clone()), ..Applicant::new() };
        links.push(format!("/register/{}", applicant.register(&stack).await));
    }
    let renamed = super::people(&stack, 4).await;
    let anonymous = stack.anonymous();
    let clicks = join_all(links.iter().map(|link| anonymous.get(link).into_future()));
    let web = join_all(names.iter().map(|name| register(&stack, name)));
    let guests = join_all(names.iter().map(|name| register_guest(&stack, name)));
    let changes = join_all(renamed.iter().zip(&names).map(|(user, name)| rename(user, name)));
    let ((clicks, web), (guests, changes)) = join(join(clicks, web), join(guests, changes)).await;

    for late in clicks.iter().filter(|answer| answer.status != 201) {
        assert_eq!(late.refused(409), "name_taken");
    }
    let winners = clicks.iter().filter(|answer| answer.status == 201).count()
        + web.iter().filter(|answer| got_the_name(answer)).count()
        + guests.iter().filter(|answer| guest_got_the_name(answer)).count()
        + changes.iter().filter(|answer| was_renamed(answer)).count();
    assert_eq!(winners, 1, "{clicks:?} {web:?} {guests:?} {changes:?}");
    assert_eq!(holders(&reader, &names).await, 1);
    for (user, answer) in renamed.iter().zip(&changes) {
        // Who did not get it keeps the old one; whoever got it has freed that.
        let has = if was_renamed(answer) { None } else { Some(user.id) };
        assert_eq!(owner(user, &user.name).await, has);
    }
}

#[tokio::test]
async fn of_ten_who_change_to_one_name_at_once_one_has_it() {
    let stack = Stack::shared().await;
    let everybody = super::people(&stack, 10).await;
    let names = same_names();
    let wanted: Vec<_> = names.iter().cycle().take(everybody.len()).collect();
    let answers = join_all(everybody.iter().zip(&wanted).map(|(user, name)| rename(user, name))).await;
    let mut winners = 0;
    for ((user, name), answer) in everybody.iter().zip(&wanted).zip(&answers) {
        if was_renamed(answer) {
            winners += 1;
            assert_eq!(profile(user).await["name"], json!(name));
            assert_eq!(owner(user, name).await, Some(user.id));
            assert_eq!(owner(user, &user.name).await, None, "the old name is free");
            assert!(got_the_name(&register(&stack, &user.name).await));
        } else {
            assert_eq!(profile(user).await["name"], json!(user.name));
            assert_eq!(owner(user, &user.name).await, Some(user.id), "the old name is kept");
        }
    }
    assert_eq!(winners, 1, "{answers:?}");
}

#[tokio::test]
async fn two_who_want_each_others_names_at_once_keep_their_own() {
    let stack = Stack::shared().await;
    let (ada, bob) = join(WebUser::new(&stack), WebUser::new(&stack)).await;
    for _ in 0..5 {
        let (one, other) = join(rename(&ada, &bob.name), rename(&bob, &ada.name)).await;
        assert!(!was_renamed(&one) && !was_renamed(&other));
        for user in [&ada, &bob] {
            assert_eq!(profile(user).await["name"], json!(user.name));
            assert_eq!(owner(&ada, &user.name).await, Some(user.id));
        }
    }
}

#[tokio::test]
async fn of_two_changes_of_one_user_at_once_one_is_the_last() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let again = ada.login(&stack).await;
    let mut before = ada.name.clone();
    for _ in 0..5 {
        let (one, other) = (unique("One"), unique("Other"));
        let (first, second) = join(rename(&ada, &one), rename(&again, &other)).await;
        is_ok(&first, 200);
        is_ok(&second, 200);
        let has = profile(&ada).await["name"].clone();
        let (has, free) = if has == json!(one) { (one, other) } else { (other, one) };
        assert_eq!(profile(&again).await["name"], json!(has));
        assert_eq!(owner(&ada, &has).await, Some(ada.id));
        for name in [&free, &before] {
            assert_eq!(owner(&ada, name).await, None);
            assert!(guest_got_the_name(&register_guest(&stack, name).await), "{name} is free");
        }
        before = has;
    }
}

#[tokio::test]
async fn a_name_that_is_given_up_while_others_ask_for_it_has_one_owner_at_most() {
    let stack = Stack::shared().await;
    let reader = User::new(&stack).await;
    for _ in 0..5 {
        let ada = WebUser::new(&stack).await;
        let new_name = unique("Ada");
        let web = join_all((0..4).map(|_| register(&stack, &ada.name)));
        let guests = join_all((0..4).map(|_| register_guest(&stack, &ada.name)));
        let (answer, (web, guests)) = join(rename(&ada, &new_name), join(web, guests)).await;
        is_ok(&answer, 200);
        let winners = web.iter().filter(|answer| got_the_name(answer)).count()
            + guests.iter().filter(|answer| guest_got_the_name(answer)).count();
        assert!(winners <= 1, "{web:?} {guests:?}");
        assert_eq!(holders(&reader, std::slice::from_ref(&ada.name)).await, winners);
        assert_eq!(got_the_name(&register(&stack, &ada.name).await), winners == 0);
        assert_eq!(profile(&ada).await["name"], json!(new_name));
    }
}

#[tokio::test]
async fn names_at_once_are_no_business_of_each_other() {
    let stack = Stack::shared().await;
    let names: Vec<_> = (0..10).map(|_| unique("Ada")).collect();
    let answers = join_all(names.iter().map(|name| register(&stack, name))).await;
    let mut ids: Vec<_> = answers.iter().map(|answer| signed_in(answer).0).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), names.len());
    let reader = User::new(&stack).await;
    let mut listed = column(&everybody(&reader).await, "user_name");
    listed.retain(|listed| names.iter().any(|name| *listed == **name));
    listed.sort_unstable_by(|one, other| one.as_str().cmp(&other.as_str()));
    let mut names: Vec<_> = names.into_iter().map(Value::from).collect();
    names.sort_unstable_by(|one, other| one.as_str().cmp(&other.as_str()));
    assert_eq!(listed, names);
}
