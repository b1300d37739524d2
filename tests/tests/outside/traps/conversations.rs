//! Conversations, and the names of those who have them.

use serde_json::{Value, json};
use tests::{Answer, Caller as _, Guest, Stack};

use super::engine::holds;
use super::{By, COUNT, Field, KEY, Kind, Route, Scene, Values, body, column, path, query, route, stem};

const ID: Field = path("id", Kind::Id(404));
const MESSAGE: Field = path("message_id", Kind::Seq(404));

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/auth/register", By::Nobody, &[body("username", Kind::UserName).kept()]).either(),
    route("POST", "/api/conversations", By::Guest, &[body("title", Kind::Title).kept()]).either(),
    route("GET", "/api/conversations", By::Guest, &[COUNT, query("next", Kind::Cursor)]),
    route("GET", "/api/conversations/{id}", By::Guest, &[ID, query("N", Kind::Count)]),
    route("GET", "/api/conversations/{id}", By::Guest, &[ID, query("n", Kind::Count)]),
    route("POST", "/api/conversations/{id}", By::Guest, &[ID, body("text", Kind::Message).kept(), KEY])
        .either(),
    route("GET", "/api/conversations/{id}/{message_id}", By::Guest, &[ID, MESSAGE]),
    route("DELETE", "/api/conversations/{id}/{message_id}", By::Guest, &[ID, MESSAGE]),
];

/// Two people and a conversation.
struct Conversations {
    stack: Stack,
    ann: Guest,
    bob: Guest,
    url: String,
}

impl Conversations {
    async fn new() -> Self {
        let stack = Stack::shared().await;
        let (ann, bob) = (Guest::new(&stack).await, Guest::new(&stack).await);
        let url = ann.open("A conversation").await;
        ann.say(&url, "first").await;
        Self { stack, ann, bob, url }
    }

    fn id(&self) -> u64 {
        id_in(&self.url)
    }

    /// What is listed from the scene's own conversation on.
    async fn listed(&self, reader: &Guest) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = self.id() - 1;
        loop {
            let path = format!("/api/conversations?count=100&next={next}");
            let page = reader.get(&path).await.expect(200).json();
            all.extend(page["conversations"].as_array().expect("conversations").iter().cloned());
            match page["next"].as_u64() {
                Some(place) => next = place,
                None => return all,
            }
        }
    }
}

/// The last number of a URL.
fn id_in(url: &str) -> u64 {
    url.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no id in {url}"))
}

impl Scene for Conversations {
    fn credential(&self, by: By) -> Option<(&'static str, String)> {
        (by == By::Guest).then(|| ("cookie", format!("session={}", self.ann.session)))
    }

    async fn good(&self, route: &Route) -> Values {
        let message = match route.method {
            "DELETE" => id_in(&self.ann.say(&self.url, "to be deleted").await),
            _ => 1,
        };
        vec![
            ("username", format!("Ann-{}", stem())),
            ("title", "A conversation".to_owned()),
            ("id", self.id().to_string()),
            ("message_id", message.to_string()),
            ("text", "a message".to_owned()),
            ("N", "10".to_owned()),
            ("n", "10".to_owned()),
            ("count", "10".to_owned()),
        ]
    }

    async fn view(&self, route: &Route) -> Value {
        match route.route {
            "/api/conversations" => {
                let own = self.listed(&self.bob).await.into_iter();
                // Others make conversations of their own meanwhile.
                own.filter(|row| row["title"] == "A conversation").count().into()
            }
            "/api/conversations/{id}" => json!(self.bob.newest(&self.url, 1).await),
            // What is new was written to have something to delete.
            "/api/conversations/{id}/{message_id}" => {
                self.bob.get(&format!("{}/1", self.url)).await.expect(200).json()
            }
            _ => Value::Null,
        }
    }

    async fn shown(&self, route: &Route, field: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        if route.route == "/auth/register" {
            return self.names(answers).await;
        }
        let mut shown = Vec::new();
        for reader in [&self.ann, &self.bob] {
            shown.push(match field.name {
                "title" => {
                    let rows = self.listed(reader).await;
                    let row = |url: &Value| rows.iter().find(|row| row["url"] == *url);
                    let made = answers.iter().map(|answer| answer.json()["url"].clone());
                    made.filter_map(|url| Some(row(&url)?["title"].clone())).collect()
                }
                name => column(&reader.newest(&self.url, answers.len()).await, name),
            });
        }
        shown
    }
}

impl Conversations {
    /// Everybody who has registered says something: that shows the names.
    async fn names(&self, answers: &[Answer]) -> Vec<Vec<Value>> {
        for answer in answers {
            assert_eq!(answer.json(), json!({"status": "success"}), "{}", answer.question);
            let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
            let call = self.stack.anonymous().post(&self.url).json(&json!({"text": "hello"}));
            call.header("cookie", cookie.expect("a cookie")).await.expect(200);
        }
        let mut shown = Vec::new();
        for reader in [&self.ann, &self.bob] {
            shown.push(column(&reader.newest(&self.url, answers.len()).await, "user"));
        }
        shown
    }
}

#[tokio::test]
async fn the_traps_of_conversations() {
    let scene = Conversations::new().await;
    holds(&scene.stack, &scene, ROUTES).await;
}
