//! Groups, and who is in them.

use std::rc::Rc;

use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, User, unique};
use tokio::sync::Mutex;

use super::Stage;
use super::operation::{Operation, Scene, names_of, operation, soon, status};

const GROUPS: &str = "chat-groups";

/// Two people who are online.
pub(super) struct Online {
    ada: User,
    bob: User,
    sockets: Mutex<[Socket; 2]>,
}

impl Online {
    async fn new(stack: &Stack) -> Rc<Self> {
        let [ada, bob] = User::pair(stack).await;
        let sockets = Mutex::new([ada.socket().await, bob.socket().await]);
        Rc::new(Self { ada, bob, sockets })
    }
}

/// A group that Ada is in, and another one. Bob is in one of the two.
pub(super) struct Group<const BOB_IS_IN: bool> {
    people: Rc<Online>,
    group: u64,
    other: u64,
    name: String,
}

type Outside = Group<false>;
type Inside = Group<true>;

impl<const BOB_IS_IN: bool> Scene for Group<BOB_IS_IN> {
    type Cast = Rc<Online>;

    async fn set(_: &Stage, people: &Self::Cast) -> Self {
        let Online { ada, bob, .. } = people.as_ref();
        let group = ada.create_group("A group").await;
        let other = ada.create_group("Another group").await;
        ada.enter(group).await;
        bob.enter(if BOB_IS_IN { group } else { other }).await;
        let scene = Self { people: people.clone(), group, other, name: unique("Group") };
        scene.say(0, "1").await;
        scene
    }

    async fn seen(&self) -> Value {
        let Online { ada, bob, .. } = self.people.as_ref();
        let mut seen = json!({});
        for (name, user) in [("ada", ada), ("bob", bob)] {
            // These two, and those that were made since.
            let path = format!("/chat_groups?count=100&next={}", self.group.min(self.other) - 1);
            let groups = user.get(&path).await.expect(200).json()["chat_groups"].take();
            let mut notifications =
                user.get("/notifications").await.expect(200).json()["notifications"].take();
            notifications.as_array_mut().expect("notifications").retain(|row| self.has(row));
            seen[name] = json!({"groups": groups, "notifications": notifications});
        }
        for (name, group) in [("group", self.group), ("other", self.other)] {
            let inside = ada.look_into(group).await;
            seen[name] = json!({"present": inside["present"], "messages": inside["messages"]});
        }
        seen
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let Online { ada, bob, .. } = self.people.as_ref();
        let mut names = [names_of(ada, "ada", "Ada"), names_of(bob, "bob", "Bob")].concat();
        names.extend([(self.group.to_string(), "group"), (self.other.to_string(), "other")]);
        names.push((self.name.clone(), "name"));
        names
    }

    /// Both talk, and hear what is said where they are; Ada renames the group that she is in; Bob goes offline and
    /// comes again.
    async fn go_on(&self) -> Value {
        let Online { ada, bob, sockets } = self.people.as_ref();
        let mut said = Vec::new();
        for (speaker, text) in [(0, "going"), (1, "on")] {
            said.push(self.say(speaker, text).await);
        }
        let mut heard = Vec::new();
        for socket in sockets.lock().await.iter_mut() {
            let mut frames = socket.so_far().await;
            frames.retain(|frame| self.has(frame) && frame["message"].is_string() && frame["message"] != "1");
            frames.iter_mut().for_each(|frame| frame["client_id"] = Value::Null);
            heard.push(frames);
        }
        let renamed = ada.put("/chat_groups").json(&json!({"chat_group_name": "Renamed"})).await;
        let renamed = renamed.expect(200).json()["chat_group_id"].take();
        let talking = self.seen().await;
        let mut socket = bob.socket().await;
        std::mem::swap(&mut sockets.lock().await[1], &mut socket);
        socket.close().await;
        // The new one is in no group, and those hear of the end of the old one who are where that was.
        let nowhere = soon(async || !self.is_present(self.group).await && !self.is_present(self.other).await);
        let nowhere = nowhere.await;
        json!({"said": said, "heard": heard, "renamed": renamed, "talking": talking, "nowhere": nowhere})
    }
}

impl<const BOB_IS_IN: bool> Group<BOB_IS_IN> {
    /// Says something in the group, and gives what comes of it.
    async fn say(&self, speaker: usize, text: &str) -> Value {
        let id = unique("frame");
        let frame = json!({
            "chat_type": "group", "chat_group_id": self.group, "message": text, "client_id": id,
        });
        let socket = &mut self.people.sockets.lock().await[speaker];
        socket.send(&frame).await;
        let back = socket.expect("what comes of it", |back| back["client_id"] == *id).await;
        if back["error"].is_null() { json!("said") } else { back["code"].clone() }
    }

    /// Whether Bob is in a group.
    async fn is_present(&self, group: u64) -> bool {
        let inside = self.people.ada.look_into(group).await;
        inside["present"].as_array().is_some_and(|present| present.contains(&json!(self.people.bob.id)))
    }

    fn has(&self, row: &Value) -> bool {
        row["chat_group_id"] == self.group || row["chat_group_id"] == self.other
    }
}

/// A group's list of those who are in it and each one's sockets are written one after the other.
const MOVING: (&[&str], &str) = (
    &["present", "is_member", "unread_count", "notifications"],
    "one who enters is listed before it has left where it was, and is a member before both",
);

pub(super) const FROM_OUTSIDE: &[Operation<Outside>] = &[
    operation("POST /chat_groups", GROUPS, |scene: &Outside| {
        status(scene.people.ada.post("/chat_groups").json(&json!({"chat_group_name": scene.name})))
    })
    .each_time("two requests are two groups"),
    operation("GET /chat_groups/{chat_group_id}", GROUPS, |scene: &Outside| {
        status(scene.people.bob.get(&format!("/chat_groups/{}", scene.group)))
    })
    .lagging(MOVING.0, MOVING.1),
];

pub(super) const FROM_INSIDE: &[Operation<Inside>] = &[
    operation("DELETE /chat_groups/{chat_group_id}/presence", GROUPS, |scene: &Inside| {
        status(scene.people.bob.delete(&format!("/chat_groups/{}/presence", scene.group)))
    }),
    operation("PUT /chat_groups/{chat_group_id}", GROUPS, |scene: &Inside| {
        let path = format!("/chat_groups/{}", scene.group);
        status(scene.people.ada.put(&path).json(&json!({"chat_group_name": scene.name})))
    }),
    operation("PUT /chat_groups", GROUPS, |scene: &Inside| {
        status(scene.people.ada.put("/chat_groups").json(&json!({"chat_group_name": scene.name})))
    }),
    operation("PUT /notifications", "accounts", |scene: &Inside| {
        status(scene.people.bob.put("/notifications").json(&json!({"chat_group_id": scene.group})))
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_whole() {
    let stage = Stage::new().await;
    let cast = Online::new(&stage.stack).await;
    stage.play(&cast, FROM_OUTSIDE).await;
    stage.play(&cast, FROM_INSIDE).await;
    stage.end().await;
}
