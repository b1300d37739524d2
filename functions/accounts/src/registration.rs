//! `/register` and `/register/{token}`.

use crate::wire::{NewUser, Registration, Status};
use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chat::http::{Body, Envelope, Origin, Path, Shared, page, refusals};
use chat::limits::Source;
use chat::{Error, Result, accounts};

/// Sends a link that confirms an address. The answer is the same whether or not the address is taken.
#[utoipa::path(
    post,
    path = "/register",
    operation_id = "register",
    tag = "live",
    request_body(content(
        (Registration = "application/json"),
        (Registration = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 202, description = "A mail is on its way", body = Status),
        refusals::Invalid, refusals::Conflict, refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn create(
    State(backend): State<Shared>,
    Origin(api): Origin,
    source: Source,
    Body(body): Body<Registration>,
) -> Result<(StatusCode, Json<Status>)> {
    accounts::register(&backend, &api, body.into(), &source).await?;
    Ok((StatusCode::ACCEPTED, Json(Status { status: "confirmation_sent" })))
}

/// Makes the account, or gives an account its address, that a confirmation link stands for.
///
/// 201 with the user, or a page where the caller is a browser.
#[utoipa::path(
    get,
    path = "/register/{token}",
    operation_id = "confirmRegistration",
    tag = "live",
    params(("token" = String, Path, description = "From the mail; works once, within 24 hours")),
    responses(
        (status = 201, description = "The user, or a page that says so", content(
            (NewUser = "application/json"), (String = "text/html"),
        )),
        refusals::Invalid, refusals::Anywhere,
        (status = 404, description = "The link was used already, or has expired", content(
            (Envelope = "application/json"), (String = "text/html"),
        )),
        (status = 409, description = "The address or the user name is taken by now", content(
            (Envelope = "application/json"), (String = "text/html"),
        )),
        (status = 500, description = "A defect. What it is stands in the log alone.", content(
            (refusals::Refusal = "application/json"), (String = "text/html"),
        )),
        (
            status = 503, description = "Overloaded or out of reach at present.",
            headers(("Retry-After" = u64, description = "In how many seconds to try again")),
            content((refusals::Refusal = "application/json"), (String = "text/html")),
        ),
    ),
)]
pub(crate) async fn confirm(
    State(backend): State<Shared>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let confirmed = accounts::confirm(&backend, &token).await;
    if wants_html(&headers) {
        return told(confirmed.map(drop));
    }
    match confirmed {
        Ok(profile) => (StatusCode::CREATED, Json(NewUser::from(profile))).into_response(),
        Err(error) => error.into_response(),
    }
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// The status, and when to try again, are the error's own; only the body is made for people.
fn told(confirmed: Result<(), Error>) -> Response {
    let Err(error) = confirmed else {
        return page(StatusCode::CREATED, "Welcome!", "Your account is confirmed. You can log in now.");
    };
    let text = error.to_string();
    let mut refusal = error.into_response();
    let mut told = page(refusal.status(), "That did not work", &text);
    if let Some(seconds) = refusal.headers_mut().remove(RETRY_AFTER) {
        told.headers_mut().insert(RETRY_AFTER, seconds);
    }
    told
}
