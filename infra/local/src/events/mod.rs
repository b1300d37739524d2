//! What happens in the stack, for whoever watches at the console: invocations, and what goes over sockets.
//!
//! The newest are kept in a ring. Noting something is a short copy and a lock, whether or not somebody watches; what
//! it says, and what of it must not be seen, is worked out for each reader as it reads. A reader that is too slow for
//! the ring is told how much it has lost, and holds nobody up.

mod feed;
mod secrets;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::clock;
use crate::sync::lock;

pub(crate) use feed::feed;

/// How many are kept.
const CAPACITY: usize = 1_000;
/// How many bytes of frames and of functions' lines are kept.
const BYTES: usize = 4 * 1024 * 1024;
/// How many a reader takes at a time.
const BATCH: usize = 64;

/// The newest of what happened, and who waits for more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    ring: Mutex<Ring>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Ring {
    kept: VecDeque<Arc<Event>>,
    /// How many were dropped, which is the number of the oldest that is kept.
    dropped: u64,
    bytes: usize,
}

/// Something that happened, and when.
#[derive(Debug)]
struct Event {
    at: i64,
    what: Happening,
}

/// What can happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A function was invoked, and that is over.
    Invocation(Invocation),
    /// A socket opened.
    Connect {
        /// Which.
        connection: String,
    },
    /// A socket ended.
    Disconnect {
        /// Which.
        connection: String,
        /// Why, as WebSocket tells it.
        code: u16,
    },
    /// A message went over a socket.
    Frame {
        /// Which socket.
        connection: String,
        /// Which way.
        direction: Direction,
        /// What it was.
        body: Bytes,
    },
}

/// Which way a frame goes, as seen from here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    /// From a client.
    In,
    /// To a client.
    Out,
}

/// What invokes a function.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// A route key, the name of a queue, or what else there is.
    name: Box<str>,
    /// The socket that it is about, if it is about one.
    connection: Option<Box<str>>,
}

/// An invocation that is over.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The id that the function knows it by.
    pub(crate) request_id: String,
    /// The function's logical id.
    pub(crate) function: String,
    /// What invoked it.
    pub(crate) source: Source,
    /// How long it waited for a process.
    pub(crate) waited: Duration,
    /// How long the process took.
    pub(crate) took: Duration,
    /// Whether it was the process's first; unknown of processes that are not ours.
    pub(crate) is_cold: Option<bool>,
    /// What it failed with, as Lambda names it.
    pub(crate) error: Option<String>,
    /// The line that the function wrote about it.
    pub(crate) line: Option<String>,
}

impl Source {
    /// Something of this name.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), connection: None }
    }

    /// A route of a socket.
    pub(crate) fn of_socket(route_key: &str, connection: &str) -> Self {
        Self { name: route_key.into(), connection: Some(connection.into()) }
    }
}

impl Events {
    /// Notes what happened just now.
    pub(crate) fn note(&self, what: Happening) {
        let event = Arc::new(Event { at: clock::now_ms(), what });
        lock(&self.shared.ring).push(event);
        self.shared.more.notify_waiters();
    }

    /// Notes a frame. Its body is copied: what it came in may be a part of something much larger.
    pub(crate) fn note_frame(&self, connection: &str, direction: Direction, body: &[u8]) {
        let (connection, body) = (connection.to_owned(), Bytes::copy_from_slice(body));
        self.note(Happening::Frame { connection, direction, body });
    }

    /// A reader that begins behind what it has seen, or with the oldest that there is.
    fn reader(&self, seen: Option<u64>) -> Reader {
        let (first, end) = lock(&self.shared.ring).range();
        // One that has seen more than there is has seen it of another stack.
        let next = seen.map(|seen| seen.saturating_add(1)).filter(|next| *next <= end).unwrap_or(first);
        Reader { events: self.clone(), next }
    }
}

impl Ring {
    fn push(&mut self, event: Arc<Event>) {
        self.bytes += event.what.size();
        self.kept.push_back(event);
        while self.kept.len() > CAPACITY || self.bytes > BYTES {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= oldest.what.size();
            self.dropped += 1;
        }
    }

