//! Refusals as the document has them: who is not allowed is told so by `status`, too (contract, section 1, "Errors").

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chat::Error;
use chat::http::Envelope;
use serde::Serialize;

#[derive(Serialize)]
struct Unauthorised {
    status: &'static str,
    #[serde(flatten)]
    envelope: Envelope,
}

/// Adds `status` where the caller is not allowed.
pub(crate) async fn with_status(response: Response) -> Response {
    let status = response.status();
    let envelope = response.extensions().get::<Envelope>().cloned();
    match (status, envelope) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(envelope)) => {
            (status, Json(Unauthorised { status: "unauthorised", envelope })).into_response()
        }
        _ => response,
    }
}

/// To this document, somebody else's message is one that the caller is not authorised for: 401 and not 403.
pub(crate) fn of_others_messages(error: Error) -> Response {
    let mut response = error.into_response();
    if response.status() == StatusCode::FORBIDDEN {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    response
}
