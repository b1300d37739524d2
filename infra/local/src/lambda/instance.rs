//! One process of a function, from its start to its end.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;

use super::account::Account;
use super::pool::{Job, Pool};
use super::runtime_api::{self, ErrorReport};
use super::{InvocationError, Outcome};
use crate::environment;
use crate::events::{Invocation, Source};
use crate::server;
use crate::sync::lock;

/// How long a process may take until it asks for its first invocation, as in Lambda.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// One process of a function.
#[derive(Debug)]
pub(super) struct Instance {
    pool: Pool,
    work: Mutex<Work>,
    account: Account,
    /// Whether it has had an invocation.
    is_warm: AtomicBool,
    ready: AtomicBool,
    became_ready: Notify,
    stop: Arc<Notify>,
    timed_out: Notify,
    init_error: Mutex<Option<String>>,
}

/// What a process does.
#[derive(Debug, Default)]
enum Work {
    #[default]
    None,
    Running(Running),
    /// The process has ended, and takes no invocation any more.
    Ended,
}

/// The invocation that a process works on.
#[derive(Debug)]
struct Running {
    id: String,
    source: Source,
    waited: Duration,
    begun: Instant,
    is_cold: bool,
    reply: oneshot::Sender<Outcome>,
    timer: AbortHandle,
}

/// Starts a process and stays with it until it ends.
pub(super) async fn run(pool: Pool) {
    let instance = Arc::new(Instance {
        pool: pool.clone(),
        work: Mutex::default(),
        account: Account::new(pool.events().clone()),
        is_warm: AtomicBool::new(false),
        ready: AtomicBool::new(false),
        became_ready: Notify::new(),
        stop: Arc::default(),
        timed_out: Notify::new(),
        init_error: Mutex::default(),
    });
    let reason = match instance.live().await {
        Ok(reason) => reason,
        Err(error) => InvocationError::Exited(format!("it cannot be started: {error}")),
    };
    let last = std::mem::replace(&mut *lock(&instance.work), Work::Ended);
    if let Work::Running(running) = last {
        instance.finish(running, Err(reason.clone()));
    }
    pool.instance_ended(instance.ready.load(Ordering::Relaxed), &reason);
}

impl Instance {
    /// Runs the process, and says why it ended.
    async fn live(self: &Arc<Self>) -> std::io::Result<InvocationError> {
        let listener = server::listen(0)?;
        let runtime_api = listener.local_addr()?.to_string();
        let mut child = self.spawn(&runtime_api)?;
        let shutdown = self.pool.shutdown();
        let handler = {
            let instance = self.clone();
            move |request, _| runtime_api::handle(instance.clone(), request)
        };
        let serving = tokio::spawn(server::serve(listener, shutdown.clone(), handler));

        let init_limit = async {
            tokio::select! {
                () = self.became_ready.notified() => std::future::pending().await,
                () = tokio::time::sleep(INIT_LIMIT) => {}
            }
        };
        let reason = tokio::select! {
            status = child.wait() => InvocationError::Exited(self.describe(&status?)),
            () = self.timed_out.notified() => InvocationError::TimedOut,
            () = init_limit => InvocationError::Exited(format!("it asked for no invocation within {} s", INIT_LIMIT.as_secs())),
            () = self.stop.notified() => InvocationError::Exited("it was idle".to_owned()),
            () = shutdown.wait() => InvocationError::Exited("it was stopped".to_owned()),
        };
        serving.abort();
        // Fails only on a process that has ended.
        let _ = child.kill().await;
        Ok(reason)
    }

    fn spawn(self: &Arc<Self>, runtime_api: &str) -> std::io::Result<Child> {
        let runnable = self.pool.runnable();
        let binary = &runnable.function.binary;
        let mut child = Command::new(&runnable.executable)
            .env_clear()
            .envs(&runnable.environment)
            .envs(environment::of_instance(&runnable.function, runtime_api))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal is meant for the stack, which then ends the functions in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        if let Some(output) = child.stdout.take() {
            tokio::spawn(copy_lines(binary.clone(), output, Some(self.clone())));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(copy_lines(binary.clone(), output, None));
        }
        Ok(child)
    }

    fn describe(&self, status: &std::process::ExitStatus) -> String {
        match lock(&self.init_error).take() {
            Some(error) => error,
            None => status.to_string(),
        }
    }

    /// The pool it belongs to.
    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Waits for an invocation, and starts its clock.
    pub(super) async fn next(self: &Arc<Self>) -> (String, bytes::Bytes) {
        if !self.ready.swap(true, Ordering::Relaxed) {
            self.became_ready.notify_one();
            self.pool.instance_ready();
        }
        let job = self.pool.next(&self.stop).await;
        match self.begin(job) {
            Ok(begun) => begun,
            Err(job) => {
                // The process ended while the invocation was on its way: another one takes it.
                self.pool.dispatch(job);
                std::future::pending().await
            }
        }
    }

    /// Notes what the process works on from now, and starts its clock; gives it back if the process has ended.
    fn begin(self: &Arc<Self>, job: Job) -> Result<(String, bytes::Bytes), Job> {
        let mut work = lock(&self.work);
        if matches!(*work, Work::Ended) {
            return Err(job);
        }
        let Job { id, source, since, payload, reply } = job;
        let instance = Arc::downgrade(self);
        let timeout = self.pool.runnable().function.timeout;
        let timer = tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            if let Some(instance) = instance.upgrade() {
                instance.timed_out.notify_one();
            }
        });
        let running = Running {
            id: id.clone(),
            source,
            waited: since.elapsed(),
            begun: Instant::now(),
            is_cold: !self.is_warm.swap(true, Ordering::Relaxed),
            reply,
            timer: timer.abort_handle(),
        };
        if let Work::Running(left_over) = std::mem::replace(&mut *work, Work::Running(running)) {
            let report = ErrorReport::unknown("the function gave no answer".to_owned());
            self.finish(left_over, Err(InvocationError::Function(report)));
        }
        Ok((id, payload))
    }

    /// Takes what the function answered. False if no such invocation runs.
    pub(super) fn complete(&self, id: &str, outcome: Outcome) -> bool {
        let mut work = lock(&self.work);
        match std::mem::take(&mut *work) {
            Work::Running(current) if current.id == id => {
                self.finish(current, outcome);
                true
            }
            other => {
                *work = other;
                false
            }
        }
    }

    /// Ends an invocation.
    fn finish(&self, running: Running, outcome: Outcome) {
        let Running { id, source, waited, begun, is_cold, reply, timer } = running;
        timer.abort();
        let error = outcome.as_ref().err().map(|error| error.error_type().to_owned());
        // The caller may have given up.
        let _ = reply.send(outcome);
        self.account.ended(Invocation {
            request_id: id,
            function: self.pool.runnable().function.logical_id.clone(),
            source,
            waited,
            took: begun.elapsed(),
            is_cold: Some(is_cold),
            error,
            line: None,
        });
    }

    /// Remembers why the process could not start.
    pub(super) fn init_failed(&self, error: String) {
        *lock(&self.init_error) = Some(error);
    }
}

/// Writes what a function prints to stderr, each line behind the function's name. What it tells of invocations goes
/// to the account of the instance, too.
async fn copy_lines(binary: String, output: impl AsyncRead + Unpin, instance: Option<Arc<Instance>>) {
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        eprintln!("[{binary}] {line}");
        if let Some(instance) = &instance {
            instance.account.told(&line);
        }
    }
}
