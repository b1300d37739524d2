//! What the log must never tell, whatever is done: a tour through everything, and then a look for all that was typed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{
    Applicant, Caller as _, Guest, Log, Member, Platform, Socket, Stack, User, WebUser, eventually, unique,
};

use crate::common::{send, text_to};

/// What nobody may read in a log, with what it is.
#[derive(Default)]
struct Canaries(BTreeMap<String, &'static str>);

impl Canaries {
    /// Notes a text, which must be so long that it is nowhere by chance.
    fn add(&mut self, what: &'static str, text: &str) {
        assert!(text.len() >= 16, "{what}: {text:?}");
        self.0.insert(text.to_owned(), what);
    }

    /// A new text of a kind.
    fn new_text(&mut self, what: &'static str) -> String {
        let text = unique("canary");
        self.add(what, &text);
        text
    }

    /// Notes a token: the whole of it, and each part of it that not every token has.
    fn add_token(&mut self, what: &'static str, token: &str) {
        self.add(what, token);
        token.split('.').skip(1).for_each(|part| self.add(what, part));
    }

    /// What a line tells of all that.
    fn found_in(&self, line: &str) -> Vec<&'static str> {
        self.0.iter().filter(|(text, _)| line.contains(text.as_str())).map(|(_, what)| *what).collect()
    }
}

/// Somebody who registers by mail, everything about whom is new.
async fn applicant(stack: &Stack, canaries: &mut Canaries) -> User {
    let applicant = Applicant {
        email: format!("{}@example.com", canaries.new_text("an address")),
        password: canaries.new_text("a password"),
        first_name: canaries.new_text("a first name"),
        last_name: canaries.new_text("a last name"),
        user_name: Some(canaries.new_text("a user name")),
    };
    let link = applicant.register(stack).await;
    canaries.add("the token of a link", &link);
    let id = applicant.confirm(stack, &link).await;
    let token = applicant.login(stack).await;
    canaries.add_token("a token", &token);
    User::known(stack, applicant, id, token)
}

/// The direct chat, the mailbox, a room, a group and the bot, over HTTP and over sockets.
async fn talk(ada: &User, bob: &User, canaries: &mut Canaries) {
    let (mut ada_socket, mut bob_socket) = (ada.socket().await, bob.socket().await);
    let (text, key) = (canaries.new_text("a text"), canaries.new_text("an idempotency key"));
    for path in ["/chats", "/chats_v2"] {
        let sent = send(ada, path, &text_to(bob, &text), &format!("{key}{path}")).await.expect(201).json();
        bob.get(&format!("{path}/{}", sent["chat_id"])).await.expect(200);
    }
    let room = ada.open_room(&canaries.new_text("a title")).await;
    ada.post_to_room(room, &canaries.new_text("a text to a room")).await;
    bob.post_to_room(room, &canaries.new_text("a text to a room")).await;
    let group = ada.create_group(&canaries.new_text("a name of a group")).await;
    ada.enter(group).await;
    bob.enter(group).await;
    for to in [
        json!({"chat_type": "room", "chat_room_id": room}),
        json!({"chat_type": "room", "other_user_id": bob.id}),
        json!({"chat_type": "group", "chat_group_id": group}),
        json!({"chat_type": "bot"}),
    ] {
        let mut frame = to;
        frame["message"] = json!(canaries.new_text("a text of a frame"));
        frame["client_id"] = json!(canaries.new_text("a client_id"));
        ada_socket.say(&frame).await;
    }
    let chat = ada.write(bob, &canaries.new_text("a text")).await;
    bob_socket.expect("the last text", |frame| frame["chat_id"] == chat).await;
    bob.get("/notifications").await.expect(200);
    bob.delete(&format!("/chats/{chat}")).await.expect(204);
    ada_socket.close().await;
    bob_socket.close().await;
}

