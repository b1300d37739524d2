//! What operations cost by the number of members of a chat.

use std::sync::Arc;

use serde_json::{Value, json};
use tests::meter::{Cost, Meter};
use tests::{
    Algorithm, Caller as _, Encoding, Guest, Member, Platform, Stack, Tables, User, WebUser, store_proxy,
};

use crate::Setup;
use crate::plot::Plot;
use crate::report::{Measured, Table};

/// A message of the size that sending has a bar for.
const MESSAGE: usize = 512;
/// Ids of members who are nothing but a row: below all ids that are minted.
const FIRST_ID: u64 = 1_000_000;
/// The most members that a signed chat takes.
const SIGNED: usize = 99;

/// The chapter's means.
struct Bench<'a> {
    meter: &'a Meter,
    tables: &'a Tables,
    table: Table,
    curves: Vec<(String, Vec<(f64, f64)>)>,
}

pub(super) async fn measure(setup: &Setup) -> Measured {
    let counts: &[usize] = setup.pick(&[2, 100], &[2, 100, 1_000, 10_000]);
    let meter = Arc::new(Meter::default());
    let store = store_proxy::start(meter.clone()).await;
    let stack = setup.start(&["--dynamodb", &store]).await;
    let tables = Tables::of(&store);
    let table = Table::new([
        "operation",
        "members",
        "calls",
        "depth",
        "read units",
        "write units",
        "sockets: calls",
        "depth",
        "read units",
    ]);
    let mut bench = Bench { meter: &meter, tables: &tables, table, curves: Vec::new() };
    rooms(&stack, &mut bench, counts).await;
    groups(&stack, &mut bench, counts).await;
    conversations(&stack, &mut bench, counts).await;
    web_chats(&stack, &mut bench, counts).await;
    signed(&stack, &mut bench, counts).await;
    Measured {
        title: "Cost by members",
        how: "Calls of the store, how many of them wait for one another (depth), and capacity units, session check included, as a \
              proxy in front of the store sees them. Finding the sockets to push to is counted apart, under *sockets*. Members \
              beyond two are rows that were put into the store; nobody of them is online. A signed chat takes at most 99."
            .to_owned(),
        table: bench.table,
        plots: vec![Plot {
            file: "members.svg",
            title: "Read and write units of a message, sockets included",
            x: "members",
            y: "units",
            series: bench.curves,
        }],
        bars: Vec::new(),
    }
}

impl Bench<'_> {
    /// Measures an operation. That of a message goes into the plot, too.
    async fn measure<T>(&mut self, name: &str, members: usize, operation: impl IntoFuture<Output = T>) -> T {
        self.meter.start();
        let outcome = operation.await;
        let calls = self.meter.stop();
        let own = Cost::of(calls.iter().filter(|call| !call.finds_sockets()));
        let sockets = Cost::of(calls.iter().filter(|call| call.finds_sockets()));
        self.table.add([
            name.to_owned(),
            members.to_string(),
            own.calls.to_string(),
            own.depth.to_string(),
            own.read.to_string(),
            own.write.to_string(),
            sockets.calls.to_string(),
            sockets.depth.to_string(),
            sockets.read.to_string(),
        ]);
        if name.starts_with("message") {
            let units = own.read + own.write + sockets.read;
            match self.curves.iter_mut().find(|(known, _)| known == name) {
                Some((_, curve)) => curve.push((members as f64, units)),
                None => self.curves.push((name.to_owned(), vec![(members as f64, units)])),
            }
        }
        outcome
    }

    /// Gives a chat so many members: one who takes part is copied under other ids.
    async fn seat(&self, chat: u64, member: u64, from: usize, to: usize) {
        let number = |number: u64| json!({"N": number.to_string()});
        let key = json!({"user_id": number(member), "chat_id": number(chat)});
        let row = self.tables.item("Unread", &key).await.expect("the cursor of a member");
        let rows = (from..to).map(|index| {
            let mut row = row.clone();
            row["user_id"] = number(FIRST_ID + index as u64);
            row
        });
        self.tables.put_all("Unread", rows).await;
    }
}

fn text() -> String {
    "x".repeat(MESSAGE)
}

