//! Which cookies are believed, from which pages, and that nothing else is.

use http::Method;
use serde_json::json;
use tests::{Anonymous, Call, Caller, Guest, Stack, User, unique};

use super::{CONVERSATIONS, NOWHERE, beginner, check, got_the_name, register, unauthorised};
use crate::common::tampered;
use crate::pages::{other_pages, with};

/// Every call that needs the cookie, for a conversation and a message in it, and for none.
fn guarded(conversation: &str, message: &str) -> [(Method, String); 8] {
    [
        (Method::GET, CONVERSATIONS.to_owned()),
        (Method::POST, CONVERSATIONS.to_owned()),
        (Method::GET, conversation.to_owned()),
        (Method::POST, conversation.to_owned()),
        (Method::GET, message.to_owned()),
        (Method::DELETE, message.to_owned()),
        (Method::GET, NOWHERE.to_owned()),
        (Method::POST, NOWHERE.to_owned()),
    ]
}

/// A call with all that it needs but a credential.
fn complete(caller: &impl Caller, method: &Method, path: &str) -> Call {
    let call = caller.call(method.clone(), path);
    if method == Method::POST { call.json(&json!({"title": "Mine", "text": "mine"})) } else { call }
}

/// A conversation of one message, its author, and somebody without a cookie.
struct Scene {
    anonymous: Anonymous,
    author: Guest,
    title: String,
    conversation: String,
    message: String,
}

impl Scene {
    async fn new(stack: &Stack) -> Self {
        let author = Guest::new(stack).await;
        let title = unique("Title");
        let conversation = author.open(&title).await;
        let message = author.say(&conversation, "hello").await;
        Self { anonymous: stack.anonymous(), author, title, conversation, message }
    }

    /// Every guarded call with this header, which must be no credential.
    async fn is_nobody(&self, header: &str, value: &str) {
        for (method, path) in guarded(&self.conversation, &self.message) {
            let answer = complete(&self.anonymous, &method, &path).header(header, value).await;
            assert_eq!(unauthorised(&answer, 401), "unauthenticated", "{header}: {value}");
        }
    }

    /// Checks that nothing was posted or deleted.
    async fn is_untouched(&self) {
        let rows = self.author.newest(&self.conversation, 100).await;
        let [row] = &rows[..] else { panic!("not one message: {rows:?}") };
        check(row, &self.author, &self.message, "hello");
        let expected = json!({"title": self.title, "msgcount": 1, "url": self.conversation});
        assert_eq!(self.author.listed(&self.conversation).await, expected);
    }

    /// The unsafe calls of the author, as a page makes them whose browser says this of it.
    fn calls_of_page(&self, title: &str, page: &[(&str, impl AsRef<str>)]) -> [Call; 3] {
        let calls = [
            self.author.post(CONVERSATIONS).json(&json!({"title": title})),
            self.author.post(&self.conversation).json(&json!({"text": "from a page"})),
            self.author.delete(&self.message),
        ];
        calls.map(|call| with(call, page))
    }
}

#[tokio::test]
async fn without_a_cookie_every_path_is_401() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for (method, path) in guarded(&scene.conversation, &scene.message) {
        for path in [path.clone(), format!("{path}/")] {
            let answer = complete(&scene.anonymous, &method, &path).await;
            assert_eq!(unauthorised(&answer, 401), "unauthenticated");
        }
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn other_and_malformed_cookies_are_401() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let good = &scene.author.session;
    let cookies = [
        "session".to_owned(),
        "session=".to_owned(),
        "session=x".to_owned(),
        "session=a.b.c".to_owned(),
        "session=null".to_owned(),
        "session=%00".to_owned(),
        format!("session={}", "a".repeat(2_000)),
        format!("session=Bearer {good}"),
        format!("Session={good}"),
        format!("xsession={good}"),
        format!("sessions={good}"),
        format!("token={good}; user_id=1"),
        format!("theme=session={good}"),
        good.clone(),
    ];
    for cookie in cookies {
        scene.is_nobody("cookie", &cookie).await;
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn tampered_cookies_are_401() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let other = Guest::new(&stack).await;
    for cookie in tampered(&scene.author.session, &other.session) {
        scene.is_nobody("cookie", &format!("session={cookie}")).await;
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn the_cookie_is_found_among_others() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let good = format!("session={}", scene.author.session);
    for cookie in [
        good.clone(),
        format!("theme=dark; {good}"),
        format!("{good}; theme=dark"),
        format!("xsession=1; {good}; sessions=2; user_id=3; token=4"),
        format!("theme=dark;{good};"),
    ] {
        scene.anonymous.get(&scene.conversation).header("cookie", &cookie).await.expect(200);
        let call = scene.anonymous.post(&scene.conversation).header("cookie", &cookie);
        call.json(&json!({"text": "hello"})).await.expect(200);
    }
    let rows = scene.author.newest(&scene.conversation, 100).await;
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row["user"] == json!(scene.author.name)), "{rows:?}");
}

#[tokio::test]
async fn a_login_token_does_not_count_here() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let User { token, .. } = User::new(&stack).await;
    for header in ["authentication", "authorization"] {
        scene.is_nobody(header, &token).await;
        scene.is_nobody(header, &format!("Bearer {token}")).await;
    }
    scene.is_nobody("cookie", &format!("session={token}")).await;
    scene.is_untouched().await;
}

