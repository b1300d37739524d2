//! `/login` and `/logout`.

use crate::wire::{Credentials, Status, Token};
use axum::Json;
use axum::extract::State;
use chat::http::{Body, Shared, refusals};
use chat::limits::Source;
use chat::sessions::Bearer;
use chat::tokens::Audience;
use chat::{Result, accounts};

/// Logs in with an address or a user name.
#[utoipa::path(
    post,
    path = "/login",
    operation_id = "login",
    tag = "live",
    request_body(content(
        (Credentials = "application/json"),
        (Credentials = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "A token", body = Token),
        refusals::Invalid, refusals::Unauthenticated, refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
pub(crate) async fn create(
    State(backend): State<Shared>,
    source: Source,
    Body(body): Body<Credentials>,
) -> Result<Json<Token>> {
    let (login, password) = body.into_parts()?;
    let (_, token) = accounts::login(&backend, login, &password, Audience::Login, &source).await?;
    Ok(Json(Token { token }))
}

/// Logs out: the token is dead, and its sockets are closed.
#[utoipa::path(
    get,
    path = "/logout",
    operation_id = "logout",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    responses(
        (status = 200, description = "Logged out", body = Status),
        refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn delete(State(backend): State<Shared>, caller: Bearer) -> Result<Json<Status>> {
    accounts::logout(&backend, caller).await?;
    Ok(Json(Status { status: "logged_out" }))
}