    /// The number of the oldest, and the one that the next will have.
    fn range(&self) -> (u64, u64) {
        (self.dropped, self.dropped + self.kept.len() as u64)
    }
}

impl Happening {
    /// The bytes that vary.
    fn size(&self) -> usize {
        match self {
            Self::Invocation(invocation) => invocation.line.as_ref().map_or(0, String::len),
            Self::Frame { body, .. } => body.len(),
            Self::Connect { .. } | Self::Disconnect { .. } => 0,
        }
    }
}

/// Somebody who reads along.
#[derive(Debug)]
struct Reader {
    events: Events,
    next: u64,
}

/// Some events in a row.
#[derive(Debug)]
struct Batch {
    /// How many were dropped before the reader came to them.
    lost: u64,
    /// The number of the first one.
    first: u64,
    events: Vec<Arc<Event>>,
}

impl Reader {
    /// What has happened since, as soon as something has.
    async fn next(&mut self) -> Batch {
        let events = self.events.clone();
        loop {
            // Before looking, so that nothing goes by unseen in between.
            let more = events.shared.more.notified();
            if let Some(batch) = self.look() {
                return batch;
            }
            more.await;
        }
    }

    fn look(&mut self) -> Option<Batch> {
        let ring = lock(&self.events.shared.ring);
        let (oldest, end) = ring.range();
        if self.next >= end {
            return None;
        }
        let first = self.next.max(oldest);
        let lost = first - self.next;
        // The ring is no longer than its capacity.
        let known = (first - oldest) as usize;
        let events: Vec<_> = ring.kept.iter().skip(known).take(BATCH).cloned().collect();
        self.next = first + events.len() as u64;
        Some(Batch { lost, first, events })
    }
}

impl Event {
    /// What may be seen of it.
    fn to_json(&self) -> Value {
        let mut seen = match &self.what {
            Happening::Invocation(invocation) => invocation.to_json(),
            Happening::Connect { connection } => json!({ "type": "connect", "connection_id": connection }),
            Happening::Disconnect { connection, code } => {
                json!({ "type": "disconnect", "connection_id": connection, "code": code })
            }
            Happening::Frame { connection, direction, body } => {
                let direction = match direction {
                    Direction::In => "in",
                    Direction::Out => "out",
                };
                json!({
                    "type": "frame",
                    "connection_id": connection,
                    "direction": direction,
                    "size": body.len(),
                    "body": secrets::shown(body),
                })
            }
        };
        seen["at"] = self.at.into();
        seen
    }
}

impl Invocation {
    fn to_json(&self) -> Value {
        let milliseconds = |time: Duration| (time.as_secs_f64() * 100_000.0).round() / 100.0;
        // A function that ended before it could, or one of another kind, has written none.
        let line: Value =
            self.line.as_deref().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
        json!({
            "type": "invocation",
            "request_id": self.request_id,
            "function": self.function,
            "source": self.source.name,
            "connection_id": self.source.connection,
            "waited_ms": milliseconds(self.waited),
            "duration_ms": milliseconds(self.took),
            "cold": self.is_cold,
            "error": self.error,
            "status": line["status"],
            "storage_calls": line["storageCalls"],
            "read_units": line["readUnits"],
            "write_units": line["writeUnits"],
            "user_id": line["userId"],
        })
    }
}

