//! `/auth/register`.

use crate::refusal::OtherSite;
use crate::wire::{Outcome, Register, Status};
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use chat::http::cookies::{OwnPage, SESSION, set_cookie};
use chat::http::{Body, Origin, Shared, refusals};
use chat::limits::Source;
use chat::{Error, Result, accounts};

/// Makes an account of a name alone, and begins a session.
#[utoipa::path(
    post,
    path = "/auth/register",
    operation_id = "registerName",
    tag = "conversations",
    request_body(content(
        (Register = "application/json"),
        (Register = "application/x-www-form-urlencoded"),
    )),
    responses(
        (
            status = 200, description = "Whether the name was free", body = Status,
            headers(("Set-Cookie" = Option<String>, description = "`session`, if it was")),
        ),
        refusals::Invalid,
        OtherSite,
        refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn create(
    State(backend): State<Shared>,
    OwnPage: OwnPage,
    origin: Origin,
    source: Source,
    Body(body): Body<Register>,
) -> Result<Response> {
    match accounts::create_named(&backend, &body.username, &source).await {
        Ok(cookie) => {
            let cookie = set_cookie(&backend, &origin, SESSION, &cookie)?;
            Ok(([(SET_COOKIE, cookie)], Json(Status { status: Outcome::Success })).into_response())
        }
        Err(Error::Conflict(..)) => Ok(Json(Status { status: Outcome::NameTaken }).into_response()),
        Err(error) => Err(error),
    }
}
