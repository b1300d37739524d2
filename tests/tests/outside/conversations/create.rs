//! `POST /api/conversations`.

use http::Method;
use serde_json::json;
use tests::{Caller as _, Guest, Stack, unique};

use super::{CONVERSATIONS, beginner};
use crate::common::fields;

#[tokio::test]
async fn the_answer_says_where_to_post() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let made = ada.post(CONVERSATIONS).json(&json!({"title": "Hello"})).await.expect(200).json();
    assert_eq!(fields(&made), ["status", "url"]);
    assert_eq!(made["status"], "success");
    let url = made["url"].as_str().expect("a url");
    let id = url.strip_prefix("/api/conversations/").and_then(|id| id.parse::<u64>().ok());
    assert!(id.is_some_and(|id| (1..1 << 53).contains(&id)), "{made}");
    ada.say(url, "hello").await;
}

#[tokio::test]
async fn a_conversation_begins_empty() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let title = unique("Title");
    let conversation = ada.open(&title).await;
    let expected = json!({"title": title, "msgcount": 0, "url": conversation});
    assert_eq!(ada.listed(&conversation).await, expected);
    assert_eq!(ada.get(&conversation).await.expect(200).json(), json!({"messages": []}));
}

#[tokio::test]
async fn titles_have_1_to_100_characters_and_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let marker = unique("marker");
    for title in ["x", &"ä".repeat(100), &"👍".repeat(100), "e\u{301}é <b>\"&", "a\u{202e}b", "# *Markdown*"]
    {
        let conversation = ada.open(title).await;
        assert_eq!(ada.listed(&conversation).await["title"], title);
    }
    let controls = [format!("{marker}\n"), format!("{marker}\u{0}"), format!("\u{7f}{marker}")];
    let long = format!("{marker}{}", "👍".repeat(101 - marker.len()));
    for wrong in controls.iter().chain([&long, &String::new()]) {
        let refusal = ada.post(CONVERSATIONS).json(&json!({"title": wrong})).await.refused(400);
        assert_eq!(refusal, "invalid_name", "{wrong:?}");
        let refusal = ada.post(CONVERSATIONS).form(&[("title", wrong)]).await.refused(400);
        assert_eq!(refusal, "invalid_name", "{wrong:?}");
    }
    let rows = ada.conversations().await;
    let is_wrong = |title: &str| title.is_empty() || title.contains(&marker);
    assert!(rows.iter().all(|row| row["title"].as_str().is_some_and(|title| !is_wrong(title))));
}

#[tokio::test]
async fn bodies_without_a_title_and_of_other_kinds_are_refused() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    for wrong in [json!({}), json!({"title": null}), json!({"title": 7}), json!({"name": "x"}), json!(["x"])]
    {
        assert_eq!(ada.post(CONVERSATIONS).json(&wrong).await.refused(400), "invalid_body", "{wrong}");
    }
    for broken in ["", "{", "null", r#"{"title":}"#] {
        ada.post(CONVERSATIONS).body("application/json", broken).await.refused(400);
    }
    ada.post(CONVERSATIONS).body("text/plain", r#"{"title":"x"}"#).await.refused(415);
}

#[tokio::test]
async fn two_conversations_may_have_one_title() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let title = unique("Twins");
    let (one, other) = (ada.open(&title).await, ada.open(&title).await);
    assert_ne!(one, other);
    ada.say(&one, "hello").await;
    assert_eq!((ada.msgcount(&one).await, ada.msgcount(&other).await), (1, 0));
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let form = [("title", "a+b & ü ="), ("unknown", "ignored")];
    let made = ada.post(CONVERSATIONS).form(&form).await.expect(200).json();
    let url = made["url"].as_str().expect("a url");
    assert_eq!(ada.listed(url).await["title"], "a+b & ü =");
}

#[tokio::test]
async fn a_trailing_slash_is_the_same_path_and_other_methods_are_not_there() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let made = ada.post("/api/conversations/").json(&json!({"title": "Slash"})).await.expect(200).json();
    let url = made["url"].as_str().expect("a url");
    assert!(!url.ends_with('/'), "{url}");
    assert_eq!(ada.listed(url).await["title"], "Slash");

    let message = ada.say(&conversation, "hello").await;
    for (method, path) in [
        (Method::PUT, CONVERSATIONS),
        (Method::DELETE, CONVERSATIONS),
        (Method::PUT, &conversation),
        (Method::DELETE, &conversation),
        (Method::POST, &message),
        (Method::PUT, &message),
        (Method::PATCH, &message),
        (Method::GET, &format!("{message}/1")),
    ] {
        let answer = ada.call(method, path).json(&json!({"title": "x", "text": "x"})).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 404 | 405), "{} gave {status}", answer.question);
        answer.refused(status);
    }
    assert_eq!(ada.msgcount(&conversation).await, 1);
}
