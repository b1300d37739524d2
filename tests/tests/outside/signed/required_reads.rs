//! Deployments that ask for a signature with every read. On stacks of their own.

use tests::{Algorithm, Caller as _, Encoding, Platform, Stack, in_query, millis, verify_signed};

use super::blocks::{Circle, circle, texts};
use super::{BAD_REQUEST, BAD_TOKEN, refused_with, unauthenticated};

#[tokio::test]
async fn a_read_without_a_signature_is_refused() {
    let stack = Stack::start(&["--parameter", "RequireSignedReads=true"]).await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    ada.send(&chat, "hello", "1").await;
    let timestamp = millis().to_string();
    let sign = in_query(&Encoding::Base64.encode(&bob.key.sign(Algorithm::Rs256, timestamp.as_bytes())));
    for query in ["", "?next=x", &format!("?timestamp={timestamp}"), &format!("?sign={sign}")] {
        refused_with(&bob.get(&format!("/messages{query}")).await, 400, BAD_REQUEST);
    }
    unauthenticated(&stack.anonymous().get("/messages").await, BAD_TOKEN);
    let answer = bob.get(&format!("/messages?timestamp={timestamp}&sign={sign}")).await.expect(200);
    verify_signed(&bob, &answer.body, "incomingEvents", Algorithm::Rs256, Encoding::Base64).await;
    assert_eq!(texts(&bob).await, ["hello"]);
}

#[tokio::test]
async fn it_may_be_said_that_no_signature_is_needed() {
    let stack = Stack::start(&["--parameter", "RequireSignedReads=false"]).await;
    let ada = Platform::new(&stack).member("ada").await;
    ada.get("/messages").await.expect(200);
}
