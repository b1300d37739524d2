//! The ready line and the console.

use serde_json::Value;
use tests::{Caller as _, Stack, User};

#[tokio::test]
async fn the_ready_line_says_where_everything_answers() {
    let stack = Stack::start(&["--backend-key", "a key"]).await;
    let ready = stack.ready();
    assert!(ready.ready);
    assert_eq!(ready.backend_key, "a key");
    for (url, scheme) in [(&ready.http, "http"), (&ready.console, "http"), (&ready.websocket, "ws")] {
        assert!(url.starts_with(&format!("{scheme}://127.0.0.1:")), "{url}");
    }
    assert!(ready.websocket.ends_with("/live"), "{ready:?}");
    // No test waits in between: when the line is there, all of it answers.
    assert!(stack.is_healthy().await);
    User::new(&stack).await.socket().await;
}

#[tokio::test]
async fn every_function_runs_when_the_line_is_there() {
    let stack = Stack::start(&[]).await;
    stack.anonymous().get("/chats").await.refused(401);
    let names: Vec<_> = stack.processes().into_iter().map(|(_, name)| name).collect();
    for function in ["accounts", "chats", "websocket"] {
        assert!(names.iter().any(|name| name == function), "{function} is not among {names:?}");
    }
}

#[tokio::test]
async fn the_console_has_a_page_and_an_outbox() {
    let stack = Stack::start(&[]).await;
    let page = stack.console().get("/").await.expect(200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    assert_eq!(stack.console().get("/outbox").await.expect(200).rows(), Vec::<Value>::new());
    let ada = User::new(&stack).await;
    let bob = User::new(&stack).await;
    let mails = stack.console().get("/outbox").await.expect(200).rows();
    let to: Vec<_> = mails.iter().map(|mail| mail["to"].clone()).collect();
    assert_eq!(to, [bob.applicant.email, ada.applicant.email], "newest first");
}

#[tokio::test]
async fn what_it_gives_to_functions_can_be_printed() {
    let output = Stack::command(&["--port", "3900", "--print-env"]).output().await.expect("its output");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for line in ["USERS_TABLE=Users", "WEBSOCKET_ENDPOINT=http://127.0.0.1:3901/live"] {
        assert!(text.lines().any(|candidate| candidate == line), "{line} is not in {text}");
    }
    assert!(text.lines().all(|line| line.contains('=')), "{text}");
}
