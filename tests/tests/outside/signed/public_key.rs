//! `GET /publicKey`: the key that signs the server's answers.

use http::Method;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::Value;
use tests::{Caller as _, Platform, Stack, User};

use super::new_chat;
use crate::common::fields;

/// Reads an answer's keys, each of which must be one.
fn keys(answer: &Value) -> Vec<RsaPublicKey> {
    let read = |name: &str| {
        let pem = answer[name].as_str().expect("a text");
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
        assert!(pem.trim_end().ends_with("\n-----END PUBLIC KEY-----"), "{pem}");
        RsaPublicKey::from_public_key_pem(pem).expect("an RSA key")
    };
    fields(answer).into_iter().map(read).collect()
}

#[tokio::test]
async fn it_is_an_rsa_key_in_pem() {
    let stack = Stack::shared().await;
    let answer = stack.anonymous().get("/publicKey").await.expect(200).json();
    let names = fields(&answer);
    assert!(names == ["publicKey"] || names == ["previousPublicKey", "publicKey"], "{answer}");
    for key in keys(&answer) {
        assert!((2048..=4096).contains(&key.n().bits()), "{answer}");
    }
}

#[tokio::test]
async fn everybody_may_have_it_whatever_credential_they_send() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let member = platform.member("ada").await;
    let user = User::new(&stack).await;
    let expected = stack.anonymous().get("/publicKey").await.expect(200).json();
    for answer in [
        platform.get("/publicKey").await,
        member.get("/publicKey").await,
        user.get("/publicKey").await,
        stack.anonymous().get("/publicKey").header("authorization", "Bearer nonsense").await,
        stack.anonymous().get("/publicKey?accessToken=nonsense").await,
        stack.anonymous().get("/publicKey/").await,
    ] {
        assert_eq!(answer.expect(200).json(), expected);
    }
}

#[tokio::test]
async fn it_can_only_be_read() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        platform.call(method, "/publicKey").await.refused(404);
    }
}

#[tokio::test]
async fn what_the_server_answers_verifies_with_it() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, _) = new_chat(&platform, &[&ada, &bob]).await;
    // Both check the server's signature.
    ada.send(&chat, "hello", "1").await;
    assert_eq!(bob.incoming().await.messages[0]["messageText"], "hello");
}
