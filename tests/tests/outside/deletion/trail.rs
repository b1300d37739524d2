//! What somebody leaves behind: a text in every place there is for one.

use serde_json::{Value, json};
use tests::{Caller as _, unique};

use super::common::Person;
use crate::common::{say_to, send, text_to};

/// The chats in which somebody has written to others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trail {
    /// With Ann.
    pub(super) chat: u64,
    /// With Eve, who has fetched some of it.
    pub(super) mailbox: u64,
    /// The room of the two, with Ann.
    pub(super) pair: u64,
    /// A room at a place, with Ann.
    pub(super) room: u64,
    /// A group, with Ann.
    pub(super) group: u64,
    /// A web chat of all three.
    pub(super) shared: u64,
    /// A web chat of Ann's that the writer has left.
    pub(super) left: u64,
    /// A web chat of Ann's that the writer has left and was brought into again.
    pub(super) back: u64,
    /// A web chat of the writer alone.
    pub(super) alone: u64,
}

/// Writes to everybody and everywhere, now as the newest message of a chat and now as an older one, with an idempotency
/// key and without. `secret` stands in every text of Bob's, and in none of anybody else's.
pub(super) async fn leave(bob: &Person, ann: &Person, eve: &Person, secret: &str) -> Trail {
    let mailbox = leave_in_mailbox(bob, eve, secret).await;
    let chat = leave_in_chat(bob, ann, secret).await;
    let [pair, room, group] = leave_over_socket(bob, ann, secret).await;
    let shared = leave_in_shared(bob, ann, eve, secret).await;
    let [left, back, alone] = leave_where_he_left(bob, ann, secret).await;
    Trail { chat, mailbox, pair, room, group, shared, left, back, alone }
}

async fn leave_in_chat(bob: &Person, ann: &Person, secret: &str) -> u64 {
    let chat = bob.user.write(&ann.user, &format!("the first: {secret}")).await;
    for number in 2..5 {
        bob.user.write(&ann.user, &format!("{number}: {secret}")).await;
    }
    ann.user.write(&bob.user, "an answer").await;
    for number in 6..8 {
        let body = text_to(&ann.user, &format!("{number}: {secret}"));
        send(&bob.user, "/chats", &body, &unique("key")).await.expect(201);
    }
    chat
}

async fn leave_in_mailbox(bob: &Person, eve: &Person, secret: &str) -> u64 {
    // A chat that has gone already.
    let gone = bob.user.write(&eve.user, &format!("gone: {secret}")).await;
    eve.user.delete(&format!("/chats/{gone}")).await.expect(204);

    let body = text_to(&eve.user, &format!("handed out: {secret}"));
    for _ in 0..2 {
        send(&bob.user, "/chats_v2", &body, &unique("key")).await.expect(201);
    }
    let body = text_to(&eve.user, &format!("waiting: {secret}"));
    let sent = bob.user.post("/chats_v2").json(&body).await.expect(201).json();
    let chat = sent["chat_id"].as_u64().expect("a chat_id");
    let fetched = eve.user.get(&format!("/chats_v2/{chat}")).await.expect(200).rows();
    assert_eq!(fetched.len(), 3);
    for _ in 0..2 {
        bob.user.post("/chats_v2").json(&body).await.expect(201);
    }
    // What he fetches is gone: the newest message left is one of his, an older one.
    eve.user.write(&bob.user, "for bob").await;
    bob.user.get(&format!("/chats_v2/{chat}")).await.expect(200);
    chat
}

/// In the room of two, in a room at a place, in a group and to the bot.
async fn leave_over_socket(bob: &Person, ann: &Person, secret: &str) -> [u64; 3] {
    let mut socket = bob.user.socket().await;
    let pair = say_to(&ann.user, &mut socket, &format!("in the room of two: {secret}")).await;
    ann.user.post_to_room(pair, "an answer").await;
    say_to(&ann.user, &mut socket, &format!("once more: {secret}")).await;

    let room = ann.user.open_room("Prater").await;
    ann.user.post_to_room(room, "hello").await;
    for number in 2..4 {
        bob.user.post_to_room(room, &format!("{number}: {secret}")).await;
    }
    ann.user.post_to_room(room, "an answer").await;
    socket
        .say(&json!({"chat_type": "room", "chat_room_id": room, "message": format!("newest: {secret}")}))
        .await;

    let group = ann.user.create_group("A group").await;
    bob.user.enter(group).await;
    let to_group = |message: &str| json!({"chat_type": "group", "chat_group_id": group, "message": message});
    socket.say(&to_group(&format!("in the group: {secret}"))).await;
    let mut other = ann.user.socket().await;
    other.say(&to_group("an answer")).await;
    other.close().await;
    socket.say(&to_group(&format!("once more: {secret}"))).await;

    for number in 0..3 {
        let frame = json!({"chat_type": "bot", "message": format!("for the bot, {number}: {secret}")});
        socket.say(&frame).await;
    }
    socket.close().await;
    [pair, room, group]
}

