//! A store that fails in the middle of things.

mod plan;

pub use plan::{FaultPlan, Met, Rates};

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::store_proxy::{Everything, Fate, StoreCall, Upstream, Watch};
use crate::{Answer, Call, Caller as _, Log, Process, Stack, Tables, eventually};

/// How long a client waits before it asks again …
const REST: Duration = Duration::from_millis(25);
/// … and for how long it asks for one thing.
const INSISTENCE: Duration = Duration::from_secs(180);

/// What becomes of the calls of a stack's store, by a rule that a test can change at any time.
pub struct Faults {
    watch: Mutex<Arc<dyn Watch>>,
    met: AtomicUsize,
    under_way: AtomicUsize,
    store: OnceLock<String>,
}

impl Faults {
    /// A stack whose store fails as told; at first it does not. The store stands behind a proxy that runs within the
    /// test, which therefore has more threads than the one that waits for its stack to end.
    pub async fn start() -> (Stack, Arc<Self>) {
        Self::start_on(Upstream::embedded().await, &[]).await
    }

    /// The same with this store, and with these arguments in addition.
    pub async fn start_on(upstream: Upstream, arguments: &[&str]) -> (Stack, Arc<Self>) {
        let faults = Self::new(upstream).await;
        let stack = Stack::start(&[&["--dynamodb", faults.store()], arguments].concat()).await;
        has_keys(&stack).await;
        (stack, faults)
    }

    /// The same as [`Faults::start`], and what the stack says.
    pub async fn start_logged() -> (Stack, Log, Arc<Self>) {
        let faults = Self::new(Upstream::embedded().await).await;
        let (stack, log) = Stack::start_logged(&["--dynamodb", faults.store()]).await;
        has_keys(&stack).await;
        (stack, log, faults)
    }

    async fn new(upstream: Upstream) -> Arc<Self> {
        let faults = Arc::new(Self {
            watch: Mutex::new(Arc::new(Everything)),
            met: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            store: OnceLock::new(),
        });
        let url = upstream.serve(faults.clone()).await;
        faults.store.get_or_init(|| url);
        faults
    }

    /// The store's URL.
    pub fn store(&self) -> &str {
        self.store.get().expect("a store that was started")
    }

    /// All that the store keeps.
    pub fn tables(&self) -> Tables {
        Tables::of(self.store())
    }

    /// From now on decides by this rule, which is asked with the operation and the request of each call.
    pub fn set(&self, rule: impl FnMut(&str, &Value) -> Fate + Send + 'static) {
        self.watch(Arc::new(Rule(Mutex::new(rule))));
    }

    /// From now on this one decides, and hears what becomes of calls.
    pub fn watch(&self, watch: Arc<dyn Watch>) {
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = watch;
    }

    /// From now on lets every call pass.
    pub fn end(&self) {
        self.watch(Arc::new(Everything));
    }

    /// How many calls did not simply pass.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }

    /// Waits until every call is through that functions have made so far, also those that they have given up or did not
    /// live to hear of.
    pub async fn settled(&self) {
        let is_quiet = async || (self.under_way.load(Ordering::SeqCst) == 0).then_some(());
        eventually("a moment without calls of the store", is_quiet).await;
    }

    fn watching(&self) -> Arc<dyn Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Asks again and again, as clients do, while the server says that it is its own fault, which `refused` hears of. Gives the
/// first other answer.
pub async fn insist(ask: impl Fn() -> Call, mut refused: impl FnMut(u16)) -> Answer {
    let began = Instant::now();
    loop {
        let answer = ask().await;
        if !answer.status.is_server_error() {
            return answer;
        }
        refused(answer.status.as_u16());
        assert!(began.elapsed() < INSISTENCE, "{} is never answered: {}", answer.question, answer.text());
        tokio::time::sleep(REST).await;
    }
}

/// Waits until a stack has its keys, which are made beside its start: what a test does to the store is to meet only what
/// the test does.
async fn has_keys(stack: &Stack) {
    let published = async || stack.anonymous().get("/publicKey").await.status.is_success().then_some(());
    eventually("the keys of a stack", published).await;
}

impl Watch for Faults {
    fn fate(&self, call: &mut StoreCall) -> Fate {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let fate = self.watching().fate(call);
        self.met.fetch_add(usize::from(fate != Fate::Pass), Ordering::SeqCst);
        fate
    }

    fn killed(&self, call: &StoreCall, fate: Fate, process: &Process) {
        self.watching().killed(call, fate, process);
    }

    fn passed(&self, call: &StoreCall, answer: &[u8], from: Instant) {
        self.watching().passed(call, answer, from);
    }

    fn ended(&self) {
        self.watching().ended();
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Decides by what a call asks for.
struct Rule<F>(Mutex<F>);

impl<F: FnMut(&str, &Value) -> Fate + Send + 'static> Watch for Rule<F> {
    fn fate(&self, call: &mut StoreCall) -> Fate {
        let mut rule = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rule(&call.operation, &call.request)
    }
}
