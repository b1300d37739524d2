//! The edges of every function's router, and running it on Lambda.

use crate::backend::Backend;
use crate::error::Error;
use axum::Router;
use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;
use tower::util::MapRequestLayer;
use tower::{Layer, ServiceExt};

/// The backend as handlers have it.
pub type Shared = Arc<Backend>;

const NO_PATH: Error = Error::NotFound("not_found", "There is no such path");

/// Builds the backend and serves a group's routes until Lambda ends the process. A trailing slash is the
/// same path; an unknown path or method is 404 in the envelope.
pub async fn serve(routes: Router<Shared>) -> Result<(), lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    let backend = Arc::new(Backend::from_env()?);
    let router = routes
        .fallback(async || NO_PATH)
        .method_not_allowed_fallback(async || NO_PATH)
        .layer(middleware::from_fn(refuse_strays))
        .with_state(backend);
    let service = MapRequestLayer::new(restore_path).layer(router);
    lambda_http::run(service.map_request(|request: lambda_http::Request| request.map(axum::body::Body::new)))
        .await
}

/// No document has HEAD, and axum would run the handlers of GET for it: those that do something at once are
/// not to be run by a mail scanner's look at a link. Nor is a handler to be run for another's path.
async fn refuse_strays(request: Request, next: Next) -> Response {
    let is_stray = request.method() == Method::HEAD || !is_routed(&request);
    if is_stray { NO_PATH.into_response() } else { next.run(request).await }
}

/// Whether a path has as many parts as the route that API Gateway chose. With an escaped slash or question mark in a
/// path it hands over another path than it has chosen by: `/backend/chats/a%3F/users` comes as `/backend/chats/a`.
fn is_routed(request: &Request) -> bool {
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get() else { return true };
    match context.route_key.as_deref().and_then(|key| key.split_once(' ')) {
        Some((_, route)) => parts(route) == parts(request.uri().path()),
        None => true,
    }
}

fn parts(path: &str) -> usize {
    path.split('/').filter(|part| !part.is_empty()).count()
}

/// What is escaped in a path, so that it is read back as it is: everything but slashes and what never need be.
const IN_PATHS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Gives the request the path that API Gateway chose the function by, without a slash at its end. API Gateway hands
/// the path over decoded, and `lambda_http` reads it as a URL: there an escaped `#` ends it, `..` shortens it, and line
/// breaks vanish, so that `/backend/chats/a%23/users` would be `/backend/chats/a`.
fn restore_path(mut request: Request) -> Request {
    let path = request.raw_http_path();
    let trimmed = path.trim_end_matches('/');
    let path = utf8_percent_encode(if trimmed.is_empty() { "/" } else { trimmed }, IN_PATHS);
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}