async fn leave_in_shared(bob: &Person, ann: &Person, eve: &Person, secret: &str) -> u64 {
    let chat = bob.web.open_chat("Tea").await;
    for other in [ann, eve] {
        bob.web.invite(chat, &other.web).await;
    }
    bob.web.say(chat, &format!("the first: {secret}")).await;
    eve.web.say(chat, "hello").await;
    let deleted = bob.web.say(chat, &format!("soon deleted: {secret}")).await;
    bob.web.delete(&format!("/api/chats/{chat}?id={deleted}")).await.expect(200);
    bob.web.say(chat, &format!("the third: {secret}")).await;
    ann.web.say(chat, "an answer").await;
    let text = format!("newest: {secret}");
    let call = bob.web.post(&format!("/api/chats/{chat}")).header("idempotency-key", &unique("key"));
    call.form(&[("content", text.as_str())]).await.expect(201);
    chat
}

/// Where he took part once, once more, or never with anybody else.
async fn leave_where_he_left(bob: &Person, ann: &Person, secret: &str) -> [u64; 3] {
    let [left, back] = [ann.web.open_chat("Coffee").await, ann.web.open_chat("Milk").await];
    for chat in [left, back] {
        ann.web.invite(chat, &bob.web).await;
        bob.web.say(chat, &format!("the first: {secret}")).await;
        ann.web.say(chat, "an answer").await;
        bob.web.say(chat, &format!("before I leave: {secret}")).await;
        walk_out(bob, chat).await;
    }
    ann.web.invite(back, &bob.web).await;
    bob.web.say(back, &format!("here I am again: {secret}")).await;
    ann.web.say(back, "the newest here").await;

    let [alone, closed] = [bob.web.open_chat("Notes").await, bob.web.open_chat("Old notes").await];
    for chat in [alone, closed] {
        for number in 1..4 {
            bob.web.say(chat, &format!("note {number}: {secret}")).await;
        }
    }
    walk_out(bob, closed).await;
    [left, back, alone]
}

/// Leaves a web chat.
pub(super) async fn walk_out(person: &Person, chat: u64) {
    person.web.delete(&format!("/api/chats?chat_id={chat}")).await.expect(200);
}

impl Trail {
    /// Every answer in which Ann could find something of the writer's, and every frame.
    pub(super) async fn seen_by_ann(&self, ann: &Person, bob: &Person) -> Vec<String> {
        let Self { chat, pair, room, group, shared, left, back, .. } = self;
        let mut seen = answers(
            ann,
            &[
                &format!("/users?count=100&next={}", bob.id() - 1),
                "/chats",
                "/chats/unread",
                "/chats_v2/unread",
                &format!("/chats/{chat}?count=100"),
                &format!("/chats/{}/{}?count=100", ann.id(), bob.id()),
                &format!("/chats_v2/{chat}?ack=manual"),
                "/chat_rooms",
                "/chat_rooms/message/unread",
                &format!("/chat_rooms/{pair}"),
                &format!("/chat_rooms/{pair}/users"),
                &format!("/chat_rooms/{room}"),
                &format!("/chat_rooms/{room}/users"),
                &format!("/chat_groups/{group}"),
                "/notifications",
            ],
            &["/api/chats", &web_path(shared), &web_path(left), &web_path(back)],
        )
        .await;
        seen.extend(resumed(ann, &[*chat, *pair, *room, *group]).await);
        seen
    }

    /// Every answer in which Eve could.
    pub(super) async fn seen_by_eve(&self, eve: &Person) -> Vec<String> {
        let Self { mailbox, room, shared, .. } = self;
        let mut seen = answers(
            eve,
            &[
                "/chats",
                "/chats/unread",
                "/chats_v2/unread",
                &format!("/chats/{mailbox}?count=100"),
                &format!("/chats_v2/{mailbox}?ack=manual"),
                // Whoever asks may read a room at a place.
                &format!("/chat_rooms/{room}"),
                "/notifications",
            ],
            &["/api/chats", &web_path(shared)],
        )
        .await;
        seen.extend(resumed(eve, &[*mailbox]).await);
        seen
    }
}

fn web_path(chat: &u64) -> String {
    format!("/api/chats/{chat}?count=100")
}

/// What somebody is answered, with the token on some paths and with the cookies on others.
async fn answers(reader: &Person, by_token: &[&str], by_cookies: &[&str]) -> Vec<String> {
    let mut answers = Vec::new();
    for path in by_token {
        answers.push(reader.user.get(path).await.expect(200));
    }
    for path in by_cookies {
        answers.push(reader.web.get(path).await.expect(200));
    }
    answers.iter().map(|answer| format!("{} answered {}", answer.question, answer.text())).collect()
}

/// All that somebody gets who asks for everything that was ever said in some chats.
async fn resumed(reader: &Person, chats: &[u64]) -> Vec<String> {
    let known: serde_json::Map<_, _> = chats.iter().map(|chat| (chat.to_string(), json!(0))).collect();
    let mut socket = reader.user.socket().await;
    socket.send(&json!({"type": "resume", "chats": known})).await;
    let mut frames: Vec<Value> = Vec::new();
    while frames.last().is_none_or(|frame| frame["type"] != "resumed") {
        frames.push(socket.next().await);
    }
    socket.close().await;
    frames.iter().map(Value::to_string).collect()
}
