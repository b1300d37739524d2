//! What answers say to browsers, and what they do not say of who answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tests::{Answer, Applicant, Caller as _, Guest, Stack, WebUser};

const SAID: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];
/// What tells which software answers, or how long it took.
const NOT_SAID: [&str; 6] =
    ["server", "x-powered-by", "via", "x-runtime", "server-timing", "x-amzn-remapped-server"];
/// Parts of this system's insides, in lower case.
const INSIDES: [&str; 7] = ["dynamodb", "panicked", "src/", ".rs:", "arn:aws", "stack backtrace", "axum"];

/// Checks an answer's headers, and that its body tells nothing of what is behind it.
#[track_caller]
fn check(answer: &Answer) {
    for (name, value) in SAID {
        let said: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(said, [value], "{name} of {} ({})", answer.question, answer.status);
    }
    says_nothing(answer);
}

#[track_caller]
fn says_nothing(answer: &Answer) {
    for name in NOT_SAID {
        assert_eq!(answer.header(name), None, "{} ({})", answer.question, answer.status);
    }
    // Without TLS nobody is to be asked to use it.
    assert_eq!(answer.header("strict-transport-security"), None, "{}", answer.question);
    let body = answer.text().to_lowercase();
    for inside in INSIDES {
        assert!(!body.contains(inside), "{} answered {body}", answer.question);
    }
}

#[tokio::test]
async fn answers_of_every_function_say_it_whatever_they_are() {
    let stack = Stack::shared().await;
    let anyone = stack.anonymous();
    let user = Applicant::named().join(&stack).await;
    for (path, status) in [
        ("/users", 200),
        ("/chats", 200),
        ("/chats_v2/unread", 200),
        ("/chat_rooms", 200),
        ("/chat_groups", 200),
        ("/chat_bot", 200),
        ("/notifications", 200),
        ("/chats/1", 404),
        ("/chats/x", 400),
        ("/chat_bot?until=yesterday", 400),
    ] {
        check(&user.get(path).await.expect(status));
    }
    for path in
        ["/users", "/chats", "/chat_rooms", "/chat_groups", "/chat_bot", "/messages", "/api/conversations"]
    {
        check(&anyone.get(path).await.expect(401));
    }
    check(&anyone.get("/publicKey").await.expect(200));
    check(&anyone.get("/nowhere/at?all=1").await.expect(404));
    check(&anyone.get("/").await.expect(404));
    check(&anyone.delete("/users").await.expect(404));
    check(&anyone.post("/login").body("application/json", "{").await.expect(400));
    check(&anyone.post("/login").body("text/plain", "x").await.expect(415));
    check(
        &anyone
            .post("/login")
            .json(&json!({"email": "nobody@example.com", "password": "12345678"}))
            .await
            .expect(401),
    );
    check(
        &user
            .post("/chats")
            .json(&json!({"receiver_id": user.id, "message": "x", "type": "text"}))
            .await
            .expect(400),
    );
    check(&anyone.put("/backend/chats/a/users").json(&json!({})).await.expect(401));
}

#[tokio::test]
async fn answers_with_cookies_say_it_too() {
    let stack = Stack::shared().await;
    let web = WebUser::new(&stack).await;
    check(&web.get("/api/chats").await.expect(200));
    check(&web.get("/api/user").await.expect(200));
    check(&web.get("/api/chats/1").await);
    check(&stack.anonymous().get("/api/chats").await.expect(403));
    check(&web.post("/api/logout").await);
    let guest = Guest::new(&stack).await;
    check(&guest.get("/api/conversations").await.expect(200));
    let other_site = guest.post("/api/conversations").header("origin", "https://elsewhere.example");
    check(&other_site.json(&json!({"title": "x"})).await.expect(403));
}

/// Its address has a token, its style is its own, and it is in nobody's cache or frame.
#[tokio::test]
async fn the_page_of_a_confirmation_allows_its_own_style_and_nothing_else() {
    let stack = Stack::shared().await;
    let token = Applicant::new().register(&stack).await;
    for status in [201, 404] {
        let open = stack.anonymous().get(&format!("/register/{token}"));
        let page = open.header("accept", "text/html").await.expect(status);
        says_nothing(&page);
        for (name, value) in SAID.into_iter().filter(|(name, _)| *name != "content-security-policy") {
            assert_eq!(page.header(name), Some(value), "{name}");
        }
        let text = page.text();
        let (_, style) = text.split_once("<style>").expect("a style");
        let (style, rest) = style.split_once("</style>").expect("its end");
        assert!(!text.contains("style=") && !rest.contains("<s"), "{text}");
        let hash = BASE64.encode(Sha256::digest(style));
        let policy = page.header("content-security-policy").unwrap_or_default();
        let parts: Vec<_> = policy.split("; ").collect();
        assert!(parts.contains(&format!("style-src 'sha256-{hash}'").as_str()), "{policy}");
        assert!(
            parts.contains(&"default-src 'none'") && parts.contains(&"frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

/// A moment of the year 10000 in UTC, which only its offset keeps in 9999.
#[tokio::test]
async fn no_moment_is_a_failure() {
    let stack = Stack::shared().await;
    let user = Applicant::named().join(&stack).await;
    for moment in ["9999-12-31T23:59:59.999-23:59", "0000-01-01T00:00:00%2B23:59"] {
        check(&user.get(&format!("/chat_bot?until={moment}")).await.expect(200));
    }
}
