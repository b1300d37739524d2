//! A stand-in for Amazon Bedrock: as much of its `Converse` over HTTP as the bot needs, and as strict.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the model does with a conversation.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// It answers.
    Says(String),
    /// Bedrock answers with an error of this status instead.
    Fails(u16),
    /// It thinks, for ever.
    Thinks,
}

type Rule = Box<dyn Fn(&[Turn]) -> Reply + Send>;

/// One turn of a conversation: its role, and its text.
pub(super) type Turn = (String, String);

/// A model that does as it is told.
pub(super) struct Bedrock {
    url: String,
    model: Arc<Model>,
}

struct Model {
    rule: Mutex<Rule>,
    asked: Mutex<Vec<Vec<Turn>>>,
}

impl Bedrock {
    /// The only model that there is.
    pub(super) const MODEL: &str = "test-model";

    /// Starts one that answers `text` with `about text`.
    #[expect(clippy::disallowed_methods, reason = "the server runs beside the test")]
    pub(super) async fn start() -> Self {
        let model = Arc::new(Model { rule: Mutex::new(Box::new(about)), asked: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let serving = model.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let model = serving.clone();
                let service = service_fn(move |request| {
                    let model = model.clone();
                    async move { Ok::<_, Infallible>(model.answer(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, model }
    }

    /// Where it answers.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Changes what it does from now on.
    pub(super) fn set(&self, rule: impl Fn(&[Turn]) -> Reply + Send + 'static) {
        *lock(&self.model.rule) = Box::new(rule);
    }

    /// It answers again as in the beginning.
    pub(super) fn mend(&self) {
        self.set(about);
    }

    /// Every conversation that it was asked to go on with, repeated attempts included.
    pub(super) fn asked(&self) -> Vec<Vec<Turn>> {
        lock(&self.model.asked).clone()
    }
}

/// What it answers to a text unless it is told otherwise.
pub(super) fn answer_to(text: &str) -> String {
    format!("about {text}")
}

fn about(conversation: &[Turn]) -> Reply {
    Reply::Says(answer_to(conversation.last().map_or("nothing", |(_, text)| text)))
}

impl Model {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let path = format!("/model/{}/converse", Bedrock::MODEL);
        if head.method != Method::POST || head.uri.path() != path {
            return failure(StatusCode::NOT_FOUND, "ResourceNotFoundException", "there is no such model");
        }
        let Ok(body) = body.collect().await else {
            return failure(StatusCode::BAD_REQUEST, "ValidationException", "half a body");
        };
        let conversation = match read(&body.to_bytes()) {
            Ok(conversation) => conversation,
            Err(reason) => return failure(StatusCode::BAD_REQUEST, "ValidationException", reason),
        };
        let reply = (lock(&self.rule))(&conversation);
        lock(&self.asked).push(conversation);
        match reply {
            Reply::Says(text) => json_response(StatusCode::OK, &converse_output(&text)),
            Reply::Fails(status) => {
                let kind = match status {
                    400 => "ValidationException",
                    429 => "ThrottlingException",
                    _ => "InternalServerException",
                };
                failure(status.try_into().expect("a status"), kind, "a failure of the test")
            }
            Reply::Thinks => std::future::pending().await,
        }
    }
}

/// A conversation as Bedrock takes it: turns of text, none of them blank, by user and assistant in turn, the
/// first and the last by the user.
fn read(body: &[u8]) -> Result<Vec<Turn>, &'static str> {
    let request: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
    let messages = request["messages"].as_array().ok_or("there are no messages")?;
    let conversation: Vec<Turn> = messages.iter().map(turn).collect::<Result<_, _>>()?;
    let mut due = ["user", "assistant"].into_iter().cycle();
    if !conversation.iter().all(|(role, _)| due.next() == Some(role)) {
        return Err("a conversation must start with the user and alternate between user and assistant");
    }
    if conversation.last().is_none_or(|(role, _)| role != "user") {
        return Err("a conversation must end with the user");
    }
    Ok(conversation)
}

fn turn(message: &Value) -> Result<Turn, &'static str> {
    let role = message["role"].as_str().ok_or("a message has no role")?;
    let blocks = message["content"].as_array().filter(|blocks| !blocks.is_empty());
    let mut texts = Vec::new();
    for block in blocks.ok_or("a message has no content")? {
        match block["text"].as_str() {
            Some(text) if !text.trim().is_empty() => texts.push(text),
            _ => return Err("the text of a block is blank"),
        }
    }
    Ok((role.to_owned(), texts.join("\n")))
}

fn converse_output(text: &str) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    })
}

fn failure(status: StatusCode, kind: &'static str, message: &str) -> Response<Full<Bytes>> {
    let mut response = json_response(status, &json!({"message": message}));
    response.headers_mut().insert("x-amzn-errortype", kind.parse().expect("a header"));
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Full::from(body.to_string())).expect("a response")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