async fn rooms(stack: &Stack, bench: &mut Bench<'_>, counts: &[usize]) {
    let [ada, bob] = User::pair(stack).await;
    let room = ada.open_room("a room").await;
    for by in [&ada, &bob, &ada, &bob] {
        by.post_to_room(room, &text()).await;
    }
    let mut members = 2;
    for &count in counts {
        bench.seat(room, bob.id, members, count).await;
        members = count;
        bench.measure("message to a room", count, ada.post_to_room(room, &text())).await;
        // What the one before left in the head is filed by the next.
        bob.post_to_room(room, &text()).await;
        bench
            .measure("a room's newest page", count, ada.get(&format!("/chat_rooms/{room}")))
            .await
            .expect(200);
        bench.measure("reading a room", count, ada.mark_room_read(room)).await;
        bench.measure("list of rooms", count, ada.get("/chat_rooms")).await.expect(200);
        let users = bench
            .measure("list of a room's users", count, ada.get(&format!("/chat_rooms/{room}/users")))
            .await;
        users.expect(200);
    }
}

async fn groups(stack: &Stack, bench: &mut Bench<'_>, counts: &[usize]) {
    let [ada, bob] = User::pair(stack).await;
    let group = ada.create_group("a group").await;
    let mut socket = ada.socket().await;
    for user in [&ada, &bob] {
        user.enter(group).await;
    }
    let frame = json!({"chat_type": "group", "chat_group_id": group, "token": ada.token, "message": text()});
    for _ in 0..2 {
        socket.say(&frame).await;
    }
    let mut members = 2;
    for &count in counts {
        bench.seat(group, bob.id, members, count).await;
        members = count;
        bench.measure("message to a group", count, socket.say(&frame)).await;
        bench.measure("list of groups", count, bob.get("/chat_groups")).await.expect(200);
    }
    socket.close().await;
}

async fn conversations(stack: &Stack, bench: &mut Bench<'_>, counts: &[usize]) {
    let (ada, bob) = (Guest::new(stack).await, Guest::new(stack).await);
    let tea = ada.open("Tea").await;
    for by in [&ada, &bob, &ada, &bob] {
        by.say(&tea, &text()).await;
    }
    let id = tea.rsplit('/').next().expect("an id at the end");
    let chat: u64 = id.parse().expect("a number");
    let cursors = bench.tables.items("Unread").await;
    let of_chat = |row: &&Value| row["chat_id"]["N"] == id;
    let cursor = cursors.iter().find(of_chat).expect("the cursor of one who has posted");
    let member: u64 = cursor["user_id"]["N"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let mut members = 2;
    for &count in counts {
        bench.seat(chat, member, members, count).await;
        members = count;
        bench.measure("message to a conversation", count, ada.say(&tea, &text())).await;
        bench.measure("a conversation's newest page", count, ada.get(&tea)).await.expect(200);
    }
}

async fn web_chats(stack: &Stack, bench: &mut Bench<'_>, counts: &[usize]) {
    let (ada, bob) = (WebUser::new(stack).await, WebUser::new(stack).await);
    let club = ada.open_chat("A club").await;
    ada.invite(club, &bob).await;
    for by in [&ada, &bob, &ada, &bob] {
        by.say(club, &text()).await;
    }
    let mut members = 2;
    for &count in counts {
        bench.seat(club, bob.id, members, count).await;
        members = count;
        bench.measure("message to a web chat", count, ada.say(club, &text())).await;
        bench.measure("list of web chats", count, ada.get("/api/chats")).await.expect(200);
    }
}

async fn signed(stack: &Stack, bench: &mut Bench<'_>, counts: &[usize]) {
    let platform = Platform::new(stack);
    let members = platform.members(SIGNED).await;
    let mut sizes: Vec<usize> = counts.iter().map(|count| SIGNED.min(*count)).collect();
    sizes.dedup();
    for count in sizes {
        let chat = Platform::new_chat_id();
        let seated: Vec<&Member> = members[..count].iter().collect();
        platform.seat(&chat, &seated).await;
        let message = json!({"chatID": chat, "messageBlock": [{"messageText": text()}]});
        let block = members[0].block(vec![message], Vec::new());
        let posted = members[0].post(&block, Algorithm::Rs256, Encoding::Base64);
        bench.measure("message to a signed chat", count, posted).await.expect(200);
    }
}
