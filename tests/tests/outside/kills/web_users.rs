//! Users of the form-encoded API: their accounts and sessions.

use std::cell::RefCell;
use std::rc::Rc;

use futures::future::FutureExt as _;
use serde_json::{Value, json};
use tests::{Answer, Call, Caller as _, Stack, User, WebUser, unique};

use super::Stage;
use super::operation::{Operation, Request, Scene, operation, status};

const WEB: &str = "web";

/// What the newcomers' password is.
const PASSWORD: &str = "correct horse battery";

/// Those who are there already: somebody who changes, and one who looks.
pub(super) struct Residents {
    stack: Rc<Stack>,
    bob: WebUser,
    reader: WebUser,
    /// The same reader, with a token.
    reader_by_token: User,
}

impl Residents {
    async fn new(stage: &Stage) -> Self {
        let (bob, reader) = (WebUser::new(&stage.stack).await, WebUser::new(&stage.stack).await);
        confirm(&stage.stack, &bob.email).await;
        let reader_by_token = reader.header_user(&stage.stack).await;
        Self { stack: stage.stack.clone(), bob, reader, reader_by_token }
    }
}

/// Opens the links that were mailed to an address, the newest first.
async fn confirm(stack: &Stack, email: &str) -> Vec<u16> {
    let mut opened = Vec::new();
    for mail in stack.mails_to(email).await {
        // Who has an account by it already is told so, without a link.
        let Some(link) = mail.confirmation_token() else { continue };
        opened.push(stack.anonymous().get(&format!("/register/{link}")).await.status.as_u16());
    }
    opened
}

/// Somebody who wants an account, or logs in.
pub(super) struct Newcomer {
    stack: Rc<Stack>,
    reader: WebUser,
    name: String,
    email: String,
}

impl Scene for Newcomer {
    type Cast = Residents;

    async fn set(_: &Stage, cast: &Self::Cast) -> Self {
        Self {
            stack: cast.stack.clone(),
            reader: cast.reader.clone(),
            name: unique("Web"),
            email: format!("{}@example.com", unique("web")),
        }
    }

    async fn seen(&self) -> Value {
        named(&self.reader, &self.name).await
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        vec![(self.name.clone(), "name"), (self.email.clone(), "email")]
    }

    /// Logs in, asks for a link once more, and opens it.
    async fn go_on(&self) -> Value {
        let login = log_in(&self.stack, &self.name).await;
        let cookies = cookies(&login);
        let anonymous = self.stack.anonymous();
        let asked = anonymous.put("/api/user").header("cookie", &cookies).form(&[("email", &self.email)]);
        let asked = asked.await.status.as_u16();
        let opened = confirm(&self.stack, &self.email).await;
        let me = anonymous.get("/api/user").header("cookie", &cookies).await;
        json!({"login": login.status.as_u16(), "asked": asked, "first": opened.first(), "me": me.json()})
    }
}

/// What one user sees of the one with a name.
async fn named(reader: &WebUser, name: &str) -> Value {
    let answer = reader.get(&format!("/api/user?name={name}")).await;
    if answer.status.is_success() { answer.json() } else { json!(answer.status.as_u16()) }
}

fn log_in(stack: &Stack, name: &str) -> Call {
    stack.anonymous().post("/api/login").form(&[("name", name), ("password", PASSWORD)])
}

/// The cookies that an answer sets, as a browser sends them back.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    set.filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
}

pub(super) const ARRIVING: &[Operation<Newcomer>] =
    &[operation("POST /api/user", WEB, |scene: &Newcomer| {
        let form = [("name", scene.name.as_str()), ("password", PASSWORD), ("email", &scene.email)];
        status(scene.stack.anonymous().post("/api/user").form(&form))
    })
    .then(&[400])];

/// Somebody who logs in and out.
pub(super) struct Session {
    stack: Rc<Stack>,
    bob: WebUser,
    cookies: RefCell<String>,
}

impl Scene for Session {
    type Cast = Residents;

    async fn set(_: &Stage, cast: &Self::Cast) -> Self {
        let cookies = cookies(&log_in(&cast.stack, &cast.bob.name).await);
        Self { stack: cast.stack.clone(), bob: cast.bob.clone(), cookies: RefCell::new(cookies) }
    }

