//! Frames. A bad one is answered with an error frame, and the socket stays; but for a bad token, after which
//! it is closed.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Caller as _, Opcode, RawSocket, Stack, User, unique};

use super::direct::TYPES;
use super::engine::is_envelope;
use super::shot::{Coding, Sent};
use super::{Field, Kept, Kind, Trap, Verdict, body, column, rooms, seen, somebody};

/// Most bytes of a message, and of one of the frames that it comes in.
const MESSAGE: usize = 128 * 1024;
const FRAME: usize = 32 * 1024;
/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A kind of frame.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: &'static str,
    /// What is always in it.
    fixed: &'static str,
    fields: &'static [Field],
    /// Where its messages are read.
    history: &'static str,
}

const MESSAGE_TEXT: Field = body("message", Kind::Message).kept();

const ROWS: &[Row] = &[
    Row {
        name: "a message to a room",
        fixed: r#""chat_type":"room""#,
        fields: &[
            body("chat_room_id", Kind::Id(404)),
            MESSAGE_TEXT,
            body("type", Kind::Word(rooms::TYPES)).kept().optional(),
        ],
        history: "/chat_rooms/{room}",
    },
    Row {
        name: "a message to somebody",
        fixed: r#""chat_type":"room""#,
        fields: &[body("other_user_id", Kind::Id(404)), MESSAGE_TEXT],
        history: "/chat_rooms/{pair}",
    },
    Row {
        name: "a message to a group",
        fixed: r#""chat_type":"group""#,
        fields: &[body("chat_group_id", Kind::Id(404)), MESSAGE_TEXT],
        history: "/chat_groups/{group}?until=2100-01-01T00:00:00Z",
    },
    Row {
        name: "a message to the bot",
        fixed: r#""chat_type":"bot""#,
        fields: &[body("message", Kind::Message)],
        history: "",
    },
    Row {
        name: "the kind of chat",
        fixed: r#""message":"hello","chat_room_id":{room}"#,
        fields: &[body("chat_type", Kind::Word(&["room"]))],
        history: "",
    },
];

/// What is no frame at all, or not one of these.
const NO_FRAMES: &[&str] = &[
    "",
    " ",
    "null",
    "5",
    "\"a\"",
    "[]",
    "[{}]",
    "{",
    "{}",
    "}",
    "{\"type\":\"ping\"",
    "{\"type\":\"ping\"}}",
    "{\"type\":\"ping\",}",
    "{'type':'ping'}",
    "{\"type\":\"PING\"}",
    "{\"type\":\"ping\\u0000\"}",
    "{\"type\":5}",
    "{\"type\":[\"ping\"]}",
    "{\"type\":{}}",
    "{\"type\":\"\\ud800\"}",
    "{\"Type\":\"ping\"}",
    "\u{feff}{\"type\":\"ping\"}",
    "{\"type\":\"\"}",
    "{\"type\":\"ready\"}",
    "{\"type\":\"resume\"}",
    "{\"type\":\"resume\",\"chats\":[]}",
    "{\"type\":\"resume\",\"chats\":{\"a\":1}}",
    "{\"type\":\"resume\",\"chats\":{\"0\":1}}",
    "{\"type\":\"resume\",\"chats\":{\"-1\":1}}",
    "{\"type\":\"resume\",\"chats\":{\"1.5\":1}}",
    "{\"type\":\"resume\",\"chats\":{\"\":1}}",
    "{\"type\":\"resume\",\"chats\":{\"+5\":1}}",
    "{\"type\":\"resume\",\"chats\":{\"9007199254740992\":1}}",
    "{\"type\":\"resume\",\"chats\":{\"5\":-1}}",
    "{\"type\":\"resume\",\"chats\":{\"5\":1.5}}",
    "{\"type\":\"resume\",\"chats\":{\"5\":\"1\"}}",
    "{\"type\":\"resume\",\"chats\":{\"5\":null}}",
    "{\"type\":\"resume\",\"chats\":{\"5\":18446744073709551616}}",
    "{\"type\":\"resume\",\"chats\":5}",
    "{\"chat_type\":\"group\",\"chat_group_id\":{group},\"event\":\"enter\"}",
    "{\"chat_type\":\"group\",\"chat_group_id\":{group},\"event\":\"\"}",
    "{\"chat_type\":\"group\",\"chat_group_id\":{group},\"event\":\"LEAVE\"}",
    "{\"chat_type\":\"group\",\"chat_group_id\":{group},\"event\":5}",
    "{\"chat_type\":\"group\",\"event\":\"leave\"}",
    "{\"chat_type\":\"room\",\"message\":\"hello\"}",
    "{\"chat_type\":\"bot\"}",
    "{\"chat_type\":null}",
    "{\"chat_type\":\"room\",\"chat_room_id\":{room},\"other_user_id\":{bob},\"message\":\"hello\"}",
    "{\"chat_type\":\"bot\",\"chat_type\":\"room\",\"message\":5}",
    "{\"chat_type\":{\"$ne\":\"\"},\"message\":\"hello\"}",
];

