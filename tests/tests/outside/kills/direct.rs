//! Direct chats and their mailbox.

use serde_json::{Value, json};
use tests::{Caller as _, User, unique};

use super::Stage;
use super::operation::{Operation, Scene, names_of, operation, status};
use crate::common::text_to;

const CHATS: &str = "chats";
const NO_KEY: &str = "without an idempotency key two requests are two messages";
/// A mailbox hides what it hands out in one step, and the reader's cursor, which remembers when it was read, follows.
const CURSOR: (&[&str], &str) =
    (&["notifications"], "the chat counts as read from the reader's next fetch on");

/// Two people, with a chat of theirs or without.
pub(super) struct Direct<const HAVE_CHAT: bool> {
    ada: User,
    bob: User,
    /// Their chat, if they have one.
    chat: u64,
    /// The time of the newest message that waits for Bob.
    newest: String,
    key: String,
}

type Strangers = Direct<false>;
type Friends = Direct<true>;

impl<const HAVE_CHAT: bool> Scene for Direct<HAVE_CHAT> {
    type Cast = [User; 2];

    async fn set(_: &Stage, [ada, bob]: &Self::Cast) -> Self {
        for chat in ada.get("/chats").await.expect(200).rows() {
            ada.delete(&format!("/chats/{}", chat["chat_id"])).await.expect(204);
        }
        let (mut chat, mut newest) = (0, String::new());
        if HAVE_CHAT {
            ada.write(bob, "1").await;
            bob.write(ada, "2").await;
            chat = ada.write(bob, "3").await;
            let rows = bob.history(chat).await;
            newest = rows[0]["message_timestamp"].as_str().expect("a time").to_owned();
        }
        Self { ada: ada.clone(), bob: bob.clone(), chat, newest, key: unique("key") }
    }

    async fn seen(&self) -> Value {
        let mut seen = json!({});
        for (name, user) in [("ada", &self.ada), ("bob", &self.bob)] {
            let chats = user.get("/chats").await.expect(200).rows();
            let mut histories = Vec::new();
            for chat in &chats {
                histories.push(user.get(&format!("/chats/{}", chat["chat_id"])).await.expect(200).json());
            }
            seen[name] = json!({
                "chats": chats,
                "histories": histories,
                "notifications": user.get("/notifications").await.expect(200).json()["notifications"],
            });
        }
        seen["old chat"] = json!(self.ada.get(&format!("/chats/{}", self.chat)).await.status.as_u16());
        seen
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        [names_of(&self.ada, "ada", "Ada"), names_of(&self.bob, "bob", "Bob")].concat()
    }

    /// Both write.
    async fn go_on(&self) -> Value {
        self.bob.write(&self.ada, "going").await;
        self.ada.write(&self.bob, "on").await;
        self.seen().await
    }
}

impl<const HAVE_CHAT: bool> Direct<HAVE_CHAT> {
    /// Ada writes by this path, with a key.
    fn write(&self, path: &str) -> tests::Call {
        self.ada.post(path).header("idempotency-key", &self.key).json(&text_to(&self.bob, "hello"))
    }
}

pub(super) const OPENING: &[Operation<Strangers>] = &[
    operation("POST /chats", CHATS, |scene: &Strangers| status(scene.write("/chats"))),
    operation("POST /chats_v2", CHATS, |scene: &Strangers| status(scene.write("/chats_v2"))),
    operation("POST /chats", CHATS, |scene: &Strangers| {
        status(scene.ada.post("/chats").json(&text_to(&scene.bob, "hello")))
    })
    .each_time(NO_KEY),
];

pub(super) const TALKING: &[Operation<Friends>] = &[
    operation("POST /chats", CHATS, |scene: &Friends| status(scene.write("/chats"))),
    operation("POST /chats", CHATS, |scene: &Friends| {
        status(scene.ada.post("/chats").json(&text_to(&scene.bob, "hello")))
    })
    .each_time(NO_KEY),
    operation("POST /chats/read", CHATS, |scene: &Friends| {
        status(scene.bob.post("/chats/read").json(&json!({"chat_id": scene.chat})))
    }),
    operation("PUT /notifications", "accounts", |scene: &Friends| {
        status(scene.bob.put("/notifications").json(&json!({"chat_id": scene.chat})))
    }),
    operation("DELETE /chats/{chat_id}", CHATS, |scene: &Friends| {
        status(scene.bob.delete(&format!("/chats/{}", scene.chat)))
    })
    .then(&[404]),
    operation("DELETE /chats_v2/{chat_id}", CHATS, |scene: &Friends| {
        status(scene.bob.delete(&format!("/chats_v2/{}", scene.chat)))
    })
    .then(&[404]),
    operation("GET /chats_v2/{chat_id}", CHATS, |scene: &Friends| {
        status(scene.bob.get(&format!("/chats_v2/{}", scene.chat)))
    })
    .lagging(CURSOR.0, CURSOR.1),
    operation("GET /chats_v2/{user_a_id}/{user_b_id}", CHATS, |scene: &Friends| {
        status(scene.bob.get(&format!("/chats_v2/{}/{}", scene.ada.id, scene.bob.id)))
    })
    .lagging(CURSOR.0, CURSOR.1),
    operation("POST /chats_v2/{chat_id}/ack", CHATS, |scene: &Friends| {
        let path = format!("/chats_v2/{}/ack", scene.chat);
        status(scene.bob.post(&path).json(&json!({"up_to": scene.newest})))
    })
    .lagging(CURSOR.0, CURSOR.1),
];

#[tokio::test(flavor = "multi_thread")]
async fn direct_chats_and_mailboxes_are_whole() {
    let stage = Stage::new().await;
    let cast = User::pair(&stage.stack).await;
    stage.play(&cast, OPENING).await;
    stage.play(&cast, TALKING).await;
    stage.end().await;
}
