//! Tokens of platforms' users, what they sign, and what they acknowledge.

use std::cell::RefCell;

use futures::future::FutureExt as _;
use serde_json::{Value, json};
use tests::{Algorithm, Answer, Caller as _, Encoding, Key, Member, Platform};

use super::Stage;
use super::operation::{Operation, Request, Scene, operation};
use super::platform_chats::waiting;

const MESSAGES: &str = "messages";

/// Somebody whose tokens are renewed, and somebody else who is to be admitted.
pub(super) struct Tokens {
    platform: Platform,
    ann: Member,
    /// The ids of those whom nobody has admitted.
    newcomers: [String; 2],
    /// The last tokens that were answered, for whom.
    answered: RefCell<Option<(String, Value)>>,
}

impl Scene for Tokens {
    type Cast = Platform;

    async fn set(_: &Stage, platform: &Self::Cast) -> Self {
        let newcomers = [Platform::new_chat_id(), Platform::new_chat_id()];
        Self {
            platform: platform.clone(),
            ann: platform.member("ann").await,
            newcomers,
            answered: RefCell::default(),
        }
    }

    async fn seen(&self) -> Value {
        json!({"ann": self.ann.get("/messages").await.status.as_u16()})
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }

    /// Whoever was answered uses the tokens, and signs with the key that was given.
    async fn go_on(&self) -> Value {
        let answered = self.answered.borrow().clone();
        let (id, tokens) = answered.unwrap_or_else(|| {
            let tokens = json!({"accessToken": self.ann.access, "refreshToken": self.ann.refresh});
            (self.ann.id.clone(), tokens)
        });
        let member = self.platform.known(&id, Key::named("b"), &tokens);
        let block = member.block(Vec::new(), Vec::new());
        let signed = member.post(&block, Algorithm::Rs256, Encoding::Base64).await.status.as_u16();
        let refreshed = member.put("/token").json(&json!({"refreshToken": member.refresh})).await;
        json!({
            "in": member.get("/messages").await.status.as_u16(),
            "signed": signed,
            "refreshed": refreshed.status.as_u16(),
        })
    }
}

impl Tokens {
    /// Admits somebody with another key, and keeps the tokens.
    fn admit<'a>(&'a self, id: &'a str) -> Request<'a> {
        async move {
            let body = json!({"userID": id, "userKey": Key::named("b").public_pem()});
            let answer = self.platform.post("/token").json(&body).await;
            self.keep(id, &answer)
        }
        .boxed_local()
    }

    /// Keeps the tokens of an answer, if there are any.
    fn keep(&self, id: &str, answer: &Answer) -> u16 {
        if answer.status.is_success() {
            *self.answered.borrow_mut() = Some((id.to_owned(), answer.json()));
        }
        answer.status.as_u16()
    }
}

pub(super) const TOKENS: &[Operation<Tokens>] = &[
    operation("POST /token", MESSAGES, |scene: &Tokens| scene.admit(&scene.newcomers[0])),
    operation("POST /token", MESSAGES, |scene: &Tokens| scene.admit(&scene.ann.id)),
    // Several at once.
    operation("POST /token", MESSAGES, |scene: &Tokens| {
        async {
            let key = Key::named("b").public_pem();
            let [one, other] = &scene.newcomers;
            let users = [&scene.ann.id, one, other].map(|id| json!({"userID": id, "userKey": key}));
            let answer = scene.platform.post("/token").json(&json!({"users": users})).await;
            if answer.status.is_success() {
                *scene.answered.borrow_mut() = Some((other.clone(), answer.json()["users"][2].take()));
            }
            answer.status.as_u16()
        }
        .boxed_local()
    }),
    operation("PUT /token", MESSAGES, |scene: &Tokens| {
        async {
            let body = json!({"refreshToken": scene.ann.refresh});
            let answer = scene.ann.put("/token").json(&body).await;
            scene.keep(&scene.ann.id, &answer)
        }
        .boxed_local()
    })
    .then(&[401])
    .each_time("a refresh token that is used twice ends its family"),
];

/// Ann and Bea have a chat, Ann has another one with Cem. A message of Ann's waits for Bea.
pub(super) struct Letters {
    ann: Member,
    bea: Member,
    cem: Member,
    chats: [String; 2],
    /// What waits for Bea: the message and that she has entered.
    ids: [String; 2],
    /// Blocks that were signed once and are sent as they are.
    blocks: Blocks,
}

/// Texts of blocks.
struct Blocks {
    one: String,
    without_hash: String,
    several: String,
    receipts: String,
}

impl Scene for Letters {
    type Cast = Platform;