#[cfg(test)]
impl Events {
    /// What functions wrote about the invocations that are kept.
    pub(crate) fn lines(&self) -> Vec<Option<String>> {
        let ring = lock(&self.shared.ring);
        let lines = ring.kept.iter().filter_map(|event| match &event.what {
            Happening::Invocation(invocation) => Some(invocation.line.clone()),
            _ => None,
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> Happening {
        Happening::Frame {
            connection: "c".to_owned(),
            direction: Direction::In,
            body: Bytes::copy_from_slice(text.as_bytes()),
        }
    }

    fn codes(batch: &Batch) -> Vec<u64> {
        let code = |event: &Arc<Event>| match event.what {
            Happening::Disconnect { code, .. } => u64::from(code),
            _ => panic!("{event:?}"),
        };
        batch.events.iter().map(code).collect()
    }

    /// Notes so many that can be told apart.
    fn note(events: &Events, codes: std::ops::Range<u16>) {
        for code in codes {
            events.note(Happening::Disconnect { connection: "c".to_owned(), code });
        }
    }

    #[tokio::test]
    async fn a_reader_gets_what_was_there_and_then_what_comes() {
        let events = Events::default();
        note(&events, 0..2);
        let mut reader = events.reader(None);
        let batch = reader.next().await;
        assert_eq!((batch.lost, batch.first, codes(&batch)), (0, 0, vec![0, 1]));

        let waiting = tokio::spawn(async move { reader.next().await });
        tokio::task::yield_now().await;
        note(&events, 2..3);
        let batch = waiting.await.expect("a batch");
        assert_eq!((batch.lost, batch.first, codes(&batch)), (0, 2, vec![2]));
    }

    #[tokio::test]
    async fn a_reader_that_comes_back_goes_on_where_it_was() {
        let events = Events::default();
        note(&events, 0..5);
        assert_eq!(codes(&events.reader(Some(2)).next().await), [3, 4]);
        assert!(events.reader(Some(4)).look().is_none(), "it has seen everything");
        assert_eq!(
            codes(&events.reader(Some(99)).next().await),
            [0, 1, 2, 3, 4],
            "of a stack before this one"
        );
        assert_eq!(codes(&events.reader(Some(u64::MAX)).next().await).len(), 5);
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_lost_and_goes_on_with_the_oldest() {
        let events = Events::default();
        let mut reader = events.reader(None);
        let many = CAPACITY as u16 + 7;
        note(&events, 0..many);
        let mut seen = Vec::new();
        let first = reader.next().await;
        assert_eq!((first.lost, first.first), (7, 7));
        seen.extend(codes(&first));
        while let Some(batch) = reader.look() {
            assert_eq!(batch.lost, 0);
            seen.extend(codes(&batch));
        }
        assert_eq!(seen, (7..u64::from(many)).collect::<Vec<_>>());

        let mut late = events.reader(None);
        assert_eq!(late.next().await.lost, 0, "what was gone before it came is not lost");
        let mut back = events.reader(Some(2));
        assert_eq!(back.next().await.lost, 4, "3 to 6");
    }

    #[test]
    fn large_frames_push_out_more_than_one() {
        let events = Events::default();
        let large = "x".repeat(BYTES / 4);
        for _ in 0..10 {
            events.note(frame(&large));
        }
        let ring = lock(&events.shared.ring);
        assert_eq!((ring.range(), ring.bytes), ((6, 10), BYTES));
    }

    #[test]
    fn an_invocation_tells_what_its_function_wrote() {
        let mut invocation = Invocation {
            request_id: "r-1".to_owned(),
            function: "ChatsFunction".to_owned(),
            source: Source::new("POST /chats"),
            waited: Duration::from_micros(12_345),
            took: Duration::from_micros(3_456),
            is_cold: Some(true),
            error: None,
            line: Some(
                r#"{"readUnits":1.5,"requestId":"r-1","status":201,"storageCalls":2,"userId":"7","writeUnits":4.0}"#
                    .to_owned(),
            ),
        };
        assert_eq!(
            invocation.to_json(),
            json!({
                "type": "invocation", "request_id": "r-1", "function": "ChatsFunction",
                "source": "POST /chats", "connection_id": null, "waited_ms": 12.35, "duration_ms": 3.46,
                "cold": true, "error": null, "status": 201, "storage_calls": 2, "read_units": 1.5,
                "write_units": 4.0, "user_id": "7",
            }),
        );
        invocation.line = None;
        invocation.error = Some("Sandbox.Timedout".to_owned());
        let seen = invocation.to_json();
        assert_eq!((&seen["status"], &seen["error"]), (&Value::Null, &json!("Sandbox.Timedout")));
    }
}
