//! `/token`.

use crate::wire::{Admit, AdmitOne, AdmitShape, AdmittedShape, Refresh, Tokens, TokensOf};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chat::Result;
use chat::http::{Body, Operator, Shared, refusals};
use chat::signed::members;

/// Admits users, or gives those who were admitted before another key; their older tokens end.
#[utoipa::path(
    post,
    path = "/token",
    operation_id = "issueTokens",
    tag = "signed",
    security(("backend_key" = [])),
    request_body(content(
        (AdmitShape = "application/json"),
        (AdmitOne = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 201, description = "Their tokens", body = AdmittedShape),
        refusals::Invalid,
        refusals::Unauthenticated,
        refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn create(
    State(backend): State<Shared>,
    Operator: Operator,
    Body(body): Body<Admit>,
) -> Result<(StatusCode, Response)> {
    let (admissions, is_one) = body.into_admissions()?;
    let names: Vec<_> = admissions.iter().map(|admission| admission.id.clone()).collect();
    let tokens = members::admit(&backend, admissions).await?;
    let mut rows = names.into_iter().zip(tokens).map(TokensOf::from);
    let answer = match rows.next() {
        Some(TokensOf { tokens, .. }) if is_one => Json(tokens).into_response(),
        first => {
            Json(crate::wire::Admitted { users: first.into_iter().chain(rows).collect() }).into_response()
        }
    };
    Ok((StatusCode::CREATED, answer))
}

/// Another pair of tokens for a refresh token. One that is used twice ends all that came of it.
#[utoipa::path(
    put,
    path = "/token",
    operation_id = "refreshTokens",
    tag = "signed",
    request_body(content(
        (Refresh = "application/json"),
        (Refresh = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 201, description = "The tokens", body = Tokens),
        refusals::Invalid,
        refusals::Unauthenticated,
        refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn refresh(
    State(backend): State<Shared>,
    Body(body): Body<Refresh>,
) -> Result<(StatusCode, Json<Tokens>)> {
    let tokens = members::refresh(&backend, &body.refresh_token).await?;
    Ok((StatusCode::CREATED, Json(tokens.into())))
}
