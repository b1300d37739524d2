//! One queue, as a machine that is told what time it is: nothing here reads the clock or waits.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::SqsError;
use super::message::{BODY_LIMIT, Message, NewMessage, Received, Sent, md5};
use crate::ids;
use crate::template;

/// For how long a FIFO queue takes a message with the same deduplication id for the same message.
const DEDUPLICATION_INTERVAL_MS: i64 = 5 * 60 * 1_000;

/// A queue.
///
/// A message has a position, which is where it stands for as long as it is in the queue. It is *visible*, or
/// it is *in flight*: received, and hidden until a moment. In a FIFO queue only the first message of a group
/// is ever received, and what stands behind it is *ready* once the first is gone.
#[derive(Debug)]
pub(super) struct Queue {
    settings: template::Queue,
    visibility_timeout_ms: i64,
    created_at: i64,
    next_position: u64,
    entries: BTreeMap<u64, Entry>,
    /// Positions that can be received now.
    ready: BTreeSet<u64>,
    /// What is in flight: until when, and its position.
    in_flight: BTreeSet<(i64, u64)>,
    /// When each position is dropped.
    expiring: BTreeSet<(i64, u64)>,
    /// In a FIFO queue: the positions of each group.
    groups: HashMap<String, BTreeSet<u64>>,
    /// In a FIFO queue: what was sent lately, by deduplication id.
    sent: HashMap<DeduplicationKey, Sent>,
    /// The same by the time at which it was sent.
    sent_at: VecDeque<(i64, DeduplicationKey)>,
}

/// A deduplication id, with its group where ids are of groups.
type DeduplicationKey = (Option<String>, String);

#[derive(Debug)]
struct Entry {
    message: Message,
    /// How often it was received in this queue.
    receives: u32,
    /// The end of its last receipt handle.
    receipt: Option<u64>,
    /// Until when it is in flight, if it is.
    hidden_until: Option<i64>,
    expires_at: i64,
}

/// What a queue gives when it is asked for a message.
#[derive(Debug)]
pub(super) enum Taken {
    Received(Received),
    /// A message that was received too often; it is in this queue no more.
    Dead(Message),
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(settings: template::Queue, visibility_timeout_ms: i64, now: i64) -> Self {
        Self {
            settings,
            visibility_timeout_ms,
            created_at: now,
            next_position: 1,
            entries: BTreeMap::new(),
            ready: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            expiring: BTreeSet::new(),
            groups: HashMap::new(),
            sent: HashMap::new(),
            sent_at: VecDeque::new(),
        }
    }

    /// The queue in the template.
    pub(super) fn settings(&self) -> &template::Queue {
        &self.settings
    }

    /// Puts a message in, unless it is one that is in already.
    pub(super) fn send(&mut self, message: NewMessage, now: i64) -> Result<Sent, SqsError> {
        let message = message.checked(self.settings.fifo.as_ref())?;
        self.settle(now);
        let key = self.deduplication_key(&message);
        let md5_of_body = md5(&message.body);
        if let Some(sent) = key.as_ref().and_then(|key| self.sent.get(key)) {
            return Ok(Sent { md5_of_body, ..sent.clone() });
        }
        let NewMessage { body, group_id, deduplication_id } = message;
        let message = Message {
            id: ids::invocation_id(),
            body,
            group_id,
            deduplication_id,
            sequence_number: self.sequence_number(),
            sent_at: now,
            receive_count: 0,
            first_received_at: None,
            dead_letter_source: None,
        };
        let sent = Sent {
            message_id: message.id.clone(),
            md5_of_body,
            sequence_number: message.sequence_number.clone(),
        };
        self.insert(message, now);
        if let Some(key) = key {
            self.sent.insert(key.clone(), sent.clone());
            self.sent_at.push_back((now, key));
        }
        Ok(sent)
    }

    /// Takes a dead letter in. Its time runs from when it was sent, or, in a FIFO queue, anew.
    pub(super) fn bury(&mut self, mut message: Message, source: &str, now: i64) {
        message.dead_letter_source = Some(ids::queue_arn(source));
        message.sequence_number = self.sequence_number();
        let since = if self.settings.fifo.is_some() { now } else { message.sent_at };
        self.insert(message, since);
    }

