//! What must hold for queues whatever senders and receivers do, and whatever happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::queues::Queues;
use super::tests::{of_group, plain, queue};

const MAX_RECEIVE_COUNT: u32 = 3;
const DEDUPLICATION_MS: i64 = 300_000;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    Send {
        group: u8,
        body: u8,
    },
    Receive {
        most: usize,
        visibility_timeout: Option<u64>,
    },
    /// The receipt of one of those who received is used to delete, whether or not it still may.
    Delete(prop::sample::Index),
    /// One of those who received dies.
    Die(prop::sample::Index),
    Pass {
        ms: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_u8, 0..12_u8).prop_map(|(group, body)| Step::Send { group, body }),
        4 => (1..=4_usize, prop::option::weighted(0.2, 0..90_u64))
            .prop_map(|(most, visibility_timeout)| Step::Receive { most, visibility_timeout }),
        3 => any::<prop::sample::Index>().prop_map(Step::Delete),
        1 => any::<prop::sample::Index>().prop_map(Step::Die),
        3 => prop_oneof![Just(1), Just(29_999), Just(30_000), 0..120_000_i64]
            .prop_map(|ms| Step::Pass { ms }),
    ]
}

/// Somebody who received a message.
#[derive(Debug)]
struct Hand {
    id: String,
    receipt_handle: String,
    until: i64,
}

/// A queue, and what is known of it from outside.
struct World {
    queues: Queues,
    is_fifo: bool,
    now: i64,
    /// Ids of all messages and their groups, in the order in which they were sent.
    sent: Vec<(String, u8)>,
    /// When and as what a body was taken last.
    taken: BTreeMap<String, (i64, String)>,
    receives: BTreeMap<String, u32>,
    /// The receipt handle that was given last.
    last: BTreeMap<String, String>,
    deleted: BTreeSet<String>,
    /// Deleted by a receipt that was too old, when they may have been dead letters already.
    deleted_or_dead: BTreeSet<String>,
    hands: Vec<Hand>,
}

impl World {
    fn new(is_fifo: bool) -> Self {
        let names = if is_fifo { ["Main.fifo", "Dead.fifo"] } else { ["Main", "Dead"] };
        let queues = [queue(names[0], Some(MAX_RECEIVE_COUNT)), queue(names[1], None)];
        Self {
            queues: Queues::new(&queues, None, 0),
            is_fifo,
            now: 0,
            sent: Vec::new(),
            taken: BTreeMap::new(),
            receives: BTreeMap::new(),
            last: BTreeMap::new(),
            deleted: BTreeSet::new(),
            deleted_or_dead: BTreeSet::new(),
            hands: Vec::new(),
        }
    }

