//! Connections that have ended and of which nobody has heard, met by each function that posts to sockets.

use serde_json::json;
use tests::{Caller as _, Guest, Platform, User, WebUser, unique};

use super::{Scene, place};
use crate::common::say_to;
use crate::stale::{CONVERSATIONS, NOTICES, Stale, hears_of_leaving};

/// How often somebody else's notice may find out first what a message to a conversation is to find out.
const ROUNDS: usize = 50;

#[tokio::test]
async fn a_direct_message_finds_out_a_socket_that_has_ended() {
    let Some(mut scene) = Scene::new().await else { return };
    let (group, mut inside) = scene.group().await;
    let bob = scene.bob.id;
    let lost = Stale::in_group(&scene.tables, bob, group).await;
    scene.ada.write(&scene.bob, "are you there?").await;
    scene.is_found_out(&lost, bob).await;
    hears_of_leaving(&mut inside, bob, group).await;
}

#[tokio::test]
async fn a_message_to_a_room_finds_out_a_socket_that_has_ended() {
    let Some(mut scene) = Scene::new().await else { return };
    // Two rooms are talked to: Ada's own sockets are many.
    let room = scene.ada.open_room("A place").await;
    scene.bob.post_to_room(room, "here I am").await;
    let (group, mut inside) = scene.group().await;
    let bob = scene.bob.id;
    let lost = Stale::in_group(&scene.tables, bob, group).await;
    let eve = User::new(&scene.stack).await;
    eve.post_to_room(room, "are you there?").await;
    scene.is_found_out(&lost, bob).await;
    hears_of_leaving(&mut inside, bob, group).await;

    let mut socket = eve.socket().await;
    let lost = scene.lost().await;
    socket.say(&json!({"chat_type": "room", "other_user_id": bob, "message": "are you there?"})).await;
    scene.is_found_out(&lost, bob).await;
}

#[tokio::test]
async fn a_room_of_two_over_http_finds_out_a_socket_that_has_ended() {
    let Some(mut scene) = Scene::new().await else { return };
    let eve = User::new(&scene.stack).await;
    let room = say_to(&scene.bob, &mut eve.socket().await, "hello").await;
    let lost = scene.lost().await;
    eve.post_to_room(room, "are you there?").await;
    scene.is_found_out(&lost, scene.bob.id).await;
}

#[tokio::test]
async fn a_group_finds_out_a_socket_that_has_ended() {
    let Some(mut scene) = Scene::new().await else { return };
    let eve = User::new(&scene.stack).await;
    let group = eve.create_group("A group").await;
    // By one who comes, and by what one says.
    let lost = Stale::in_group(&scene.tables, scene.bob.id, group).await;
    let mut socket = eve.socket().await;
    eve.enter(group).await;
    scene.is_found_out(&lost, scene.bob.id).await;
    let lost = Stale::in_group(&scene.tables, scene.bob.id, group).await;
    socket.say(&json!({"chat_type": "group", "chat_group_id": group, "message": "are you there?"})).await;
    scene.is_found_out(&lost, scene.bob.id).await;
}

#[tokio::test]
async fn a_web_chat_finds_out_a_socket_that_has_ended() {
    let Some(mut scene) = Scene::new().await else { return };
    let [eve, tom] = [WebUser::new(&scene.stack).await, WebUser::new(&scene.stack).await];
    let chat = eve.open_chat("A chat").await;
    eve.invite(chat, &tom).await;
    let (group, mut inside) = scene.group().await;
    let lost = Stale::in_group(&scene.tables, tom.id, group).await;
    eve.say(chat, "are you there?").await;
    scene.is_found_out(&lost, tom.id).await;
    hears_of_leaving(&mut inside, tom.id, group).await;
}

#[tokio::test]
async fn a_conversation_finds_out_a_socket_that_has_ended() {
    let Some(mut scene) = Scene::new().await else { return };
    let [eve, tom] = [Guest::new(&scene.stack).await, Guest::new(&scene.stack).await];
    let tom = tests::token::subject(&tom.session).parse().expect("an id");
    let tea = eve.open("Tea").await;
    let (group, mut inside) = scene.group().await;
    for _ in 0..ROUNDS {
        let lost = Stale::listening_in_group(&scene.tables, tom, CONVERSATIONS, group).await;
        eve.say(&tea, "are you there?").await;
        scene.is_found_out(&lost, tom).await;
        hears_of_leaving(&mut inside, tom, group).await;
        if scene.has_called("ConversationsFunction", "dynamodb:Query", "table/Connections").await {
            return;
        }
    }
    panic!("a notice was quicker than {ROUNDS} messages");
}

#[tokio::test]
async fn a_new_user_finds_out_a_socket_that_has_ended() {
    let Some(mut scene) = Scene::new().await else { return };
    let (group, mut inside) = scene.group().await;
    let bob = scene.bob.id;
    let lost = Stale::listening_in_group(&scene.tables, bob, NOTICES, group).await;
    User::new(&scene.stack).await;
    scene.is_found_out(&lost, bob).await;
    hears_of_leaving(&mut inside, bob, group).await;
}

#[tokio::test]
async fn a_logout_ends_a_socket_that_has_ended_already() {
    let Some(mut scene) = Scene::new().await else { return };
    let (group, mut inside) = scene.group().await;
    let session = tests::token::session(&scene.bob.token);
    // A socket that is open would tell of its own end, and might do that before the logout does.
    let lost = Stale::of_session_in_group(&scene.tables, scene.bob.id, &session, group).await;
    scene.bob.get("/logout").await.expect(200);
    scene.is_found_out(&lost, scene.bob.id).await;
    hears_of_leaving(&mut inside, scene.bob.id, group).await;
}

#[tokio::test]
async fn the_bots_answer_finds_out_a_socket_that_has_ended() {
    let Some(scene) = Scene::new().await else { return };
    let mut socket = scene.bob.socket().await;
    let lost = scene.lost().await;
    socket.say(&json!({"chat_type": "bot", "message": "hello"})).await;
    lost.is_forgotten().await;
    assert_eq!(scene.bob.seen_by(&scene.ada).await["online"], true);
}

#[tokio::test]
async fn signed_messages_and_those_who_come_find_out_a_socket_that_has_ended() {
    let Some((stack, tables)) = place().await else { return };
    let platform = Platform::new(&stack);
    let members = platform.members(3).await;
    let [eve, tom, late] = &members[..] else { unreachable!("three members") };
    let chat = Platform::new_chat_id();
    platform.seat(&chat, &[eve, tom]).await;
    let lost = Stale::of_member(&tables, &tom.id).await;
    eve.send(&chat, "are you there?", &unique("hash")).await;
    lost.is_forgotten().await;
    let lost = Stale::of_member(&tables, &tom.id).await;
    platform.seat(&chat, &[late]).await;
    lost.is_forgotten().await;
    let lost = Stale::of_member(&tables, &eve.id).await;
    let messages = tom.incoming().await.messages;
    tom.acknowledge(&[messages[0]["messageID"].as_str().expect("an id")], "read").await;
    lost.is_forgotten().await;
}
