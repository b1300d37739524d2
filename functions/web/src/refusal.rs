//! Refusals with the statuses that the document has: 400, 403 and 404 (contract, section 1, "Errors").

use axum::http::StatusCode;
use axum::response::Response;
use chat::http::Envelope;
use utoipa::IntoResponses;

/// What is not in order with a request, whatever it is.
#[derive(IntoResponses)]
#[response(
    status = 400,
    description = "The input breaks a rule that the sentence names, is in the way of something that is \
                   already so, or is no form; or the name or the password is wrong.",
    example = json!({"error": "title must have 1 to 100 characters", "code": "invalid_name"})
)]
#[expect(dead_code, reason = "the document alone has it as a type")]
pub(crate) struct BadRequest(Envelope);

/// No cookies, or none that hold, or not the caller's to do.
#[derive(IntoResponses)]
#[response(
    status = 403,
    description = "No cookies, or none that hold (any more); or the caller may not do this; or a browser \
                   sent it from a page of another site.",
    example = json!({"error": "The cookies user_id and token are needed", "code": "unauthenticated"})
)]
#[expect(dead_code, reason = "the document alone has it as a type")]
pub(crate) struct Forbidden(Envelope);

/// Brings every refusal of the caller to a status of the document.
pub(crate) async fn documented(response: Response) -> Response {
    let status = match response.status() {
        StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
        StatusCode::CONFLICT | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            StatusCode::BAD_REQUEST
        }
        status => status,
    };
    with(status, response)
}

/// A wrong name or password is a bad request, and not the lack of a cookie.
pub(crate) async fn of_login(response: Response) -> Response {
    match response.status() {
        StatusCode::UNAUTHORIZED => with(StatusCode::BAD_REQUEST, response),
        _ => response,
    }
}

fn with(status: StatusCode, mut response: Response) -> Response {
    *response.status_mut() = status;
    response
}
