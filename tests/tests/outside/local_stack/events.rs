//! `GET /events`: what happens in the stack, as it happens.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Applicant, Caller as _, Guest, Socket, Stack, User, WebUser, in_time, unique};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};

/// Somebody who reads the stream.
struct Watcher {
    stream: BufReader<TcpStream>,
    /// All that it has read.
    text: String,
}

impl Watcher {
    /// One that takes so many bytes at a time before it reads them.
    async fn of(stack: &Stack, room: u32) -> Self {
        let authority = stack.ready().console.trim_start_matches("http://");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(room).expect("a smaller buffer");
        let mut stream = socket.connect(authority.parse().expect("an address")).await.expect("the console");
        let request = format!("GET /events HTTP/1.1\r\nhost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("an open connection");
        Self { stream: BufReader::new(stream), text: String::new() }
    }

    /// The next event.
    async fn next(&mut self) -> Value {
        in_time("an event", async {
            loop {
                let from = self.text.len();
                assert_ne!(self.stream.read_line(&mut self.text).await.expect("a line"), 0, "it has ended");
                if let Some(event) = self.text[from..].strip_prefix("data: ") {
                    return serde_json::from_str(event).expect("JSON");
                }
            }
        })
        .await
    }

    /// The first event from here on that is as it should be.
    async fn expect(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next().await;
            if is_it(&event) {
                return event;
            }
        }
    }
}

#[tokio::test]
async fn an_invocation_is_told_with_what_it_took() {
    let stack = Stack::start(&[]).await;
    let [ada, bob] = User::pair(&stack).await;
    let mut watcher = Watcher::of(&stack, 1 << 20).await;
    let mut socket = ada.socket().await;
    ada.write(&bob, "hello").await;
    let sent = watcher.expect(|event| event["source"] == "POST /chats").await;
    assert_eq!((&sent["type"], &sent["function"]), (&json!("invocation"), &json!("ChatsFunction")));
    assert_eq!((&sent["status"], &sent["error"]), (&json!(201), &Value::Null));
    assert_eq!((&sent["cold"], &sent["user_id"]), (&json!(true), &json!(ada.id.to_string())));
    for number in ["duration_ms", "write_units", "storage_calls", "at"] {
        assert!(sent[number].as_f64().is_some_and(|number| number > 0.0), "{number} in {sent}");
    }
    ada.write(&bob, "hello again").await;
    let again = watcher.expect(|event| event["source"] == "POST /chats").await;
    assert_eq!((&again["cold"], again["request_id"] == sent["request_id"]), (&json!(false), false));

    // What is told of a socket can be put together: who it is of, what went over it, and its end.
    socket.send(&json!({"chat_type": "bot", "message": "hello bot"})).await;
    let asked = watcher.expect(|event| event["source"] == "bot").await;
    assert_eq!(asked["user_id"], ada.id.to_string());
    socket.close().await;
    let connection = &asked["connection_id"];
    let end = watcher.expect(|event| event["type"] == "disconnect").await;
    assert_eq!(end["connection_id"], *connection);
    let about = |direction: &str, text: &str| {
        let events = watcher.text.lines().filter_map(|line| line.strip_prefix("data: "));
        let mut events = events.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        events.any(|event| {
            event["connection_id"] == *connection
                && event["direction"] == direction
                && event["body"].as_str().is_some_and(|body| body.contains(text))
        })
    };
    assert!(about("in", "hello bot") && about("out", "\"chat_type\":\"bot\""), "{}", watcher.text);
}

#[tokio::test]
async fn whoever_comes_later_is_told_what_was_before() {
    let stack = Stack::start(&[]).await;
    let ada = User::new(&stack).await;
    ada.get("/chats").await.expect(200);
    let mut watcher = Watcher::of(&stack, 1 << 20).await;
    let sources = ["POST /register", "GET /register/{token}", "POST /login", "GET /chats"];
    for source in sources {
        watcher.expect(|event| event["source"] == source).await;
    }
}

