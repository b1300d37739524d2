//! A running system.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::{Anonymous, Caller as _, Log, Mail, Owned, Tables, descendants, in_time, outbox, process};

/// The line that the local stack says when everything answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// Root of the HTTP API.
    pub http: String,
    /// URL of the WebSocket API, its stage included.
    pub websocket: String,
    /// Root of the console.
    pub console: String,
    /// The operator's key.
    pub backend_key: String,
}

/// A stack that did not start.
#[derive(Debug)]
pub struct Failure {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it said on stdout.
    pub stdout: String,
    /// What it said on stderr.
    pub stderr: String,
}

/// A running system: the one that `tests/run` started for all tests, or one of the test's own, which ends with it.
#[derive(Debug)]
pub struct Stack {
    ready: Ready,
    process: Option<Owned>,
}

impl Stack {
    /// The stack that the environment names in `TEST_READY` (its ready line), or else one of our own.
    #[expect(clippy::disallowed_methods, reason = "the command line of a test")]
    pub async fn shared() -> Self {
        match std::env::var("TEST_READY") {
            Ok(line) => Self { ready: parse(&line), process: None },
            Err(_) => Self::start(&[]).await,
        }
    }

    /// All stacks that the environment names in `TEST_READY`, a line each.
    #[expect(clippy::disallowed_methods, reason = "the command line of a test")]
    pub fn all_shared() -> Vec<Self> {
        let lines = std::env::var("TEST_READY").unwrap_or_default();
        lines.lines().map(|line| Self { ready: parse(line), process: None }).collect()
    }

    /// A stack of our own, on free ports, with these arguments in addition.
    pub async fn start(arguments: &[&str]) -> Self {
        Self::run(Self::command(&["--port", "0"]).args(arguments)).await
    }

    /// A stack of our own, on the ports that people know.
    pub async fn start_on_default_ports() -> Self {
        Self::run(&mut Self::command(&[])).await
    }

    /// A stack of our own with these arguments in addition, and what it says.
    pub async fn start_logged(arguments: &[&str]) -> (Self, Log) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = Self::command(&["--port", "0"]);
        let stack = Self::run(command.args(arguments).stderr(writer)).await;
        (stack, Log::follow(reader))
    }

    async fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the executable `local`; build it first: cargo build --release --workspace");
        let stdout = child.stdout.take().expect("its stdout");
        let process = Owned::new(child);
        let mut line = String::new();
        in_time("the ready line", BufReader::new(stdout).read_line(&mut line)).await.expect("its stdout");
        Self { ready: parse(&line), process: Some(process) }
    }

    /// Runs `local` with these arguments, which must keep it from starting.
    pub async fn fail(arguments: &[&str]) -> Failure {
        let run = Self::command(arguments).kill_on_drop(true).output();
        let output = in_time("the end of a stack that cannot start", run).await.expect("its output");
        Failure {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// `local` with these arguments, on the executables that were built before.
    pub fn command(arguments: &[&str]) -> Command {
        let local =
            std::env::var_os("LOCAL_BIN").map_or_else(|| target_folder().join("local"), PathBuf::from);
        let mut command = Command::new(local);
        command.current_dir(workspace()).arg("--skip-build").args(arguments).stdin(Stdio::null());
        command
    }

    /// Where everything answers.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Somebody without a token.
    pub fn anonymous(&self) -> Anonymous {
        Anonymous::new(&self.ready.http)
    }

    /// Somebody without a token, at an address that nobody else calls from.
    pub fn from_elsewhere(&self) -> Anonymous {
        Anonymous::from_elsewhere(&self.ready.http)
    }

    /// A caller of the console.
    pub fn console(&self) -> Anonymous {
        Anonymous::of_other(&self.ready.console)
    }

    /// A caller of `@connections`.
    pub fn connections(&self) -> Anonymous {
        Anonymous::of_other(&format!("{}/@connections", self.ready.websocket.replacen("ws://", "http://", 1)))
    }

    /// The mails to an address, newest first.
    pub async fn mails_to(&self, address: &str) -> Vec<Mail> {
        outbox::mails_to(&self.ready.console, address).await
    }

    /// All that the stack keeps. Its store is asked by way of the console.
    pub fn tables(&self) -> Tables {
        Tables::of(&self.ready.console)
    }

    /// Invokes a function, named as in the template, and gives its answer, or what its failure is.
    pub async fn try_invoke(&self, function: &str, payload: &Value) -> Result<Value, String> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = self.console().post(&path).json(payload).await;
        if !answer.status.is_success() || answer.header("x-amz-function-error").is_some() {
            return Err(format!("{} {}", answer.status, answer.text()));
        }
        Ok(serde_json::from_slice(&answer.body).expect("an answer of JSON"))
    }

    /// Invokes a function, named as in the template, which must not fail, and gives its answer.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Value {
        match self.try_invoke(function, payload).await {
            Ok(answer) => answer,
            Err(failure) => panic!("{function} was invoked with {payload} and failed: {failure}"),
        }
    }

    /// Kills every process that runs a function, as a crash would. There must be one.
    pub fn crash(&self, function: &str) {
        assert!(!self.crash_if_running(function).is_empty(), "no process runs {function}");
    }

    /// Kills every process that runs a function just now, and gives their ids.
    pub fn crash_if_running(&self, function: &str) -> Vec<u32> {
        let instances = self.processes().into_iter().filter(|(_, name)| name == function);
        let killed: Vec<_> = instances.map(|(pid, _)| pid).collect();
        killed.iter().for_each(|pid| process::kill_now(*pid));
        killed
    }

    /// The process of `local` itself.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("a stack of our own").pid()
    }

    /// Every process of this stack but `local` itself.
    pub fn processes(&self) -> Vec<(u32, String)> {
        descendants(self.pid())
    }

    /// Ends `local` by SIGTERM, and waits until it has.
    pub async fn terminate(self) -> Option<i32> {
        self.process.expect("a stack of our own").terminate().await.code()
    }

    /// Ends `local` by SIGKILL.
    pub async fn kill(self) {
        self.process.expect("a stack of our own").kill().await;
    }

    /// True when its health page says so.
    pub async fn is_healthy(&self) -> bool {
        self.console().get("/health").await.status.is_success()
    }
}

fn parse(line: &str) -> Ready {
    match serde_json::from_str(line) {
        Ok(ready) => ready,
        Err(error) => panic!("{line:?} is no ready line: {error}"),
    }
}

/// The folder with all executables that were built with this one.
pub fn target_folder() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this executable");
    let folder = this.parent().expect("the folder of this executable");
    // Tests lie one level deeper.
    if folder.ends_with("deps") { folder.parent().unwrap_or(folder).to_owned() } else { folder.to_owned() }
}

/// The root of the project.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder above this crate")
}
