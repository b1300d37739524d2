//! Mailboxes, which are emptied by being read.

use serde_json::{Value, json};
use tests::{Answer, Caller as _, Stack};

use super::direct::{Direct, TWO, TYPES};
use super::engine::holds;
use super::{By, Field, KEY, Kind, Route, Scene, Values, body, column, path, query, route, seen};

const TWO_AND_ACK: &[Field] = &[TWO[0], TWO[1], ACK];
const ACK: Field = query("ack", Kind::Word(&["manual"]));

pub(super) const ROUTES: &[Route] = &[
    route(
        "POST",
        "/chats_v2",
        By::Login,
        &[
            body("receiver_id", Kind::Id(404)),
            body("message", Kind::Message).kept(),
            body("type", Kind::Word(TYPES)),
            KEY,
        ],
    )
    .either(),
    route("GET", "/chats_v2/unread", By::Login, &[super::COUNT, super::OFFSET]),
    route("GET", "/chats_v2/users/{user_a_id}/{user_b_id}", By::Login, TWO),
    route("GET", "/chats_v2/{chat_id}", By::Login, &[path("chat_id", Kind::Id(404)), ACK]).writes(),
    route("GET", "/chats_v2/{user_a_id}/{user_b_id}", By::Login, TWO_AND_ACK).writes(),
    route(
        "POST",
        "/chats_v2/{chat_id}/ack",
        By::Login,
        &[path("chat_id", Kind::Id(404)), body("up_to", Kind::Moment)],
    )
    .either(),
];

/// Whether a chat is there is all that its deletion could change.
pub(super) const DELETIONS: &[Route] =
    &[route("DELETE", "/chats_v2/{chat_id}", By::Login, &[path("chat_id", Kind::Id(404))])];

/// Two people, and a message that waits for the first one.
struct Mailbox(Direct);

impl Mailbox {
    async fn new(stack: &Stack) -> Self {
        let direct = Direct::new(stack).await;
        direct.bob.write(&direct.ann, "an answer").await;
        Self(direct)
    }
}

impl Scene for Mailbox {
    fn credential(&self, by: By) -> Option<(&'static str, String)> {
        self.0.credential(by)
    }

    async fn good(&self, route: &Route) -> Values {
        let mut values = self.0.good(route).await;
        values.extend([("ack", "manual".to_owned()), ("up_to", "1970-01-01T00:00:00.000Z".to_owned())]);
        values
    }

    async fn view(&self, route: &Route) -> Value {
        let unread = ["/chats_v2/unread"];
        match route.method {
            "DELETE" => self.0.view(route).await,
            _ => json!([seen(&self.0.ann, &unread).await, seen(&self.0.bob, &unread).await]),
        }
    }

    /// The first one reads its history, and the other one empties its mailbox.
    async fn shown(&self, _: &Route, _: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        let Direct { ann, bob, chat } = &self.0;
        let history = ann.get(&format!("/chats/{chat}?count={}", answers.len())).await.expect(200).rows();
        let history = history.iter().rev().map(|row| row["message"].clone()).collect();
        let mut fetched = Vec::new();
        loop {
            let page = bob.get(&format!("/chats_v2/{chat}")).await.expect(200);
            fetched.extend(column(&page.rows(), "message"));
            if page.header("unread_count") == Some("0") {
                break;
            }
        }
        let before = fetched.len().saturating_sub(answers.len());
        vec![history, fetched.split_off(before)]
    }
}

#[tokio::test]
async fn the_traps_of_mailboxes() {
    let stack = Stack::shared().await;
    for row in ROUTES.iter().chain(DELETIONS) {
        holds(&stack, &Mailbox::new(&stack).await, &[*row]).await;
    }
}
