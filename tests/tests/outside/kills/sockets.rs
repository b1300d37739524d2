//! Sockets: their beginning, what is said on them, and their end.

use std::rc::Rc;
use std::sync::Arc;

use futures::future::FutureExt as _;
use serde_json::{Value, json};
use tests::{Caller as _, Faults, Socket, Stack, Tables, User, WebUser, unique};
use tokio::sync::Mutex;

use super::Stage;
use super::operation::{Operation, Request, Scene, names_of, operation, soon};

const WEBSOCKET: &str = "websocket";
/// What API Gateway says when the function behind a route fails.
const FAILED: &str = "Internal server error";

/// Sends a frame, and gives as a status what comes back with its `client_id`.
async fn say(socket: &Mutex<Option<Socket>>, frame: &Value) -> u16 {
    let mut socket = socket.lock().await;
    let socket = socket.as_mut().expect("an open socket");
    socket.send(frame).await;
    let is_answer = |back: &Value| back["client_id"] == frame["client_id"] || back["message"] == FAILED;
    let back = socket.expect("an answer", is_answer).await;
    match back["code"].as_str() {
        _ if back["message"] == FAILED && back["client_id"].is_null() => 500,
        None => 200,
        Some("busy" | "internal") => 503,
        Some(_) => 400,
    }
}

/// Closes a socket, and tells whether everybody knows that soon.
async fn hang_up(socket: &Mutex<Option<Socket>>, user: &User, reader: &User, tables: &Tables) -> bool {
    if let Some(socket) = socket.lock().await.take() {
        socket.close().await;
    }
    soon(async || user.seen_by(reader).await["online"] == false && connections(tables, user).await.is_empty())
        .await
}

/// The records of a user's connections.
async fn connections(tables: &Tables, user: &User) -> Vec<Value> {
    let mut items = tables.items("Connections").await;
    let id = user.id.to_string();
    items.retain(|item| item["connection_id"].is_object() && item["user_id"]["N"] == id.as_str());
    items
}

/// Somebody with a socket and somebody to talk to, neither of whom has ever talked to anybody.
pub(super) struct Talk<const BEGUN: bool> {
    ada: User,
    bob: User,
    socket: Mutex<Option<Socket>>,
    tables: Tables,
    room: u64,
    key: String,
}

type First = Talk<false>;
type Later = Talk<true>;

impl<const BEGUN: bool> Scene for Talk<BEGUN> {
    type Cast = Rc<Stack>;

    async fn set(stage: &Stage, stack: &Self::Cast) -> Self {
        let mut people = Vec::new();
        for _ in 0..2 {
            // The password is worked on least so.
            let person = WebUser::new(stack).await;
            people.push(person.header_user(stack).await);
        }
        let [ada, bob]: [User; 2] = people.try_into().expect("two");
        let mut socket = ada.socket().await;
        let mut room = 0;
        if BEGUN {
            let frame = json!({"chat_type": "room", "other_user_id": bob.id, "message": "1"});
            room = socket.say(&frame).await["chat_room_id"].as_u64().expect("a chat_room_id");
            bob.post_to_room(room, "2").await;
            socket.say(&json!({"chat_type": "bot", "message": "Hello"})).await;
        }
        let (socket, tables) = (Mutex::new(Some(socket)), stage.tables());
        Self { ada, bob, socket, tables, room, key: unique("key") }
    }

    async fn seen(&self) -> Value {
        let mut seen = json!({"bot": self.ada.get("/chat_bot").await.expect(200).json()["messages"]});
        for (name, user) in [("ada", &self.ada), ("bob", &self.bob)] {
            let rooms = user.get("/chat_rooms").await.expect(200).rows();
            let mut messages = Vec::new();
            for room in &rooms {
                let read = user.get(&format!("/chat_rooms/{}", room["chat_room_id"])).await;
                messages.push(read.expect(200).json()["messages"].take());
            }
            let notifications = user.get("/notifications").await.expect(200).json();
            seen[name] = json!({"rooms": rooms, "messages": messages, "notifications": notifications});
        }
        seen
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let name = |user: &User, name| (user.applicant.user_name.clone().unwrap_or_default(), name);
        let mut names = [names_of(&self.ada, "ada", "Ada"), names_of(&self.bob, "bob", "Bob")].concat();
        names.retain(|(known, _)| !known.is_empty());
        names.extend([name(&self.ada, "Ada"), name(&self.bob, "Bob")]);
        names
    }

