//! Calling the functions.

use crate::sockets::Sockets;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequestContext, ApiGatewayWebsocketProxyRequest};
use axum::Router;
use chat::Backend;
use chat::bot::engine::Engine;
use chat::http::Shared;
use chat::push::Pusher;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use lambda_http::request::RequestContext;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// The functions behind both APIs.
pub struct System {
    runtime: Runtime,
    router: Router,
    backend: Shared,
    sockets: Sockets,
}

/// What a function has answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl System {
    /// All functions with what the environment tells them, and sockets of this process's own.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut backend = Backend::from_env().expect("the environment that `run` sets");
        let sockets = Sockets::default();
        let client = sockets.client();
        backend.pusher = Pusher::new(|| client);
        let backend = Arc::new(backend);
        let routes = accounts::routes()
            .merge(chat_bot::routes())
            .merge(chat_groups::routes())
            .merge(chat_rooms::routes())
            .merge(chats::routes())
            .merge(conversations::routes())
            .merge(messages::routes())
            .merge(web::routes());
        Self { router: chat::http::router(routes, backend.clone()), runtime, backend, sockets }
    }

    /// A function's answer to a request, which must be a proper one whatever the request was.
    pub fn call(&self, request: Request<Vec<u8>>) -> Answer {
        let what = format!("{} {}", request.method(), request.uri());
        let has_body = request.method() != Method::HEAD;
        let mut request = request.map(axum::body::Body::from);
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.domain_name = Some("api.example.com".to_owned());
        context.http.source_ip = Some("192.0.2.1".to_owned());
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        let answer = self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("a router never fails");
            let (head, body) = response.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes().to_vec();
            Answer { status: head.status, headers: head.headers, body }
        });
        answer.check(&what, has_body);
        answer
    }

    /// Opens a socket with this token, or without one.
    pub fn connect(&self, connection: &str, token: Option<&str>) -> u16 {
        let query = token.map(|token| json!({"token": token})).unwrap_or_default();
        self.dispatch(json!({
            "requestContext": context("$connect", connection),
            "queryStringParameters": query,
        }))
    }

    /// Sends a frame, and gives what was posted to sockets in the meantime: frames, and the ends of connections as none.
    pub fn say(&self, connection: &str, text: &str, is_base64: bool) -> Vec<Option<Value>> {
        self.sockets.take();
        let status = self.dispatch(json!({
            "requestContext": context("$default", connection),
            "body": text,
            "isBase64Encoded": is_base64,
        }));
        assert_eq!(status, 200, "of {text:?}");
        let read = |frame: Vec<u8>| serde_json::from_slice(&frame).expect("a frame of JSON");
        self.sockets.take().into_iter().map(|posted| posted.map(read)).collect()
    }

    fn dispatch(&self, event: Value) -> u16 {
        let event: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event).expect("an event");
        let serving = websocket::dispatch(&self.backend, &Engine::BuiltIn, event);
        self.runtime.block_on(serving).expect("a socket's function never fails").status()
    }
}

fn context(route: &str, connection: &str) -> Value {
    json!({"routeKey": route, "connectionId": connection, "connectedAt": 0, "requestTimeEpoch": 0})
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The value of a cookie that it sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
        let mut pairs = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }

    /// Every answer says why it refuses, in the envelope; is no failure; and says to browsers what it must. A store that
    /// does not keep up is no defect of the functions.
    fn check(&self, what: &str, has_body: bool) {
        let body = String::from_utf8_lossy(&self.body);
        let is_failure = self.status.is_server_error() && self.status != StatusCode::SERVICE_UNAVAILABLE;
        assert!(!is_failure, "{what}: {} {body}", self.status);
        if self.status.is_client_error() && has_body {
            let envelope = self.json();
            let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            let code = envelope["code"].as_str().unwrap_or_default();
            assert!(!code.is_empty() && code.bytes().all(is_word), "{what}: {} {body}", self.status);
            assert!(envelope["error"].as_str().is_some_and(|error| !error.is_empty()), "{what}: {body}");
        }
        for name in ["x-content-type-options", "content-security-policy", "referrer-policy"] {
            assert!(self.headers.contains_key(name), "{what}: without {name}");
        }
        assert_eq!(self.headers.get("cache-control").map(|value| value.as_bytes()), Some(&b"no-store"[..]));
    }
}
