//! The end of an account: of its sessions and sockets, and of all claims to its name and address.

use futures::future::join3;
use serde_json::{Value, json};
use tests::{Answer, Applicant, Caller as _, Guest, Socket, Stack, User, WebUser, unique};

use super::chat::{Chat, KINDS, Kind};
use super::common::{Person, address, cannot_log_in, confirm, is_listed, is_logged_out, is_unknown, link};
use crate::common::text_to;

/// Asks for an account by the form.
async fn register(stack: &Stack, name: &str, email: &str) -> Answer {
    let form = [("name", name), ("password", "correct horse battery"), ("email", email)];
    stack.anonymous().post("/api/user").form(&form).await
}

/// Somebody who logs in by address, and has this id.
async fn is_the_address_of(stack: &Stack, email: &str, password: &str, id: u64) {
    let body = json!({"email": email, "password": password});
    let answer = stack.anonymous().post("/login").json(&body).await.expect(200).json();
    let token = answer["token"].as_str().expect("a token").to_owned();
    User::known(stack, Applicant::new(), id, token).socket().await.close().await;
}

/// Checks that somebody takes part in nothing.
async fn has_no_chats(person: &Person) {
    assert!(person.web.chats().await.is_empty());
    for path in ["/chats", "/chats/unread", "/chats_v2/unread", "/chat_rooms", "/chat_rooms/message/unread"] {
        assert_eq!(person.user.get(path).await.expect(200).json(), json!([]), "{path}");
    }
    let told = person.user.get("/notifications").await.expect(200).json();
    assert_eq!(told, json!({"notifications": []}));
    let bot = person.user.get("/chat_bot").await.expect(200).json();
    assert_eq!(bot, json!({"messages": [], "next": null}));
}

#[tokio::test]
async fn the_answer_takes_both_cookies_back() {
    let stack = Stack::shared().await;
    for with_id in [false, true] {
        let bob = WebUser::new(&stack).await;
        let path = if with_id { format!("/api/user/{}", bob.id) } else { "/api/user".to_owned() };
        let answer = bob.delete(&path).await.expect(200);
        assert_eq!(answer.json(), json!({"status": "ok"}));
        for name in ["user_id", "token"] {
            let cookies =
                answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
            let of_name: Vec<_> = cookies.filter(|cookie| cookie.split('=').next() == Some(name)).collect();
            let [cookie] = of_name[..] else { panic!("{name} is set {} times", of_name.len()) };
            let mut parts = cookie.split(';').map(str::trim);
            let value = parts.next().and_then(|pair| pair.split_once('=')).map(|(_, value)| value.trim());
            assert_eq!(value, Some(""), "{cookie}");
            let attributes: Vec<_> = parts.collect();
            for attribute in ["Max-Age=0", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(attributes.contains(&attribute), "{cookie} has no {attribute}");
            }
        }
        assert_eq!(bob.get("/api/user").await.refused(403), "unauthenticated");
    }
}

#[tokio::test]
async fn all_sessions_end_with_the_one_that_asked_for_it() {
    let stack = Stack::shared().await;
    let bob = Person::confirmed(&stack).await;
    let again = Person { web: bob.web.login(&stack).await, user: bob.web.header_user(&stack).await };
    assert!(bob.web.token != again.web.token && bob.user.token != again.user.token);
    let [ann] = Person::several(&stack).await;
    bob.delete().await;
    for session in [&bob, &again] {
        is_logged_out(session).await;
        let body = text_to(&ann.user, "am I still there?");
        assert_eq!(session.user.post("/chats").json(&body).await.refused(401), "unauthenticated");
        let opened = session.web.post("/api/chats").form(&[("title", "Tea")]).await;
        assert_eq!(opened.refused(403), "unauthenticated");
        assert_eq!(session.user.get("/logout").await.refused(401), "unauthenticated");
        assert_eq!(session.web.get("/api/logout").await.refused(403), "unauthenticated");
    }
    ann.web.get("/api/user").await.expect(200);
    ann.user.get("/users").await.expect(200);
}

#[tokio::test]
async fn all_sockets_are_closed_however_they_were_opened_and_none_is_opened_again() {
    let stack = Stack::shared().await;
    let bob = Person::new(&stack).await;
    let ann = Person::new(&stack).await;
    let page = &stack.ready().http;
    let mut sockets = [
        bob.user.socket().await,
        Socket::open(&bob.user.socket_url()).await,
        bob.web.socket(page).await,
        bob.web.login(&stack).await.socket(page).await,
    ];
    let mut watching = ann.user.socket().await;
    bob.delete().await;
    for socket in &mut sockets {
        socket.closed().await;
    }
    watching.so_far().await;

    assert!(matches!(Socket::try_open(&bob.user.socket_url()).await, Err(401 | 403)));
    let mut socket = Socket::open(&stack.ready().websocket).await;
    assert_eq!(socket.refused(&json!({"token": bob.user.token})).await, "unauthenticated");
    socket.closed().await;
    // Bad cookies are as good as none: the socket opens, and is nobody's.
    let mut socket = bob.web.socket(page).await;
    assert_eq!(socket.refused(&json!({"type": "ping"})).await, "unauthenticated");
}

