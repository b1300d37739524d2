//! Stores to look into, and people who have both a token and cookies.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::json;
use tests::store_proxy::{self, Everything};
use tests::{Answer, Applicant, Caller as _, Stack, Tables, User, WebUser, unique};

use crate::common::text_to;

/// A stack, and all that its store keeps: the store that the environment names in `TEST_STORE`, which must be that of
/// the shared stack, or else a stack of the test's own on a store of its own. Such a test has more threads than the one
/// that waits for its stack to end.
#[expect(clippy::disallowed_methods, reason = "the command line of a test")]
pub(super) async fn place() -> (Stack, Tables) {
    match std::env::var("TEST_STORE") {
        Ok(store) => (Stack::shared().await, Tables::of(&store)),
        Err(_) => {
            let store = store_proxy::start(Arc::new(Everything)).await;
            (Stack::start(&["--dynamodb", &store]).await, Tables::of(&store))
        }
    }
}

/// Somebody who has logged in twice: for a token, and for cookies.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) user: User,
    pub(super) web: WebUser,
}

impl Person {
    /// Somebody new who registered by the form.
    pub(super) async fn new(stack: &Stack) -> Self {
        Self::named(stack, &unique("Bob")).await
    }

    /// Somebody new with this name, which must be free.
    pub(super) async fn named(stack: &Stack, name: &str) -> Self {
        let web = WebUser::named(stack, name).await;
        Self { user: web.header_user(stack).await, web }
    }

    /// Somebody new who registered by form and has confirmed the address.
    pub(super) async fn confirmed(stack: &Stack) -> Self {
        let person = Self::new(stack).await;
        confirm(stack, &person.web.email).await;
        person
    }

    /// Somebody new who registered by mail, with a user name.
    pub(super) async fn by_mail(stack: &Stack, applicant: Applicant) -> Self {
        let user = applicant.join(stack).await;
        let Applicant { email, password, user_name, .. } = user.applicant.clone();
        // Somebody else lends a page to log in at: all that tells people apart is replaced.
        let mut web = WebUser::new(stack).await;
        (web.id, web.email, web.password) = (user.id, email, password);
        web.name = user_name.expect("a user name");
        Self { web: web.login(stack).await, user }
    }

    /// So many people who registered by the form.
    pub(super) async fn several<const N: usize>(stack: &Stack) -> [Self; N] {
        let people = join_all((0..N).map(|_| Self::new(stack))).await;
        people.try_into().expect("as many as were asked for")
    }

    /// The id.
    pub(super) fn id(&self) -> u64 {
        self.user.id
    }

    /// Deletes its own account.
    pub(super) async fn delete(&self) {
        let answer = self.web.delete("/api/user").await.expect(200);
        assert_eq!(answer.json(), json!({"status": "ok"}));
    }

    /// Changes its own name, address or both.
    pub(super) async fn change(&self, fields: &[(&str, &str)]) {
        self.web.put("/api/user").form(fields).await.expect(200);
    }
}

/// Checks that a user is nowhere to be found.
pub(super) async fn is_not_found(person: &Person, reader: &Person) {
    let by_id = reader.web.get(&format!("/api/user/{}", person.id())).await;
    assert_eq!(by_id.refused(404), "user_not_found");
    assert!(!is_listed(person, &reader.user).await, "{} is still in /users", person.id());
}

/// Checks that a user is nowhere to be found, and cannot be written to.
pub(super) async fn is_unknown(person: &Person, reader: &Person) {
    is_not_found(person, reader).await;
    let body = text_to(&person.user, "are you there?");
    assert_eq!(reader.user.post("/chats").json(&body).await.refused(404), "user_not_found");
}

/// Whether a user is in `GET /users`.
pub(super) async fn is_listed(person: &Person, reader: &User) -> bool {
    let path = format!("/users?count=1&next={}", person.id() - 1);
    let page = reader.get(&path).await.expect(200).json();
    page["users"][0]["user_id"] == person.id()
}

/// Checks that none of a user's credentials is good any more.
pub(super) async fn is_logged_out(person: &Person) {
    for path in ["/api/user", "/api/chats"] {
        assert_eq!(person.web.get(path).await.refused(403), "unauthenticated");
    }
    for path in ["/users", "/chats", "/chat_rooms", "/notifications"] {
        assert_eq!(person.user.get(path).await.refused(401), "unauthenticated");
    }
}

/// Checks that a name and a password, which were good, open nothing any more.
pub(super) async fn cannot_log_in(person: &Person, stack: &Stack) {
    let anonymous = stack.anonymous();
    let WebUser { name, password, email, .. } = &person.web;
    let answer = anonymous.post("/api/login").form(&[("name", name), ("password", password)]).await;
    assert_eq!(answer.refused(400), "unauthenticated");
    assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
    for (field, value) in [("user_name", name), ("email", email)] {
        let body = json!({field: value, "password": password});
        assert_eq!(anonymous.post("/login").json(&body).await.refused(401), "unauthenticated", "{field}");
    }
}

/// The token of the newest link that was mailed to an address.
pub(super) async fn link(stack: &Stack, address: &str) -> String {
    let mails = stack.mails_to(address).await;
    let mail = mails.first().unwrap_or_else(|| panic!("no mail to {address}"));
    mail.confirmation_token().unwrap_or_else(|| panic!("no link in {mail:?}")).to_owned()
}

/// Opens the newest link that was mailed to an address, and gives whose it is from then on.
pub(super) async fn confirm(stack: &Stack, address: &str) -> u64 {
    let path = format!("/register/{}", link(stack, address).await);
    let confirmed = stack.anonymous().get(&path).await.expect(201).json();
    confirmed["user_id"].as_u64().expect("a user_id")
}

/// An address that nobody has had, in the form in which addresses are compared.
pub(super) fn address() -> String {
    format!("{}@example.com", unique("bob"))
}

/// The cookies that an answer sets, as a browser sends them back.
pub(super) fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let pairs: Vec<_> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    assert_eq!(pairs.len(), 2, "{answer:?}");
    pairs.join("; ")
}

/// What makes a text from `unique` unique. It survives whatever is done to a name to compare it.
#[track_caller]
pub(super) fn mark(text: &str) -> &str {
    let mut parts = text.split(|char: char| !char.is_ascii_hexdigit());
    parts.find(|part| part.len() == 32).unwrap_or_else(|| panic!("{text:?} is not unique"))
}
