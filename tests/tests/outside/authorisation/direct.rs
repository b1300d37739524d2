//! Direct chats and the mailbox.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, NOBODY, Row, Scene, Surface, Thing, Wallet, row};
use crate::common::seen;

/// Who began the chat, the other one, somebody whose own chat with the owner is deleted, and a stranger.
pub(super) const ROWS: &[Row] = &[
    row("POST", "/chats", &[201, 201, 201, 201]).json(TO_LONER),
    row("GET", "/chats", &[200, 200, 200, 200]).shows(),
    row("GET", "/chats/unread", &[200, 200, 200, 200]),
    row("POST", "/chats/read", &[201, 201, 403, 403]).json(r#"{"chat_id":{chat_id}}"#),
    row("GET", "/chats/users/{user_a_id}/{user_b_id}", &[200, 200, 403, 403]).hides(),
    row("GET", "/chats/{chat_id}", &[200, 200, 403, 403]).shows(),
    // The kind of token decides which document's chat is meant: this one is no platform's.
    row("DELETE", "/chats/{chat_id}", &[204, 204, 403, 403]).but(&[("access token in authorization", 400)]),
    row("GET", "/chats/{user_a_id}/{user_b_id}", &[200, 200, 403, 403]).shows().hides(),
    row("PUT", "/notifications", &[200, 200, 403, 403]).json(r#"{"chat_id":{chat_id}}"#),
    // What is deleted is nobody's, not even theirs who had a part in it.
    row("GET", "/chats/{chat_id}", &[404, 404, 404, 404]).with("chat_id", "deleted_chat_id"),
    row("DELETE", "/chats/{chat_id}", &[404, 404, 404, 404])
        .with("chat_id", "deleted_chat_id")
        .but(&[("access token in authorization", 400)]),
    row("POST", "/chats/read", &[404, 404, 404, 404]).json(r#"{"chat_id":{deleted_chat_id}}"#),
];

/// The same chats by their other paths.
pub(super) const MAILBOX: &[Row] = &[
    row("POST", "/chats_v2", &[201, 201, 201, 201]).json(TO_LONER),
    row("GET", "/chats_v2/unread", &[200, 200, 200, 200]),
    row("GET", "/chats_v2/users/{user_a_id}/{user_b_id}", &[200, 200, 403, 403]).hides(),
    row("GET", "/chats_v2/{chat_id}", &[200, 200, 403, 403]),
    row("GET", "/chats_v2/{chat_id}", &[200, 200, 403, 403]).query("?ack=manual"),
    row("DELETE", "/chats_v2/{chat_id}", &[204, 204, 403, 403]),
    row("POST", "/chats_v2/{chat_id}/ack", &[200, 200, 403, 403]).json(r#"{"up_to":"{moment}"}"#),
    row("GET", "/chats_v2/{user_a_id}/{user_b_id}", &[200, 200, 403, 403]).hides(),
];

const TO_LONER: &str = r#"{"receiver_id":{loner_id},"message":"hello","type":"text"}"#;

/// The chat of two.
struct Direct {
    cast: Cast,
    deleted: u64,
}

impl Scene for Direct {
    const SURFACE: Surface = Surface::Login;
    const INSIDE: usize = 2;

    async fn new(stack: &Stack) -> Self {
        let cast = Cast::new(stack).await;
        let deleted = cast.owner.user.write(&cast.former.user, "soon gone").await;
        cast.owner.user.delete(&format!("/chats/{deleted}")).await.expect(204);
        Self { cast, deleted }
    }

    fn people(&self) -> Vec<Credential> {
        Cast::logins(&self.cast.four())
    }

    fn ended(&self) -> Vec<Credential> {
        self.cast.ended_logins()
    }

    fn wallet(&self) -> &Wallet {
        &self.cast.wallet
    }

    async fn thing(&self) -> Thing {
        let Cast { owner, member, loner, .. } = &self.cast;
        let mark = unique("mark");
        member.user.write(&owner.user, "first").await;
        let chat = owner.user.write(&member.user, &mark).await;
        let moment = member.user.history(chat).await[0]["message_timestamp"].clone();
        let values = vec![
            ("chat_id", chat.to_string()),
            ("deleted_chat_id", self.deleted.to_string()),
            ("user_a_id", owner.id()),
            ("user_b_id", member.id()),
            ("loner_id", loner.id()),
            ("moment", moment.as_str().expect("a moment").to_owned()),
        ];
        Thing { values, mark }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        let loner = self.cast.loner.id();
        thing.with(&[("chat_id", NOBODY), ("deleted_chat_id", NOBODY), ("user_b_id", &loner)])
    }

    async fn view(&self, thing: &Thing) -> Value {
        let path = |chat: &str| format!("/chats/{chat}?count=100");
        let paths = ["/chats".to_owned(), "/chats/unread".to_owned(), path(thing.value("chat_id"))];
        let Cast { owner, member, loner, .. } = &self.cast;
        json!([
            seen(&owner.user, &paths).await,
            seen(&member.user, &paths).await,
            seen(&loner.user, &paths[..1]).await,
        ])
    }
}

#[tokio::test]
async fn the_rows_of_chats_hold() {
    holds::<Direct>(ROWS).await;
}

#[tokio::test]
async fn the_rows_of_the_mailbox_hold() {
    holds::<Direct>(MAILBOX).await;
}
