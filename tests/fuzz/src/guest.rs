//! Somebody with a credential for every surface.

use crate::System;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::request::Builder;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The operator's key of a local stack.
const BACKEND_KEY: &str = "local-backend-key";

/// The private key of the platform's user, PKCS#8.
const KEY: &str = include_str!("../../keys/a.pem");

/// A user of each surface, all of them logged in.
#[derive(Debug)]
pub struct Guest {
    /// The id of the user of the web.
    pub id: u64,
    /// Its token from `POST /login`.
    pub login: String,
    web: String,
    session: String,
    /// The access token of a platform's user.
    pub access: String,
    /// The platform's chat that it is in.
    pub chat: String,
    /// The other one's name in that chat.
    pub other: String,
    key: KeyPair,
}

/// With which credentials a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriers {
    /// None.
    None,
    /// All but an access token.
    Users,
    /// An access token.
    Member,
    /// The operator's key.
    Operator,
}

/// A name that nobody had before.
#[expect(clippy::disallowed_methods, reason = "the clock of a client")]
fn new_name() -> String {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (process, number) = (std::process::id(), COUNTED.fetch_add(1, Ordering::Relaxed));
    format!("guest-{}-{process}-{number}", since.as_millis())
}

impl Guest {
    /// Registers somebody everywhere.
    pub fn register(system: &System) -> Self {
        let name = new_name();
        let email = format!("{name}@example.com");
        let post = |path: &str, form: String| {
            let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let answer = system.call(request.body(form.into_bytes()).expect("a request"));
            assert!(answer.status.is_success(), "{path}: {answer:?}");
            answer
        };
        let made = post("/api/user", format!("name={name}&password=correct-horse&email={email}"));
        let [id, token] = ["user_id", "token"].map(|name| made.cookie(name).expect("a cookie"));
        let login = post("/login", format!("user_name={name}&password=correct-horse")).json();
        let session = post("/auth/register", format!("username={name}-too")).cookie("session");

        let key = Self::key();
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().expect("DER");
        let public = BASE64.encode(public.as_ref());
        let operator = |method: &str, path: String, body: Value| {
            let request = Request::builder().method(method).uri(path).header(AUTHORIZATION, BACKEND_KEY);
            let answer = system.call(request.body(body.to_string().into_bytes()).expect("a request"));
            assert!(answer.status.is_success(), "{answer:?}");
            answer.json()
        };
        let (member, other) = (name.clone(), format!("{name}.2"));
        let users = json!([{"userID": member, "userKey": public}, {"userID": other, "userKey": public}]);
        let admitted = operator("POST", "/token".to_owned(), json!({"users": users}));
        let text = |value: &Value| value.as_str().map(str::to_owned).expect("a text");
        let seated =
            operator("PUT", format!("/backend/chats/{name}/users"), json!({"users": [member, other]}));
        Self {
            id: id.parse().expect("an id"),
            login: text(&login["token"]),
            web: format!("user_id={id}; token={token}"),
            session: session.expect("a cookie"),
            access: text(&admitted["users"][0]["accessToken"]),
            other: text(&seated["GUIDList"][1]),
            chat: name,
            key,
        }
    }

    fn key() -> KeyPair {
        let base64: String = KEY.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64.decode(base64).expect("base64");
        KeyPair::from_pkcs8(&der).expect("a key")
    }

    /// A request with credentials.
    pub fn carry(&self, request: Builder, carriers: Carriers) -> Builder {
        match carriers {
            Carriers::None => request,
            Carriers::Users => request
                .header("authentication", &self.login)
                .header(COOKIE, format!("{}; session={}", self.web, self.session)),
            Carriers::Member => request.header(AUTHORIZATION, &self.access),
            Carriers::Operator => request.header(AUTHORIZATION, BACKEND_KEY),
        }
    }

    /// The platform's user's signature over some bytes, base64.
    pub fn sign(&self, bytes: &[u8]) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let signed = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature);
        signed.expect("a signature");
        BASE64.encode(signature)
    }
}