    /// Gives the first message that can be received, for a time or else for the queue's own.
    pub(super) fn take(&mut self, visibility_timeout_ms: Option<i64>, now: i64) -> Option<Taken> {
        let position = *self.ready.first()?;
        let entry = self.entries.get_mut(&position)?;
        if self.settings.redrive.as_ref().is_some_and(|to| entry.receives >= to.max_receive_count) {
            return self.remove(position).map(|entry| Taken::Dead(entry.message));
        }
        let until = now.saturating_add(visibility_timeout_ms.unwrap_or(self.visibility_timeout_ms));
        let receipt = rand::random();
        entry.receives += 1;
        entry.receipt = Some(receipt);
        entry.hidden_until = Some(until);
        entry.message.receive_count += 1;
        entry.message.first_received_at.get_or_insert(now);
        let message = entry.message.clone();
        self.ready.remove(&position);
        self.in_flight.insert((until, position));
        Some(Taken::Received(Received { message, receipt_handle: self.receipt_handle(position, receipt) }))
    }

    /// Deletes a message that was received. In a FIFO queue it must still be in flight; in a standard queue
    /// it must not have been received again, or else nothing happens.
    pub(super) fn delete(&mut self, receipt_handle: &str, now: i64) -> Result<(), SqsError> {
        let (position, receipt) =
            self.read_receipt_handle(receipt_handle).ok_or_else(SqsError::receipt_handle_is_invalid)?;
        self.settle(now);
        let Some(entry) = self.entries.get(&position) else { return Ok(()) };
        let is_last_receipt = entry.receipt == Some(receipt);
        if self.settings.fifo.is_some() && !(is_last_receipt && entry.hidden_until.is_some()) {
            let reason = "The receipt handle has expired.";
            return Err(SqsError::invalid_parameter(receipt_handle, "ReceiptHandle", reason));
        }
        if is_last_receipt {
            self.remove(position);
        }
        Ok(())
    }

    /// When something that is in flight becomes visible, if it is not deleted before; in milliseconds.
    pub(super) fn next_visible(&self) -> Option<i64> {
        self.in_flight.first().map(|(until, _)| *until)
    }

