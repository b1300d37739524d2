//! Messages of the queues, and the events that bring them.
#![no_main]

use aws_lambda_events::sqs::SqsEvent;
use chat::broadcast::Broadcast;
use chat::jobs::{Job, receive};
use serde_json::{Value, json};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let event = json!({"Records": [{"messageId": "1", "body": text, "attributes": {"SentTimestamp": text}}]});
    let event: SqsEvent = serde_json::from_value(event).expect("an event");
    let job = receive::<Job>(&event).ok();
    if let Some(job) = &job {
        // What it was written as is a job's one spelling, but for keys that are not its own.
        let written = serde_json::to_value(job).expect("JSON");
        let sent: Value = serde_json::from_str(text).expect("what was read");
        assert!(
            written.as_object().expect("an object").iter().all(|(name, value)| sent.get(name) == Some(value))
        );
        assert_eq!(serde_json::from_value::<Job>(written).ok().as_ref(), Some(job));
    }
    let part = receive::<Broadcast>(&event);
    assert!(job.is_none() || part.is_err(), "{text:?} is both a job and a part of a broadcast");
    // Whole events, as only a queue's own fault would send them.
    if let Ok(event) = serde_json::from_str::<SqsEvent>(text) {
        assert!(receive::<Job>(&event).is_err() || event.records.len() == 1);
    }
});
