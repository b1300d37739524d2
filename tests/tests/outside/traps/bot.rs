//! The chat with the bot. What is said to it comes over the socket.

use serde_json::Value;
use tests::{Stack, User};

use super::engine::holds;
use super::{By, LATER, NEXT, Route, Scene, UNTIL, Values, route, somebody};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/chat_bot", By::Login, &[UNTIL]),
    route("GET", "/chat_bot", By::Login, &[NEXT]),
    route("GET", "/chat-bot", By::Login, &[UNTIL]),
    route("GET", "/chat-bot", By::Login, &[NEXT]),
];

struct Bot(User);

impl Scene for Bot {
    fn credential(&self, _: By) -> Option<(&'static str, String)> {
        Some(("authentication", self.0.token.clone()))
    }

    async fn good(&self, _: &Route) -> Values {
        vec![("until", LATER.to_owned()), ("next", LATER.to_owned())]
    }

    async fn view(&self, _: &Route) -> Value {
        Value::Null
    }
}

#[tokio::test]
async fn the_traps_of_the_bot() {
    let stack = Stack::shared().await;
    holds(&stack, &Bot(somebody(&stack).await), ROUTES).await;
}