#[tokio::test]
async fn the_cookies_value_does_not_count_here_but_as_the_cookie() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let good = &scene.author.session;
    for header in ["authentication", "authorization", "session"] {
        scene.is_nobody(header, good).await;
        scene.is_nobody(header, &format!("Bearer {good}")).await;
    }
    for name in ["session", "token", "accessToken"] {
        let answer = scene.anonymous.get(&format!("{CONVERSATIONS}?{name}={good}")).await;
        assert_eq!(unauthorised(&answer, 401), "unauthenticated");
        let body = json!({"title": "Mine", name: good});
        let answer = scene.anonymous.post(CONVERSATIONS).json(&body).await;
        assert_eq!(unauthorised(&answer, 401), "unauthenticated");
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn the_cookies_value_is_no_token_elsewhere() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let anonymous = stack.anonymous();
    for value in [ada.session.clone(), format!("Bearer {}", ada.session)] {
        for header in ["authentication", "authorization"] {
            for path in ["/users", "/chats", "/chats/1", "/chat_rooms", "/chat_groups", "/logout"] {
                anonymous.get(path).header(header, &value).await.refused(401);
            }
        }
        anonymous.get("/messages").header("authorization", &value).await.refused(401);
        anonymous
            .post("/token")
            .header("authorization", &value)
            .json(&json!({"users": []}))
            .await
            .refused(401);
    }
    ada.get(CONVERSATIONS).await.expect(200);
}

#[tokio::test]
async fn the_cookie_opens_nothing_elsewhere() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let paths = [
        "/users",
        "/chats",
        "/chats/1",
        "/chats_v2/1",
        "/chat_rooms",
        "/chat_groups",
        "/notifications",
        "/chat_bot",
    ];
    for path in paths {
        ada.get(path).await.refused(401);
    }
    ada.get("/logout").await.refused(401);
    ada.post("/chats").json(&json!({"receiver_id": 1, "message": "x", "type": "text"})).await.refused(401);
    ada.post("/chat_groups").json(&json!({"chat_group_name": "Mine"})).await.refused(401);
    ada.get(CONVERSATIONS).await.expect(200);
}

#[tokio::test]
async fn pages_of_other_sites_can_do_nothing() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    let title = unique("From another site");
    for page in other_pages(&stack) {
        for call in scene.calls_of_page(&title, &page) {
            assert_eq!(unauthorised(&call.await, 403), "forbidden", "{page:?}");
        }
    }
    scene.is_untouched().await;
    let rows = scene.author.conversations().await;
    assert!(
        rows.iter().all(|row| row["title"] != json!(title)),
        "a page of another site began a conversation"
    );
}

#[tokio::test]
async fn the_apis_own_pages_and_who_is_no_browser_may_do_everything() {
    let stack = Stack::shared().await;
    let own = stack.ready().http.as_str();
    let pages: [&[(&str, &str)]; 6] = [
        &[],
        &[("origin", own)],
        &[("origin", own), ("sec-fetch-site", "same-origin")],
        &[("origin", own), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
    ];
    for page in pages {
        let scene = Scene::new(&stack).await;
        for call in scene.calls_of_page("From its own page", page) {
            assert_eq!(call.await.expect(200).json()["status"], "success", "{page:?}");
        }
        let name = unique("Ada");
        let call = stack.anonymous().post("/auth/register").json(&json!({"username": name}));
        assert!(got_the_name(&with(call, page).await), "{page:?}");
    }
}

#[tokio::test]
async fn the_name_that_the_api_is_called_by_is_its_own() {
    let stack = Stack::shared().await;
    let (guest, conversation) = beginner(&stack).await;
    let port = stack.ready().http.rsplit_once(':').expect("a port").1;
    let host = format!("localhost:{port}");
    let say = async |origin: &str| {
        let call = guest.post(&conversation).header("host", &host).header("origin", origin);
        call.json(&json!({"text": "hello"})).await
    };
    say(&format!("http://{host}")).await.expect(200);
    assert_eq!(unauthorised(&say(&format!("http://evil.example:{port}")).await, 403), "forbidden");
    assert_eq!(guest.msgcount(&conversation).await, 1);
}

#[tokio::test]
async fn the_consoles_pages_may_as_well() {
    let stack = Stack::shared().await;
    let (guest, conversation) = beginner(&stack).await;
    let console = stack.ready().console.as_str();
    for headers in [vec![("origin", console)], vec![("origin", console), ("sec-fetch-site", "same-site")]] {
        with(guest.post(&conversation).json(&json!({"text": "hello"})), &headers).await.expect(200);
    }
    assert_eq!(guest.msgcount(&conversation).await, 2);
}

#[tokio::test]
async fn what_changes_nothing_is_not_refused_by_where_it_comes_from() {
    let stack = Stack::shared().await;
    let scene = Scene::new(&stack).await;
    for page in other_pages(&stack) {
        for path in [CONVERSATIONS, &scene.conversation, &scene.message] {
            with(scene.author.get(path), &page).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_page_of_another_site_cannot_have_a_cookie_set() {
    let stack = Stack::shared().await;
    let ada = Guest::new(&stack).await;
    let name = unique("Bob");
    let callers: [(&str, &dyn Fn() -> Call); 2] = [
        ("without a cookie", &|| stack.anonymous().post("/auth/register")),
        ("with a cookie", &|| ada.post("/auth/register")),
    ];
    for page in other_pages(&stack) {
        for (what, call) in callers {
            let answer = with(call().json(&json!({"username": name})), &page).await;
            assert_eq!(unauthorised(&answer, 403), "forbidden", "{what}, {page:?}");
            assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
        }
    }
    assert!(got_the_name(&register(&stack, &name).await), "the name was still free");
}
