//! Many who send into one chat at once.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

const SENDS: u64 = 100;

#[tokio::test]
async fn a_hundred_sends_at_once_are_numbered_1_to_100() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let texts: Vec<_> = (0..SENDS).map(|number| number.to_string()).collect();
    let chats: BTreeSet<_> =
        join_all(texts.iter().map(|text| ada.write(&bob, text))).await.into_iter().collect();
    assert_eq!(chats.len(), 1, "{chats:?}");
    let chat = *chats.first().expect("one chat");

    let rows = bob.history(chat).await;
    let seqs: Vec<_> = rows.iter().filter_map(|row| row["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=SENDS).rev().collect::<Vec<_>>());
    let stored: BTreeSet<_> = rows.iter().filter_map(|row| row["message"].as_str()).collect();
    assert_eq!(stored, texts.iter().map(String::as_str).collect());
    assert!(
        rows.is_sorted_by(
            |one, other| one["message_timestamp"].as_str() > other["message_timestamp"].as_str()
        )
    );
    assert_eq!((ada.unread(chat).await, bob.unread(chat).await), (0, SENDS));
}

#[tokio::test]
async fn the_first_messages_of_both_at_once_make_one_chat() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let writes =
        (0..8).map(|number| if number % 2 == 0 { ada.write(&bob, "a") } else { bob.write(&ada, "b") });
    let chats: BTreeSet<_> = join_all(writes).await.into_iter().collect();
    assert_eq!(chats.len(), 1, "{chats:?}");
    let chat = *chats.first().expect("one chat");
    let ids: Vec<Value> =
        ada.get("/chats").await.expect(200).rows().iter().map(|row| row["chat_id"].clone()).collect();
    assert_eq!(ids, [json!(chat)]);
    assert_eq!((ada.unread(chat).await, bob.unread(chat).await), (4, 4));
}
