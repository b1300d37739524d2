//! What nobody waits for: housekeeping behind deletions, frames that go by a queue, and the rotation of keys.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::FutureExt as _;
use serde_json::{Value, json};
use tests::store_proxy::Fate;
use tests::{Caller as _, Faults, Guest, Stack, Tables, User, WebUser, unique};

use super::Stage;
use super::operation::{Operation, Request, Scene, operation, soon};
use crate::rows::{age, fill, oldest, owed};
use crate::stale::Stale;

const HOUSEKEEPING: &str = "housekeeping";
const FAN_OUT: &str = "fan-out";
const KEY_ROTATION: &str = "key-rotation";
/// More rows than are removed in one call.
const ROWS: u64 = 30;

/// Invokes a function, and gives what becomes of that as a status.
async fn invoke(stack: &Stack, function: &str, payload: &Value) -> u16 {
    if stack.try_invoke(function, payload).await.is_ok() { 200 } else { 500 }
}

/// Time passes, and the schedule comes again.
async fn keep_house(stack: &Stack, tables: &Tables) -> u16 {
    age(tables).await;
    invoke(stack, "HousekeepingFunction", &json!({})).await
}

/// A message of the queue that asks for a job, as often as it is handed over.
fn queued(job: Value) -> Value {
    json!({"Records": [{"messageId": "1", "body": job.to_string(), "attributes": {}}]})
}

/// A deleted chat of which rows are left.
pub(super) struct Buried {
    stack: Rc<Stack>,
    tables: Tables,
    chat: u64,
    worker: String,
}

impl Scene for Buried {
    type Cast = [User; 2];

    async fn set(stage: &Stage, [ada, bob]: &Self::Cast) -> Self {
        let tables = stage.tables();
        // Of the scenes before.
        stage.keep_house().await;
        let chat = ada.write(bob, "hello").await;
        ada.delete(&format!("/chats/{chat}")).await.expect(204);
        fill(&tables, chat, ada.id, 1..=ROWS).await;
        Self { stack: stage.stack.clone(), tables, chat, worker: unique("worker") }
    }

    async fn seen(&self) -> Value {
        json!({"rows": oldest(&self.tables, self.chat).await.is_some(), "owed": owed(&self.tables).await})
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }
}

/// When the last rows are gone is told from when nothing is left to be done.
const GRAVES: (&[&str], &str) = (&["owed"], "a grave is closed after it was emptied");

pub(super) const BURIED: &[Operation<Buried>] = &[
    operation("ScheduleV2 of HousekeepingFunction", HOUSEKEEPING, |scene: &Buried| {
        keep_house(&scene.stack, &scene.tables).boxed_local()
    })
    .lagging(GRAVES.0, GRAVES.1),
    operation("SQS of HousekeepingFunction", HOUSEKEEPING, |scene: &Buried| {
        async {
            let job = json!({"job": "sweep", "chat_id": scene.chat, "worker": scene.worker});
            invoke(&scene.stack, "HousekeepingFunction", &queued(job)).await
        }
        .boxed_local()
    })
    .lagging(GRAVES.0, GRAVES.1),
];

/// Somebody who was deleted and of whom everything is left.
pub(super) struct Deleted {
    stack: Rc<Stack>,
    tables: Tables,
    reader: WebUser,
    bob: WebUser,
    chat: u64,
    text: String,
    worker: String,
}

impl Scene for Deleted {
    type Cast = WebUser;

    async fn set(stage: &Stage, reader: &Self::Cast) -> Self {
        let (stack, tables) = (stage.stack.clone(), stage.tables());
        stage.keep_house().await;
        let (bob, text) = (WebUser::new(&stack).await, unique("text"));
        let chat = reader.open_chat("A chat").await;
        reader.invite(chat, &bob).await;
        bob.say(chat, &text).await;
        reader.say(chat, "hello").await;
        bob.say(chat, &text).await;
        delete_alone(&stage.faults, &bob).await;
        let worker = unique("worker");
        Self { stack, tables, reader: reader.clone(), bob, chat, text, worker }
    }

    async fn seen(&self) -> Value {
        json!({
            "messages": self.reader.messages(self.chat).await,
            "kept": !self.tables.mentions(&[&self.text]).await.is_empty(),
        })
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        vec![
            (self.bob.id.to_string(), "bob"),
            (self.reader.id.to_string(), "reader"),
            (self.reader.name.clone(), "Reader"),
            (self.text.clone(), "text"),
        ]
    }

    /// Whoever is left leaves, and takes the chat along.
    async fn go_on(&self) -> Value {
        let left = self.reader.delete(&format!("/api/chats?chat_id={}", self.chat)).await.status.as_u16();
        let mut rounds = 0;
        while owed(&self.tables).await > 0 && rounds < 10 {
            keep_house(&self.stack, &self.tables).await;
            rounds += 1;
        }
        let again = self.reader.get(&format!("/api/chats/{}", self.chat)).await.status.as_u16();
        json!({"left": left, "again": again, "owed": owed(&self.tables).await})
    }
}

