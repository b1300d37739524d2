//! The instances of one function: as many as load asks for, each with one invocation at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot, watch};

use super::{InvocationError, Outcome, Runnable, instance};
use crate::error::StartError;
use crate::events::{Events, Source};
use crate::ids;
use crate::shutdown::Shutdown;
use crate::sync::lock;

/// Most instances of a function that has no `ReservedConcurrentExecutions`.
const DEFAULT_LIMIT: usize = 10;
/// How long an instance may idle before it is ended, if it is not the last one.
const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// How often idle instances are looked for.
const REAP_INTERVAL: Duration = Duration::from_secs(15);

/// An invocation in line.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) source: Source,
    /// Since when it is in line.
    pub(super) since: Instant,
    pub(super) payload: Bytes,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// Whether the first instance of a function is up.
#[derive(Clone, Debug)]
enum FirstStart {
    Pending,
    Ready,
    Failed(String),
}

/// The instances of one function.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    runnable: Runnable,
    limit: usize,
    state: Mutex<State>,
    first_start: watch::Sender<FirstStart>,
    events: Events,
    shutdown: Shutdown,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Job>,
    /// Instances that wait for an invocation, the one that waits longest first.
    idle: Vec<Idle>,
    /// Instances that are starting, idle or busy.
    instances: usize,
    /// Those of them that have not asked for an invocation yet.
    starting: usize,
}

#[derive(Debug)]
struct Idle {
    since: Instant,
    wake: oneshot::Sender<Job>,
    stop: Arc<Notify>,
}

impl Pool {
    /// Starts the first instance, and returns once it waits for invocations.
    pub(super) async fn start(
        runnable: Runnable,
        events: Events,
        shutdown: Shutdown,
    ) -> Result<Self, StartError> {
        let limit = runnable.function.reserved_concurrency.unwrap_or(DEFAULT_LIMIT).max(1);
        let binary = runnable.function.binary.clone();
        let (first_start, mut started) = watch::channel(FirstStart::Pending);
        let shared = Shared { runnable, limit, state: Mutex::default(), first_start, events, shutdown };
        let pool = Self { shared: Arc::new(shared) };
        pool.add_instance(&mut lock(&pool.shared.state));
        tokio::spawn(pool.clone().reap());
        let outcome = started.wait_for(|start| !matches!(start, FirstStart::Pending)).await;
        // The pool holds the sender, so that waiting cannot fail.
        if let Ok(FirstStart::Failed(reason)) = outcome.as_deref() {
            return Err(StartError::Function { binary, reason: reason.clone() });
        }
        drop(outcome);
        Ok(pool)
    }

    /// How the function is run.
    pub(super) fn runnable(&self) -> &Runnable {
        &self.shared.runnable
    }

    /// Most instances at a time.
    pub(super) fn limit(&self) -> usize {
        self.shared.limit
    }

    /// Where invocations are noted.
    pub(super) fn events(&self) -> &Events {
        &self.shared.events
    }

    /// What ends every instance.
    pub(super) fn shutdown(&self) -> Shutdown {
        self.shared.shutdown.clone()
    }

    /// Puts an invocation in line, and gives what it will end in.
    pub(super) fn invoke(
        &self,
        source: Source,
        payload: Bytes,
    ) -> impl Future<Output = Outcome> + Send + 'static {
        let (reply, outcome) = oneshot::channel();
        self.dispatch(Job { id: ids::invocation_id(), source, since: Instant::now(), payload, reply });
        async move {
            // The reply is dropped only together with the process that should have given it.
            outcome.await.unwrap_or_else(|_| Err(InvocationError::Exited("it was killed".to_owned())))
        }
    }

    /// Gives an invocation to an idle instance, or puts it in line.
    pub(super) fn dispatch(&self, mut job: Job) {
        let mut state = lock(&self.shared.state);
        // The instance that became idle last is the warmest, and lets the others grow old.
        while let Some(idle) = state.idle.pop() {
            match idle.wake.send(job) {
                Ok(()) => return,
                Err(returned) => job = returned,
            }
        }
        state.queue.push_back(job);
        if state.starting < state.queue.len() {
            self.add_instance(&mut state);
        }
    }

    /// Starts another instance, unless there are enough.
    fn add_instance(&self, state: &mut State) {
        if state.instances < self.shared.limit {
            state.instances += 1;
            state.starting += 1;
            tokio::spawn(instance::run(self.clone()));
        }
    }

    /// An instance asked for its first invocation.
    pub(super) fn instance_ready(&self) {
        lock(&self.shared.state).starting -= 1;
        self.shared.first_start.send_if_modified(|start| {
            let is_first = matches!(start, FirstStart::Pending);
            if is_first {
                *start = FirstStart::Ready;
            }
            is_first
        });
    }

    /// The next invocation for an instance.
    pub(super) async fn next(&self, stop: &Arc<Notify>) -> Job {
        let woken = {
            let mut state = lock(&self.shared.state);
            // Nobody waits for an invocation any more whose caller gave up.
            while let Some(job) = state.queue.pop_front() {
                if !job.reply.is_closed() {
                    return job;
                }
            }
            let (wake, woken) = oneshot::channel();
            state.idle.push(Idle { since: Instant::now(), wake, stop: stop.clone() });
            woken
        };
        match woken.await {
            Ok(job) => job,
            // Only an instance that is being ended is forgotten.
            Err(_) => std::future::pending().await,
        }
    }

    /// An instance ended. If it never got as far as asking for an invocation, then whoever waits longest is
    /// told, as Lambda does, instead of trying forever.
    pub(super) fn instance_ended(&self, was_ready: bool, reason: &InvocationError) {
        let mut state = lock(&self.shared.state);
        state.instances -= 1;
        state.idle.retain(|idle| !idle.wake.is_closed());
        if !was_ready {
            state.starting -= 1;
            if let Some(job) = state.queue.pop_front() {
                // The caller may have given up, then nobody needs to know.
                let _ = job.reply.send(Err(reason.clone()));
            }
            self.shared.first_start.send_if_modified(|start| {
                let is_first = matches!(start, FirstStart::Pending);
                if is_first {
                    *start = FirstStart::Failed(reason.to_string());
                }
                is_first
            });
        }
        if state.starting < state.queue.len() {
            self.add_instance(&mut state);
        }
    }

    /// Ends instances that idled for long, but never the last.
    async fn reap(self) {
        let shutdown = self.shutdown();
        loop {
            tokio::select! {
                () = tokio::time::sleep(REAP_INTERVAL) => {}
                () = shutdown.wait() => return,
            }
            let mut state = lock(&self.shared.state);
            state.idle.retain(|idle| !idle.wake.is_closed());
            let old = state.idle.iter().take_while(|idle| idle.since.elapsed() > IDLE_LIMIT).count();
            let surplus = old.min(state.instances.saturating_sub(1));
            for idle in state.idle.drain(..surplus) {
                idle.stop.notify_one();
            }
        }
    }
}
