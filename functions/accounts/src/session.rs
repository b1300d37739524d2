//! `/login` and `/logout`.

use crate::wire::{Credentials, Status, Token};
use axum::Json;
use axum::extract::State;
use chat::http::{Body, Shared};
use chat::sessions::Bearer;
use chat::tokens::Audience;
use chat::{Result, accounts};

pub(crate) async fn create(
    State(backend): State<Shared>,
    Body(body): Body<Credentials>,
) -> Result<Json<Token>> {
    let (login, password) = body.into_parts()?;
    let (_, token) = accounts::login(&backend, login, &password, Audience::Login).await?;
    Ok(Json(Token { token }))
}

pub(crate) async fn delete(State(backend): State<Shared>, caller: Bearer) -> Result<Json<Status>> {
    accounts::logout(&backend, caller).await?;
    Ok(Json(Status { status: "logged_out" }))
}
