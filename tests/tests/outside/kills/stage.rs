//! Where operations are carried out, killed and repeated.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::iter::once;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use tests::store_proxy::Fate;
use tests::{Faults, PATIENCE, Stack, Tables};

use super::killer::{End, Killer, Target};
use super::observation::{compared, differences, is_mixture, without};
use super::operation::{Operation, REST, Scene, is_success};
use super::orphans::Rows;
use crate::rows::{age, owed};

/// More calls than any operation here makes.
const MOST_CALLS: usize = 80;
/// How often somebody is tried to be killed who is not to be found.
const TRIES: usize = 5;
/// Housekeeping goes through everything twice, the second time after all that was under way has ended.
const HOUSEKEEPING_ROUNDS: usize = 4;

/// A stack whose functions can be killed, and what was found wrong on it.
pub(super) struct Stage {
    /// The stack.
    pub(super) stack: Rc<Stack>,
    /// What becomes of calls of its store.
    pub(super) faults: Arc<Faults>,
    wrong: RefCell<Vec<String>>,
}

/// A state as people see it: `seen` now, and `gone_on` when they go on.
fn state(seen: Value, gone_on: Value) -> Value {
    json!({"seen": seen, "gone_on": gone_on})
}

/// The states that there may be.
struct Whole {
    /// The operation was not carried out.
    before: Value,
    /// It was carried out once, or else as often as the client asked where that is more.
    after: Vec<Value>,
}

impl Stage {
    /// A new one.
    pub(super) async fn new() -> Self {
        let (stack, faults) = Faults::start().await;
        Self { stack: Rc::new(stack), faults, wrong: RefCell::default() }
    }

    /// All that the store keeps.
    pub(super) fn tables(&self) -> Tables {
        self.faults.tables()
    }

    /// Carries out each of some operations whole, and then kills it at each of its calls.
    pub(super) async fn play<S: Scene>(&self, cast: &S::Cast, operations: &[Operation<S>]) {
        for operation in operations {
            let began = Instant::now();
            let Some(whole) = self.carry_out(cast, operation).await else { continue };
            let mut kills = 0;
            for fate in [Fate::KillBefore, Fate::KillAfter] {
                kills += self.kill_everywhere(cast, operation, &whole, fate).await;
            }
            eprintln!("{}: killed {kills} times in {:?}", operation.route, began.elapsed());
            if kills == 0 {
                self.blame(operation, "whole", "it was never killed");
            }
        }
    }

    /// Kills an operation at each of its calls in turn, and gives the number of kills.
    async fn kill_everywhere<S: Scene>(
        &self,
        cast: &S::Cast,
        operation: &Operation<S>,
        whole: &Whole,
        fate: Fate,
    ) -> usize {
        let calls = self.calls(cast, operation, fate).await;
        let mut victims = Vec::new();
        for place in 1.. {
            if place > MOST_CALLS {
                self.blame(operation, "whole", &format!("it makes more than {MOST_CALLS} calls"));
                break;
            }
            match self.kill(cast, operation, whole, Target::Place(place), fate).await {
                Some(victim) => victims.push(victim),
                None => break,
            }
        }
        for call in calls {
            // Made side by side with others, it may have had another place each time; or it is made once in a process.
            if !victims.contains(&call) {
                victims.extend(self.kill(cast, operation, whole, Target::Described(call), fate).await);
            }
        }
        victims.len()
    }

    /// The calls that an undisturbed operation makes and that can be killed so.
    async fn calls<S: Scene>(
        &self,
        cast: &S::Cast,
        operation: &Operation<S>,
        fate: Fate,
    ) -> BTreeSet<String> {
        let scene = S::set(self, cast).await;
        let looker = Arc::new(Killer::looking(operation.function, fate));
        self.faults.watch(looker.clone());
        self.ask(operation, &scene).await;
        self.faults.end();
        self.faults.settled().await;
        looker.calls()
    }

    /// The states that an operation may leave. `None` where it does not even work undisturbed.
    async fn carry_out<S: Scene>(&self, cast: &S::Cast, operation: &Operation<S>) -> Option<Whole> {
        let scene = S::set(self, cast).await;
        let before = self.look(&scene).await;
        let status = (operation.request)(&scene).await;
        if !is_success(status) {
            self.blame(operation, "whole", &format!("it was answered {status}"));
            return None;
        }
        let first = self.look_and_go_on(&scene).await;

        let scene = S::set(self, cast).await;
        if self.look(&scene).await != before {
            self.blame(operation, "whole", "two scenes differ before anything has happened");
        }
        for status in [self.ask(operation, &scene).await, self.ask(operation, &scene).await] {
            if !operation.is_final(status) {
                self.blame(operation, "asked twice", &format!("it was answered {status}"));
            }
        }
        let twice = self.look_and_go_on(&scene).await;
        if operation.each_time.is_some() {
            return Some(Whole { before, after: vec![first, twice] });
        }
        self.is_one_of(operation, "asked twice", "what is there", &twice, &[&first]);
        Some(Whole { before, after: vec![first] })
    }

