//! Work that goes on behind an answer, through Amazon SQS: what deletions leave, and frames for very many sockets.

use crate::backend::Lazy;
use crate::clock;
use crate::error::{Error, Result};
use crate::ids::{ChatId, UserId};
use crate::telemetry::{self, Metric};
use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A message of the queue `Work`: something that a deletion left to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// The rows of a deleted chat.
    Sweep {
        /// Which.
        chat_id: ChatId,
        /// In whose hands they are, however often the job is queued.
        worker: String,
    },
    /// What a deleted user wrote.
    Erase {
        /// Whose.
        user_id: UserId,
        /// In whose hands it is, however often the job is queued.
        worker: String,
    },
}

/// The queues.
#[derive(Debug)]
pub struct Jobs {
    client: Lazy<Client>,
    work: String,
    broadcasts: String,
}

impl Jobs {
    /// The queues at these URLs, over an SDK client, which is built when it is first needed.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, work: String, broadcasts: String) -> Self {
        Self { client: Lazy::new(Box::new(client)), work, broadcasts }
    }

    /// Queues a job. It is done at least once.
    pub async fn send(&self, job: &Job) -> Result<()> {
        let body = serde_json::to_string(job).map_err(Error::internal)?;
        queue(self.client.send_message().queue_url(&self.work).message_body(body)).await
    }

    /// Queues a part of a broadcast. Those of one group are posted one after another, each at least once.
    pub(crate) async fn broadcast(&self, group: &str, body: String) -> Result<()> {
        let message = self
            .client
            .send_message()
            .queue_url(&self.broadcasts)
            .message_group_id(group)
            // A call that the SDK repeats queues nothing twice.
            .message_deduplication_id(uuid::Uuid::new_v4().to_string())
            .message_body(body);
        queue(message).await
    }
}

async fn queue(message: SendMessageFluentBuilder) -> Result<()> {
    let sent = message.send().await;
    sent.map(drop).map_err(|error| Error::internal(format!("SQS: {}", DisplayErrorContext(error))))
}

/// What a queue's message asks for. The template hands messages over one by one, so that one that fails takes no other
/// back into the queue.
pub fn receive<T: DeserializeOwned>(event: &SqsEvent) -> Result<T> {
    let [message] = event.records.as_slice() else {
        return Err(Error::internal("an event must have one message"));
    };
    if let Some(sent_at) = message.attributes.get("SentTimestamp").and_then(|sent| sent.parse::<i64>().ok()) {
        telemetry::count(Metric::QueueAge, u64::try_from(clock::now().0 - sent_at).unwrap_or_default());
    }
    // What is wrong with it is not told: it may hold a text.
    serde_json::from_str(message.body.as_deref().unwrap_or_default())
        .map_err(|_| Error::internal("a queue's message that cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let (chat_id, worker) = (ChatId::mint(), "w".to_owned());
        let sweep = Job::Sweep { chat_id, worker: worker.clone() };
        for job in [sweep, Job::Erase { user_id: UserId::BOT, worker }] {
            let body = serde_json::to_string(&job).expect("JSON");
            let event =
                json!({"Records": [{"messageId": "1", "body": body, "attributes": {"SentTimestamp": "1"}}]});
            let event: SqsEvent = serde_json::from_value(event).expect("an event");
            assert_eq!(receive::<Job>(&event).expect("a job"), job);
        }
    }

    #[test]
    fn what_is_no_job_is_an_error() {
        for records in
            [json!([]), json!([{"body": "{}"}]), json!([{"body": "nonsense"}, {"body": "nonsense"}])]
        {
            let event: SqsEvent = serde_json::from_value(json!({"Records": records})).expect("an event");
            assert!(receive::<Job>(&event).is_err(), "{records}");
        }
    }
}
