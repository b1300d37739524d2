//! Event source mappings: what Lambda does between a queue and a function. It receives messages, invokes the
//! function with them, and deletes them if it succeeds; if it fails, they become visible again later.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::Sqs;
use super::message::{Received, md5};
use crate::events::Source;
use crate::ids::{self, REGION};
use crate::lambda::Functions;
use crate::shutdown::Shutdown;
use crate::template::EventSource;

/// Invocations at a time where the template does not limit them: what Lambda begins with.
const DEFAULT_CONCURRENCY: usize = 5;
/// How long it waits for a message: waiting costs nothing here.
const WAIT: Duration = Duration::MAX;

/// Runs the event sources of a template until the end.
pub(crate) fn start(
    sources: &[EventSource],
    sqs: &Arc<Sqs>,
    functions: &Arc<Functions>,
    shutdown: &Shutdown,
) {
    for source in sources.iter().filter(|source| source.enabled) {
        // A message that waits for an instance is in flight already: no more are taken than there can be
        // instances.
        let wanted = source.maximum_concurrency.unwrap_or(DEFAULT_CONCURRENCY);
        for _ in 0..wanted.min(functions.concurrency(&source.function)) {
            let (source, sqs) = (source.clone(), sqs.clone());
            let (functions, shutdown) = (functions.clone(), shutdown.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = shutdown.wait() => {}
                    () = poll(&source, &sqs, &functions) => {}
                }
            });
        }
    }
}

/// Works on one message after the other.
async fn poll(source: &EventSource, sqs: &Sqs, functions: &Functions) {
    let EventSource { queue, function, .. } = source;
    loop {
        let received = match sqs.receive(queue, 1, None, WAIT).await {
            Ok(received) => received,
            // The template was held against this: there is no such queue.
            Err(error) => return tracing::error!("{function} has nothing of {queue}: {error}"),
        };
        for message in received {
            let event = Bytes::from(event(queue, &message));
            match functions.invoke(function, Source::new(queue), event).await {
                Ok(_) => {
                    if let Err(error) = sqs.delete(queue, &message.receipt_handle) {
                        tracing::warn!("{function} was done with a message of {queue} too late: {error}");
                    }
                }
                Err(error) => tracing::error!("{function} was invoked by {queue} and failed: {error}"),
            }
        }
    }
}

