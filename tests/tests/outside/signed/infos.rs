//! `chat_enter` and `chat_leave`: who takes part in a chat hears of who comes and who goes.

use serde_json::{Value, json};
use tests::{Caller as _, Member, Platform, Stack};

use super::blocks::{Circle, circle, is_guid, texts};
use super::{backend, listing, look, own, refused};
use crate::common::{column, fields};

/// An info as its reader understands it: `chat_enter` or `chat_leave`, and the GUIDs of whom, sorted.
type Told = (String, Vec<String>);

/// What somebody should be told.
fn told(kind: &str, guids: &[&String]) -> Told {
    let mut guids: Vec<_> = guids.iter().map(|guid| (*guid).clone()).collect();
    guids.sort();
    (kind.to_owned(), guids)
}

/// All infos of a chat that wait for a member, oldest first.
async fn infos(member: &Member, chat: &str) -> Vec<Told> {
    let mut infos = member.incoming().await.info;
    infos.retain(|info| info["chatID"] == chat);
    let kind = |info: &Value| info["subType"].as_str().expect("a subType").to_owned();
    let guids = |info: &Value| -> Vec<String> {
        let mut guids: Vec<String> =
            serde_json::from_value(info["messageGUIDList"].clone()).expect("a messageGUIDList of texts");
        guids.sort();
        guids
    };
    infos.iter().map(|info| (kind(info), guids(info))).collect()
}

/// Takes participants out of a chat at this path, each named in one way or the other.
async fn remove(caller: &impl tests::Caller, path: &str, body: &Value) {
    let answer = caller.delete(&format!("{path}/users")).json(body).await.expect(200);
    assert_eq!(answer.text(), "");
}

#[tokio::test]
async fn all_of_a_new_chat_are_told_of_all() {
    let stack = Stack::shared().await;
    let Circle { chat, members, guids, .. } = circle::<3>(&stack).await;
    for member in &members {
        let info = member.incoming().await.info;
        assert_eq!(info.len(), 1, "{info:?}");
        assert_eq!(fields(&info[0]), ["chatID", "messageGUIDList", "messageID", "subType"]);
        assert_eq!((&info[0]["chatID"], &info[0]["subType"]), (&json!(chat), &json!("chat_enter")));
        assert!(is_guid(&info[0]["messageID"]), "{info:?}");
        assert_eq!(infos(member, &chat).await, [told("chat_enter", &guids.each_ref())]);
    }
}

#[tokio::test]
async fn all_are_told_of_newcomers_and_these_of_themselves_alone() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let [eve, dan] = [platform.member("eve").await, platform.member("dan").await];
    // One who is in already is no newcomer.
    let seated = platform.seat(&chat, &[&bob, &eve, &dan]).await;
    let all = [told("chat_enter", &guids.each_ref()), told("chat_enter", &[&seated[1], &seated[2]])];
    for member in [&ada, &bob] {
        assert_eq!(infos(member, &chat).await, all);
    }
    for member in [&eve, &dan] {
        assert_eq!(infos(member, &chat).await, all[1..]);
    }
}

#[tokio::test]
async fn when_nobody_is_new_nobody_is_told() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    assert_eq!(platform.seat(&chat, &[&bob, &ada, &bob]).await, [1, 0, 1].map(|at: usize| guids[at].clone()));
    let renaming = json!({"users": [bob.id], "chatName": "renamed"});
    platform.put(&format!("{}/users", backend(&chat))).json(&renaming).await.expect(200);
    ada.put(&format!("{}/users", own(&chat))).json(&renaming).await.expect(200);
    for member in [&ada, &bob] {
        assert_eq!(infos(member, &chat).await, [told("chat_enter", &guids.each_ref())]);
    }
}

#[tokio::test]
async fn a_change_that_is_refused_is_not_told() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let [eve, stranger] = [platform.member("eve").await, platform.member("stranger").await];
    let path = format!("{}/users", backend(&chat));
    let unknown = tests::unique("nobody");
    refused(&platform.put(&path).json(&json!({"users": [eve.id, unknown]})).await, 400);
    refused(&platform.delete(&path).json(&json!({"users": [bob.id, unknown]})).await, 400);
    let path = format!("{}/users", own(&chat));
    refused(&stranger.put(&path).json(&listing(&[&eve])).await, 403);
    refused(&bob.delete(&path).json(&listing(&[&ada])).await, 403);
    refused(&bob.delete(&own(&chat)).await, 403);
    for member in [&ada, &bob] {
        assert_eq!(infos(member, &chat).await, [told("chat_enter", &guids.each_ref())]);
    }
    for member in [&eve, &stranger] {
        assert_eq!(infos(member, &chat).await, []);
    }
}

#[tokio::test]
async fn a_user_who_makes_a_chat_is_among_those_who_enter() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let path = format!("{}/users", own(&chat));
    let made = ada.put(&path).json(&listing(&[&bob])).await.expect(200).json();
    assert_eq!(made["GUIDList"].as_array().map(Vec::len), Some(1), "{made}");
    let seen = look(&ada, &own(&chat)).await;
    let all: Vec<String> = seen["users"]
        .as_array()
        .expect("users")
        .iter()
        .filter_map(|user| user["GUID"].as_str())
        .map(str::to_owned)
        .collect();
    assert_eq!(all.len(), 2, "{seen}");
    for member in [&ada, &bob] {
        assert_eq!(infos(member, &chat).await, [told("chat_enter", &[&all[0], &all[1]])]);
    }
}

