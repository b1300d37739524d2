//! Two people who write to each other, mark as read, and take messages out of their mailboxes, all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{join, join_all};
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};
use tests::store_proxy::Upstream;
use tests::{Answer, Call, Caller as _, FaultPlan, Faults, Rates, Tables, User, insist, random, repeatable};

use crate::common::{column, text_to};

/// How many messages each of them writes.
const MESSAGES: usize = 30;
/// How far the replica lags behind.
const LAG: Duration = Duration::from_millis(250);
/// The reader's random numbers, after those of the senders.
const READER: usize = 2;

/// A message, as both must see it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    sender: u64,
    text: String,
    timestamp: String,
}

/// What one of the two knows of what it has read.
#[derive(Clone, Debug, Default)]
struct Reading {
    /// It has certainly marked as read up to here.
    marked: u64,
    /// It has tried to acknowledge these …
    kept: BTreeSet<u64>,
    /// … and was answered that these are removed.
    removed: BTreeSet<u64>,
}

/// Everything that anybody was told.
#[derive(Debug, Default)]
struct Known {
    rows: BTreeMap<u64, Row>,
    /// The highest number that was acknowledged.
    last: u64,
}

/// The two, and what they were told.
struct Scene {
    people: [User; 2],
    chat: Mutex<Option<u64>>,
    known: Mutex<Known>,
    writing: AtomicUsize,
}

async fn answered(status: u16, ask: impl Fn() -> Call) -> Answer {
    insist(ask, drop).await.expect(status)
}

