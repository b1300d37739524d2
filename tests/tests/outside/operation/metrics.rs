//! What lines count, in CloudWatch's embedded metric format.

use serde_json::{Value, json};
use tests::store_proxy::Fate;
use tests::{Applicant, Caller as _, Faults, Log, Stack, User, WebUser, eventually, unique};

use crate::common::{send, text_to};
use crate::stale::Stale;

/// Everything that is counted, with its unit.
const METRICS: [(&str, &str); 6] = [
    ("Sends", "Count"),
    ("Deliveries", "Count"),
    ("StaleConnections", "Count"),
    ("Conflicts", "Count"),
    ("StorageErrors", "Count"),
    ("QueueAge", "Milliseconds"),
];

/// The lines of a route that an invocation of this status has left, once there are so many.
async fn lines(log: &Log, route: &str, status: u64, count: usize) -> Vec<Value> {
    let there = async || {
        let mut lines = log.invocations();
        lines.retain(|line| line["route"] == route && line["status"] == status);
        (lines.len() >= count).then_some(lines)
    };
    let lines = eventually(&format!("{count} lines of {route}"), there).await;
    assert_eq!(lines.len(), count, "{lines:?}");
    lines.iter().for_each(check);
    lines
}

/// The one line of a route and a status.
async fn line(log: &Log, route: &str, status: u64) -> Value {
    lines(log, route, status, 1).await.remove(0)
}

/// Checks that a line is what CloudWatch makes metrics of: of each that it names there is a number, and of each
/// dimension a text; and that it counts nothing without saying so.
#[track_caller]
fn check(line: &Value) {
    let counted: Vec<_> = METRICS.iter().filter(|(name, _)| !line[*name].is_null()).collect();
    if counted.is_empty() {
        assert!(line["_aws"].is_null(), "{line}");
        return;
    }
    assert!(line["_aws"]["Timestamp"].as_u64().is_some_and(|ms| ms > 1_700_000_000_000), "{line}");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().expect("directives");
    let [directive] = &directives[..] else { panic!("not one directive: {line}") };
    assert_eq!(directive["Namespace"], "Chat", "{line}");
    assert_eq!(directive["Dimensions"], json!([["Stack"]]), "{line}");
    assert!(line["Stack"].as_str().is_some_and(|name| !name.is_empty()), "{line}");
    let metrics = directive["Metrics"].as_array().expect("metrics");
    for metric in metrics {
        let name = metric["Name"].as_str().expect("a name");
        assert!(line[name].is_number(), "{name} in {line}");
        let known = METRICS.iter().find(|(known, _)| *known == name);
        assert_eq!(known.map(|(_, unit)| json!(unit)), Some(metric["Unit"].clone()), "{name} in {line}");
    }
    for (name, _) in counted {
        assert!(metrics.iter().any(|metric| metric["Name"] == *name), "{name} in {line}");
    }
}

