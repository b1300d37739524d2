//! `PUT /chat_groups/{chat_group_id}` and `PUT /chat_groups`.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User, unique};

use super::{GROUP, NO_GROUP, NO_IDS, founder, newcomer};
use crate::common::fields;

/// Both ways to rename a group: the path and the body.
fn both(group: u64, name: &str) -> [(String, Value); 2] {
    [
        (format!("/chat_groups/{group}"), json!({"chat_group_name": name})),
        ("/chat_groups".to_owned(), json!({"chat_group_id": group, "chat_group_name": name})),
    ]
}

#[tokio::test]
async fn both_paths_rename_and_answer_as_creation_does() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let body = json!({"chat_group_name": "Before"});
    let made = ada.post("/chat_groups").json(&body).await.expect(201).json();
    let group = made["chat_group_id"].as_u64().expect("a chat_group_id");
    for (index, (path, mut body)) in both(group, "").into_iter().enumerate() {
        let name = format!("After {index} 👍");
        body["chat_group_name"] = json!(name);
        let renamed = ada.put(&path).json(&body).await.expect(200).json();
        assert_eq!(fields(&renamed), GROUP);
        let mut expected = made.clone();
        expected["chat_group_name"] = json!(name);
        assert_eq!(renamed, expected);
        assert_eq!(bob.listed_group(group).await["chat_group_name"], json!(name));
        assert_eq!(bob.look_into(group).await["chat_group_name"], json!(name));
    }
}

#[tokio::test]
async fn every_socket_that_is_online_hears_of_it_once() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let group = ada.create_group("Before").await;
    let mut sockets = [ada.socket().await, bob.socket().await, bob.socket().await];
    for (path, mut body) in both(group, "") {
        let name = unique("group");
        body["chat_group_name"] = json!(name);
        ada.put(&path).json(&body).await.expect(200);
        let expected = json!({
            "type": "group_update", "chat_group_id": group, "chat_group_name": name, "owner_id": ada.id,
        });
        for socket in &mut sockets {
            socket.expect("the new name", |frame| *frame == expected).await;
            let more = socket.so_far().await;
            assert!(!more.contains(&expected), "{more:?}");
        }
    }
}

#[tokio::test]
async fn only_the_owner_may() {
    let stack = Stack::shared().await;
    let (ada, _ada_socket, group) = founder(&stack).await;
    let (member, _member_socket) = newcomer(&stack, group).await;
    let stranger = User::new(&stack).await;
    for (path, body) in both(group, "Mine") {
        member.put(&path).json(&body).await.refused(403);
        stranger.put(&path).json(&body).await.refused(403);
    }
    assert_eq!(ada.listed_group(group).await["chat_group_name"], "A group");
}

#[tokio::test]
async fn unknown_groups_and_nonsense_are_refused() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let group = ada.create_group("A group").await;
    for (path, body) in both(NO_GROUP, "A name") {
        ada.put(&path).json(&body).await.refused(404);
    }
    for id in NO_IDS {
        ada.put(&format!("/chat_groups/{id}")).json(&json!({"chat_group_name": "A name"})).await.refused(400);
    }
    for id in [json!("x"), json!(0), json!(-1), json!(1.5), json!(1_u64 << 53), json!([group])] {
        let body = json!({"chat_group_id": id, "chat_group_name": "A name"});
        ada.put("/chat_groups").json(&body).await.refused(400);
    }
    for wrong in [json!(""), json!("x".repeat(101)), json!("a\nb"), json!(null), json!(7)] {
        for (path, mut body) in both(group, "") {
            body["chat_group_name"] = wrong.clone();
            ada.put(&path).json(&body).await.refused(400);
            body.as_object_mut().expect("an object").remove("chat_group_name");
            ada.put(&path).json(&body).await.refused(400);
        }
    }
    assert_eq!(ada.listed_group(group).await["chat_group_name"], "A group");
}

#[tokio::test]
async fn without_an_id_it_is_the_group_that_the_caller_is_in() {
    let stack = Stack::shared().await;
    let (ada, _socket, first) = founder(&stack).await;
    let second = ada.create_group("Another group").await;
    let rename = async |name: &str| {
        let body = json!({"chat_group_name": name});
        ada.put("/chat_groups").json(&body).await.expect(200).json()["chat_group_id"].clone()
    };
    assert_eq!(rename("One").await, first);
    ada.enter(second).await;
    assert_eq!(rename("Two").await, second);
    assert_eq!(ada.listed_group(first).await["chat_group_name"], "One");
    assert_eq!(ada.listed_group(second).await["chat_group_name"], "Two");
}

#[tokio::test]
async fn without_an_id_the_group_must_be_the_callers_own() {
    let stack = Stack::shared().await;
    let (ada, _ada_socket, group) = founder(&stack).await;
    let (member, _member_socket) = newcomer(&stack, group).await;
    member.put("/chat_groups").json(&json!({"chat_group_name": "Mine"})).await.refused(403);
    assert_eq!(ada.listed_group(group).await["chat_group_name"], "A group");
}

#[tokio::test]
async fn without_an_id_and_in_no_group_there_is_nothing_to_rename() {
    let stack = Stack::shared().await;
    let (ada, _socket, group) = founder(&stack).await;
    let body = json!({"chat_group_name": "Another name"});
    ada.delete(&format!("/chat_groups/{group}/presence")).await.expect(204);
    assert_eq!(ada.put("/chat_groups").json(&body).await.refused(400), "not_in_a_group");

    let without_a_socket = User::new(&stack).await;
    let group = without_a_socket.create_group("A group").await;
    without_a_socket.enter(group).await;
    let refusal = without_a_socket.put("/chat_groups").json(&body).await.refused(400);
    assert_eq!(refusal, "not_in_a_group");
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let group = ada.create_group("A group").await;
    let id = group.to_string();
    let form = [("chat_group_id", id.as_str()), ("chat_group_name", "a+b & ü =")];
    ada.put("/chat_groups").form(&form).await.expect(200);
    assert_eq!(ada.listed_group(group).await["chat_group_name"], "a+b & ü =");
    ada.put(&format!("/chat_groups/{group}")).form(&[("chat_group_name", "c")]).await.expect(200);
    assert_eq!(ada.listed_group(group).await["chat_group_name"], "c");
}
