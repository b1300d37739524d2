//! Who registered by the form is a user for all of the system.

use futures::future::join;
use serde_json::{Value, json};
use tests::{Applicant, Caller as _, Guest, Stack, User, WebUser, unique};

use super::{USER, is_ok, pair, signed_in};
use crate::common::{column, say_to, text_to, user_named};

/// The body of a text to a user who may be of any kind.
fn text_to_id(id: u64, message: &str) -> Value {
    json!({"receiver_id": id, "message": message, "type": "text"})
}

/// Opens the link in the mail to somebody's address.
async fn confirm(stack: &Stack, user: &WebUser) {
    let mails = stack.mails_to(&user.email).await;
    let token = mails.first().and_then(|mail| mail.confirmation_token()).expect("a link");
    stack.anonymous().get(&format!("/register/{token}")).await.expect(201);
}

#[tokio::test]
async fn a_web_user_is_listed_like_all_others() {
    let stack = Stack::shared().await;
    let reader = User::new(&stack).await;
    let ada = WebUser::new(&stack).await;
    let expected = json!({
        "user_id": ada.id, "user_name": ada.name, "first_name": null, "last_name": null,
        "online": false, "last_seen": null,
    });
    assert_eq!(user_named(&reader, &ada.name).await, expected);
    confirm(&stack, &ada).await;
    assert_eq!(user_named(&reader, &ada.name).await, expected);
}

#[tokio::test]
async fn a_web_user_is_online_while_a_socket_is() {
    let stack = Stack::shared().await;
    let [bob, eve] = User::pair(&stack).await;
    let mut watching = bob.socket().await;
    let ada = WebUser::new(&stack).await;
    let socket = ada.socket(&stack.ready().http).await;
    let of_ada = |login: bool| json!({"type": "user_activity", "user_id": ada.id, "login": login});
    let came = of_ada(true);
    watching.expect("the first socket", |frame| *frame == came).await;
    assert_eq!(user_named(&eve, &ada.name).await["online"], true);
    socket.close().await;
    let went = of_ada(false);
    watching.expect("the end of the last socket", |frame| *frame == went).await;
    assert_eq!(user_named(&eve, &ada.name).await["online"], false);
}

#[tokio::test]
async fn every_socket_that_is_online_hears_of_a_web_user_once() {
    let stack = Stack::shared().await;
    let [bob, eve] = User::pair(&stack).await;
    let web = WebUser::new(&stack).await;
    let mut sockets =
        [bob.socket().await, bob.socket().await, eve.socket().await, web.socket(&stack.ready().http).await];
    let ada = WebUser::new(&stack).await;
    let expected = json!({"type": "user_update", "user_id": ada.id, "first_name": null, "last_name": null});
    for socket in &mut sockets {
        socket.expect("the new user", |frame| *frame == expected).await;
        let more = socket.so_far().await;
        assert!(more.iter().all(|frame| frame["user_id"] != ada.id), "{more:?}");
    }
}

#[tokio::test]
async fn everybody_online_hears_of_a_new_name_and_of_no_refused_one() {
    let stack = Stack::shared().await;
    let (bob, [ada, eve]) = join(User::new(&stack), pair(&stack)).await;
    let mut sockets = [bob.socket().await, eve.socket(&stack.ready().console).await];
    let expected = json!({"type": "user_update", "user_id": ada.id, "first_name": null, "last_name": null});
    for wrong in [&eve.name, "a\nb", ""] {
        ada.put(USER).form(&[("name", wrong)]).await.refused(400);
    }
    for socket in &mut sockets {
        let frames = socket.so_far().await;
        assert!(frames.iter().all(|frame| *frame != expected), "{frames:?}");
    }
    is_ok(&ada.put(USER).form(&[("name", &unique("Ada"))]).await, 200);
    for socket in &mut sockets {
        socket.expect("the change", |frame| *frame == expected).await;
    }
    let path = format!("{USER}/{}", ada.id);
    is_ok(&ada.put(&path).form(&[("name", &unique("Ada"))]).await, 200);
    for socket in &mut sockets {
        socket.expect("the change", |frame| *frame == expected).await;
    }
}

