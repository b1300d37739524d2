//! `/backend/chats/{chatID}` and `/backend/chats/{chatID}/users`: what the backend does with chats.

use futures::future::join;
use serde_json::{Value, json};
use tests::{Caller as _, Platform, Stack, eventually};

use super::{backend, is_no_chat, listing, look, new_chat, own, refused_with, seated};
use crate::common::{column, fields};

/// Whether this is a UUID in lower case with hyphens.
fn is_guid(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let is_right = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_right)
}

/// A moment as this document has it: a text of milliseconds since the epoch.
fn moment(value: &Value) -> u64 {
    let millis = value.as_str().and_then(|text| text.parse().ok());
    let millis: u64 = millis.unwrap_or_else(|| panic!("{value} is no text of milliseconds"));
    assert!(millis > 1_600_000_000_000, "{millis} is long ago");
    millis
}

/// The path of a chat's users.
fn users_of(chat: &str) -> String {
    format!("{}/users", backend(chat))
}

#[tokio::test]
async fn putting_users_makes_the_chat_and_gives_their_guids_in_order() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let made = platform.put(&users_of(&chat)).json(&listing(&[&bob, &ada])).await.expect(200).json();
    assert_eq!(fields(&made), ["GUIDList"]);
    let guids = made["GUIDList"].as_array().expect("a GUIDList");
    assert_eq!(guids.len(), 2);
    assert_ne!(guids[0], guids[1]);
    assert!(guids.iter().all(is_guid), "{made}");
    let users = look(&platform, &backend(&chat)).await["users"].clone();
    assert_eq!(users, json!([{"GUID": guids[0], "userID": bob.id}, {"GUID": guids[1], "userID": ada.id}]));
}

#[tokio::test]
async fn a_chat_shows_all_that_the_document_promises() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let body = json!({"userID": ada.id, "userKey": ada.key.public_pem(), "displayName": "Ada L."});
    platform.post("/token").json(&body).await.expect(201);
    let bob = platform.member("bob").await;
    let (chat, guids) = new_chat(&platform, &[&ada, &bob]).await;
    let seen = look(&platform, &backend(&chat)).await;
    assert_eq!(fields(&seen), ["chatID", "chatName", "creationTime", "ownerGUID", "updateTime", "users"]);
    assert_eq!(seen["chatID"], json!(chat));
    assert_eq!(seen["chatName"], "");
    assert_eq!(seen["ownerGUID"], json!(guids[0]), "the first listed owns it");
    assert!(moment(&seen["creationTime"]) <= moment(&seen["updateTime"]), "{seen}");
    let users = json!([
        {"GUID": guids[0], "userID": ada.id, "displayName": "Ada L."},
        {"GUID": guids[1], "userID": bob.id},
    ]);
    assert_eq!(seen["users"], users);
}

#[tokio::test]
async fn users_see_the_same_as_the_backend() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, _) = new_chat(&platform, &[&ada, &bob]).await;
    let seen = look(&platform, &backend(&chat)).await;
    assert_eq!(look(&ada, &own(&chat)).await, seen);
    assert_eq!(look(&bob, &own(&chat)).await, seen);
}

#[tokio::test]
async fn who_was_in_already_has_the_same_guid_again() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, first) = new_chat(&platform, &[&ada]).await;
    let both = platform.seat(&chat, &[&bob, &ada]).await;
    assert_eq!(both[1], first[0]);
    let again = platform.seat(&chat, &[&ada, &bob]).await;
    assert_eq!(again, [both[1].clone(), both[0].clone()]);
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)], "in the order of joining");
}

#[tokio::test]
async fn who_is_repeated_in_the_list_has_one_guid() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, guids) = new_chat(&platform, &[&ada, &bob, &ada, &ada, &bob]).await;
    let [a, b] = [&guids[0], &guids[1]];
    assert_eq!(guids.iter().collect::<Vec<_>>(), [a, b, a, a, b]);
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
}

#[tokio::test]
async fn a_user_has_another_guid_in_every_chat() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let (_, first) = new_chat(&platform, &[&ada]).await;
    let (_, second) = new_chat(&platform, &[&ada]).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn chat_ids_are_case_sensitive_and_may_look_like_anything_else() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let plain = Platform::new_chat_id();
    let longest = format!("{plain}{}", ".".repeat(128 - plain.len()));
    let chats = [plain.to_uppercase(), longest, format!("...{plain}"), format!("-{plain}"), plain];
    let mut guids = Vec::new();
    for chat in &chats {
        guids.extend(platform.seat(chat, &[&ada]).await);
        assert_eq!(look(&ada, &own(chat)).await["chatID"], json!(chat));
    }
    guids.sort_unstable();
    guids.dedup();
    assert_eq!(guids.len(), chats.len(), "as many chats as ids");
}