/// The event of one message.
fn event(queue: &str, Received { message, receipt_handle }: &Received) -> String {
    let record = json!({
        "messageId": message.id,
        "receiptHandle": receipt_handle,
        "body": message.body,
        "attributes": message.attributes(),
        "messageAttributes": {},
        "md5OfBody": md5(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": ids::queue_arn(queue),
        "awsRegion": REGION,
    });
    json!({ "Records": [record] }).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use serde_json::Value;

    use super::super::tests::{of_group, plain, queue};
    use super::*;
    use crate::lambda::fake;
    use crate::shutdown;
    use crate::sync::lock;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn source(queue: &str) -> EventSource {
        EventSource {
            line: 1,
            function: "Worker".to_owned(),
            queue: queue.to_owned(),
            maximum_concurrency: None,
            enabled: true,
        }
    }

    fn count(sqs: &Sqs, queue: &str) -> String {
        let attributes = sqs.attributes(queue).expect("a queue");
        let [visible, in_flight] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        format!("{}+{}", attributes[visible], attributes[in_flight])
    }

    async fn until(is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "it does not happen");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Events that a function got, in the order in which it got them.
    type Seen = Arc<Mutex<Vec<Value>>>;

    #[tokio::test]
    async fn a_message_is_an_event_and_deleted_if_the_function_succeeds() {
        let seen = Seen::default();
        let (functions, _lambda) = fake::functions("Worker", {
            let seen = seen.clone();
            move |event| {
                lock(&seen).push(event);
                std::future::ready(Value::Null)
            }
        });
        let sqs = Arc::new(Sqs::new(&[queue("Casts.fifo", None)], None));
        let (stopper, shutdown) = shutdown::channel();
        start(&[source("Casts.fifo")], &sqs, &functions, &shutdown);
        drop(shutdown);
        let sent = sqs.send("Casts.fifo", of_group("g", "hello")).expect("sent");
        until(|| count(&sqs, "Casts.fifo") == "0+0").await;

        let record = lock(&seen)[0]["Records"][0].take();
        assert_eq!(record["messageId"], sent.message_id);
        assert_eq!(record["body"], "hello");
        assert_eq!(record["md5OfBody"], sent.md5_of_body);
        assert_eq!(record["messageAttributes"], json!({}));
        assert_eq!(record["eventSource"], "aws:sqs");
        assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:Casts.fifo");
        assert_eq!(record["awsRegion"], "us-east-1");
        let attributes = record["attributes"].as_object().expect("attributes");
        let names: Vec<&str> = attributes.keys().map(String::as_str).collect();
        let expected = [
            "ApproximateFirstReceiveTimestamp",
            "ApproximateReceiveCount",
            "MessageDeduplicationId",
            "MessageGroupId",
            "SenderId",
            "SentTimestamp",
            "SequenceNumber",
        ];
        assert_eq!(names, expected);
        assert!(attributes.values().all(Value::is_string));
        assert!(record["receiptHandle"].is_string());

        let begun = Instant::now();
        stopper.stop(PATIENCE).await;
        assert!(begun.elapsed() < PATIENCE, "whoever waits for messages ends with the stack");
    }

    #[tokio::test]
    async fn a_message_that_fails_comes_again_and_is_a_dead_letter_in_the_end() {
        let seen = Seen::default();
        let (functions, _lambda) = fake::functions("Worker", {
            let seen = seen.clone();
            move |event: Value| {
                let record = &event["Records"][0];
                lock(&seen).push(record["attributes"]["ApproximateReceiveCount"].clone());
                std::future::ready(match record["body"].as_str() {
                    Some("good") => Value::Null,
                    _ => json!({ "errorType": "Panic", "errorMessage": "no" }),
                })
            }
        });
        let queues = [queue("Work", Some(3)), queue("Dead", None)];
        let sqs = Arc::new(Sqs::new(&queues, Some(Duration::from_millis(300))));
        let (_stopper, shutdown) = shutdown::channel();
        start(&[source("Work")], &sqs, &functions, &shutdown);
        sqs.send("Work", plain("bad")).expect("sent");
        until(|| count(&sqs, "Dead") == "1+0").await;
        assert_eq!(*lock(&seen), [json!("1"), json!("2"), json!("3")]);
        sqs.send("Work", plain("good")).expect("sent");
        until(|| count(&sqs, "Work") == "0+0").await;
        assert_eq!(count(&sqs, "Dead"), "1+0");
    }

    #[tokio::test]
    async fn groups_go_side_by_side_and_each_in_its_order() {
        const GROUPS: [&str; 3] = ["a", "b", "c"];
        let seen = Seen::default();
        let (functions, _lambda) = fake::functions("Worker", {
            let seen = seen.clone();
            move |mut event: Value| {
                let seen = seen.clone();
                async move {
                    lock(&seen).push(event["Records"][0]["body"].take());
                    // Until every group has begun, which is never if they go one after the other.
                    let has_begun = |group: &str| lock(&seen).iter().any(|body| *body == format!("{group}0"));
                    until(|| GROUPS.into_iter().all(has_begun)).await;
                    Value::Null
                }
            }
        });
        let sqs = Arc::new(Sqs::new(&[queue("Casts.fifo", None)], None));
        for number in 0..5 {
            for group in GROUPS {
                let body = format!("{group}{number}");
                sqs.send("Casts.fifo", of_group(group, &body)).expect("sent");
            }
        }
        let (_stopper, shutdown) = shutdown::channel();
        start(&[source("Casts.fifo")], &sqs, &functions, &shutdown);
        until(|| count(&sqs, "Casts.fifo") == "0+0").await;
        let seen = lock(&seen);
        assert_eq!(seen.len(), 15);
        for group in GROUPS {
            let of_group = seen.iter().filter_map(Value::as_str).filter(|body| body.starts_with(group));
            assert!(of_group.is_sorted(), "{seen:?}");
        }
    }
}
