//! Chats of the form-and-cookie API.

use serde_json::{Value, json};
use tests::{Answer, Caller as _, Stack, WebUser};

use super::engine::holds;
use super::{
    By, COUNT, Field, KEY, Kind, LATER, NEXT, OFFSET, Route, Scene, UNTIL, Values, body, column, path, query,
    route, seen,
};

const CHAT: Field = path("chat_id", Kind::Id(404));

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/api/chats", By::Web, &[COUNT, OFFSET]),
    route("POST", "/api/chats", By::Web, &[body("title", Kind::Title).kept()]).form(),
    route("DELETE", "/api/chats", By::Web, &[query("chat_id", Kind::Id(404)).needed()]),
    route("GET", "/api/chats/{chat_id}", By::Web, &[CHAT, COUNT, UNTIL]),
    route("GET", "/api/chats/{chat_id}", By::Web, &[CHAT, NEXT]),
    route("DELETE", "/api/chats/{chat_id}", By::Web, &[CHAT, query("id", Kind::Seq(404)).needed()]),
    route("POST", "/api/chats/{chat_id}", By::Web, &[CHAT, body("content", Kind::Message).kept(), KEY])
        .form(),
    route("PUT", "/api/chats/{chat_id}", By::Web, &[CHAT, body("title", Kind::Title).replaced()]).form(),
    route("POST", "/api/chats/{chat_id}/users", By::Web, &[CHAT, body("name", Kind::KnownName)]).form(),
];

/// Two people and their chat.
struct Chats {
    ann: WebUser,
    bob: WebUser,
    chat: u64,
}

impl Chats {
    async fn new(stack: &Stack) -> Self {
        let (ann, bob) = futures::future::join(WebUser::new(stack), WebUser::new(stack)).await;
        let chat = ann.open_chat("A chat").await;
        ann.invite(chat, &bob).await;
        ann.say(chat, "first").await;
        Self { ann, bob, chat }
    }
}

impl Scene for Chats {
    fn credential(&self, _: By) -> Option<(&'static str, String)> {
        Some(("cookie", format!("user_id={}; token={}", self.ann.id, self.ann.token)))
    }

    async fn good(&self, route: &Route) -> Values {
        let (mut chat, mut message) = (self.chat, 1);
        match (route.method, route.route) {
            ("DELETE", "/api/chats") => chat = self.ann.open_chat("To be left").await,
            ("DELETE", _) => message = self.ann.say(chat, "to be deleted").await,
            // Who takes part already cannot be brought in.
            (_, "/api/chats/{chat_id}/users") => chat = self.ann.open_chat("Another chat").await,
            _ => {}
        }
        vec![
            ("chat_id", chat.to_string()),
            ("id", message.to_string()),
            ("title", "A chat".to_owned()),
            ("content", "a message".to_owned()),
            ("name", self.bob.name.clone()),
            ("count", "10".to_owned()),
            ("until", LATER.to_owned()),
            ("next", LATER.to_owned()),
        ]
    }

    async fn view(&self, route: &Route) -> Value {
        let first = format!("/api/chats/{}?count=1&until=2100-01-01T00:00:00Z", self.chat);
        match (route.method, route.route) {
            ("DELETE", "/api/chats/{chat_id}") => {
                let messages = self.bob.messages(self.chat).await;
                json!(messages.iter().any(|message| message["content"] == "first"))
            }
            ("DELETE", _) | (_, "/api/chats/{chat_id}/users") => {
                seen(&self.bob, &["/api/chats", &first]).await
            }
            _ => json!([seen(&self.ann, &["/api/chats"]).await, seen(&self.bob, &["/api/chats"]).await]),
        }
    }

    async fn shown(&self, route: &Route, field: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        if route.method == "POST" && field.name == "title" {
            // It is only one's own as long as nobody else is brought in.
            let rows = self.ann.chats().await;
            let row = |id: Value| rows.iter().find(|row| row["id"] == id);
            let made = answers.iter().map(|answer| answer.json()["id"].clone());
            return vec![made.filter_map(|id| Some(row(id)?["title"].clone())).collect()];
        }
        let mut shown = Vec::new();
        for reader in [&self.ann, &self.bob] {
            shown.push(match field.name {
                "title" => {
                    let rows = reader.chats().await;
                    column(
                        &rows.into_iter().filter(|row| row["id"] == self.chat).collect::<Vec<_>>(),
                        "title",
                    )
                }
                name => {
                    let path = format!("/api/chats/{}?count={}", self.chat, answers.len());
                    let page = reader.get(&path).await.expect(200).json();
                    column(page["messages"].as_array().expect("messages"), name)
                }
            });
        }
        shown
    }
}

#[tokio::test]
async fn the_traps_of_web_chats() {
    let stack = Stack::shared().await;
    holds(&stack, &Chats::new(&stack).await, ROUTES).await;
}