#[tokio::test]
async fn a_name_is_kept_until_another_is_given() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let longest = "👍".repeat(1_000);
    for name in ["A chat", "line\nbreak <b>\"&\u{0}", &longest, ""] {
        let mut body = listing(&[&ada]);
        body["chatName"] = json!(name);
        platform.put(&users_of(&chat)).json(&body).await.expect(200);
        assert_eq!(look(&platform, &backend(&chat)).await["chatName"], name);
        platform.seat(&chat, &[&ada, &bob]).await;
        assert_eq!(look(&platform, &backend(&chat)).await["chatName"], name, "nobody named it anew");
    }
}

#[tokio::test]
async fn a_change_moves_the_update_time_and_not_the_creation_time() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let (chat, _) = new_chat(&platform, &[&ada]).await;
    let before = look(&platform, &backend(&chat)).await;
    // Two changes may fall into one millisecond.
    let mut number = 0;
    let after = eventually("a later update time", async || {
        number += 1;
        let body = json!({"users": [ada.id], "chatName": format!("Name {number}")});
        platform.put(&users_of(&chat)).json(&body).await.expect(200);
        let seen = look(&platform, &backend(&chat)).await;
        (moment(&seen["updateTime"]) > moment(&before["updateTime"])).then_some(seen)
    })
    .await;
    assert_eq!(after["creationTime"], before["creationTime"]);
}

#[tokio::test]
async fn a_chat_has_at_most_99_participants() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let members = platform.members(100).await;
    let all: Vec<_> = members.iter().collect();
    let (chat, guids) = new_chat(&platform, &all[..98]).await;
    let full = async |users| {
        let answer = platform.put(&users_of(&chat)).json(&listing(users)).await;
        assert_eq!(refused_with(&answer, 400, super::INVALID_PARAMETERS).code, "chat_full");
    };
    full(&all[98..]).await;
    assert_eq!(seated(&platform, &chat).await.len(), 98, "neither of the two is in");
    platform.seat(&chat, &all[98..99]).await;
    full(&all[99..]).await;
    full(&[all[0], all[99]]).await;
    assert_eq!(platform.seat(&chat, &all[..98]).await, guids, "those who are in may be named again");
    platform.delete(&users_of(&chat)).json(&listing(&[all[50]])).await.expect(200);
    platform.seat(&chat, &all[99..]).await;
    let seen = look(all[99], &own(&chat)).await;
    assert_eq!(seen["users"].as_array().map(Vec::len), Some(99));
}

#[tokio::test]
async fn ninety_nine_users_make_a_chat_at_once() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let members = platform.members(99).await;
    let (chat, guids) = new_chat(&platform, &members.iter().collect::<Vec<_>>()).await;
    let users = look(&platform, &backend(&chat)).await["users"].clone();
    let users = users.as_array().expect("users");
    assert_eq!(column(users, "GUID"), guids);
    let ids: Vec<_> = members.iter().map(|member| json!(member.id)).collect();
    assert_eq!(column(users, "userID"), ids);
}

#[tokio::test]
async fn two_calls_that_make_one_chat_at_once_make_one() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let (mut one, other) =
        join(platform.seat(&chat, &[&ada, &bob]), platform.seat(&chat, &[&bob, &ada])).await;
    one.reverse();
    assert_eq!(one, other);
    let seen = look(&platform, &backend(&chat)).await;
    let users = seen["users"].as_array().expect("users");
    assert_eq!(users.len(), 2, "{seen}");
    assert_eq!(seen["ownerGUID"], users[0]["GUID"], "the owner is who joined first");
}

#[tokio::test]
async fn users_are_removed_by_id_by_guid_and_by_both() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let members = platform.members(6).await;
    let all: Vec<_> = members.iter().collect();
    let (chat, guids) = new_chat(&platform, &all).await;
    for (body, left) in [
        (json!({"users": [all[1].id]}), vec![0, 2, 3, 4, 5]),
        (json!({"GUIDs": [guids[2]]}), vec![0, 3, 4, 5]),
        (json!({"users": [all[3].id], "GUIDs": [guids[4]]}), vec![0, 5]),
        (json!({"users": [all[5].id, all[5].id], "GUIDs": [guids[5]]}), vec![0]),
    ] {
        let answer = platform.delete(&users_of(&chat)).json(&body).await.expect(200);
        assert!(answer.body.is_empty(), "{}", answer.text());
        let left: Vec<_> = left.into_iter().map(|place| json!(all[place].id)).collect();
        assert_eq!(seated(&platform, &chat).await, left);
    }
    assert_eq!(look(&platform, &backend(&chat)).await["ownerGUID"], json!(guids[0]));
}

