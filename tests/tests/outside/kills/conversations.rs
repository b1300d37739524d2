//! Conversations, and the names of those who have nothing else.

use futures::future::FutureExt as _;
use serde_json::{Value, json};
use tests::{Anonymous, Call, Caller as _, Guest, WebUser, unique};

use super::Stage;
use super::operation::{Operation, Scene, operation, status};

const CONVERSATIONS: &str = "conversations";

/// Two people, one of whom has written to a conversation.
pub(super) struct Conversation {
    anonymous: Anonymous,
    /// Somebody who can look for names.
    reader: WebUser,
    ann: Guest,
    bob: Guest,
    url: String,
    messages: [String; 2],
    /// A name that nobody has.
    name: String,
    title: String,
    key: String,
}

impl Scene for Conversation {
    type Cast = WebUser;

    async fn set(stage: &Stage, reader: &Self::Cast) -> Self {
        let (ann, bob) = (Guest::new(&stage.stack).await, Guest::new(&stage.stack).await);
        let url = ann.open("A conversation").await;
        let messages = [ann.say(&url, "1").await, ann.say(&url, "2").await];
        Self {
            anonymous: stage.stack.anonymous(),
            reader: reader.clone(),
            ann,
            bob,
            url,
            messages,
            name: unique("Guest"),
            title: unique("Title"),
            key: unique("key"),
        }
    }

    async fn seen(&self) -> Value {
        let id: u64 = self.url.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
        let path = format!("/api/conversations?count=100&next={}", id - 1);
        json!({
            "conversations": self.bob.get(&path).await.expect(200).json()["conversations"],
            "messages": self.bob.newest(&self.url, 100).await,
            "old message": self.bob.get(&self.messages[1]).await.status.as_u16(),
            "name": self.reader.get(&format!("/api/user?name={}", self.name)).await.status.as_u16(),
        })
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        vec![
            (self.url.clone(), "conversation"),
            (self.ann.name.clone(), "Ann"),
            (self.bob.name.clone(), "Bob"),
            (self.title.clone(), "title"),
        ]
    }

    /// Both write.
    async fn go_on(&self) -> Value {
        self.bob.say(&self.url, "going").await;
        self.ann.say(&self.url, "on").await;
        self.seen().await
    }
}

impl Conversation {
    /// Writes a text.
    fn say(&self, guest: &Guest) -> Call {
        guest.post(&self.url).json(&json!({"text": "hello"}))
    }
}

pub(super) const OPERATIONS: &[Operation<Conversation>] = &[
    operation("POST /auth/register", CONVERSATIONS, |scene: &Conversation| {
        let call = scene.anonymous.post("/auth/register").json(&json!({"username": scene.name}));
        async {
            let answer = call.await;
            // It is one status in both cases.
            let is_taken = answer.status.is_success() && answer.json()["status"] == "username taken";
            if is_taken { 409 } else { answer.status.as_u16() }
        }
        .boxed_local()
    })
    .then(&[409]),
    operation("POST /api/conversations", CONVERSATIONS, |scene: &Conversation| {
        status(scene.ann.post("/api/conversations").json(&json!({"title": scene.title})))
    })
    .each_time("two requests are two conversations"),
    operation("POST /api/conversations/{id}", CONVERSATIONS, |scene: &Conversation| {
        status(scene.say(&scene.ann).header("idempotency-key", &scene.key))
    }),
    // The first one of Bob's.
    operation("POST /api/conversations/{id}", CONVERSATIONS, |scene: &Conversation| {
        status(scene.say(&scene.bob).header("idempotency-key", &scene.key))
    }),
    operation("POST /api/conversations/{id}", CONVERSATIONS, |scene: &Conversation| {
        status(scene.say(&scene.bob))
    })
    .each_time("without an idempotency key two requests are two messages"),
    // The newest one, and one that is not.
    operation("DELETE /api/conversations/{id}/{message_id}", CONVERSATIONS, |scene: &Conversation| {
        status(scene.ann.delete(&scene.messages[1]))
    })
    .then(&[404]),
    operation("DELETE /api/conversations/{id}/{message_id}", CONVERSATIONS, |scene: &Conversation| {
        status(scene.ann.delete(&scene.messages[0]))
    })
    .then(&[404]),
];

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_whole() {
    let stage = Stage::new().await;
    let cast = WebUser::new(&stage.stack).await;
    stage.play(&cast, OPERATIONS).await;
    stage.end().await;
}
