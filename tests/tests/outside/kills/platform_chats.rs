//! Chats of platforms, and who takes part in them.

use serde_json::{Value, json};
use tests::{Algorithm, Call, Caller as _, Encoding, Member, Platform};

use super::Stage;
use super::operation::{Operation, Scene, operation, status};

const CHATS: &str = "chats";

/// Three of a platform's users. Ann and Bea have a chat, which is Ann's, or nobody has one yet.
pub(super) struct Seats<const SEATED: bool> {
    platform: Platform,
    chat: String,
    ann: Member,
    bea: Member,
    cem: Member,
}

type NoChat = Seats<false>;
type OfTwo = Seats<true>;

impl<const SEATED: bool> Scene for Seats<SEATED> {
    type Cast = Platform;

    async fn set(_: &Stage, platform: &Self::Cast) -> Self {
        let members: [Member; 3] = platform.members(3).await.try_into().expect("three");
        let [ann, bea, cem] = members;
        let chat = Platform::new_chat_id();
        if SEATED {
            platform.seat(&chat, &[&ann, &bea]).await;
        }
        Self { platform: platform.clone(), chat, ann, bea, cem }
    }

    async fn seen(&self) -> Value {
        let answer = self.platform.get(&format!("/backend/chats/{}/users", self.chat)).await;
        let chat = if answer.status.is_success() { answer.json() } else { json!(answer.status.as_u16()) };
        json!({"chat": chat, "waiting": waiting(&[&self.ann, &self.bea, &self.cem]).await})
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        vec![
            (self.chat.clone(), "chat"),
            (self.ann.id.clone(), "ann"),
            (self.bea.id.clone(), "bea"),
            (self.cem.id.clone(), "cem"),
        ]
    }

    /// Everybody writes to everybody else.
    async fn go_on(&self) -> Value {
        let mut sent = Vec::new();
        for member in [&self.ann, &self.bea, &self.cem] {
            let message = json!({"chatID": self.chat, "messageBlock": [{"messageText": "going on"}]});
            let block = member.block(vec![message], Vec::new());
            sent.push(member.post(&block, Algorithm::Rs256, Encoding::Base64).await.status.as_u16());
        }
        json!({"sent": sent, "seen": self.seen().await})
    }
}

/// What waits for each of some of a platform's users.
pub(super) async fn waiting(members: &[&Member]) -> Value {
    let mut waiting = Vec::new();
    for member in members {
        let events = member.get("/messages").await.expect(200).json()["incomingEvents"].take();
        waiting.push(json!({
            "messages": events["messages"], "statuses": events["statuses"], "info": events["info"],
        }));
    }
    json!(waiting)
}

impl<const SEATED: bool> Seats<SEATED> {
    /// Where the backend finds the chat.
    fn backend(&self) -> String {
        format!("/backend/chats/{}", self.chat)
    }

    /// Where its users find it.
    fn own(&self) -> String {
        format!("/chats/{}", self.chat)
    }
}

/// A call that names users.
fn naming(call: Call, users: &[&Member]) -> Call {
    let ids: Vec<_> = users.iter().map(|user| &user.id).collect();
    call.json(&json!({"users": ids}))
}

pub(super) const OPENING: &[Operation<NoChat>] = &[
    operation("PUT /chats/{chat_id}/users", CHATS, |scene: &NoChat| {
        status(naming(scene.ann.put(&format!("{}/users", scene.own())), &[&scene.bea]))
    }),
    operation("PUT /backend/chats/{chat_id}/users", CHATS, |scene: &NoChat| {
        let call = scene.platform.put(&format!("{}/users", scene.backend()));
        status(naming(call, &[&scene.ann, &scene.bea]))
    }),
];

pub(super) const CHANGING: &[Operation<OfTwo>] = &[
    operation("PUT /chats/{chat_id}/users", CHATS, |scene: &OfTwo| {
        status(naming(scene.bea.put(&format!("{}/users", scene.own())), &[&scene.cem]))
    }),
    operation("PUT /backend/chats/{chat_id}/users", CHATS, |scene: &OfTwo| {
        let body = json!({"users": [scene.cem.id], "chatName": "Named"});
        status(scene.platform.put(&format!("{}/users", scene.backend())).json(&body))
    }),
    // Bea leaves, and is nobody's business any more.
    operation("DELETE /chats/{chat_id}/users", CHATS, |scene: &OfTwo| {
        status(naming(scene.bea.delete(&format!("{}/users", scene.own())), &[&scene.bea]))
    })
    .then(&[403]),
    operation("DELETE /backend/chats/{chat_id}/users", CHATS, |scene: &OfTwo| {
        status(naming(scene.platform.delete(&format!("{}/users", scene.backend())), &[&scene.bea]))
    }),
    // With its owner the chat goes.
    operation("DELETE /chats/{chat_id}/users", CHATS, |scene: &OfTwo| {
        status(naming(scene.ann.delete(&format!("{}/users", scene.own())), &[&scene.ann]))
    })
    .then(&[404]),
    operation("DELETE /chats/{chat_id}", CHATS, |scene: &OfTwo| status(scene.ann.delete(&scene.own())))
        .then(&[400]),
    operation("DELETE /backend/chats/{chat_id}", CHATS, |scene: &OfTwo| {
        status(scene.platform.delete(&scene.backend()))
    })
    .then(&[400]),
];

#[tokio::test(flavor = "multi_thread")]
async fn chats_of_platforms_are_whole() {
    let stage = Stage::new().await;
    let cast = Platform::new(&stage.stack);
    stage.play(&cast, OPENING).await;
    stage.play(&cast, CHANGING).await;
    stage.end().await;
}