#[tokio::test]
async fn removing_who_is_not_in_the_chat_is_no_error() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob, eve] =
        [platform.member("ada").await, platform.member("bob").await, platform.member("eve").await];
    let (chat, guids) = new_chat(&platform, &[&ada, &bob]).await;
    let (_, elsewhere) = new_chat(&platform, &[&ada]).await;
    let gone = json!({"users": [bob.id], "GUIDs": [guids[1]]});
    for body in [
        gone.clone(),
        gone,
        json!({"users": [eve.id]}),
        json!({"GUIDs": elsewhere}),
        json!({"GUIDs": ["8861c317-a6a8-4655-b49f-0561f83220ff"]}),
        json!({"users": [eve.id], "GUIDs": []}),
        json!({"users": [], "GUIDs": [guids[1]]}),
    ] {
        platform.delete(&users_of(&chat)).json(&body).await.expect(200);
        assert_eq!(seated(&platform, &chat).await, [json!(ada.id)], "{body}");
    }
}

#[tokio::test]
async fn with_its_owner_the_whole_chat_goes() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    for by_guid in [false, true] {
        let (chat, guids) = new_chat(&platform, &[&ada, &bob]).await;
        let body = if by_guid { json!({"GUIDs": [guids[0]]}) } else { listing(&[&ada]) };
        let answer = platform.delete(&users_of(&chat)).json(&body).await.expect(200);
        assert!(answer.body.is_empty(), "{}", answer.text());
        is_no_chat(&platform, &chat).await;
    }
}

#[tokio::test]
async fn a_deleted_chat_is_gone_for_everybody() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, _) = new_chat(&platform, &[&ada, &bob]).await;
    let answer = platform.delete(&backend(&chat)).await.expect(200);
    assert!(answer.body.is_empty(), "{}", answer.text());
    is_no_chat(&platform, &chat).await;
    for member in [&ada, &bob] {
        let answer = member.get(&format!("{}/users", own(&chat))).await;
        assert_eq!(refused_with(&answer, 400, super::INVALID_CHAT).code, "chat_not_found");
        let answer = member.delete(&own(&chat)).await;
        assert_eq!(refused_with(&answer, 400, super::INVALID_CHAT).code, "chat_not_found");
    }
    let answer = platform.delete(&backend(&chat)).await;
    assert_eq!(refused_with(&answer, 400, super::INVALID_CHAT).code, "chat_not_found");
    let answer = platform.delete(&users_of(&chat)).json(&listing(&[&bob])).await;
    assert_eq!(refused_with(&answer, 404, super::CHAT_NOT_FOUND).code, "chat_not_found");
}

#[tokio::test]
async fn a_deleted_chats_id_can_be_used_for_a_new_chat() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let mut body = listing(&[&ada, &bob]);
    body["chatName"] = json!("The first");
    let old = platform.put(&users_of(&chat)).json(&body).await.expect(200).json();
    let before = look(&platform, &backend(&chat)).await;
    platform.delete(&backend(&chat)).await.expect(200);

    let new = platform.seat(&chat, &[&bob]).await;
    assert!(old["GUIDList"].as_array().is_some_and(|old| !old.contains(&json!(new[0]))), "{old} {new:?}");
    let after = look(&platform, &backend(&chat)).await;
    assert_eq!((&after["chatName"], &after["ownerGUID"]), (&json!(""), &json!(new[0])));
    assert_eq!(after["users"], json!([{"GUID": new[0], "userID": bob.id}]));
    assert!(moment(&after["creationTime"]) >= moment(&before["creationTime"]));
    super::forbidden(&ada.get(&format!("{}/users", own(&chat))).await);

    // GUIDs of the old chat mean nobody in the new one.
    platform.delete(&users_of(&chat)).json(&json!({"GUIDs": old["GUIDList"]})).await.expect(200);
    assert_eq!(seated(&platform, &chat).await, [json!(bob.id)]);
}

#[tokio::test]
async fn deleting_one_chat_leaves_the_others() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let (gone, _) = new_chat(&platform, &[&ada]).await;
    let (left, guids) = new_chat(&platform, &[&ada]).await;
    platform.delete(&backend(&gone)).await.expect(200);
    assert_eq!(look(&ada, &own(&left)).await["ownerGUID"], json!(guids[0]));
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let users = format!("{}/", users_of(&chat));
    platform.put(&users).json(&listing(&[&ada, &bob])).await.expect(200);
    platform.get(&users).await.expect(200);
    platform.delete(&users).json(&listing(&[&bob])).await.expect(200);
    let users = format!("{}/users/", own(&chat));
    ada.put(&users).json(&listing(&[&bob])).await.expect(200);
    ada.get(&users).await.expect(200);
    ada.delete(&users).json(&listing(&[&bob])).await.expect(200);
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id)]);
    ada.delete(&format!("{}/", own(&chat))).await.expect(200);
    let (chat, _) = new_chat(&platform, &[&ada]).await;
    platform.delete(&format!("{}/", backend(&chat))).await.expect(200);
    is_no_chat(&platform, &chat).await;
}
