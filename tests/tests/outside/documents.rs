//! The documents of both APIs: what they show is what happens, and there are pages to read them.

use serde_json::{Value, json};
use tests::documents::{Sender, frame_examples, names_of};
use tests::{Caller as _, Stack, Tab, User};

/// A frame of the document about somebody and something that there is.
fn about(frame: &Value, ann: &User, bob: &User, chat: u64, room: u64, group: u64) -> Value {
    let fields = frame.as_object().expect("a frame").iter().map(|(name, value)| {
        let there_is = match name.as_str() {
            "token" => json!(ann.token),
            "other_user_id" => json!(bob.id),
            "chat_room_id" => json!(room),
            "chat_group_id" => json!(group),
            "chats" => json!({chat.to_string(): 0, room.to_string(): 0}),
            _ => value.clone(),
        };
        (name.clone(), there_is)
    });
    Value::Object(fields.collect())
}

#[tokio::test]
async fn every_example_of_a_frame_is_answered_as_the_document_says() {
    let stack = Stack::shared().await;
    let examples = frame_examples();
    assert!(examples.len() >= 8, "{examples:?}");
    for example in examples {
        let [ann, bob] = User::pair(&stack).await;
        let chat = bob.write(&ann, "Hello").await;
        let room = ann.open_room("Tea").await;
        let group = ann.create_group("Tea at five").await;
        let mut socket = ann.socket().await;
        ann.enter(group).await;

        let frame = about(example.frame, &ann, &bob, chat, room, group);
        socket.send(&frame).await;
        let is_answer = |answer: &Value| {
            let names = names_of(Sender::System, answer).unwrap_or_default();
            names.iter().any(|name| example.answers.contains(name))
        };
        let answer = socket.expect(&format!("the answer to {frame}"), is_answer).await;
        assert!(answer["error"].is_null(), "{} {frame} was answered with {answer}", example.name);
        assert_eq!(answer["client_id"], frame["client_id"], "{} {frame}", example.name);
    }
}

#[tokio::test]
async fn the_console_has_the_documents_as_they_are_kept() {
    let stack = Stack::shared().await;
    for name in ["openapi.json", "asyncapi.json"] {
        let kept = std::fs::read(tests::workspace().join("infra").join(name)).expect("the document");
        let answer = stack.console().get(&format!("/documents/{name}")).await.expect(200);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
        assert!(answer.body == kept, "{name} is another one; build the stack again");
    }
    stack.console().get("/documents/nothing").await.expect(501);
}

/// The pages' text is there, and nothing was asked of anybody else for it.
#[tokio::test(flavor = "multi_thread")]
async fn the_documents_have_pages_that_need_nobody_else() {
    let stack = Stack::shared().await;
    let console = &stack.ready().console;
    let mut tab = Tab::open(&format!("{console}/documents/http")).await;
    tab.read("Chats of platforms, with RSA-signed messages").await;
    tab.read("/chats/{chat_id}").await;
    tab.go(&format!("{console}/documents/socket")).await;
    tab.read("GroupMessage").await;
    tab.read("A message to the room of two with another user.").await;
    let own = format!("{console}/documents/");
    let is_own =
        |url: &&String| url.starts_with(&own) || url.starts_with("data:") || url.starts_with("blob:");
    let (own, others): (Vec<_>, Vec<_>) = tab.requested().iter().partition(is_own);
    assert!(own.len() >= 7, "two pages, their viewers and their documents: {own:?}");
    assert!(others.is_empty(), "{others:?}");
}