    /// Ada goes on talking, and closes the socket.
    async fn go_on(&self) -> Value {
        let mut said = Vec::new();
        for mut frame in [self.to_bob("going on"), json!({"chat_type": "bot", "message": "How are you?"})] {
            frame["client_id"] = json!(unique("frame"));
            said.push(say(&self.socket, &frame).await);
        }
        let offline = hang_up(&self.socket, &self.ada, &self.bob, &self.tables).await;
        json!({"said": said, "seen": self.seen().await, "offline": offline})
    }
}

impl<const BEGUN: bool> Talk<BEGUN> {
    /// A message to Bob, in the room of the two.
    fn to_bob(&self, text: &str) -> Value {
        json!({"chat_type": "room", "other_user_id": self.bob.id, "message": text, "client_id": self.key})
    }

    /// Ada says this.
    fn say(&self, frame: Value) -> Request<'_> {
        async move { say(&self.socket, &frame).await }.boxed_local()
    }

    /// A question to the bot.
    fn to_bot(&self) -> Value {
        json!({"chat_type": "bot", "message": "I feel great", "client_id": self.key})
    }
}

const ANSWER: (&[&str], &str) = (&["bot"], "a question stays, and is answered when it comes again");

pub(super) const FIRST: &[Operation<First>] = &[
    operation("room", WEBSOCKET, |scene: &First| scene.say(scene.to_bob("hello"))),
    operation("bot", WEBSOCKET, |scene: &First| scene.say(scene.to_bot())).lagging(ANSWER.0, ANSWER.1),
];

pub(super) const LATER: &[Operation<Later>] = &[
    operation("room", WEBSOCKET, |scene: &Later| scene.say(scene.to_bob("hello"))),
    // The same room, by its id.
    operation("room", WEBSOCKET, |scene: &Later| {
        scene.say(json!({
            "chat_type": "room", "chat_room_id": scene.room, "message": "hello", "client_id": scene.key,
        }))
    }),
    operation("bot", WEBSOCKET, |scene: &Later| scene.say(scene.to_bot())).lagging(ANSWER.0, ANSWER.1),
];

/// A room and a group, and two people of whom one has a socket in the group.
pub(super) struct Places {
    people: Rc<Pair>,
    tables: Tables,
    socket: Mutex<Option<Socket>>,
    room: u64,
    group: u64,
    key: String,
}

/// Two people who know each other.
pub(super) struct Pair {
    ada: User,
    bob: User,
}

impl Scene for Places {
    type Cast = Rc<Pair>;

    async fn set(stage: &Stage, people: &Self::Cast) -> Self {
        let Pair { ada, bob } = people.as_ref();
        let room = bob.open_room("A room").await;
        bob.post_to_room(room, "1").await;
        let group = bob.create_group("A group").await;
        let socket = ada.socket().await;
        ada.enter(group).await;
        let (socket, tables) = (Mutex::new(Some(socket)), stage.tables());
        Self { people: people.clone(), tables, socket, room, group, key: unique("key") }
    }

    async fn seen(&self) -> Value {
        let Pair { ada, bob } = self.people.as_ref();
        let inside = bob.look_into(self.group).await;
        let mut seen = json!({"group": {"present": inside["present"], "messages": inside["messages"]}});
        seen["room"] = json!({
            "messages": bob.get(&format!("/chat_rooms/{}", self.room)).await.expect(200).json()["messages"],
            "users": bob.get(&format!("/chat_rooms/{}/users", self.room)).await.expect(200).json(),
        });
        for (name, user) in [("ada", ada), ("bob", bob)] {
            let mut notifications =
                user.get("/notifications").await.expect(200).json()["notifications"].take();
            let rows = notifications.as_array_mut().expect("notifications");
            rows.retain(|row| row["chat_room_id"] == self.room || row["chat_group_id"] == self.group);
            seen[name] = notifications;
        }
        seen
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let Pair { ada, bob } = self.people.as_ref();
        let mut names = [names_of(ada, "ada", "Ada"), names_of(bob, "bob", "Bob")].concat();
        names.extend([(self.room.to_string(), "room"), (self.group.to_string(), "group")]);
        names
    }