#[tokio::test]
async fn what_a_crash_ended_is_told_as_failed() {
    let stack = Stack::start(&[]).await;
    let mut watcher = Watcher::of(&stack, 1 << 20).await;
    // An event that is none of API Gateway's is an error of the function.
    stack.try_invoke("ChatsFunction", &json!({"nothing": "known"})).await.expect_err("no event of its own");
    let failed = watcher.expect(|event| event["source"] == "Invoke").await;
    assert!(failed["error"].is_string() && failed["status"].is_null(), "{failed}");
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_so_and_holds_nobody_up() {
    let stack = Stack::start(&[]).await;
    let ada = User::new(&stack).await;
    // It opens, and does not read.
    let mut slow = Watcher::of(&stack, 4096).await;
    let mut fast = Watcher::of(&stack, 1 << 20).await;
    let text = "x".repeat(1900);
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(ada.socket().await);
    }
    let last = unique("the last frame");
    let writing = async {
        let frames = join_all(sockets.iter_mut().map(async |socket| {
            for _ in 0..400 {
                socket.send(&json!({"type": "ping", "message": text})).await;
                socket.expect("a pong", |frame| frame["type"] == "pong").await;
            }
        }));
        frames.await;
        ada.socket().await.send(&json!({"type": "ping", "message": last})).await;
    };
    let is_last = |event: &Value| event["body"].as_str().is_some_and(|body| body.contains(&last));
    let reading = fast.expect(is_last);
    futures::future::join(writing, reading).await;
    assert!(!fast.text.contains("\"lost\""), "whoever reads loses nothing");

    let lost = slow.expect(|event| event["type"] == "lost").await;
    assert!(lost["count"].as_u64().is_some_and(|count| count > 0), "{lost}");
    slow.expect(is_last).await;
}

#[tokio::test]
async fn the_stream_ends_with_the_stack() {
    let stack = Stack::start(&[]).await;
    let mut watcher = Watcher::of(&stack, 1 << 20).await;
    assert_eq!(stack.terminate().await, Some(0));
    let mut rest = String::new();
    let end = watcher.stream.read_to_string(&mut rest);
    tokio::time::timeout(Duration::from_secs(5), end).await.expect("an end").expect("UTF-8");
}

#[tokio::test]
async fn no_secret_is_told() {
    let stack = Stack::start(&[]).await;
    let mut watcher = Watcher::of(&stack, 1 << 20).await;
    let ada = User::new(&stack).await;
    let guest = Guest::new(&stack).await;
    let web = WebUser::new(&stack).await;
    let url = &stack.ready().websocket;
    let mut secrets =
        vec![ada.token.clone(), ada.applicant.password.clone(), guest.session.clone(), web.token.clone()];

    // A token in the query, one in a frame, one among what else a frame says, one in what is no JSON, and cookies.
    let mut by_query = Socket::open(&format!("{url}?token={}", ada.token)).await;
    by_query.send(&json!({"type": "ping"})).await;
    let mut by_frame = Socket::open(url).await;
    by_frame.send(&json!({"token": ada.token})).await;
    by_frame.expect("ready", |frame| frame["type"] == "ready").await;
    by_frame.send(&json!({"token": ada.token, "chat_type": "bot", "message": "hello"})).await;
    by_frame.send_text(&format!("token={}", ada.token)).await;
    by_frame.send(&json!({"a": {"password": "swordfish in a frame"}})).await;
    secrets.push("swordfish in a frame".to_owned());
    let by_cookie =
        [("cookie", format!("session={}", guest.session)), ("origin", stack.ready().console.clone())];
    let by_cookie = by_cookie.each_ref().map(|(name, value)| (*name, value.as_str()));
    Socket::try_open_with(url, &by_cookie).await.expect("a socket by a cookie");
    let link = Applicant::new().register(&stack).await;
    stack.anonymous().get(&format!("/register/{link}")).await;
    secrets.push(link);

    let last = unique("the last frame");
    by_frame.send(&json!({"type": "ping", "message": last})).await;
    watcher.expect(|event| event["body"].as_str().is_some_and(|body| body.contains(&last))).await;
    for secret in secrets {
        assert!(!watcher.text.contains(&secret), "{secret} is told");
    }
    for told in
        [r#"{\"token\":\"…\"}"#, r#"{\"a\":{\"password\":\"…\"}}"#, r#""source":"GET /register/{token}""#]
    {
        assert!(watcher.text.contains(told), "{told} is not among what is told");
    }
}
