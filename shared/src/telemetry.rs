//! What an invocation did, for whoever runs the system: one line of JSON on stdout, which is a log entry and, where
//! something was counted, CloudWatch's embedded metric format in one. It never tells a token, a text, an address or
//! a name, nor a path but as the route says it.

use crate::backend::log_from_env;
use crate::clock;
use crate::ids::{MemberId, Owner};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::time::Instant;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The namespace of the metrics.
const NAMESPACE: &str = "Chat";

tokio::task_local! {
    static INVOCATION: Invocation;
}

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Metric {
    /// Messages that were stored.
    Sends,
    /// Frames that API Gateway took.
    Deliveries,
    /// Posts to connections that were gone.
    StaleConnections,
    /// Conditions that did not hold, and transactions in each other's way.
    Conflicts,
    /// Storage calls that failed otherwise.
    StorageErrors,
    /// How long a queue's message waited until its work began, in milliseconds.
    QueueAge,
}

impl Metric {
    const ALL: [Self; 6] = [
        Self::Sends,
        Self::Deliveries,
        Self::StaleConnections,
        Self::Conflicts,
        Self::StorageErrors,
        Self::QueueAge,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Sends => "Sends",
            Self::Deliveries => "Deliveries",
            Self::StaleConnections => "StaleConnections",
            Self::Conflicts => "Conflicts",
            Self::StorageErrors => "StorageErrors",
            Self::QueueAge => "QueueAge",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::QueueAge => "Milliseconds",
            _ => "Count",
        }
    }
}

/// How a process logs.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    /// Which levels, of which modules.
    pub(crate) filter: Targets,
    /// An object to a line, as the template wants it.
    pub(crate) is_json: bool,
}

/// Begins a process's log. Of a panic it tells where it was and not what it said: that may quote what a caller sent.
pub fn begin() {
    let Log { filter, is_json } = log_from_env();
    // The filter alone decides on levels. CloudWatch has a time for each line.
    let lines =
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_target(false).without_time();
    if is_json {
        lines.json().finish().with(filter).init();
    } else {
        lines.finish().with(filter).init();
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic");
    }));
}

/// What has been seen of an invocation.
#[derive(Debug, Default)]
struct Invocation {
    counts: [Cell<u64>; Metric::ALL.len()],
    read_units: Cell<f64>,
    write_units: Cell<f64>,
    storage_calls: Cell<u64>,
    caller: RefCell<Option<(&'static str, String)>>,
}

/// Runs within the invocation that is observed. Outside of any, as in unit tests, nothing is noted.
fn note(noted: impl FnOnce(&Invocation)) {
    let _ = INVOCATION.try_with(noted);
}

/// Counts something.
pub fn count(metric: Metric, number: u64) {
    note(|seen| {
        let counted = &seen.counts[metric as usize];
        counted.set(counted.get() + number);
    });
}

/// Notes a storage call and the units that it consumed.
pub(crate) fn count_storage(read_units: f64, write_units: f64) {
    note(|seen| {
        seen.storage_calls.set(seen.storage_calls.get() + 1);
        seen.read_units.set(seen.read_units.get() + read_units);
        seen.write_units.set(seen.write_units.get() + write_units);
    });
}

/// Notes who calls: a user's id, or of a platform's user a digest, since its id may be an address.
pub(crate) fn identify(caller: &Owner) {
    let known = match caller {
        Owner::UserId(user) => ("userId", user.to_string()),
        Owner::MemberId(member) => ("member", pseudonym(member)),
    };
    note(|seen| *seen.caller.borrow_mut() = Some(known));
}

fn pseudonym(member: &MemberId) -> String {
    let digest = Sha256::digest(member.to_string());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the lines of a process come from.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// The function's name.
    pub function: String,
    /// The stack's name, the one dimension of the metrics: each further one would be paid for by function.
    pub stack: String,
}

impl Telemetry {
    /// Serves an invocation and writes its line. `status` tells what its outcome is as a status, if it is one.
    pub fn observe<T>(
        &self,
        request_id: &str,
        route: &str,
        serving: impl Future<Output = T>,
        status: impl FnOnce(&T) -> Option<u16>,
    ) -> impl Future<Output = T> {
        let begun = Instant::now();
        // Boxed: together with everything around it, it is too deep for the compiler to lay out in one piece.
        let serving = Box::pin(serving);
        INVOCATION.scope(Invocation::default(), async move {
            let outcome = serving.await;
            let latency = begun.elapsed().as_secs_f64() * 1000.0;
            note(|seen| write(&self.line(seen, request_id, route, status(&outcome), latency)));
            outcome
        })
    }