    async fn seen(&self) -> Value {
        let by_cookies = self.stack.anonymous().get("/api/chats").header("cookie", &self.cookies.borrow());
        json!({
            "first": self.bob.get("/api/chats").await.status.as_u16(),
            "second": by_cookies.await.status.as_u16(),
        })
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }
}

pub(super) const SESSIONS: &[Operation<Session>] = &[
    operation("POST /api/login", WEB, |scene: &Session| {
        async {
            let answer = log_in(&scene.stack, &scene.bob.name).await;
            if answer.status.is_success() {
                *scene.cookies.borrow_mut() = cookies(&answer);
            }
            answer.status.as_u16()
        }
        .boxed_local()
    }),
    operation("GET /api/logout", WEB, |scene: &Session| {
        status(scene.stack.anonymous().get("/api/logout").header("cookie", &scene.cookies.borrow()))
    })
    .then(&[403]),
];

/// Somebody who changes name and address.
pub(super) struct Change {
    stack: Rc<Stack>,
    bob: WebUser,
    reader: WebUser,
    old_name: String,
    old_email: String,
    name: String,
    email: String,
    /// To this address a link was mailed before.
    linked_email: String,
    link: String,
}

impl Scene for Change {
    type Cast = Residents;

    async fn set(_: &Stage, cast: &Self::Cast) -> Self {
        let (bob, old_name) = (cast.bob.clone(), unique("Old"));
        let linked_email = format!("{}@example.com", unique("linked"));
        bob.put("/api/user").form(&[("name", &old_name), ("email", &linked_email)]).await.expect(200);
        let me = bob.get("/api/user").await.expect(200).json();
        let mails = cast.stack.mails_to(&linked_email).await;
        Self {
            stack: cast.stack.clone(),
            bob,
            reader: cast.reader.clone(),
            old_name,
            old_email: me["user"]["email"].as_str().expect("an address").to_owned(),
            name: unique("New"),
            email: format!("{}@example.com", unique("new")),
            linked_email,
            link: mails[0].confirmation_token().expect("a link").to_owned(),
        }
    }

    async fn seen(&self) -> Value {
        json!({
            "me": self.bob.get("/api/user").await.expect(200).json(),
            "old": named(&self.reader, &self.old_name).await,
            "new": named(&self.reader, &self.name).await,
        })
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        vec![
            (self.bob.id.to_string(), "bob"),
            (self.old_name.clone(), "old name"),
            (self.old_email.clone(), "old address"),
            (self.name.clone(), "new name"),
            (self.email.clone(), "new address"),
            (self.linked_email.clone(), "linked address"),
        ]
    }

    /// The links are opened: the newest is good, and no other.
    async fn go_on(&self) -> Value {
        let newest = confirm(&self.stack, &self.email).await.first().copied();
        let linked = self.stack.anonymous().get(&format!("/register/{}", self.link)).await.status.as_u16();
        let me = self.bob.get("/api/user").await.expect(200).json();
        let is = |email: &str| me["user"]["email"] == email;
        json!({"newest": newest, "linked": linked, "is new": is(&self.email), "is old": is(&self.old_email)})
    }
}

impl Change {
    fn change(&self, path: &str, fields: &[(&str, &str)]) -> Request<'static> {
        status(self.bob.put(path).form(fields))
    }
}

pub(super) const CHANGING: &[Operation<Change>] = &[
    operation("PUT /api/user", WEB, |scene: &Change| scene.change("/api/user", &[("name", &scene.name)])),
    operation("PUT /api/user", WEB, |scene: &Change| scene.change("/api/user", &[("email", &scene.email)])),
    operation("PUT /api/user/{user_id}", WEB, |scene: &Change| {
        let path = format!("/api/user/{}", scene.bob.id);
        scene.change(&path, &[("name", &scene.name), ("email", &scene.email)])
    }),
    operation("GET /register/{token}", "accounts", |scene: &Change| {
        status(scene.stack.anonymous().get(&format!("/register/{}", scene.link)))
    })
    .then(&[404]),
];

/// Somebody who has written to the reader, and who is going to be deleted.
pub(super) struct Departure<const HAS_CHATS: bool> {
    stack: Rc<Stack>,
    reader: WebUser,
    reader_by_token: User,
    bob: WebUser,
    bob_by_token: Option<User>,
    chat: u64,
    /// A text of Bob's.
    text: String,
}

