//! The change of the key that signs the server's answers. On a stack of its own, whose store the test can write to.

use std::sync::Arc;

use serde_json::{Value, json};
use tests::store_proxy::{self, Fate, Watch};
use tests::{Algorithm, Anonymous, Caller as _, Encoding, Key, Stack, eventually, workspace};

use super::messages::{Circle, circle, to_all};

/// An embedded store looks whether a call is signed, not by whom.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, \
                      SignedHeaders=host, Signature=0";

struct Everything;

impl Watch for Everything {
    fn fate(&self, _operation: &str, _request: &mut Value) -> Fate {
        Fate::Pass
    }
}

/// What stands between the lines of PEM, in one.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

async fn put_key(store: &str, item: Value) {
    let put = json!({"TableName": "Keys", "Item": item}).to_string();
    Anonymous::new(store)
        .post("/")
        .header("x-amz-target", "DynamoDB_20120810.PutItem")
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", SIGNED)
        .body("application/x-amz-json-1.0", put)
        .await
        .expect(200);
}

#[tokio::test]
async fn the_former_key_is_published_while_somebody_signs_with_it() {
    let store = store_proxy::start(Arc::new(Everything)).await;
    let stack = Stack::start(&["--dynamodb", &store]).await;
    let Circle { chat, members: [ada, _], .. } = circle(&stack).await;
    let first = ada.get("/publicKey").await.expect(200).json();
    assert_eq!(first["previousPublicKey"], Value::Null, "{first}");
    ada.send(&chat, "signed with the first key", "1").await;

    let second = Key::named("b");
    let pem = std::fs::read_to_string(workspace().join("tests/keys/b.pem")).expect("a key");
    let current = body(&second.public_pem());
    let previous = body(first["publicKey"].as_str().expect("PEM"));
    let private = json!({"pk": {"S": "private#answers"}, "kid": {"S": "second"}, "pkcs8": {"S": body(&pem)}});
    put_key(&store, private).await;
    let public =
        json!({"pk": {"S": "public#answers"}, "current": {"S": current}, "previous": {"S": previous}});
    put_key(&store, public).await;

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
