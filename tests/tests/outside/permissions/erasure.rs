//! What a deleted user left, where all of it is left to housekeeping. Here the account itself stays: it is but noted that
//! everything is to be erased, as a deletion notes it which ends right after that.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, Tables, User, WebUser, eventually, unique};

use super::Scene;
use crate::common::say_to;
use crate::rows::{are_gone, fill};
use crate::stale::Stale;

/// More rows than one call removes.
const LONG: u64 = 150;
/// More than one pass of housekeeping removes, so that it leaves the rest to the queue.
const VERY_LONG: u64 = 1_500;

/// The item that notes what is to be erased of a user.
fn note(user: u64) -> Value {
    json!({"pk": {"S": format!("erasure#{user}")}})
}

/// Has what a user left erased, and waits until what is noted of that is as expected.
async fn erase(stack: &Stack, tables: &Tables, user: u64, is_done: impl Fn(Option<Value>) -> bool) {
    stack.queue("Work").send(&json!({"job": "erase", "user_id": user, "worker": "a test"}).to_string()).await;
    let noted = async || is_done(tables.item("Users", &note(user)).await).then_some(());
    eventually("the end of an erasure", noted).await;
}

/// Somebody who has written in every kind of chat, to Ada and to nobody any more.
struct Trail {
    direct: u64,
    pair: u64,
    room: u64,
    group: u64,
    bot: u64,
    shared: u64,
}

/// The id of a user's chat with the bot, which no client gets to see.
async fn chat_with_bot(tables: &Tables, user: u64) -> u64 {
    let head = tables.item("Chats", &json!({"pk": {"S": format!("bot#{user}")}})).await.expect("a head");
    head["chat_id"]["N"].as_str().and_then(|id| id.parse().ok()).expect("a chat_id")
}

async fn leave(stack: &Stack, bob: &User, web: &WebUser, ada: &User, text: &str) -> Trail {
    let direct = bob.write(ada, text).await;
    ada.write(bob, "an answer").await;
    bob.write(ada, text).await;
    let gone = WebUser::new(stack).await;
    let nobody = gone.header_user(stack).await;
    bob.write(&nobody, text).await;
    gone.delete("/api/user").await.expect(200);

    let mut socket = bob.socket().await;
    let pair = say_to(ada, &mut socket, text).await;
    let body = json!({"title": "For a few", "latitude": 48.25, "longitude": 16.5, "capacity": 3});
    let room = ada.post("/chat_rooms").json(&body).await.expect(201).json()["chat_room_id"].take();
    let room = room.as_u64().expect("a chat_room_id");
    bob.post_to_room(room, text).await;
    let group = ada.create_group("A group").await;
    bob.enter(group).await;
    socket.say(&json!({"chat_type": "group", "chat_group_id": group, "message": text})).await;
    socket.say(&json!({"chat_type": "bot", "message": text})).await;
    socket.close().await;
    let tables = stack.tables();
    let bot = chat_with_bot(&tables, bob.id).await;
    // The first question and its answer are in the head.
    fill(&tables, bot, bob.id, 3..=VERY_LONG).await;

    let [shared, alone] = [web.open_chat("Tea").await, web.open_chat("Notes").await];
    web.invite(shared, &WebUser::new(stack).await).await;
    for chat in [shared, alone] {
        web.say(chat, text).await;
    }
    fill(&tables, alone, web.id, 2..=LONG).await;
    Trail { direct, pair, room, group, bot, shared }
}

#[tokio::test]
async fn everything_of_a_deleted_user_is_erased_by_housekeeping() {
    let Some(mut scene) = Scene::new().await else { return };
    let web = WebUser::new(&scene.stack).await;
    let bob = web.header_user(&scene.stack).await;
    let text = unique("what bob said");
    let trail = leave(&scene.stack, &bob, &web, &scene.ada, &text).await;
    let lost = Stale::in_group(&scene.tables, bob.id, trail.group).await;

    let mut item = note(bob.id);
    item["directory"] = json!({"S": "erasures"});
    item["user_id"] = json!({"N": bob.id.to_string()});
    scene.tables.put("Users", &item).await;
    // And in nobody's hands any more.
    let is_quiet = |item: Option<Value>| {
        item.is_some_and(|item| item["quiet_at"].is_object() && item["worker"].is_null())
    };
    erase(&scene.stack, &scene.tables, bob.id, is_quiet).await;
    scene.is_found_out(&lost, bob.id).await;
    are_gone(&scene.tables, trail.bot).await;

    let texts = async |path: &str| {
        let seen = scene.ada.get(path).await.expect(200).text();
        assert!(!seen.contains(&text), "{path} answers {seen}");
    };
    texts(&format!("/chats/{}?count=100", trail.direct)).await;
    texts(&format!("/chat_rooms/{}", trail.pair)).await;
    texts(&format!("/chat_rooms/{}", trail.room)).await;
    texts(&format!("/chat_groups/{}", trail.group)).await;
    assert_eq!(scene.ada.history(trail.direct).await.len(), 3, "they are there, and say nothing");
    assert_eq!(web.get(&format!("/api/chats/{}", trail.shared)).await.refused(403), "forbidden");

    // Later than anything that could still write.
    scene.tables.set("Users", &note(bob.id), "quiet_at", &json!({"N": "1"})).await;
    erase(&scene.stack, &scene.tables, bob.id, |item| item.is_none()).await;
}
