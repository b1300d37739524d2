//! Members' tokens and signed messages.

use std::sync::Mutex;

use serde_json::{Value, json};
use tests::{Algorithm, Answer, Caller as _, Encoding, Key, Member, Platform, Stack, millis};

use super::engine::holds;
use super::shot::{Part, json as object};
use super::{By, Field, Kind, Route, Scene, Values, body, column, query, route, stem};

const ALGORITHMS: &[&str] = &["RS256"];
const RECEIPTS: &[&str] = &["delivered", "read"];

pub(super) const ROUTES: &[Route] = &[
    route(
        "POST",
        "/token",
        By::Key,
        &[
            body("userID", Kind::MemberName),
            body("userKey", Kind::PublicKey),
            body("displayName", Kind::Title).kept().optional(),
        ],
    )
    .either(),
    route("POST", "/token", By::Key, &[body("users", Kind::Array)]).json_of_either(),
    route("PUT", "/token", By::Nobody, &[body("refreshToken", Kind::Secret(401))]).either(),
    route("GET", "/publicKey", By::Nobody, &[]),
    route(
        "GET",
        "/messages",
        By::Access,
        &[query("next", Kind::Uuid(200)), query("signAlg", Kind::Word(&["RS256", "PS256"]))],
    ),
    route(
        "GET",
        "/messages",
        By::Access,
        &[query("timestamp", Kind::Secret(403)).needed(), query("sign", Kind::Secret(403)).needed()],
    ),
    route("GET", "/messages", By::Field, &[query("accessToken", Kind::Credential).needed()]),
];

/// Where a signature comes to stand.
const SIGNED_HERE: &str = "signed here";

/// All that a message may have.
const MESSAGE: &[Field] = &[
    body("chatID", Kind::ChatName(404)),
    body("messageText", Kind::Message).kept(),
    body("recipient", Kind::Uuid(400)).optional(),
    body("clientHash", Kind::Hash).optional(),
    body("timestamp", Kind::Millis(200)).optional().not_null(),
];

pub(super) const POSTS: &[Route] = &[
    route("POST", "/messages", By::Access, MESSAGE).json(),
    route(
        "POST",
        "/messages",
        By::Access,
        &[
            body("messageID", Kind::Uuid(200)),
            body("messageStatus", Kind::Word(RECEIPTS)),
            body("clientHash", Kind::Hash).optional(),
            body("signedAt", Kind::Millis(409)),
        ],
    )
    .json(),
    route(
        "POST",
        "/messages",
        By::Access,
        &[body("sign", Kind::Secret(403)), body("signAlg", Kind::Word(ALGORITHMS)).optional().not_null()],
    )
    .json(),
    route("POST", "/messages", By::Field, &[body("accessToken", Kind::Credential)]).json(),
];

/// Two members and their chat, and who else was made.
struct Signed {
    platform: Platform,
    backend_key: String,
    ann: Member,
    bob: Member,
    chat: String,
    guid: String,
    made: Mutex<Vec<String>>,
}

impl Signed {
    async fn new(stack: &Stack) -> Self {
        let platform = Platform::new(stack);
        let [ann, bob]: [Member; 2] = platform.members(2).await.try_into().expect("two");
        let chat = Platform::new_chat_id();
        let guid = platform.seat(&chat, &[&ann, &bob]).await.remove(1);
        bob.acknowledge(&ids(&bob).await.iter().map(String::as_str).collect::<Vec<_>>(), "read").await;
        let backend_key = stack.ready().backend_key.clone();
        Self { platform, backend_key, ann, bob, chat, guid, made: Mutex::default() }
    }

    fn sign(&self, bytes: &[u8]) -> String {
        Encoding::Base64.encode(&self.ann.key.sign(Algorithm::Rs256, bytes))
    }
}

/// All that waits for a member.
async fn ids(member: &Member) -> Vec<String> {
    let waiting = member.incoming().await;
    let all = [waiting.messages, waiting.statuses, waiting.info].concat();
    all.iter().map(|event| event["messageID"].as_str().expect("an id").to_owned()).collect()
}

impl Scene for Signed {
    fn credential(&self, by: By) -> Option<(&'static str, String)> {
        match by {
            By::Nobody | By::Field => None,
            By::Key => Some(("authorization", self.backend_key.clone())),
            _ => Some(("authorization", format!("Bearer {}", self.ann.access))),
        }
    }

