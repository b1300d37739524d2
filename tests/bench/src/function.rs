//! A process of a function behind a Runtime API that gives it one event, to see how long it takes from its start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tests::{Owned, Stack, in_time};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::oneshot;

/// The variable that tells a runtime where to ask for events.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// The variables of a process.
pub(crate) type Environment = Vec<(String, String)>;

/// What a start took.
#[derive(Debug)]
pub(crate) struct Start {
    /// From the start of the process until it asked for its first event.
    pub(crate) asked: Duration,
    /// From the start of the process until it gave its answer.
    pub(crate) answered: Duration,
    /// The answer.
    pub(crate) answer: Value,
    /// How many calls of the store its log line tells; 0 without such a line.
    pub(crate) storage_calls: u64,
}

/// What the Runtime API hears.
#[derive(Debug)]
struct Runtime {
    event: Mutex<Option<Bytes>>,
    asked: Mutex<Option<Instant>>,
    answer: Mutex<Option<oneshot::Sender<(Instant, String, Bytes)>>>,
}

fn take<T>(cell: &Mutex<Option<T>>) -> Option<T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Runtime {
    async fn serve(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        if parts.method == Method::GET {
            let Some(event) = take(&self.event) else { return std::future::pending().await };
            *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            let headers = [
                ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
                ("lambda-runtime-deadline-ms", "4102444800000"),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:123456789012:function:bench",
                ),
                ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
            ];
            let answer = Response::builder().header("content-type", "application/json");
            let answer = headers.iter().fold(answer, |answer, (name, value)| answer.header(*name, *value));
            return answer.body(Full::new(event)).expect("an answer of constants");
        }
        let answer = body.collect().await.expect("a whole answer").to_bytes();
        if let Some(heard) = take(&self.answer) {
            // Nobody waits any more once the time is up.
            let _ = heard.send((Instant::now(), parts.uri.path().to_owned(), answer));
        }
        let accepted = Response::builder().status(202).body(Full::default());
        accepted.expect("an answer of constants")
    }
}

/// Starts a function, gives it an event, and ends it once it has answered.
#[expect(clippy::disallowed_methods, reason = "a server runs beside the measurement")]
pub(crate) async fn start(executable: &Path, environment: &Environment, event: &Value) -> Start {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let (heard, answer) = oneshot::channel();
    let runtime = Arc::new(Runtime {
        event: Mutex::new(Some(Bytes::from(event.to_string()))),
        asked: Mutex::new(None),
        answer: Mutex::new(Some(heard)),
    });
    let serving = tokio::spawn({
        let runtime = runtime.clone();
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("an open connection");
                let runtime = runtime.clone();
                let service = service_fn(move |request| {
                    let answering = runtime.clone().serve(request);
                    async move { Ok::<_, std::convert::Infallible>(answering.await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        }
    });

    let mut command = Command::new(executable);
    command.env_clear().envs(environment.iter().map(|(name, value)| (name, value))).env(RUNTIME_API, address);
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("a function that was built");
    let mut lines = BufReader::new(child.stdout.take().expect("its stdout")).lines();
    let process = Owned::new(child);
    let (answered, path, answer) = in_time("the first answer", answer).await.expect("a function that lives");
    assert!(
        path.ends_with("/response"),
        "{} failed: {}",
        executable.display(),
        String::from_utf8_lossy(&answer)
    );
    process.kill().await;
    serving.abort();

    let mut storage_calls = 0;
    while let Ok(Some(line)) = lines.next_line().await {
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        storage_calls += line["storageCalls"].as_u64().unwrap_or_default();
    }
    let asked = take(&runtime.asked).expect("an answer to an event that was asked for");
    let answer = serde_json::from_slice(&answer).expect("an answer of JSON");
    Start { asked: asked - begun, answered: answered - begun, answer, storage_calls }
}

/// A function that a stack runs.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// Its logical name without `Function`: `ChatRooms`.
    pub(crate) name: String,
    /// One of its processes.
    pub(crate) pid: u32,
    /// What that runs.
    pub(crate) executable: PathBuf,
    /// With these variables.
    pub(crate) environment: Environment,
}

/// The functions of a stack in the order of their names, each with one of its processes.
pub(crate) fn functions(stack: &Stack) -> Vec<Function> {
    let processes = stack.processes().into_iter().map(|(pid, _)| pid);
    let functions: BTreeMap<_, _> =
        processes.filter_map(function_of).map(|function| (function.name.clone(), function)).collect();
    functions.into_values().collect()
}

fn function_of(pid: u32) -> Option<Function> {
    let variables = std::fs::read_to_string(format!("/proc/{pid}/environ")).expect("a process of our own");
    let variables = variables.split_terminator('\0').filter_map(|variable| variable.split_once('='));
    let environment: Environment =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (_, name) = environment.iter().find(|(name, _)| name == "AWS_LAMBDA_FUNCTION_NAME")?;
    let name = name.trim_end_matches("Function").to_owned();
    let executable = std::fs::read_link(format!("/proc/{pid}/exe")).expect("a process of our own");
    Some(Function { name, pid, executable, environment })
}
