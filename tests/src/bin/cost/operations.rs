//! The operations, each measured alone, in functions that are warm.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::json;
use tests::meter::{Cost, Meter, StoreCall};
use tests::{
    Algorithm, Answer, Applicant, Call, Caller as _, Encoding, Guest, Member, Platform, Socket, Stack, User,
    WebUser, eventually,
};

/// Most chats in the list that has a bar.
const CHATS: usize = 100;
/// Chats of somebody in the model of a month.
const FEW_CHATS: usize = 20;
/// Participants of a small room.
const COMPANY: usize = 10;
/// Participants of a large room.
const CROWD: usize = 1_000;
/// A message of the size that sending has a bar for.
const MESSAGE: usize = 512;

/// The most that an operation may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar {
    /// Read units.
    pub(crate) read: f64,
    /// Write units.
    pub(crate) write: f64,
    /// Calls that wait for one another.
    pub(crate) depth: usize,
}

const SEND: Bar = Bar { read: 4.0, write: 4.0, depth: 3 };
/// A signed message is queued for each of its receivers, in one transaction with the claim of its `clientHash`.
const SEND_SIGNED: Bar = Bar { read: 4.0, write: 5.0, depth: 3 };
const LIST: Bar = Bar { read: f64::INFINITY, write: 0.0, depth: 3 };

/// An operation, and the calls that it made.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What was done.
    pub(crate) name: &'static str,
    /// Its calls.
    pub(crate) calls: Vec<StoreCall>,
    /// What it may cost, if that is settled.
    pub(crate) bar: Option<Bar>,
}

/// Measures one operation after another.
struct Bench<'a> {
    meter: &'a Meter,
    measured: Vec<Measured>,
}

impl Bench<'_> {
    async fn measure<T>(
        &mut self,
        name: &'static str,
        bar: Option<Bar>,
        operation: impl IntoFuture<Output = T>,
    ) -> T {
        self.meter.start();
        let outcome = operation.await;
        self.measured.push(Measured { name, calls: self.meter.stop(), bar });
        outcome
    }
}

/// Measures everything.
pub(crate) async fn measure(stack: &Stack, meter: &Meter) -> Vec<Measured> {
    // One after the other: calls at the same time would start more than one process of a function, cold ones.
    let (warm, other) = (User::new(stack).await, User::new(stack).await);
    let chat = warm.write(&other, "warm").await;
    warm.get("/chats").await.expect(200);
    warm.get(&format!("/chats_v2/{chat}")).await.expect(200);
    warm.socket().await.close().await;
    let offline = async || (warm.seen_by(&other).await["online"] == json!(false)).then_some(());
    eventually("the end of the first socket", offline).await;

    let mut bench = Bench { meter, measured: Vec::new() };
    let [ada, bob] = accounts(stack, &mut bench).await;
    direct(&ada, &bob, &mut bench).await;
    mailbox(&ada, &bob, &mut bench).await;
    lists(stack, &ada, &bob, &mut bench).await;
    sockets(stack, &ada, &bob, &mut bench).await;
    rooms(&ada, &bob, &mut bench).await;
    frames(&ada, &bob, &mut bench).await;
    company(stack, &ada, &mut bench).await;
    signed(stack, &mut bench).await;
    conversations(stack, &mut bench).await;
    web(stack, &mut bench).await;
    // Last: calls at the same time start more processes, cold ones.
    crowd(stack, &ada, &bob, &mut bench).await;
    bench.measure("GET /logout", None, ada.get("/logout")).await.expect(200);
    bench.measured
}

/// Two people, one of whom is measured on its way in.
async fn accounts(stack: &Stack, bench: &mut Bench<'_>) -> [User; 2] {
    let bob = User::new(stack).await;
    let applicant = Applicant::named();
    let anonymous = stack.anonymous();
    let register = anonymous.post("/register").json(&applicant.body());
    bench.measure("POST /register", None, register).await.expect(202);
    let mails = stack.mails_to(&applicant.email).await;
    let link = mails.first().and_then(|mail| mail.confirmation_token()).expect("a link").to_owned();
    let id = bench.measure("GET /register/{token}", None, applicant.confirm(stack, &link)).await;
    let token = bench.measure("POST /login", None, applicant.login(stack)).await;
    let ada = User::known(stack, applicant, id, token);
    bench.measure("GET /users", None, ada.get("/users")).await.expect(200);
    [ada, bob]
}

fn send(by: &User, to: &User) -> Call {
    by.post("/chats").json(&json!({"receiver_id": to.id, "message": "x".repeat(MESSAGE), "type": "text"}))
}

fn chat_of(answer: &Answer) -> u64 {
    answer.json()["chat_id"].as_u64().expect("a chat_id")
}