/// Deletes somebody, and lets nothing of what follows the deletion itself be done.
async fn delete_alone(faults: &Arc<Faults>, user: &WebUser) {
    faults.set(|operation, request| {
        let deletes = operation == "TransactWriteItems" && request.to_string().contains("erasure#");
        if deletes { Fate::KillAfter } else { Fate::Pass }
    });
    user.delete("/api/user").await.expect(500);
    faults.end();
    let is_refused = async || user.get("/api/user").await.status.as_u16() == 403;
    assert!(soon(is_refused).await, "{} is not deleted", user.name);
}

const TEXTS: &str = "messages are emptied one after the other";

pub(super) const DELETED: &[Operation<Deleted>] = &[
    operation("ScheduleV2 of HousekeepingFunction", HOUSEKEEPING, |scene: &Deleted| {
        keep_house(&scene.stack, &scene.tables).boxed_local()
    })
    .in_part(TEXTS),
    operation("SQS of HousekeepingFunction", HOUSEKEEPING, |scene: &Deleted| {
        async {
            let job = json!({"job": "erase", "user_id": scene.bob.id, "worker": scene.worker});
            invoke(&scene.stack, "HousekeepingFunction", &queued(job)).await
        }
        .boxed_local()
    })
    .in_part(TEXTS),
];

/// A frame for a socket that has ended without anybody's having heard of it.
pub(super) struct Unheard {
    stack: Rc<Stack>,
    socket: Stale,
    message: Value,
}

impl Scene for Unheard {
    type Cast = [User; 2];

    async fn set(stage: &Stage, [ada, bob]: &Self::Cast) -> Self {
        let group = ada.create_group("A group").await;
        let socket = Stale::in_group(&stage.tables(), bob.id, group).await;
        let frame = json!({"chat_type": "group", "chat_group_id": group, "message": "hello"});
        let targets = json!([[{"user_id": bob.id}, group, socket.id()]]);
        let message = queued(json!({"frame": frame, "targets": targets}));
        Self { stack: stage.stack.clone(), socket, message }
    }

    async fn seen(&self) -> Value {
        json!({"traces": self.socket.traces().await})
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }
}

pub(super) const BROADCASTS: &[Operation<Unheard>] =
    &[operation("SQS of FanOutFunction", FAN_OUT, |scene: &Unheard| {
        async { invoke(&scene.stack, "FanOutFunction", &scene.message).await }.boxed_local()
    })
    .in_part("a socket is forgotten in one place after the other")];

/// Somebody who has a token, and a deployment whose keys are rotated.
pub(super) struct Rotation {
    stack: Rc<Stack>,
    tables: Tables,
    guest: Guest,
}

impl Scene for Rotation {
    type Cast = ();

    async fn set(stage: &Stage, (): &Self::Cast) -> Self {
        let (stack, tables) = (stage.stack.clone(), stage.tables());
        Self { guest: Guest::new(&stack).await, stack, tables }
    }

    async fn seen(&self) -> Value {
        // Processes keep keys for a while: others are asked.
        self.stack.crash_if_running("conversations");
        let status = async || self.guest.get("/api/conversations?count=1").await.status.as_u16();
        let serves = soon(async || status().await < 500).await;
        let newcomer = Guest::new(&self.stack).await;
        json!({
            "serves": serves,
            "old token": status().await,
            "new token": newcomer.get("/api/conversations?count=1").await.status.as_u16(),
            "answers": self.stack.anonymous().get("/publicKey").await.status.as_u16(),
            "unpaired": self.unpaired().await,
        })
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }
}

impl Rotation {
    /// Keys that verify tokens and that no private key tells of.
    async fn unpaired(&self) -> Vec<String> {
        let items = self.tables.items("Keys").await;
        let kid = |item: &Value| item["kid"]["S"].as_str().map(str::to_owned);
        let is =
            |item: &Value, prefix: &str| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with(prefix));
        let mut public: Vec<_> = items.iter().filter(|item| is(item, "public#")).filter_map(kid).collect();
        let private = items.iter().filter(|item| is(item, "private#tokens"));
        let private: Vec<_> = private
            .flat_map(|item| {
                let former = item["previous"]["L"].as_array().into_iter().flatten();
                former.map(|former| former["M"].clone()).chain([item.clone()])
            })
            .filter_map(|item| kid(&item))
            .collect();
        public.retain(|kid| !private.contains(kid));
        public
    }

    fn rotate(&self, order: Value) -> Request<'_> {
        async move { invoke(&self.stack, "KeyRotationFunction", &order).await }.boxed_local()
    }
}

pub(super) const ROTATION: &[Operation<Rotation>] = &[
    operation("ScheduleV2 of KeyRotationFunction", KEY_ROTATION, |scene: &Rotation| {
        scene.rotate(json!({"rotate": true}))
    }),
    operation("ScheduleV2 of KeyRotationFunction", KEY_ROTATION, |scene: &Rotation| {
        scene.rotate(json!({"retire": true}))
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn housekeeping_is_whole() {
    let stage = Stage::new().await;
    let cast = User::pair(&stage.stack).await;
    stage.play(&cast, BURIED).await;
    let reader = WebUser::new(&stage.stack).await;
    stage.play(&reader, DELETED).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broadcasts_are_whole() {
    let stage = Stage::new().await;
    let cast = User::pair(&stage.stack).await;
    stage.play(&cast, BROADCASTS).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_of_keys_are_whole() {
    let stage = Stage::new().await;
    stage.play(&(), ROTATION).await;
    stage.end().await;
}
