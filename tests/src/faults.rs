//! A store that fails in the middle of things.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use crate::store_proxy::{self, Fate, Watch};
use crate::{Caller as _, Log, Stack, Tables, eventually};

type Rule = Box<dyn FnMut(&str, &Value) -> Fate + Send>;

/// What becomes of the calls of a stack's store, by a rule that a test can change at any time.
pub struct Faults {
    rule: Mutex<Rule>,
    met: AtomicUsize,
    store: OnceLock<String>,
}

impl Faults {
    /// A stack whose store fails as told; at first it does not. The store stands behind a proxy that runs within the
    /// test, which therefore has more threads than the one that waits for its stack to end.
    pub async fn start() -> (Stack, Arc<Self>) {
        let faults = Self::new().await;
        let stack = Stack::start(&["--dynamodb", faults.store()]).await;
        has_keys(&stack).await;
        (stack, faults)
    }

    /// The same, and what the stack says.
    pub async fn start_logged() -> (Stack, Log, Arc<Self>) {
        let faults = Self::new().await;
        let (stack, log) = Stack::start_logged(&["--dynamodb", faults.store()]).await;
        has_keys(&stack).await;
        (stack, log, faults)
    }

    async fn new() -> Arc<Self> {
        let faults = Arc::new(Self {
            rule: Mutex::new(Box::new(|_, _| Fate::Pass)),
            met: AtomicUsize::new(0),
            store: OnceLock::new(),
        });
        let url = store_proxy::start(faults.clone()).await;
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
        *self.rule.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(rule);
    }

    /// From now on lets every call pass.
    pub fn end(&self) {
        self.set(|_, _| Fate::Pass);
    }

    /// How many calls did not simply pass.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }
}

/// Waits until a stack has its keys, which are made beside its start: what a test does to the store is to meet only what
/// the test does.
async fn has_keys(stack: &Stack) {
    let published = async || stack.anonymous().get("/publicKey").await.status.is_success().then_some(());
    eventually("the keys of a stack", published).await;
}

impl Watch for Faults {
    fn fate(&self, operation: &str, request: &mut Value) -> Fate {
        let fate = (self.rule.lock().unwrap_or_else(PoisonError::into_inner))(operation, request);
        self.met.fetch_add(usize::from(fate != Fate::Pass), Ordering::SeqCst);
        fate
    }
}