async fn direct(ada: &User, bob: &User, bench: &mut Bench<'_>) {
    bench.measure("first send of a pair, 512 B", None, send(ada, bob)).await.expect(201);
    let chat = chat_of(&bench.measure("send 512 B", Some(SEND), send(ada, bob)).await.expect(201));
    bench.measure("send 512 B, the other way", Some(SEND), send(bob, ada)).await.expect(201);
    let keyed = || send(ada, bob).header("idempotency-key", "the same key");
    bench.measure("send 512 B with Idempotency-Key", Some(SEND), keyed()).await.expect(201);
    bench.measure("the same again", None, keyed()).await.expect(201);
    for _ in 0..100 {
        send(ada, bob).await.expect(201);
    }
    bench.measure("send 512 B after 100 others", Some(SEND), send(ada, bob)).await.expect(201);
    bench
        .measure("GET /chats/{chat_id}, 50 rows", None, bob.get(&format!("/chats/{chat}")))
        .await
        .expect(200);
    bench.measure("GET /chats/unread", None, bob.get("/chats/unread")).await.expect(200);
    bench.measure("POST /chats/read", None, bob.mark_read(chat)).await;
    let find = bob.get(&format!("/chats/users/{}/{}", ada.id, bob.id));
    bench.measure("GET /chats/users/{a}/{b}", None, find).await.expect(200);
    bench.measure("DELETE /chats/{chat_id}", None, bob.delete(&format!("/chats/{chat}"))).await.expect(204);
}

async fn mailbox(ada: &User, bob: &User, bench: &mut Bench<'_>) {
    let mut chat = 0;
    for _ in 0..110 {
        chat = chat_of(&send(ada, bob).await.expect(201));
    }
    let path = format!("/chats_v2/{chat}");
    bench.measure("GET /chats_v2/{chat_id}, 50 rows", None, bob.get(&path)).await.expect(200);
    let fetch = bob.get(&format!("{path}?ack=manual"));
    let rows = bench.measure("the same with ?ack=manual", None, fetch).await.expect(200).rows();
    let last = rows.last().expect("rows")["message_timestamp"].clone();
    let acknowledge = bob.post(&format!("{path}/ack")).json(&json!({"up_to": last}));
    bench.measure("POST /chats_v2/{chat_id}/ack, 50 rows", None, acknowledge).await.expect(200);
}

async fn lists(stack: &Stack, ada: &User, bob: &User, bench: &mut Bench<'_>) {
    // The chat with Bob is there already.
    for chats in 1..CHATS {
        if chats == FEW_CHATS {
            let unread = ada.get("/chats/unread");
            bench.measure("GET /chats/unread, 20 chats", Some(LIST), unread).await.expect(200);
        }
        let other = User::new(stack).await;
        other.write(ada, "hello").await;
    }
    let rows = bench.measure("GET /chats, 100 chats", Some(LIST), ada.get("/chats")).await.expect(200).rows();
    assert_eq!(rows.len(), CHATS);
    bench
        .measure("GET /chats/unread, 99 of 100 chats", Some(LIST), ada.get("/chats/unread"))
        .await
        .expect(200);
    bench.measure("GET /users, 50 of 104 users", None, bob.get("/users")).await.expect(200);
}

async fn sockets(stack: &Stack, ada: &User, bob: &User, bench: &mut Bench<'_>) {
    let url = &stack.ready().websocket;
    let mut bare = bench.measure("$connect", None, Socket::open(url)).await;
    let first = async {
        bare.send(&json!({"token": bob.token})).await;
        bare.expect("ready", |frame| frame["type"] == "ready").await;
    };
    bench.measure("first frame, first socket of a user", None, first).await;
    let url = format!("{url}?token={}", bob.token);
    let second = bench.measure("$connect with a token, second socket", None, Socket::open(&url)).await;
    bench.measure("ping", None, bare.so_far()).await;
    bench.measure("send 512 B, receiver has two sockets", Some(SEND), send(ada, bob)).await.expect(201);
    second.close().await;
    bare.close().await;
    let offline = async || (bob.seen_by(ada).await["online"] == json!(false)).then_some(());
    eventually("the end of the last socket", offline).await;
    // The others are told after that.
    bench.meter.silence().await;
    let socket = bench.measure("$connect with a token, first socket", None, Socket::open(&url)).await;
    let meter = bench.meter;
    let ending = async {
        socket.close().await;
        // Nobody answers a client that has gone.
        meter.silence().await;
    };
    bench.measure("$disconnect, last socket of a user", None, ending).await;
    eventually("the end of the socket", offline).await;
}

fn post(by: &User, room: u64) -> Call {
    by.post(&format!("/chat_rooms/{room}/message"))
        .json(&json!({"message": "x".repeat(MESSAGE), "type": "text"}))
}

