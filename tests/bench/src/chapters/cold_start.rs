//! Cold starts: from the start of a process to its first answer, beside the least that a Lambda in Rust can be.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Guest, Platform, Stack, User, WebUser, target_folder};

use super::broadcast;
use crate::Setup;
use crate::function::{self, Function, Start};
use crate::report::{Bar, Measured, Table, figure};
use crate::samples::{Samples, millis};

/// DESIGN's bar: so many times what the bare one takes.
const MOST: f64 = 2.5;

/// A token that no key of the system has signed, which takes one storage call to find out.
const UNKNOWN_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Im5vYm9keSJ9.e30.c2lnbmF0dXJl";

/// What a function is asked first.
struct First {
    /// By somebody with a credential that is worth nothing.
    refused: Value,
    /// By somebody who may.
    served: Value,
}

pub(super) async fn measure(setup: &Setup) -> Measured {
    let stack = setup.start(&[]).await;
    let firsts = firsts(&stack).await;
    let functions = function::functions(&stack);
    let named = functions.iter().map(|function| function.name.as_str());
    assert!(named.eq(firsts.keys().copied()), "a function is missing here");
    let bare = target_folder().join("bare");

    let mut taken: BTreeMap<&str, Vec<[Start; 2]>> = BTreeMap::new();
    let mut bares = Vec::new();
    // Round after round, so that whatever else the machine does meets all of them alike.
    for round in 0..=setup.pick(3, 25) {
        let hello = function::start(&bare, &functions[0].environment, &json!({})).await;
        assert_eq!(hello.answer, "hello");
        if round > 0 {
            bares.push(hello);
        }
        for (First { refused, served }, Function { name, executable, environment, .. }) in
            firsts.values().zip(&functions)
        {
            let refused = function::start(executable, environment, refused).await;
            let served = function::start(executable, environment, served).await;
            check(name, &refused, &served);
            // The first round reads the executables from the disk.
            if round > 0 {
                taken.entry(name.as_str()).or_default().push([refused, served]);
            }
        }
    }

    let hello = median(bares.iter().map(|start| start.answered));
    let mut table = Table::new([
        "function",
        "ready ms",
        "one call ms",
        "× bare",
        "calls",
        "first request ms",
        "of calls",
    ]);
    let ready = figure(millis(median(bares.iter().map(|start| start.asked))));
    table.add([
        "bare".into(),
        ready,
        figure(millis(hello)),
        "1.00".into(),
        "0".into(),
        String::new(),
        String::new(),
    ]);
    let mut slowest = (0.0, "");
    for (name, starts) in &taken {
        let times = |of: fn(&[Start; 2]) -> Duration| median(starts.iter().map(of));
        let refused = times(|[refused, _]| refused.answered);
        let ratio = refused.as_secs_f64() / hello.as_secs_f64();
        let [one, other] = &starts[0];
        table.add([
            (*name).to_owned(),
            figure(millis(times(|[refused, _]| refused.asked))),
            figure(millis(refused)),
            figure(ratio),
            one.storage_calls.to_string(),
            figure(millis(times(|[_, served]| served.answered))),
            other.storage_calls.to_string(),
        ]);
        // The bar is for those that need one call: what runs by schedule needs two.
        if ratio > slowest.0 && one.storage_calls <= 1 {
            slowest = (ratio, name);
        }
    }
    let how = "From the start of a process until it asks for its first event, and until it has answered it: somebody with a \
               token that no key has signed, which one storage call finds out, and somebody who may. Beside it the bare \
               `lambda_runtime` program of `src/bare.rs`, started the same way. Medians.";
    Measured {
        title: "Cold start",
        how: how.to_owned(),
        table,
        plots: Vec::new(),
        bars: vec![Bar {
            what: format!("cold start with one storage call ({})", slowest.1),
            measured: slowest.0,
            most: MOST,
            unit: " × bare",
        }],
    }
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    Samples::of(times.collect()).median()
}

/// Makes sure that what was timed is what the table says.
fn check(name: &str, refused: &Start, served: &Start) {
    let [refused, served] = [refused, served].map(|start| &start.answer["statusCode"]);
    if !served.is_null() {
        // Document 003 knows no 401.
        assert!(
            *served == 200 && (*refused == 401 || *refused == 403),
            "{name} answered {refused} and {served}"
        );
    }
}

/// What each function is asked.
async fn firsts(stack: &Stack) -> BTreeMap<&'static str, First> {
    let (user, web, guest) = (User::new(stack).await, WebUser::new(stack).await, Guest::new(stack).await);
    let member = Platform::new(stack).member("ada").await;
    let token = |token: &str| json!({"authorization": format!("Bearer {token}")});
    let by_header = |route: &str, good: &str| First {
        refused: request(route, token(UNKNOWN_TOKEN), &[]),
        served: request(route, token(good), &[]),
    };
    let session = |value: &str| vec![format!("session={value}")];
    let pair = |value: &str| vec![format!("user_id={}", web.id), format!("token={value}")];
    let by_cookies = |route: &str, cookies: &dyn Fn(&str) -> Vec<String>, good: &str| First {
        refused: request(route, json!({}), &cookies(UNKNOWN_TOKEN)),
        served: request(route, json!({}), &cookies(good)),
    };
    let scheduled = || First { refused: json!({}), served: json!({}) };
    BTreeMap::from([
        ("Accounts", by_header("GET /users", &user.token)),
        ("ChatBot", by_header("GET /chat_bot", &user.token)),
        ("ChatGroups", by_header("GET /chat_groups", &user.token)),
        ("ChatRooms", by_header("GET /chat_rooms", &user.token)),
        ("Chats", by_header("GET /chats/unread", &user.token)),
        ("Conversations", by_cookies("GET /api/conversations", &session, &guest.session)),
        ("FanOut", First { refused: broadcast(), served: broadcast() }),
        ("Housekeeping", scheduled()),
        ("KeyRotation", scheduled()),
        ("Messages", by_header("GET /messages", &member.access)),
        ("Web", by_cookies("GET /api/chats", &pair, &web.token)),
        ("WebSocket", First { refused: upgrade(UNKNOWN_TOKEN), served: upgrade(&user.token) }),
    ])
}

/// The event of a request without parameters.
fn request(route: &str, mut headers: Value, cookies: &[String]) -> Value {
    let (method, path) = route.split_once(' ').expect("a method and a path");
    headers["host"] = json!("127.0.0.1:3000");
    headers["x-forwarded-proto"] = json!("http");
    json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "", "headers": headers,
        "cookies": cookies, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "123456789012", "apiId": "local", "domainName": "127.0.0.1:3000", "domainPrefix": "127",
            "requestId": "bench", "routeKey": route, "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench",
            },
        },
    })
}

/// The event of an upgrade.
fn upgrade(token: &str) -> Value {
    json!({
        "headers": {"Host": "127.0.0.1:3001"}, "queryStringParameters": {"token": token}, "isBase64Encoded": false,
        "multiValueQueryStringParameters": {"token": [token]},
        "requestContext": {
            "routeKey": "$connect", "eventType": "CONNECT", "connectionId": "bench=", "apiId": "local", "stage": "live",
            "requestId": "bench", "extendedRequestId": "bench", "domainName": "127.0.0.1:3001", "messageDirection": "IN",
            "connectedAt": 1_767_225_600_000_u64, "requestTime": "01/Jan/2026:00:00:00 +0000",
            "requestTimeEpoch": 1_767_225_600_000_u64, "identity": {"sourceIp": "127.0.0.1"},
        },
    })
}
