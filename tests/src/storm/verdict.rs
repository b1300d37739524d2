//! What must be so when it is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use futures::future::join_all;
use futures::{StreamExt as _, stream};
use proptest::prelude::RngExt as _;
use serde_json::json;

use super::observers::Listener;
use super::record::Row;
use super::{OBSERVERS, People, Scene, cursor};
use crate::{Caller as _, Tables, User, random};

/// What one page has.
const PAGE: u64 = 100;
/// Places in the middle that are paged back from.
const PLACES: usize = 40;
/// Of so many messages one is sent once more.
const ONE_IN_SO_MANY_IS_SENT_AGAIN: usize = 16;
/// People who read the whole at the same time.
const AT_ONCE: usize = 4;

type History = BTreeMap<u64, Row>;

impl Scene<'_> {
    /// Checks everything, with the store's own word for how far everybody has read.
    pub(super) async fn check(&self, people: &People, tables: &Tables, listeners: &mut [Listener; 2]) {
        let history = self.check_histories(people).await;
        self.check_senders(people, &history);
        self.check_windows(&people.visitor, &history).await;
        self.check_unread(people, tables, &history).await;
        self.check_repeated(people, &history).await;

        // Nothing is in the way of what comes next, nobody has lost a socket, and what is read is read.
        let last = self.say(&people.senders[0], "and now?").await;
        assert_eq!(last, history.len() as u64 + 1);
        join_all(listeners.iter_mut().map(|listener| listener.catch_up(self, last))).await;
        for user in people.participants() {
            user.mark_room_read(self.room).await;
            assert_eq!(user.room_unread(self.room).await, 0, "after marking everything as read");
        }
    }

    /// Everybody sees the same messages, numbered from 1 on without a gap, and among them all that anybody ever saw.
    async fn check_histories(&self, people: &People) -> History {
        let everybody: Vec<_> = people.participants().chain([&people.visitor]).collect();
        let reading = stream::iter(&everybody).map(|user| self.history_of(user));
        let mut histories = reading.buffer_unordered(AT_ONCE);
        while let Some(history) = histories.next().await {
            assert_eq!(history.len(), self.record.acknowledged(), "how many messages there are");
        }
        let history = self.record.rows();
        let expected = 1..=self.record.acknowledged() as u64;
        assert!(history.keys().copied().eq(expected), "somebody was told of messages that are not there");
        let times: Vec<_> = history.values().map(|row| &row.timestamp).collect();
        assert!(times.is_sorted_by(|one, other| one < other), "times increase along the room");
        history
    }

    /// The numbers of all messages as a user sees them, page by page.
    async fn history_of(&self, user: &User) -> Vec<u64> {
        let mut all: Vec<u64> = Vec::new();
        let path = self.path("");
        for messages in user.pages(&path, "until").await {
            let page = self.see_page("a reader", &json!({"messages": messages}));
            let before = all.last().zip(page.first());
            assert!(before.is_none_or(|(last, first)| *last == first + 1), "{before:?} meet between pages");
            all.extend(page);
        }
        let ends = (all.first().copied(), all.last().copied());
        assert_eq!(ends, (Some(all.len() as u64), Some(1)), "a history of {}", all.len());
        all
    }

    /// Each message is there once, and those of one sender are in the order in which they were sent.
    fn check_senders(&self, people: &People, history: &History) {
        let mut texts = BTreeSet::new();
        let mut said: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for Row { sender, text, .. } in history.values() {
            assert!(texts.insert((sender, text)), "{sender} is twice there with {text:?}");
            said.entry(*sender).or_default().push(text);
        }
        for (place, user) in people.senders.iter().enumerate() {
            let said = &said[&user.id];
            assert_eq!(said[0], "here");
            let own = |nth: usize| format!("{nth} of {place} ");
            let in_order =
                (0..self.storm.messages).zip(&said[1..]).all(|(nth, text)| text.starts_with(&own(nth)));
            assert!(in_order && said.len() == self.storm.messages + 1, "what sender {place} has said");
        }
    }

    /// A page can begin before any message.
    async fn check_windows(&self, visitor: &User, history: &History) {
        let mut rng = random(self.storm.seed, OBSERVERS - 2);
        for _ in 0..PLACES {
            let place = rng.random_range(1..=history.len() as u64);
            let path = self.path(&format!("?until={}", history[&place].timestamp));
            let view = visitor.get(&path).await.expect(200).json();
            let page = self.see_page("a reader", &view);
            let expected: Vec<_> = (place.saturating_sub(PAGE).max(1)..place).rev().collect();
            // Fewer only where they are too long for one answer.
            assert!(page.len() == expected.len() || !view["next"].is_null(), "{} before {place}", page.len());
            assert!(expected.starts_with(&page), "{page:?} before {place}");
        }
    }

    /// What is unread of each is what others have said after its cursor, wherever it is told.
    async fn check_unread(&self, people: &People, tables: &Tables, history: &History) {
        let (last, newest) = history.last_key_value().expect("messages");
        for user in people.participants() {
            let read = cursor(tables, user, self.room).await;
            // All have read what was there at first, and only one has read since: sending is not reading.
            match user.id == people.marker.id {
                true => {
                    assert!((self.marked.load(Ordering::SeqCst)..=*last).contains(&read), "{read} are read")
                }
                false => assert_eq!(read, people.participants().count() as u64, "who never marks has read"),
            }
            let unread = history.range(read + 1..).filter(|(_, row)| row.sender != user.id).count();
            let list = user.get("/chat_rooms").await.expect(200).rows();
            let notifications = user.get("/notifications").await.expect(200).json();
            let notifications = notifications["notifications"].as_array().expect("notifications").clone();
            let view = user.get(&self.path("")).await.expect(200).json();
            for row in [list, notifications, vec![view]] {
                let row = row.iter().find(|row| row["chat_room_id"] == self.room).expect("the room");
                assert_eq!(row["unread_count"], unread, "after {read}: {}", row["title"]);
                let text = row.get("last_message").unwrap_or(&row["message"]);
                assert_eq!(*text, newest.text, "the newest message of a list");
                let time = row.get("last_message_timestamp").unwrap_or(&row["timestamp"]);
                assert_eq!(*time, newest.timestamp, "the time of the newest message of a list");
            }
            assert_eq!(user.room_unread(self.room).await, unread as u64);
        }
    }

    /// A key that was acknowledged once gives the same answer for good, and stores nothing.
    async fn check_repeated(&self, people: &People, history: &History) {
        let mut nth = BTreeMap::<u64, usize>::new();
        let mut again = Vec::new();
        for (seq, row) in history {
            let Some(place) = people.senders.iter().position(|user| user.id == row.sender) else { continue };
            // The first one had no key.
            let nth = nth.entry(row.sender).and_modify(|nth| *nth += 1).or_insert(0);
            if *nth > 0 && seq.is_multiple_of(ONE_IN_SO_MANY_IS_SENT_AGAIN as u64) {
                again.push((place, *nth - 1, *seq, row));
            }
        }
        let sending = stream::iter(again).map(|(place, nth, seq, row)| async move {
            let placed = self.send(place, nth, &people.senders[place], &row.text).await.json();
            assert_eq!((&placed["seq"], &placed["message_timestamp"]), (&json!(seq), &json!(row.timestamp)));
        });
        sending.buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    /// Says something without a fault, and gives its number.
    async fn say(&self, user: &User, text: &str) -> u64 {
        let placed = user.post(&self.path("/message")).json(&json!({"message": text, "type": "text"}));
        let placed = placed.await.expect(201).json();
        self.record.attempt();
        self.record.acknowledge(user.id, text, &placed)
    }
}
