//! `POST /chat_groups`.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User, unique};

use super::GROUP;
use crate::common::{fields, is_moment};

#[tokio::test]
async fn the_author_owns_it_and_is_a_member() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let body = json!({"chat_group_name": "Ada & co. 👍"});
    let made = ada.post("/chat_groups").json(&body).await.expect(201).json();
    assert_eq!(fields(&made), GROUP);
    let id = made["chat_group_id"].as_u64().expect("a chat_group_id");
    assert!((1..1 << 53).contains(&id), "{made}");
    assert_eq!(made["chat_group_name"], "Ada & co. 👍");
    assert_eq!(made["owner_id"], ada.id);
    assert!(is_moment(&made["created_at"]), "{made}");

    let mut expected = made.clone();
    expected["is_member"] = json!(true);
    expected["unread_count"] = json!(0);
    assert_eq!(ada.listed_group(id).await, expected);
}

#[tokio::test]
async fn the_author_is_not_in_it_before_it_enters() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let _socket = ada.socket().await;
    let group = ada.create_group("A group").await;
    assert_eq!(super::present(&ada, group).await, json!([]));
}

#[tokio::test]
async fn names_have_1_to_100_characters_and_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for name in ["x", &"ä".repeat(100), &"👍".repeat(100), "e\u{301}é <b>\"&", "a\u{202e}b"] {
        let group = ada.create_group(name).await;
        assert_eq!(ada.listed_group(group).await["chat_group_name"], name);
    }
    for wrong in ["", &"x".repeat(101), &"👍".repeat(101), "a\nb", "a\u{0}b", "\u{7f}b"] {
        ada.post("/chat_groups").json(&json!({"chat_group_name": wrong})).await.refused(400);
    }
    for wrong in [json!({}), json!({"chat_group_name": null}), json!({"chat_group_name": 7}), json!([])] {
        ada.post("/chat_groups").json(&wrong).await.refused(400);
    }
}

#[tokio::test]
async fn two_groups_may_have_one_name() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    assert_ne!(ada.create_group("Twins").await, ada.create_group("Twins").await);
}

#[tokio::test]
async fn an_author_id_must_be_the_callers_own() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let by = |author: Value| json!({"chat_group_name": "A group", "author_id": author});
    let made = ada.post("/chat_groups").json(&by(json!(ada.id))).await.expect(201).json();
    assert_eq!(made["owner_id"], ada.id);
    ada.post("/chat_groups").json(&by(json!(bob.id))).await.refused(403);
    ada.post("/chat_groups").json(&by(json!(1))).await.refused(403);
    for wrong in [json!("x"), json!(0), json!(-1), json!(1.5), json!([ada.id])] {
        ada.post("/chat_groups").json(&by(wrong)).await.refused(400);
    }
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let author = ada.id.to_string();
    let form = [("chat_group_name", "a+b & ü ="), ("author_id", author.as_str())];
    let made = ada.post("/chat_groups").form(&form).await.expect(201).json();
    assert_eq!((&made["chat_group_name"], &made["owner_id"]), (&json!("a+b & ü ="), &json!(ada.id)));
    ada.post("/chat_groups").form(&[("chat_group_name", "")]).await.refused(400);
    ada.post("/chat_groups").body("text/plain", r#"{"chat_group_name":"x"}"#).await.refused(415);
}

#[tokio::test]
async fn every_socket_that_is_online_hears_of_it_once() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut sockets = [ada.socket().await, ada.socket().await, bob.socket().await];
    let name = unique("group");
    let group = ada.create_group(&name).await;
    let expected = json!({
        "type": "group_update", "chat_group_id": group, "chat_group_name": name, "owner_id": ada.id,
    });
    for socket in &mut sockets {
        socket.expect("the new group", |frame| *frame == expected).await;
        let more = socket.so_far().await;
        assert!(!more.contains(&expected), "{more:?}");
    }
}

#[tokio::test]
async fn nobody_hears_of_a_group_that_was_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut watching = bob.socket().await;
    let name = unique("group");
    let body = json!({"chat_group_name": name, "author_id": bob.id});
    ada.post("/chat_groups").json(&body).await.refused(403);
    let frames = watching.so_far().await;
    assert!(frames.iter().all(|frame| frame["chat_group_name"] != json!(name)), "{frames:?}");
}
