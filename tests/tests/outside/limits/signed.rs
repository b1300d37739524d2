//! Signed messages: each of a block counts.

use http::Method;
use serde_json::{Value, json};
use tests::{Algorithm, Answer, Caller as _, Encoding, Member, Platform, Stack, unique};

use super::{MINUTE, in_one_window, is_too_many, let_windows_pass, limited, statuses};

const LIMIT: &str = "MessagesPerUser=3";

/// Two users of a platform in a chat.
async fn pair(stack: &Stack) -> (Member, Member, String) {
    let platform = Platform::new(stack);
    let [eve, tom]: [Member; 2] = platform.members(2).await.try_into().expect("two members");
    let chat = Platform::new_chat_id();
    platform.seat(&chat, &[&eve, &tom]).await;
    (eve, tom, chat)
}

fn messages(chat: &str, count: usize) -> Vec<Value> {
    let message = || {
        let hash = unique("hash");
        json!({"chatID": chat, "clientHash": hash, "messageBlock": [{"messageText": "hello"}]})
    };
    (0..count).map(|_| message()).collect()
}

async fn post(member: &Member, block: &str) -> Answer {
    member.post(block, Algorithm::Rs256, Encoding::Base64).await
}

#[tokio::test]
async fn a_block_counts_as_its_messages_and_is_sent_whole_or_not_at_all() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let (eve, tom, refused, answers) = in_one_window(MINUTE, async || {
        let (eve, tom, chat) = pair(&stack).await;
        let refused = eve.block(messages(&chat, 2), Vec::new());
        let answers = [
            post(&eve, &eve.block(messages(&chat, 2), Vec::new())).await,
            post(&eve, &refused).await,
            post(&eve, &eve.block(messages(&chat, 1), Vec::new())).await,
            post(&eve, &refused).await,
            // Of nobody else, and without messages at all.
            post(&tom, &tom.block(messages(&chat, 3), Vec::new())).await,
            post(&eve, &eve.block(Vec::new(), Vec::new())).await,
            // No window takes so many.
            post(&eve, &eve.block(messages(&chat, 4), Vec::new())).await,
        ];
        (eve, tom, refused, answers)
    })
    .await;
    assert_eq!(statuses(&answers), [200, 429, 200, 429, 200, 200, 400]);
    is_too_many(&answers[1], MINUTE);
    assert_eq!(answers[6].json()["code"], "too_many");
    assert_eq!(tom.incoming().await.messages.len(), 3);
    let_windows_pass(&stack).await;
    post(&eve, &refused).await.expect(200);
    assert_eq!(tom.incoming().await.messages.len(), 5);
}

#[tokio::test]
async fn a_block_that_comes_again_or_is_refused_uses_nothing_up() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let (answers, tom) = in_one_window(MINUTE, async || {
        let (eve, tom, chat) = pair(&stack).await;
        let block = eve.block(messages(&chat, 3), Vec::new());
        let mut answers = vec![post(&eve, &eve.block(messages("no-such-chat", 3), Vec::new())).await];
        for _ in 0..4 {
            answers.push(post(&eve, &block).await);
        }
        answers.push(post(&eve, &eve.block(messages(&chat, 1), Vec::new())).await);
        (answers, tom)
    })
    .await;
    assert_eq!(statuses(&answers), [404, 200, 200, 200, 200, 429]);
    let sent = |answer: &Answer| answer.json()["value"].clone();
    assert!(answers[2..5].iter().all(|answer| sent(answer) == sent(&answers[1])));
    assert_eq!(tom.incoming().await.messages.len(), 3);
}

#[tokio::test]
async fn what_its_sender_has_not_signed_uses_nothing_up() {
    let stack = Stack::start(&limited(&[LIMIT])).await;
    let answers = in_one_window(MINUTE, async || {
        let (eve, _tom, chat) = pair(&stack).await;
        let mut answers = Vec::new();
        for _ in 0..5 {
            let block = eve.block(messages(&chat, 1), Vec::new());
            let sign = Encoding::Base64.encode(&eve.key.sign(Algorithm::Rs256, b"something else"));
            let body = format!(r#"{{"outgoingEvents":{block},"sign":"{sign}"}}"#);
            answers.push(eve.call(Method::POST, "/messages").body("application/json", body).await);
        }
        answers.push(post(&eve, &eve.block(messages(&chat, 3), Vec::new())).await);
        answers
    });
    assert_eq!(statuses(&answers.await), [403, 403, 403, 403, 403, 200]);
}