#[tokio::test]
async fn those_who_are_online_see_him_go() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let group = ann.user.create_group("A group").await;
    let mut watching = ann.user.socket().await;
    ann.user.enter(group).await;
    let _sockets = [bob.user.socket().await, bob.web.socket(&stack.ready().http).await];
    bob.user.enter(group).await;
    watching.expect("his coming", |frame| frame["event"] == "enter" && frame["user_id"] == bob.id()).await;
    bob.delete().await;

    let is_gone = json!({"type": "user_activity", "user_id": bob.id(), "login": false});
    let (mut has_left, mut is_offline) = (false, false);
    while !(has_left && is_offline) {
        let is_his = |frame: &Value| *frame == is_gone || frame["event"] == "leave";
        let frame = watching.expect("his going", is_his).await;
        if frame == is_gone {
            is_offline = true;
        } else {
            assert_eq!((&frame["user_id"], &frame["chat_group_id"]), (&json!(bob.id()), &json!(group)));
            has_left = true;
        }
    }
    let more = watching.so_far().await;
    assert!(!more.contains(&is_gone), "{more:?}");
    assert_eq!(ann.user.look_into(group).await["present"], json!([ann.id()]));
}

#[tokio::test]
async fn neither_name_nor_address_logs_in_any_more() {
    let stack = Stack::shared().await;
    let unconfirmed = Person::new(&stack).await;
    let confirmed = Person::confirmed(&stack).await;
    let by_mail = Person::by_mail(&stack, Applicant::named()).await;
    for bob in [&unconfirmed, &confirmed, &by_mail] {
        bob.delete().await;
        cannot_log_in(bob, &stack).await;
    }
}

#[tokio::test]
async fn nobody_finds_him_any_more() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let by_mail = Person::by_mail(&stack, Applicant::named()).await;
    for bob in [&bob, &by_mail] {
        assert!(is_listed(bob, &ann.user).await);
        bob.delete().await;
        is_unknown(bob, &ann).await;
        for name in [bob.web.name.clone(), bob.web.name.to_uppercase()] {
            let answer = ann.web.get(&format!("/api/user?name={name}")).await;
            assert_eq!(answer.refused(404), "user_not_found");
        }
    }
}

#[tokio::test]
async fn a_second_deletion_is_refused_for_want_of_a_session() {
    let stack = Stack::shared().await;
    let bob = Person::new(&stack).await;
    let again = bob.web.login(&stack).await;
    bob.delete().await;
    for session in [&bob.web, &again] {
        assert_eq!(session.delete("/api/user").await.refused(403), "unauthenticated");
        let answer = session.delete(&format!("/api/user/{}", bob.id())).await;
        assert_eq!(answer.refused(403), "unauthenticated");
    }
}

#[tokio::test]
async fn nobody_is_deleted_by_others_or_without_cookies() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let own = format!("/api/user/{}", bob.id());
    assert_eq!(ann.web.delete(&own).await.refused(403), "forbidden");
    for path in ["/api/user", &own] {
        assert_eq!(bob.user.delete(path).await.refused(403), "unauthenticated");
        assert_eq!(stack.anonymous().delete(path).await.refused(403), "unauthenticated");
        let elsewhere = bob.web.delete(path).header("origin", "http://evil.example").await;
        assert_eq!(elsewhere.refused(403), "forbidden");
    }
    for person in [&ann, &bob] {
        let shown = person.web.get("/api/user").await.expect(200).json();
        assert_eq!(shown["user"]["name"], json!(person.web.name));
        person.user.get("/chats").await.expect(200);
    }
}

#[tokio::test]
async fn the_name_can_be_had_by_somebody_else_at_once_on_every_surface() {
    let stack = Stack::shared().await;
    let people: [Person; 4] = Person::several(&stack).await;
    let ann = Person::new(&stack).await;
    for bob in &people {
        let taken = register(&stack, &bob.web.name, &address()).await;
        assert_eq!(taken.refused(400), "name_taken");
        bob.delete().await;
    }
    let [one, two, three, four] = &people;
    let by_form = WebUser::named(&stack, &one.web.name).await;
    let shouted = WebUser::named(&stack, &two.web.name.to_uppercase()).await;
    let applicant = Applicant { user_name: Some(three.web.name.clone()), ..Applicant::new() };
    let by_mail = applicant.join(&stack).await;
    let guest = Guest::named(&stack, &four.web.name).await;
    guest.get("/api/conversations").await.expect(200);

    for (bob, id) in [(one, by_form.id), (two, shouted.id), (three, by_mail.id)] {
        assert_ne!(id, bob.id());
        let found = ann.web.get(&format!("/api/user?name={}", bob.web.name)).await.expect(200).json();
        assert_eq!(found["user"]["id"], id);
        is_logged_out(bob).await;
    }
    let found = ann.web.get(&format!("/api/user?name={}", four.web.name)).await.expect(200).json();
    assert_ne!(found["user"]["id"], four.id());
    is_unknown(four, &ann).await;
}