/// A room of two, and lists of many rooms.
async fn rooms(ada: &User, bob: &User, bench: &mut Bench<'_>) {
    let room = ada.open_room("a room").await;
    bench.measure("first post to a room, 512 B", None, post(ada, room)).await.expect(201);
    post(bob, room).await.expect(201);
    bench.measure("post 512 B, room of 2", Some(SEND), post(ada, room)).await.expect(201);
    let keyed = post(bob, room).header("idempotency-key", "a key for the room");
    bench.measure("post 512 B with Idempotency-Key", Some(SEND), keyed).await.expect(201);
    for _ in 0..100 {
        post(bob, room).await.expect(201);
    }
    bench
        .measure("POST /chat_rooms/{id}/read", None, ada.post(&format!("/chat_rooms/{room}/read")))
        .await
        .expect(201);
    bench
        .measure("GET /chat_rooms/{id}, 100 rows", None, bob.get(&format!("/chat_rooms/{room}")))
        .await
        .expect(200);

    for number in 1..CHATS {
        let room = ada.open_room(&format!("room {number}")).await;
        post(bob, room).await.expect(201);
        post(ada, room).await.expect(201);
    }
    let list = bench.measure("GET /chat_rooms, 100 rooms", Some(LIST), ada.get("/chat_rooms")).await;
    assert_eq!(list.expect(200).rows().len(), CHATS);
    let list = bench.measure("GET /notifications, 100 rooms", Some(LIST), ada.get("/notifications")).await;
    list.expect(200);
    let nearby = ada.get("/chat_rooms/nearby?latitude=48.25&longitude=16.5&radius_m=1000");
    bench.measure("GET /chat_rooms/nearby, 100 of 100", None, nearby).await.expect(200);
}

/// A small room, over the socket.
async fn company(stack: &Stack, ada: &User, bench: &mut Bench<'_>) {
    let room = ada.open_room("a room of ten").await;
    post(ada, room).await.expect(201);
    for _ in 1..COMPANY {
        post(&User::new(stack).await, room).await.expect(201);
    }
    let mut socket = ada.socket().await;
    let text = "x".repeat(MESSAGE);
    let frame = json!({"token": ada.token, "chat_type": "room", "chat_room_id": room, "message": text});
    // What others have left in the head is filed by the first.
    socket.say(&frame).await;
    bench.measure("frame to a room of 10, 512 B", Some(SEND), socket.say(&frame)).await;
    socket.close().await;
}

/// A room that many take part in: posting costs what it costs in a room of two.
async fn crowd(stack: &Stack, ada: &User, bob: &User, bench: &mut Bench<'_>) {
    let room = ada.open_room("a large room").await;
    post(ada, room).await.expect(201);
    // A few at a time: each hashes a password twice.
    let crowd = futures::stream::iter(0..CROWD).map(|_| async {
        post(&User::new(stack).await, room).await.expect(201);
    });
    crowd.buffer_unordered(8).collect::<()>().await;
    // What several have written at the same time is filed by the first to write after that.
    tokio::time::sleep(Duration::from_secs(2)).await;
    post(bob, room).await.expect(201);
    let name = "post 512 B, room of 1,002";
    bench.measure(name, Some(SEND), post(ada, room)).await.expect(201);
    let own = |name: &str| {
        let measured = bench.measured.iter().find(|measured| measured.name == name).expect("a measurement");
        Cost::of(measured.calls.iter().filter(|call| !call.finds_sockets()))
    };
    assert_eq!(own(name), own("post 512 B, room of 2"), "the size of a room costs something");
}

/// Conversations.
async fn conversations(stack: &Stack, bench: &mut Bench<'_>) {
    let ada = bench.measure("POST /auth/register", None, Guest::new(stack)).await;
    let tea = bench.measure("POST /api/conversations", None, ada.open("Tea")).await;
    let text = "x".repeat(MESSAGE);
    for _ in 0..100 {
        ada.say(&tea, &text).await;
    }
    let url = bench.measure("post 512 B to a conversation", Some(SEND), ada.say(&tea, &text)).await;
    bench.measure("GET /api/conversations", None, ada.get("/api/conversations")).await.expect(200);
    bench.measure("GET /api/conversations/{id}", None, ada.get(&tea)).await.expect(200);
    bench.measure("GET .../{messageid}", None, ada.get(&url)).await.expect(200);
    bench.measure("DELETE .../{messageid}, the newest", None, ada.delete(&url)).await.expect(200);
}

