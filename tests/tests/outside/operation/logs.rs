//! The one line that each invocation leaves in the log.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};
use tests::{Caller as _, Guest, Log, Platform, Stack, User, WebUser, eventually, unique};

use super::crowd::rotate;
use crate::common::{is_moment, text_to};

/// What every line tells.
const ALWAYS: [&str; 9] = [
    "function",
    "latencyMs",
    "level",
    "readUnits",
    "requestId",
    "route",
    "storageCalls",
    "timestamp",
    "writeUnits",
];

/// What is known of an invocation over HTTP from outside: the function, the route, the status, and whose it was.
type Known = (&'static str, &'static str, u64, Option<String>);

/// The same, as a line has it; of whom a platform knows only that it is somebody.
fn told(line: &Value) -> (String, String, u64, Option<String>) {
    let text = |name: &str| line[name].as_str().map(str::to_owned);
    let status = line["status"].as_u64().unwrap_or_default();
    let who = text("userId").or_else(|| text("member").map(|_| "a member".to_owned()));
    (text("function").unwrap_or_default(), text("route").unwrap_or_default(), status, who)
}

/// The lines of invocations over HTTP: whatever else there is has no method in its route.
fn over_http(log: &Log) -> Vec<Value> {
    let mut lines = log.invocations();
    lines.retain(|line| line["route"].as_str().is_some_and(|route| route.contains(' ')));
    lines
}

/// How often something is there.
fn counted<T: Ord>(all: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    all.into_iter().for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}

/// Checks that these invocations over HTTP, and no others, have left a line each.
async fn exactly(log: &Log, known: Vec<Known>) -> Vec<Value> {
    let lines = eventually("a line of each invocation", async || {
        let lines = over_http(log);
        (lines.len() >= known.len()).then_some(lines)
    })
    .await;
    let known = known
        .into_iter()
        .map(|(function, route, status, who)| (function.to_owned(), route.to_owned(), status, who));
    assert_eq!(counted(lines.iter().map(told)), counted(known));
    lines
}

/// What the making of a user invokes.
fn joining() -> [Known; 2] {
    [
        ("AccountsFunction", "POST /register", 202, None),
        ("AccountsFunction", "GET /register/{token}", 201, None),
    ]
}