#[tokio::test]
async fn a_web_user_is_written_to_and_reads_and_answers_with_a_header_token() {
    let stack = Stack::shared().await;
    let (bob, ada) = join(User::new(&stack), WebUser::new(&stack)).await;
    let made = bob.post("/chats").json(&text_to_id(ada.id, "hello")).await.expect(201).json();
    let chat = made["chat_id"].as_u64().expect("a chat_id");

    let by_header = ada.header_user(&stack).await;
    assert_eq!(by_header.unread(chat).await, 1);
    let rows = by_header.history(chat).await;
    assert_eq!(
        (column(&rows, "message"), column(&rows, "message_sender_id")),
        (vec![json!("hello")], vec![json!(bob.id)])
    );
    by_header.mark_read(chat).await;
    assert_eq!(by_header.unread(chat).await, 0);
    assert_eq!(by_header.write(&bob, "hi").await, chat);
    assert_eq!(column(&bob.history(chat).await, "message"), ["hi", "hello"]);
    assert_eq!(bob.unread(chat).await, 1);
}

#[tokio::test]
async fn its_name_stands_wherever_names_do() {
    let stack = Stack::shared().await;
    let (bob, ada) = join(User::new(&stack), WebUser::new(&stack)).await;
    let by_header = ada.header_user(&stack).await;
    let mut name = ada.name.clone();
    by_header.write(&bob, "hello").await;
    let room = say_to(&bob, &mut by_header.socket().await, "hello").await;
    let group = by_header.create_group("A group").await;
    bob.enter(group).await;
    let mut socket = by_header.socket().await;
    by_header.enter(group).await;
    let frame = json!({"chat_type": "group", "chat_group_id": group, "message": "hello"});
    socket.say(&frame).await;
    // As it is now, whenever something was said.
    for _ in 0..2 {
        let name_is = json!(name);
        let rows = bob.get("/chats").await.expect(200).rows();
        let [row] = &rows[..] else { panic!("not one chat: {rows:?}") };
        for field in ["with_user_name", "with_nick_name", "last_message_sender_name"] {
            assert_eq!(row[field], name_is, "{field}");
        }
        let chat = row["chat_id"].as_u64().expect("a chat_id");
        assert_eq!(column(&bob.history(chat).await, "message_sender_name"), std::slice::from_ref(&name_is));
        let rows = bob.get("/chat_rooms").await.expect(200).rows();
        assert_eq!(column(&rows, "last_message_sender_name"), std::slice::from_ref(&name_is));
        let shown = bob.get(&format!("/chat_rooms/{room}")).await.expect(200).json();
        assert_eq!(shown["messages"][0]["user_name"], name_is);
        let shown = bob.look_into(group).await;
        assert_eq!(shown["messages"][0]["user_name"], name_is);
        let told = bob.get("/notifications").await.expect(200).json();
        let told = column(told["notifications"].as_array().expect("notifications"), "sender_name");
        assert!(!told.is_empty() && told.iter().all(|told| *told == name_is), "{told:?}");

        name = unique("Ada");
        is_ok(&ada.put(USER).form(&[("name", &name)]).await, 200);
    }
}

#[tokio::test]
async fn a_direct_message_reaches_a_socket_that_was_opened_with_the_cookies() {
    let stack = Stack::shared().await;
    let (bob, ada) = join(User::new(&stack), WebUser::new(&stack)).await;
    let mut socket = ada.socket(&stack.ready().http).await;
    let made = bob.post("/chats").json(&text_to_id(ada.id, "hello")).await.expect(201).json();
    let frame = socket.expect("the message", |frame| frame["chat_type"] == "chat").await;
    assert_eq!((&frame["chat_id"], &frame["message"]), (&made["chat_id"], &json!("hello")));
    assert_eq!(frame["user_id"], json!(bob.id));
}

#[tokio::test]
async fn web_users_write_to_each_other_directly_as_well() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let (adas, bobs) = join(ada.header_user(&stack), bob.header_user(&stack)).await;
    let chat = adas.write(&bobs, "hello").await;
    assert_eq!(bobs.post("/chats").json(&text_to(&adas, "hi")).await.expect(201).json()["chat_id"], chat);
    // It is no web chat, and nobody sees it but the two.
    assert_eq!((ada.chats().await, bob.chats().await), (Vec::new(), Vec::new()));
    assert_eq!(column(&adas.history(chat).await, "message"), ["hi", "hello"]);
}