    /// Kills an operation at one call in a scene of its own, and says at which. `None` where it did not make the call.
    async fn kill<S: Scene>(
        &self,
        cast: &S::Cast,
        operation: &Operation<S>,
        whole: &Whole,
        target: Target,
        fate: Fate,
    ) -> Option<String> {
        for _ in 0..TRIES {
            match self.try_to_kill(cast, operation, whole, target.clone(), fate).await {
                End::Killed(call) => return Some(call),
                End::Missed => {}
                End::None => return None,
            }
        }
        self.blame(
            operation,
            &format!("{fate:?} of {target:?}"),
            "whoever made the call was never to be found",
        );
        None
    }

    async fn try_to_kill<S: Scene>(
        &self,
        cast: &S::Cast,
        operation: &Operation<S>,
        whole: &Whole,
        target: Target,
        fate: Fate,
    ) -> End {
        let scene = S::set(self, cast).await;
        let killer = Arc::new(Killer::new(operation.function, target.clone(), fate));
        self.faults.watch(killer.clone());
        let first = (operation.request)(&scene).await;
        // Who asked may be through as soon as somebody is about to be killed, who has to be looked for first.
        self.faults.settled().await;
        self.faults.end();
        let end = killer.end();
        let when = match &end {
            End::Killed(call) => format!("{fate:?} of {target:?}, {call}"),
            End::Missed => format!("missed, {target:?}"),
            End::None => format!("not killed, without {target:?}"),
        };
        // Only then: looking may set things right. The same state is the next call's before it.
        if fate == Fate::KillBefore && matches!(end, End::Killed(_)) {
            let left = self.look(&scene).await;
            let states: Vec<_> =
                once(&whole.before).chain(whole.after.iter().map(|state| &state["seen"])).collect();
            if operation.in_part.is_none() {
                let states: Vec<_> = states.iter().map(|state| without(operation.lags.0, state)).collect();
                let (left, states) = (without(operation.lags.0, &left), states.iter().collect::<Vec<_>>());
                self.is_one_of(operation, &when, "what is left", &left, &states);
            } else if !is_mixture(&left, &states) {
                self.blame(operation, &when, &format!("what is left was never there: {left}"));
            }
        }
        let last = if is_success(first) { first } else { self.ask(operation, &scene).await };
        if !operation.is_final(last) {
            self.blame(operation, &when, &format!("it was answered {first}, and at last {last}"));
        }
        let now = self.look_and_go_on(&scene).await;
        let states: Vec<_> = whole.after.iter().collect();
        self.is_one_of(operation, &when, &format!("what is there after {first} and {last}"), &now, &states);
        end
    }

    /// Asks for an operation as a client does, until the answer says what has become of it.
    async fn ask<S: Scene>(&self, operation: &Operation<S>, scene: &S) -> u16 {
        let began = Instant::now();
        loop {
            let status = (operation.request)(scene).await;
            if status < 500 || began.elapsed() > PATIENCE {
                return status;
            }
            tokio::time::sleep(REST).await;
        }
    }

    async fn look<S: Scene>(&self, scene: &S) -> Value {
        // Calls that were under way when their process was killed.
        self.faults.settled().await;
        scene.settle(self).await;
        compared(scene.seen().await, &scene.names())
    }

    async fn look_and_go_on<S: Scene>(&self, scene: &S) -> Value {
        let seen = self.look(scene).await;
        state(seen, compared(scene.go_on().await, &scene.names()))
    }

    /// Notes that a state is none of those that there may be.
    fn is_one_of<S>(
        &self,
        operation: &Operation<S>,
        when: &str,
        what: &str,
        found: &Value,
        states: &[&Value],
    ) {
        let different: Vec<_> = states.iter().map(|state| differences(found, state)).collect();
        if different.iter().all(|differences| !differences.is_empty()) {
            let different: Vec<_> = different.iter().map(|differences| list(differences)).collect();
            self.blame(operation, when, &format!("{what} differs by{}", different.join("\n  and by")));
        }
    }

    /// Notes that something is wrong.
    fn blame<S>(&self, operation: &Operation<S>, when: &str, found: &str) {
        let wrong = format!("{} ({when}): {found}", operation.route);
        eprintln!("{wrong}");
        self.wrong.borrow_mut().push(wrong);
    }

    /// Has housekeeping do all there is to do, as it does when time passes.
    pub(super) async fn keep_house(&self) {
        let tables = self.tables();
        for _ in 0..HOUSEKEEPING_ROUNDS {
            if owed(&tables).await == 0 {
                return;
            }
            age(&tables).await;
            self.stack.invoke("HousekeepingFunction", &json!({})).await;
        }
    }

    /// Fails where anything was wrong, and where rows are left that nobody owns.
    pub(super) async fn end(self) {
        self.keep_house().await;
        let rows = Rows::read(&self.tables()).await;
        let wrong = [self.wrong.into_inner(), rows.wrong()].concat();
        assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n    {line}")).collect()
}
