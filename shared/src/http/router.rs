//! The edges of every function's router, and running it on Lambda.

use super::caller::scheme;
use crate::backend::Backend;
use crate::error::Error;
use crate::telemetry;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
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

/// What every answer says to browsers: it is what it says it is, nobody keeps it (what is not a person's own is a
/// token), no page shows it as a part of itself, and the address that it came from, which may hold a token, stays here.
const SAID: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];
/// For a year no browser asks this host without TLS.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Builds the backend and serves a group's routes until Lambda ends the process.
pub async fn serve(routes: Router<Shared>) -> Result<(), lambda_http::Error> {
    telemetry::begin();
    let router = router(routes, Arc::new(Backend::from_env()?));
    let service = MapRequestLayer::new(restore_path).layer(router);
    lambda_http::run(service.map_request(|request: lambda_http::Request| request.map(axum::body::Body::new)))
        .await
}

/// A group's routes with their edges. A trailing slash is the same path; an unknown path or method is 404 in the
/// envelope. A panic is API Gateway's to answer: it ends the process, as the deployed executables are built.
pub fn router(routes: Router<Shared>, backend: Shared) -> Router {
    edged(routes).layer(middleware::from_fn_with_state(backend.clone(), observe)).with_state(backend)
}

fn edged<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes
        .fallback(async || NO_PATH)
        .method_not_allowed_fallback(async || NO_PATH)
        .layer(middleware::from_fn(refuse_head))
        .layer(middleware::from_fn(secure))
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

/// Tells browsers what they may do with an answer, where the handler has not told it itself.
async fn secure(request: Request, next: Next) -> Response {
    let is_by_tls = scheme(request.headers()) == "https";
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SAID {
        headers.entry(name).or_insert(value);
    }
    if is_by_tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, TLS_ALONE);
    }
    response
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::HeaderMap;
    use axum::routing::get;

    fn router() -> Router {
        let policy = [(CONTENT_SECURITY_POLICY, "default-src 'self'")];
        let routes = Router::new().route("/", get(async || "fine"));
        edged(routes.route("/page", get(async move || (policy, "a page"))))
    }

    async fn call(scheme: &str, path: &str) -> (u16, HeaderMap) {
        let request = Request::get(path).header("x-forwarded-proto", scheme);
        let response = router().oneshot(request.body(Body::empty()).expect("a request")).await;
        let (head, _) = response.expect("a router never fails").into_parts();
        (head.status.as_u16(), head.headers)
    }

    #[tokio::test]
    async fn every_answer_says_to_browsers_what_they_may_do_with_it() {
        for (path, status) in [("/", 200), ("/unknown", 404)] {
            let (got, headers) = call("https", path).await;
            assert_eq!(got, status, "{path}");
            for (name, value) in SAID.into_iter().chain([(STRICT_TRANSPORT_SECURITY, TLS_ALONE)]) {
                assert_eq!(headers.get(&name), Some(&value), "{path}: {name}");
            }
        }
    }

    #[tokio::test]
    async fn a_machine_without_tls_does_not_ask_for_it() {
        let (_, headers) = call("http", "/").await;
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[tokio::test]
    async fn a_page_has_its_own_policy() {
        let (_, headers) = call("https", "/page").await;
        assert_eq!(headers.get_all(CONTENT_SECURITY_POLICY).iter().count(), 1);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'self'");
    }
}