    fn line(
        &self,
        seen: &Invocation,
        request_id: &str,
        route: &str,
        status: Option<u16>,
        latency: f64,
    ) -> Value {
        let now = clock::now();
        let mut line = json!({
            "timestamp": now.rfc3339(),
            "level": "INFO",
            "requestId": request_id,
            "function": self.function,
            "route": route,
            "latencyMs": (latency * 100.0).round() / 100.0,
            "readUnits": seen.read_units.get(),
            "writeUnits": seen.write_units.get(),
            "storageCalls": seen.storage_calls.get(),
        });
        if let Some(status) = status {
            line["status"] = status.into();
        }
        if let Some((kind, id)) = &*seen.caller.borrow() {
            line[*kind] = id.as_str().into();
        }
        let counted = Metric::ALL.map(|metric| (metric, seen.counts[metric as usize].get()));
        let counted: Vec<_> = counted.into_iter().filter(|(_, number)| *number > 0).collect();
        if !counted.is_empty() {
            let values: Map<_, _> =
                counted.iter().map(|(metric, number)| (metric.name().to_owned(), json!(number))).collect();
            let metrics: Vec<_> = counted
                .iter()
                .map(|(metric, _)| json!({ "Name": metric.name(), "Unit": metric.unit() }))
                .collect();
            line["Stack"] = self.stack.as_str().into();
            line["_aws"] = json!({
                "Timestamp": now.0,
                "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics }],
            });
            for (name, value) in values {
                line[name] = value;
            }
        }
        line
    }
}

/// Writes a line in one piece. A log that cannot be written keeps nobody from an answer.
fn write(line: &Value) {
    let mut text = line.to_string();
    text.push('\n');
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telemetry() -> Telemetry {
        Telemetry { function: "ChatsFunction".into(), stack: "chat".into() }
    }

    #[test]
    fn a_line_without_metrics_is_a_log_entry_alone() {
        let line = telemetry().line(&Invocation::default(), "r-1", "GET /chats", Some(200), 1.2345);
        assert_eq!(line["requestId"], "r-1");
        assert_eq!(line["route"], "GET /chats");
        assert_eq!(line["status"], 200);
        assert_eq!(line["latencyMs"], 1.23);
        for missing in ["_aws", "Stack", "userId", "member", "Sends"] {
            assert_eq!(line.get(missing), None, "{missing}");
        }
    }

    #[test]
    fn what_is_counted_is_named_and_stands_at_the_top() {
        let seen = Invocation::default();
        seen.counts[Metric::Sends as usize].set(2);
        seen.counts[Metric::QueueAge as usize].set(1500);
        let line = telemetry().line(&seen, "r-1", "POST /chats", Some(201), 3.0);
        assert_eq!((&line["Sends"], &line["QueueAge"]), (&json!(2), &json!(1500)));
        let told = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(told["Namespace"], "Chat");
        assert_eq!(told["Dimensions"], json!([["Stack"]]));
        let metrics =
            json!([{"Name": "Sends", "Unit": "Count"}, {"Name": "QueueAge", "Unit": "Milliseconds"}]);
        assert_eq!(told["Metrics"], metrics);
        assert_eq!(line["Stack"], "chat");
    }

    #[tokio::test]
    async fn what_happens_within_an_invocation_is_noted_and_nothing_else() {
        count(Metric::Sends, 1);
        let seen = INVOCATION
            .scope(Invocation::default(), async {
                let one = async { count(Metric::Sends, 1) };
                let two = async { count_storage(0.5, 2.0) };
                futures::future::join(one, two).await;
                INVOCATION.with(|seen| {
                    (
                        seen.counts[Metric::Sends as usize].get(),
                        seen.read_units.get(),
                        seen.storage_calls.get(),
                    )
                })
            })
            .await;
        assert_eq!(seen, (1, 0.5, 1));
    }
}
