//! Accounts by e-mail, and what is about the caller alone.

use serde_json::Value;
use tests::{Applicant, Stack, unique};

use super::engine::holds;
use super::people::Cast;
use super::{Credential, NOBODY, Row, Scene, Surface, Thing, Wallet, open, row};
use crate::common::seen;

/// Owner, member, former member and stranger do not differ: there is nothing that one of them has a part in.
pub(super) const ROWS: &[Row] = &[
    open("POST", "/register", &[202]).json(
        r#"{"email":"{new_email}","password":"correct horse battery","first_name":"Ada","last_name":"Lee"}"#,
    ),
    open("POST", "/login", &[200]).json(r#"{"user_name":"{name}","password":"{password}"}"#),
    row("GET", "/logout", &[200, 200, 200, 200]).ends_session(),
    row("GET", "/users", &[200, 200, 200, 200]).query("?count=1"),
    row("GET", "/notifications", &[200, 200, 200, 200]),
];

/// A link that was mailed, which whoever has it may open.
pub(super) const LINKS: &[Row] = &[open("GET", "/register/{token}", &[201])];

/// A direct chat is what notifications are about.
struct Accounts<const LINK: bool> {
    stack: Stack,
    cast: Cast,
}

impl<const LINK: bool> Scene for Accounts<LINK> {
    const SURFACE: Surface = Surface::Login;
    const INSIDE: usize = 2;

    async fn new(stack: &Stack) -> Self {
        Self { stack: Stack::shared().await, cast: Cast::new(stack).await }
    }

    fn people(&self) -> Vec<Credential> {
        Cast::logins(&self.cast.four())
    }

    fn ended(&self) -> Vec<Credential> {
        self.cast.ended_logins()
    }

    fn wallet(&self) -> &Wallet {
        &self.cast.wallet
    }

    async fn thing(&self) -> Thing {
        let mark = unique("mark");
        self.cast.owner.user.write(&self.cast.member.user, &mark).await;
        let new = Applicant::new();
        let values = vec![
            ("token", if LINK { new.register(&self.stack).await } else { NOBODY.to_owned() }),
            ("new_email", new.email),
            ("name", self.cast.owner.web.name.clone()),
            ("password", self.cast.owner.web.password.clone()),
        ];
        Thing { values, mark }
    }

    fn nothing(&self, thing: &Thing) -> Thing {
        thing.with(&[("token", NOBODY)])
    }

    async fn view(&self, _: &Thing) -> Value {
        let paths = ["/chats", "/notifications"].map(str::to_owned);
        [seen(&self.cast.owner.user, &paths).await, seen(&self.cast.member.user, &paths).await]
            .into_iter()
            .collect()
    }
}

#[tokio::test]
async fn the_rows_hold() {
    holds::<Accounts<false>>(ROWS).await;
}

#[tokio::test]
async fn the_rows_of_links_hold() {
    holds::<Accounts<true>>(LINKS).await;
}
