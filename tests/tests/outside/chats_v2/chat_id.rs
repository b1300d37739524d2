//! `GET /chats_v2/{chat_id}` and `GET /chats_v2/{user_a_id}/{user_b_id}`.

use serde_json::json;
use tests::{Caller as _, Stack, User};

use super::{fetch, fill, numbers};
use crate::common::{MESSAGE_ROW, column, fields, is_moment};

#[tokio::test]
async fn a_mailbox_of_120_comes_in_50_50_and_20() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 120).await;
    let path = format!("/chats_v2/{chat}");
    for (messages, left_after) in [(1..=50, 70), (51..=100, 20), (101..=120, 0)] {
        let (rows, left) = fetch(&bob, &path).await;
        assert_eq!(
            (column(&rows, "message"), left),
            (numbers(messages).iter().map(|text| json!(text)).collect(), left_after)
        );
        assert_eq!(bob.unread(chat).await, left_after);
    }
    assert_eq!(fetch(&bob, &path).await, (Vec::new(), 0));
}

#[tokio::test]
async fn rows_are_those_of_the_history() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "hello").await;
    let (rows, _) = fetch(&bob, &format!("/chats_v2/{chat}")).await;
    let row = &rows[0];
    assert_eq!(fields(row), MESSAGE_ROW);
    assert_eq!((&row["chat_id"], &row["message"], &row["seq"]), (&json!(chat), &json!("hello"), &json!(1)));
    assert_eq!(
        (&row["message_sender_id"], &row["message_sender_name"]),
        (&json!(ada.id), &json!(ada.full_name()))
    );
    assert!(is_moment(&row["message_timestamp"]) && is_moment(&row["server_sent_timestamp"]), "{row}");
}

#[tokio::test]
async fn what_was_handed_out_is_gone_for_both() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "for bob").await;
    bob.write(&ada, "for ada").await;
    let (rows, left) = fetch(&bob, &format!("/chats_v2/{chat}")).await;
    assert_eq!((column(&rows, "message"), left), (vec![json!("for bob")], 0));
    for user in [&ada, &bob] {
        let history = user.history(chat).await;
        assert_eq!(
            (column(&history, "message"), column(&history, "seq")),
            (vec![json!("for ada")], vec![json!(2)])
        );
    }
    assert_eq!((ada.unread(chat).await, bob.unread(chat).await), (1, 0));
}

#[tokio::test]
async fn a_removed_message_is_nobodys_last_message() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = bob.write(&ada, "stays").await;
    ada.write(&bob, "goes").await;
    fetch(&bob, &format!("/chats_v2/{chat}")).await;
    for user in [&ada, &bob] {
        let rows = user.get("/chats").await.expect(200).rows();
        assert_eq!(column(&rows, "last_message"), ["stays"]);
        assert_eq!(column(&rows, "last_message_sender_id"), [bob.id]);
    }
}

#[tokio::test]
async fn nobody_gets_its_own_messages() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 3).await;
    assert_eq!(fetch(&ada, &format!("/chats_v2/{chat}")).await, (Vec::new(), 0));
    assert_eq!(bob.unread(chat).await, 3);
    assert_eq!(ada.history(chat).await.len(), 3);
}

#[tokio::test]
async fn what_was_read_is_not_handed_out() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "read").await;
    bob.mark_read(chat).await;
    ada.write(&bob, "new").await;
    let (rows, left) = fetch(&bob, &format!("/chats_v2/{chat}")).await;
    assert_eq!((column(&rows, "message"), left), (vec![json!("new")], 0));
    assert_eq!(column(&bob.history(chat).await, "message"), ["read"]);
}

#[tokio::test]
async fn both_orders_of_the_two_users_do() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for (one, other) in [(ada.id, bob.id), (bob.id, ada.id)] {
        ada.write(&bob, "hello").await;
        let (rows, left) = fetch(&bob, &format!("/chats_v2/{one}/{other}")).await;
        assert_eq!((column(&rows, "message"), left), (vec![json!("hello")], 0));
    }
}

#[tokio::test]
async fn numbers_go_on_after_a_removal() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 2).await;
    fetch(&bob, &format!("/chats_v2/{chat}")).await;
    ada.write(&bob, "third").await;
    let (rows, _) = fetch(&bob, &format!("/chats_v2/{chat}")).await;
    assert_eq!(column(&rows, "seq"), [3]);
}

#[tokio::test]
async fn of_two_fetches_at_once_each_message_goes_to_one() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = fill(&ada, &bob, 60).await;
    let path = format!("/chats_v2/{chat}");
    let (one, other) = futures::future::join(fetch(&bob, &path), fetch(&bob, &path)).await;
    let mut seqs: Vec<_> = one.0.iter().chain(&other.0).filter_map(|row| row["seq"].as_u64()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=60).collect::<Vec<_>>());
}

#[tokio::test]
async fn strangers_and_nonsense_are_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    let chat = ada.write(&bob, "hello").await;
    stranger.get(&format!("/chats_v2/{chat}")).await.refused(403);
    stranger.get(&format!("/chats_v2/{}/{}", ada.id, bob.id)).await.refused(403);
    stranger.get(&format!("/chats_v2/{}/{}", stranger.id, bob.id)).await.refused(404);
    stranger.get("/chats_v2/1").await.refused(404);
    bob.get("/chats_v2/x").await.refused(400);
    bob.get(&format!("/chats_v2/{chat}?ack=never")).await.refused(400);
    assert_eq!(bob.unread(chat).await, 1);
}
