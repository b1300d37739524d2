//! The edges of every function's router, and running it on Lambda.

use crate::backend::Backend;
use crate::error::Error;
use axum::Router;
use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
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
        .with_state(backend);
    let service = MapRequestLayer::new(trim_trailing_slash).layer(router);
    lambda_http::run(service.map_request(|request: lambda_http::Request| request.map(axum::body::Body::new)))
        .await
}

/// No document has HEAD, and axum would run the handlers of GET for it: those that do something at once are
/// not to be run by a mail scanner's look at a link.
async fn refuse_head(request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD { NO_PATH.into_response() } else { next.run(request).await }
}

fn trim_trailing_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() < path.len() && !trimmed.is_empty() {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        if let Ok(uri) = format!("{trimmed}{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request
}