#[tokio::test]
async fn a_confirmed_address_is_a_login_for_a_header() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let body = json!({"email": ada.email, "password": ada.password});
    let answer = stack.anonymous().post("/login").json(&body).await;
    assert_eq!(answer.refused(401), "unauthenticated");
    confirm(&stack, &ada).await;
    let answer = stack.anonymous().post("/login").json(&body).await.expect(200).json();
    let token = answer["token"].as_str().expect("a token").to_owned();
    let user = User::known(&stack, Applicant::named(), ada.id, token);
    user.socket().await;
    // What the cookies opened stays open.
    ada.get(USER).await.expect(200);
}

#[tokio::test]
async fn the_address_of_a_web_user_cannot_be_registered_once_more_by_mail() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let copy = Applicant { email: ada.email.clone(), ..Applicant::new() };
    // Nobody's before it is confirmed: whoever opens a link first has it.
    let link = copy.register(&stack).await;
    confirm_first(&stack, &ada).await;
    assert_eq!(stack.anonymous().get(&format!("/register/{link}")).await.refused(409), "email_taken");
    stack.anonymous().post("/register").json(&copy.body()).await.expect(202);
    let mails = stack.mails_to(&ada.email).await;
    assert_eq!((mails.len(), mails[0].confirmation_token()), (3, None));
}

/// Opens the link in the first mail to somebody's address.
async fn confirm_first(stack: &Stack, user: &WebUser) {
    let mails = stack.mails_to(&user.email).await;
    let token = mails.last().and_then(|mail| mail.confirmation_token()).expect("a link");
    let confirmed = stack.anonymous().get(&format!("/register/{token}")).await.expect(201).json();
    assert_eq!(confirmed["user_id"], json!(user.id));
}

#[tokio::test]
async fn who_registered_by_mail_takes_part_in_web_chats() {
    let stack = Stack::shared().await;
    let (user, ada) = join(Applicant::named().join(&stack), WebUser::new(&stack)).await;
    let name = user.applicant.user_name.clone().expect("a name");
    let chat = ada.open_chat("A chat").await;
    let call = ada.post(&super::members_path(chat));
    is_ok(&call.form(&[("name", &name)]).await, 201);
    let mut socket = user.socket().await;
    ada.say(chat, "hello").await;
    let frame = socket.expect("the message", |frame| frame["type"] == "chat_message").await;
    assert_eq!((&frame["chat_id"], &frame["content"]), (&json!(chat), &json!("hello")));

    let (id, token) = signed_in(&super::login(&stack, &name, &user.applicant.password).await);
    assert_eq!(id, user.id);
    let cookie = super::cookies(id, &token);
    let call = stack.anonymous().post(&super::chat_path(chat)).form(&[("content", "hi")]);
    call.header("cookie", &cookie).await.expect(201);
    assert_eq!(column(&ada.messages(chat).await, "sender_id"), [ada.id, id]);
}

#[tokio::test]
async fn a_user_of_conversations_hears_a_web_chat_it_was_brought_into() {
    let stack = Stack::shared().await;
    let (guest, ada) = join(Guest::new(&stack), WebUser::new(&stack)).await;
    let chat = ada.open_chat("A chat").await;
    let cookie = format!("session={}", guest.session);
    let headers = [("cookie", cookie.as_str()), ("origin", stack.ready().http.as_str())];
    let socket = tests::Socket::try_open_with(&stack.ready().websocket, &headers).await;
    let mut socket = socket.expect("an accepted upgrade");
    ada.say(chat, "before").await;
    is_ok(&ada.post(&super::members_path(chat)).form(&[("name", &guest.name)]).await, 201);
    ada.say(chat, "hello").await;
    let frame = socket.expect("the message", |frame| frame["type"] == "chat_message").await;
    assert_eq!((&frame["chat_id"], &frame["content"]), (&json!(chat), &json!("hello")));
}
