//! Chats of the form-encoded API.

use serde_json::{Value, json};
use tests::{Call, Caller as _, WebUser, unique};

use super::Stage;
use super::operation::{Operation, Scene, operation, status};

const WEB: &str = "web";

/// Three people, and a chat of the first two, or of the first one alone.
pub(super) struct WebChat<const IS_OF_TWO: bool> {
    ann: WebUser,
    bob: WebUser,
    cem: WebUser,
    chat: u64,
    /// The number of a message of Ann's.
    message: u64,
    title: String,
    key: String,
}

type OfTwo = WebChat<true>;
type OfOne = WebChat<false>;

impl<const IS_OF_TWO: bool> Scene for WebChat<IS_OF_TWO> {
    type Cast = [WebUser; 3];

    async fn set(_: &Stage, [ann, bob, cem]: &Self::Cast) -> Self {
        let chat = ann.open_chat("A chat").await;
        let message = ann.say(chat, "1").await;
        if IS_OF_TWO {
            ann.invite(chat, bob).await;
            bob.say(chat, "2").await;
        }
        let [ann, bob, cem] = [ann, bob, cem].map(WebUser::clone);
        Self { ann, bob, cem, chat, message, title: unique("Title"), key: unique("key") }
    }

    async fn seen(&self) -> Value {
        let mut seen = json!({});
        for (name, user) in [("ann", &self.ann), ("bob", &self.bob), ("cem", &self.cem)] {
            let mut chats = user.chats().await;
            chats.retain(|chat| chat["id"] == self.chat || chat["title"] == self.title);
            let read = user.get(&format!("/api/chats/{}", self.chat)).await;
            let messages = if read.status.is_success() { read.json() } else { json!(read.status.as_u16()) };
            seen[name] = json!({"chats": chats, "messages": messages});
        }
        seen
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let mut names = vec![(self.chat.to_string(), "chat"), (self.title.clone(), "title")];
        for (user, id, name) in
            [(&self.ann, "ann", "Ann"), (&self.bob, "bob", "Bob"), (&self.cem, "cem", "Cem")]
        {
            names.extend([(user.id.to_string(), id), (user.name.clone(), name)]);
        }
        names
    }

    /// Everybody writes and leaves: with the last one the chat goes.
    async fn go_on(&self) -> Value {
        let people = [&self.ann, &self.bob, &self.cem];
        let mut statuses = Vec::new();
        for user in people {
            let said = user.post(&format!("/api/chats/{}", self.chat)).form(&[("content", "going on")]);
            statuses.push(said.await.status.as_u16());
        }
        let talking = self.seen().await;
        for user in people {
            statuses.push(self.leave(user).await.status.as_u16());
        }
        json!({"statuses": statuses, "talking": talking, "over": self.seen().await})
    }
}

impl<const IS_OF_TWO: bool> WebChat<IS_OF_TWO> {
    fn path(&self) -> String {
        format!("/api/chats/{}", self.chat)
    }

    fn leave(&self, user: &WebUser) -> Call {
        user.delete(&format!("/api/chats?chat_id={}", self.chat))
    }
}

pub(super) const TOGETHER: &[Operation<OfTwo>] = &[
    operation("POST /api/chats", WEB, |scene: &OfTwo| {
        status(scene.ann.post("/api/chats").form(&[("title", &scene.title)]))
    })
    .each_time("two requests are two chats"),
    operation("POST /api/chats/{chat_id}", WEB, |scene: &OfTwo| {
        let call = scene.ann.post(&scene.path()).header("idempotency-key", &scene.key);
        status(call.form(&[("content", "hello")]))
    }),
    operation("POST /api/chats/{chat_id}", WEB, |scene: &OfTwo| {
        status(scene.ann.post(&scene.path()).form(&[("content", "hello")]))
    })
    .each_time("without an idempotency key two requests are two messages"),
    operation("PUT /api/chats/{chat_id}", WEB, |scene: &OfTwo| {
        status(scene.bob.put(&scene.path()).form(&[("title", &scene.title)]))
    }),
    operation("DELETE /api/chats/{chat_id}", WEB, |scene: &OfTwo| {
        status(scene.ann.delete(&format!("{}?id={}", scene.path(), scene.message)))
    })
    .then(&[404]),
    operation("POST /api/chats/{chat_id}/users", WEB, |scene: &OfTwo| {
        status(scene.bob.post(&format!("{}/users", scene.path())).form(&[("name", &scene.cem.name)]))
    }),
    operation("DELETE /api/chats", WEB, |scene: &OfTwo| status(scene.leave(&scene.bob))).then(&[403]),
];

pub(super) const ALONE: &[Operation<OfOne>] =
    &[operation("DELETE /api/chats", WEB, |scene: &OfOne| status(scene.leave(&scene.ann))).then(&[404])];

#[tokio::test(flavor = "multi_thread")]
async fn web_chats_are_whole() {
    let stage = Stage::new().await;
    let stack = &stage.stack;
    let cast = [WebUser::new(stack).await, WebUser::new(stack).await, WebUser::new(stack).await];
    stage.play(&cast, TOGETHER).await;
    stage.play(&cast, ALONE).await;
    stage.end().await;
}
