//! Refusals with the statuses that the document has: 400, 403 and 404 (contract, section 1, "Errors").

use axum::http::StatusCode;
use axum::response::Response;

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