#[tokio::test]
async fn whoever_has_the_name_next_has_none_of_his_chats() {
    let stack = Stack::shared().await;
    let [ann, bob] = Person::several(&stack).await;
    let mut chats = Vec::new();
    for kind in KINDS {
        let chat = Chat::begin(kind, &ann, &bob).await;
        chat.say(&bob, &ann, "mine").await;
        chats.push(chat);
    }
    bob.user.socket().await.say(&json!({"chat_type": "bot", "message": "hello"})).await;
    bob.delete().await;

    let next = Person::named(&stack, &bob.web.name).await;
    has_no_chats(&next).await;
    for chat in chats {
        match chat.kind {
            Kind::Direct => drop(next.user.get(&format!("/chats/{}", chat.id)).await.refused(403)),
            Kind::Pair => drop(next.user.get(&format!("/chat_rooms/{}", chat.id)).await.refused(403)),
            Kind::Web => drop(next.web.get(&format!("/api/chats/{}", chat.id)).await.refused(403)),
            Kind::Room | Kind::Group => {}
        }
        let names: Vec<_> = chat.rows(&ann).await.into_iter().filter(|row| row.sender == bob.id()).collect();
        assert!(names.iter().all(|row| row.name != json!(next.web.name)), "{chat:?}: {names:?}");
    }
    // What Ann writes to the new one is another chat.
    let chat = ann.user.write(&next.user, "hello").await;
    assert_eq!(next.user.history(chat).await.len(), 1);
    assert_eq!(next.user.get("/chats").await.expect(200).rows().len(), 1);
}

#[tokio::test]
async fn the_address_can_be_had_by_somebody_else_at_once() {
    let stack = Stack::shared().await;
    let (by_form, by_mail, by_change) =
        join3(Person::confirmed(&stack), Person::confirmed(&stack), Person::confirmed(&stack)).await;
    for bob in [&by_form, &by_mail, &by_change] {
        bob.delete().await;
    }
    let email = &by_form.web.email;
    register(&stack, &unique("Next"), email).await.expect(201);
    let id = confirm(&stack, email).await;
    assert_ne!(id, by_form.id());
    is_the_address_of(&stack, email, &by_form.web.password, id).await;

    let email = &by_mail.web.email;
    let next = Applicant { email: email.clone(), ..Applicant::new() }.join(&stack).await;
    assert_ne!(next.id, by_mail.id());
    is_the_address_of(&stack, email, &next.applicant.password, next.id).await;

    let email = &by_change.web.email;
    let next = Person::new(&stack).await;
    next.change(&[("email", email.as_str())]).await;
    assert_eq!(confirm(&stack, email).await, next.id());
    is_the_address_of(&stack, email, &next.web.password, next.id()).await;
}

#[tokio::test]
async fn a_link_that_was_not_opened_yet_leads_nowhere() {
    let stack = Stack::shared().await;
    let new = Person::new(&stack).await;
    let changing = Person::confirmed(&stack).await;
    let waiting = address();
    changing.change(&[("email", waiting.as_str())]).await;
    for (bob, email) in [(&new, &new.web.email), (&changing, &waiting)] {
        let path = format!("/register/{}", link(&stack, email).await);
        bob.delete().await;
        let answer = stack.anonymous().get(&path).await;
        assert_eq!(answer.refused(404), "registration_not_found");
        let body = json!({"email": email, "password": bob.web.password});
        assert_eq!(stack.anonymous().post("/login").json(&body).await.refused(401), "unauthenticated");
        // It is nobody's: somebody else can confirm it.
        let next = WebUser::new(&stack).await;
        next.put("/api/user").form(&[("email", email.as_str())]).await.expect(200);
        assert_eq!(confirm(&stack, email).await, next.id);
    }
}

#[tokio::test]
async fn former_names_and_addresses_are_nobodys_either() {
    let stack = Stack::shared().await;
    let bob = Person::confirmed(&stack).await;
    let (name, email) = (unique("Robert"), address());
    bob.change(&[("name", name.as_str()), ("email", email.as_str())]).await;
    assert_eq!(confirm(&stack, &email).await, bob.id());
    bob.delete().await;
    for (name, email) in [(&name, &email), (&bob.web.name, &bob.web.email)] {
        register(&stack, name, email).await.expect(201);
        assert_ne!(confirm(&stack, email).await, bob.id());
    }
}
