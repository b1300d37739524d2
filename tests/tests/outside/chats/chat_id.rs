//! `GET /chats/{chat_id}` and `GET /chats/{user_a_id}/{user_b_id}`: the history.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

use crate::common::{MESSAGE_ROW, column, fields, is_moment};

/// A chat with messages `1` to `count`, by turns.
async fn talk(ada: &User, bob: &User, count: usize) -> u64 {
    let mut chat = 0;
    for number in 1..=count {
        let (from, to) = if number % 2 == 1 { (ada, bob) } else { (bob, ada) };
        chat = from.write(to, &number.to_string()).await;
    }
    chat
}

#[tokio::test]
async fn rows_say_what_was_sent_by_whom_and_when() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = talk(&ada, &bob, 2).await;
    let rows = bob.history(chat).await;
    assert_eq!(fields(&rows[0]), MESSAGE_ROW);
    assert_eq!(column(&rows, "message"), ["2", "1"]);
    assert_eq!(column(&rows, "seq"), [2, 1]);
    assert_eq!(column(&rows, "chat_id"), [chat, chat]);
    assert_eq!(column(&rows, "message_sender_id"), [bob.id, ada.id]);
    assert_eq!(column(&rows, "message_sender_name"), [bob.full_name(), ada.full_name()]);
    assert_eq!(column(&rows, "message_type"), ["text", "text"]);
    for row in &rows {
        assert!(is_moment(&row["message_timestamp"]) && is_moment(&row["server_sent_timestamp"]), "{row}");
        assert!(row["server_sent_timestamp"].as_str() >= row["message_timestamp"].as_str(), "{row}");
    }
}

#[tokio::test]
async fn both_paths_and_both_orders_give_the_same() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = talk(&ada, &bob, 3).await;
    let (a, b) = (ada.id, bob.id);
    for user in [&ada, &bob] {
        for path in [format!("/chats/{chat}"), format!("/chats/{a}/{b}"), format!("/chats/{b}/{a}")] {
            let rows = user.get(&format!("{path}?count=2&offset=2")).await.expect(200).rows();
            assert_eq!(column(&rows, "message"), ["2", "1"], "{path}");
        }
    }
}

#[tokio::test]
async fn count_and_offset_choose_a_part_counted_from_the_newest() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = talk(&ada, &bob, 60).await;
    let messages = async |query: &str| {
        let rows = ada.get(&format!("/chats/{chat}{query}")).await.expect(200).rows();
        column(&rows, "seq").iter().filter_map(Value::as_u64).collect::<Vec<_>>()
    };
    let down = |from: u64, to: u64| (to..=from).rev().collect::<Vec<_>>();
    assert_eq!(messages("").await, down(60, 11));
    assert_eq!(messages("?count=3").await, down(60, 58));
    assert_eq!(messages("?offset=1").await, down(60, 11));
    assert_eq!(messages("?count=3&offset=2").await, down(59, 57));
    assert_eq!(messages("?offset=59").await, down(2, 1));
    assert_eq!(messages("?count=10&offset=60").await, down(1, 1));
    assert_eq!(messages("?offset=61").await, Vec::<u64>::new());
    assert_eq!(messages("?offset=9007199254740991").await, Vec::<u64>::new());
    assert_eq!(messages("?count=1000000").await, down(60, 1));
    assert_eq!(messages("?unknown=1").await, down(60, 11));
}

#[tokio::test]
async fn a_count_over_100_is_cut() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = talk(&ada, &bob, 103).await;
    let rows = ada.get(&format!("/chats/{chat}?count=101")).await.expect(200).rows();
    assert_eq!(rows.len(), 100);
}

#[tokio::test]
async fn nonsense_is_refused() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = talk(&ada, &bob, 1).await;
    for query in
        ["offset=0", "offset=-1", "offset=x", "offset=1.5", "offset=", "count=0", "count=-1", "count=x"]
    {
        ada.get(&format!("/chats/{chat}?{query}")).await.refused(400);
        ada.get(&format!("/chats/{}/{}?{query}", ada.id, bob.id)).await.refused(400);
    }
    // A number over a maximum is cut to it.
    let all = ada.get(&format!("/chats/{chat}?count=99999999999999999999999")).await.expect(200).rows();
    assert!(!all.is_empty());
    for id in ["x", "0", "-1", "1.5", "9007199254740992", "99999999999999999999999"] {
        ada.get(&format!("/chats/{id}")).await.refused(400);
        ada.get(&format!("/chats/{id}/{}", ada.id)).await.refused(400);
    }
}

#[tokio::test]
async fn times_strictly_increase() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let mut chat = 0;
    for _ in 0..5 {
        let both = [ada.write(&bob, "x"), bob.write(&ada, "y"), ada.write(&bob, "z")];
        chat = futures::future::join_all(both).await[0];
    }
    let mut times: Vec<_> =
        ada.history(chat).await.iter().map(|row| row["message_timestamp"].to_string()).collect();
    times.reverse();
    assert!(times.is_sorted_by(|one, other| one < other), "{times:?}");
}

#[tokio::test]
async fn strangers_see_nothing() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let stranger = User::new(&stack).await;
    let chat = talk(&ada, &bob, 1).await;
    stranger.get(&format!("/chats/{chat}")).await.refused(403);
    stranger.get(&format!("/chats/{}/{}", ada.id, bob.id)).await.refused(403);
    stranger.get("/chats/1").await.refused(404);
    stranger.get(&format!("/chats/{}/{}", ada.id, stranger.id)).await.refused(404);
    assert_eq!(stranger.get("/chats").await.expect(200).json(), json!([]));
}
