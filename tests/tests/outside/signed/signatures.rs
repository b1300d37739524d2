//! Signatures: whose and which of them are good for blocks and for reads, and which the server gives its answers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Value, json};
use tests::{
    Algorithm, Answer, Caller as _, Encoding, Key, Member, Platform, Stack, in_query, millis, verify_signed,
};

use super::blocks::{Circle, circle, inbox, result, results, texts, to_all};
use super::{BAD_REQUEST, BAD_TOKEN, CHAT_NOT_FOUND, is_out, refused_with, unauthenticated};

/// A way to write a signature.
type Write = fn(&[u8]) -> String;

const MINUTE: u64 = 60_000;
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Ps256];
const ENCODINGS: [Encoding; 2] = [Encoding::Hex, Encoding::Base64];
const BAD_SIGNATURE: &str = "Bad signature";
const TIME_CONFLICT: &str = "Time conflict";

/// Posts a body as it is.
pub(super) async fn post_body(member: &Member, body: impl Into<Vec<u8>>) -> Answer {
    member.call(Method::POST, "/messages").body("application/json", body.into()).await
}

/// A body with a signature that may be anybody's or none.
pub(super) fn body(events: &str, sign: &str, algorithm: Algorithm) -> String {
    format!(r#"{{"outgoingEvents":{events},"sign":"{sign}","signAlg":"{}"}}"#, algorithm.name())
}

/// A member's own signature in the usual algorithm, in base64.
pub(super) fn sign(member: &Member, bytes: &str) -> String {
    STANDARD.encode(member.key.sign(Algorithm::Rs256, bytes.as_bytes()))
}

/// Posts the text of a block, signed in the usual way.
pub(super) async fn post(member: &Member, events: &str) -> Answer {
    member.post(events, Algorithm::Rs256, Encoding::Base64).await
}

/// The path of a read with a signature that may be anybody's or none.
fn read(timestamp: &str, sign: &str, algorithm: Algorithm) -> String {
    format!("/messages?timestamp={timestamp}&sign={}&signAlg={}", in_query(sign), algorithm.name())
}

#[track_caller]
pub(super) fn bad_signature(answer: &Answer) {
    assert_eq!(refused_with(answer, 403, BAD_SIGNATURE).code, "bad_signature");
}

#[track_caller]
pub(super) fn time_conflict(answer: &Answer) {
    assert_eq!(refused_with(answer, 409, TIME_CONFLICT).code, "time_conflict");
}

/// A block with a message to all others in a chat, of that time.
fn block_of(timestamp: u64, chat: &str) -> String {
    json!({"timestamp": timestamp.to_string(), "messages": [to_all(chat, "hello")]}).to_string()
}

#[tokio::test]
async fn keys_of_2048_to_4096_bits_sign_in_both_algorithms_and_every_way_to_write_it() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let bob = platform.member("bob").await;
    let mut expected = 0;
    let chat = Platform::new_chat_id();
    for name in ["a", "large", "largest"] {
        let ada = platform.issue(&tests::unique("ada"), name).await;
        platform.seat(&chat, &[&bob, &ada]).await;
        let ways: [(Write, Encoding); 6] = [
            (|bytes| Encoding::Hex.encode(bytes), Encoding::Hex),
            (|bytes| Encoding::Hex.encode(bytes).to_uppercase(), Encoding::Hex),
            (|bytes| STANDARD.encode(bytes), Encoding::Base64),
            (|bytes| STANDARD_NO_PAD.encode(bytes), Encoding::Base64),
            (|bytes| URL_SAFE.encode(bytes), Encoding::Base64),
            (|bytes| URL_SAFE_NO_PAD.encode(bytes), Encoding::Base64),
        ];
        for algorithm in ALGORITHMS {
            for (write, encoding) in ways {
                let message = json!({
                    "chatID": chat, "messageBlock": [{"messageText": expected.to_string()}],
                });
                let events = ada.block(vec![message], vec![]);
                let sign = write(&ada.key.sign(algorithm, events.as_bytes()));
                let answer = post_body(&ada, body(&events, &sign, algorithm)).await.expect(200);
                verify_signed(&ada, &answer.body, "outgoingEventsResult", algorithm, encoding).await;
                expected += 1;
            }
        }
    }
    let numbers: Vec<_> = (0..expected).map(|number| json!(number.to_string())).collect();
    assert_eq!(texts(&bob).await, numbers);
}

