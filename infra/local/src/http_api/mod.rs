//! The HTTP API: routes, events, limits and answers of API Gateway.

mod cors;
mod event;
mod response;
pub mod router;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::events::Source;
use crate::ids;
use crate::lambda::{Functions, PAYLOAD_LIMIT};
use crate::server::{self, Answer};
use crate::template;

use cors::Cors;
use event::Origin;
use router::Router;

/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);
/// Most bytes of a body: 10 MB.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// Most bytes that are read of a body that is too large.
const DRAIN_LIMIT: usize = 64 * 1024 * 1024;
/// Most bytes of a request line and its headers.
const HEADER_LIMIT: usize = 10_240;

/// The HTTP API.
#[derive(Debug)]
pub(crate) struct HttpApi {
    id: String,
    port: u16,
    router: Router,
    cors: Option<Cors>,
    functions: Arc<Functions>,
}

impl HttpApi {
    /// The API of a template, on a port.
    pub(crate) fn new(api: &template::HttpApi, port: u16, functions: Arc<Functions>) -> Self {
        let cors = api.cors.as_ref().map(Cors::new);
        Self { id: api.id.clone(), port, router: Router::new(&api.routes), cors, functions }
    }

    /// Answers a request.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let id = ids::gateway_id();
        let mut answer = match &self.cors {
            Some(cors) => {
                let is_routed = || self.router.select(request.method(), request.uri().path()).is_some();
                match cors.preflight(request.method(), request.headers()).filter(|_| !is_routed()) {
                    Some(answer) => answer,
                    None => {
                        let origin = request.headers().get(ORIGIN).cloned();
                        let mut answer = self.answer(request, peer, &id).await;
                        cors.label(origin.as_ref(), &mut answer);
                        answer
                    }
                }
            }
            None => self.answer(request, peer, &id).await,
        };
        if let Ok(id) = HeaderValue::from_str(&id) {
            answer.headers_mut().insert(HeaderName::from_static("apigw-requestid"), id);
        }
        answer
    }

    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr, id: &str) -> Answer {
        let (parts, body) = request.into_parts();
        if head_size(&parts) > HEADER_LIMIT {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return server::message(status, "Request Header Fields Too Large");
        }
        let Some(route) = self.router.select(&parts.method, parts.uri.path()) else {
            return server::message(StatusCode::NOT_FOUND, "Not Found");
        };
        let body = match read(&parts.headers, body).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let (function, source) = (route.function, Source::new(route.route_key));
        let origin = Origin { api_id: &self.id, port: self.port, peer, request_id: id };
        let payload = match event::build(&parts, &body, route, &origin) {
            Ok(payload) if payload.len() > PAYLOAD_LIMIT => return too_large(),
            Ok(payload) => payload,
            Err(error) => {
                tracing::error!("an event cannot be built: {error}");
                return internal_server_error();
            }
        };
        drop((parts, body));
        let invocation = self.functions.invoke(function, source, payload.into());
        match tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await {
            Ok(Ok(payload)) => response::build(&payload).unwrap_or_else(|| {
                tracing::warn!("{function} answered what is no response");
                internal_server_error()
            }),
            Ok(Err(error)) => {
                tracing::warn!("{function} failed: {error}");
                internal_server_error()
            }
            Err(_) => {
                tracing::warn!("{function} took longer than {} s", INTEGRATION_TIMEOUT.as_secs());
                server::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
        }
    }
}

/// Bytes of the request line and of all headers.
fn head_size(Parts { method, uri, headers, .. }: &Parts) -> usize {
    let line = method.as_str().len() + target_size(uri) + " HTTP/1.1\r\n".len() + 1;
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + fields.sum::<usize>()
}

fn target_size(uri: &Uri) -> usize {
    uri.path_and_query().map_or(0, |target| target.as_str().len())
}

/// Reads a body within its limit. One that is too large is read to its end all the same, but not kept: a client
/// that is still sending would not see the answer.
async fn read(headers: &HeaderMap, mut body: Incoming) -> Result<Bytes, Answer> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut size = 0;
    let mut chunks = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(server::message(StatusCode::BAD_REQUEST, "Bad Request"));
        };
        let Ok(chunk) = frame.into_data() else { continue };
        size += chunk.len();
        if size > BODY_LIMIT || declared.is_some_and(|declared| declared > BODY_LIMIT) {
            chunks.clear();
        } else {
            chunks.push(chunk);
        }
        if size > DRAIN_LIMIT {
            break;
        }
    }
    match chunks.as_slice() {
        _ if size > BODY_LIMIT => Err(too_large()),
        [chunk] => Ok(chunk.clone()),
        chunks => Ok(chunks.concat().into()),
    }
}

fn too_large() -> Answer {
    server::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

fn internal_server_error() -> Answer {
    server::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_measured_as_it_was_sent() {
        let request = Request::get("/a?b=1").header("x-y", "z").body(()).expect("a request");
        let sent = "GET /a?b=1 HTTP/1.1\r\nx-y: z\r\n";
        assert_eq!(head_size(&request.into_parts().0), sent.len());
    }
}
