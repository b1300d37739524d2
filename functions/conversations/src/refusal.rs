//! Refusals as the document has them: who is not allowed is told so by `status`, too (contract, section 1, "Errors").

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chat::Error;
use chat::http::Envelope;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The envelope with the document's word for it.
#[derive(Serialize, ToSchema)]
#[schema(as = ConversationRefusal)]
pub(crate) struct Refusal {
    status: Word,
    #[serde(flatten)]
    envelope: Envelope,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ConversationWord)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    Unauthorised,
}

/// No session, or somebody else's message.
#[derive(IntoResponses)]
#[response(
    status = 401,
    description = "No cookie, or none that holds (any more); or the message is somebody else's.",
    example = json!({
        "status": "unauthorised", "error": "The cookie session is needed", "code": "unauthenticated"
    })
)]
#[expect(dead_code, reason = "the document alone has it as a type")]
pub(crate) struct Unauthorised(Refusal);

/// A page of another site.
#[derive(IntoResponses)]
#[response(
    status = 403,
    description = "A browser sent this from a page of another site.",
    example = json!({
        "status": "unauthorised", "error": "A page of another site may not do this", "code": "forbidden"
    })
)]
#[expect(dead_code, reason = "the document alone has it as a type")]
pub(crate) struct OtherSite(Refusal);

/// Adds `status` where the caller is not allowed.
pub(crate) async fn with_status(response: Response) -> Response {
    let status = response.status();
    let envelope = response.extensions().get::<Envelope>().cloned();
    match (status, envelope) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(envelope)) => {
            (status, Json(Refusal { status: Word::Unauthorised, envelope })).into_response()
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
