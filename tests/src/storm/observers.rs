//! Those who look on: by pages, by counts, and by sockets.

use std::collections::BTreeMap;
use std::iter::Sum;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};

use super::record::Row;
use super::{OBSERVERS, REST, Scene};
use crate::{Caller as _, Socket, User, random};

/// How many pages a visitor turns at most before it begins somewhere else.
const MOST_PAGES: usize = 5;
/// How long they look elsewhere at most before they look again.
const ELSEWHERE: Duration = Duration::from_millis(200);
/// The frames after which one who comes and goes goes, at most.
const MOST_FRAMES: usize = 60;
/// As many messages are brought at once to one who has missed them.
const MOST_RESUMED: u64 = 500;
/// How long a listener waits for what it has asked for before it asks again.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// How long a listener waits for a frame before it looks around.
const LOOK_AROUND: Duration = Duration::from_millis(50);

impl Scene<'_> {
    /// A room as a user sees it, with the page before a moment.
    async fn view(&self, user: &User, until: Option<&str>) -> Value {
        let path = match until {
            Some(until) => self.path(&format!("?until={until}")),
            None => self.path(""),
        };
        self.answered(200, || user.get(&path)).await.json()
    }

    /// Pages through the room, from its end or from any message, as long as people write.
    pub(super) async fn page(&self, visitor: &User) {
        let mut rng = random(self.storm.seed, OBSERVERS);
        while !self.record.is_finished() {
            let known = self.record.progress().last;
            let from = rng.random_range(1..=2 * known);
            let mut until = self.record.time_of(from);
            // What comes next must end where the page before begins.
            let mut expected = until.is_some().then(|| from - 1);
            for _ in 0..rng.random_range(1..=MOST_PAGES) {
                let view = self.view(visitor, until.as_deref()).await;
                let page = self.see_page("a visitor", &view);
                let newest = page.first().copied().unwrap_or(0);
                match expected {
                    Some(expected) => assert_eq!(newest, expected, "what comes before {until:?}"),
                    None => assert!(newest >= known, "{known} was acknowledged, and {newest} is the newest"),
                }
                expected = page.last().map(|oldest| oldest - 1);
                until = view["next"].as_str().map(str::to_owned);
                if until.is_none() {
                    assert!(matches!(expected, None | Some(0)), "a last page ends at {expected:?}");
                    break;
                }
            }
            tokio::time::sleep(rng.random_range(Duration::ZERO..ELSEWHERE)).await;
        }
    }

    /// Checks that a page has every message from its newest to its oldest, and gives their numbers.
    pub(super) fn see_page(&self, who: &str, view: &Value) -> Vec<u64> {
        let rows = view["messages"].as_array().unwrap_or_else(|| panic!("no messages in {view}"));
        let mut page: Vec<u64> = Vec::new();
        for (seq, row) in rows.iter().map(Row::read) {
            let before = page.last();
            assert!(before.is_none_or(|before| *before == seq + 1), "{seq} comes after {before:?}");
            page.push(seq);
            self.record.see(who, seq, row);
        }
        page
    }

    /// How many messages a user has unread, by any of the ways to ask for that.
    async fn unread(&self, user: &User, rng: &mut TestRng) -> usize {
        let count = match rng.random_range(0..4) {
            0 => self.view(user, None).await["unread_count"].take(),
            way => {
                let path = ["/chat_rooms", "/chat_rooms/message/unread", "/notifications"][way - 1];
                let answer = self.answered(200, || user.get(path)).await.json();
                let rows = answer["notifications"].as_array().or_else(|| answer.as_array());
                let mut rows = rows.unwrap_or_else(|| panic!("no list in {answer}")).iter();
                match rows.find(|row| row["chat_room_id"] == self.room) {
                    Some(row) => row["unread_count"].clone(),
                    None => json!(0),
                }
            }
        };
        count.as_u64().and_then(|count| count.try_into().ok()).unwrap_or_else(|| panic!("{count} unread"))
    }

    /// Looks what is unread of one who never reads: all that others say.
    pub(super) async fn count(&self, user: &User) {
        let mut rng = random(self.storm.seed, OBSERVERS + 1);
        let read = self.record.acknowledged();
        let mut before = 0;
        while !self.record.is_finished() {
            let least = self.record.acknowledged() - read;
            let unread = self.unread(user, &mut rng).await;
            let most = self.record.progress().attempted - read;
            assert!((least..=most).contains(&unread), "{unread} unread, of {least} to {most}");
            assert!(unread >= before, "{unread} unread, after {before}");
            before = unread;
            tokio::time::sleep(rng.random_range(Duration::ZERO..ELSEWHERE)).await;
        }
    }

    /// Marks the room as read now and then. What is unread after that is at most what was not acknowledged before, and at
    /// least what was begun after it.
    pub(super) async fn mark(&self, user: &User) {
        let mut rng = random(self.storm.seed, OBSERVERS + 2);
        let mut read = self.record.acknowledged_of_others(user.id);
        let own = self.record.acknowledged() - read;
        let mut begun = self.record.progress().attempted;
        while !self.record.is_finished() {
            if rng.random_ratio(1, 3) {
                let acknowledged = self.record.acknowledged_of_others(user.id);
                let last = self.record.progress().last;
                self.answered(201, || user.post(&self.path("/read"))).await;
                (read, begun) = (acknowledged, self.record.progress().attempted);
                self.marked.store(last, Ordering::SeqCst);
            }
            let least = self.record.acknowledged().saturating_sub(begun);
            let unread = self.unread(user, &mut rng).await;
            let most = self.record.progress().attempted - own - read;
            assert!((least..=most).contains(&unread), "{unread} unread, of {least} to {most} that may be");
            tokio::time::sleep(rng.random_range(Duration::ZERO..ELSEWHERE)).await;
        }
    }
}

