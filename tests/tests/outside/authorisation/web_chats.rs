//! Chats of the form-and-cookie API.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, NOBODY, Row, Scene, Surface, Thing, Wallet, row};
use crate::common::seen;

/// Who opened the chat and wrote its message 1, a member, somebody who has left, and a stranger.
pub(super) const ROWS: &[Row] = &[
    row("POST", "/api/chats", &[201, 201, 201, 201]).form("title=Mine"),
    row("GET", "/api/chats", &[200, 200, 200, 200]).shows(),
    row("DELETE", "/api/chats", &[200, 200, 403, 403]).query("?chat_id={chat_id}"),
    row("GET", "/api/chats/{chat_id}", &[200, 200, 403, 403]).shows(),
    row("POST", "/api/chats/{chat_id}", &[201, 201, 403, 403]).form("content=hello"),
    row("PUT", "/api/chats/{chat_id}", &[200, 200, 403, 403]).form("title=Mine"),
    row("DELETE", "/api/chats/{chat_id}", &[200, 403, 403, 403]).query("?id=1"),
    row("POST", "/api/chats/{chat_id}/users", &[201, 201, 403, 403]).form("name={loner_name}"),
    // Nobody brings himself in.
    row("POST", "/api/chats/{chat_id}/users", &[201, 201, 403, 403]).form("name={stranger_name}"),
];

/// A chat.
struct Chat(Cast);

impl Scene for Chat {
    const SURFACE: Surface = Surface::Web;
    const INSIDE: usize = 2;

    async fn new(stack: &Stack) -> Self {
        Self(Cast::new(stack).await)
    }

    fn people(&self) -> Vec<Credential> {
        Cast::cookies(&self.0.four())
    }

    fn ended(&self) -> Vec<Credential> {
        self.0.ended_cookies()
    }

    fn wallet(&self) -> &Wallet {
        &self.0.wallet
    }

    async fn thing(&self) -> Thing {
        let Cast { owner, member, former, stranger, loner, .. } = &self.0;
        let mark = unique("mark");
        let chat = owner.web.open_chat("A chat").await;
        owner.web.say(chat, &mark).await;
        for other in [member, former] {
            owner.web.invite(chat, &other.web).await;
        }
        former.web.delete(&format!("/api/chats?chat_id={chat}")).await.expect(200);
        let values = vec![
            ("chat_id", chat.to_string()),
            ("loner_name", loner.web.name.clone()),
            ("stranger_name", stranger.web.name.clone()),
        ];
        Thing { values, mark }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.with(&[("chat_id", NOBODY)])
    }

    async fn view(&self, thing: &Thing) -> Value {
        let paths = ["/api/chats".to_owned(), format!("/api/chats/{}", thing.value("chat_id"))];
        let Cast { owner, member, former, stranger, loner, .. } = &self.0;
        let mut lists = Vec::new();
        for other in [former, stranger, loner] {
            lists.push(seen(&other.web, &paths[..1]).await);
        }
        json!([seen(&owner.web, &paths).await, seen(&member.web, &paths).await, lists])
    }
}

#[tokio::test]
async fn the_rows_hold() {
    holds::<Chat>(ROWS).await;
}
