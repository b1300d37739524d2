//! What is measured, a chapter for each kind of thing.

mod cold_start;
mod fan_out;
mod history;
mod idle;
mod latency;
mod members;
mod memory;
mod senders;
mod size;

use std::fmt;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::Setup;
use crate::report::Measured;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Chapter {
    /// Sizes of executables.
    Size,
    /// From the start of a process to its first answer.
    ColdStart,
    /// Memory of functions after many calls.
    Memory,
    /// The local stack while nobody talks.
    Idle,
    /// Calls one after another.
    Latency,
    /// Storage calls and units by the number of members.
    Members,
    /// Sends side by side.
    Senders,
    /// One message to many sockets.
    FanOut,
    /// Pages of short and long histories.
    History,
}

impl Chapter {
    /// Every chapter, in order.
    pub(crate) const ALL: [Self; 9] = [
        Self::Size,
        Self::ColdStart,
        Self::Memory,
        Self::Idle,
        Self::Latency,
        Self::Members,
        Self::Senders,
        Self::FanOut,
        Self::History,
    ];

    /// Measures it.
    pub(crate) async fn measure(self, setup: &Setup) -> Measured {
        match self {
            Self::Size => size::measure(setup).await,
            Self::ColdStart => cold_start::measure(setup).await,
            Self::Memory => memory::measure(setup).await,
            Self::Idle => idle::measure(setup).await,
            Self::Latency => latency::measure(setup).await,
            Self::Members => members::measure(setup).await,
            Self::Senders => senders::measure(setup).await,
            Self::FanOut => fan_out::measure(setup).await,
            Self::History => history::measure(setup).await,
        }
    }
}

impl fmt::Display for Chapter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value().map(|value| value.get_name().to_owned());
        formatter.write_str(&name.unwrap_or_default())
    }
}

/// The event of the queue `Broadcasts` with a frame for nobody.
fn broadcast() -> Value {
    let body = json!({"frame": {}, "targets": []}).to_string();
    json!({"Records": [{
        "messageId": "bench", "receiptHandle": "bench", "body": body, "attributes": {"SentTimestamp": "1767225600000"},
        "messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:bench",
        "awsRegion": "us-east-1",
    }]})
}