/// What a listener has done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listening {
    /// Frames of messages that it got.
    pub(super) frames: u64,
    /// How often it asked for what it had missed.
    pub(super) resumed: u64,
}

impl Sum for Listening {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            frames: sum.frames + one.frames,
            resumed: sum.resumed + one.resumed,
        })
    }
}

/// Somebody with a socket, who asks for what it has missed, as clients do.
pub(super) struct Listener {
    user: User,
    socket: Socket,
    rng: TestRng,
    comes_and_goes: bool,
    /// The frames after which it goes.
    patience: usize,
    /// All messages up to here have come …
    through: u64,
    /// … and these after it.
    beyond: BTreeMap<u64, ()>,
    asked: Option<Instant>,
    heard: Listening,
}

impl Listener {
    /// Opens a socket while there are no faults yet: what was said before is known.
    pub(super) async fn new(scene: &Scene<'_>, user: &User, comes_and_goes: bool) -> Self {
        Self {
            user: user.clone(),
            socket: user.socket().await,
            rng: random(scene.storm.seed, OBSERVERS + 3 + usize::from(comes_and_goes)),
            comes_and_goes,
            patience: MOST_FRAMES,
            through: scene.record.progress().last,
            beyond: BTreeMap::new(),
            asked: None,
            heard: Listening::default(),
        }
    }

    /// What it has done so far.
    pub(super) fn heard(&self) -> Listening {
        self.heard
    }

    /// Listens as long as people write.
    pub(super) async fn listen(&mut self, scene: &Scene<'_>) {
        while !scene.record.is_finished() {
            if self.comes_and_goes && self.patience == 0 {
                self.come_again().await;
                self.patience = self.rng.random_range(1..=MOST_FRAMES);
            }
            self.hear(scene).await;
            if !self.beyond.is_empty() && self.asked.is_none_or(|asked| asked.elapsed() > ASK_AGAIN) {
                self.resume(scene).await;
            }
        }
    }

    /// Takes a frame, if there is one soon. Gives the frame that ends what was missed.
    async fn hear(&mut self, scene: &Scene<'_>) -> Option<Value> {
        let frame = tokio::time::timeout(LOOK_AROUND, self.socket.next()).await.ok()?;
        if frame["type"] == "resumed" {
            self.asked = None;
            let end = frame["chats"][scene.room.to_string()].clone();
            if end["recovered"] == true {
                assert!(end["seq"].as_u64() <= Some(self.through), "{end}, but it got {}", self.through);
            }
            return Some(end);
        }
        if frame["chat_room_id"] == scene.room {
            let (seq, row) = Row::read(&frame);
            scene.record.see("a listener", seq, row);
            self.heard.frames += 1;
            self.patience = self.patience.saturating_sub(1);
            if seq > self.through {
                self.beyond.insert(seq, ());
                while self.beyond.remove(&(self.through + 1)).is_some() {
                    self.through += 1;
                }
            }
        }
        None
    }

    /// Asks for what it has missed.
    async fn resume(&mut self, scene: &Scene<'_>) {
        let room = scene.room.to_string();
        self.socket.send(&json!({"type": "resume", "chats": {room: self.through}})).await;
        self.asked = Some(Instant::now());
        self.heard.resumed += 1;
    }

    /// Loses its connection and opens another one.
    async fn come_again(&mut self) {
        loop {
            match Socket::try_open(&self.user.socket_url()).await {
                Ok(socket) => {
                    std::mem::replace(&mut self.socket, socket).reset();
                    self.asked = None;
                    return;
                }
                Err(status) => assert!(status >= 500, "a socket was refused with {status}"),
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Checks that it gets a new message and everything before it, now that there are no faults any more.
    pub(super) async fn catch_up(&mut self, scene: &Scene<'_>, last: u64) {
        let began = Instant::now();
        while !self.beyond.contains_key(&last) && self.through < last {
            assert!(began.elapsed() < crate::PATIENCE, "an open socket does not get message {last}");
            self.hear(scene).await;
        }
        let missed = last - self.through;
        self.resume(scene).await;
        let end = loop {
            assert!(began.elapsed() < crate::PATIENCE, "a resume has no end");
            if let Some(end) = self.hear(scene).await {
                break end;
            }
        };
        assert_eq!(end["seq"], last, "{end}");
        // Where it is more than one frame brings, there are pages for it.
        assert_eq!(end["recovered"], missed <= MOST_RESUMED, "{missed} were missed: {end}");
    }
}
