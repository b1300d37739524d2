//! Chats with more messages than anybody would post in a test: rows that are written straight into the table `Messages`.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use tests::{Tables, eventually, millis};
use uuid::Uuid;

const TABLE: &str = "Messages";

/// Writes messages of somebody's to these positions of a chat. Its head knows nothing of them, and a deletion need not
/// ask it.
pub(crate) async fn fill(tables: &Tables, chat: u64, sender: u64, positions: RangeInclusive<u64>) {
    let begun = millis();
    let row = |seq: u64| {
        json!({
            "chat_id": {"N": chat.to_string()}, "seq": {"N": seq.to_string()}, "sender": {"N": sender.to_string()},
            "text": {"S": "once upon a time"}, "type": {"S": "text"}, "at": {"N": (begun + seq).to_string()},
            "nth": {"N": seq.to_string()}, "attempt": {"S": Uuid::new_v4().simple().to_string()},
        })
    };
    tables.put_all(TABLE, positions.map(row)).await;
}

/// The oldest position of a chat that has a row.
pub(crate) async fn oldest(tables: &Tables, chat: u64) -> Option<u64> {
    let query = json!({
        "TableName": TABLE, "KeyConditionExpression": "chat_id = :chat", "ConsistentRead": true, "Limit": 1,
        "ExpressionAttributeValues": {":chat": {"N": chat.to_string()}},
    });
    let found = tables.call("Query", &query).await;
    let items = found["Items"].as_array().expect("items");
    items.first().map(|row| row["seq"]["N"].as_str().and_then(|seq| seq.parse().ok()).expect("a seq"))
}

/// Waits until a chat has no row any more, as long as its rows get fewer: from the oldest on.
pub(crate) async fn are_gone(tables: &Tables, chat: u64) {
    let mut left = oldest(tables, chat).await;
    while let Some(before) = left {
        left = eventually(&format!("the end of row {before} of {chat}"), async || {
            let now = oldest(tables, chat).await;
            (now != Some(before)).then_some(now)
        })
        .await;
    }
}

/// Makes everything that was deleted so far deleted long ago, and lets go of it whoever had it in hand.
pub(crate) async fn age(tables: &Tables) {
    for (table, moments) in [("Users", ["quiet_at", "worked_at"]), ("Chats", ["buried_at", "worked_at"])] {
        for item in tables.items(table).await {
            for moment in moments.into_iter().filter(|moment| item[moment]["N"].is_string()) {
                tables.set(table, &json!({"pk": item["pk"]}), moment, &json!({"N": "1"})).await;
            }
        }
    }
}

/// How many deleted chats and users there are of which something may be left.
pub(crate) async fn owed(tables: &Tables) -> usize {
    let is_erasure = |item: &Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("erasure#"));
    let erasures = tables.items("Users").await.iter().filter(|item| is_erasure(item)).count();
    erasures + tables.items("Chats").await.iter().filter(|item| item["grave"].is_object()).count()
}
