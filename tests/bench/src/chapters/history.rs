//! Pages of short and of very long histories, from both ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::meter::{Cost, Meter};
use tests::{Caller as _, Tables, User, store_proxy};

use crate::Setup;
use crate::plot::Plot;
use crate::report::{Measured, Table, figure};
use crate::samples::{Samples, millis};

/// The largest page.
const PAGE: u64 = 100;
/// Rows that are made at once.
const BATCH: u64 = 10_000;

/// A chat whose history is made longer.
struct Chat<'a> {
    tables: &'a Tables,
    /// The key of its head.
    head: Value,
    /// A row like those to be made: the chat's first.
    row: Value,
    /// So many messages there are.
    length: u64,
}

pub(super) async fn measure(setup: &Setup) -> Measured {
    let lengths: &[u64] = setup.pick(&[100, 1_000], &[100, 10_000, 1_000_000]);
    let times = setup.pick(5, 50);
    let meter = Arc::new(Meter::default());
    let store = store_proxy::start(meter.clone()).await;
    let stack = setup.start(&["--dynamodb", &store]).await;
    let tables = Tables::of(&store);
    let [ada, bob] = User::pair(&stack).await;
    let room = ada.open_room("A place for everybody").await;
    ada.post_to_room(room, "first").await;
    ada.post_to_room(room, "second").await;
    let chat = ada.write(&bob, "first").await;
    ada.write(&bob, "second").await;
    let (low, high) = (ada.id.min(bob.id), ada.id.max(bob.id));
    let mut of_many = Chat::of(&tables, &format!("head#{room}"), room).await;
    let mut of_two = Chat::of(&tables, &format!("direct#{low}#{high}"), chat).await;

    let mut table = Table::new(["page", "messages", "p50 ms", "calls", "depth", "read units"]);
    let mut curves: [Vec<(f64, f64)>; 4] = Default::default();
    for &length in lengths {
        of_many.grow(length).await;
        of_two.grow(length).await;
        let after_first_page = of_many.time_of(PAGE + 1).await;
        let oldest = length - PAGE + 1;
        let pages = [
            ("room, newest", format!("/chat_rooms/{room}")),
            ("room, oldest, by time", format!("/chat_rooms/{room}?until={after_first_page}")),
            ("direct chat, newest", format!("/chats/{chat}?count={PAGE}")),
            ("direct chat, oldest, by number", format!("/chats/{chat}?count={PAGE}&offset={oldest}")),
        ];
        for ((name, path), curve) in pages.iter().zip(&mut curves) {
            let caller = if name.starts_with("room") { &ada } else { &bob };
            let rows = |body: Value| body["messages"].as_array().or(body.as_array()).map(Vec::len);
            let answer = caller.get(path).await.expect(200).json();
            assert_eq!(rows(answer), Some(PAGE as usize), "{name} of {length}");
            meter.start();
            caller.get(path).await.expect(200);
            let cost = Cost::of(&meter.stop());
            let mut taken: Vec<Duration> = Vec::new();
            for _ in 0..times {
                let begun = Instant::now();
                caller.get(path).await.expect(200);
                taken.push(begun.elapsed());
            }
            let median = millis(Samples::of(taken).median());
            table.add([
                (*name).to_owned(),
                length.to_string(),
                figure(median),
                cost.calls.to_string(),
                cost.depth.to_string(),
                cost.read.to_string(),
            ]);
            curve.push((length as f64, median));
        }
    }
    let names = ["room, newest", "room, oldest", "direct, newest", "direct, oldest"].map(str::to_owned);
    Measured {
        title: "Long histories",
        how: format!(
            "Pages of {PAGE} messages at both ends of histories of so many, which were put into the store. Calls, depth and units \
             as in the chapter before; times through a proxy that counts the calls."
        ),
        table,
        plots: vec![Plot {
            file: "history.svg",
            title: "A page of a history, p50",
            x: "messages in the chat",
            y: "ms",
            series: names.into_iter().zip(curves).collect(),
        }],
        bars: Vec::new(),
    }
}

impl<'a> Chat<'a> {
    /// A chat with two messages, of which the second one is still in its head.
    async fn of(tables: &'a Tables, head: &str, id: u64) -> Self {
        let row = json!({"chat_id": {"N": id.to_string()}, "seq": {"N": "1"}});
        let row = tables.item("Messages", &row).await.expect("a row of the first message");
        Self { tables, head: json!({"pk": {"S": head}}), row, length: 2 }
    }

    /// Makes it so long, as if everything but the newest message had been filed before.
    async fn grow(&mut self, length: u64) {
        while self.length < length {
            let last = (self.length + BATCH).min(length);
            self.tables.put_all("Messages", (self.length..last).map(|seq| self.row(seq))).await;
            self.length = last;
        }
        let filed = length - 1;
        let number = |number: u64| json!({"N": number.to_string()});
        self.tables.set("Chats", &self.head, "filed", &number(filed)).await;
        self.tables.set("Chats", &self.head, "filed_at", &self.row(filed)["at"]).await;
        let head = self.tables.item("Chats", &self.head).await.expect("a head");
        // Where it counts whose messages there are: all are the sender's.
        if let Some(sent) = head["sent"]["M"].as_object().filter(|sent| !sent.is_empty()) {
            let sender = self.row["sender"]["N"].as_str().expect("a sender");
            let sent = sent.keys().map(|user| (user, number(if user == sender { length } else { 0 })));
            let sent: serde_json::Map<_, _> = sent.map(|(user, count)| (user.clone(), count)).collect();
            self.tables.set("Chats", &self.head, "sent", &json!({"M": sent})).await;
        }
    }

    /// The row at a place: a millisecond after the one before.
    fn row(&self, seq: u64) -> Value {
        let mut row = self.row.clone();
        let at: u64 = row["at"]["N"].as_str().and_then(|at| at.parse().ok()).expect("a time");
        row["seq"]["N"] = json!(seq.to_string());
        row["at"]["N"] = json!((at + seq - 1).to_string());
        if row["nth"]["N"] != "0" {
            row["nth"]["N"] = row["seq"]["N"].clone();
        }
        row
    }

    /// The time of the message at a place, as histories have it.
    async fn time_of(&self, seq: u64) -> String {
        let at: i128 = self.row(seq)["at"]["N"].as_str().and_then(|at| at.parse().ok()).expect("a time");
        let moment = time::OffsetDateTime::from_unix_timestamp_nanos(at * 1_000_000).expect("a time");
        let format = time::macros::format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        moment.format(format).expect("a time of four digits a year")
    }
}
