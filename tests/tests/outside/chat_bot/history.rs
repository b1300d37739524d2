//! `GET /chat_bot` and `GET /chat-bot`.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};

use super::to_bot;
use crate::common::{column, fields, is_moment};

/// Both paths.
const PATHS: [&str; 2] = ["/chat_bot", "/chat-bot"];

#[tokio::test]
async fn who_has_never_asked_has_no_messages() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for path in PATHS {
        assert_eq!(ada.get(path).await.expect(200).json(), json!({"messages": [], "next": null}));
        let page = ada.get(&format!("{path}/?until=2026-01-01T00:00:00.000Z")).await.expect(200).json();
        assert_eq!(page, json!({"messages": [], "next": null}));
    }
}

#[tokio::test]
async fn rows_say_who_said_what_and_when() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    ada.socket().await.say(&to_bot("ü 👍 \"")).await;
    for path in PATHS {
        let page = ada.get(path).await.expect(200).json();
        assert_eq!(fields(&page), ["messages", "next"]);
        assert_eq!(page["next"], Value::Null);
        let rows = page["messages"].as_array().expect("messages");
        assert_eq!(column(rows, "is_user"), [false, true], "newest first");
        assert_eq!(rows[1]["message"], "ü 👍 \"");
        for row in rows {
            assert_eq!(fields(row), ["is_user", "message", "seq", "timestamp"]);
            assert!(is_moment(&row["timestamp"]) && row["seq"].is_u64(), "{row}");
        }
    }
}

#[tokio::test]
async fn pages_give_every_message_once() {
    const EXCHANGES: usize = 130;
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    let mut expected = Vec::new();
    for number in 1..=EXCHANGES {
        let frame = socket.say(&to_bot(&number.to_string())).await;
        expected.extend(frame["messages"].as_array().expect("messages").clone());
    }
    expected.reverse();
    for path in PATHS {
        for parameter in ["until", "next"] {
            let pages = ada.pages(path, parameter).await;
            let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
            assert_eq!(sizes, [100, 100, 60], "{path}?{parameter}");
            assert_eq!(pages.concat(), expected, "{path}?{parameter}");
        }
        let place = expected[9]["timestamp"].as_str().expect("a timestamp");
        let page = ada.get(&format!("{path}?until={place}")).await.expect(200).json();
        assert_eq!(page["messages"], json!(expected[10..110]), "until is exclusive");
        assert_eq!(page["next"], expected[109]["timestamp"]);
    }
}

#[tokio::test]
async fn just_a_page_has_nothing_older() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let mut socket = ada.socket().await;
    for number in 1..=50 {
        socket.say(&to_bot(&number.to_string())).await;
    }
    let page = ada.get("/chat_bot").await.expect(200).json();
    assert_eq!((page["messages"].as_array().map(Vec::len), &page["next"]), (Some(100), &Value::Null));
}

#[tokio::test]
async fn nonsense_is_refused() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for path in PATHS {
        for moment in ["x", "", "7", "2026-01-01", "2026-13-01T00:00:00Z"] {
            ada.get(&format!("{path}?until={moment}")).await.refused(400);
            ada.get(&format!("{path}?next={moment}")).await.refused(400);
        }
        stack.anonymous().get(path).await.refused(401);
        stack.anonymous().get(path).header("authentication", "x").await.refused(401);
    }
}
