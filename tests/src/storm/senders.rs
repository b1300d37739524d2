//! Those who write.

use futures::future::join_all;
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};

use super::Scene;
use crate::{Answer, Caller as _, User, random};

/// One of so many texts is as long as a text may be.
const ONE_IN_SO_MANY_IS_LONG: u32 = 50;
const LONGEST: usize = 16 * 1024;
/// One of so many messages is sent by two devices at once, and as many are sent again after they are acknowledged.
const ONE_IN_SO_MANY_IS_REPEATED: u32 = 10;

impl Scene<'_> {
    /// Writes all messages of one sender, one after the other.
    pub(super) async fn send_all(&self, place: usize, user: &User) {
        let mut rng = random(self.storm.seed, place);
        let mut last = 0;
        for nth in 0..self.storm.messages {
            let text = text(place, nth, &mut rng);
            let devices = if rng.random_ratio(1, ONE_IN_SO_MANY_IS_REPEATED) { 2 } else { 1 };
            self.record.attempt();
            let mut answers = join_all((0..devices).map(|_| self.send(place, nth, user, &text))).await;
            if rng.random_ratio(1, ONE_IN_SO_MANY_IS_REPEATED) {
                answers.push(self.send(place, nth, user, &text).await);
            }
            let placed: Vec<Value> = answers.iter().map(Answer::json).collect();
            assert!(placed.iter().all(|one| *one == placed[0]), "one key has several places: {placed:?}");
            let seq = self.record.acknowledge(user.id, &text, &placed[0]);
            assert!(seq > last, "message {nth} of sender {place} has number {seq}, the one before {last}");
            last = seq;
        }
    }

    /// Sends a message until it is acknowledged.
    pub(super) async fn send(&self, place: usize, nth: usize, user: &User, text: &str) -> Answer {
        let key = format!("{place}-{nth}");
        let ask = || {
            let call = user.post(&self.path("/message")).header("idempotency-key", &key);
            call.json(&json!({"message": text, "type": "text"}))
        };
        self.answered(201, ask).await
    }
}

/// A text that says whose it is: no two are the same.
fn text(place: usize, nth: usize, rng: &mut TestRng) -> String {
    let mut text = format!("{nth} of {place} ü");
    let length = match rng.random_ratio(1, ONE_IN_SO_MANY_IS_LONG) {
        true => LONGEST,
        false => rng.random_range(text.len()..200),
    };
    text.extend(std::iter::repeat_n('x', length - text.len()));
    text
}
