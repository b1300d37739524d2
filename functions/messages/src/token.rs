//! `/token`.

use crate::wire::{Admit, Refresh, Tokens, TokensOf};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chat::Result;
use chat::http::{Body, Operator, Shared};
use chat::signed::members;

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

pub(crate) async fn refresh(
    State(backend): State<Shared>,
    Body(body): Body<Refresh>,
) -> Result<(StatusCode, Json<Tokens>)> {
    let tokens = members::refresh(&backend, &body.refresh_token).await?;
    Ok((StatusCode::CREATED, Json(tokens.into())))
}
