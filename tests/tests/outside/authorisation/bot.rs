//! What was said to the bot.

use serde_json::{Value, json};
use tests::{Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, Row, Scene, Surface, Thing, Wallet, row};
use crate::common::seen;

/// Who talks to the bot, and somebody else, who has a bot of its own.
pub(super) const ROWS: &[Row] =
    &[row("GET", "/chat_bot", &[200, 200]).shows(), row("GET", "/chat-bot", &[200, 200]).shows()];

/// A talk with the bot.
struct Bot(Cast);

impl Scene for Bot {
    const SURFACE: Surface = Surface::Login;
    const INSIDE: usize = 1;

    async fn new(stack: &Stack) -> Self {
        Self(Cast::new(stack).await)
    }

    fn people(&self) -> Vec<Credential> {
        Cast::logins(&[("owner", &self.0.owner), ("stranger", &self.0.stranger)])
    }

    fn ended(&self) -> Vec<Credential> {
        self.0.ended_logins()
    }

    fn wallet(&self) -> &Wallet {
        &self.0.wallet
    }

    async fn thing(&self) -> Thing {
        let mark = unique("mark");
        let frame = json!({"chat_type": "bot", "message": mark});
        self.0.owner.user.socket().await.say(&frame).await;
        Thing { values: Vec::new(), mark }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.clone()
    }

    async fn view(&self, _: &Thing) -> Value {
        seen(&self.0.owner.user, &["/chat_bot".to_owned()]).await
    }
}

#[tokio::test]
async fn the_rows_hold() {
    holds::<Bot>(ROWS).await;
}
