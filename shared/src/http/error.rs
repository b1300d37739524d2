//! Errors as answers: the one place that knows statuses.

use crate::error::Error;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The envelope of every refusal on every surface (contract, section 1).
#[derive(Debug, Serialize)]
pub struct Envelope {
    /// A sentence for people.
    pub error: String,
    /// A stable word for programs.
    pub code: &'static str,
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid { .. } => StatusCode::BAD_REQUEST,
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound(..) => StatusCode::NOT_FOUND,
        Error::Conflict(..) => StatusCode::CONFLICT,
        Error::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
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
        let envelope = Envelope { error: self.to_string(), code: self.code() };
        let mut response = (status(&self), Json(envelope)).into_response();
        if matches!(self, Self::Busy(_) | Self::Unavailable(..)) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
