//! Accounts by mail, and sessions.

use std::cell::RefCell;
use std::rc::Rc;

use futures::future::FutureExt as _;
use serde_json::{Value, json};
use tests::{Anonymous, Applicant, Caller as _, Socket, Stack, User, unique};
use tokio::sync::Mutex;

use super::Stage;
use super::operation::{Operation, Scene, operation, soon, status};
use crate::common::everybody;

const ACCOUNTS: &str = "accounts";

/// Those who are there already: somebody with a session that stays, and one who looks.
pub(super) struct Residents {
    ada: User,
    reader: User,
}

impl Residents {
    async fn new(stack: &Stack) -> Self {
        let [ada, reader] = User::pair(stack).await;
        Self { ada, reader }
    }
}

/// Somebody who logs in.
pub(super) struct Login {
    anonymous: Anonymous,
    ada: User,
    token: RefCell<Option<String>>,
}

impl Scene for Login {
    type Cast = Residents;

    async fn set(stage: &Stage, cast: &Self::Cast) -> Self {
        Self { anonymous: stage.stack.anonymous(), ada: cast.ada.clone(), token: RefCell::default() }
    }

    async fn seen(&self) -> Value {
        json!({"by another session": self.ada.get("/users?count=1").await.status.as_u16()})
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }

    /// The token is used, and ended.
    async fn go_on(&self) -> Value {
        let token = self.token.borrow().clone().unwrap_or_default();
        let mut ada = self.ada.clone();
        ada.token = token;
        let mut statuses = Vec::new();
        for path in ["/users?count=1", "/logout", "/users?count=1"] {
            statuses.push(ada.get(path).await.status.as_u16());
        }
        json!(statuses)
    }
}

pub(super) const LOGIN: &[Operation<Login>] = &[operation("POST /login", ACCOUNTS, |scene: &Login| {
    async {
        let Applicant { email, password, .. } = &scene.ada.applicant;
        let body = json!({"email": email, "password": password});
        let answer = scene.anonymous.post("/login").json(&body).await;
        if answer.status.is_success() {
            *scene.token.borrow_mut() = answer.json()["token"].as_str().map(str::to_owned);
        }
        answer.status.as_u16()
    }
    .boxed_local()
})];

/// Somebody with a second session, and its socket in a group.
pub(super) struct Session {
    reader: User,
    first: User,
    second: User,
    socket: Mutex<Socket>,
    group: u64,
}

impl Scene for Session {
    type Cast = Residents;

    async fn set(stage: &Stage, cast: &Self::Cast) -> Self {
        let second = cast.ada.again(&stage.stack).await;
        let group = cast.reader.create_group("A group").await;
        let socket = Mutex::new(second.socket().await);
        second.enter(group).await;
        Self { reader: cast.reader.clone(), first: cast.ada.clone(), second, socket, group }
    }

    async fn seen(&self) -> Value {
        let is_open = self.socket.lock().await.is_open().await;
        // That a socket has ended is heard of a moment later, unless it was known before.
        let online = is_open || !soon(async || !self.is_online().await).await;
        let present = is_open || !soon(async || !self.is_present().await).await;
        json!({
            "first": self.first.get("/users?count=1").await.status.as_u16(),
            "second": self.second.get("/users?count=1").await.status.as_u16(),
            "open": is_open,
            "online": online,
            "present": present,
        })
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }

    /// The first session opens a socket and closes it.
    async fn go_on(&self) -> Value {
        let socket = self.first.socket().await;
        let before = self.is_online().await;
        socket.close().await;
        let after = !soon(async || !self.is_online().await).await;
        json!({"before": before, "after": after})
    }
}

impl Session {
    async fn is_online(&self) -> bool {
        self.first.seen_by(&self.reader).await["online"] == true
    }

    async fn is_present(&self) -> bool {
        self.reader.look_into(self.group).await["present"] != json!([])
    }
}

pub(super) const SESSION: &[Operation<Session>] =
    &[operation("GET /logout", ACCOUNTS, |scene: &Session| status(scene.second.get("/logout")))
        .then(&[401])
        .lagging(&["open", "online", "present"], "a session ends before its sockets are closed")];

/// Somebody who wants an account, and has asked for a link or not.
pub(super) struct Arrival<const HAS_LINK: bool> {
    stack: Rc<Stack>,
    reader: User,
    applicant: Applicant,
    link: String,
}

type Applying = Arrival<false>;
type Confirming = Arrival<true>;

impl<const HAS_LINK: bool> Scene for Arrival<HAS_LINK> {
    type Cast = Residents;

    async fn set(stage: &Stage, cast: &Self::Cast) -> Self {
        let applicant = Applicant::named();
        let link = if HAS_LINK { applicant.register(&stage.stack).await } else { unique("no-link") };
        Self { stack: stage.stack.clone(), reader: cast.reader.clone(), applicant, link }
    }

    async fn seen(&self) -> Value {
        let mut rows = everybody(&self.reader).await;
        rows.retain(|row| row["last_name"] == self.applicant.last_name);
        json!({"users": rows})
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let name = self.applicant.user_name.clone().unwrap_or_default();
        vec![(self.applicant.last_name.clone(), "last name"), (name, "user name")]
    }

    /// All links that were mailed are opened, the newest first, and the password is tried.
    async fn go_on(&self) -> Value {
        let anonymous = self.stack.anonymous();
        let mut opened = Vec::new();
        for mail in self.stack.mails_to(&self.applicant.email).await {
            let link = mail.confirmation_token().expect("a link");
            opened.push(anonymous.get(&format!("/register/{link}")).await.status.as_u16());
        }
        let body = json!({"email": self.applicant.email, "password": self.applicant.password});
        let login = anonymous.post("/login").json(&body).await.status.as_u16();
        json!({"opened": opened, "login": login, "seen": self.seen().await})
    }
}

pub(super) const APPLYING: &[Operation<Applying>] =
    &[operation("POST /register", ACCOUNTS, |scene: &Applying| {
        status(scene.stack.anonymous().post("/register").json(&scene.applicant.body()))
    })
    .each_time("two requests are two mails with a link each, and either is good")];

pub(super) const CONFIRMING: &[Operation<Confirming>] =
    &[operation("GET /register/{token}", ACCOUNTS, |scene: &Confirming| {
        status(scene.stack.anonymous().get(&format!("/register/{}", scene.link)))
    })
    .then(&[404])];

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_whole() {
    let stage = Stage::new().await;
    let cast = Residents::new(&stage.stack).await;
    stage.play(&cast, LOGIN).await;
    stage.play(&cast, SESSION).await;
    stage.play(&cast, APPLYING).await;
    stage.play(&cast, CONFIRMING).await;
    stage.end().await;
}
