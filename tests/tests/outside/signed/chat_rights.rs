//! `/chats/{chatID}` and `/chats/{chatID}/users`: which user may do what.

use futures::future::join;
use serde_json::json;
use tests::{Answer, Caller as _, Member, Platform, Stack};

use super::{
    INVALID_PARAMETERS, backend, forbidden, is_no_chat, listing, look, new_chat, own, refused_with, seated,
};

/// Asks for these users in a chat.
async fn invite(caller: &Member, chat: &str, users: &[&Member]) -> Answer {
    caller.put(&format!("{}/users", own(chat))).json(&listing(users)).await
}

/// Asks that these users leave a chat.
async fn remove(caller: &Member, chat: &str, users: &[&Member]) -> Answer {
    caller.delete(&format!("{}/users", own(chat))).json(&listing(users)).await
}

/// Four users, the first three of whom are in a new chat that belongs to the first; the chat and their GUIDs.
async fn setting(stack: &Stack) -> (Platform, [Member; 4], String, Vec<String>) {
    let platform = Platform::new(stack);
    let members = platform.members(4).await;
    let members: [Member; 4] = members.try_into().expect("four members");
    let (chat, guids) = new_chat(&platform, &[&members[0], &members[1], &members[2]]).await;
    (platform, members, chat, guids)
}

#[tokio::test]
async fn who_makes_a_chat_owns_it_and_is_in_it() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let made = invite(&ada, &chat, &[&bob]).await.expect(200).json();
    let guids = made["GUIDList"].as_array().expect("a GUIDList");
    assert_eq!(guids.len(), 1, "as many as were listed: {made}");
    let seen = look(&ada, &own(&chat)).await;
    let users = seen["users"].as_array().expect("users");
    let row = |member: &Member| users.iter().find(|row| row["userID"] == json!(member.id)).expect("a row");
    assert_eq!(users.len(), 2, "{seen}");
    assert_eq!(seen["ownerGUID"], row(&ada)["GUID"]);
    assert_eq!(guids[0], row(&bob)["GUID"]);
}

#[tokio::test]
async fn who_makes_a_chat_may_list_itself_in_any_place() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    for (users, place) in [(vec![&ada], 0), (vec![&ada, &bob], 0), (vec![&bob, &ada], 1)] {
        let chat = Platform::new_chat_id();
        let made = invite(&ada, &chat, &users).await.expect(200).json();
        assert_eq!(made["GUIDList"].as_array().map(Vec::len), Some(users.len()), "{made}");
        let seen = look(&ada, &own(&chat)).await;
        assert_eq!(seen["ownerGUID"], made["GUIDList"][place]);
        assert_eq!(seen["users"].as_array().map(Vec::len), Some(users.len()), "{seen}");
    }
}

#[tokio::test]
async fn the_maker_counts_among_the_99() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let members = platform.members(100).await;
    let (ada, others) = members.split_first().expect("members");
    let others: Vec<_> = others.iter().collect();
    let chat = Platform::new_chat_id();
    let refusal = refused_with(&invite(ada, &chat, &others).await, 400, INVALID_PARAMETERS);
    assert_eq!(refusal.code, "chat_full");
    is_no_chat(&platform, &chat).await;
    invite(ada, &chat, &others[1..]).await.expect(200);
    assert_eq!(seated(&platform, &chat).await.len(), 99);
}

#[tokio::test]
async fn every_participant_may_add_and_list_and_rename() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob, eve, new], chat, guids) = setting(&stack).await;
    let mut body = listing(&[&new, &eve]);
    body["chatName"] = json!("Renamed by Bob");
    let answer = bob.put(&format!("{}/users", own(&chat))).json(&body).await.expect(200).json();
    assert_eq!(answer["GUIDList"][1], json!(guids[2]), "who is in has the same GUID");
    let seen = look(&new, &own(&chat)).await;
    assert_eq!(seen["chatName"], "Renamed by Bob");
    assert_eq!(seen["ownerGUID"], json!(guids[0]), "the owner stays");
    for member in [&ada, &bob, &eve] {
        assert_eq!(look(member, &own(&chat)).await, seen);
    }
    assert_eq!(seated(&platform, &chat).await.last(), Some(&json!(new.id)));
}

#[tokio::test]
async fn who_is_not_in_the_chat_may_do_nothing_with_it() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob, _, stranger], chat, guids) = setting(&stack).await;
    let before = look(&platform, &backend(&chat)).await;
    let users = format!("{}/users", own(&chat));
    forbidden(&stranger.get(&users).await);
    forbidden(&invite(&stranger, &chat, &[&stranger]).await);
    forbidden(&invite(&stranger, &chat, &[&bob]).await);
    let mut body = listing(&[&stranger]);
    body["chatName"] = json!("Mine");
    forbidden(&stranger.put(&users).json(&body).await);
    forbidden(&remove(&stranger, &chat, &[&bob]).await);
    forbidden(&remove(&stranger, &chat, &[&ada]).await);
    forbidden(&stranger.delete(&users).json(&json!({"GUIDs": [guids[1]]})).await);
    forbidden(&stranger.delete(&own(&chat)).await);
    assert_eq!(look(&platform, &backend(&chat)).await, before);
}