    fn name(&self) -> &'static str {
        if self.is_fifo { "Main.fifo" } else { "Main" }
    }

    fn group(&self, id: &str) -> u8 {
        self.sent.iter().find(|(sent, _)| sent == id).expect("a message that was sent").1
    }

    fn send(&mut self, group: u8, body: u8) {
        let body = body.to_string();
        let message = if self.is_fifo { of_group(&group.to_string(), &body) } else { plain(&body) };
        let sent = self.queues.send(self.name(), message, self.now).expect("sent");
        if let Some((at, id)) = self.taken.get(&body)
            && self.is_fifo
            && self.now < at + DEDUPLICATION_MS
        {
            assert_eq!(sent.message_id, *id, "a duplicate");
            return;
        }
        self.taken.insert(body, (self.now, sent.message_id.clone()));
        self.sent.push((sent.message_id, group));
    }

    fn receive(&mut self, most: usize, visibility_timeout: Option<u64>) {
        let timeout = visibility_timeout.map(Duration::from_secs);
        let receipt = self.queues.receive(self.name(), most, timeout, self.now).expect("a queue");
        assert!(receipt.received.len() <= most);
        for received in receipt.received {
            let id = received.message.id;
            let group = self.group(&id);
            assert!(!self.deleted.contains(&id), "deleted, and received");
            for hand in self.hands.iter().filter(|hand| hand.until > self.now) {
                assert_ne!(hand.id, id, "one message in two hands");
                assert!(!self.is_fifo || self.group(&hand.id) != group, "one group in two hands");
            }
            let receives = self.receives.entry(id.clone()).or_default();
            *receives += 1;
            assert!(*receives <= MAX_RECEIVE_COUNT, "received too often");
            assert_eq!(received.message.receive_count, *receives);
            if self.is_fifo {
                let before = self.sent.iter().take_while(|(sent, _)| *sent != id);
                for (sent, _) in before.filter(|(_, other)| *other == group) {
                    let is_done =
                        self.deleted.contains(sent) || self.receives.get(sent) == Some(&MAX_RECEIVE_COUNT);
                    assert!(is_done, "received before what was sent before");
                }
            }
            let until = self.now + visibility_timeout.map_or(30_000, |seconds| seconds as i64 * 1_000);
            self.last.insert(id.clone(), received.receipt_handle.clone());
            self.hands.push(Hand { id, receipt_handle: received.receipt_handle, until });
        }
    }

    fn delete(&mut self, index: usize) {
        let Hand { id, receipt_handle, until } = self.hands.swap_remove(index);
        let outcome = self.queues.delete(self.name(), &receipt_handle, self.now);
        if until > self.now {
            assert_eq!(outcome, Ok(()), "in flight");
            self.deleted.insert(id);
        } else if self.is_fifo {
            // What is a dead letter is gone from here, which is no error.
            let is_gone = self.receives[&id] == MAX_RECEIVE_COUNT || self.deleted.contains(&id);
            assert!(outcome.is_err() || is_gone, "a receipt that has expired");
        } else {
            assert_eq!(outcome, Ok(()));
            if self.last[&id] != receipt_handle {
                return;
            }
            if self.receives[&id] == MAX_RECEIVE_COUNT {
                self.deleted_or_dead.insert(id);
            } else {
                self.deleted.insert(id);
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send { group, body } => self.send(group, body),
            Step::Receive { most, visibility_timeout } => self.receive(most, visibility_timeout),
            Step::Delete(index) if !self.hands.is_empty() => self.delete(index.index(self.hands.len())),
            Step::Die(index) if !self.hands.is_empty() => {
                self.hands.swap_remove(index.index(self.hands.len()));
            }
            Step::Delete(_) | Step::Die(_) => {}
            Step::Pass { ms } => self.now += ms,
        }
        let count = |queues: &mut Queues, name, now| {
            let attributes = queues.attributes(name, now).expect("a queue");
            let number = |name| attributes[name].parse::<usize>().expect("a number");
            number("ApproximateNumberOfMessages") + number("ApproximateNumberOfMessagesNotVisible")
        };
        let dead = if self.is_fifo { "Dead.fifo" } else { "Dead" };
        let name = self.name();
        let all = count(&mut self.queues, name, self.now) + count(&mut self.queues, dead, self.now);
        let most = self.sent.len() - self.deleted.len();
        assert!((most - self.deleted_or_dead.len()..=most).contains(&all), "{all} messages of {most}");
    }

    /// Everybody dies, and others receive all that is left; every second message is deleted then.
    fn end(mut self) {
        self.hands.clear();
        for round in 0.. {
            // Longer than anything is hidden.
            self.now += 90_000;
            self.receive(10, None);
            if self.hands.is_empty() {
                break;
            }
            while !self.hands.is_empty() {
                if round % 2 == 0 { self.delete(0) } else { self.hands.clear() }
            }
        }
        let dead = if self.is_fifo { "Dead.fifo" } else { "Dead" };
        let mut letters = BTreeSet::new();
        loop {
            let received = self.queues.receive(dead, 10, None, self.now).expect("a queue").received;
            if received.is_empty() {
                break;
            }
            for letter in received {
                self.queues.delete(dead, &letter.receipt_handle, self.now).expect("deleted");
                assert!(letters.insert(letter.message.id), "a dead letter twice");
            }
        }
        for (id, _) in &self.sent {
            let is_deleted = self.deleted.contains(id);
            let may_be_deleted = is_deleted || self.deleted_or_dead.contains(id);
            assert!(!(is_deleted && letters.contains(id)), "deleted, and a dead letter");
            assert!(may_be_deleted || letters.contains(id), "lost");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn nothing_is_lost_and_groups_keep_their_order(is_fifo: bool, steps in vec(step(), 0..120)) {
        let mut world = World::new(is_fifo);
        for step in steps {
            world.step(step);
        }
        world.end();
    }
}
