//! What the operator's backend does, and the trade of a refresh token.

use serde_json::{Value, json};
use tests::{Caller as _, Member, Platform, Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, Row, Scene, Surface, Thing, Wallet, open, row};

/// There is one backend.
pub(super) const ROWS: &[Row] = &[
    row("POST", "/token", &[201]).json(r#"{"userID":"{new}","userKey":"{key}"}"#),
    row("PUT", "/backend/chats/{chat_id}/users", &[200]).json(r#"{"users":["{other}"]}"#),
    row("GET", "/backend/chats/{chat_id}/users", &[200]).shows(),
    row("DELETE", "/backend/chats/{chat_id}/users", &[200]).json(r#"{"users":["{owner}"]}"#),
    row("DELETE", "/backend/chats/{chat_id}", &[200]),
    open("GET", "/publicKey", &[200]),
    // The last one: it ends the tokens that there were.
    row("POST", "/token", &[201]).json(r#"{"userID":"{other}","userKey":"{key}"}"#),
];

/// Whose refresh token it is.
pub(super) const TRADES: &[Row] =
    &[row("PUT", "/token", &[201]).json(r#"{"refreshToken":"{credential}"}"#).ends_session()];

/// A chat that the backend has made for one user, and another user.
struct Backend {
    platform: Platform,
    owner: Member,
    other: Member,
    wallet: Wallet,
}

impl Scene for Backend {
    const SURFACE: Surface = Surface::Backend;
    const INSIDE: usize = 1;

    async fn new(stack: &Stack) -> Self {
        let platform = Platform::new(stack);
        let wallet = Cast::new(stack).await.wallet;
        let other = platform.member("other").await;
        Self { platform, owner: wallet.member.clone(), other, wallet }
    }

    fn people(&self) -> Vec<Credential> {
        vec![Credential::of(Self::SURFACE, "operator", 0, &self.wallet.key)]
    }

    /// A key has no end; this is a wrong one.
    fn ended(&self) -> Vec<Credential> {
        vec![Credential::of(Self::SURFACE, "wrong key", 0, &format!("{}x", self.wallet.key))]
    }

    fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    async fn thing(&self) -> Thing {
        let (chat, mark) = (Platform::new_chat_id(), unique("mark"));
        let body = json!({"users": [self.owner.id], "chatName": mark});
        self.platform.put(&format!("/backend/chats/{chat}/users")).json(&body).await.expect(200);
        let key = tests::Encoding::Hex.encode(&self.owner.key.public_der());
        let values = vec![
            ("chat_id", chat),
            ("new", unique("new")),
            ("owner", self.owner.id.clone()),
            ("other", self.other.id.clone()),
            ("key", key),
        ];
        Thing { values, mark }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.with(&[("chat_id", &Platform::new_chat_id())])
    }

    async fn view(&self, thing: &Thing) -> Value {
        let path = format!("/backend/chats/{}/users", thing.value("chat_id"));
        let chat = self.platform.get(&path).await.expect(200).json();
        // Nor is there a user whom the backend did not make.
        let unknown = json!({"users": [thing.value("new")]});
        self.platform.put(&path).json(&unknown).await.expect(400);
        self.other.get("/messages").await.expect(200);
        chat
    }
}

/// A refresh token, and one whose family has ended.
struct Trade {
    holder: Member,
    ended: Member,
    wallet: Wallet,
}

impl Scene for Trade {
    const SURFACE: Surface = Surface::Refresh;
    const INSIDE: usize = 1;

    async fn new(stack: &Stack) -> Self {
        let platform = Platform::new(stack);
        let wallet = Cast::new(stack).await.wallet;
        let ended = platform.member("ended").await;
        let body = json!({"refreshToken": ended.refresh});
        stack.anonymous().put("/token").json(&body).await.expect(201);
        stack.anonymous().put("/token").json(&body).await.expect(401);
        Self { holder: wallet.member.clone(), ended, wallet }
    }

    fn people(&self) -> Vec<Credential> {
        vec![Credential::of(Self::SURFACE, "holder", 0, &self.holder.refresh)]
    }

    fn ended(&self) -> Vec<Credential> {
        vec![Credential::of(Self::SURFACE, "logged out", 0, &self.ended.refresh)]
    }

    fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    async fn thing(&self) -> Thing {
        Thing { values: Vec::new(), mark: unique("mark") }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.clone()
    }

    /// Its access token is good as long as its family is.
    async fn view(&self, _: &Thing) -> Value {
        let queue = self.holder.incoming().await;
        json!([queue.messages, queue.statuses, queue.info])
    }
}

#[tokio::test]
async fn the_rows_hold() {
    holds::<Backend>(ROWS).await;
}

#[tokio::test]
async fn the_rows_of_trades_hold() {
    holds::<Trade>(TRADES).await;
}
