//! `--data`.

use serde_json::json;
use tests::{Caller as _, Stack, User, unique};

use crate::common::column;

#[tokio::test]
async fn every_acknowledged_message_survives_a_kill() {
    let folder = std::env::temp_dir().join(unique("data"));
    let data = folder.to_str().expect("a path of UTF-8");

    let stack = Stack::start(&["--data", data]).await;
    let [ada, bob] = User::pair(&stack).await;
    for number in 1..=10 {
        ada.write(&bob, &number.to_string()).await;
    }
    stack.kill().await;

    let stack = Stack::start(&["--data", data]).await;
    let [ada, bob] = [ada.moved_to(&stack), bob.moved_to(&stack)];
    let chat = ada.write(&bob, "11").await;
    let messages: Vec<_> = (1..=11).rev().map(|number| json!(number.to_string())).collect();
    assert_eq!(column(&bob.history(chat).await, "message"), messages);
    assert_eq!(bob.unread(chat).await, 11);
    bob.applicant.login(&stack).await;

    assert_eq!(stack.terminate().await, Some(0));
    std::fs::remove_dir_all(folder).expect("the folder with the data");
}

#[tokio::test]
async fn without_it_nothing_is_kept() {
    let stack = Stack::start(&[]).await;
    let ada = User::new(&stack).await;
    stack.terminate().await;
    let stack = Stack::start(&[]).await;
    ada.moved_to(&stack).get("/chats").await.refused(401);
}
