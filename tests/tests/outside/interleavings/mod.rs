//! Random interleavings of everything that people do with direct chats, over real HTTP, against a plain model.
//!
//! A failure prints the shortest run that still fails, and the seed it was found with; `TEST_SEED` repeats it.

mod model;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tests::{Caller as _, Stack, User, seed};
use uuid::Uuid;

use model::{Model, PEOPLE};

const RUNS: u32 = 6;
const LONGEST: usize = 40;
/// Shrinking runs over HTTP, too.
const MOST_SHRINKS: u32 = 100;

/// What somebody does. People are numbered; `with` is the other one of the chat.
#[derive(Clone, Debug)]
enum Step {
    Send {
        by: usize,
        with: usize,
        path: &'static str,
    },
    SendTwice {
        by: usize,
        with: usize,
    },
    Read {
        by: usize,
        with: usize,
    },
    Fetch {
        by: usize,
        with: usize,
    },
    /// Fetches by `?ack=manual` and acknowledges the first `keep` rows.
    Acknowledge {
        by: usize,
        with: usize,
        keep: usize,
    },
    Delete {
        by: usize,
        with: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let people = (0..PEOPLE, 1..PEOPLE).prop_map(|(by, further)| (by, (by + further) % PEOPLE));
    let path = prop_oneof![Just("/chats"), Just("/chats_v2")];
    prop_oneof![
        10 => (people.clone(), path).prop_map(|((by, with), path)| Step::Send { by, with, path }),
        2 => people.clone().prop_map(|(by, with)| Step::SendTwice { by, with }),
        3 => people.clone().prop_map(|(by, with)| Step::Read { by, with }),
        3 => people.clone().prop_map(|(by, with)| Step::Fetch { by, with }),
        3 => (people.clone(), 0..4_usize).prop_map(|((by, with), keep)| Step::Acknowledge { by, with, keep }),
        1 => people.prop_map(|(by, with)| Step::Delete { by, with }),
    ]
}

/// The people, what they do, and what should be so.
struct Run<'a> {
    users: &'a [User],
    model: Model,
}

impl Run<'_> {
    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Send { by, with, path } => {
                self.send(by, with, path, &Uuid::new_v4().to_string()).await;
            }
            Step::SendTwice { by, with } => {
                let key = Uuid::new_v4().to_string();
                let chat = self.send(by, with, "/chats", &key).await;
                let repeated = self.post(by, with, "/chats_v2", &key).await;
                assert_eq!(repeated, chat);
            }
            Step::Read { by, with } => {
                let Some(chat) = self.chat(by, with).await else { return };
                self.users[by].mark_read(chat).await;
                self.model.chat(by, with).read(by);
            }
            Step::Fetch { by, with } => {
                let Some(chat) = self.chat(by, with).await else { return };
                let answer = self.users[by].get(&format!("/chats_v2/{chat}")).await.expect(200);
                let expected = self.model.chat(by, with).waiting(by);
                assert_eq!(seqs(&answer.rows()), expected);
                assert_eq!(answer.header("unread_count"), Some("0"));
                self.model.chat(by, with).remove(by, expected.len());
            }
            Step::Acknowledge { by, with, keep } => {
                let Some(chat) = self.chat(by, with).await else { return };
                let rows =
                    self.users[by].get(&format!("/chats_v2/{chat}?ack=manual")).await.expect(200).rows();
                assert_eq!(seqs(&rows), self.model.chat(by, with).waiting(by));
                let kept = rows.len().min(keep);
                let Some(last) = rows[..kept].last() else { return };
                let body = json!({"up_to": last["message_timestamp"]});
                self.users[by].post(&format!("/chats_v2/{chat}/ack")).json(&body).await.expect(200);
                self.model.chat(by, with).remove(by, kept);
            }
            Step::Delete { by, with } => {
                let Some(chat) = self.chat(by, with).await else { return };
                self.users[by].delete(&format!("/chats/{chat}")).await.expect(204);
                self.users[with].get(&format!("/chats/{chat}")).await.refused(404);
                self.model.delete(by, with);
            }
        }
    }

    async fn post(&self, by: usize, with: usize, path: &str, text: &str) -> u64 {
        let body = json!({"receiver_id": self.users[with].id, "message": text, "type": "text"});
        let call = self.users[by].post(path).header("idempotency-key", text).json(&body);
        call.await.expect(201).json()["chat_id"].as_u64().expect("a chat_id")
    }

    async fn send(&mut self, by: usize, with: usize, path: &str, text: &str) -> u64 {
        let id = self.post(by, with, path, text).await;
        self.model.send(by, with, id, text);
        id
    }

    /// The id of the chat of two people, if they have one.
    async fn chat(&mut self, by: usize, with: usize) -> Option<u64> {
        let path = format!("/chats/users/{}/{}", self.users[by].id, self.users[with].id);
        let answer = self.users[by].get(&path).await;
        let id = self.model.chat(by, with).id;
        match id {
            Some(id) => assert_eq!(answer.expect(200).json(), json!({"chat_id": id})),
            None => drop(answer.refused(404)),
        }
        id
    }

    /// Compares everything that everybody sees with the model.
    async fn check(&self) {
        for (person, user) in self.users.iter().enumerate() {
            let list = user.get("/chats").await.expect(200).rows();
            let times: Vec<_> = list.iter().map(|row| row["last_message_timestamp"].as_str()).collect();
            assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
            assert_eq!(overview(&list), self.model.overview(person, false));

            for path in ["/chats/unread", "/chats_v2/unread"] {
                let unread = user.get(path).await.expect(200).rows();
                assert_eq!(overview(&unread), self.model.overview(person, true), "{path}");
            }
            for (chat, messages) in self.model.histories(person) {
                let history = user.history(chat).await;
                let rows = history.iter().map(|row| (row["seq"].as_u64(), row["message"].as_str()));
                let expected =
                    messages.iter().map(|message| (Some(message.seq), Some(message.text.as_str())));
                assert!(rows.eq(expected), "{history:?} instead of {messages:?}");
            }
        }
    }
}

fn seqs(rows: &[Value]) -> Vec<u64> {
    rows.iter().filter_map(|row| row["seq"].as_u64()).collect()
}

/// `(chat, last message, unread)` of each row, in the order of the chats' ids.
fn overview(rows: &[Value]) -> Vec<(u64, Option<String>, u64)> {
    let mut rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let chat = row["chat_id"].as_u64().expect("a chat_id");
            let unread = row["unread_count"].as_u64().expect("an unread_count");
            (chat, row["last_message"].as_str().map(str::to_owned), unread)
        })
        .collect();
    rows.sort_unstable();
    rows
}

/// Runs all steps with people who have no chats, and compares after each.
async fn run(users: &[User], steps: &[Step]) {
    for user in users {
        for row in user.get("/chats").await.expect(200).rows() {
            user.delete(&format!("/chats/{}", row["chat_id"])).await.expect(204);
        }
    }
    let mut run = Run { users, model: Model::new() };
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
        let users = futures::future::join_all((0..PEOPLE).map(|_| User::new(&stack))).await;
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