type Quiet = Departure<false>;
type Talkative = Departure<true>;

impl<const HAS_CHATS: bool> Scene for Departure<HAS_CHATS> {
    type Cast = Residents;

    async fn set(stage: &Stage, cast: &Self::Cast) -> Self {
        let (reader, stack) = (cast.reader.clone(), cast.stack.clone());
        let (bob, text) = (WebUser::new(&stage.stack).await, unique("text"));
        let mut bob_by_token = None;
        let mut chat = bob.open_chat("A chat").await;
        bob.say(chat, &text).await;
        if HAS_CHATS {
            chat = reader.open_chat("Another chat").await;
            reader.invite(chat, &bob).await;
            bob.say(chat, &text).await;
            let user = bob.header_user(&stack).await;
            user.write(&cast.reader_by_token, &text).await;
            bob_by_token = Some(user);
        }
        let reader_by_token = cast.reader_by_token.clone();
        Self { stack, reader, reader_by_token, bob, bob_by_token, chat, text }
    }

    /// Housekeeping goes through what was deleted, and once more when all that was under way then has ended.
    async fn settle(&self, stage: &Stage) {
        stage.keep_house().await;
    }

    async fn seen(&self) -> Value {
        let mut chats = self.reader_by_token.get("/chats").await.expect(200).rows();
        chats.retain(|chat| chat["with_user_id"] == self.bob.id);
        let mut histories = Vec::new();
        for chat in &chats {
            let id = chat["chat_id"].as_u64().expect("a chat_id");
            histories.push(self.reader_by_token.history(id).await);
        }
        let chat = self.reader.get(&format!("/api/chats/{}", self.chat)).await;
        let chat = if chat.status.is_success() { chat.json() } else { json!(chat.status.as_u16()) };
        let by_id = self.reader.get(&format!("/api/user/{}", self.bob.id)).await.status.as_u16();
        json!({
            "chats": chats,
            "histories": histories,
            "chat": chat,
            "by name": named(&self.reader, &self.bob.name).await,
            "by id": by_id,
            "by cookies": self.bob.get("/api/user").await.status.as_u16(),
            "by token": match &self.bob_by_token {
                Some(user) => json!(user.get("/users?count=1").await.status.as_u16()),
                None => Value::Null,
            },
            "kept": !self.stack.tables().mentions(&[&self.text]).await.is_empty(),
        })
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        vec![
            (self.bob.id.to_string(), "bob"),
            (self.bob.name.clone(), "Bob"),
            (self.bob.email.clone(), "address"),
            (self.reader.id.to_string(), "reader"),
            (self.reader.name.clone(), "Reader"),
            (self.text.clone(), "text"),
        ]
    }

    /// Somebody else takes the name.
    async fn go_on(&self) -> Value {
        let form = [("name", self.bob.name.as_str()), ("password", PASSWORD), ("email", &self.bob.email)];
        let taken = self.stack.anonymous().post("/api/user").form(&form).await.status.as_u16();
        json!({"taken": taken, "opened": confirm(&self.stack, &self.bob.email).await.first()})
    }
}

pub(super) const LEAVING_CHATS: &[Operation<Talkative>] =
    &[operation("DELETE /api/user", WEB, |scene: &Talkative| status(scene.bob.delete("/api/user")))
        .then(&[403])];

pub(super) const LEAVING: &[Operation<Quiet>] =
    &[operation("DELETE /api/user/{user_id}", WEB, |scene: &Quiet| {
        status(scene.bob.delete(&format!("/api/user/{}", scene.bob.id)))
    })
    .then(&[403])];

#[tokio::test(flavor = "multi_thread")]
async fn web_users_are_whole() {
    let stage = Stage::new().await;
    let cast = Residents::new(&stage).await;
    stage.play(&cast, ARRIVING).await;
    stage.play(&cast, SESSIONS).await;
    stage.play(&cast, CHANGING).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_of_users_are_whole() {
    let stage = Stage::new().await;
    let cast = Residents::new(&stage).await;
    stage.play(&cast, LEAVING).await;
    stage.play(&cast, LEAVING_CHATS).await;
    stage.end().await;
}
