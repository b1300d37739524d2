//! Kills whoever makes one certain call of the store.

use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tests::Process;
use tests::store_proxy::{Fate, StoreCall, Watch};

/// What only reads.
const READS: [&str; 4] = ["GetItem", "BatchGetItem", "Query", "Scan"];

/// Which call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The first, the second … After a read everything is as it was before it: the calls to be killed after are counted
    /// without reads.
    Place(usize),
    /// The first one that is described so: calls that are made side by side have no certain place.
    Described(String),
}

/// Kills the process of a function at one of the calls that its processes make from now on.
pub(super) struct Killer {
    function: &'static str,
    /// None where nobody is to be killed.
    target: Option<Target>,
    /// [`Fate::KillBefore`] or [`Fate::KillAfter`].
    fate: Fate,
    met: Mutex<Met>,
}

/// The calls so far.
#[derive(Default)]
struct Met {
    /// Where calls of the function come from: a connection is one process's.
    callers: HashSet<SocketAddr>,
    /// What they were.
    calls: Vec<String>,
    /// Whether the one was among them that is to be killed at …
    is_chosen: bool,
    /// … and what it was, if a process was killed.
    victim: Option<String>,
}

/// What became of the one who was to be killed.
pub(super) enum End {
    /// It was killed at this call.
    Killed(String),
    /// It made the call and was not to be found.
    Missed,
    /// It did not make as many calls, or not this one.
    None,
}

impl Killer {
    /// One who waits.
    pub(super) fn new(function: &'static str, target: Target, fate: Fate) -> Self {
        Self { function, target: Some(target), fate, met: Mutex::default() }
    }

    /// One who only looks which calls there are that could be killed so.
    pub(super) fn looking(function: &'static str, fate: Fate) -> Self {
        Self { function, target: None, fate, met: Mutex::default() }
    }

    /// What became of the one who was to be killed.
    pub(super) fn end(&self) -> End {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        match &met.victim {
            Some(victim) => End::Killed(victim.clone()),
            None if met.is_chosen => End::Missed,
            None => End::None,
        }
    }

    /// Which calls there were.
    pub(super) fn calls(&self) -> BTreeSet<String> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).calls.iter().cloned().collect()
    }
}

impl Watch for Killer {
    fn fate(&self, call: &mut StoreCall) -> Fate {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let is_counted = self.fate == Fate::KillBefore || !READS.contains(&call.operation.as_str());
        if !is_counted {
            return Fate::Pass;
        }
        if !met.callers.contains(&call.caller) {
            if call.process().is_none_or(|process| process.name != self.function) {
                return Fate::Pass;
            }
            met.callers.insert(call.caller);
        }
        let described = described(call);
        met.calls.push(described.clone());
        let is_target = match &self.target {
            Some(Target::Place(place)) => met.calls.len() == *place,
            Some(Target::Described(wanted)) => *wanted == described,
            None => false,
        };
        if !is_target || met.is_chosen {
            return Fate::Pass;
        }
        met.is_chosen = true;
        self.fate
    }

    fn killed(&self, call: &StoreCall, _fate: Fate, _process: &Process) {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).victim = Some(described(call));
    }
}

/// A call for messages to people: the operation and its tables.
fn described(call: &StoreCall) -> String {
    let mut tables = Vec::new();
    collect_tables(&call.request, &mut tables);
    format!("{} {}", call.operation, tables.join("+"))
}

fn collect_tables(request: &Value, tables: &mut Vec<String>) {
    if let Some(batched) = request["RequestItems"].as_object() {
        tables.extend(batched.keys().cloned());
    }
    for part in request["TransactItems"].as_array().into_iter().flatten() {
        for what in part.as_object().into_iter().flatten().map(|(_, what)| what) {
            collect_tables(what, tables);
        }
    }
    tables.extend(request["TableName"].as_str().map(str::to_owned));
}