#[tokio::test]
async fn a_user_who_brings_somebody_in_is_told_as_all_others() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let eve = platform.member("eve").await;
    let path = format!("{}/users", own(&chat));
    let made = bob.put(&path).json(&listing(&[&eve])).await.expect(200).json();
    let eve_guid = made["GUIDList"][0].as_str().expect("a GUID").to_owned();
    let [first, second] = [told("chat_enter", &guids.each_ref()), told("chat_enter", &[&eve_guid])];
    for member in [&ada, &bob] {
        assert_eq!(infos(member, &chat).await, [first.clone(), second.clone()]);
    }
    assert_eq!(infos(&eve, &chat).await, [second]);
}

#[tokio::test]
async fn those_who_stay_and_those_who_go_are_told_of_who_goes() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve, dan], guids, .. } = circle(&stack).await;
    let enter = told("chat_enter", &guids.each_ref());
    let two = json!({"users": [bob.id], "GUIDs": [guids[2], guids[2]]});
    remove(&platform, &backend(&chat), &two).await;
    let [both, last] = [told("chat_leave", &[&guids[1], &guids[2]]), told("chat_leave", &[&guids[3]])];
    remove(&ada, &own(&chat), &json!({"GUIDs": [guids[3]]})).await;
    assert_eq!(infos(&ada, &chat).await, [enter.clone(), both.clone(), last.clone()]);
    assert_eq!(infos(&dan, &chat).await, [enter.clone(), both.clone(), last]);
    for gone in [&bob, &eve] {
        assert_eq!(infos(gone, &chat).await, [enter.clone(), both.clone()]);
    }
}

#[tokio::test]
async fn who_leaves_by_itself_is_told_of_too() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    remove(&bob, &own(&chat), &listing(&[&bob])).await;
    let expected = [told("chat_enter", &guids.each_ref()), told("chat_leave", &[&guids[1]])];
    for member in [&ada, &bob, &eve] {
        assert_eq!(infos(member, &chat).await, expected);
    }
}

#[tokio::test]
async fn when_nobody_goes_nobody_is_told() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    let stranger = platform.member("stranger").await;
    for _ in 0..2 {
        remove(&platform, &backend(&chat), &json!({"users": [eve.id, stranger.id], "GUIDs": [guids[2]]}))
            .await;
    }
    let expected = [told("chat_enter", &guids.each_ref()), told("chat_leave", &[&guids[2]])];
    for member in [&ada, &bob, &eve] {
        assert_eq!(infos(member, &chat).await, expected);
    }
    assert_eq!(infos(&stranger, &chat).await, []);
}

#[tokio::test]
async fn when_a_chat_is_deleted_all_are_told_that_all_leave() {
    let stack = Stack::shared().await;
    for way in ["backend", "owner", "owner leaves", "owner is removed"] {
        println!("{way}");
        let Circle { platform, chat, members, guids, .. } = circle::<3>(&stack).await;
        let [ada, ..] = &members;
        match way {
            "backend" => drop(platform.delete(&backend(&chat)).await.expect(200)),
            "owner" => drop(ada.delete(&own(&chat)).await.expect(200)),
            "owner leaves" => remove(ada, &own(&chat), &listing(&[ada])).await,
            _ => remove(&platform, &backend(&chat), &json!({"GUIDs": [guids[1], guids[0]]})).await,
        }
        let expected = [told("chat_enter", &guids.each_ref()), told("chat_leave", &guids.each_ref())];
        for member in &members {
            assert_eq!(infos(member, &chat).await, expected);
        }
    }
}

#[tokio::test]
async fn who_had_left_before_is_not_told_of_the_end() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob, eve], guids, .. } = circle(&stack).await;
    remove(&platform, &backend(&chat), &listing(&[&eve])).await;
    platform.delete(&backend(&chat)).await.expect(200);
    let enter = told("chat_enter", &guids.each_ref());
    let leave = told("chat_leave", &[&guids[2]]);
    let end = told("chat_leave", &[&guids[0], &guids[1]]);
    for member in [&ada, &bob] {
        assert_eq!(infos(member, &chat).await, [enter.clone(), leave.clone(), end.clone()]);
    }
    assert_eq!(infos(&eve, &chat).await, [enter, leave]);
}

#[tokio::test]
async fn a_new_chat_of_an_old_id_is_entered_anew() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    platform.delete(&backend(&chat)).await.expect(200);
    let again = platform.seat(&chat, &[&ada, &bob]).await;
    let expected = [
        told("chat_enter", &guids.each_ref()),
        told("chat_leave", &guids.each_ref()),
        told("chat_enter", &[&again[0], &again[1]]),
    ];
    for member in [&ada, &bob] {
        assert_eq!(infos(member, &chat).await, expected);
    }
}

#[tokio::test]
async fn infos_of_several_chats_wait_side_by_side_until_each_reader_has_acknowledged_them() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let other = Platform::new_chat_id();
    let elsewhere = platform.seat(&other, &[&bob, &ada]).await;
    let waiting = ada.incoming().await.info;
    assert_eq!(column(&waiting, "chatID"), [json!(chat), json!(other)], "oldest first");
    ada.acknowledge(&[waiting[0]["messageID"].as_str().expect("an id")], "delivered").await;
    assert_eq!(infos(&ada, &chat).await, []);
    assert_eq!(infos(&ada, &other).await, [told("chat_enter", &[&elsewhere[0], &elsewhere[1]])]);
    assert_eq!(infos(&bob, &chat).await, [told("chat_enter", &guids.each_ref())]);
    assert_eq!(texts(&ada).await, Vec::<Value>::new());
}
