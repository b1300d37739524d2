//! Pages of other origins.

use http::Method;
use serde_json::json;
use tests::{Answer, Call, Caller as _, Guest, Stack, eventually, unique};

const ONE: &str = "http://one.example";
const TWO: &str = "https://two.example";
const CONVERSATIONS: &str = "/api/conversations";

/// Origins that nobody has allowed. Some look like those that are.
const OTHERS: [&str; 8] = [
    "https://three.example",
    "https://one.example",
    "http://two.example",
    "http://one.example:8080",
    "http://sub.one.example",
    "http://one.example.evil.example",
    "http://one.example,https://two.example",
    "null",
];

/// What a page may read of an answer that it may read.
const SHARED: [(&str, &str); 2] = [
    ("access-control-allow-credentials", "true"),
    ("access-control-expose-headers", "location,retry-after,unread_count"),
];

/// A stack that lets the pages of two origins call.
async fn stack_for_two() -> Stack {
    Stack::start(&["--parameter", &format!("AllowedOrigins={ONE},{TWO}")]).await
}

/// What an answer says of origins.
fn of_origins(answer: &Answer) -> Vec<(&str, &str)> {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
        .filter(|(name, _)| *name == "vary" || name.starts_with("access-control-"))
        .collect();
    headers.sort_unstable();
    headers
}

/// Checks that the pages of an origin may read an answer.
#[track_caller]
fn shared(answer: &Answer, origin: &str) {
    let [credentials, exposed] = SHARED;
    let expected = [credentials, ("access-control-allow-origin", origin), exposed, ("vary", "origin")];
    assert_eq!(of_origins(answer), expected, "{} of {origin}", answer.question);
}

/// Checks that no page of another origin may read an answer.
#[track_caller]
fn not_shared(answer: &Answer, to: &str) {
    assert_eq!(of_origins(answer), [], "{} {to}", answer.question);
}

/// A preflight, without what it asks for.
fn preflight(stack: &Stack, origin: &str, path: &str) -> Call {
    stack.anonymous().call(Method::OPTIONS, path).header("origin", origin)
}

/// Checks that this is the answer to a preflight, and gives what it says of origins.
#[track_caller]
fn answered(answer: &Answer) -> Vec<(&str, &str)> {
    assert_eq!((answer.status.as_u16(), answer.text()), (204, String::new()), "{}", answer.question);
    of_origins(answer)
}

#[tokio::test]
async fn a_preflight_of_an_allowed_origin_is_told_what_it_may_send() {
    let stack = stack_for_two().await;
    // No route has the method OPTIONS, and the last two paths have no route at all.
    let paths = ["/auth/register", CONVERSATIONS, "/api/conversations/1/2", "/chats/", "/no/such/path", "/"];
    for origin in [ONE, TWO] {
        let expected = [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "authentication,authorization,content-type,idempotency-key"),
            ("access-control-allow-methods", "GET,POST,PUT,DELETE"),
            ("access-control-allow-origin", origin),
            ("access-control-max-age", "3600"),
            ("vary", "origin"),
        ];
        for path in paths {
            let simple =
                preflight(&stack, origin, path).header("access-control-request-method", "POST").await;
            assert_eq!(answered(&simple), expected, "{origin} {path}");
        }
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let answer = preflight(&stack, origin, CONVERSATIONS)
                .header("access-control-request-method", method)
                .header(
                    "access-control-request-headers",
                    "Authorization,content-type, idempotency-key,authentication",
                )
                .await;
            assert_eq!(answered(&answer), expected, "{origin} {method}");
        }
    }
}

#[tokio::test]
async fn a_preflight_for_what_is_not_allowed_is_told_nothing() {
    let stack = stack_for_two().await;
    for origin in OTHERS {
        let answer =
            preflight(&stack, origin, CONVERSATIONS).header("access-control-request-method", "GET").await;
        assert_eq!(answered(&answer), [], "{origin}");
    }
    for method in ["PATCH", "OPTIONS", "get", ""] {
        let answer =
            preflight(&stack, ONE, CONVERSATIONS).header("access-control-request-method", method).await;
        assert_eq!(answered(&answer), [], "{method}");
    }
    for headers in ["x-other", "content-type,x-other", "cookie"] {
        let answer = preflight(&stack, ONE, CONVERSATIONS)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", headers)
            .await;
        assert_eq!(answered(&answer), [], "{headers}");
    }
}

