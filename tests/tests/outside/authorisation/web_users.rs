//! Sessions and users of the form-and-cookie API.

use serde_json::{Value, json};
use tests::{Applicant, Caller as _, Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, NOBODY, Row, Scene, Surface, Thing, Wallet, open, row};
use crate::common::seen;

/// Whose user it is, somebody who has a chat with the owner, somebody who has left it, and a stranger.
pub(super) const ROWS: &[Row] = &[
    open("POST", "/api/login", &[200]).form("name={owner_name}&password={password}"),
    open("POST", "/api/user", &[201]).form("name={new_name}&password={password}&email={new_email}"),
    row("GET", "/api/logout", &[200, 200, 200, 200]).ends_session(),
    row("GET", "/api/user", &[200, 200, 200, 200]).shows(),
    row("GET", "/api/user", &[200, 200, 200, 200]).query("?name={owner_name}").shows(),
    row("PUT", "/api/user", &[200, 200, 200, 200]).form("email={new_email}"),
    row("DELETE", "/api/user", &[200, 200, 200, 200]).ends_session(),
    row("GET", "/api/user/{user_id}", &[200, 200, 200, 200]).shows(),
];

/// The same people at the owner's own path.
pub(super) const OWN: &[Row] = &[
    row("PUT", "/api/user/{user_id}", &[200, 403, 403, 403]).form("email={new_email}").hides(),
    row("DELETE", "/api/user/{user_id}", &[200, 403, 403, 403]).ends_session().hides(),
];

/// A user. Its address, which nobody has confirmed, is its own to see.
struct Users(Cast);

impl Scene for Users {
    const SURFACE: Surface = Surface::Web;
    const INSIDE: usize = 1;

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
        let owner = &self.0.owner.web;
        let values = vec![
            ("user_id", owner.id.to_string()),
            ("owner_name", owner.name.clone()),
            ("password", owner.password.clone()),
            ("new_name", unique("New")),
            ("new_email", Applicant::new().email),
        ];
        let shown = owner.get("/api/user").await.expect(200).json();
        Thing { values, mark: shown["user"]["email"].as_str().expect("an address").to_owned() }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.with(&[("user_id", NOBODY), ("owner_name", "Nobody at all")])
    }

    async fn view(&self, _: &Thing) -> Value {
        let mut all = Vec::new();
        for (_, person) in self.0.four() {
            all.push(seen(&person.web, &["/api/user".to_owned()]).await);
        }
        json!(all)
    }
}

#[tokio::test]
async fn the_rows_hold() {
    holds::<Users>(ROWS).await;
}

#[tokio::test]
async fn the_rows_of_ones_own_path_hold() {
    holds::<Users>(OWN).await;
}
