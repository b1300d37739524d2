//! An operator's platform and its users: the side of the system where messages are signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Method;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use rsa::rand_core::OsRng;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Signer as _, Verifier as _};
use rsa::{RsaPrivateKey, RsaPublicKey, pkcs1v15, pss};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::{Anonymous, Answer, Call, Caller, Socket, Stack, unique, workspace};

/// The most users that `POST /token` takes at once.
const USERS_AT_ONCE: usize = 100;

/// How something is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, and a salt of 32 bytes.
    Ps256,
}

impl Algorithm {
    /// As `signAlg` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    fn verifies(self, key: &RsaPublicKey, bytes: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rs256 => pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| {
                pkcs1v15::VerifyingKey::<Sha256>::new(key.clone()).verify(bytes, &signature).is_ok()
            }),
            Self::Ps256 => pss::Signature::try_from(signature).is_ok_and(|signature| {
                pss::VerifyingKey::<Sha256>::new(key.clone()).verify(bytes, &signature).is_ok()
            }),
        }
    }
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Two digits a byte.
    Hex,
    /// The standard alphabet, padded.
    Base64,
}

impl Encoding {
    /// Bytes as text.
    pub fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::Base64 => BASE64.encode(bytes),
        }
    }

    /// Text as bytes, if it is written in this way.
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => {
                let is_hex =
                    text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
                if is_hex { (0..text.len()).step_by(2).map(byte).collect() } else { None }
            }
            Self::Base64 => BASE64.decode(text).ok(),
        }
    }
}

/// A key pair of the tests: `a`, `b`, `c` and `d` have 2048 bits, `large` 3072, `largest` 4096.
#[derive(Clone, Debug)]
pub struct Key {
    pair: RsaPrivateKey,
}

impl Key {
    /// The key pair with this name.
    pub fn named(name: &str) -> Self {
        let path = workspace().join(format!("tests/keys/{name}.pem"));
        let pem = std::fs::read_to_string(&path).expect("one of the key pairs in tests/keys");
        Self { pair: RsaPrivateKey::from_pkcs8_pem(&pem).expect("a key pair in PKCS#8") }
    }

    /// The public key, `BEGIN PUBLIC KEY`.
    pub fn public_pem(&self) -> String {
        self.pair.to_public_key().to_public_key_pem(LineEnding::LF).expect("a public key")
    }

    /// The public key as the DER of its `SubjectPublicKeyInfo`.
    pub fn public_der(&self) -> Vec<u8> {
        self.pair.to_public_key().to_public_key_der().expect("a public key").into_vec()
    }

    /// A signature over these bytes.
    pub fn sign(&self, algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
        match algorithm {
            Algorithm::Rs256 => pkcs1v15::SigningKey::<Sha256>::new(self.pair.clone()).sign(bytes).to_vec(),
            Algorithm::Ps256 => {
                pss::SigningKey::<Sha256>::new(self.pair.clone()).sign_with_rng(&mut OsRng, bytes).to_vec()
            }
        }
    }
}

/// The operator's backend: it has the backend key.
#[derive(Clone, Debug)]
pub struct Platform {
    key: String,
    api: Anonymous,
    websocket: String,
}

impl Caller for Platform {
    fn call(&self, method: Method, path: &str) -> Call {
        self.api.call(method, path).header("authorization", &self.key)
    }
}

impl Platform {
    /// The backend of a stack's operator.
    pub fn new(stack: &Stack) -> Self {
        Self {
            key: stack.ready().backend_key.clone(),
            api: stack.anonymous(),
            websocket: stack.ready().websocket.clone(),
        }
    }

    /// A new user, with the key `a`.
    pub async fn member(&self, name_prefix: &str) -> Member {
        self.issue(&unique(name_prefix), "a").await
    }

    /// New users, with the key `a` each.
    pub async fn members(&self, count: usize) -> Vec<Member> {
        let key = Key::named("a");
        let ids: Vec<_> = (0..count).map(|_| unique("member")).collect();
        let mut members = Vec::new();
        for ids in ids.chunks(USERS_AT_ONCE) {
            let users: Vec<_> =
                ids.iter().map(|id| json!({"userID": id, "userKey": key.public_pem()})).collect();
            let made = self.post("/token").json(&json!({"users": users})).await.expect(201).json();
            let rows = made["users"].as_array().expect("users");
            assert_eq!(rows.len(), ids.len(), "one answer for each user: {made}");
            members.extend(ids.iter().zip(rows).map(|(id, row)| {
                assert_eq!(row["userID"], json!(id), "users in the order of the request");
                self.known(id, key.clone(), row)
            }));
        }
        members
    }

    /// Tokens for a user with this id, new or not, and the key with this name.
    pub async fn issue(&self, id: &str, key: &str) -> Member {
        let key = Key::named(key);
        let body = json!({"userID": id, "userKey": key.public_pem()});
        let made = self.post("/token").json(&body).await.expect(201).json();
        self.known(id, key, &made)
    }

