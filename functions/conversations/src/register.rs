//! `/auth/register`.

use crate::wire::{Register, Status};
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use chat::http::cookies::{OwnPage, SESSION, set_cookie};
use chat::http::{Body, Origin, Shared};
use chat::{Error, Result, accounts};

pub(crate) async fn create(
    State(backend): State<Shared>,
    OwnPage: OwnPage,
    origin: Origin,
    Body(body): Body<Register>,
) -> Result<Response> {
    match accounts::create_named(&backend, &body.username).await {
        Ok(cookie) => {
            let cookie = set_cookie(&backend, &origin, SESSION, &cookie)?;
            Ok(([(SET_COOKIE, cookie)], Json(Status::SUCCESS)).into_response())
        }
        Err(Error::Conflict(..)) => Ok(Json(Status::NAME_TAKEN).into_response()),
        Err(error) => Err(error),
    }
}
