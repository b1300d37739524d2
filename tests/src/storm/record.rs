//! What is known of a room: everything that anybody was told of it. Whoever is told otherwise has found a fault.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// A message, as everybody must see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) sender: u64,
    pub(super) text: String,
    pub(super) timestamp: String,
}

impl Row {
    /// Its number, and what it is: from a page of a history, or from a frame.
    pub(super) fn read(row: &Value) -> (u64, Self) {
        let text = |field: &str| match row[field].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("no {field} in {row}"),
        };
        let number = |field: &str| row[field].as_u64().unwrap_or_else(|| panic!("no {field} in {row}"));
        let sender = number("user_id");
        (number("seq"), Self { sender, text: text("message"), timestamp: text("timestamp") })
    }

    /// How it begins: a text may be long.
    fn abridged(&self) -> String {
        let Self { sender, text, timestamp } = self;
        let beginning: String = text.chars().take(40).collect();
        format!("{beginning:?} ({} bytes) of {sender} at {timestamp}", text.len())
    }
}

/// How far things are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Messages that somebody has begun to send.
    pub(super) attempted: usize,
    /// Messages whose sender has the acknowledgement.
    pub(super) acknowledged: usize,
    /// The highest number of those.
    pub(super) last: u64,
}

/// Everything that anybody was told.
#[derive(Debug, Default)]
pub(super) struct Record(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    rows: BTreeMap<u64, Row>,
    progress: Progress,
    /// How many of those acknowledged are whose.
    senders: BTreeMap<u64, usize>,
    is_finished: bool,
}

impl Record {
    /// Somebody begins to send a message.
    pub(super) fn attempt(&self) {
        self.lock().progress.attempted += 1;
    }

    /// Somebody was told that a message is stored: where, as `POST …/message` answers.
    pub(super) fn acknowledge(&self, sender: u64, text: &str, placed: &Value) -> u64 {
        let Some((seq, timestamp)) = placed["seq"].as_u64().zip(placed["message_timestamp"].as_str()) else {
            panic!("a message is acknowledged and is nowhere: {placed}");
        };
        let row = Row { sender, text: text.to_owned(), timestamp: timestamp.to_owned() };
        self.see("its sender", seq, row);
        let mut known = self.lock();
        known.progress.acknowledged += 1;
        known.progress.last = known.progress.last.max(seq);
        *known.senders.entry(sender).or_default() += 1;
        seq
    }

    /// Somebody sees a message.
    pub(super) fn see(&self, who: &str, seq: u64, row: Row) {
        let mut known = self.lock();
        if let Some(before) = known.rows.get(&seq) {
            let (before, row) = (before.abridged(), row.abridged());
            assert_eq!(before, row, "message {seq} as it was known, and as {who} is told");
        }
        known.rows.insert(seq, row);
    }

    /// How far things are.
    pub(super) fn progress(&self) -> Progress {
        self.lock().progress
    }

    /// How many messages are acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.progress().acknowledged
    }

    /// How many messages of others are acknowledged.
    pub(super) fn acknowledged_of_others(&self, user: u64) -> usize {
        let known = self.lock();
        known.progress.acknowledged - known.senders.get(&user).copied().unwrap_or(0)
    }

    /// Everything that is known.
    pub(super) fn rows(&self) -> BTreeMap<u64, Row> {
        self.lock().rows.clone()
    }

    /// A message's time, if the message is known.
    pub(super) fn time_of(&self, seq: u64) -> Option<String> {
        self.lock().rows.get(&seq).map(|row| row.timestamp.clone())
    }

    /// Everybody has sent everything.
    pub(super) fn finish(&self) {
        self.lock().is_finished = true;
    }

    /// Whether everybody has sent everything.
    pub(super) fn is_finished(&self) -> bool {
        self.lock().is_finished
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
