//! Accounts by e-mail, and notifications.

use std::sync::Mutex;

use serde_json::{Value, json};
use tests::{Answer, Applicant, Caller as _, Mail, Stack, User, WebUser};

use super::direct::Direct;
use super::engine::holds;
use super::{By, COUNT, Field, Kind, OFFSET, Route, Scene, Values, body, path, query, route, seen, stem};
use crate::common::everybody;

pub(super) const ROUTES: &[Route] = &[
    route(
        "POST",
        "/register",
        By::Nobody,
        &[
            body("email", Kind::Email),
            body("password", Kind::Password),
            body("first_name", Kind::Title).kept(),
            body("last_name", Kind::Title).kept(),
            body("user_name", Kind::UserName).kept().optional(),
        ],
    )
    .either(),
    route("POST", "/login", By::Nobody, &[body("email", Kind::Login), body("password", Kind::Login)])
        .either(),
    route("POST", "/login", By::Nobody, &[body("user_name", Kind::Login), body("password", Kind::Login)])
        .either(),
    route("GET", "/users", By::Login, &[COUNT, query("next", Kind::Cursor)]),
    route("GET", "/logout", By::Login, &[]).writes(),
];

pub(super) const LINKS: &[Route] =
    &[route("GET", "/register/{token}", By::Nobody, &[path("token", Kind::Secret(404))])];

pub(super) const NOTIFICATIONS: &[Route] = &[
    route("GET", "/notifications", By::Login, &[COUNT, OFFSET]),
    route("PUT", "/notifications", By::Login, &[body("chat_id", Kind::Id(404))]).either(),
    route("PUT", "/notifications", By::Login, &[body("chat_room_id", Kind::Id(404))]).either(),
    route("PUT", "/notifications", By::Login, &[body("chat_group_id", Kind::Id(404))]).either(),
];

/// Somebody with an account, and the addresses that others have registered with.
struct Accounts {
    stack: Stack,
    ann: User,
    /// The same with a session that is ended.
    leaving: User,
    named: WebUser,
    addresses: Mutex<Vec<String>>,
}

impl Accounts {
    async fn new() -> Self {
        let stack = Stack::shared().await;
        let ann = Applicant::new().join(&stack).await;
        let named = WebUser::new(&stack).await;
        Self { leaving: ann.again(&stack).await, ann, named, addresses: Mutex::default(), stack }
    }

    async fn mails(&self) -> Vec<Mail> {
        let outbox = self.stack.console().get("/outbox").await.expect(200).json();
        serde_json::from_value(outbox).expect("mails")
    }
}

impl Scene for Accounts {
    fn credential(&self, by: By) -> Option<(&'static str, String)> {
        (by == By::Login).then(|| ("authentication", self.leaving.token.clone()))
    }

    async fn good(&self, route: &Route) -> Values {
        let mut values = vec![("password", self.ann.applicant.password.clone()), ("count", "1".to_owned())];
        match route.route {
            "/register" => {
                let address = format!("{}@example.com", stem());
                self.addresses.lock().expect("addresses").push(address.clone());
                values.extend([
                    ("email", address),
                    ("first_name", "Ada".to_owned()),
                    ("last_name", "Lee".to_owned()),
                    ("user_name", format!("Ada-{}", stem())),
                ]);
            }
            "/register/{token}" => values.push(("token", Applicant::new().register(&self.stack).await)),
            _ => values.extend([
                ("email", self.ann.applicant.email.clone()),
                ("user_name", self.named.name.clone()),
            ]),
        }
        values
    }

    /// Who is refused gets no mail, and whoever logs in is still the same.
    async fn view(&self, route: &Route) -> Value {
        match route.route {
            "/register" => {
                let mails = self.mails().await;
                let addresses = self.addresses.lock().expect("addresses");
                mails.iter().filter(|mail| addresses.contains(&mail.to)).count().into()
            }
            "/logout" => seen(&self.leaving, &["/chats"]).await,
            _ => Value::Null,
        }
    }

    /// Everybody opens the link.
    async fn shown(&self, _: &Route, field: &Field, answers: &[Answer]) -> Vec<Vec<Value>> {
        let addresses = {
            let all = self.addresses.lock().expect("addresses");
            all[all.len() - answers.len()..].to_vec()
        };
        let mails = self.mails().await;
        let mut confirmed = Vec::new();
        for address in &addresses {
            let mail = mails.iter().find(|mail| mail.to == *address).expect("a mail");
            let token = mail.confirmation_token().expect("a link");
            confirmed
                .push(self.stack.anonymous().get(&format!("/register/{token}")).await.expect(201).json());
        }
        let everybody = everybody(&self.ann).await;
        let row = |user: &Value| everybody.iter().find(|row| row["user_id"] == user["user_id"]);
        let listed = confirmed.iter().filter_map(|user| Some(row(user)?[field.name].clone())).collect();
        vec![confirmed.iter().map(|user| user[field.name].clone()).collect(), listed]
    }
}

/// A direct chat, a room and a group of two people.
struct Notified {
    direct: Direct,
    room: u64,
    group: u64,
}

impl Scene for Notified {
    fn credential(&self, by: By) -> Option<(&'static str, String)> {
        self.direct.credential(by)
    }

    async fn good(&self, _: &Route) -> Values {
        vec![
            ("chat_id", self.direct.chat.to_string()),
            ("chat_room_id", self.room.to_string()),
            ("chat_group_id", self.group.to_string()),
            ("count", "10".to_owned()),
        ]
    }

    async fn view(&self, _: &Route) -> Value {
        let paths = ["/notifications", "/chats", "/chat_rooms"];
        json!([seen(&self.direct.ann, &paths).await, seen(&self.direct.bob, &paths).await])
    }
}

#[tokio::test]
async fn the_traps_of_accounts() {
    let scene = Accounts::new().await;
    holds(&scene.stack, &scene, ROUTES).await;
}

#[tokio::test]
async fn the_traps_of_links() {
    let scene = Accounts::new().await;
    holds(&scene.stack, &scene, LINKS).await;
}

#[tokio::test]
async fn the_traps_of_notifications() {
    let stack = Stack::shared().await;
    let direct = Direct::new(&stack).await;
    direct.bob.write(&direct.ann, "an answer").await;
    let room = direct.ann.open_room("A room").await;
    direct.ann.post_to_room(room, "first").await;
    direct.bob.post_to_room(room, "second").await;
    let group = direct.ann.create_group("A group").await;
    direct.ann.enter(group).await;
    holds(&stack, &Notified { direct, room, group }, NOTIFICATIONS).await;
}