impl Scene {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chat, if anybody knows it already.
    fn chat(&self) -> Option<u64> {
        *self.chat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn see(&self, seq: u64, row: Row) {
        let before = self.known().rows.insert(seq, row.clone());
        assert!(before.as_ref().is_none_or(|before| *before == row), "{seq} was {before:?} and is {row:?}");
    }

    /// Takes the rows of a history or a mailbox, and gives their numbers.
    fn see_all(&self, rows: &[Value]) -> Vec<u64> {
        let mut seqs = Vec::new();
        for row in rows {
            let text =
                |field: &str| row[field].as_str().unwrap_or_else(|| panic!("no {field}: {row}")).to_owned();
            let number = |field: &str| row[field].as_u64().unwrap_or_else(|| panic!("no {field}: {row}"));
            let sender = number("message_sender_id");
            let seq = number("seq");
            self.see(seq, Row { sender, text: text("message"), timestamp: text("message_timestamp") });
            seqs.push(seq);
        }
        seqs
    }

    /// Writes everything that one of the two has to say. Both begin at once: who opens the chat is open.
    async fn write(&self, place: usize, seed: u64) {
        let (user, other) = (&self.people[place], &self.people[1 - place]);
        let mut rng = random(seed, place);
        let mut last = 0;
        for nth in 0..MESSAGES {
            let (text, key) = (format!("{nth} of {place}"), format!("{place}-{nth}"));
            let path = if rng.random() { "/chats" } else { "/chats_v2" };
            let ask = || user.post(path).header("idempotency-key", &key).json(&text_to(other, &text));
            let times = if rng.random_ratio(1, 5) { 2 } else { 1 };
            let answers = join_all((0..times).map(|_| answered(201, ask))).await;
            let placed = answers[0].json();
            assert!(answers.iter().all(|answer| answer.json() == placed), "{key} has several places");
            let chat = placed["chat_id"].as_u64().expect("a chat_id");
            let before = self.chat.lock().unwrap_or_else(PoisonError::into_inner).replace(chat);
            assert!(before.is_none_or(|before| before == chat), "the two have several chats");
            let seq = placed["seq"].as_u64().expect("a place");
            assert!(seq > last, "{text} has number {seq}, the one before {last}");
            last = seq;
            let timestamp = placed["message_timestamp"].as_str().expect("a time").to_owned();
            self.see(seq, Row { sender: user.id, text, timestamp });
            let mut known = self.known();
            known.last = known.last.max(seq);
        }
        self.writing.fetch_sub(1, Ordering::SeqCst);
    }

    /// Reads in every way as long as somebody writes.
    async fn read(&self, place: usize, seed: u64) -> Reading {
        let user = &self.people[place];
        let mut rng = random(seed, READER + place);
        let mut reading = Reading::default();
        while self.writing.load(Ordering::SeqCst) > 0 {
            let Some(chat) = self.chat() else {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            match rng.random_range(0..5) {
                0 => {
                    let acknowledged = self.known().last;
                    answered(201, || user.post("/chats/read").json(&json!({"chat_id": chat}))).await;
                    reading.marked = reading.marked.max(acknowledged);
                }
                1 => self.take(user, chat, &mut reading, &mut rng).await,
                2 => self.count(user, chat, &reading, &mut rng).await,
                _ => self.page(user, chat, &reading, &mut rng).await,
            }
        }
        reading
    }

    /// Fetches and acknowledges some of what came.
    async fn take(&self, user: &User, chat: u64, reading: &mut Reading, rng: &mut TestRng) {
        let path = format!("/chats_v2/{chat}?ack=manual");
        let rows = answered(200, || user.get(&path)).await.rows();
        let seqs = self.see_all(&rows);
        assert!(seqs.is_sorted_by(|one, other| one < other), "{seqs:?}");
        assert!(rows.iter().all(|row| row["message_sender_id"] != user.id), "{rows:?}");
        let again = seqs.iter().find(|seq| **seq <= reading.marked || reading.removed.contains(seq));
        assert!(again.is_none(), "{again:?} comes again after {reading:?}");
        let kept = rng.random_range(0..=seqs.len());
        let Some(last) = rows[..kept].last() else { return };
        reading.kept.extend(&seqs[..kept]);
        let body = json!({"up_to": last["message_timestamp"]});
        answered(200, || user.post(&format!("/chats_v2/{chat}/ack")).json(&body)).await;
        reading.removed.extend(&seqs[..kept]);
    }

    /// What is unread is at most what the other has written and this one has certainly not read.
    async fn count(&self, user: &User, chat: u64, reading: &Reading, rng: &mut TestRng) {
        let path = ["/chats", "/chats/unread", "/chats_v2/unread"][rng.random_range(0..3)];
        let rows = answered(200, || user.get(path)).await.rows();
        let row = rows.iter().find(|row| row["chat_id"] == chat);
        let unread = row.map_or(0, |row| row["unread_count"].as_u64().expect("an unread_count"));
        let is_read = |seq: &u64| *seq <= reading.marked || reading.removed.contains(seq);
        let read =
            self.known().rows.iter().filter(|(seq, row)| row.sender != user.id && is_read(seq)).count();
        assert!(unread <= (MESSAGES - read) as u64, "{unread} of {MESSAGES} unread after {reading:?}");
    }

    /// A window of the history.
    async fn page(&self, user: &User, chat: u64, reading: &Reading, rng: &mut TestRng) {
        let (count, offset) = (rng.random_range(1..=100), rng.random_range(1..=40));
        let path = format!("/chats/{chat}?count={count}&offset={offset}");
        let acknowledged = self.known().last;
        let rows = answered(200, || user.get(&path)).await.rows();
        let seqs = self.see_all(&rows);
        assert!(seqs.is_sorted_by(|one, other| one > other) && seqs.len() <= count, "{seqs:?}");
        let removed = seqs.iter().find(|seq| reading.removed.contains(seq));
        assert!(removed.is_none(), "{removed:?} is there after it was removed");
        // All that is left of what was acknowledged is there, but for what the other one has removed.
        if offset == 1 && seqs.len() < count {
            let own = |seq: &u64, row: &Row| row.sender != user.id && *seq <= acknowledged;
            let known = self.known();
            let others = known.rows.iter().filter(|(seq, row)| own(seq, row)).map(|(seq, _)| *seq);
            let missing = others.into_iter().find(|seq| !seqs.contains(seq) && !reading.kept.contains(seq));
            assert!(missing.is_none(), "{missing:?} is gone, and nobody has taken it");
        }
    }

    /// Checks what is there when everybody has written everything.
    async fn check(&self, readings: &[Reading; 2], tables: &Tables) {
        let chat = self.chat().expect("the chat");
        let [one, other] = &self.people;
        let (rows, same) = (one.history(chat).await, other.history(chat).await);
        let history: BTreeSet<u64> = self.see_all(&rows).into_iter().collect();
        assert_eq!(column(&rows, "seq"), column(&same, "seq"), "both see the same");
        let known = self.known().rows.clone();
        assert!(known.keys().copied().eq(1..=2 * MESSAGES as u64), "{:?}", known.keys());
        let texts: BTreeSet<_> = known.values().map(|row| &row.text).collect();
        assert_eq!(texts.len(), known.len(), "each once");
        let times: Vec<_> = known.values().map(|row| &row.timestamp).collect();
        assert!(times.is_sorted_by(|one, other| one < other), "{times:?}");

        for (user, reading) in self.people.iter().zip(readings) {
            let for_user = |row: &Row| row.sender != user.id;
            for (seq, row) in &known {
                let taken = for_user(row) && reading.kept.contains(seq);
                assert!(history.contains(seq) || taken || !for_user(row), "{seq} is gone, and {reading:?}");
            }
            assert!(history.is_disjoint(&reading.removed), "{history:?} after {reading:?}");
            let read = cursor(tables, user, chat).await;
            assert!(read >= reading.marked, "{read} is read, and {} was marked", reading.marked);
            let unread: Vec<u64> =
                history.range(read + 1..).copied().filter(|seq| for_user(&known[seq])).collect();
            self.lists(user, chat, unread.len(), rows.first()).await;

            // What is unread is in the mailbox, and nothing else.
            let fetched = user.get(&format!("/chats_v2/{chat}?ack=manual")).await.expect(200).rows();
            assert_eq!(self.see_all(&fetched), unread, "the mailbox after {read}");
        }
        self.pages(chat, &column(&rows, "seq")).await;
    }

    /// All lists say the same of what is unread, and of what is the newest.
    async fn lists(&self, user: &User, chat: u64, unread: usize, newest: Option<&Value>) {
        for path in ["/chats", "/chats/unread", "/chats_v2/unread", "/notifications"] {
            let answer = user.get(path).await.expect(200).json();
            let rows =
                answer["notifications"].as_array().or_else(|| answer.as_array()).expect("a list").clone();
            let Some(row) = rows.iter().find(|row| row["chat_id"] == chat) else {
                assert!(
                    unread == 0 && path != "/chats",
                    "{path} does not have the chat with {unread} unread"
                );
                continue;
            };
            assert_eq!(row["unread_count"], unread, "{path}");
            if path == "/chats" {
                let newest = newest.map_or(&Value::Null, |newest| &newest["message"]);
                assert_eq!(row["last_message"], *newest, "{path}");
            }
        }
    }

    /// Pages of every size make the same history.
    async fn pages(&self, chat: u64, history: &[Value]) {
        let user = &self.people[0];
        for size in (1..=history.len().max(1)).step_by(3) {
            let mut paged = Vec::new();
            while paged.len() < history.len() {
                let path = format!("/chats/{chat}?count={size}&offset={}", paged.len() + 1);
                let page = user.get(&path).await.expect(200).rows();
                assert!((1..=size).contains(&page.len()), "{} of {size}", page.len());
                paged.extend(column(&page, "seq"));
            }
            assert_eq!(paged, history, "in pages of {size}");
        }
    }
}

/// A user's cursor in the chat, as the store keeps it.
async fn cursor(tables: &Tables, user: &User, chat: u64) -> u64 {
    let key = json!({"user_id": {"N": user.id.to_string()}, "chat_id": {"N": chat.to_string()}});
    let item = tables.item("Unread", &key).await.expect("a cursor");
    item["seq"]["N"].as_str().and_then(|seq| seq.parse().ok()).expect("a position")
}

async fn storm(seed: u64) {
    let (stack, faults) = Faults::start_on(Upstream::embedded().await.with_replica(LAG).await, &[]).await;
    let people = User::pair(&stack).await;
    let scene =
        Scene { people, chat: Mutex::default(), known: Mutex::default(), writing: AtomicUsize::new(2) };
    let plan = Arc::new(FaultPlan::new(seed, Rates::STORM));
    faults.watch(plan.clone());
    let writing = join(scene.write(0, seed), scene.write(1, seed));
    let reading = join(scene.read(0, seed), scene.read(1, seed));
    let (_, (one, other)) = join(writing, reading).await;
    faults.end();
    faults.settled().await;
    println!("{} calls, of which {}", plan.calls(), plan.met());
    plan.check();
    assert!(plan.met().kills() > 0, "{}", plan.met());
    scene.check(&[one, other], &faults.tables()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_see_the_same_and_lose_nothing_in_a_storm() {
    let seed = tests::seed();
    repeatable(&format!("TEST_SEED={seed}"), storm(seed)).await;
}
