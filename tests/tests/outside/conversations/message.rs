//! `GET /api/conversations/{id}/{messageid}`.

use tests::{Caller as _, Guest, Stack};

use super::{CONVERSATIONS, NO_IDS, NOWHERE, beginner, check};

#[tokio::test]
async fn everybody_reads_a_message_as_the_list_has_it() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let bob = Guest::new(&stack).await;
    let mut said = Vec::new();
    for number in 0..25 {
        let (author, text) = (if number % 2 == 0 { &ada } else { &bob }, format!("*number* {number}"));
        said.push((author, author.say(&conversation, &text).await, text));
    }
    let rows = ada.newest(&conversation, 100).await;
    assert_eq!(rows.len(), said.len());
    for (row, (author, url, text)) in rows.iter().zip(&said) {
        let detail = bob.get(url).await.expect(200).json();
        check(&detail, author, url, text);
        assert_eq!(detail, *row);
        assert_eq!(ada.get(&format!("{url}/")).await.expect(200).json(), *row);
    }
}

#[tokio::test]
async fn what_was_not_posted_here_is_404() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let other = ada.open("Another conversation").await;
    assert_eq!(ada.get(&format!("{conversation}/1")).await.refused(404), "message_not_found");
    ada.say(&conversation, "one").await;
    for text in ["one", "two"] {
        ada.say(&other, text).await;
    }
    for id in ["2", "3", "1000000", "9007199254740991"] {
        let refusal = ada.get(&format!("{conversation}/{id}")).await.refused(404);
        assert_eq!(refusal, "message_not_found", "{id}");
    }
    assert_eq!(ada.get(&format!("{NOWHERE}/1")).await.refused(404), "conversation_not_found");
}

#[tokio::test]
async fn malformed_ids_are_400() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    ada.say(&conversation, "hello").await;
    for id in NO_IDS {
        let refusal = ada.get(&format!("{CONVERSATIONS}/{id}/1")).await.refused(400);
        assert_eq!(refusal, "invalid_path", "{id}");
    }
    for id in ["x", "-1", "1.5", "1x", "99999999999999999999999"] {
        let refusal = ada.get(&format!("{conversation}/{id}")).await.refused(400);
        assert_eq!(refusal, "invalid_path", "{id}");
    }
    // Numbers that no message can have.
    for id in ["0", "9007199254740992"] {
        let answer = ada.get(&format!("{conversation}/{id}")).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 404), "{} gave {status}", answer.question);
        answer.refused(status);
    }
}
