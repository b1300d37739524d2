//! Faults of every kind, at random and repeatable.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;

use crate::store_proxy::{Fate, StoreCall, Watch};
use crate::{Process, random};

/// A late call takes at most so long …
const LATE: Duration = Duration::from_millis(120);
/// … but one of so many takes longer than the functions wait, so that it is carried out when others have long been
/// tried in its place.
const ONE_IN_SO_MANY_IS_GIVEN_UP: u32 = 8;
const GIVEN_UP: [Duration; 2] = [Duration::from_millis(1_500), Duration::from_millis(6_000)];

/// How often calls of the store meet which fate, as parts of 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Of all calls: [`Fate::Throttle`].
    pub throttle: f64,
    /// Of all calls: [`Fate::FailBefore`].
    pub before: f64,
    /// Of all calls: [`Fate::FailAfter`].
    pub after: f64,
    /// Of all calls: [`Fate::Drop`].
    pub drop: f64,
    /// Of all calls: [`Fate::Late`].
    pub late: f64,
    /// Of all calls: [`Fate::KillBefore`] and [`Fate::KillAfter`], about as often the one as the other.
    pub kill: f64,
    /// Of the batches that no fate above meets: [`Fate::Unprocessed`].
    pub unprocessed: f64,
    /// Of the transactions and writes of single items that no fate above meets: [`Fate::Conflict`].
    pub conflict: f64,
    /// Of the reads without consistency that no fate above meets: [`Fate::Stale`], which needs a replica.
    pub stale: f64,
}

impl Rates {
    /// Everything at once, and more of it than there ever is: a quarter of all calls fails.
    pub const STORM: Self = Self {
        throttle: 0.10,
        before: 0.05,
        after: 0.05,
        drop: 0.05,
        late: 0.01,
        kill: 0.02,
        unprocessed: 0.10,
        conflict: 0.01,
        stale: 0.10,
    };
}

/// How often something happened, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Met(BTreeMap<&'static str, u64>);

impl Met {
    /// How often this happened.
    pub fn times(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// How many processes were killed at calls of theirs.
    pub fn kills(&self) -> u64 {
        self.times("killed before") + self.times("killed after")
    }
}

impl fmt::Display for Met {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(|(name, times)| format!("{times} {name}")).collect();
        formatter.write_str(&all.join(", "))
    }
}

/// Faults that a seed settles: the nth call has the same fate whenever there is one of its kind at this place.
#[derive(Debug)]
pub struct FaultPlan {
    seed: u64,
    rates: Rates,
    calls: AtomicU64,
    kills_allowed: AtomicU64,
    met: Mutex<Met>,
    /// The processes that were killed.
    ended: Mutex<BTreeSet<u32>>,
}

impl FaultPlan {
    /// Faults at these rates.
    pub fn new(seed: u64, rates: Rates) -> Self {
        let (calls, kills_allowed) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        Self { seed, rates, calls, kills_allowed, met: Mutex::default(), ended: Mutex::default() }
    }

    /// From now on kills no more processes than so many, counted from the beginning.
    pub fn allow_kills(&self, most: u64) {
        self.kills_allowed.store(most, Ordering::SeqCst);
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// What they met.
    pub fn met(&self) -> Met {
        self.lock().clone()
    }

    /// Notes that a process is killed, and tells whether it is the first time.
    pub fn ends(&self, pid: u32) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(pid)
    }

    /// Checks that the faults that any call may meet happened about as often as was asked for.
    pub fn check(&self) {
        let (calls, met, rates) = (self.calls(), self.met(), &self.rates);
        let of_all = [
            ("throttled", rates.throttle),
            ("failed before", rates.before),
            ("failed after", rates.after),
            ("dropped", rates.drop),
            ("late", rates.late),
        ];
        for (name, rate) in of_all {
            let expected = calls as f64 * rate;
            // Six standard deviations: nothing that ever happens by chance.
            let least = expected - 6.0 * expected.sqrt();
            let times = met.times(name);
            assert!(times as f64 >= least, "{times} of {calls} calls {name}: too few for a rate of {rate}");
        }
    }

    /// The fate of the nth call, if it is this one.
    fn decide(&self, nth: u64, call: &StoreCall) -> Fate {
        let mut rng = random(self.seed, nth as usize);
        let Rates { throttle, before, after, drop, late, kill, unprocessed, conflict, stale } = self.rates;
        let mut drawn: f64 = rng.random_range(0.0..1.0);
        let mut falls = |rate: f64| {
            drawn -= rate;
            drawn < 0.0
        };
        if falls(throttle) {
            Fate::Throttle
        } else if falls(before) {
            Fate::FailBefore
        } else if falls(after) {
            Fate::FailAfter
        } else if falls(drop) {
            Fate::Drop
        } else if falls(late) {
            Fate::Late(lateness(&mut rng))
        } else if falls(kill / 2.0) {
            Fate::KillBefore
        } else if falls(kill / 2.0) {
            Fate::KillAfter
        } else {
            let drawn: f64 = rng.random_range(0.0..1.0);
            match call.batch_size() {
                Some(size) if drawn < unprocessed => Fate::Unprocessed(rng.random_range(0..size.max(1))),
                _ if call.may_conflict() && drawn < conflict => Fate::Conflict,
                _ if call.may_be_stale() && drawn < stale => Fate::Stale,
                _ => Fate::Pass,
            }
        }
    }