#[tokio::test]
async fn only_the_owner_removes_others() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob, eve, _], chat, guids) = setting(&stack).await;
    let users = format!("{}/users", own(&chat));
    forbidden(&remove(&bob, &chat, &[&eve]).await);
    forbidden(&remove(&bob, &chat, &[&ada]).await);
    forbidden(&remove(&bob, &chat, &[&bob, &eve]).await);
    forbidden(&bob.delete(&users).json(&json!({"GUIDs": [guids[2]]})).await);
    forbidden(&bob.delete(&users).json(&json!({"GUIDs": [guids[0]]})).await);
    forbidden(&bob.delete(&users).json(&json!({"users": [bob.id], "GUIDs": [guids[2]]})).await);
    assert_eq!(seated(&platform, &chat).await.len(), 3, "a list that is not all allowed removes nobody");

    let answer = remove(&ada, &chat, &[&eve]).await.expect(200);
    assert!(answer.body.is_empty(), "{}", answer.text());
    ada.delete(&users).json(&json!({"GUIDs": [guids[1]]})).await.expect(200);
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id)]);
    for member in [&bob, &eve] {
        forbidden(&member.get(&users).await);
    }
}

#[tokio::test]
async fn a_participant_may_remove_itself() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob, eve, _], chat, guids) = setting(&stack).await;
    let users = format!("{}/users", own(&chat));
    remove(&bob, &chat, &[&bob]).await.expect(200);
    eve.delete(&users).json(&json!({"users": [eve.id], "GUIDs": [guids[2]]})).await.expect(200);
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id)]);
    for member in [&bob, &eve] {
        forbidden(&member.get(&users).await);
        forbidden(&invite(member, &chat, &[member]).await);
    }
}

#[tokio::test]
async fn an_owner_that_removes_itself_deletes_the_chat() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    for by_guid in [false, true] {
        let (chat, guids) = new_chat(&platform, &[&ada, &bob]).await;
        let body = if by_guid { json!({"GUIDs": [guids[0]]}) } else { listing(&[&ada, &bob]) };
        ada.delete(&format!("{}/users", own(&chat))).json(&body).await.expect(200);
        is_no_chat(&platform, &chat).await;
    }
}

#[tokio::test]
async fn only_the_owner_deletes_the_chat() {
    let stack = Stack::shared().await;
    let (platform, [ada, bob, ..], chat, _) = setting(&stack).await;
    forbidden(&bob.delete(&own(&chat)).await);
    assert_eq!(seated(&platform, &chat).await.len(), 3);
    let answer = ada.delete(&own(&chat)).await.expect(200);
    assert!(answer.body.is_empty(), "{}", answer.text());
    is_no_chat(&platform, &chat).await;
}

#[tokio::test]
async fn a_chat_that_the_backend_made_belongs_to_the_first_listed() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, _) = new_chat(&platform, &[&bob, &ada]).await;
    forbidden(&ada.delete(&own(&chat)).await);
    bob.delete(&own(&chat)).await.expect(200);
}

#[tokio::test]
async fn the_backend_may_do_all_in_a_chat_that_a_user_made() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    invite(&ada, &chat, &[&ada]).await.expect(200);
    platform.seat(&chat, &[&bob]).await;
    assert_eq!(seated(&platform, &chat).await, [json!(ada.id), json!(bob.id)]);
    let users = format!("{}/users", backend(&chat));
    platform.delete(&users).json(&listing(&[&bob])).await.expect(200);
    forbidden(&bob.get(&format!("{}/users", own(&chat))).await);
    platform.delete(&backend(&chat)).await.expect(200);
    is_no_chat(&platform, &chat).await;
}

#[tokio::test]
async fn who_uses_a_deleted_chats_id_again_owns_the_new_chat() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, old) = new_chat(&platform, &[&ada, &bob]).await;
    ada.delete(&own(&chat)).await.expect(200);
    let made = invite(&bob, &chat, &[&bob]).await.expect(200).json();
    assert!(!old.iter().any(|guid| made["GUIDList"][0] == json!(guid)), "{old:?} {made}");
    assert_eq!(look(&bob, &own(&chat)).await["ownerGUID"], made["GUIDList"][0]);
    forbidden(&ada.get(&format!("{}/users", own(&chat))).await);
    forbidden(&ada.delete(&own(&chat)).await);
}

#[tokio::test]
async fn of_two_strangers_who_claim_one_id_at_once_one_gets_it() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let chat = Platform::new_chat_id();
    let (a, b) = join(invite(&ada, &chat, &[&ada]), invite(&bob, &chat, &[&bob])).await;
    let (winner, won, lost) = if a.status == 200 { (&ada, a, b) } else { (&bob, b, a) };
    let guids = won.expect(200).json()["GUIDList"].clone();
    forbidden(&lost);
    let seen = look(&platform, &backend(&chat)).await;
    assert_eq!(seen["users"], json!([{"GUID": guids[0], "userID": winner.id}]));
    assert_eq!(seen["ownerGUID"], guids[0]);
}