/// How many of something a line counts.
fn count(line: &Value, name: &str) -> u64 {
    line[name].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn a_message_counts_once_however_often_it_is_sent() {
    let (stack, log) = Stack::start_logged(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let (key, body) = (unique("key"), text_to(&bob, "hello"));
    for _ in 0..3 {
        send(&ada, "/chats", &body, &key).await.expect(201);
    }
    let sent = lines(&log, "POST /chats", 201, 3).await;
    let sends: Vec<_> = sent.iter().map(|line| count(line, "Sends")).collect();
    assert_eq!(sends.iter().sum::<u64>(), 1, "{sends:?}");
    assert!(sent.iter().any(|line| line["_aws"].is_object()));
}

#[tokio::test]
async fn what_reads_alone_counts_nothing() {
    let (stack, log) = Stack::start_logged(&[]).await;
    let ada = User::new(&stack).await;
    ada.get("/chats").await.expect(200);
    let line = line(&log, "GET /chats", 200).await;
    assert!(line["_aws"].is_null() && line["Stack"].is_null(), "{line}");
    assert!(line["readUnits"].as_f64() > Some(0.0), "{line}");
    assert_eq!(line["writeUnits"].as_f64(), Some(0.0), "{line}");
}

#[tokio::test]
async fn messages_of_every_kind_count() {
    let (stack, log) = Stack::start_logged(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("A place").await;
    ada.post_to_room(room, "hello").await;
    let web = WebUser::new(&stack).await;
    let chat = web.open_chat("A chat").await;
    web.say(chat, "hello").await;
    let mut socket = ada.socket().await;
    socket.say(&json!({"chat_type": "room", "other_user_id": bob.id, "message": "hello"})).await;
    let routes = ["POST /chat_rooms/{chat_room_id}/message", "POST /api/chats/{chat_id}", "room"];
    for route in routes {
        let counting = async || {
            log.invocations().into_iter().find(|line| line["route"] == route && count(line, "Sends") > 0)
        };
        let line = eventually(&format!("a send by {route}"), counting).await;
        check(&line);
        assert_eq!(count(&line, "Sends"), 1, "{line}");
    }
}

#[tokio::test]
async fn frames_that_were_delivered_count_and_so_do_connections_that_were_gone() {
    let (stack, log) = Stack::start_logged(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let mut sockets = [bob.socket().await, bob.socket().await];
    let lost = Stale::of(&stack.tables(), bob.id).await;
    ada.write(&bob, "hello").await;
    for socket in &mut sockets {
        socket.expect("the message", |frame| frame["message"] == "hello").await;
    }
    lost.is_forgotten().await;
    let line = line(&log, "POST /chats", 201).await;
    assert_eq!((count(&line, "Deliveries"), count(&line, "StaleConnections")), (2, 1), "{line}");
    assert_eq!(count(&line, "StorageErrors"), 0, "{line}");
}

#[tokio::test]
async fn frames_count_where_they_are_posted_and_what_was_queued_tells_how_long_it_waited() {
    let (stack, log) = Stack::start_logged(&["--parameter", "FanOutLimit=1"]).await;
    let [ada, bob] = User::pair(&stack).await;
    let mut sockets = [bob.socket().await, bob.socket().await];
    // Bob's first socket, of which nobody hears; his second is not told of.
    ada.write(&bob, "hello").await;
    for socket in &mut sockets {
        socket.expect("the message", |frame| frame["message"] == "hello").await;
    }
    let line = line(&log, "POST /chats", 201).await;
    assert_eq!((count(&line, "Sends"), count(&line, "Deliveries")), (1, 0), "{line}");
    let posted = async || {
        let mut lines = log.invocations();
        lines.retain(|line| line["route"] == "Broadcasts");
        let delivered: u64 = lines.iter().map(|line| count(line, "Deliveries")).sum();
        (delivered >= 2).then_some((delivered, lines))
    };
    let (delivered, lines) = eventually("the deliveries", posted).await;
    assert_eq!(delivered, 2, "{lines:?}");
    lines.iter().for_each(check);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_counts_as_a_conflict() {
    let (stack, log) = Stack::start_logged(&[]).await;
    let applicant = Applicant::new();
    let links = [applicant.register(&stack).await, applicant.register(&stack).await];
    applicant.confirm(&stack, &links[0]).await;
    stack.anonymous().get(&format!("/register/{}", links[1])).await.refused(409);
    let refused = line(&log, "GET /register/{token}", 409).await;
    assert!(count(&refused, "Conflicts") > 0, "{refused}");
    assert_eq!(count(&refused, "StorageErrors"), 0, "{refused}");
    assert_eq!(count(&line(&log, "GET /register/{token}", 201).await, "Conflicts"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_counts_as_errors_of_the_store() {
    let (stack, log, faults) = Faults::start_logged().await;
    let [ada, bob] = User::pair(&stack).await;
    let text = unique("text");
    ada.write(&bob, "before").await;
    faults.set(|_, request| match request["TableName"] == "Messages" || request["TableName"] == "Chats" {
        true => Fate::FailBefore,
        false => Fate::Pass,
    });
    let answer = ada.post("/chats").json(&text_to(&bob, &text)).await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    faults.end();
    let line = line(&log, "POST /chats", u64::from(answer.status.as_u16())).await;
    assert!(count(&line, "StorageErrors") > 0, "{line}");
    assert_eq!(count(&line, "Sends"), 0, "{line}");
    // Whatever is said of the failure does not say what was to be stored.
    let lines = log.of_functions();
    assert!(lines.len() > 1, "{lines:?}");
    for (_, line) in lines {
        assert!(!line.contains(&text) && !line.contains(&ada.token), "{line}");
    }
}