/// The form-and-cookie API.
async fn web(stack: &Stack, bench: &mut Bench<'_>) {
    let bob = WebUser::new(stack).await;
    let ada = bench.measure("POST /api/user", None, WebUser::new(stack)).await;
    bench.measure("POST /api/login", None, ada.login(stack)).await;
    let chat = bench.measure("POST /api/chats", None, ada.open_chat("Tea")).await;
    bench.measure("POST /api/chats/{chat_id}/users", None, ada.invite(chat, &bob)).await;
    let text = "x".repeat(MESSAGE);
    for _ in 0..100 {
        bob.say(chat, &text).await;
    }
    let newest = bench.measure("POST /api/chats/{chat_id}, 512 B", Some(SEND), ada.say(chat, &text)).await;
    let path = format!("/api/chats/{chat}");
    bench.measure("GET /api/chats/{chat_id}, 50 rows", None, ada.get(&path)).await.expect(200);
    let unwanted = ada.delete(&format!("{path}?id={newest}"));
    bench.measure("DELETE /api/chats/{chat_id}, the newest", None, unwanted).await.expect(200);
    for _ in 1..CHATS {
        let chat = ada.open_chat("More tea").await;
        ada.say(chat, "hello").await;
    }
    let list = bench.measure("GET /api/chats, 100 chats", Some(LIST), ada.get("/api/chats")).await;
    assert_eq!(list.expect(200).json()["chats"].as_array().map(Vec::len), Some(CHATS));
    bench
        .measure("DELETE /api/user, 100 messages to a chat", None, bob.delete("/api/user"))
        .await
        .expect(200);
}

/// Signed messages and their receipts.
async fn signed(stack: &Stack, bench: &mut Bench<'_>) {
    let platform = Platform::new(stack);
    let ada = bench.measure("POST /token, a new user", None, platform.member("ada")).await;
    let others = platform.members(4).await;
    let bob = &others[0];
    let (two, five) = (Platform::new_chat_id(), Platform::new_chat_id());
    bench.measure("PUT .../users, a new chat of 2", None, platform.seat(&two, &[&ada, bob])).await;
    platform.seat(&five, &[&[&ada], &others.iter().collect::<Vec<_>>()[..]].concat()).await;

    let block = |chat: &str| {
        let message = json!({"chatID": chat, "messageBlock": [{"messageText": "x".repeat(MESSAGE)}]});
        ada.block(vec![message], Vec::new())
    };
    let post = async |by: &Member, block: &str| {
        by.post(block, Algorithm::Rs256, Encoding::Base64).await.expect(200).json()
    };
    post(&ada, &block(&two)).await;
    let name = "POST /messages, 512 B to one";
    let sent = bench.measure(name, Some(SEND_SIGNED), post(&ada, &block(&two))).await;
    bench.measure("POST /messages, 512 B to four", None, post(&ada, &block(&five))).await;
    let message = &sent["outgoingEventsResult"]["messages"][0]["messageID"];
    for status in ["delivered", "read"] {
        let status = json!({"messageID": message, "messageStatus": status});
        let block = bob.block(Vec::new(), vec![status]);
        bench.measure("POST /messages, a receipt", None, post(bob, &block)).await;
    }
    bench.measure("GET /messages, 3 events", None, bob.get("/messages")).await.expect(200);
}

/// Messages over the socket, each from the frame to its own return.
async fn frames(ada: &User, bob: &User, bench: &mut Bench<'_>) {
    let mut socket = ada.socket().await;
    let group =
        ada.post("/chat_groups").json(&json!({"chat_group_name": "a group"})).await.expect(201).json();
    let group = group["chat_group_id"].as_u64().expect("a chat_group_id");
    bob.get(&format!("/chat_groups/{group}")).await.expect(200);
    ada.get(&format!("/chat_groups/{group}")).await.expect(200);
    let targets = [
        ("room", "frame to a room of two, 512 B", json!({"other_user_id": bob.id})),
        ("group", "frame to a group, 512 B", json!({"chat_group_id": group})),
    ];
    for (chat_type, name, target) in targets {
        for round in 0..3 {
            let mut frame = target.clone();
            frame["token"] = json!(ada.token);
            frame["chat_type"] = json!(chat_type);
            frame["message"] = json!("x".repeat(MESSAGE));
            frame["client_id"] = json!(format!("{chat_type} {round}"));
            let exchange = async {
                socket.send(&frame).await;
                socket.expect("the message", |seen| seen["client_id"] == frame["client_id"]).await
            };
            match round {
                // The first opens a chat, the second finds nothing of its sender to file.
                0 | 1 => drop(exchange.await),
                _ => drop(bench.measure(name, Some(SEND), exchange).await),
            }
        }
    }
    let ask = async {
        socket.send(&json!({"chat_type": "bot", "message": "hello"})).await;
        socket.expect("the answer", |seen| seen["chat_type"] == "bot").await
    };
    bench.measure("frame to the bot, first, and its answer", None, ask).await;
    socket.close().await;
}
