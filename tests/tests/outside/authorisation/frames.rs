//! Every kind of frame, sent by everybody as the first one of a socket, with a token in it.

use futures::future::join;
use serde_json::{Value, json};
use tests::{Caller as _, Socket, Stack, unique};

use super::people::Cast;
use super::{Thing, Wallet};
use crate::common::{say_to, seen};

/// A frame, and what becomes of it for each of those who have a good token: the code that it is refused with,
/// or [`SERVED`]. They are who made the things, a member, somebody who has left the group, a stranger, and a
/// user of a platform. Whoever has no good token gets `unauthenticated` and is closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    route: &'static str,
    /// The frame without its token. What is in braces is a value of the thing.
    frame: &'static str,
    /// A field of the frame that answers it, and its value.
    reply: (&'static str, &'static str),
    cells: [&'static str; 5],
}

impl Row {
    /// The template's name of the route that the gateway takes for it.
    pub(super) fn route(&self) -> &'static str {
        self.route
    }
}

const fn row(
    route: &'static str,
    frame: &'static str,
    reply: (&'static str, &'static str),
    cells: [&'static str; 5],
) -> Row {
    Row { route, frame, reply, cells }
}

const SERVED: &str = "";
const FORBIDDEN: &str = "forbidden";
/// Every message comes back to its sender.
const BACK: (&str, &str) = ("client_id", "{client_id}");
/// For everybody but users of platforms, who send signed messages over HTTP and are only told things here.
const FOR_USERS: [&str; 5] = [SERVED, SERVED, SERVED, SERVED, FORBIDDEN];
const FOR_MEMBERS: [&str; 5] = [SERVED, SERVED, FORBIDDEN, FORBIDDEN, FORBIDDEN];

pub(super) const ROWS: &[Row] = &[
    row("$default", "{}", ("type", "ready"), [SERVED; 5]),
    row("$default", r#"{"type":"ping"}"#, ("type", "pong"), [SERVED; 5]),
    row("$default", r#"{"type":"resume","chats":{"{pair}":0,"{chat}":0}}"#, ("type", "resumed"), FOR_USERS),
    row("$default", r#"{"type":"nothing"}"#, BACK, ["unknown_type"; 5]),
    row("$default", r#"{"chat_type":"nothing","message":"hello"}"#, BACK, ["unknown_chat_type"; 5]),
    row("room", r#"{"chat_type":"room","chat_room_id":{room},"message":"hello"}"#, BACK, FOR_USERS),
    row("room", r#"{"chat_type":"room","chat_room_id":{full},"message":"hello"}"#, BACK, FOR_MEMBERS),
    row("room", r#"{"chat_type":"room","chat_room_id":{pair},"message":"hello"}"#, BACK, FOR_MEMBERS),
    row("room", r#"{"chat_type":"room","other_user_id":{loner},"message":"hello"}"#, BACK, FOR_USERS),
    row(
        "group",
        r#"{"chat_type":"group","chat_group_id":{group},"message":"hello"}"#,
        BACK,
        // Who leaves a group stays a member.
        [SERVED, SERVED, SERVED, FORBIDDEN, FORBIDDEN],
    ),
    row(
        "group",
        r#"{"chat_type":"group","chat_group_id":{group},"event":"leave"}"#,
        ("event", "leave"),
        FOR_USERS,
    ),
    row("bot", r#"{"chat_type":"bot","message":"hello"}"#, BACK, FOR_USERS),
];

/// People, and one thing of every kind between them.
struct Scene {
    stack: Stack,
    cast: Cast,
    thing: Thing,
    /// One of the owner's that is in the group.
    _socket: Socket,
}

impl Scene {
    async fn new() -> Self {
        let stack = Stack::shared().await;
        let cast = Cast::new(&stack).await;
        let Cast { owner, member, former, loner, .. } = &cast;
        let mark = unique("mark");
        let mut socket = owner.user.socket().await;
        let pair = say_to(&member.user, &mut socket, &mark).await;
        let chat = owner.user.write(&member.user, &mark).await;
        let room = owner.user.open_room("A room").await;
        let full = json!({"title": "A full room", "latitude": 48.25, "longitude": 16.5, "capacity": 2});
        let full = owner.user.post("/chat_rooms").json(&full).await.expect(201).json();
        let full = full["chat_room_id"].as_u64().expect("a chat_room_id");
        for person in [owner, member] {
            person.user.post_to_room(full, "hello").await;
        }
        let group = owner.user.create_group("A group").await;
        for person in [owner, member, former] {
            person.user.enter(group).await;
        }
        former.user.delete(&format!("/chat_groups/{group}/presence")).await.expect(204);
        let ids = [("pair", pair), ("chat", chat), ("room", room), ("full", full), ("group", group)];
        let mut values: Vec<_> = ids.into_iter().map(|(name, id)| (name, id.to_string())).collect();
        values.push(("loner", loner.id()));
        Self { stack, thing: Thing { values, mark }, cast, _socket: socket }
    }

    /// A frame with this token, and the `client_id` that its answer has.
    fn frame(&self, row: &Row, token: Option<&str>) -> (Value, String) {
        let mut frame: Value = serde_json::from_str(&self.thing.fill(row.frame)).expect("a frame of JSON");
        let client_id = unique("frame");
        frame["client_id"] = json!(client_id);
        if let Some(token) = token {
            frame["token"] = json!(token);
        }
        (frame, client_id)
    }

    /// The tokens in the order of cells.
    fn good(&self) -> [&str; 5] {
        let [owner, member, former, stranger] =
            self.cast.four().map(|(_, person)| person.user.token.as_str());
        [owner, member, former, stranger, &self.cast.wallet.member.access]
    }

    /// What is no token here.
    fn bad(&self) -> Vec<&str> {
        let Wallet { web, guest, member, key, .. } = &self.cast.wallet;
        let mut bad = vec![web.token.as_str(), &guest.session, &member.refresh, key];
        bad.extend(
            self.cast.ended.iter().flat_map(|(_, person)| [person.user.token.as_str(), &person.web.token]),
        );
        bad
    }

    async fn socket(&self) -> Socket {
        Socket::open(&self.stack.ready().websocket).await
    }

    /// All that those who take part see.
    async fn view(&self) -> Value {
        let Cast { owner, member, stranger, loner, .. } = &self.cast;
        let mut paths = ["/chat_rooms", "/chats", "/chat_bot", "/notifications"].map(str::to_owned).to_vec();
        for name in ["pair", "room", "full"] {
            paths.push(format!("/chat_rooms/{}", self.thing.value(name)));
        }
        paths.push(format!("/chat_groups/{}?until=2100-01-01T00:00:00.000Z", self.thing.value("group")));
        let (owners, members) = join(seen(&owner.user, &paths), seen(&member.user, &paths)).await;
        let others = join(seen(&stranger.user, &paths[..4]), seen(&loner.user, &paths[..4])).await;
        json!([owners, members, others.0, others.1])
    }

    /// Whoever has no token, a bad one or another surface's is told so and nothing else, and is not served.
    async fn refuses_outsiders(&self, row: &Row) {
        let (frame, _) = self.frame(row, None);
        let mut socket = self.socket().await;
        assert_eq!(socket.refused(&frame).await, "unauthenticated", "{row:?} without a token");
        for token in self.bad() {
            let mut socket = self.socket().await;
            assert_eq!(socket.refused(&self.frame(row, Some(token)).0).await, "unauthenticated", "{row:?}");
            socket.closed().await;
        }
    }

    /// What one of those with a good token gets until the answer, which is the last.
    async fn answers(&self, row: &Row, token: &str) -> Vec<Value> {
        let (frame, client_id) = self.frame(row, Some(token));
        let reply = (row.reply.0, json!(row.reply.1.replace("{client_id}", &client_id)));
        let mut socket = self.socket().await;
        socket.send(&frame).await;
        let mut frames = Vec::new();
        loop {
            let frame = socket.next().await;
            let is_last = frame[reply.0] == reply.1 || frame["client_id"] == json!(client_id);
            frames.push(frame);
            if is_last {
                return frames;
            }
        }
    }
}

#[tokio::test]
async fn the_rows_hold() {
    let scene = Scene::new().await;
    for row in ROWS {
        let before = scene.view().await;
        scene.refuses_outsiders(row).await;
        let people = scene.good().into_iter().zip(row.cells);
        let (served, refused): (Vec<_>, Vec<_>) = people.partition(|(_, code)| *code == SERVED);
        for (token, code) in refused {
            let answers = scene.answers(row, token).await;
            assert_eq!(
                answers.last().map(|frame| &frame["code"]),
                Some(&json!(code)),
                "{row:?}: {answers:?}"
            );
            assert!(!json!(answers).to_string().contains(&scene.thing.mark), "{row:?}: {answers:?}");
        }
        assert_eq!(scene.view().await, before, "what refused frames of {row:?} have changed");
        for (token, _) in served {
            let answers = scene.answers(row, token).await;
            let last = answers.last().expect("an answer");
            assert!(last["error"].is_null(), "{row:?}: {answers:?}");
        }
    }
    scene.cast.wallet.is_good(&scene.stack).await;
}

#[tokio::test]
async fn what_is_missed_comes_only_to_those_who_take_part() {
    let scene = Scene::new().await;
    let is_resume = |row: &&Row| row.frame.contains("resume");
    let row = ROWS.iter().find(is_resume).expect("the row of resume");
    for (place, token) in scene.good().into_iter().take(4).enumerate() {
        let answers = scene.answers(row, token).await;
        let is_told = json!(answers).to_string().contains(&scene.thing.mark);
        assert_eq!(is_told, place < 2, "{answers:?}");
        let chats = &answers.last().expect("an answer")["chats"];
        for name in ["pair", "chat"] {
            let seq = if place < 2 { 1 } else { 0 };
            // As for an id that nothing has.
            let expected = json!({"recovered": place < 2, "seq": seq});
            assert_eq!(chats[scene.thing.value(name)], expected, "{chats}");
        }
    }
}

/// The upgrade takes the same tokens as the first frame.
#[tokio::test]
async fn the_upgrade_takes_login_and_access_tokens_alone() {
    let scene = Scene::new().await;
    let url = &scene.stack.ready().websocket;
    for token in scene.good() {
        Socket::open(&format!("{url}?token={token}")).await.so_far().await;
    }
    for token in scene.bad() {
        let opened = Socket::try_open(&format!("{url}?token={token}")).await;
        assert_eq!(opened.err(), Some(401), "{token}");
    }
}