    /// Puts users into a chat, and gives their GUIDs in it.
    pub async fn seat(&self, chat: &str, users: &[&Member]) -> Vec<String> {
        let ids: Vec<_> = users.iter().map(|user| &user.id).collect();
        let path = format!("/backend/chats/{chat}/users");
        let seated = self.put(&path).json(&json!({"users": ids})).await.expect(200).json();
        let guids = serde_json::from_value(seated["GUIDList"].clone());
        guids.unwrap_or_else(|error| panic!("{seated} has no GUIDList of texts: {error}"))
    }

    /// The id of a chat that nobody has made.
    pub fn new_chat_id() -> String {
        unique("chat")
    }

    /// A user with this id, this key pair and the tokens in an answer.
    pub fn known(&self, id: &str, key: Key, tokens: &Value) -> Member {
        let token = |name: &str| match tokens[name].as_str() {
            Some(token) if !token.is_empty() => token.to_owned(),
            _ => panic!("no {name} for {id} in {tokens}"),
        };
        Member {
            id: id.to_owned(),
            access: token("accessToken"),
            refresh: token("refreshToken"),
            key,
            api: self.api.clone(),
            websocket: self.websocket.clone(),
        }
    }
}

/// A user of the platform, who has tokens and a key pair.
#[derive(Clone, Debug)]
pub struct Member {
    /// The `userID`.
    pub id: String,
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
    /// The key pair whose public key was given for this user.
    pub key: Key,
    api: Anonymous,
    websocket: String,
}

impl Caller for Member {
    fn call(&self, method: Method, path: &str) -> Call {
        self.api.call(method, path).header("authorization", &format!("Bearer {}", self.access))
    }
}

impl Member {
    /// The text of `outgoingEvents` with the present time.
    pub fn block(&self, messages: Vec<Value>, statuses: Vec<Value>) -> String {
        json!({"timestamp": millis().to_string(), "messages": messages, "statuses": statuses}).to_string()
    }

