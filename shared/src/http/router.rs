//! The edges of every function's router, and running it on Lambda.

use crate::backend::Backend;
use crate::error::Error;
use axum::Router;
use axum::extract::{Request, State};
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
        .layer(middleware::from_fn(refuse_head))
        .layer(middleware::from_fn_with_state(backend.clone(), observe))
        .with_state(backend);
    let service = MapRequestLayer::new(restore_path).layer(router);
    lambda_http::run(service.map_request(|request: lambda_http::Request| request.map(axum::body::Body::new)))
        .await
}

/// Writes the log line of each request, which knows the route and never the path.
async fn observe(State(backend): State<Shared>, request: Request, next: Next) -> Response {
    let request_id =
        request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    let route = match request.extensions().get() {
        Some(RequestContext::ApiGatewayV2(context)) => context.route_key.clone(),
        _ => None,
    };
    let route = route.unwrap_or_default();
    let serving = next.run(request);
    let status = |response: &Response| Some(response.status().as_u16());
    backend.telemetry.observe(&request_id, &route, serving, status).await
}

/// No document has HEAD, and axum would run the handlers of GET for it: those that do something at once are
/// not to be run by a mail scanner's look at a link.
async fn refuse_head(request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD { NO_PATH.into_response() } else { next.run(request).await }
}

/// What is escaped in a part of a path, so that it is read back as it is: everything but what never need be.
const IN_PARTS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Gives the request the path that API Gateway has chosen the function by, without a slash at its end. The path that it
/// hands over is decoded, and `lambda_http` reads that as a URL: an escaped `#` or `?` ends it, an escaped `/` makes two
/// parts of one, `..` shortens it, and line breaks vanish, so that `/backend/chats/a%3Fb` would be `/backend/chats/a`.
fn restore_path(mut request: Request) -> Request {
    let path = routed_path(&request).unwrap_or_else(|| {
        let parts = request.raw_http_path().split('/').filter(|part| !part.is_empty());
        parts.map(|part| format!("/{}", utf8_percent_encode(part, IN_PARTS))).collect()
    });
    let path = if path.is_empty() { "/" } else { &path };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// The path as the route says it, with the parameters that API Gateway has found.
fn routed_path(request: &Request) -> Option<String> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get() else { return None };
    let (_, route) = context.route_key.as_deref()?.split_once(' ')?;
    let parameters = request.path_parameters_ref();
    let parts = route.split('/').filter(|part| !part.is_empty()).map(|part| {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let part = match name {
            Some(name) => parameters?.first(name)?,
            None => part,
        };
        Some(format!("/{}", utf8_percent_encode(part, IN_PARTS)))
    });
    parts.collect()
}