#[tokio::test]
async fn without_sign_alg_it_is_rs256() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let events = ada.block(vec![], vec![]);
    let sign = sign(&ada, &events);
    let answer =
        post_body(&ada, format!(r#"{{"outgoingEvents":{events},"sign":"{sign}"}}"#)).await.expect(200);
    verify_signed(&ada, &answer.body, "outgoingEventsResult", Algorithm::Rs256, Encoding::Base64).await;
    let other = STANDARD.encode(ada.key.sign(Algorithm::Ps256, events.as_bytes()));
    bad_signature(&post_body(&ada, format!(r#"{{"outgoingEvents":{events},"sign":"{other}"}}"#)).await);
}

#[tokio::test]
async fn what_is_not_the_users_signature_over_the_block_is_a_bad_signature() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [ada, bob], .. } = circle(&stack).await;
    let eve = platform.issue(&tests::unique("eve"), "b").await;
    platform.seat(&chat, &[&eve]).await;
    let events = ada.block(vec![to_all(&chat, "hello")], vec![]);
    for (algorithm, other) in [(Algorithm::Rs256, Algorithm::Ps256), (Algorithm::Ps256, Algorithm::Rs256)] {
        let right = ada.key.sign(algorithm, events.as_bytes());
        let changed = |at: usize| {
            let mut changed = right.clone();
            changed[at] ^= 1;
            changed
        };
        let wrong = [
            changed(0),
            changed(100),
            changed(255),
            right[..255].to_vec(),
            right[1..].to_vec(),
            [&right[..], &[0]].concat(),
            [&[0], &right[..]].concat(),
            right.iter().rev().copied().collect(),
            vec![],
            vec![0; 256],
            vec![0xff; 256],
            vec![0; 512],
            ada.key.sign(other, events.as_bytes()),
            ada.key.sign(algorithm, b""),
            ada.key.sign(algorithm, b"{}"),
            ada.key.sign(algorithm, ada.block(vec![], vec![]).as_bytes()),
            ada.key.sign(algorithm, json!(events).to_string().as_bytes()),
            eve.key.sign(algorithm, events.as_bytes()),
            Key::named("large").sign(algorithm, events.as_bytes()),
        ];
        for sign in wrong {
            for encoding in ENCODINGS {
                let answer = post_body(&ada, body(&events, &encoding.encode(&sign), algorithm)).await;
                bad_signature(&answer);
            }
        }
        for sign in ["x", "=", "äöü", "-----BEGIN", &"z".repeat(344), &"0".repeat(100_000)] {
            bad_signature(&post_body(&ada, body(&events, sign, algorithm)).await);
        }
        // What another user signed is not this user's, and the other way round.
        let sign = STANDARD.encode(&right);
        bad_signature(&post_body(&eve, body(&events, &sign, algorithm)).await);
    }
    for member in [&ada, &bob, &eve] {
        assert_eq!(texts(member).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_block_must_be_of_within_5_minutes() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    for wrong in [0, 1, millis() / 1_000, millis() - 6 * MINUTE, millis() + 6 * MINUTE, millis() * 1_000] {
        println!("{wrong}");
        time_conflict(&post(&ada, &block_of(wrong, &chat)).await);
    }
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
    for right in [millis() - 4 * MINUTE, millis(), millis() + 4 * MINUTE] {
        results(post(&ada, &block_of(right, &chat)).await);
    }
    assert_eq!(inbox(&bob).await.len(), 3);
}

#[tokio::test]
async fn the_first_thing_that_is_wrong_is_told() {
    let stack = Stack::shared().await;
    let Circle { members: [ada, _], .. } = circle(&stack).await;
    let late = r#"{"timestamp":"0","messages":[{"chatID":"no-chat","messageBlock":[{"messageText":"x"}]}]}"#;
    let malformed = r#"{"timestamp":"0","messages":7}"#;
    let mut nobody = ada.clone();
    nobody.access = "x".to_owned();
    unauthenticated(&post_body(&nobody, "{").await, BAD_TOKEN);
    let twice = r#"{"outgoingEvents":7,"outgoingEvents":7,"sign":"x"}"#;
    refused_with(&post_body(&ada, twice).await, 400, BAD_REQUEST);
    bad_signature(&post_body(&ada, body(malformed, "x", Algorithm::Rs256)).await);
    refused_with(&post(&ada, malformed).await, 400, BAD_REQUEST);
    time_conflict(&post(&ada, late).await);
    let unknown = late.replace(r#""0""#, &millis().to_string());
    assert_eq!(refused_with(&post(&ada, &unknown).await, 404, CHAT_NOT_FOUND).code, "chat_not_found");
}

#[tokio::test]
async fn a_read_may_be_signed_in_both_algorithms_and_is_answered_in_the_same() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    ada.send(&chat, "hello", "1").await;
    for name in ["a", "largest"] {
        let bob = if name == "a" { bob.clone() } else { Platform::new(&stack).issue(&bob.id, name).await };
        for (algorithm, encoding) in
            ALGORITHMS.into_iter().flat_map(|one| ENCODINGS.map(|other| (one, other)))
        {
            let timestamp = millis().to_string();
            let sign = encoding.encode(&bob.key.sign(algorithm, timestamp.as_bytes()));
            let answer = bob.get(&read(&timestamp, &sign, algorithm)).await.expect(200);
            verify_signed(&bob, &answer.body, "incomingEvents", algorithm, encoding).await;
            assert_eq!(answer.json()["incomingEvents"]["messages"][0]["messageText"], "hello");
        }
    }
}

#[tokio::test]
async fn a_read_without_a_signature_is_answered_with_one() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let answer = ada.get("/messages").await.expect(200);
    verify_signed(&ada, &answer.body, "incomingEvents", Algorithm::Rs256, Encoding::Base64).await;
}

#[tokio::test]
async fn the_signature_of_a_read_is_over_the_timestamp_as_decoded_and_may_have_bare_plus_signs() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let signed = |timestamp: &u64| sign(&ada, &timestamp.to_string());
    let timestamp = (millis()..).find(|timestamp| signed(timestamp).contains('+')).expect("a plus sign");
    let sign = signed(&timestamp);
    let url_safe = URL_SAFE_NO_PAD.encode(STANDARD.decode(&sign).expect("base64"));
    for sign in [&sign, &in_query(&sign), &url_safe] {
        ada.get(&format!("/messages?timestamp={timestamp}&sign={sign}")).await.expect(200);
        ada.get(&format!("/messages?sign={sign}&x=y&timestamp={timestamp}")).await.expect(200);
    }
    let escaped: String = timestamp.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
    let answer = ada.get(&format!("/messages?timestamp={escaped}&sign={sign}")).await.expect(200);
    verify_signed(&ada, &answer.body, "incomingEvents", Algorithm::Rs256, Encoding::Base64).await;
}

#[tokio::test]
async fn a_read_that_is_half_signed_is_a_bad_request() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let timestamp = millis().to_string();
    let sign = in_query(&sign(&ada, &timestamp));
    for query in [
        format!("timestamp={timestamp}"),
        format!("sign={sign}"),
        format!("sign={sign}&signAlg=RS256"),
        format!("timestamp={timestamp}&sign={sign}&signAlg=none"),
        format!("timestamp={timestamp}&sign={sign}&signAlg=rs256"),
    ] {
        println!("{query}");
        refused_with(&ada.get(&format!("/messages?{query}")).await, 400, BAD_REQUEST);
    }
    for wrong in ["now", "12.5", ""] {
        let sign = STANDARD.encode(ada.key.sign(Algorithm::Rs256, wrong.as_bytes()));
        refused_with(&ada.get(&read(wrong, &sign, Algorithm::Rs256)).await, 400, BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_read_signed_for_something_else_or_by_somebody_else_is_refused() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let eve = platform.issue(&tests::unique("eve"), "b").await;
    let now = millis();
    let timestamp = now.to_string();
    for (algorithm, other) in [(Algorithm::Rs256, Algorithm::Ps256), (Algorithm::Ps256, Algorithm::Rs256)] {
        let mut changed = ada.key.sign(algorithm, timestamp.as_bytes());
        changed[7] ^= 0x80;
        for wrong in [
            ada.key.sign(algorithm, (now + 1).to_string().as_bytes()),
            ada.key.sign(algorithm, format!("{timestamp}0").as_bytes()),
            ada.key.sign(algorithm, format!(r#""{timestamp}""#).as_bytes()),
            ada.key.sign(algorithm, b""),
            ada.key.sign(other, timestamp.as_bytes()),
            eve.key.sign(algorithm, timestamp.as_bytes()),
            changed,
            vec![0; 256],
        ] {
            for encoding in ENCODINGS {
                bad_signature(&ada.get(&read(&timestamp, &encoding.encode(&wrong), algorithm)).await);
            }
        }
        bad_signature(&ada.get(&read(&timestamp, "x", algorithm)).await);
    }
}

#[tokio::test]
async fn a_signed_read_must_be_of_within_5_minutes() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let at = async |timestamp: u64| {
        let timestamp = timestamp.to_string();
        ada.get(&read(&timestamp, &sign(&ada, &timestamp), Algorithm::Rs256)).await
    };
    for wrong in [0, millis() / 1_000, millis() - 6 * MINUTE, millis() + 6 * MINUTE] {
        time_conflict(&at(wrong).await);
    }
    for right in [millis() - 4 * MINUTE, millis() + 4 * MINUTE] {
        at(right).await.expect(200);
    }
}

#[tokio::test]
async fn with_a_new_key_the_old_one_signs_no_longer() {
    let stack = Stack::shared().await;
    let Circle { platform, chat, members: [old, bob], .. } = circle(&stack).await;
    let before = old.block(vec![to_all(&chat, "before")], vec![]);
    let sent = result(post(&old, &before).await);
    let new = platform.issue(&old.id, "b").await;
    is_out(&old).await;
    let mut mixed = new.clone();
    mixed.key = old.key.clone();
    bad_signature(&post(&mixed, &mixed.block(vec![to_all(&chat, "old key")], vec![])).await);
    bad_signature(&post(&mixed, &before).await);
    let timestamp = millis().to_string();
    for algorithm in ALGORITHMS {
        let old_sign = Encoding::Hex.encode(&old.key.sign(algorithm, timestamp.as_bytes()));
        bad_signature(&new.get(&read(&timestamp, &old_sign, algorithm)).await);
    }
    assert_eq!(texts(&bob).await, ["before"]);
    assert_eq!(result(post(&new, &before).await), sent, "the same block of the same user");
    new.send(&chat, "new key", "1").await;
    assert_eq!(texts(&bob).await, ["before", "new key"]);
}

#[tokio::test]
async fn a_user_of_the_same_key_signs_for_itself() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    // Both have the key `a`: what is signed is the block, and who sends it is the token's user.
    let block = ada.block(vec![to_all(&chat, "hello")], vec![]);
    results(post_body(&bob, body(&block, &sign(&ada, &block), Algorithm::Rs256)).await);
    assert_eq!(inbox(&ada).await[0]["sender"], json!(guids[1]));
}