    async fn set(_: &Stage, platform: &Self::Cast) -> Self {
        let members: [Member; 3] = platform.members(3).await.try_into().expect("three");
        let [ann, bea, cem] = members;
        let chats = [Platform::new_chat_id(), Platform::new_chat_id()];
        platform.seat(&chats[0], &[&ann, &bea]).await;
        platform.seat(&chats[1], &[&ann, &cem]).await;
        ann.send(&chats[0], "waiting", "before").await;
        // Cem has written to Ann.
        cem.send(&chats[1], "to ann", "before").await;
        let id = |events: &Value| events[0]["messageID"].as_str().expect("a messageID").to_owned();
        let of_bea = bea.get("/messages").await.expect(200).json()["incomingEvents"].take();
        let of_ann = ann.get("/messages").await.expect(200).json()["incomingEvents"].take();
        let ids = [id(&of_bea["messages"]), id(&of_bea["info"])];
        let to = |chat: &str, text: &str, hash: Option<&str>| json!({"chatID": chat, "clientHash": hash, "messageBlock": [{"messageText": text}]});
        let status = |id: &str, status: &str| json!({"messageID": id, "messageStatus": status});
        let blocks = Blocks {
            one: ann.block(vec![to(&chats[0], "one", Some("one"))], Vec::new()),
            without_hash: ann.block(vec![to(&chats[0], "one", None)], Vec::new()),
            several: ann.block(
                vec![
                    to(&chats[0], "first", Some("first")),
                    to(&chats[1], "second", Some("second")),
                    to(&chats[0], "third", Some("third")),
                ],
                vec![status(&id(&of_ann["messages"]), "read")],
            ),
            receipts: bea.block(
                Vec::new(),
                vec![status(&ids[0], "delivered"), status(&ids[0], "read"), status(&ids[1], "delivered")],
            ),
        };
        Self { ann, bea, cem, chats, ids, blocks }
    }

    async fn seen(&self) -> Value {
        let mut waiting = waiting(&[&self.ann, &self.bea, &self.cem]).await;
        // What becomes of several things at once is queued in no particular order.
        for events in waiting.as_array_mut().into_iter().flatten() {
            for name in ["messages", "statuses"] {
                let events = events[name].as_array_mut().expect("events");
                events.sort_by_key(|event| format!("{}{}", event["messageText"], event["type"]));
            }
        }
        waiting
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let names = ["chat", "other chat"];
        let mut names: Vec<_> = self.chats.iter().cloned().zip(names).collect();
        names.extend(self.ids.iter().cloned().zip(["message", "info"]));
        names
    }

    /// Everybody acknowledges everything, and then all that comes of it.
    async fn go_on(&self) -> Value {
        let mut rounds = Vec::new();
        for _ in 0..2 {
            for member in [&self.ann, &self.bea, &self.cem] {
                let incoming = member.incoming().await;
                let events = [incoming.messages, incoming.statuses, incoming.info].concat();
                // One after the other, so that what comes of them has an order.
                for event in events {
                    let id = event["messageID"].as_str().expect("an id");
                    member.acknowledge(&[id], "read").await;
                }
            }
            rounds.push(self.seen().await);
        }
        json!(rounds)
    }
}

/// Posts a block that was made before.
fn post<'a>(member: &'a Member, block: &'a str) -> Request<'a> {
    async { member.post(block, Algorithm::Rs256, Encoding::Base64).await.status.as_u16() }.boxed_local()
}

/// A block is carried out one thing after the other.
const BLOCK: &str = "the rest of a block is carried out when the block comes again";

pub(super) const BLOCKS: &[Operation<Letters>] = &[
    operation("POST /messages", MESSAGES, |scene: &Letters| post(&scene.ann, &scene.blocks.one)),
    operation("POST /messages", MESSAGES, |scene: &Letters| post(&scene.ann, &scene.blocks.without_hash)),
    // The same message in another block each time.
    operation("POST /messages", MESSAGES, |scene: &Letters| {
        let message = json!({"chatID": scene.chats[0], "clientHash": "again", "messageBlock": [{"messageText": "again"}]});
        let block = scene.ann.block(vec![message], Vec::new());
        async move { scene.ann.post(&block, Algorithm::Rs256, Encoding::Base64).await.status.as_u16() }
            .boxed_local()
    }),
    operation("POST /messages", MESSAGES, |scene: &Letters| post(&scene.ann, &scene.blocks.several))
        .in_part(BLOCK),
    operation("POST /messages", MESSAGES, |scene: &Letters| post(&scene.bea, &scene.blocks.receipts))
        .in_part(BLOCK),
];

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_platforms_are_whole() {
    let stage = Stage::new().await;
    let cast = Platform::new(&stage.stack);
    stage.play(&cast, TOKENS).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_blocks_are_whole() {
    let stage = Stage::new().await;
    let cast = Platform::new(&stage.stack);
    stage.play(&cast, BLOCKS).await;
    stage.end().await;
}
