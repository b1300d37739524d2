//! What a deployment comes to hold in time: a second key, a queue that nobody has emptied. On stacks of their own, whose
//! stores the tests write to.

use std::sync::Arc;

use serde_json::{Value, json};
use tests::store_proxy::{self, Everything};
use tests::{Algorithm, Caller as _, Encoding, Key, Stack, Tables, eventually, millis, workspace};
use uuid::Uuid;

use super::blocks::{Circle, circle, texts, to_all};

/// What stands between the lines of PEM, in one.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

#[tokio::test]
async fn the_former_key_is_published_while_somebody_signs_with_it() {
    let store = store_proxy::start(Arc::new(Everything)).await;
    let (stack, tables) = (Stack::start(&["--dynamodb", &store]).await, Tables::of(&store));
    let Circle { chat, members: [ada, _], .. } = circle(&stack).await;
    let first = ada.get("/publicKey").await.expect(200).json();
    assert_eq!(first["previousPublicKey"], Value::Null, "{first}");
    ada.send(&chat, "signed with the first key", "1").await;

    let second = Key::named("b");
    let pem = std::fs::read_to_string(workspace().join("tests/keys/b.pem")).expect("a key");
    let current = body(&second.public_pem());
    let previous = body(first["publicKey"].as_str().expect("PEM"));
    let private = json!({"pk": {"S": "private#answers"}, "kid": {"S": "second"}, "pkcs8": {"S": body(&pem)}});
    tables.call("PutItem", &json!({"TableName": "Keys", "Item": private})).await;
    let public = json!({"pk": {"S": "answers"}, "current": {"S": current}, "previous": {"S": previous}});
    tables.call("PutItem", &json!({"TableName": "Keys", "Item": public})).await;

    let published = ada.get("/publicKey").await.expect(200).json();
    assert_eq!(published["publicKey"], second.public_pem());
    assert_eq!(published["previousPublicKey"], first["publicKey"]);
    // By a process that has kept the first key: the harness verifies with either.
    ada.send(&chat, "signed with the first key, too", "2").await;

    stack.crash("messages");
    let block = ada.block(vec![to_all(&chat, "signed with the second key")], Vec::new());
    let answered = async || {
        let answer = ada.post(&block, Algorithm::Rs256, Encoding::Base64).await;
        answer.status.is_success().then_some(answer)
    };
    let answer = eventually("an answer of a new process", answered).await;
    let text = answer.text();
    let value = text.split_once(r#""outgoingEventsResult":"#).expect("a result").1;
    let value = value.rsplit_once(r#","sign":"#).expect("a signature after it").0;
    let signature = second.sign(Algorithm::Rs256, value.as_bytes());
    assert_eq!(answer.json()["sign"], Encoding::Base64.encode(&signature), "RS256 has one signature");
}

#[tokio::test]
async fn what_has_expired_in_a_queue_hides_nothing_that_has_not() {
    const MONTH_MS: u64 = 30 * 24 * 3600 * 1000;
    let store = store_proxy::start(Arc::new(Everything)).await;
    let (stack, tables) = (Stack::start(&["--dynamodb", &store]).await, Tables::of(&store));
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    // More than DynamoDB reads at once, of before the queue's bound and around it.
    for number in 0..160u64 {
        let at = millis() - MONTH_MS - 60_000 * (number / 2);
        let entry = format!("event#{:08x}-{:04x}-7000-8000-{number:012x}", at >> 16, at & 0xffff);
        let item = json!({
            "queue": {"S": bob.id}, "entry": {"S": entry}, "kind": {"S": "message"}, "chat_id": {"S": chat},
            "sender": {"S": ada.id}, "sender_guid": {"S": Uuid::nil()}, "receiver_guid": {"S": Uuid::nil()},
            "recipients": {"L": []}, "message": {"S": "x".repeat(16 * 1024)},
            "queued_at": {"N": at.to_string()}, "expires_at": {"N": ((at + MONTH_MS) / 1000 - 1).to_string()},
        });
        tables.call("PutItem", &json!({"TableName": "Queues", "Item": item})).await;
    }
    assert_eq!(texts(&bob).await, [""; 0]);
    ada.send(&chat, "fresh", "1").await;
    assert_eq!(texts(&bob).await, ["fresh"]);
}