/// What is a frame, whatever it looks like, and the field and value of the answer.
const FRAMES: &[(&str, &str, &str)] = &[
    ("{\"type\":\"ping\"}", "type", "pong"),
    (" \r\n\t{ \"type\" : \"ping\" } ", "type", "pong"),
    ("{\"\\u0074ype\":\"pin\\u0067\"}", "type", "pong"),
    ("{\"type\":\"ping\",\"chats\":null,\"message\":null}", "type", "pong"),
    ("{\"type\":\"ping\",\"__proto__\":{},\"\":1,\"\\u0000\":[],\"😀\":1e400e\":1}", "error", ""),
    ("{\"type\":\"ping\",\"__proto__\":{},\"\":1,\"\\u0000\":[],\"😀\":1e3}", "type", "pong"),
    ("{\"type\":\"resume\",\"chats\":{}}", "type", "resumed"),
    ("{\"type\":\"resume\",\"chats\":{\"9007199254740991\":18446744073709551615}}", "type", "resumed"),
    ("{\"type\":\"resume\",\"chats\":{\"{room}\":18446744073709551615}}", "type", "resumed"),
    ("{\"type\":\"resume\",\"chats\":{\"{room}\":9007199254740991}}", "type", "resumed"),
];

/// Two people with their sockets.
struct Frames {
    stack: Stack,
    ann: User,
    bob: User,
    ids: [(&'static str, u64); 5],
    sockets: [RawSocket; 2],
    failures: Vec<String>,
}

/// The next frame that `matches`, or why there is none.
async fn next(socket: &mut RawSocket, matches: impl Fn(&Value) -> bool) -> Result<Value, String> {
    let mut text = Vec::new();
    let reading = async {
        loop {
            let frame = socket.next().await;
            match frame.opcode {
                Opcode::Close => return Err(format!("the socket was closed: {:?}", frame.payload)),
                Opcode::Text | Opcode::Continuation => text.extend(frame.payload),
                _ => continue,
            }
            if frame.is_last {
                let frame = serde_json::from_slice(&std::mem::take(&mut text));
                let frame: Value = frame.map_err(|error| format!("no JSON: {error}"))?;
                // API Gateway's own words for a function that failed.
                if frame["message"] == "Internal server error" {
                    return Err(frame.to_string());
                }
                if matches(&frame) {
                    return Ok(frame);
                }
            }
        }
    };
    tokio::time::timeout(LIMIT, reading).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn send(socket: &mut RawSocket, text: &[u8]) {
    match std::str::from_utf8(text) {
        Ok(text) if text.len() > FRAME => socket.send_in_parts(text, FRAME).await,
        _ => socket.send(true, Opcode::Text, text).await,
    }
}

impl Frames {
    async fn new() -> Self {
        let stack = Stack::shared().await;
        let (ann, bob) = futures::future::join(somebody(&stack), somebody(&stack)).await;
        let sockets = [RawSocket::open(&ann.socket_url()).await, RawSocket::open(&bob.socket_url()).await];
        let room = ann.open_room("A room").await;
        bob.post_to_room(room, "first").await;
        let group = ann.create_group("A group").await;
        ann.enter(group).await;
        bob.enter(group).await;
        let mut ids = [("room", room), ("group", group), ("ann", ann.id), ("bob", bob.id), ("pair", 0)];
        let mut scene = Self { stack, ann, bob, ids, sockets, failures: Vec::new() };
        let first = r#"{"chat_type":"room","other_user_id":{bob},"message":"first","client_id":"first"}"#;
        let first = scene.fill(first);
        send(&mut scene.sockets[0], first.as_bytes()).await;
        let back = next(&mut scene.sockets[0], |frame| frame["client_id"] == "first").await.expect("a frame");
        ids[4].1 = back["chat_room_id"].as_u64().expect("a room");
        Self { ids, ..scene }
    }

    fn fill(&self, text: &str) -> String {
        let fill =
            |text: String, (name, id): &(&str, u64)| text.replace(&format!("{{{name}}}"), &id.to_string());
        self.ids.iter().fold(text.to_owned(), fill)
    }

    fn good(&self, name: &str) -> String {
        self.fill(match name {
            "chat_room_id" => "{room}",
            "other_user_id" => "{bob}",
            "chat_group_id" => "{group}",
            "type" => "text",
            "chat_type" => "room",
            "client_id" => "",
            _ => "a message",
        })
    }

    /// A frame with this in place of a field's good value.
    fn frame(&self, row: &Row, field: &Field, sent: &Sent, client_id: &str) -> Vec<u8> {
        let mut frame = format!("{{\"client_id\":\"{client_id}\",{}", self.fill(row.fixed)).into_bytes();
        for other in row.fields {
            let value = match sent {
                Sent::Nothing if other.name == field.name => continue,
                Sent::Text(text) if other.name == field.name => other.kind.encode(Coding::Json, text),
                Sent::Raw(bytes) if other.name == field.name => bytes.clone(),
                _ => other.kind.encode(Coding::Json, &self.good(other.name)),
            };
            frame.extend(format!(",\"{}\":", other.name).into_bytes());
            frame.extend(value);
        }
        frame.push(b'}');
        frame
    }

    async fn view(&self) -> Value {
        let paths = ["/chat_rooms", "/notifications", "/chat_bot"];
        json!([seen(&self.ann, &paths).await, seen(&self.bob, &paths).await])
    }

    /// Sends what must be refused, and stays open.
    async fn is_refused(&mut self, what: &str, frame: &[u8]) {
        send(&mut self.sockets[0], frame).await;
        let answer = next(&mut self.sockets[0], |back| back["error"].is_string() || answers(back)).await;
        let wrong = match answer {
            Ok(frame) => is_envelope(&frame).err().map(|why| format!("{why}: {:.200}", frame.to_string())),
            Err(why) => Some(why),
        };
        if let Some(wrong) = wrong {
            self.fail(what, &wrong).await;
        }
    }

    async fn fail(&mut self, what: &str, why: &str) {
        self.failures.push(format!("{what}: {why}"));
        self.sockets[0] = RawSocket::open(&self.ann.socket_url()).await;
        self.ann.enter(self.ids[1].1).await;
    }

    async fn holds(&mut self, row: &Row) {
        let before = self.view().await;
        for field in row.fields {
            for trap in traps(field).iter().filter(|trap| matches!(trap.verdict, Verdict::Refused(_))) {
                let frame = self.frame(row, field, &trap.sent, &unique("trap"));
                if frame.len() > MESSAGE || std::str::from_utf8(&frame).is_err() {
                    continue;
                }
                self.is_refused(&format!("{}, {}, {}", row.name, field.name, trap.name), &frame).await;
            }
        }
        if self.view().await != before {
            self.failures.push(format!("{}: what was refused has changed something", row.name));
        }
        for field in row.fields {
            let taken = traps(field).into_iter().filter(|trap| !matches!(trap.verdict, Verdict::Refused(_)));
            let taken: Vec<_> = taken.collect();
            for trap in &taken {
                self.is_taken(row, field, trap).await;
            }
            if field.kept == Kept::All {
                self.are_kept(row, field, &taken).await;
            }
        }
    }

    /// It comes back, and to the other one.
    async fn is_taken(&mut self, row: &Row, field: &Field, trap: &Trap) {
        let client_id = unique("trap");
        let frame = self.frame(row, field, &trap.sent, &client_id);
        send(&mut self.sockets[0], &frame).await;
        let readers = if row.history.is_empty() { 1 } else { 2 };
        for reader in 0..readers {
            let back = next(&mut self.sockets[reader], |back| back["client_id"] == client_id.as_str()).await;
            let wrong = match (back, &trap.verdict) {
                (Ok(back), _) if back["error"].is_string() => Some(back.to_string()),
                (Ok(back), Verdict::Kept(sent)) if !row.history.is_empty() && back[field.name] != *sent => {
                    Some(format!("reader {reader} has {:.100}", back.to_string()))
                }
                (Ok(_), _) => None,
                (Err(why), _) => Some(why),
            };
            if let Some(wrong) = wrong {
                self.fail(&format!("{}, {}, {}", row.name, field.name, trap.name), &wrong).await;
                return;
            }
        }
    }

    /// It is in the history.
    async fn are_kept(&mut self, row: &Row, field: &Field, taken: &[Trap]) {
        for reader in [&self.ann, &self.bob] {
            let chat = reader.get(&self.fill(row.history)).await.expect(200).json();
            let messages = chat["messages"].as_array().expect("messages");
            let newest = column(&messages[..taken.len().min(messages.len())], field.name);
            for (trap, shown) in taken.iter().rev().zip(newest) {
                if let Verdict::Kept(sent) = &trap.verdict
                    && *sent != shown
                {
                    let what = format!("{}, {}, {}", row.name, field.name, trap.name);
                    self.failures.push(format!("{what}: {:.100} is kept", shown.to_string()));
                }
            }
        }
    }

    fn finish(&self) {
        assert!(self.failures.is_empty(), "{} traps:\n{}", self.failures.len(), self.failures.join("\n"));
    }
}

fn traps(field: &Field) -> Vec<Trap> {
    field.traps(Coding::Json)
}

/// What comes when a frame is served after all.
fn answers(back: &Value) -> bool {
    back["client_id"].is_string() || ["pong", "resumed", "ready"].iter().any(|kind| back["type"] == *kind)
}

#[tokio::test]
async fn the_traps_of_messages_to_rooms() {
    let mut scene = Frames::new().await;
    for row in &ROWS[..2] {
        scene.holds(row).await;
    }
    scene.finish();
}

#[tokio::test]
async fn the_traps_of_other_messages() {
    let mut scene = Frames::new().await;
    for row in &ROWS[2..] {
        scene.holds(row).await;
    }
    scene.finish();
}

#[tokio::test]
async fn what_is_no_frame_is_refused() {
    let mut scene = Frames::new().await;
    let before = scene.view().await;
    for text in NO_FRAMES {
        let text = scene.fill(text);
        scene.is_refused(&text, text.as_bytes()).await;
    }
    let deep = [
        "[".repeat(10_000),
        "{\"a\":".repeat(5_000),
        format!("{{\"type\":\"ping\",\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)),
        format!(
            "{{\"type\":\"resume\",\"chats\":{{{}}}}}",
            (1..=101).map(|id| format!("\"{id}\":0")).collect::<Vec<_>>().join(",")
        ),
        format!("{{\"type\":\"{}\"}}", "x".repeat(100_000)),
        format!("{{\"client_id\":\"{}\",\"type\":\"nothing\"}}", "x".repeat(129)),
    ];
    for text in deep {
        scene.is_refused(&format!("{text:.40}"), text.as_bytes()).await;
    }
    assert_eq!(scene.view().await, before, "what was no frame has changed something");
    for (text, name, value) in FRAMES {
        let text = scene.fill(text);
        send(&mut scene.sockets[0], text.as_bytes()).await;
        let answer = next(&mut scene.sockets[0], |back| back["error"].is_string() || answers(back)).await;
        match answer {
            Ok(back) if back[*name] == *value || (*name == "error" && back["error"].is_string()) => {}
            other => scene.fail(&text, &format!("{other:?}")).await,
        }
    }
    scene.finish();
}

#[tokio::test]
async fn the_traps_of_client_ids() {
    let mut scene = Frames::new().await;
    let before = scene.view().await;
    let frame = |client_id: &str| {
        let rest = r#""chat_type":"room","chat_room_id":{room},"message":"hello""#;
        format!("{{{rest},\"client_id\":{client_id}}}")
    };
    for bad in [
        "\"\"",
        "5",
        "true",
        "[]",
        "{}",
        "[\"a\"]",
        "\"\\ud800\"",
        &format!("{:?}", "x".repeat(129)),
        &format!("{:?}", "é".repeat(65)),
    ] {
        let text = scene.fill(&frame(bad));
        scene.is_refused(&format!("client_id {bad}"), text.as_bytes()).await;
    }
    assert_eq!(scene.view().await, before, "a frame with a bad client_id has changed something");
    let stem = unique("id");
    for good in [
        stem.clone(),
        format!("{stem}😀\0\u{202e}\"\\"),
        format!("hash#{stem}#1"),
        format!(" {stem} "),
        "é".repeat(46) + &stem,
    ] {
        let text = scene.fill(&frame(&Value::from(good.as_str()).to_string()));
        for _ in 0..2 {
            send(&mut scene.sockets[0], text.as_bytes()).await;
            match next(&mut scene.sockets[0], |back| back["error"].is_string() || answers(back)).await {
                Ok(back) if back["client_id"] == good.as_str() && back["message"] == "hello" => {}
                other => scene.fail(&format!("client_id {good:?}"), &format!("{other:?}")).await,
            }
        }
    }
    scene.finish();
}

/// A bad token is told of, and the socket is closed.
#[tokio::test]
async fn the_traps_of_tokens_in_frames() {
    let mut scene = Frames::new().await;
    let field = body("token", Kind::Secret(401));
    let url = scene.stack.ready().websocket.clone();
    for trap in traps(&field) {
        let value = match &trap.sent {
            Sent::Text(text) => field.kind.encode(Coding::Json, text),
            Sent::Raw(bytes) => bytes.clone(),
            _ => b"null".to_vec(),
        };
        let frame = [&b"{\"type\":\"ping\",\"token\":"[..], &value, b"}"].concat();
        if frame.len() > MESSAGE || std::str::from_utf8(&frame).is_err() {
            continue;
        }
        let mut socket = RawSocket::open(&url).await;
        send(&mut socket, &frame).await;
        let told = match next(&mut socket, answers_or_refuses).await {
            Ok(back) => is_envelope(&back),
            Err(why) => Err(why),
        };
        if let Err(why) = told {
            scene.failures.push(format!("token, {}: {why}", trap.name));
        } else if trap.verdict == Verdict::Refused(401) {
            socket.close_code().await;
        }
    }
    scene.finish();
}

fn answers_or_refuses(back: &Value) -> bool {
    back["error"].is_string() || answers(back)
}

#[test]
fn the_types_of_rooms_are_those_of_chats_but_one() {
    assert_eq!([rooms::TYPES, &["customize"]].concat(), TYPES);
}
