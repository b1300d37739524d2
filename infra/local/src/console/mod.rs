//! The console: a page for people, what happens in the stack, the outbox, and the AWS services that are called besides
//! DynamoDB: SES, SQS and Lambda.

mod page;
mod people;

use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde_json::json;

use crate::client::Client;
use crate::environment::Endpoints;
use crate::events::{self, Events};
use crate::lambda::InvokeApi;
use crate::outbox::{Outbox, SendEmail};
use crate::permissions::{self, Permissions};
use crate::server::{self, Answer, Streamed};
use crate::shutdown::Shutdown;
use crate::sqs::{self, Sqs};
use crate::{documents, ids, percent};

use page::Page;
use people::{People, Whose};

/// Most bytes of a request: what DynamoDB takes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The console.
#[derive(Debug)]
pub(crate) struct Console {
    page: Page,
    people: People,
    events: Events,
    outbox: Outbox,
    client: Client,
    services: Services,
    shutdown: Shutdown,
}

/// The services of AWS that functions call here.
#[derive(Debug)]
pub(crate) struct Services {
    /// Where DynamoDB answers.
    pub(crate) dynamodb: String,
    /// SQS.
    pub(crate) sqs: Arc<Sqs>,
    /// Lambda.
    pub(crate) lambda: InvokeApi,
    /// What functions may call, if that is checked.
    pub(crate) permissions: Option<Arc<Permissions>>,
}

impl Console {
    /// A console for these endpoints. Its shutdown ends what would go on: calls that wait for messages, and readers of
    /// events.
    pub(crate) fn new(
        endpoints: &Endpoints,
        websocket: Option<&str>,
        services: Services,
        events: Events,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            page: Page::new(endpoints, websocket),
            people: People::new(endpoints),
            events,
            outbox: Outbox::default(),
            client: Client::new(),
            services,
            shutdown,
        }
    }

    /// Answers a request.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Streamed {
        let answer = match (request.method(), request.uri().path()) {
            (&Method::GET, "/events") => {
                return events::feed(&self.events, request.headers(), self.shutdown.clone());
            }
            (_, path) if Whose::read(path).is_some() => self.people.forward(request).await,
            _ => self.answer(request).await,
        };
        answer.map(Full::boxed_unsync)
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
            return server::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let body = body.to_bytes();
        match (&parts.method, parts.uri.path()) {
            (&Method::GET, "/") => self.page.html(&parts.headers),
            (&Method::GET, path) if let Some(file) = page::at(path) => file,
            (&Method::GET, "/outbox") => server::json(StatusCode::OK, self.outbox.to_json()),
            (&Method::GET, "/health") => server::json(StatusCode::OK, r#"{"status":"ok"}"#),
            (&Method::GET, "/permissions") => self.permissions(),
            (&Method::GET, path) if let Some(answer) = documents::get(path) => answer,
            (&Method::POST, "/v2/email/outbound-emails") => self.send_email(&parts.headers, &body),
            (&Method::POST, "/") if is_dynamodb(&parts.headers) => self.forward(parts, body).await,
            (&Method::POST, "/") if let Some(operation) = sqs_operation(&parts.headers) => {
                if let Some(permissions) = &self.services.permissions
                    && let Err(denied) =
                        permissions.check_sqs(permissions::principal(&parts.headers), operation, &body)
                {
                    return refuse(StatusCode::FORBIDDEN, "AccessDeniedException", &denied.to_string());
                }
                let answer = tokio::select! {
                    answer = sqs::api::handle(&self.services.sqs, operation, &body) => answer,
                    () = self.shutdown.wait() => Some(server::empty(StatusCode::SERVICE_UNAVAILABLE)),
                };
                answer.unwrap_or_else(|| not_here(&parts.method, parts.uri.path(), &parts.headers))
            }
            (&Method::POST, path) if let Some(function) = invoked_function(path) => {
                self.services.lambda.handle(&percent::decode(function), &parts.headers, body).await
            }
            (method, path) => not_here(method, path, &parts.headers),
        }
    }

    /// What `--check-permissions` found so far.
    fn permissions(&self) -> Answer {
        match &self.services.permissions {
            Some(permissions) => server::json(StatusCode::OK, permissions.report()),
            None => {
                let message = "permissions are checked with --check-permissions only";
                refuse(StatusCode::NOT_FOUND, "NotFoundException", message)
            }
        }
    }

    /// SES's `SendEmail`: into the outbox.
    fn send_email(&self, headers: &HeaderMap, body: &Bytes) -> Answer {
        if let Some(permissions) = &self.services.permissions
            && let Err(denied) = permissions.check_mail(permissions::principal(headers), body)
        {
            return refuse(StatusCode::FORBIDDEN, "AccessDeniedException", &denied.to_string());
        }
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
        if let Some(permissions) = &self.services.permissions {
            let operation = target(&headers).and_then(|target| target.split('.').nth(1)).unwrap_or_default();
            if let Err(denied) =
                permissions.check_dynamodb(permissions::principal(&headers), operation, &body)
            {
                let kind = "com.amazon.coral.service#AccessDeniedException";
                return refuse(StatusCode::BAD_REQUEST, kind, &denied.to_string());
            }
            permissions::forget_principal(&mut headers);
        }
        match self.client.post(&format!("{}/", self.services.dynamodb), headers, body).await {
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

/// The operation of a call for SQS.
fn sqs_operation(headers: &HeaderMap) -> Option<&str> {
    target(headers)?.strip_prefix(sqs::api::TARGET_PREFIX)
}

/// The function that a call of Lambda's `Invoke` names.
fn invoked_function(path: &str) -> Option<&str> {
    path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")
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
