//! What calls of the store cost, in calls that wait for one another and in capacity units.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::store_proxy::{self, Fate, Watch};

/// How long each measured call takes on its way. Without it, calls that are made at the same time could follow one
/// another by chance, and depth would be luck.
const LATENCY: Duration = Duration::from_millis(20);

/// Longer than an invocation that has begun goes without a call.
const SILENCE: Duration = Duration::from_secs(1);

/// The table whose calls fetch keys.
const KEYS: &str = "Keys";
/// The table whose calls find the sockets to push to …
const CONNECTIONS: &str = "Connections";
/// … and the index that tells whose sockets.
const PARTICIPANTS: &str = "participants";

/// One call of the store.
#[derive(Clone, Debug)]
pub struct StoreCall {
    /// `GetItem` and the like.
    pub operation: String,
    /// The tables that it is about.
    pub tables: BTreeSet<String>,
    /// Read units.
    pub read: f64,
    /// Write units.
    pub write: f64,
    /// The index that it reads, if it is not the table itself.
    pub index: Option<String>,
    /// Whether a condition did not hold.
    pub is_refused: bool,
    /// When it began.
    pub from: Instant,
    /// When it had ended.
    pub to: Instant,
}

impl StoreCall {
    /// A call, with its cost as the answer tells. Of one that was refused it tells nothing: it is charged as
    /// DynamoDB does for small items.
    pub fn new(operation: &str, request: &Value, answer: &Value, from: Instant, to: Instant) -> Self {
        // One object, or one per table.
        let consumed: &[Value] = match &answer["ConsumedCapacity"] {
            Value::Array(tables) => tables,
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        let is_refused = consumed.is_empty();
        let units = match request["TransactItems"].as_array() {
            Some(items) if is_refused => 2.0 * items.len() as f64,
            None if is_refused => 1.0,
            _ => sum(consumed.iter().filter_map(|table| table["CapacityUnits"].as_f64())),
        };
        let (read, write) = if is_write(operation) { (0.0, units) } else { (units, 0.0) };
        let tables = tables_of(request);
        let index = request["IndexName"].as_str().map(str::to_owned);
        Self { operation: operation.to_owned(), tables, read, write, index, is_refused, from, to }
    }

    /// Whether it fetches a key, which a process does once: whether a process is a fresh one is not for a table of
    /// costs to say.
    pub fn is_of_a_start(&self) -> bool {
        self.tables.iter().all(|table| table == KEYS)
    }

    /// Whether it is part of finding whom to push to.
    pub fn finds_sockets(&self) -> bool {
        self.tables.iter().all(|table| table == CONNECTIONS) || self.index.as_deref() == Some(PARTICIPANTS)
    }
}

/// The tables that a request names, wherever it does.
fn tables_of(request: &Value) -> BTreeSet<String> {
    let transacted = request["TransactItems"].as_array().into_iter().flatten();
    let actions = transacted.filter_map(|item| item.as_object()?.values().next());
    let named = actions.chain([request]).filter_map(|action| action["TableName"].as_str());
    let batched = request["RequestItems"].as_object().into_iter().flatten().map(|(table, _)| table.as_str());
    named.chain(batched).map(str::to_owned).collect()
}

/// A sum that is 0 without summands, not -0.
fn sum(units: impl Iterator<Item = f64>) -> f64 {
    units.fold(0.0, |sum, units| sum + units)
}

fn is_write(operation: &str) -> bool {
    ["Put", "Update", "Delete", "BatchWrite", "TransactWrite"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

/// Writes down every call while something is measured.
#[derive(Debug, Default)]
pub struct Meter {
    calls: Mutex<Vec<StoreCall>>,
    is_running: AtomicBool,
    /// How many calls came, measured or not.
    count: AtomicUsize,
}

impl Meter {
    /// Begins to measure.
    pub fn start(&self) {
        self.calls().clear();
        self.is_running.store(true, Ordering::SeqCst);
    }

    /// Ends measuring, and gives all calls since its beginning.
    pub fn stop(&self) -> Vec<StoreCall> {
        self.is_running.store(false, Ordering::SeqCst);
        std::mem::take(&mut *self.calls())
    }

    /// Waits until no call has come for a while: what nobody is answered for is over then.
    pub async fn silence(&self) {
        loop {
            let before = self.count.load(Ordering::SeqCst);
            tokio::time::sleep(SILENCE).await;
            if self.count.load(Ordering::SeqCst) == before {
                return;
            }
        }
    }

    fn calls(&self) -> MutexGuard<'_, Vec<StoreCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Meter {
    fn fate(&self, call: &mut store_proxy::StoreCall) -> Fate {
        self.count.fetch_add(1, Ordering::SeqCst);
        if !self.is_running.load(Ordering::SeqCst) {
            return Fate::Pass;
        }
        call.request["ReturnConsumedCapacity"] = json!("TOTAL");
        Fate::Late(LATENCY)
    }

    fn passed(&self, call: &store_proxy::StoreCall, answer: &[u8], from: Instant) {
        if self.is_running.load(Ordering::SeqCst) {
            let answer = serde_json::from_slice(answer).unwrap_or_default();
            let call = StoreCall::new(&call.operation, &call.request, &answer, from, Instant::now());
            if !call.is_of_a_start() {
                self.calls().push(call);
            }
        }
    }
}

/// The sum of some calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// How many calls.
    pub calls: usize,
    /// How many of them wait for one another.
    pub depth: usize,
    /// Read units.
    pub read: f64,
    /// Write units.
    pub write: f64,
}

impl Cost {
    /// The sum of these calls.
    pub fn of<'a>(calls: impl IntoIterator<Item = &'a StoreCall>) -> Self {
        let calls: Vec<_> = calls.into_iter().collect();
        Self {
            calls: calls.len(),
            depth: depth(&calls),
            read: sum(calls.iter().map(|call| call.read)),
            write: sum(calls.iter().map(|call| call.write)),
        }
    }
}

/// The longest chain of calls of which each begins after the one before it has ended: always take the call that
/// ends first.
fn depth(calls: &[&StoreCall]) -> usize {
    let mut by_end = calls.to_vec();
    by_end.sort_unstable_by_key(|call| call.to);
    let mut last_end = None;
    let mut depth = 0;
    for call in by_end {
        if last_end.is_none_or(|end| call.from >= end) {
            depth += 1;
            last_end = Some(call.to);
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn call(start: Instant, from: u64, to: u64) -> StoreCall {
        let at = |millis| start + Duration::from_millis(millis);
        StoreCall::new("GetItem", &json!({"TableName": "Users"}), &json!({}), at(from), at(to))
    }

    #[test]
    fn calls_at_the_same_time_count_once() {
        let start = Instant::now();
        let calls = [call(start, 0, 5), call(start, 1, 9), call(start, 5, 7), call(start, 8, 12)];
        assert_eq!(Cost::of(&calls).depth, 3);
        assert_eq!(Cost::of(&calls[..2]).depth, 1);
        assert_eq!(Cost::of(&[]).depth, 0);
    }

    #[test]
    fn units_are_summed_over_tables() {
        let request = json!({"RequestItems": {"Users": {}, "Connections": {}}});
        let answer = json!({"ConsumedCapacity": [{"CapacityUnits": 1.5}, {"CapacityUnits": 1.0}]});
        let now = Instant::now();
        let read = StoreCall::new("BatchGetItem", &request, &answer, now, now);
        assert_eq!((read.read, read.write, read.finds_sockets(), read.is_refused), (2.5, 0.0, false, false));
        let answer = json!({"ConsumedCapacity": {"CapacityUnits": 1.0}});
        let write = StoreCall::new("PutItem", &json!({"TableName": "Connections"}), &answer, now, now);
        assert_eq!((write.read, write.write, write.finds_sockets()), (0.0, 1.0, true));
    }

    #[test]
    fn refused_calls_cost_too() {
        let now = Instant::now();
        let request =
            json!({"TransactItems": [{"Put": {"TableName": "Users"}}, {"Delete": {"TableName": "Chats"}}]});
        let refused = StoreCall::new("TransactWriteItems", &request, &json!({}), now, now);
        assert!(refused.is_refused);
        assert_eq!((refused.write, refused.tables.len()), (4.0, 2));
        let refused = StoreCall::new("UpdateItem", &json!({"TableName": "Users"}), &json!({}), now, now);
        assert_eq!(refused.write, 1.0);
    }
}