    /// Its attributes, as it tells them.
    pub(super) fn attributes(&mut self, now: i64) -> BTreeMap<&'static str, String> {
        self.settle(now);
        let visible = self.entries.len() - self.in_flight.len();
        let seconds = self.created_at / 1_000;
        let settings = &self.settings;
        let mut all = BTreeMap::from([
            ("ApproximateNumberOfMessages", visible.to_string()),
            ("ApproximateNumberOfMessagesDelayed", "0".to_owned()),
            ("ApproximateNumberOfMessagesNotVisible", self.in_flight.len().to_string()),
            ("CreatedTimestamp", seconds.to_string()),
            ("DelaySeconds", "0".to_owned()),
            ("LastModifiedTimestamp", seconds.to_string()),
            ("MaximumMessageSize", BODY_LIMIT.to_string()),
            ("MessageRetentionPeriod", settings.retention.as_secs().to_string()),
            ("QueueArn", ids::queue_arn(&settings.name)),
            ("ReceiveMessageWaitTimeSeconds", settings.wait_time.as_secs().to_string()),
            ("SqsManagedSseEnabled", settings.managed_sse.to_string()),
            // Whole seconds, and never 0 for what is not.
            ("VisibilityTimeout", ((self.visibility_timeout_ms + 999) / 1_000).to_string()),
        ]);
        if let Some(redrive) = &settings.redrive {
            let policy = serde_json::json!({
                "deadLetterTargetArn": ids::queue_arn(&redrive.queue),
                "maxReceiveCount": redrive.max_receive_count,
            });
            all.insert("RedrivePolicy", policy.to_string());
        }
        if let Some(fifo) = &settings.fifo {
            let either =
                |is_group: bool, [queue, group]: [&str; 2]| if is_group { group } else { queue }.to_owned();
            all.extend([
                ("FifoQueue", "true".to_owned()),
                ("ContentBasedDeduplication", fifo.content_based_deduplication.to_string()),
                ("DeduplicationScope", either(fifo.deduplicates_by_group, ["queue", "messageGroup"])),
                ("FifoThroughputLimit", either(fifo.throughput_by_group, ["perQueue", "perMessageGroupId"])),
            ]);
        }
        all
    }

    /// Does what time alone does: drops what is too old, and shows what was hidden for long enough.
    pub(super) fn settle(&mut self, now: i64) {
        while let Some((_, position)) = self.expiring.first().copied().filter(|(at, _)| *at <= now) {
            self.remove(position);
        }
        while let Some((until, position)) = self.in_flight.first().copied().filter(|(at, _)| *at <= now) {
            self.in_flight.remove(&(until, position));
            if let Some(entry) = self.entries.get_mut(&position) {
                entry.hidden_until = None;
                self.ready.insert(position);
            }
        }
        while let Some((at, _)) = self.sent_at.front()
            && *at <= now - DEDUPLICATION_INTERVAL_MS
        {
            if let Some((_, key)) = self.sent_at.pop_front() {
                self.sent.remove(&key);
            }
        }
    }

    /// Puts a message behind all others; its time runs from `since`.
    fn insert(&mut self, message: Message, since: i64) {
        let position = self.next_position;
        self.next_position += 1;
        let is_first = match group(&self.settings, &message) {
            Some(id) => {
                let group = self.groups.entry(id.to_owned()).or_default();
                group.insert(position);
                group.len() == 1
            }
            None => true,
        };
        if is_first {
            self.ready.insert(position);
        }
        let retention = i64::try_from(self.settings.retention.as_millis()).unwrap_or(i64::MAX);
        let expires_at = since.saturating_add(retention);
        self.expiring.insert((expires_at, position));
        let entry = Entry { message, receives: 0, receipt: None, hidden_until: None, expires_at };
        self.entries.insert(position, entry);
    }

    /// Takes a message out for good. What was behind it in its group can be received then.
    fn remove(&mut self, position: u64) -> Option<Entry> {
        let entry = self.entries.remove(&position)?;
        self.ready.remove(&position);
        self.expiring.remove(&(entry.expires_at, position));
        if let Some(until) = entry.hidden_until {
            self.in_flight.remove(&(until, position));
        }
        if let Some(id) = group(&self.settings, &entry.message)
            && let Some(group) = self.groups.get_mut(id)
        {
            let was_first = group.first() == Some(&position);
            group.remove(&position);
            match group.first() {
                Some(next) if was_first => {
                    self.ready.insert(*next);
                }
                Some(_) => {}
                None => {
                    self.groups.remove(id);
                }
            }
        }
        Some(entry)
    }

    /// The number that the next message of a FIFO queue gets: 20 digits that grow.
    fn sequence_number(&self) -> Option<String> {
        self.settings.fifo.is_some().then(|| format!("188{:017}", self.next_position))
    }

    fn deduplication_key(&self, message: &NewMessage) -> Option<DeduplicationKey> {
        let fifo = self.settings.fifo.as_ref()?;
        let group = message.group_id.clone().filter(|_| fifo.deduplicates_by_group);
        Some((group, message.deduplication_id.clone()?))
    }

    fn receipt_handle(&self, position: u64, receipt: u64) -> String {
        STANDARD.encode(format!("{}/{position}/{receipt}", self.settings.name))
    }

    fn read_receipt_handle(&self, receipt_handle: &str) -> Option<(u64, u64)> {
        let text = String::from_utf8(STANDARD.decode(receipt_handle).ok()?).ok()?;
        let (position, receipt) =
            text.strip_prefix(&self.settings.name)?.strip_prefix('/')?.split_once('/')?;
        Some((position.parse().ok()?, receipt.parse().ok()?))
    }
}

/// The group that a message waits in: none in a standard queue.
fn group<'a>(settings: &template::Queue, message: &'a Message) -> Option<&'a str> {
    settings.fifo.as_ref().and(message.group_id.as_deref())
}
