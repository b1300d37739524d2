//! What several people see of a conversation to which all of them post and from which all of them delete at once:
//! `msgcount` is how many messages there are, and the newest are the newest. What they do is random; a failure prints
//! the seed, and `TEST_SEED` repeats it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all};
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::json;
use tests::{Answer, Caller as _, Guest, Stack, random, seed, unique};

use super::{beginner, check, guests, number, unauthorised};
use crate::common::column;

const PEOPLE: usize = 4;
/// How often there is quiet.
const ROUNDS: usize = 8;
/// The most that somebody does between two such moments.
const ACTS: usize = 8;
/// The most messages that somebody posts or deletes at once.
const AT_ONCE: usize = 4;

/// Checks that of several deletions of one message, made at once, one has deleted it.
#[track_caller]
fn one_has_deleted(answers: &[Answer]) {
    let (done, late): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(done.len(), 1, "{answers:?}");
    assert_eq!(done[0].json(), json!({"status": "success"}));
    for answer in late {
        assert_eq!(answer.refused(404), "message_not_found");
    }
}

/// Somebody, and what became of all that this one has posted.
struct Person {
    guest: Guest,
    conversation: String,
    rng: TestRng,
    /// The texts of the messages that are there, by number.
    there: BTreeMap<u64, String>,
    gone: BTreeSet<u64>,
}

impl Person {
    fn new(guest: Guest, conversation: &str, rng: TestRng) -> Self {
        let (there, gone) = (BTreeMap::new(), BTreeSet::new());
        Self { guest, conversation: conversation.to_owned(), rng, there, gone }
    }

    fn url(&self, number: u64) -> String {
        format!("{}/{number}", self.conversation)
    }

    /// Does this and that. `others` are messages that others had posted before.
    async fn act(&mut self, others: &[u64]) {
        for _ in 0..self.rng.random_range(1..=ACTS) {
            match self.rng.random_range(0..10) {
                0..5 => self.post().await,
                5 => self.post_repeatedly().await,
                6 | 7 => self.delete().await,
                8 => self.delete_repeatedly().await,
                _ => self.delete_anothers(others).await,
            }
        }
    }

    fn posted(&mut self, url: &str, text: String) {
        let number = number(url);
        assert_eq!(url, self.url(number));
        assert!(!self.gone.contains(&number), "{url} was deleted before");
        assert_eq!(self.there.insert(number, text), None, "{url} is another message already");
    }

    /// Posts some messages at once.
    async fn post(&mut self) {
        let before = self.there.keys().chain(&self.gone).max().copied().unwrap_or(0);
        let texts: Vec<_> = (0..self.rng.random_range(1..=AT_ONCE)).map(|_| unique("text")).collect();
        let urls = join_all(texts.iter().map(|text| self.guest.say(&self.conversation, text))).await;
        for (url, text) in urls.iter().zip(texts) {
            assert!(number(url) > before, "{url} comes after {before}");
            self.posted(url, text);
        }
    }

    /// Posts one message some times at once, with one key.
    async fn post_repeatedly(&mut self) {
        let (text, key) = (unique("text"), unique("key"));
        let body = json!({"text": text});
        let calls = (0..self.rng.random_range(2..=AT_ONCE)).map(|_| {
            self.guest.post(&self.conversation).header("idempotency-key", &key).json(&body).into_future()
        });
        let answers = join_all(calls).await;
        let mut answers: Vec<_> = answers.into_iter().map(|answer| answer.expect(200).json()).collect();
        answers.dedup();
        let [answer] = &answers[..] else { panic!("one key, several answers: {answers:?}") };
        let url = answer["url"].as_str().expect("a url").to_owned();
        self.posted(&url, text);
    }

    /// Takes a message of its own out of those that are there.
    fn choose(&mut self) -> Option<u64> {
        if self.there.is_empty() {
            return None;
        }
        // Now and then the newest one.
        let last = self.there.len() - 1;
        let place = if self.rng.random_range(0..3) == 0 { last } else { self.rng.random_range(0..=last) };
        let number = *self.there.keys().nth(place)?;
        self.there.remove(&number);
        self.gone.insert(number);
        Some(number)
    }