#[tokio::test]
async fn a_preflight_invokes_no_function() {
    let stack = stack_for_two().await;
    let running = |function: &str| stack.processes().iter().any(|(_, name)| name == function);
    for (function, path) in [("accounts", "/no/such/path"), ("conversations", CONVERSATIONS)] {
        stack.crash(function);
        eventually("the end of the process", async || (!running(function)).then_some(())).await;
        let answer = preflight(&stack, ONE, path).header("access-control-request-method", "GET").await;
        assert_ne!(answered(&answer), [], "{path}");
        assert!(!running(function), "{function} was started for a preflight");
        stack.anonymous().get(path).await;
        assert!(running(function), "{function} was not started for a request");
    }
}

#[tokio::test]
async fn options_without_a_question_is_a_request_that_no_route_takes() {
    let stack = stack_for_two().await;
    let without_method = preflight(&stack, ONE, CONVERSATIONS).await.expect(404);
    assert_eq!(without_method.json(), json!({"message": "Not Found"}));
    shared(&without_method, ONE);
    let call = stack.anonymous().call(Method::OPTIONS, CONVERSATIONS);
    let without_origin = call.header("access-control-request-method", "GET").await.expect(404);
    not_shared(&without_origin, "without an origin");
    let get = stack.anonymous().get(CONVERSATIONS).header("origin", ONE);
    get.header("access-control-request-method", "GET").await.expect(401);
}

#[tokio::test]
async fn the_pages_of_allowed_origins_alone_may_read_answers() {
    let stack = stack_for_two().await;
    let ada = Guest::new(&stack).await;
    let anonymous = stack.anonymous();
    let calls = || {
        [
            (200, ada.get(CONVERSATIONS)),
            (401, anonymous.get(CONVERSATIONS)),
            (404, anonymous.get("/no/such/path")),
        ]
    };
    for origin in [ONE, TWO] {
        for (status, call) in calls() {
            shared(&call.header("origin", origin).await.expect(status), origin);
        }
    }
    for origin in OTHERS {
        for (status, call) in calls() {
            not_shared(&call.header("origin", origin).await.expect(status), origin);
        }
    }
    for (status, call) in calls() {
        not_shared(&call.await.expect(status), "without an origin");
    }
}

#[tokio::test]
async fn a_page_may_read_what_the_gateway_refuses_by_itself() {
    let stack = stack_for_two().await;
    let too_much = || vec![b' '; 11 * 1024 * 1024];
    let call = || stack.anonymous().post("/auth/register").body("application/json", too_much());
    shared(&call().header("origin", TWO).await.expect(413), TWO);
    not_shared(&call().header("origin", "https://three.example").await.expect(413), "of another origin");
    let long = "x".repeat(12 * 1024);
    let answer = stack.anonymous().get(CONVERSATIONS).header("origin", ONE).header("x-long", &long).await;
    shared(&answer.expect(431), ONE);
}

/// From its registration on, by the cookie that it gets.
#[tokio::test]
async fn a_page_of_an_allowed_origin_may_do_what_a_page_of_the_api_may() {
    let stack = stack_for_two().await;
    let body = json!({"username": unique("Guest")});
    let answer = stack.anonymous().post("/auth/register").header("origin", TWO).json(&body).await.expect(200);
    shared(&answer, TWO);
    let cookie =
        answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
    let title = json!({"title": "From another origin"});
    let open = |origin| {
        let call = stack.anonymous().post(CONVERSATIONS).header("cookie", &cookie);
        call.header("origin", origin).json(&title)
    };
    shared(&open(TWO).await.expect(200), TWO);
    let refused = open("https://three.example").await;
    assert_eq!(refused.status, 403);
    not_shared(&refused, "of another origin");
}

#[tokio::test]
async fn without_the_parameter_the_console_is_the_only_other_origin() {
    let stack = Stack::start(&[]).await;
    let console = stack.ready().console.clone();
    let asked = |origin: &str| {
        preflight(&stack, origin, CONVERSATIONS).header("access-control-request-method", "POST")
    };
    let answer = asked(&console).await;
    assert!(answered(&answer).contains(&("access-control-allow-origin", &console)), "{answer:?}");
    shared(&stack.anonymous().get(CONVERSATIONS).header("origin", &console).await.expect(401), &console);
    let (own, localhost) = (&stack.ready().http, console.replacen("127.0.0.1", "localhost", 1));
    for origin in [own, &localhost, ONE, "null"] {
        assert_eq!(answered(&asked(origin).await), [], "{origin}");
        not_shared(&stack.anonymous().get(CONVERSATIONS).header("origin", origin).await.expect(401), origin);
    }
}
