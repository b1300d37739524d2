//! The console: a page for people, the outbox, and the AWS services that functions call besides DynamoDB.

use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::json;

use crate::client::Client;
use crate::environment::Endpoints;
use crate::ids;
use crate::outbox::{Outbox, SendEmail};
use crate::server::{self, Answer};

const PAGE: &str = include_str!("console.html");
/// Most bytes of a request: what DynamoDB takes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The console.
#[derive(Debug)]
pub(crate) struct Console {
    page: String,
    outbox: Outbox,
    dynamodb: String,
    client: Client,
}

impl Console {
    /// A console that shows where everything answers.
    pub(crate) fn new(endpoints: &Endpoints, websocket: Option<&str>, dynamodb: String) -> Self {
        let page = PAGE
            .replace("{{http}}", &endpoints.http)
            .replace("{{websocket}}", websocket.unwrap_or("none"))
            .replace("{{dynamodb}}", &dynamodb);
        Self { page, outbox: Outbox::default(), dynamodb, client: Client::new() }
    }

    /// Answers a request.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
            return server::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let body = body.to_bytes();
        match (&parts.method, parts.uri.path()) {
            (&Method::GET, "/") => self.page(),
            (&Method::GET, "/outbox") => server::json(StatusCode::OK, self.outbox.to_json()),
            (&Method::GET, "/health") => server::json(StatusCode::OK, r#"{"status":"ok"}"#),
            (&Method::POST, "/v2/email/outbound-emails") => self.send_email(&body),
            (&Method::POST, "/") if is_dynamodb(&parts.headers) => self.forward(parts, body).await,
            (method, path) => not_here(method, path, &parts.headers),
        }
    }

    fn page(&self) -> Answer {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        server::with_type(StatusCode::OK, html, self.page.clone())
    }

    /// SES's `SendEmail`: into the outbox.
    fn send_email(&self, body: &Bytes) -> Answer {
        match serde_json::from_slice::<SendEmail>(body) {
            Ok(mail) => {
                self.outbox.push(mail.into());
                let id = ids::invocation_id();
                server::json(StatusCode::OK, json!({ "MessageId": id }).to_string())
            }
            Err(error) => refuse(
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                &format!("only simple mails are taken here: {error}"),
            ),
        }
    }

    /// DynamoDB calls of functions that were given this port for everything.
    async fn forward(&self, parts: Parts, body: Bytes) -> Answer {
        let mut headers = parts.headers;
        headers.remove(HOST);
        match self.client.post(&format!("{}/", self.dynamodb), headers, body).await {
            Ok(answer) => answer.map(Into::into),
            Err(error) => {
                refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &error.to_string())
            }
        }
    }
}

/// Whether a call is for DynamoDB.
fn is_dynamodb(headers: &HeaderMap) -> bool {
    target(headers).is_some_and(|target| target.starts_with("DynamoDB_"))
}

fn target(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-target").and_then(|target| target.to_str().ok())
}

/// A call to a service that is not run here. It must not leave the machine, and must not look like success.
fn not_here(method: &Method, path: &str, headers: &HeaderMap) -> Answer {
    let what = match target(headers) {
        Some(target) => target.to_owned(),
        None => format!("{method} {path}"),
    };
    tracing::warn!("a call to a service that is not run here: {what}");
    refuse(StatusCode::NOT_IMPLEMENTED, "NotImplementedException", &format!("{what} is not run here"))
}

fn refuse(status: StatusCode, kind: &'static str, message: &str) -> Answer {
    let mut answer = server::json(status, json!({ "__type": kind, "message": message }).to_string());
    answer.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(kind));
    answer
}