    /// Deletes some messages at once.
    async fn delete(&mut self) {
        let count = self.rng.random_range(1..=AT_ONCE);
        let chosen: Vec<_> = (0..count).map_while(|_| self.choose()).collect();
        let calls = chosen.iter().map(|number| self.guest.delete(&self.url(*number)).into_future());
        for answer in join_all(calls).await {
            assert_eq!(answer.expect(200).json(), json!({"status": "success"}));
        }
    }

    /// Deletes one message some times at once.
    async fn delete_repeatedly(&mut self) {
        let times = self.rng.random_range(2..=AT_ONCE);
        let Some(chosen) = self.choose() else { return };
        let url = self.url(chosen);
        let answers = join_all((0..times).map(|_| self.guest.delete(&url).into_future())).await;
        one_has_deleted(&answers);
    }

    /// Tries to delete what is not its own, which may be gone by then.
    async fn delete_anothers(&mut self, others: &[u64]) {
        if others.is_empty() {
            return;
        }
        let chosen = others[self.rng.random_range(0..others.len())];
        let url = self.url(chosen);
        let answer = self.guest.delete(&url).await;
        if answer.status == 404 {
            assert_eq!(answer.refused(404), "message_not_found");
        } else {
            assert_eq!(unauthorised(&answer, 401), "forbidden");
        }
    }
}

/// Every message that there should be, with its author and its text, by number.
fn model(people: &[Person]) -> BTreeMap<u64, (&Guest, &str)> {
    let mut all = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    for person in people {
        for number in person.there.keys().chain(&person.gone) {
            assert!(numbers.insert(*number), "two messages have the number {number}");
        }
        all.extend(person.there.iter().map(|(number, text)| (*number, (&person.guest, text.as_str()))));
    }
    all
}

/// Compares what somebody sees with the model.
async fn compare(reader: &Guest, conversation: &str, model: &BTreeMap<u64, (&Guest, &str)>, count: usize) {
    assert_eq!(reader.msgcount(conversation).await, model.len(), "msgcount");
    let rows = reader.newest(conversation, count).await;
    let skipped = model.len().saturating_sub(count);
    let expected: Vec<_> = model.iter().skip(skipped).collect();
    assert_eq!(column(&rows, "seq"), expected.iter().map(|(number, _)| **number).collect::<Vec<_>>());
    for (row, (number, (author, text))) in rows.iter().zip(expected) {
        check(row, author, &format!("{conversation}/{number}"), text);
    }
    let times: Vec<_> = rows.iter().map(|row| row["timestamp"].as_str().expect("a time")).collect();
    assert!(times.is_sorted_by(|one, other| one < other), "{times:?}");
}

#[tokio::test]
async fn everybody_sees_what_is_left_whenever_there_is_quiet() {
    let seed = seed();
    let stack = Stack::shared().await;
    let (stranger, conversation) = beginner(&stack).await;
    let guests = guests(&stack, PEOPLE).await;
    let mut people: Vec<_> = guests
        .into_iter()
        .enumerate()
        .map(|(part, guest)| Person::new(guest, &conversation, random(seed, part)))
        .collect();
    let mut rng = random(seed, PEOPLE);
    for _ in 0..ROUNDS {
        let own: Vec<_> = people.iter().map(|person| person.there.clone()).collect();
        let others = |part: usize| {
            let others = own.iter().enumerate().filter(move |(other, _)| *other != part);
            others.flat_map(|(_, there)| there.keys().copied()).collect::<Vec<_>>()
        };
        let others: Vec<_> = (0..PEOPLE).map(others).collect();
        join_all(people.iter_mut().zip(&others).map(|(person, others)| person.act(others))).await;

        let model = model(&people);
        let counts = [rng.random_range(1..=10), rng.random_range(11..=99), 100];
        let readers = [&people[0].guest, &people[PEOPLE - 1].guest, &stranger];
        join_all(
            readers.iter().zip(counts).map(|(reader, count)| compare(reader, &conversation, &model, count)),
        )
        .await;
    }
    for (number, (author, text)) in model(&people) {
        let url = format!("{conversation}/{number}");
        check(&stranger.get(&url).await.expect(200).json(), author, &url, text);
    }
    for person in &people {
        for url in person.gone.iter().map(|number| person.url(*number)) {
            assert_eq!(person.guest.get(&url).await.refused(404), "message_not_found");
            assert_eq!(person.guest.delete(&url).await.refused(404), "message_not_found");
        }
    }
    compare(&stranger, &conversation, &model(&people), 100).await;
}