    /// What becomes of a kill: nothing where there were as many as may be, and otherwise the one of both kinds that there
    /// were fewer of, so that a few are enough to have both.
    fn kill(&self, drawn: Fate) -> Fate {
        let met = self.met();
        if met.kills() >= self.kills_allowed.load(Ordering::SeqCst) {
            return Fate::Pass;
        }
        match met.times("killed before").cmp(&met.times("killed after")) {
            std::cmp::Ordering::Less => Fate::KillBefore,
            std::cmp::Ordering::Equal => drawn,
            std::cmp::Ordering::Greater => Fate::KillAfter,
        }
    }

    fn count(&self, name: &'static str) {
        *self.lock().0.entry(name).or_default() += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lateness(rng: &mut TestRng) -> Duration {
    let [least, most] = if rng.random_ratio(1, ONE_IN_SO_MANY_IS_GIVEN_UP) {
        GIVEN_UP
    } else {
        [Duration::from_millis(1), LATE]
    };
    rng.random_range(least..most)
}

impl Watch for FaultPlan {
    fn fate(&self, call: &mut StoreCall) -> Fate {
        let mut fate = self.decide(self.calls.fetch_add(1, Ordering::SeqCst), call);
        if matches!(fate, Fate::KillBefore | Fate::KillAfter) {
            fate = self.kill(fate);
        }
        match fate {
            // Counted when there was a process to kill.
            Fate::Pass | Fate::KillBefore | Fate::KillAfter => {}
            Fate::Late(_) => self.count("late"),
            Fate::FailBefore => self.count("failed before"),
            Fate::FailAfter => self.count("failed after"),
            Fate::Throttle => self.count("throttled"),
            Fate::Conflict => self.count("in conflict"),
            Fate::Unprocessed(_) => self.count("unprocessed"),
            Fate::Drop => self.count("dropped"),
            Fate::Stale => self.count("stale"),
        }
        fate
    }

    fn killed(&self, _call: &StoreCall, fate: Fate, process: &Process) {
        if self.ends(process.pid) {
            self.count(if fate == Fate::KillAfter { "killed after" } else { "killed before" });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use serde_json::{Value, json};

    use super::*;

    const CALLS: u64 = 4_000;
    const ALL: Rates = Rates {
        throttle: 0.1,
        before: 0.05,
        after: 0.05,
        drop: 0.05,
        late: 0.02,
        kill: 0.04,
        unprocessed: 0.3,
        conflict: 0.1,
        stale: 0.2,
    };

    fn call(operation: &str, request: Value) -> StoreCall {
        let [caller, proxy] = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        StoreCall { operation: operation.to_owned(), request, caller, proxy }
    }

    #[test]
    fn the_same_seed_gives_the_nth_call_the_same_fate_in_whatever_order() {
        let put = call("PutItem", json!({}));
        let fates = |seed| {
            let plan = FaultPlan::new(seed, ALL);
            (0..500).rev().map(|nth| plan.decide(nth, &put)).collect::<Vec<_>>()
        };
        assert_eq!(fates(1), fates(1));
        assert_ne!(fates(1), fates(2));
    }

    #[test]
    fn each_fate_is_as_frequent_as_its_rate() {
        let plan = FaultPlan::new(7, ALL);
        let batch = call("BatchWriteItem", json!({"RequestItems": {"A": [{}, {}], "B": [{}]}}));
        let read = call("Query", json!({}));
        let put = call("PutItem", json!({}));
        let share = |call: &StoreCall, is_it: fn(Fate) -> bool| {
            (0..CALLS).filter(|nth| is_it(plan.decide(*nth, call))).count() as f64 / CALLS as f64
        };
        let others = 1.0 - 0.31;
        for (call, rate, is_it) in [
            (&put, 0.1, (|fate| fate == Fate::Throttle) as fn(Fate) -> bool),
            (&put, 0.05, |fate| fate == Fate::FailBefore),
            (&read, 0.05, |fate| fate == Fate::FailAfter),
            (&read, 0.05, |fate| fate == Fate::Drop),
            (&batch, 0.02, |fate| matches!(fate, Fate::Late(_))),
            (&batch, 0.02, |fate| fate == Fate::KillBefore),
            (&put, 0.02, |fate| fate == Fate::KillAfter),
            (&batch, 0.3 * others, |fate| matches!(fate, Fate::Unprocessed(0..3))),
            (&put, 0.1 * others, |fate| fate == Fate::Conflict),
            (&read, 0.2 * others, |fate| fate == Fate::Stale),
            (&put, 0.0, |fate| matches!(fate, Fate::Stale | Fate::Unprocessed(_))),
        ] {
            let found = share(call, is_it);
            assert!((found - rate).abs() < 0.01_f64.max(rate / 4.0), "{found} instead of {rate}");
        }
    }

    #[test]
    fn too_few_faults_are_noticed() {
        let plan = FaultPlan::new(1, ALL);
        for _ in 0..CALLS {
            plan.fate(&mut call("PutItem", json!({})));
        }
        plan.check();
        let other = FaultPlan { rates: Rates { drop: 0.5, ..ALL }, ..plan };
        assert!(std::panic::catch_unwind(|| other.check()).is_err());
    }
}
