//! Random interleavings of everything that people do in rooms, over real HTTP, against a plain model: three
//! people in two rooms, one of them too small for all.
//!
//! A failure prints the shortest run that still fails, and the seed it was found with; `TEST_SEED` repeats it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::Value;
use tests::{Caller as _, Stack, User, seed};
use uuid::Uuid;

use super::{messages, open_for, people, room_of};
use crate::common::{send, text};

const PEOPLE: usize = 3;
/// How many people each room takes.
const ROOMS: [usize; 2] = [PEOPLE, PEOPLE - 1];
const RUNS: u32 = 5;
const LONGEST: usize = 30;
/// Shrinking runs over HTTP, too.
const MOST_SHRINKS: u32 = 60;

/// What somebody does. People and rooms are numbered.
#[derive(Clone, Debug)]
enum Step {
    Post { by: usize, room: usize },
    PostTwice { by: usize, room: usize },
    Read { by: usize, room: usize, end: &'static str },
}

fn step() -> impl Strategy<Value = Step> {
    let place = (0..PEOPLE, 0..ROOMS.len());
    let end = prop_oneof![Just("read"), Just("message/read")];
    prop_oneof![
        6 => place.clone().prop_map(|(by, room)| Step::Post { by, room }),
        1 => place.clone().prop_map(|(by, room)| Step::PostTwice { by, room }),
        3 => (place, end).prop_map(|((by, room), end)| Step::Read { by, room, end }),
    ]
}

/// What a person would say that a room should be: lists, no cleverness.
#[derive(Clone, Debug)]
struct Room {
    id: u64,
    capacity: usize,
    /// Who said what; the first one is number 1.
    messages: Vec<(usize, String)>,
    /// How many messages each participant has behind it.
    read: BTreeMap<usize, usize>,
}

impl Room {
    /// Whether somebody may post.
    fn takes(&self, person: usize) -> bool {
        self.read.contains_key(&person) || self.read.len() < self.capacity
    }

    fn post(&mut self, by: usize, text: &str) {
        self.read.entry(by).or_insert(self.messages.len());
        self.messages.push((by, text.to_owned()));
    }

    /// The unread messages of a participant.
    fn unread(&self, person: usize) -> Option<usize> {
        let read = *self.read.get(&person)?;
        Some(self.messages[read..].iter().filter(|(by, _)| *by != person).count())
    }

    /// The room as a participant's lists should show it.
    fn overview(&self, person: usize) -> Option<Overview> {
        Some((self.id, self.messages.last()?.1.clone(), self.unread(person)? as u64))
    }
}

/// A room, its last message, and how many are unread.
type Overview = (u64, String, u64);

/// The people, what they do, and what should be so.
struct Run<'a> {
    users: &'a [User],
    rooms: Vec<Room>,
}

impl Run<'_> {
    async fn take(&mut self, step: &Step) {
        let key = Uuid::new_v4().to_string();
        match *step {
            Step::Post { by, room } => drop(self.post(by, room, &key).await),
            Step::PostTwice { by, room } => {
                let first = self.post(by, room, &key).await;
                let path = format!("/chat_rooms/{}/message", self.rooms[room].id);
                let again = send(&self.users[by], &path, &text(&key), &key).await;
                match first {
                    Some(first) => assert_eq!(again.expect(201).json(), first),
                    None => drop(again.refused(403)),
                }
            }
            Step::Read { by, room, end } => {
                let room = &mut self.rooms[room];
                let answer = self.users[by].post(&format!("/chat_rooms/{}/{end}", room.id)).await;
                match room.read.get_mut(&by) {
                    Some(read) => {
                        answer.expect(201);
                        *read = room.messages.len();
                    }
                    None => drop(answer.refused(403)),
                }
            }
        }
    }

    /// Posts, and gives the answer, if the room takes it.
    async fn post(&mut self, by: usize, room: usize, words: &str) -> Option<Value> {
        let room = &mut self.rooms[room];
        let answer =
            send(&self.users[by], &format!("/chat_rooms/{}/message", room.id), &text(words), words).await;
        if !room.takes(by) {
            answer.refused(403);
            return None;
        }
        let answer = answer.expect(201).json();
        room.post(by, words);
        assert_eq!(answer["seq"], room.messages.len());
        Some(answer)
    }

    /// Compares everything that everybody sees with the model.
    async fn check(&self) {
        for (person, user) in self.users.iter().enumerate() {
            for (path, only_unread) in [("/chat_rooms", false), ("/chat_rooms/message/unread", true)] {
                let rows = user.get(path).await.expect(200).rows();
                let times: Vec<_> = rows.iter().map(|row| row["last_message_timestamp"].as_str()).collect();
                assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
                let mut expected: Vec<_> = self
                    .rooms
                    .iter()
                    .filter_map(|room| room.overview(person))
                    .filter(|(_, _, unread)| !only_unread || *unread > 0)
                    .collect();
                expected.sort_unstable();
                assert_eq!(self.overviews(&rows), expected, "{path} of {person}");
            }
            for room in &self.rooms {
                let shown = room_of(user, room.id).await;
                assert_eq!(shown["unread_count"], room.unread(person).unwrap_or(0), "{shown} of {person}");
                let rows = messages(&shown);
                let rows = rows
                    .iter()
                    .map(|row| (row["seq"].as_u64(), row["user_id"].as_u64(), row["message"].as_str()));
                let expected = room.messages.iter().enumerate().rev().map(|(index, (by, text))| {
                    (Some(index as u64 + 1), Some(self.users[*by].id), Some(text.as_str()))
                });
                assert!(rows.eq(expected), "{shown} instead of {:?}", room.messages);
            }
        }
        for room in &self.rooms {
            let rows = self.users[0].get(&format!("/chat_rooms/{}/users", room.id)).await.expect(200).rows();
            let inside: BTreeSet<_> = rows.iter().filter_map(|row| row["user_id"].as_u64()).collect();
            assert_eq!(inside, room.read.keys().map(|person| self.users[*person].id).collect());
            assert_eq!(inside.len(), rows.len(), "{rows:?}");
        }
    }

    /// The rows of this run's rooms, in the order of their ids: those of earlier runs are still there.
    fn overviews(&self, rows: &[Value]) -> Vec<Overview> {
        let overview = |row: &Value| {
            let (room, unread) = (row["chat_room_id"].as_u64()?, row["unread_count"].as_u64()?);
            let ours = self.rooms.iter().any(|ours| ours.id == room);
            ours.then_some((room, row["last_message"].as_str()?.to_owned(), unread))
        };
        let mut overviews: Vec<_> = rows.iter().filter_map(overview).collect();
        overviews.sort_unstable();
        overviews
    }
}

/// Runs all steps in new rooms, and compares after each.
async fn run(users: &[User], steps: &[Step]) {
    let mut rooms = Vec::new();
    for capacity in ROOMS {
        let id = open_for(&users[0], capacity as u64).await;
        rooms.push(Room { id, capacity, messages: Vec::new(), read: BTreeMap::new() });
    }
    let mut run = Run { users, rooms };
    for step in steps {
        run.take(step).await;
        run.check().await;
    }
}

#[test]
fn everybody_always_sees_what_the_model_says() {
    let seed = seed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (stack, users) = runtime.block_on(async {
        let stack = Stack::shared().await;
        let users = people(&stack, PEOPLE).await;
        (stack, users)
    });
    let config = Config {
        cases: RUNS,
        max_shrink_iters: MOST_SHRINKS,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(step(), 1..=LONGEST), |steps| {
        runtime.block_on(run(&users, &steps));
        Ok::<(), TestCaseError>(())
    });
    drop(stack);
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
