//! What a platform's users do: chats by the client's own ids, and signed messages.

use futures::future::join;
use http::Method;
use serde_json::{Value, json};
use tests::{Algorithm, Caller as _, Encoding, Member, Platform, Stack, in_query, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, Row, Scene, Surface, Thing, Wallet, row};

/// Whose chat it is, who else is in it, somebody who was, and a stranger. A refresh token that is used twice
/// is what logs a platform's user out; nobody is deleted.
pub(super) const ROWS: &[Row] = &[
    row("PUT", "/chats/{chat_id}/users", &[200, 200, 403, 403]).json(r#"{"users":["{stranger}"]}"#),
    row("PUT", "/chats/{chat_id}/users", &[200, 200, 403, 403])
        .json(r#"{"users":["{member}"],"chatName":"Mine"}"#),
    row("GET", "/chats/{chat_id}/users", &[200, 200, 403, 403]).shows(),
    // A participant may remove itself, and only the owner others.
    row("DELETE", "/chats/{chat_id}/users", &[200, 200, 403, 403]).json(r#"{"users":["{member}"]}"#),
    row("DELETE", "/chats/{chat_id}/users", &[200, 403, 403, 403]).json(r#"{"users":["{owner}"]}"#),
    // The kind of token decides which document's chat is meant: no direct one has such an id.
    row("DELETE", "/chats/{chat_id}", &[200, 403, 403, 403]).but(&[("login token", 400)]),
    row("POST", "/messages", &[200, 200, 404, 404]).json("{post}"),
    row("GET", "/messages", &[200, 200, 200, 200]),
];

/// A chat of two.
struct Chat {
    platform: Platform,
    people: [Member; 4],
    ended: Member,
    wallet: Wallet,
}

/// The body of a block, signed with the key that all of these people have.
fn signed(by: &Member, messages: Vec<Value>, statuses: Vec<Value>) -> String {
    let block = by.block(messages, statuses);
    let sign = Encoding::Base64.encode(&by.key.sign(Algorithm::Rs256, block.as_bytes()));
    format!(r#"{{"outgoingEvents":{block},"sign":"{sign}"}}"#)
}

/// The body of a message to a chat.
fn to_chat(by: &Member, chat: &str) -> String {
    let text = json!([{"messageText": "hello"}]);
    signed(by, vec![json!({"chatID": chat, "clientHash": unique("hash"), "messageBlock": text})], Vec::new())
}

impl Scene for Chat {
    const SURFACE: Surface = Surface::Access;
    const INSIDE: usize = 2;

    async fn new(stack: &Stack) -> Self {
        let platform = Platform::new(stack);
        let (members, Cast { wallet, .. }) = join(platform.members(4), Cast::new(stack)).await;
        let mut people: [Member; 4] = members.try_into().expect("four members");
        // New tokens end the old ones.
        let again = platform.issue(&people[0].id, "a").await;
        let ended = std::mem::replace(&mut people[0], again);
        let wallet = Wallet { member: people[0].clone(), ..wallet };
        Self { platform, people, ended, wallet }
    }

    fn people(&self) -> Vec<Credential> {
        let names = ["owner", "member", "former member", "stranger"];
        names.iter().zip(&self.people).map(|(name, member)| Credential::access(name, member)).collect()
    }

    fn ended(&self) -> Vec<Credential> {
        vec![Credential::access("logged out", &self.ended)]
    }

    fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    async fn thing(&self) -> Thing {
        let [owner, member, former, stranger] = &self.people;
        let (chat, mark) = (Platform::new_chat_id(), unique("mark"));
        let users = format!("/backend/chats/{chat}/users");
        let body = json!({"users": [owner.id, member.id, former.id], "chatName": mark});
        self.platform.put(&users).json(&body).await.expect(200);
        self.platform.delete(&users).json(&json!({"users": [former.id]})).await.expect(200);
        owner.send(&chat, &mark, &unique("hash")).await;
        let values = vec![
            ("post", to_chat(owner, &chat)),
            ("owner", owner.id.clone()),
            ("member", member.id.clone()),
            ("stranger", stranger.id.clone()),
            ("chat_id", chat),
        ];
        Thing { values, mark }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        let owner = &self.people[0];
        let nowhere = Platform::new_chat_id();
        thing.with(&[("post", &to_chat(owner, &nowhere)), ("chat_id", &nowhere)])
    }

    async fn view(&self, thing: &Thing) -> Value {
        let path = format!("/backend/chats/{}/users", thing.value("chat_id"));
        let chat = self.platform.get(&path).await.expect(200).json();
        let mut queues = Vec::new();
        for member in &self.people[..2] {
            let mut events = queue(member).await;
            // What earlier rows have left is none of this one's.
            events.retain(|event| event["chatID"] == thing.value("chat_id") || event["type"] != Value::Null);
            queues.push(events);
        }
        json!([chat, queues])
    }
}

/// All that waits for somebody, which is not signed for here.
async fn queue(member: &Member) -> Vec<Value> {
    let mut events = Vec::new();
    let mut path = "/messages".to_owned();
    loop {
        let page = member.get(&path).await.expect(200).json()["incomingEvents"].take();
        for kind in ["messages", "statuses", "info"] {
            events.extend_from_slice(page[kind].as_array().expect("events"));
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/messages?next={}", in_query(next)),
            None => return events,
        }
    }
}

#[tokio::test]
async fn the_rows_hold() {
    holds::<Chat>(ROWS).await;
}

#[tokio::test]
async fn a_receipt_for_what_one_has_not_got_changes_nothing_and_tells_nothing() {
    let stack = Stack::shared().await;
    let scene = Chat::new(&stack).await;
    let thing = scene.thing().await;
    let before = scene.view(&thing).await;
    let [owner, member, former, stranger] = &scene.people;
    let is_it = |event: &Value| event["messageText"] == thing.mark.as_str();
    let event = queue(member).await.into_iter().find(is_it).expect("the message");
    for id in [event["messageID"].clone(), json!(uuid::Uuid::new_v4())] {
        for other in [owner, former, stranger] {
            let receipt = json!({"messageID": id, "messageStatus": "read"});
            let body = signed(other, Vec::new(), vec![receipt]);
            let answer = other.call(Method::POST, "/messages").body("application/json", body).await;
            let result = answer.expect(200).json()["outgoingEventsResult"].take();
            assert_eq!(result, json!({"messages": [], "statuses": [null]}));
        }
    }
    assert_eq!(scene.view(&thing).await, before);
}