#[tokio::test]
async fn a_hundred_messages_posted_at_once_have_the_numbers_from_1_to_100() {
    let stack = Stack::shared().await;
    let (reader, conversation) = beginner(&stack).await;
    let people = guests(&stack, PEOPLE).await;
    let texts: Vec<_> = (0..100).map(|_| unique("text")).collect();
    let authors = people.iter().cycle();
    let said = authors.clone().zip(&texts).map(|(author, text)| author.say(&conversation, text));
    let urls = join_all(said).await;
    let by_number: BTreeMap<_, _> = urls.iter().map(|url| number(url)).zip(authors.zip(&texts)).collect();
    assert!(by_number.keys().copied().eq(1..=100), "{:?}", by_number.keys());
    let model =
        by_number.iter().map(|(number, (author, text))| (*number, (*author, text.as_str()))).collect();
    compare(&reader, &conversation, &model, 100).await;
    compare(&reader, &conversation, &model, 10).await;
}

#[tokio::test]
async fn of_two_deletions_at_once_one_has_deleted() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    ada.say(&conversation, "here to stay").await;
    for left in 1..=10 {
        let message = ada.say(&conversation, "soon gone").await;
        let (one, other) = join(ada.delete(&message).into_future(), ada.delete(&message).into_future()).await;
        one_has_deleted(&[one, other]);
        assert_eq!(ada.msgcount(&conversation).await, left);
        ada.say(&conversation, "here to stay").await;
    }
    assert_eq!(ada.newest(&conversation, 100).await.len(), 11);
}

#[tokio::test]
async fn of_ten_deletions_at_once_one_has_deleted_whether_the_message_is_new_or_old() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    for number in 1..=20 {
        ada.say(&conversation, &number.to_string()).await;
    }
    for (goes, left) in [(20, 19), (1, 18), (10, 17)] {
        let url = format!("{conversation}/{goes}");
        one_has_deleted(&join_all((0..10).map(|_| ada.delete(&url).into_future())).await);
        assert_eq!(ada.msgcount(&conversation).await, left);
        assert_eq!(ada.newest(&conversation, 100).await.len(), left);
    }
}

#[tokio::test]
async fn all_of_many_can_be_deleted_at_once_while_others_are_posted() {
    let stack = Stack::shared().await;
    let (ada, conversation) = beginner(&stack).await;
    let bob = Guest::new(&stack).await;
    let old = join_all((0..20).map(|_| ada.say(&conversation, "soon gone"))).await;
    let deletions = join_all(old.iter().map(|url| ada.delete(url).into_future()));
    let posts = join_all((0..20).map(|_| bob.say(&conversation, "here to stay")));
    let (deletions, mut new) = join(deletions, posts).await;
    for answer in deletions {
        assert_eq!(answer.expect(200).json(), json!({"status": "success"}));
    }
    new.sort_unstable_by_key(|url| number(url));
    assert_eq!(ada.msgcount(&conversation).await, 20);
    assert_eq!(column(&ada.newest(&conversation, 100).await, "url"), new);
    for url in &old {
        assert_eq!(bob.get(url).await.refused(404), "message_not_found");
    }
}
