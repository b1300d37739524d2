//! Keys that nobody may use any more, and keys where nobody may look.

use std::sync::Arc;

use serde_json::{Value, json};
use tests::store_proxy::{self, Everything};
use tests::{Caller as _, Stack, Tables, eventually, millis};

use super::crowd::{Crowd, renew_processes, rotate, rotate_now};

/// What the base64 of every RSA key in PKCS#8 holds: its algorithm, and that something private follows.
const MARK: &str = "BADANBgkqhkiG9w0BAQEFAASC";
/// Where private keys are.
const PRIVATE: [&str; 2] = ["private#tokens", "private#answers"];

/// The item of the public half of a key.
fn public(kid: &str) -> Value {
    json!({"pk": {"S": format!("public#{kid}")}})
}

/// The private keys of a deployment, as they are kept.
async fn private_keys(tables: &Tables) -> Vec<String> {
    let mut keys = Vec::new();
    for pk in PRIVATE {
        // The key for answers is made after the one for tokens, when people may already have come.
        let key = json!({"pk": {"S": pk}});
        let item = eventually(pk, async || tables.item("Keys", &key).await).await;
        let key = item["pkcs8"]["S"].as_str().expect("its PKCS#8").to_owned();
        assert!(key.contains(MARK), "{pk} looks otherwise than this test expects");
        keys.push(key);
    }
    keys
}

#[tokio::test]
async fn tokens_of_a_key_that_was_stolen_are_refused() {
    let stack = Stack::start(&[]).await;
    let anonymous = stack.anonymous();
    let earliest = Crowd::new(&stack).await;
    let middle = rotate_now(&stack).await;
    renew_processes(&stack).await;
    let later = Crowd::new(&stack).await;
    assert_eq!(later.kid(), middle);
    earliest.are_in().await;
    let published = anonymous.get("/publicKey").await.expect(200).json();

    let answer = rotate(&stack, &json!({"retire": true})).await;
    assert_eq!(answer["rotated"], true, "{answer}");
    renew_processes(&stack).await;
    earliest.are_soon_out().await;
    later.are_soon_out().await;
    let now = anonymous.get("/publicKey").await.expect(200).json();
    assert_eq!(now["previousPublicKey"], Value::Null, "{now}");
    assert!(now["publicKey"] != published["publicKey"], "{now}");

    let next = Crowd::new(&stack).await;
    assert_eq!(next.kid(), answer["tokens"]);
    next.are_in().await;
    next.members[0].send(&next.chat, "hello", "1").await;
    // They have only to log in again.
    earliest.user.again(&stack).await.get("/chats").await.expect(200);
    earliest.web.login(&stack).await.get("/api/chats").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_a_key_whose_time_is_over_are_refused_though_it_is_still_there() {
    // A store that removes nothing by itself.
    let store = store_proxy::start(Arc::new(Everything)).await;
    let (stack, tables) = (Stack::start(&["--dynamodb", &store]).await, Tables::of(&store));
    let before = Crowd::new(&stack).await;
    let former = before.kid();
    assert!(tables.item("Keys", &public(&former)).await.expect("a key")["expires_at"].is_null());
    rotate_now(&stack).await;
    let item = tables.item("Keys", &public(&former)).await.expect("the former key");
    let ends: u64 = item["expires_at"]["N"].as_str().and_then(|ends| ends.parse().ok()).expect("its end");
    // A token lasts thirty days, and one may have been signed just now.
    assert!(ends > millis() / 1000 + 30 * 24 * 3600, "{ends}");
    renew_processes(&stack).await;
    before.are_in().await;

    let past = json!({"N": (millis() / 1000 - 1).to_string()});
    tables.set("Keys", &public(&former), "expires_at", &past).await;
    renew_processes(&stack).await;
    before.are_soon_out().await;
    assert!(tables.item("Keys", &public(&former)).await.is_some());
    let after = Crowd::new(&stack).await;
    assert_ne!(after.kid(), former);
    after.are_in().await;
}

#[tokio::test]
async fn private_keys_are_nowhere_but_in_their_items() {
    let stack = Stack::start(&[]).await;
    let tables = stack.tables();
    let crowd = Crowd::new(&stack).await;
    let mut keys = private_keys(&tables).await;
    rotate_now(&stack).await;
    crowd.are_in().await;
    let present = private_keys(&tables).await;
    assert!(present.iter().all(|key| !keys.contains(key)), "both keys are new");
    keys.extend(present);

    let mut public = 0;
    for (table, item) in tables.all().await {
        if table == "Keys" && PRIVATE.contains(&item["pk"]["S"].as_str().expect("a key")) {
            // The present one alone: a former one is not kept anywhere.
            let text = item.to_string();
            assert_eq!(text.matches(MARK).count(), 1, "{}", item["pk"]);
            continue;
        }
        public += usize::from(table == "Keys");
        let text = item.to_string();
        assert!(!keys.iter().any(|key| text.contains(key.as_str())), "a private key in {table}");
        assert!(!text.contains(MARK) && !text.contains("PRIVATE KEY"), "a private key in {table}");
    }
    assert!(public >= 3, "two keys for tokens and those for answers: {public}");

    let mut read = 0;
    for (pid, name) in stack.processes() {
        // One may have ended meanwhile.
        let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { continue };
        let environment = String::from_utf8_lossy(&environment);
        read += usize::from(environment.contains("KEYS_TABLE="));
        assert!(!keys.iter().any(|key| environment.contains(key.as_str())), "a private key of {name}");
        assert!(!environment.contains(MARK) && !environment.contains("PRIVATE KEY"), "{name}");
    }
    assert!(read >= 10, "the environments of {read} processes say little");
}