/// The form-and-cookie API, up to the end of an account, and conversations.
async fn talk_by_cookies(stack: &Stack, canaries: &mut Canaries) {
    let name = canaries.new_text("a name");
    let [eve, tom] = [WebUser::named(stack, &name).await, WebUser::new(stack).await];
    canaries.add("an address", &eve.email);
    canaries.add("a password", &eve.password);
    canaries.add_token("a cookie", &eve.token);
    let chat = eve.open_chat(&canaries.new_text("a title")).await;
    eve.invite(chat, &tom).await;
    eve.say(chat, &canaries.new_text("a text of a web chat")).await;
    let (name, email) = (canaries.new_text("a new name"), canaries.new_text("a new address"));
    let email = format!("{email}@example.com");
    eve.put("/api/user").form(&[("name", name.as_str()), ("email", &email)]).await.expect(200);
    tom.get(&format!("/api/user?name={name}")).await.expect(200);
    eve.delete("/api/user").await.expect(200);

    let guest = Guest::named(stack, &canaries.new_text("a name of a guest")).await;
    canaries.add_token("a cookie of a guest", &guest.session);
    let conversation = guest.open(&canaries.new_text("a title of a conversation")).await;
    let url = guest.say(&conversation, &canaries.new_text("a text of a conversation")).await;
    guest.delete(&url).await.expect(200);
}

/// Signed messages of users whose ids are as good as addresses.
async fn talk_signed(stack: &Stack, canaries: &mut Canaries) {
    let platform = Platform::new(stack);
    canaries.add("the backend's key", &stack.ready().backend_key);
    let mut members: Vec<Member> = Vec::new();
    for name in ["ada.lovelace.example.com", "bob.example.com"] {
        let member = platform.member(name).await;
        canaries.add("the id of a platform's user", &member.id);
        canaries.add_token("an access token", &member.access);
        canaries.add_token("a refresh token", &member.refresh);
        members.push(member);
    }
    let named = canaries.new_text("the id of a platform's user");
    let body = json!({
        "userID": named, "userKey": members[0].key.public_pem(),
        "displayName": canaries.new_text("a display name"),
    });
    platform.post("/token").json(&body).await.expect(201);
    let chat = Platform::new_chat_id();
    canaries.add("the id of a platform's chat", &chat);
    platform.seat(&chat, &[&members[0], &members[1]]).await;
    let mut socket = members[1].socket().await;
    let (text, hash) = (canaries.new_text("a signed text"), canaries.new_text("a clientHash"));
    members[0].send(&chat, &text, &hash).await;
    socket.expect("the message", |frame| frame.to_string().contains(&text)).await;
    let messages = members[1].incoming().await.messages;
    members[1].acknowledge(&[messages[0]["messageID"].as_str().expect("an id")], "read").await;
    let tokens = members[0].put("/token").json(&json!({"refreshToken": members[0].refresh})).await;
    let tokens = tokens.expect(201).json();
    canaries.add_token("an access token", tokens["accessToken"].as_str().expect("a token"));
    platform.delete(&format!("/backend/chats/{chat}")).await;
}