/// Checks what every line must be like, whatever it is about.
#[track_caller]
fn check(line: &Value) {
    for name in ALWAYS {
        assert!(!line[name].is_null(), "no {name} in {line}");
    }
    assert!(is_moment(&line["timestamp"]), "{line}");
    assert_eq!(line["level"], "INFO", "{line}");
    for name in ["latencyMs", "readUnits", "writeUnits", "storageCalls"] {
        assert!(line[name].as_f64().is_some_and(|number| number >= 0.0), "{name} in {line}");
    }
    assert!(line["userId"].is_null() || line["member"].is_null(), "{line}");
    assert!(line["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
}

#[tokio::test]
async fn each_request_has_one_line_that_says_what_was_asked_by_whom_and_how_it_went() {
    let (stack, log) = Stack::start_logged(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let ids = [&ada, &bob].map(|user| Some(user.id.to_string()));
    let [by_ada, by_bob] = ids.clone();
    let mut known = [joining(), joining()].concat();
    known.extend(ids.map(|id| ("AccountsFunction", "POST /login", 200, id)));

    ada.write(&bob, "hello").await;
    ada.post("/chats").json(&json!({"receiver_id": bob.id})).await.refused(400);
    bob.get("/chats").await.expect(200);
    bob.get("/chats/").await.expect(200);
    bob.get("/chats/1?count=7").await.refused(404);
    stack.anonymous().get("/chats").header("authentication", "nobody's").await.refused(401);
    stack.anonymous().get("/notifications").await.refused(401);
    let room = ada.open_room("A place").await;
    ada.post_to_room(room, "hello").await;
    bob.get("/no/such/path?at=all").await.refused(404);
    stack.anonymous().call(Method::PATCH, "/users").await.refused(404);
    known.extend([
        ("ChatsFunction", "POST /chats", 201, by_ada.clone()),
        ("ChatsFunction", "POST /chats", 400, by_ada.clone()),
        ("ChatsFunction", "GET /chats", 200, by_bob.clone()),
        ("ChatsFunction", "GET /chats/", 200, by_bob.clone()),
        ("ChatsFunction", "GET /chats/{chat_id}", 404, by_bob.clone()),
        ("ChatsFunction", "GET /chats", 401, None),
        ("AccountsFunction", "GET /notifications", 401, None),
        ("ChatRoomsFunction", "POST /chat_rooms", 201, by_ada.clone()),
        ("ChatRoomsFunction", "POST /chat_rooms/{chat_room_id}/message", 201, by_ada),
        ("AccountsFunction", "GET /{path+}", 404, None),
        ("AccountsFunction", "PATCH /{path+}", 404, None),
    ]);
    let lines = exactly(&log, known).await;
    lines.iter().for_each(check);
    let ids: BTreeSet<_> = lines.iter().map(|line| line["requestId"].to_string()).collect();
    assert_eq!(ids.len(), lines.len(), "each invocation has an id of its own");
    for line in &lines {
        let is_write = line["status"] == 201;
        assert!(!is_write || line["writeUnits"].as_f64() > Some(0.0), "{line}");
        // What is wrong in itself is refused before anything is read.
        let reads = !line["userId"].is_null() && line["status"] != 400;
        assert!(!reads || line["readUnits"].as_f64() > Some(0.0), "{line}");
        assert!(!reads || line["storageCalls"].as_u64() > Some(0), "{line}");
    }
}

#[tokio::test]
async fn who_calls_by_cookie_is_told_by_the_same_id_and_who_a_platform_knows_by_none() {
    let (stack, log) = Stack::start_logged(&[]).await;
    let web = WebUser::new(&stack).await;
    web.get("/api/chats").await.expect(200);
    let guest = Guest::new(&stack).await;
    guest.get("/api/conversations").await.expect(200);
    let platform = Platform::new(&stack);
    let members = platform.members(2).await;
    let [ada, bob] = &members[..] else { unreachable!("two members") };
    for member in [ada, ada, bob] {
        member.get("/messages").await.expect(200);
    }
    let own = Some(web.id.to_string());
    let guests = Some(tests::token::subject(&guest.session));
    let member = || Some("a member".to_owned());
    let lines = eventually("a line of each invocation", async || {
        let lines = over_http(&log);
        (lines.len() >= 8).then_some(lines)
    })
    .await;
    let reads = lines.iter().filter(|line| line["status"] == 200).filter(|line| {
        ["GET /api/chats", "GET /api/conversations", "GET /messages"]
            .iter()
            .any(|route| line["route"] == *route)
    });
    let expected: Vec<Known> = vec![
        ("WebFunction", "GET /api/chats", 200, own),
        ("ConversationsFunction", "GET /api/conversations", 200, guests),
        ("MessagesFunction", "GET /messages", 200, member()),
        ("MessagesFunction", "GET /messages", 200, member()),
        ("MessagesFunction", "GET /messages", 200, member()),
    ];
    let expected = expected
        .into_iter()
        .map(|(function, route, status, who)| (function.to_owned(), route.to_owned(), status, who));
    assert_eq!(counted(reads.map(told)), counted(expected));

    let hashes: Vec<_> = lines.iter().filter_map(|line| line["member"].as_str()).collect();
    let counts = counted(hashes.iter().copied());
    assert_eq!(counts.values().copied().collect::<BTreeSet<_>>(), [1, 2].into(), "{hashes:?}");
    for hash in hashes {
        assert!(hash.len() <= 32 && members.iter().all(|member| !member.id.contains(hash)), "{hash}");
    }
}

#[tokio::test]
async fn sockets_queues_and_schedules_have_their_lines_too() {
    let (stack, log) = Stack::start_logged(&["--parameter", "FanOutLimit=1"]).await;
    let [ada, bob] = User::pair(&stack).await;
    let mut sockets = [bob.socket().await, bob.socket().await];
    let mut own = tests::Socket::open(&ada.socket_url()).await;
    let room = json!({"chat_type": "room", "other_user_id": bob.id, "message": "hello"});
    own.say(&room).await;
    own.say(&json!({"chat_type": "bot", "message": "hello"})).await;
    for socket in &mut sockets {
        socket.expect("the message", |frame| frame["message"] == "hello").await;
    }
    own.close().await;
    rotate(&stack, &json!({})).await;
    stack.queue("Work").send(r#"{"job":"sweep","chat_id":1,"worker":"a test"}"#).await;

    let by_ada = json!(ada.id.to_string());
    let expected = [
        ("WebSocketFunction", "$connect", &by_ada),
        ("WebSocketFunction", "room", &by_ada),
        ("WebSocketFunction", "bot", &by_ada),
        ("WebSocketFunction", "$disconnect", &Value::Null),
        ("WebSocketFunction", "$default", &json!(bob.id.to_string())),
        ("FanOutFunction", "Broadcasts", &Value::Null),
        ("HousekeepingFunction", "Work", &Value::Null),
        ("HousekeepingFunction", "schedule", &Value::Null),
        ("KeyRotationFunction", "schedule", &Value::Null),
    ];
    for (function, route, who) in expected {
        let is_it = |line: &&Value| {
            let is_known = who.is_null() || line["userId"] == *who;
            line["function"] == function && line["route"] == route && is_known
        };
        let line = async || log.invocations().iter().find(is_it).cloned();
        check(&eventually(&format!("a line of {function}, {route}, of {who}"), line).await);
    }
}

#[tokio::test]
async fn what_a_path_or_a_query_holds_is_not_logged() {
    let (stack, log) = Stack::start_logged(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let secret = unique("secret");
    let paths = [
        format!("/{secret}"),
        format!("/chats/{secret}/more?{secret}={secret}"),
        format!("/users?count={secret}"),
        format!("/chats/{secret}"),
        format!("/register/{secret}"),
        format!("/api/user?name={secret}"),
        format!("/api/conversations/{secret}/{secret}"),
        format!("/backend/chats/{secret}/users"),
    ];
    for path in &paths {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = ada.call(method, path).json(&json!({secret.as_str(): secret})).await;
            assert!(answer.status.is_client_error(), "{answer:?}");
        }
    }
    let sent = ada.post("/chats").json(&text_to(&bob, &secret)).await.expect(201).json();
    bob.get(&format!("/chats/{}", sent["chat_id"])).await.expect(200);
    eventually("the last line", async || {
        let is_last = |line: &Value| line["route"] == "GET /chats/{chat_id}" && line["status"] == 200;
        log.invocations().iter().any(is_last).then_some(())
    })
    .await;
    let chat = sent["chat_id"].to_string();
    for line in log.invocations() {
        let line = line.to_string();
        assert!(!line.contains(&secret) && !line.contains(&chat), "{line}");
    }
    for (_, line) in log.of_functions() {
        assert!(!line.contains(&secret), "{line}");
    }
}