    /// Ada talks in both, and closes the socket.
    async fn go_on(&self) -> Value {
        let Pair { ada, bob } = self.people.as_ref();
        let mut said = Vec::new();
        for frame in [self.to_room("going on", &unique("frame")), self.to_group("going on", &unique("frame"))]
        {
            said.push(say(&self.socket, &frame).await);
        }
        bob.post_to_room(self.room, "and on").await;
        let seen = self.seen().await;
        let offline = hang_up(&self.socket, ada, bob, &self.tables).await;
        let left = soon(async || bob.look_into(self.group).await["present"] == json!([])).await;
        json!({"said": said, "seen": seen, "offline": offline, "left": left})
    }
}

impl Places {
    fn to_room(&self, text: &str, key: &str) -> Value {
        json!({"chat_type": "room", "chat_room_id": self.room, "message": text, "client_id": key})
    }

    fn to_group(&self, text: &str, key: &str) -> Value {
        json!({"chat_type": "group", "chat_group_id": self.group, "message": text, "client_id": key})
    }

    /// Ada says this.
    fn say(&self, frame: Value) -> Request<'_> {
        async move { say(&self.socket, &frame).await }.boxed_local()
    }

    /// Leaves the group, and gives as a status what comes back.
    fn leave(&self) -> Request<'_> {
        async {
            let mut socket = self.socket.lock().await;
            let socket = socket.as_mut().expect("an open socket");
            socket.send(&json!({"chat_type": "group", "chat_group_id": self.group, "event": "leave"})).await;
            let is_answer = |back: &Value| {
                let is_left = back["event"] == "leave" && back["user_id"] == self.people.ada.id;
                is_left || back["message"] == FAILED
            };
            let back = socket.expect("an answer", is_answer).await;
            if back["message"] == FAILED { 500 } else { 200 }
        }
        .boxed_local()
    }
}

pub(super) const PLACES: &[Operation<Places>] = &[
    operation("room", WEBSOCKET, |scene: &Places| scene.say(scene.to_room("hello", &scene.key)))
        .lagging(&["users"], "the place in a room is taken before the message is stored"),
    operation("group", WEBSOCKET, |scene: &Places| scene.say(scene.to_group("hello", &scene.key))),
    operation("group", WEBSOCKET, |scene: &Places| scene.leave()),
];

/// Nobody has said whose it is.
const BARE: usize = 1;
/// It is Ada's, and in a group.
const KNOWN: usize = 2;
/// There is none.
const NONE: usize = 0;

/// Somebody whose socket comes or goes.
pub(super) struct Passing<const SOCKET: usize> {
    people: Rc<Pair>,
    tables: Tables,
    faults: Arc<Faults>,
    socket: Mutex<Option<Socket>>,
    group: u64,
}

impl<const SOCKET: usize> Scene for Passing<SOCKET> {
    type Cast = Rc<Pair>;

    async fn set(stage: &Stage, people: &Self::Cast) -> Self {
        let Pair { ada, bob } = people.as_ref();
        let group = bob.create_group("A group").await;
        let socket = match SOCKET {
            NONE => None,
            BARE => Some(Socket::open(&stage.stack.ready().websocket).await),
            _ => Some(ada.socket().await),
        };
        if SOCKET == KNOWN {
            ada.enter(group).await;
        }
        let (people, tables) = (people.clone(), stage.tables());
        let (faults, socket) = (stage.faults.clone(), Mutex::new(socket));
        Self { people, tables, faults, socket, group }
    }

    /// Time passes, and then something is said to Ada, to the group, and to everybody: what is on record of a socket that
    /// has ended is found out.
    async fn settle(&self, _: &Stage) {
        let Pair { ada, bob } = self.people.as_ref();
        let expires = (tests::millis() / 1000 + 3600).to_string();
        for item in self.tables.items("Connections").await {
            let key = json!({"pk": item["pk"], "sk": item["sk"]});
            for (name, value) in item.as_object().into_iter().flatten() {
                let mut value = value.clone();
                if name.starts_with("socket:") {
                    value["M"]["expires_at"] = json!({"N": expires});
                } else if name == "expires_at" {
                    value = json!({"N": expires});
                } else {
                    continue;
                }
                self.tables.set("Connections", &key, name, &value).await;
            }
        }
        bob.write(ada, "hello").await;
        let socket = bob.socket().await;
        bob.enter(self.group).await;
        socket.close().await;
        soon(async || bob.seen_by(ada).await["online"] == false).await;
    }

