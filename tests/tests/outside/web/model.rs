//! Random acts of several people in one chat, and a model of what they then see. A failure prints the seed, and `TEST_SEED`
//! repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::IntoFuture as _;

use futures::future::join_all;
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};
use tests::{Caller as _, Stack, WebUser, random, seed, unique};

use super::interleavings::{keyed, one_has_deleted, people_in_chat, times_increase, whole};
use super::{CHATS, chat_path, check, is_ok, leaving, listed, message_path, refused_with};
use crate::common::column;

/// Somebody in a run, and what became of all that this one has said.
struct Person {
    user: WebUser,
    chat: u64,
    rng: TestRng,
    is_inside: bool,
    /// The contents of the messages that are there, by number.
    there: BTreeMap<u64, String>,
    gone: BTreeSet<u64>,
}

impl Person {
    /// Does this and that. Whoever takes the first part in a run stays, so that there is a chat.
    async fn act(&mut self, stays: bool) {
        for _ in 0..self.rng.random_range(1..=6) {
            if !self.is_inside {
                self.is_refused().await;
                return;
            }
            match self.rng.random_range(0..10) {
                0..5 => self.say().await,
                5 => self.say_repeatedly().await,
                6..9 => self.delete().await,
                _ if stays => {}
                _ => {
                    is_ok(&self.user.delete(&leaving(self.chat)).await, 200);
                    self.is_inside = false;
                }
            }
        }
    }

    async fn is_refused(&self) {
        let call = self.user.post(&chat_path(self.chat)).form(&[("content", "let me in")]);
        refused_with(&call.await, 403, "forbidden");
        refused_with(&self.user.get(&chat_path(self.chat)).await, 403, "forbidden");
        refused_with(&self.user.delete(&leaving(self.chat)).await, 403, "forbidden");
    }

    fn said(&mut self, id: u64, content: String) {
        assert!(!self.gone.contains(&id), "{id} was deleted before");
        assert_eq!(self.there.insert(id, content), None, "{id} is another message already");
    }

    /// Says some things at once.
    async fn say(&mut self) {
        let contents: Vec<_> = (0..self.rng.random_range(1..=3)).map(|_| unique("content")).collect();
        let ids = join_all(contents.iter().map(|content| self.user.say(self.chat, content))).await;
        for (id, content) in ids.into_iter().zip(contents) {
            self.said(id, content);
        }
    }

    /// Says one thing some times at once, with one key.
    async fn say_repeatedly(&mut self) {
        let (content, key) = (unique("content"), unique("key"));
        let times = self.rng.random_range(2..=4);
        let answers = join_all((0..times).map(|_| keyed(&self.user, self.chat, &content, &key))).await;
        let mut ids: Vec<_> =
            answers.into_iter().map(|answer| answer.expect(201).json()["id"].clone()).collect();
        ids.dedup();
        let [id] = &ids[..] else { panic!("one key, several answers: {ids:?}") };
        self.said(id.as_u64().expect("an id"), content);
    }

    /// Deletes a message some times at once.
    async fn delete(&mut self) {
        if self.there.is_empty() {
            return;
        }
        let place = self.rng.random_range(0..self.there.len());
        let id = *self.there.keys().nth(place).expect("a message");
        self.there.remove(&id);
        self.gone.insert(id);
        let path = message_path(self.chat, id);
        let times = self.rng.random_range(1..=3);
        one_has_deleted(&join_all((0..times).map(|_| self.user.delete(&path).into_future())).await);
    }
}

/// Compares what everybody sees with what everybody has done.
async fn compare(people: &[Person], chat: u64) {
    let mut expected = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    for person in people {
        for number in person.there.keys().chain(&person.gone) {
            assert!(numbers.insert(*number), "two messages have the number {number}");
        }
        expected.extend(person.there.iter().map(|(id, content)| (*id, (&person.user, content))));
    }
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    for person in people {
        if !person.is_inside {
            refused_with(&person.user.get(&chat_path(chat)).await, 403, "forbidden");
            assert_eq!(person.user.get(CHATS).await.expect(200).json(), json!({"chats": []}));
            continue;
        }
        let rows = whole(&person.user, chat).await;
        assert_eq!(column(&rows, "id"), expected.keys().copied().collect::<Vec<_>>());
        for (row, (id, (author, content))) in rows.iter().zip(&expected) {
            check(row, author, *id, content);
        }
        times_increase(&rows);
        let row = listed(&person.user, chat).await;
        let last = rows.last().unwrap_or(&Value::Null);
        let seen = (&row["last_message"], &row["last_message_time"], &row["sender_id"]);
        assert_eq!(seen, (&last["content"], &last["time"], &last["sender_id"]));
    }
}

#[tokio::test]
async fn everybody_sees_what_is_left_whenever_there_is_quiet() {
    const PEOPLE: usize = 4;
    const ROUNDS: usize = 8;
    let seed = seed();
    let stack = Stack::shared().await;
    let (users, chat) = people_in_chat(&stack, PEOPLE).await;
    let person = |(part, user)| Person {
        user,
        chat,
        rng: random(seed, part),
        is_inside: true,
        there: BTreeMap::new(),
        gone: BTreeSet::new(),
    };
    let mut people: Vec<_> = users.into_iter().enumerate().map(person).collect();
    let mut rng = random(seed, PEOPLE);
    for _ in 0..ROUNDS {
        join_all(people.iter_mut().enumerate().map(|(part, person)| person.act(part == 0))).await;
        compare(&people, chat).await;
        // Some of those who have left come back.
        let (first, others) = people.split_first_mut().expect("somebody");
        for person in others.iter_mut().filter(|person| !person.is_inside) {
            if rng.random_range(0..2) == 0 {
                first.user.invite(chat, &person.user).await;
                person.is_inside = true;
            }
        }
        compare(&people, chat).await;
    }
}