    /// Signs the text of `outgoingEvents`, and posts it as it is.
    pub async fn post(&self, events_text: &str, algorithm: Algorithm, encoding: Encoding) -> Answer {
        let sign = encoding.encode(&self.key.sign(algorithm, events_text.as_bytes()));
        let named = match algorithm {
            Algorithm::Rs256 => String::new(),
            other => format!(r#","signAlg":"{}""#, other.name()),
        };
        let body = format!(r#"{{"outgoingEvents":{events_text},"sign":"{sign}"{named}}}"#);
        self.call(Method::POST, "/messages").body("application/json", body).await
    }

    /// Sends a text to everybody else in a chat, and gives what the server says of the message.
    pub async fn send(&self, chat: &str, text: &str, hash: &str) -> Value {
        let message = json!({"chatID": chat, "clientHash": hash, "messageBlock": [{"messageText": text}]});
        let answer = self.post_checked(&self.block(vec![message], Vec::new())).await;
        let result = &answer["outgoingEventsResult"];
        assert_eq!(result["statuses"], json!([]), "the statuses of a block without any: {answer}");
        let messages = result["messages"].as_array().expect("messages");
        let [message] = &messages[..] else { panic!("one message was sent: {answer}") };
        assert_eq!(message["clientHash"], hash, "the clientHash of the message: {answer}");
        message.clone()
    }

    /// Posts a status, `delivered` or `read`, for each of these ids.
    pub async fn acknowledge(&self, ids: &[&str], status: &str) {
        for ids in ids.chunks(100) {
            let statuses = ids.iter().map(|id| json!({"messageID": id, "messageStatus": status})).collect();
            let answer = self.post_checked(&self.block(Vec::new(), statuses)).await;
            let result = &answer["outgoingEventsResult"];
            assert_eq!(result["messages"], json!([]), "the messages of a block without any: {answer}");
            assert_eq!(result["statuses"], json!(vec![Value::Null; ids.len()]), "each status: {answer}");
        }
    }

    /// Everything that waits for this user, from a signed `GET /messages`.
    pub async fn incoming(&self) -> Incoming {
        let (algorithm, encoding) = (Algorithm::Rs256, Encoding::Base64);
        let mut all = Incoming::default();
        let mut next = String::new();
        loop {
            let timestamp = millis().to_string();
            let sign = encoding.encode(&self.key.sign(algorithm, timestamp.as_bytes()));
            let path = format!("/messages?timestamp={timestamp}&sign={}{next}", in_query(&sign));
            let answer = self.get(&path).await.expect(200);
            verify_signed(&self.api, &answer.body, "incomingEvents", algorithm, encoding).await;
            let events = answer.json()["incomingEvents"].take();
            all.add(&events);
            next = match &events["next"] {
                Value::Null => return all,
                Value::String(next) => format!("&next={}", in_query(next)),
                other => panic!("{other} is no place to continue at"),
            };
        }
    }

    /// A socket that has said who it is.
    pub async fn socket(&self) -> Socket {
        let mut socket = Socket::open(&self.websocket).await;
        socket.send(&json!({"token": self.access})).await;
        assert_eq!(socket.next().await, json!({"type": "ready", "user_id": self.id}));
        socket
    }

    /// The URL that opens a socket which is this user's from the upgrade on.
    pub fn socket_url(&self) -> String {
        format!("{}?token={}", self.websocket, self.access)
    }

    /// The same user with the same tokens on another stack, which must keep the same data.
    pub fn moved_to(&self, stack: &Stack) -> Self {
        Self { api: stack.anonymous(), websocket: stack.ready().websocket.clone(), ..self.clone() }
    }

    /// Posts a block that must be taken, and gives the answer, whose signature is the server's.
    async fn post_checked(&self, events_text: &str) -> Value {
        let (algorithm, encoding) = (Algorithm::Rs256, Encoding::Base64);
        let answer = self.post(events_text, algorithm, encoding).await.expect(200);
        verify_signed(&self.api, &answer.body, "outgoingEventsResult", algorithm, encoding).await;
        answer.json()
    }
}

/// What waits for a user, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// Messages of others.
    pub messages: Vec<Value>,
    /// What became of messages of one's own.
    pub statuses: Vec<Value>,
    /// Who came to a chat and who left it.
    pub info: Vec<Value>,
}

impl Incoming {
    fn add(&mut self, events: &Value) {
        let mut lists =
            [("messages", &mut self.messages), ("statuses", &mut self.statuses), ("info", &mut self.info)];
        for (name, list) in &mut lists {
            let more = events[*name].as_array();
            list.extend_from_slice(more.unwrap_or_else(|| panic!("no {name} in {events}")));
        }
    }
}

/// Checks that `sign` in a body is the server's signature over the bytes of `field` as they stand there, by the key
/// of `GET /publicKey` or the one before it.
pub async fn verify_signed(
    api: &impl Caller,
    body: &[u8],
    field: &str,
    algorithm: Algorithm,
    encoding: Encoding,
) {
    let text = String::from_utf8_lossy(body);
    let parts: Map<String, Value> = serde_json::from_slice(body).expect("a signed answer of JSON");
    let sign = parts.get("sign").and_then(Value::as_str).unwrap_or_else(|| panic!("no sign in {text}"));
    let raw: std::collections::BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(body).expect("a signed answer of JSON");
    let signed = raw.get(field).unwrap_or_else(|| panic!("no {field} in {text}")).get();
    let signature = encoding.decode(sign).unwrap_or_else(|| panic!("{sign} is not written in {encoding:?}"));
    let keys = api.get("/publicKey").await.expect(200).json();
    let is_genuine = ["publicKey", "previousPublicKey"].iter().any(|name| {
        let key = keys[*name].as_str().map(RsaPublicKey::from_public_key_pem);
        key.is_some_and(|key| {
            algorithm.verifies(&key.expect("a public key in PEM"), signed.as_bytes(), &signature)
        })
    });
    assert!(is_genuine, "sign is not the server's {} signature over {field} in {text}", algorithm.name());
}

/// The present time in milliseconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "the clock of a client")]
pub fn millis() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    u64::try_from(now.as_millis()).expect("a clock before the end of time")
}

/// A text as it stands in a query.
pub fn in_query(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_signs_what_it_verifies() {
        for (name, bits) in
            [("a", 2048), ("b", 2048), ("c", 2048), ("d", 2048), ("large", 3072), ("largest", 4096)]
        {
            let key = Key::named(name);
            let public = RsaPublicKey::from_public_key_der(&key.public_der()).expect("a public key");
            for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
                let signature = key.sign(algorithm, b"text");
                assert_eq!(signature.len() * 8, bits, "{name}");
                assert!(algorithm.verifies(&public, b"text", &signature), "{name}");
                assert!(!algorithm.verifies(&public, b"Text", &signature), "{name}");
            }
            assert!(!Algorithm::Rs256.verifies(&public, b"text", &key.sign(Algorithm::Ps256, b"text")));
        }
    }

    #[test]
    fn an_encoding_reads_what_it_writes_and_nothing_else() {
        let bytes = [0, 1, 0xab, 0xff];
        assert_eq!(Encoding::Hex.encode(&bytes), "0001abff");
        assert_eq!(Encoding::Base64.encode(&bytes), "AAGr/w==");
        for encoding in [Encoding::Hex, Encoding::Base64] {
            assert_eq!(encoding.decode(&encoding.encode(&bytes)).as_deref(), Some(&bytes[..]));
        }
        assert!(["0", "0g", "+1", "é"].iter().all(|text| Encoding::Hex.decode(text).is_none()));
        assert!(["AAGr_w==", "AAGr/w"].iter().all(|text| Encoding::Base64.decode(text).is_none()));
    }

    #[test]
    fn a_query_holds_any_text() {
        assert_eq!(in_query("aZ0-._~"), "aZ0-._~");
        assert_eq!(in_query("+/= &%é"), "%2B%2F%3D%20%26%25%C3%A9");
    }
}
