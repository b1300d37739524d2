//! Errors as answers: the one place that knows statuses.

use crate::error::Error;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use tower::util::MapResponseLayer;
use utoipa::ToSchema;

/// The envelope of every refusal on every surface (contract, section 1).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"error": "There is no such chat", "code": "chat_not_found"}))]
pub struct Envelope {
    /// A sentence for people.
    #[schema(min_length = 1)]
    pub error: String,
    /// A stable word for programs.
    #[schema(pattern = "^[a-z0-9_]+$")]
    pub code: &'static str,
    /// What is wrong in particular, where `error` is a document's own sentence that does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub details: Option<String>,
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid { .. } => StatusCode::BAD_REQUEST,
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) | Error::BadSignature => StatusCode::FORBIDDEN,
        Error::NotFound(..) => StatusCode::NOT_FOUND,
        Error::Conflict(..) | Error::TimeConflict(_) => StatusCode::CONFLICT,
        Error::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Busy(_) | Error::Unavailable(..) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match &self {
            Self::Internal(cause) => tracing::error!(%cause, "internal error"),
            Self::Busy(cause) => tracing::warn!(%cause, "busy"),
            _ => {}
        }
        let envelope = Envelope { error: self.to_string(), code: self.code(), details: self.details() };
        let mut response = (status(&self), Extension(envelope.clone()), Json(envelope)).into_response();
        let retry_after = match self {
            Self::Busy(_) | Self::Unavailable(..) => Some(1),
            refused => refused.retry_after(),
        };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Gives every 400 the sentence that a document has for it (000); what is wrong in particular becomes `details`.
pub fn reword(sentence: &'static str, response: Response) -> Response {
    let envelope = response.extensions().get::<Envelope>();
    match envelope.filter(|_| response.status() == StatusCode::BAD_REQUEST) {
        Some(Envelope { error, code, .. }) => {
            let envelope = Envelope { error: sentence.to_owned(), code, details: Some(error.clone()) };
            (StatusCode::BAD_REQUEST, Json(envelope)).into_response()
        }
        None => response,
    }
}

/// [`reword`] for all of a route.
pub fn worded(sentence: &'static str) -> MapResponseLayer<impl Fn(Response) -> Response + Clone> {
    MapResponseLayer::new(move |response| reword(sentence, response))
}
