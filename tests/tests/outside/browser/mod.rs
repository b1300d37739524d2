//! What pages in a real browser can do, and cannot: the same page on an allowed origin and on another one. All are
//! pages of one *site*, because ports do not make a difference to that: the browser sends the cookies of one along with
//! what the other does, and where a page comes from is all that there is to tell them apart. On stacks of their own,
//! which know the pages' origins.

mod console;

use serde_json::Value;
use tests::{Browser, Stack};

/// What the page does is up to its query.
const PAGE: &str = include_str!("page.html");

/// What a page sees of a step that the browser keeps from it.
const REFUSED: &str = "refused by the browser";

/// A browser, the same page on two origins, and a stack that allows some of them.
struct Scene {
    browser: Browser,
    stack: Stack,
    /// The origins, the first of which is allowed.
    origins: [String; 2],
}

/// Where something was settled.
struct Places {
    conversation: String,
    chat: String,
}

impl Scene {
    /// The pages of the first so many origins are allowed.
    async fn new(allowed: usize) -> Self {
        let browser = Browser::new();
        let origins = [browser.serve(PAGE).await, browser.serve(PAGE).await];
        let parameter = format!("AllowedOrigins={}", origins[..allowed].join(","));
        Self { browser, stack: Stack::start(&["--parameter", &parameter]).await, origins }
    }

    /// Has the page of an origin do something, and gives its report.
    async fn visit(&mut self, origin: usize, what: &str, more: &[(&str, &str)]) -> Value {
        let ready = self.stack.ready();
        let mut query = vec![("http", ready.http.as_str()), ("websocket", &ready.websocket), ("do", what)];
        query.extend_from_slice(more);
        self.browser.visit(&self.origins[origin], &query).await
    }

    /// Has the page of an origin do something, and gives what its user sees happen.
    async fn see(&mut self, origin: usize, what: &str) -> Vec<String> {
        happened(&self.visit(origin, what, &[]).await)
    }

    /// The same about what was settled.
    async fn see_at(&mut self, origin: usize, what: &str, places: &Places) -> Vec<String> {
        let places = [("conversation", places.conversation.as_str()), ("chat", &places.chat)];
        happened(&self.visit(origin, what, &places).await)
    }

    /// Has the page of the first origin get every cookie, begin a conversation and create a chat.
    async fn settle(&mut self) -> Places {
        let report = self.visit(0, "settle", &[]).await;
        assert_eq!(
            happened(&report),
            ["registers: 200 success", "registers: 201 ok", "posts: 200 success", "posts: 201 ok"],
        );
        let place = |what: &str| report[what].as_str().unwrap_or_else(|| panic!("no {what} in {report}"));
        Places { conversation: place("conversation").to_owned(), chat: place("chat").to_owned() }
    }
}

/// What happened, line by line.
#[track_caller]
fn happened(report: &Value) -> Vec<String> {
    let lines = report["happened"].as_array().unwrap_or_else(|| panic!("{report} is no report"));
    lines.iter().map(|line| line.as_str().expect("a line").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_talks_in_a_conversation_by_its_cookie_alone() {
    let mut scene = Scene::new(1).await;
    assert_eq!(
        scene.see(0, "conversations").await,
        [
            "registers: 200 success",
            "scripts see cookies: false",
            "socket: open",
            "begins a conversation: 200 success",
            "posts: 200 success",
            "hears: *Two* lumps?",
            "it is the same message: true",
            "reads: [*Two* lumps?]",
            "deletes: 200 success",
            "hears of the deletion: true",
            "reads: []",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_talks_in_a_web_chat_by_its_cookies_alone() {
    let mut scene = Scene::new(1).await;
    assert_eq!(
        scene.see(0, "web").await,
        [
            "registers: 201 ok",
            "scripts see cookies: false",
            "socket: open",
            "creates a chat: 201 ok",
            "posts: 201 ok",
            "hears: Two lumps?",
            "it is the same message: true",
            "reads: [Two lumps?]",
            "logs out: 200 ok",
            "socket: closed",
            "asks for chats: 403 unauthenticated",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_page_of_another_origin_is_refused_though_the_browser_has_the_cookies() {
    let mut scene = Scene::new(1).await;
    let places = scene.settle().await;
    for what in ["conversations", "web"] {
        let registers = format!("registers: {REFUSED}");
        let expected = [&registers, "scripts see cookies: false", "gives up: The socket did not open"];
        assert_eq!(scene.see(1, what).await, expected, "{what}");
    }
    assert_eq!(scene.see_at(0, "look", &places).await, ["reads: [own]", "reads: [own]", "socket: open"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_changes_and_learns_nothing_by_the_cookies_of_the_browser() {
    let mut scene = Scene::new(1).await;
    let places = scene.settle().await;
    assert_eq!(
        scene.see_at(1, "intrude", &places).await,
        [
            "posts blindly: opaque",
            "posts blindly: opaque",
            "submits a form: sent",
            "submits a form: sent",
            &format!("posts: {REFUSED}"),
            &format!("posts: {REFUSED}"),
            &format!("reads: {REFUSED}"),
            &format!("reads: {REFUSED}"),
            &format!("deletes: {REFUSED}"),
            &format!("socket: {REFUSED}"),
            "logs out blindly: opaque",
            &format!("logs out: {REFUSED}"),
        ],
    );
    assert_eq!(scene.see_at(0, "look", &places).await, ["reads: [own]", "reads: [own]", "socket: open"]);
}

/// What keeps the intruder out is the parameter, and nothing else: where that names it, too, it can do everything.
/// Logging out blindly is the exception, as browsers do not say which page it is that asks.
#[tokio::test(flavor = "multi_thread")]
async fn with_two_allowed_origins_each_may_do_what_the_other_may() {
    let mut scene = Scene::new(2).await;
    let places = scene.settle().await;
    assert_eq!(
        scene.see_at(1, "intrude", &places).await,
        [
            "posts blindly: opaque",
            "posts blindly: opaque",
            "submits a form: sent",
            "submits a form: sent",
            "posts: 200 success",
            "posts: 201 ok",
            "reads: [own, blind, submitted, seen]",
            "reads: [own, blind, submitted, seen]",
            "deletes: 200 success",
            "socket: open",
            "logs out blindly: opaque",
            "logs out: 200 ok",
        ],
    );
    let seen = scene.see_at(0, "look", &places).await;
    assert_eq!(seen, ["reads: [blind, submitted, seen]", "reads: 403 unauthenticated", "socket: open"]);
}
