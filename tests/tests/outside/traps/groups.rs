//! Groups.

use serde_json::{Value, json};
use tests::{Answer, Caller as _, Stack, User};

use super::engine::holds;
use super::{
    By, COUNT, Field, Kind, LATER, NEXT, Route, Scene, UNTIL, Values, body, path, query, route, somebody,
};

const GROUP: Field = path("chat_group_id", Kind::Id(404));

pub(super) const ROUTES: &[Route] = &[
    route(
        "POST",
        "/chat_groups",
        By::Login,
        &[
            body("chat_group_name", Kind::Title).kept(),
            // The author is the caller.
            body("author_id", Kind::Id(403)).optional(),
        ],
    )
    .either(),
    route("GET", "/chat_groups", By::Login, &[COUNT, query("next", Kind::Cursor)]),
    route(
        "PUT",
        "/chat_groups",
        By::Login,
        &[body("chat_group_id", Kind::Id(404)), body("chat_group_name", Kind::Title).replaced()],
    )
    .either(),
    route(
        "PUT",
        "/chat_groups/{chat_group_id}",
        By::Login,
        &[GROUP, body("chat_group_name", Kind::Title).replaced()],
    )
    .either(),
    route("GET", "/chat_groups/{chat_group_id}", By::Login, &[GROUP, UNTIL]).writes(),
    route("GET", "/chat_groups/{chat_group_id}", By::Login, &[GROUP, NEXT]).writes(),
    route("DELETE", "/chat_groups/{chat_group_id}/presence", By::Login, &[GROUP]),
];

/// Two people and a group.
struct Groups {
    ann: User,
    bob: User,
    group: u64,
}

impl Groups {
    async fn new(stack: &Stack) -> Self {
        let (ann, bob) = futures::future::join(somebody(stack), somebody(stack)).await;
        let group = ann.create_group("A group").await;
        Self { ann, bob, group }
    }

    /// The groups that were made from this one's group on, by this one.
    async fn own(&self, reader: &User) -> Vec<Value> {
        let mut own = Vec::new();
        let mut next = self.group - 1;
        loop {
            let page = reader.get(&format!("/chat_groups?count=100&next={next}")).await.expect(200).json();
            let rows = page["chat_groups"].as_array().expect("groups").iter();
            own.extend(rows.filter(|row| row["owner_id"] == self.ann.id).cloned());
            match page["next"].as_u64() {
                Some(place) => next = place,
                None => return own,
            }
        }
    }
}

impl Scene for Groups {
    fn credential(&self, _: By) -> Option<(&'static str, String)> {
        Some(("authentication", self.ann.token.clone()))
    }

    async fn good(&self, route: &Route) -> Values {
        // `next` of the list is another one.
        let next = if route.route == "/chat_groups" { self.group.to_string() } else { LATER.to_owned() };
        vec![
            ("until", LATER.to_owned()),
            ("next", next),
            ("chat_group_id", self.group.to_string()),
            ("chat_group_name", "A group".to_owned()),
            ("author_id", self.ann.id.to_string()),
            ("count", "10".to_owned()),
        ]
    }

    async fn view(&self, _: &Route) -> Value {
        json!(self.own(&self.bob).await)
    }

    async fn shown(&self, route: &Route, _: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        let mut shown = Vec::new();
        for reader in [&self.ann, &self.bob] {
            if route.method == "PUT" {
                shown.push(vec![reader.look_into(self.group).await["chat_group_name"].clone()]);
                continue;
            }
            let rows = self.own(reader).await;
            let made = answers.iter().map(|answer| answer.json()["chat_group_id"].clone());
            let row = |id: Value| rows.iter().find(|row| row["chat_group_id"] == id);
            shown.push(made.filter_map(|id| Some(row(id)?["chat_group_name"].clone())).collect());
        }
        shown
    }
}

#[tokio::test]
async fn the_traps_of_groups() {
    let stack = Stack::shared().await;
    holds(&stack, &Groups::new(&stack).await, ROUTES).await;
}