    async fn seen(&self) -> Value {
        let Pair { ada, bob } = self.people.as_ref();
        let present = bob.look_into(self.group).await["present"].take();
        let present = present.as_array().is_some_and(|present| present.contains(&json!(ada.id)));
        json!({
            "online": ada.seen_by(bob).await["online"],
            "present": present,
            "records": connections(&self.tables, ada).await.len(),
        })
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        Vec::new()
    }

    /// The socket hears what is said, and is closed.
    async fn go_on(&self) -> Value {
        let Pair { ada, bob } = self.people.as_ref();
        let text = unique("text");
        bob.write(ada, &text).await;
        let heard = match self.socket.lock().await.as_mut() {
            Some(socket) => socket.so_far().await.iter().filter(|frame| frame["message"] == *text).count(),
            None => 0,
        };
        json!({"heard": heard, "offline": hang_up(&self.socket, ada, bob, &self.tables).await})
    }
}

impl<const SOCKET: usize> Passing<SOCKET> {
    /// Opens a socket by a token.
    fn open(&self) -> Request<'_> {
        async {
            match Socket::try_open(&self.people.ada.socket_url()).await {
                Ok(socket) => {
                    *self.socket.lock().await = Some(socket);
                    200
                }
                Err(status) => status,
            }
        }
        .boxed_local()
    }

    /// Says whose a socket is.
    fn init(&self) -> Request<'_> {
        async {
            let mut socket = self.socket.lock().await;
            let socket = socket.as_mut().expect("an open socket");
            socket.send(&json!({"token": self.people.ada.token})).await;
            let is_answer = |back: &Value| back["type"] == "ready" || back["message"] == FAILED;
            let back = socket.expect("an answer", is_answer).await;
            if back["type"] == "ready" { 200 } else { 500 }
        }
        .boxed_local()
    }

    /// Closes the socket. Nobody is told what becomes of that: it is over when nothing is on record any more, or whoever
    /// was about to see to that has been killed.
    fn close(&self) -> Request<'_> {
        async {
            let Pair { ada, bob } = self.people.as_ref();
            let met = self.faults.met();
            if let Some(socket) = self.socket.lock().await.take() {
                socket.close().await;
            }
            let is_over = async || {
                let is_forgotten = connections(&self.tables, ada).await.is_empty()
                    && bob.look_into(self.group).await["present"] == json!([]);
                self.faults.met() > met || is_forgotten
            };
            if soon(is_over).await { 200 } else { 504 }
        }
        .boxed_local()
    }
}

pub(super) const OPENING: &[Operation<Passing<NONE>>] =
    &[operation("$connect", WEBSOCKET, |scene: &Passing<NONE>| scene.open())];

pub(super) const INTRODUCING: &[Operation<Passing<BARE>>] =
    &[operation("$default", WEBSOCKET, |scene: &Passing<BARE>| scene.init()).lagging(
        &["online", "records"],
        "a socket is listed as its user's before its record says whose it is",
    )];

/// Nobody repeats it: what it leaves is found out later.
pub(super) const CLOSING: &[Operation<Passing<KNOWN>>] =
    &[operation("$disconnect", WEBSOCKET, |scene: &Passing<KNOWN>| scene.close())];

#[tokio::test(flavor = "multi_thread")]
async fn first_frames_are_whole() {
    let stage = Stage::new().await;
    stage.play(&stage.stack.clone(), FIRST).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn later_frames_are_whole() {
    let stage = Stage::new().await;
    stage.play(&stage.stack.clone(), LATER).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_whole() {
    let stage = Stage::new().await;
    let [ada, bob] = User::pair(&stage.stack).await;
    let cast = Rc::new(Pair { ada, bob });
    stage.play(&cast, PLACES).await;
    stage.play(&cast, OPENING).await;
    stage.play(&cast, INTRODUCING).await;
    stage.play(&cast, CLOSING).await;
    stage.end().await;
}
