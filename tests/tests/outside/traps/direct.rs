//! Direct chats.

use serde_json::{Value, json};
use tests::{Answer, Caller as _, Stack, User};

use super::engine::holds;
use super::{
    By, COUNT, Field, KEY, Kind, OFFSET, Route, Scene, Values, body, column, path, route, seen, somebody,
};

/// The types of messages.
pub(super) const TYPES: &[&str] = &["text", "image", "sticker", "location", "audio", "customize"];

pub(super) const ROUTES: &[Route] = &[
    route(
        "POST",
        "/chats",
        By::Login,
        &[
            body("receiver_id", Kind::Id(404)),
            body("message", Kind::Message).kept(),
            body("type", Kind::Word(TYPES)).kept(),
            KEY,
        ],
    )
    .either(),
    route("GET", "/chats", By::Login, &[COUNT, OFFSET]),
    route("GET", "/chats/unread", By::Login, &[COUNT, OFFSET]),
    route("GET", "/chats/{chat_id}", By::Login, &[path("chat_id", Kind::Id(404)), COUNT, OFFSET]),
    route("GET", "/chats/{user_a_id}/{user_b_id}", By::Login, TWO_IN_PART),
    route("GET", "/chats/users/{user_a_id}/{user_b_id}", By::Login, TWO),
    route("POST", "/chats/read", By::Login, &[body("chat_id", Kind::Id(404))]).either(),
];

/// Who is not one of the two is not told whether there are others.
pub(super) const TWO: &[Field] = &[path("user_a_id", Kind::Id(403)), path("user_b_id", Kind::Id(404))];
const TWO_IN_PART: &[Field] = &[TWO[0], TWO[1], COUNT, OFFSET];

/// Whether a chat is there is all that its deletion could change.
pub(super) const DELETIONS: &[Route] =
    &[route("DELETE", "/chats/{chat_id}", By::Login, &[path("chat_id", Kind::Id(404))])];

/// Two people and their chat.
pub(super) struct Direct {
    pub(super) ann: User,
    pub(super) bob: User,
    pub(super) chat: u64,
}

impl Direct {
    pub(super) async fn new(stack: &Stack) -> Self {
        let (ann, bob) = futures::future::join(somebody(stack), somebody(stack)).await;
        let chat = ann.write(&bob, "first").await;
        Self { ann, bob, chat }
    }
}

impl Scene for Direct {
    fn credential(&self, _: By) -> Option<(&'static str, String)> {
        Some(("authentication", self.ann.token.clone()))
    }

    async fn good(&self, route: &Route) -> Values {
        let chat =
            if route.method == "DELETE" { self.ann.write(&self.bob, "first").await } else { self.chat };
        vec![
            ("receiver_id", self.bob.id.to_string()),
            ("message", "a message".to_owned()),
            ("type", "text".to_owned()),
            ("chat_id", chat.to_string()),
            ("user_a_id", self.ann.id.to_string()),
            ("user_b_id", self.bob.id.to_string()),
            ("count", "10".to_owned()),
        ]
    }

    async fn view(&self, route: &Route) -> Value {
        if route.method == "DELETE" {
            // What is new in it was written to have something to delete.
            let history = self.bob.get("/chats").await.expect(200).rows();
            return json!(column(&history, "chat_id"));
        }
        json!([seen(&self.ann, &["/chats"]).await, seen(&self.bob, &["/chats"]).await])
    }

    async fn shown(&self, _: &Route, field: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        let name = if field.name == "type" { "message_type" } else { "message" };
        let mut shown = Vec::new();
        for reader in [&self.ann, &self.bob] {
            let path = format!("/chats/{}?count={}", self.chat, answers.len());
            let mut rows = reader.get(&path).await.expect(200).rows();
            rows.reverse();
            shown.push(column(&rows, name));
        }
        shown
    }
}

#[tokio::test]
async fn the_traps_of_direct_chats() {
    let stack = Stack::shared().await;
    holds(&stack, &Direct::new(&stack).await, ROUTES).await;
}

#[tokio::test]
async fn the_traps_of_deletions() {
    let stack = Stack::shared().await;
    holds(&stack, &Direct::new(&stack).await, DELETIONS).await;
}
