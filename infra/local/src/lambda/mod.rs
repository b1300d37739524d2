//! Lambda: invoking functions, in processes of our own or through another Lambda.

mod account;
#[cfg(test)]
pub(crate) mod fake;
mod instance;
mod invoke_api;
mod pool;
mod remote;
mod runtime_api;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, try_join_all};

use crate::client::Client;
use crate::error::StartError;
use crate::events::{Events, Source};
use crate::shutdown::Shutdown;
use crate::template::Function;

pub(crate) use invoke_api::InvokeApi;
use pool::Pool;
use remote::Remote;
use runtime_api::ErrorReport;

/// Most bytes of an event and of an answer: 6 MB, as Lambda counts them.
pub(crate) const PAYLOAD_LIMIT: usize = 6_291_556;

/// Why an invocation has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvocationError {
    /// The function reported an error, a panic for instance.
    #[error("{0}")]
    Function(ErrorReport),
    /// The process of the function ended.
    #[error("the function's process ended: {0}")]
    Exited(String),
    /// The function took longer than its time-out.
    #[error("the function timed out")]
    TimedOut,
    /// The answer is larger than Lambda takes.
    #[error("the answer exceeds {PAYLOAD_LIMIT} bytes")]
    ResponseTooLarge,
    /// The other Lambda cannot be reached.
    #[error("the Lambda of --lambda cannot be reached: {0}")]
    Unreachable(String),
}

impl InvocationError {
    /// What Lambda gives for it to whoever invoked the function, as JSON.
    fn report(&self) -> String {
        let report = match self {
            Self::Function(report) => report.clone(),
            _ => ErrorReport::new(self.error_type(), self.to_string()),
        };
        // Strings alone cannot fail to serialize.
        serde_json::to_string(&report).unwrap_or_default()
    }

    /// How Lambda names it.
    fn error_type(&self) -> &str {
        match self {
            Self::Function(report) => report.error_type(),
            Self::Exited(_) => "Runtime.ExitError",
            Self::TimedOut => "Sandbox.Timedout",
            Self::ResponseTooLarge => "Function.ResponseSizeTooLarge",
            Self::Unreachable(_) => "Sandbox.Unreachable",
        }
    }
}

/// What an invocation ends in.
pub(crate) type Outcome = Result<Bytes, InvocationError>;

/// How to run a function in processes of our own.
#[derive(Clone, Debug)]
pub(crate) struct Runnable {
    pub(crate) function: Function,
    pub(crate) executable: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
}

/// All functions of the template, by logical id.
#[derive(Debug)]
pub(crate) struct Functions {
    invokers: HashMap<String, Invoker>,
}

#[derive(Debug)]
enum Invoker {
    Pool(Pool),
    Remote(Arc<Remote>),
}

impl Functions {
    /// Starts one instance of each function, and returns once all of them wait for invocations.
    pub(crate) async fn start(
        runnables: Vec<Runnable>,
        events: &Events,
        shutdown: &Shutdown,
    ) -> Result<Self, StartError> {
        let pools = try_join_all(runnables.into_iter().map(|runnable| async {
            let id = runnable.function.logical_id.clone();
            let pool = Pool::start(runnable, events.clone(), shutdown.clone()).await?;
            Ok::<_, StartError>((id, Invoker::Pool(pool)))
        }));
        Ok(Self { invokers: pools.await?.into_iter().collect() })
    }

    /// Functions that another Lambda runs.
    pub(crate) fn remote(functions: &[Function], url: &str, events: &Events) -> Self {
        let client = Client::new();
        let invokers = functions.iter().map(|function| {
            let remote = Remote::new(client.clone(), url, function, events.clone());
            (function.logical_id.clone(), Invoker::Remote(Arc::new(remote)))
        });
        Self { invokers: invokers.collect() }
    }

    /// Invokes a function. The invocation is in line once this returns, so that calls keep their order; it is
    /// withdrawn if the future is dropped before an instance took it.
    pub(crate) fn invoke(
        &self,
        function: &str,
        source: Source,
        payload: Bytes,
    ) -> BoxFuture<'static, Outcome> {
        match self.invokers.get(function) {
            Some(Invoker::Pool(pool)) => pool.invoke(source, payload).boxed(),
            Some(Invoker::Remote(remote)) => remote.clone().invoke(source, payload).boxed(),
            None => {
                let report = ErrorReport::unknown(format!("there is no function {function}"));
                std::future::ready(Err(InvocationError::Function(report))).boxed()
            }
        }
    }

    /// Whether there is such a function.
    pub(crate) fn contains(&self, function: &str) -> bool {
        self.invokers.contains_key(function)
    }

    /// How many invocations of a function can be under way at a time.
    pub(crate) fn concurrency(&self, function: &str) -> usize {
        match self.invokers.get(function) {
            Some(Invoker::Pool(pool)) => pool.limit(),
            Some(Invoker::Remote(_)) => remote::CONCURRENT_INVOCATIONS,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shutdown;

    #[tokio::test]
    async fn a_function_that_does_not_start_is_named() {
        let function = fake::function("Chats");
        let executable = PathBuf::from("/nowhere/chats");
        let runnable = Runnable { function, executable, environment: BTreeMap::new() };
        let (_stopper, shutdown) = shutdown::channel();
        let error = Functions::start(vec![runnable], &Events::default(), &shutdown)
            .await
            .expect_err("no such executable");
        assert!(error.to_string().starts_with("function chats does not start"), "{error}");
    }

    #[tokio::test]
    async fn a_function_that_does_not_exist_fails() {
        let functions = Functions::remote(&[], "http://127.0.0.1:9", &Events::default());
        let outcome = functions.invoke("Nobody", Source::new("a test"), Bytes::new()).await;
        assert!(matches!(outcome, Err(InvocationError::Function(_))), "{outcome:?}");
    }
}
