//! Conversations, which are open to everybody who has registered for them.

use futures::future::join4;
use serde_json::{Value, json};
use tests::{Guest, Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, NOBODY, Row, Scene, Surface, Thing, Wallet, open, row};
use crate::common::seen;

/// Who began the conversation and wrote the message, somebody else who has posted, and a stranger. Nobody can
/// leave a conversation, and its cookie has no end that could be waited for.
pub(super) const ROWS: &[Row] = &[
    open("POST", "/auth/register", &[200]).json(r#"{"username":"{new_name}"}"#),
    row("POST", "/api/conversations", &[200, 200, 200]).json(r#"{"title":"{new_name}"}"#),
    row("GET", "/api/conversations", &[200, 200, 200]),
    row("GET", "/api/conversations/{id}", &[200, 200, 200]).shows(),
    row("POST", "/api/conversations/{id}", &[200, 200, 200]).json(r#"{"text":"hello"}"#),
    row("GET", "/api/conversations/{id}/{message_id}", &[200, 200, 200]).shows(),
    row("DELETE", "/api/conversations/{id}/{message_id}", &[200, 401, 401]),
];

/// A conversation.
struct Conversation {
    people: [Guest; 3],
    cast: Cast,
}

impl Scene for Conversation {
    const SURFACE: Surface = Surface::Conversations;
    const INSIDE: usize = 3;

    async fn new(stack: &Stack) -> Self {
        let guest = || Guest::new(stack);
        let (cast, owner, member, stranger) = join4(Cast::new(stack), guest(), guest(), guest()).await;
        Self { people: [owner, member, stranger], cast }
    }

    fn people(&self) -> Vec<Credential> {
        let names = ["owner", "member", "stranger"];
        names.iter().zip(&self.people).map(|(name, guest)| Credential::guest(name, guest)).collect()
    }

    /// Of other surfaces' users, in its own carrier.
    fn ended(&self) -> Vec<Credential> {
        let sessions = self.cast.ended.each_ref();
        let ended = sessions.map(|(name, person)| Credential::of(Self::SURFACE, name, 0, &person.web.token));
        ended.into()
    }

    fn wallet(&self) -> &Wallet {
        &self.cast.wallet
    }

    async fn thing(&self) -> Thing {
        let [owner, member, _] = &self.people;
        let mark = unique("mark");
        let conversation = owner.open("A title").await;
        member.say(&conversation, "first").await;
        let message = owner.say(&conversation, &mark).await;
        let last = |url: &str| url.rsplit('/').next().expect("a part of a path").to_owned();
        let new_name = unique("Guest");
        Thing {
            values: vec![("id", last(&conversation)), ("message_id", last(&message)), ("new_name", new_name)],
            mark,
        }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.with(&[("id", NOBODY)])
    }

    async fn view(&self, thing: &Thing) -> Value {
        let path = format!("/api/conversations/{}", thing.value("id"));
        let mut rows = self.people[0].conversations().await;
        rows.retain(|row| row["url"] == path.as_str() || row["title"] == thing.value("new_name"));
        json!([seen(&self.people[0], &[path]).await, rows])
    }
}

#[tokio::test]
async fn the_rows_hold() {
    holds::<Conversation>(ROWS).await;
}