/// Everything that is refused: credentials, bodies, frames and upgrades.
async fn be_refused(stack: &Stack, ada: &User, canaries: &mut Canaries) {
    let anonymous = stack.anonymous();
    let wrong = canaries.new_text("what is no credential");
    let forged = ada.token.rsplit_once('.').map(|(signed, _)| format!("{signed}.{wrong}")).expect("a JWT");
    for token in [&wrong, &forged] {
        for (path, header, value) in [
            ("/chats", "authentication", token.clone()),
            ("/users", "authorization", format!("Bearer {token}")),
            ("/messages", "authorization", token.clone()),
            ("/api/chats", "cookie", format!("user_id={}; token={token}", ada.id)),
            ("/api/conversations", "cookie", format!("session={token}")),
            ("/backend/chats/a/users", "authorization", token.clone()),
        ] {
            assert!(anonymous.get(path).header(header, &value).await.status.is_client_error(), "{path}");
        }
        let url = format!("{}?token={token}", stack.ready().websocket);
        assert_eq!(Socket::try_open(&url).await.err(), Some(401));
        let mut socket = Socket::open(&stack.ready().websocket).await;
        socket.refused(&json!({"token": token})).await;
    }
    let email = format!("{}@example.com", canaries.new_text("an unknown address"));
    let password = canaries.new_text("a wrong password");
    for body in [
        json!({"email": email, "password": password}),
        json!({"email": ada.applicant.email, "password": password}),
        json!({"user_name": wrong, "password": password}),
    ] {
        anonymous.post("/login").json(&body).await.refused(401);
    }
    let form = [("name", wrong.as_str()), ("password", &password)];
    anonymous.post("/api/login").form(&form).await.refused(400);
    let broken = [
        canaries.new_text("what is no JSON"),
        json!([canaries.new_text("what is no object")]).to_string(),
        json!({"receiver_id": canaries.new_text("what is no id"), "message": {wrong.as_str(): wrong}})
            .to_string(),
        json!({"receiver_id": ada.id, "message": "x", "type": canaries.new_text("what is no type")})
            .to_string(),
    ];
    let mut socket = ada.socket().await;
    for body in &broken {
        for path in ["/chats", "/chat_rooms", "/register", "/login", "/auth/register", "/token", "/messages"]
        {
            let answer = ada.post(path).body("application/json", body.clone()).await;
            assert!(answer.status.is_client_error(), "{answer:?}");
        }
        socket.send_text(body).await;
        socket.expect("a refusal", |frame| frame["error"].is_string() || frame["message"].is_string()).await;
    }
    let frame = json!({"chat_type": canaries.new_text("what is no kind of chat"), "message": broken[0]});
    socket.send(&frame).await;
    socket.expect("a refusal", |frame| frame["error"].is_string() || frame["message"].is_string()).await;
    socket.close().await;
}

/// Waits until every function has said what it has to say of all that came before: of somebody who calls each after it.
async fn has_said_all(stack: &Stack, log: &Log) {
    let last = User::new(stack).await;
    let id = last.id.to_string();
    let functions = [
        ("ChatsFunction", "/chats"),
        ("ChatRoomsFunction", "/chat_rooms"),
        ("ChatGroupsFunction", "/chat_groups"),
        ("ChatBotFunction", "/chat_bot"),
        ("AccountsFunction", "/users"),
    ];
    for (function, path) in functions {
        last.get(path).await.expect(200);
        let is_it = |line: &Value| line["function"] == function && line["userId"] == id.as_str();
        eventually(path, async || log.invocations().iter().any(is_it).then_some(())).await;
    }
}

#[tokio::test]
async fn no_line_tells_what_anybody_typed_or_holds() {
    let key = unique("backend-key");
    let (stack, log) = Stack::start_logged(&["--backend-key", &key, "--parameter", "FanOutLimit=1"]).await;
    let mut canaries = Canaries::default();
    let ada = applicant(&stack, &mut canaries).await;
    let bob = applicant(&stack, &mut canaries).await;
    talk(&ada, &bob, &mut canaries).await;
    talk_by_cookies(&stack, &mut canaries).await;
    talk_signed(&stack, &mut canaries).await;
    be_refused(&stack, &ada, &mut canaries).await;
    ada.get("/logout").await.expect(200);
    has_said_all(&stack, &log).await;

    let lines = log.of_functions();
    assert!(lines.len() > 100 && canaries.0.len() > 50, "{} lines say little", lines.len());
    let functions: std::collections::BTreeSet<_> = lines.iter().map(|(name, _)| name.as_str()).collect();
    for function in ["accounts", "conversations", "fan-out", "messages", "web", "websocket"] {
        assert!(functions.contains(function), "{function} said nothing: {functions:?}");
    }
    for (name, line) in lines {
        assert_eq!(canaries.found_in(&line), [""; 0], "{name} said {line}");
    }
}
