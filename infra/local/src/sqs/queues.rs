//! All queues, and the way from one into another: that of dead letters.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::SqsError;
use super::message::{NewMessage, Received, Sent};
use super::queue::{Queue, Taken};
use crate::template;

/// The queues by name.
#[derive(Debug)]
pub(super) struct Queues {
    by_name: BTreeMap<String, Queue>,
}

/// What came of receiving.
#[derive(Debug, Default)]
pub(super) struct Receipt {
    pub(super) received: Vec<Received>,
    /// How many messages went to the dead-letter queue instead.
    pub(super) buried: usize,
}

impl Queues {
    /// Empty queues, with another visibility timeout than their own if one is given.
    pub(super) fn new(queues: &[template::Queue], visibility_timeout: Option<Duration>, now: i64) -> Self {
        let by_name = queues.iter().map(|settings| {
            let timeout = ms(visibility_timeout.unwrap_or(settings.visibility_timeout));
            (settings.name.clone(), Queue::new(settings.clone(), timeout, now))
        });
        Self { by_name: by_name.collect() }
    }

    fn get(&mut self, name: &str) -> Result<&mut Queue, SqsError> {
        self.by_name.get_mut(name).ok_or_else(SqsError::queue_does_not_exist)
    }

    /// Puts a message into a queue.
    pub(super) fn send(&mut self, name: &str, message: NewMessage, now: i64) -> Result<Sent, SqsError> {
        self.get(name)?.send(message, now)
    }

    /// Receives at most so many messages. Those that were received too often before are buried on the way, as
    /// SQS does it: not when they become visible, but when somebody wants them.
    pub(super) fn receive(
        &mut self,
        name: &str,
        most: usize,
        visibility_timeout: Option<Duration>,
        now: i64,
    ) -> Result<Receipt, SqsError> {
        let queue = self.get(name)?;
        queue.settle(now);
        let mut receipt = Receipt::default();
        let mut dead = Vec::new();
        while receipt.received.len() < most
            && let Some(taken) = queue.take(visibility_timeout.map(ms), now)
        {
            match taken {
                Taken::Received(received) => receipt.received.push(received),
                Taken::Dead(message) => dead.push(message),
            }
        }
        receipt.buried = dead.len();
        let target = queue.settings().redrive.as_ref().map(|redrive| redrive.queue.clone());
        // Only a queue with a redrive policy has dead letters, and its target is a queue of the template.
        if let Some(target) = target.and_then(|target| self.by_name.get_mut(&target)) {
            dead.into_iter().for_each(|message| target.bury(message, name, now));
        }
        Ok(receipt)
    }

    /// Deletes a message that was received.
    pub(super) fn delete(&mut self, name: &str, receipt_handle: &str, now: i64) -> Result<(), SqsError> {
        self.get(name)?.delete(receipt_handle, now)
    }

    /// When something of a queue that is in flight becomes visible; in milliseconds.
    pub(super) fn next_visible(&self, name: &str) -> Option<i64> {
        self.by_name.get(name)?.next_visible()
    }

    /// All attributes of a queue.
    pub(super) fn attributes(
        &mut self,
        name: &str,
        now: i64,
    ) -> Result<BTreeMap<&'static str, String>, SqsError> {
        Ok(self.get(name)?.attributes(now))
    }

    /// How long a call that receives from a queue waits, unless it says so itself.
    pub(super) fn wait_time(&mut self, name: &str) -> Result<Duration, SqsError> {
        Ok(self.get(name)?.settings().wait_time)
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