    async fn good(&self, route: &Route) -> Values {
        let pem = Key::named("a").public_pem();
        let (name, now) = (format!("Ann-{}", stem()), millis().to_string());
        if (route.method, route.route) == ("POST", "/token") {
            self.made.lock().expect("names").push(name.clone());
        }
        let users = json!([{"userID": format!("one-{}", stem()), "userKey": pem}]);
        let refresh = match (route.method, route.route) {
            ("PUT", "/token") => self.platform.member("refreshing").await.refresh,
            _ => String::new(),
        };
        let mut values = vec![
            ("userID", name),
            ("userKey", pem),
            ("users", users.to_string()),
            ("refreshToken", refresh),
            ("accessToken", self.ann.access.clone()),
            ("chatID", self.chat.clone()),
            ("messageText", "a message".to_owned()),
            ("recipient", self.guid.clone()),
            ("messageID", "00000000-0000-7000-8000-000000000000".to_owned()),
            ("messageStatus", "read".to_owned()),
            ("signAlg", "RS256".to_owned()),
            ("clientHash", format!("hash-{}", stem())),
            ("signedAt", millis().to_string()),
            ("sign", SIGNED_HERE.to_owned()),
        ];
        if route.method == "GET" {
            values.retain(|(name, _)| *name != "sign");
            values.push(("sign", self.sign(now.as_bytes())));
        }
        values.push(("timestamp", now));
        if route.fields.iter().any(|field| field.name == "next") {
            values.push(("next", "00000000-0000-0000-0000-000000000000".to_owned()));
        }
        values
    }

    /// What is signed is made of its parts here.
    fn write(&self, route: &Route, parts: &[Part]) -> Option<Vec<u8>> {
        if (route.method, route.route) != ("POST", "/messages") {
            return None;
        }
        let with = |names: &[&str]| -> Vec<Part> {
            parts.iter().filter(|(name, _)| names.contains(name)).cloned().collect()
        };
        let is_there = |name: &str| route.fields.iter().any(|field| field.name == name);
        let array = |entry: Vec<u8>| [&b"["[..], &entry, b"]"].concat();
        let mut events: Vec<Part> = match is_there("signedAt") {
            true => with(&["signedAt"]).into_iter().map(|(_, value)| ("timestamp", value)).collect(),
            false => vec![("timestamp", format!("\"{}\"", millis()).into_bytes())],
        };
        if is_there("chatID") {
            let block = array(object(&with(&["messageText", "recipient"])).1);
            let mut message = with(&["chatID", "clientHash", "timestamp"]);
            message.push(("messageBlock", block));
            events.push(("messages", array(object(&message).1)));
        }
        if is_there("messageID") {
            events.push(("statuses", array(object(&with(&["messageID", "messageStatus", "clientHash"])).1)));
        }
        let events = object(&events).1;
        let mut whole = with(&["sign", "signAlg", "accessToken"]);
        let sign = Value::from(self.sign(&events)).to_string().into_bytes();
        match whole.iter_mut().find(|(name, _)| *name == "sign") {
            Some((_, here)) if *here == Value::from(SIGNED_HERE).to_string().as_bytes() => *here = sign,
            None if !is_there("sign") => whole.push(("sign", sign)),
            // It is another one, or left out.
            _ => {}
        }
        whole.push(("outgoingEvents", events));
        Some(object(&whole).1)
    }

    async fn view(&self, route: &Route) -> Value {
        if route.route == "/token" {
            // Nobody is a member who was refused: unknown ones cannot be brought into a chat.
            let users: Vec<_> = self.made.lock().expect("names").clone();
            let mut known = 0;
            for user in users.iter().filter(|_| route.fields.len() > 1) {
                let path = format!("/backend/chats/{}/users", Platform::new_chat_id());
                let answer = self.platform.put(&path).json(&json!({"users": [user]})).await;
                known += usize::from(answer.status == 200);
            }
            return known.into();
        }
        json!(ids(&self.bob).await)
    }

    async fn shown(&self, _: &Route, field: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        if field.name == "messageText" {
            let waiting = self.bob.incoming().await.messages;
            let texts = column(&waiting, "messageText");
            let before = texts.len().saturating_sub(answers.len());
            return vec![texts[before..].to_vec()];
        }
        let made = self.made.lock().expect("names").clone();
        let made = &made[made.len() - answers.len()..];
        let path = format!("/backend/chats/{}/users", Platform::new_chat_id());
        self.platform.put(&path).json(&json!({"users": made})).await.expect(200);
        let chat = self.platform.get(&path).await.expect(200).json();
        let users = chat["chat"]["users"].as_array().expect("users");
        vec![column(users, "displayName")]
    }
}

#[tokio::test]
async fn the_traps_of_tokens() {
    let stack = Stack::shared().await;
    holds(&stack, &Signed::new(&stack).await, ROUTES).await;
}

#[tokio::test]
async fn the_traps_of_signed_messages() {
    let stack = Stack::shared().await;
    holds(&stack, &Signed::new(&stack).await, POSTS).await;
}
