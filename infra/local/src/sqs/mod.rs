//! SQS: the queues of the template, in memory, with the semantics and the protocol of SQS, and the functions
//! that they invoke.

pub(crate) mod api;
mod error;
pub(crate) mod event_source;
mod message;
#[cfg(test)]
mod properties;
mod queue;
mod queues;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock;
use crate::sync::lock;
use crate::template;

use error::SqsError;
use message::{NewMessage, Received, Sent};
use queues::Queues;

/// All queues of the template, by name.
#[derive(Debug)]
pub(crate) struct Sqs {
    queues: Mutex<Queues>,
    /// Told whenever a message may have become visible, or will at another time than before.
    changes: watch::Sender<()>,
}

impl Sqs {
    /// Empty queues, with another visibility timeout than their own if one is given.
    pub(crate) fn new(queues: &[template::Queue], visibility_timeout: Option<Duration>) -> Self {
        let queues = Queues::new(queues, visibility_timeout, clock::now_ms());
        Self { queues: Mutex::new(queues), changes: watch::Sender::default() }
    }

    /// Puts a message into a queue.
    fn send(&self, queue: &str, message: NewMessage) -> Result<Sent, SqsError> {
        let sent = lock(&self.queues).send(queue, message, clock::now_ms())?;
        self.changes.send_replace(());
        Ok(sent)
    }

    /// At most so many messages of a queue, hidden from everybody else for its visibility timeout or the one
    /// that is given; none if it has none for `wait`. Nothing is received if the future is dropped before.
    async fn receive(
        &self,
        queue: &str,
        most: usize,
        visibility_timeout: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<Received>, SqsError> {
        let messages = tokio::time::timeout(wait, self.messages(queue, most, visibility_timeout)).await;
        messages.unwrap_or_else(|_| Ok(Vec::new()))
    }

    /// Waits for messages of a queue, without asking again and again.
    async fn messages(
        &self,
        queue: &str,
        most: usize,
        visibility_timeout: Option<Duration>,
    ) -> Result<Vec<Received>, SqsError> {
        loop {
            // Before looking, so that no change is missed in between.
            let mut changes = self.changes.subscribe();
            let now = clock::now_ms();
            let (taken, visible_at) = {
                let mut queues = lock(&self.queues);
                let taken = queues.receive(queue, most, visibility_timeout, now)?;
                (taken, queues.next_visible(queue))
            };
            if taken.buried > 0 {
                tracing::warn!("{queue}: {} went to the dead-letter queue", taken.buried);
            }
            if taken.buried > 0 || !taken.received.is_empty() {
                self.changes.send_replace(());
            }
            if !taken.received.is_empty() {
                return Ok(taken.received);
            }
            let visible = async {
                match visible_at {
                    Some(at) => {
                        let ms = u64::try_from(at.saturating_sub(now)).unwrap_or_default();
                        tokio::time::sleep(Duration::from_millis(ms.max(1))).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // The sender is in `self`, so that this cannot fail.
                _ = changes.changed() => {}
                () = visible => {}
            }
        }
    }

    /// Deletes a message that was received.
    fn delete(&self, queue: &str, receipt_handle: &str) -> Result<(), SqsError> {
        lock(&self.queues).delete(queue, receipt_handle, clock::now_ms())?;
        self.changes.send_replace(());
        Ok(())
    }

    /// All attributes of a queue.
    fn attributes(&self, queue: &str) -> Result<BTreeMap<&'static str, String>, SqsError> {
        lock(&self.queues).attributes(queue, clock::now_ms())
    }

    /// How long a call that receives from this queue waits, unless it says so itself.
    fn wait_time(&self, queue: &str) -> Result<Duration, SqsError> {
        lock(&self.queues).wait_time(queue)
    }
}
