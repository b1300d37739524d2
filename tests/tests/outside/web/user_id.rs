//! `/api/user/{user_id}`. How a user is deleted is not here.

use serde_json::json;
use tests::{Applicant, Caller as _, Guest, Stack, WebUser, unique};

use super::{NO_IDS, NOBODY, USER, is_ok, login, new_address, pair, profile, refused_with, signed_in};
use crate::common::user_named;

fn path(id: u64) -> String {
    format!("{USER}/{id}")
}

#[tokio::test]
async fn everybody_is_seen_by_id_and_only_oneself_with_an_address() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    for user in [&ada, &bob] {
        for reader in [&ada, &bob] {
            let email = (user.id == reader.id).then_some(&user.email);
            let expected = json!({"user": {"id": user.id, "name": user.name, "email": email}});
            for path in [path(user.id), format!("{}/", path(user.id)), format!("{}?name=x", path(user.id))] {
                assert_eq!(reader.get(&path).await.expect(200).json(), expected);
            }
        }
    }
}

#[tokio::test]
async fn users_of_every_kind_are_seen_by_id() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (live, guest) = (Applicant::named().join(&stack).await, Guest::new(&stack).await);
    let guests_id = user_named(&live, &guest.name).await["user_id"].as_u64().expect("a user_id");
    let name = live.applicant.user_name.clone().expect("a name");
    for (id, name) in [(live.id, &name), (guests_id, &guest.name)] {
        let expected = json!({"user": {"id": id, "name": name, "email": null}});
        assert_eq!(ada.get(&path(id)).await.expect(200).json(), expected);
    }
}

#[tokio::test]
async fn an_unknown_user_is_404() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let chat = ada.open_chat("A chat").await;
    for id in [NOBODY, chat, (1 << 53) - 1] {
        refused_with(&ada.get(&path(id)).await, 404, "user_not_found");
    }
}

#[tokio::test]
async fn malformed_ids_are_400() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let plus = format!("+{}", ada.id);
    for id in NO_IDS.iter().chain(&[plus.as_str(), "%2B1", "%ff", "%20", "1%00"]) {
        let path = format!("{USER}/{id}");
        refused_with(&ada.get(&path).await, 400, "invalid_path");
        refused_with(&ada.put(&path).form(&[("name", &unique("Ada"))]).await, 400, "invalid_path");
        refused_with(&ada.delete(&path).await, 400, "invalid_path");
    }
    assert_eq!(profile(&ada).await["name"], json!(ada.name));
}

#[tokio::test]
async fn ones_own_path_changes_oneself() {
    let stack = Stack::shared().await;
    let ada = WebUser::new(&stack).await;
    let (name, email) = (unique("Ada"), new_address());
    is_ok(&ada.put(&path(ada.id)).form(&[("name", &name)]).await, 200);
    assert_eq!(profile(&ada).await, json!({"id": ada.id, "name": name, "email": ada.email}));
    is_ok(&ada.put(&format!("{}/", path(ada.id))).form(&[("email", &email)]).await, 200);
    assert_eq!(profile(&ada).await, json!({"id": ada.id, "name": name, "email": email}));
    assert_eq!(stack.mails_to(&email).await.len(), 1);
    refused_with(&ada.put(&path(ada.id)).form(&[("name", "a\nb")]).await, 400, "invalid_name");
    refused_with(&ada.put(&path(ada.id)).form(&[("email", "ada")]).await, 400, "invalid_email");
    assert_eq!(profile(&ada).await, json!({"id": ada.id, "name": name, "email": email}));
}

#[tokio::test]
async fn nobody_changes_or_deletes_another_there_or_not() {
    let stack = Stack::shared().await;
    let [ada, bob] = pair(&stack).await;
    let (name, email) = (unique("Bob"), new_address());
    for id in [bob.id, NOBODY, (1 << 53) - 1] {
        for form in
            [&[("name", name.as_str())][..], &[("email", &email)], &[("name", &name), ("email", &email)]]
        {
            refused_with(&ada.put(&path(id)).form(form).await, 403, "forbidden");
        }
        let answer = ada.delete(&path(id)).await;
        refused_with(&answer, 403, "forbidden");
        super::sets_no_cookie(&answer);
        refused_with(&ada.delete(&format!("{}/", path(id))).await, 403, "forbidden");
    }
    for user in [&ada, &bob] {
        assert_eq!(profile(user).await, json!({"id": user.id, "name": user.name, "email": user.email}));
    }
    assert!(stack.mails_to(&email).await.is_empty());
    assert_eq!(signed_in(&login(&stack, &bob.name, &bob.password).await).0, bob.id);
}
