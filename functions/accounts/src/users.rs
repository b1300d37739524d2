//! `/users`.

use crate::wire::{Paging, Users};
use axum::Json;
use axum::extract::State;
use chat::http::{Query, Shared, count, refusals};
use chat::sessions::Bearer;
use chat::{Result, accounts};

/// Users on a page: by default, at most.
const PAGE: (u64, u64) = (50, 100);

/// A page of all users.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "listUsers",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Paging),
    responses(
        (status = 200, description = "The page, and where the next one begins", body = Users),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(paging): Query<Paging>,
) -> Result<Json<Users>> {
    let count = count(paging.count, PAGE.0, PAGE.1)?;
    let (entries, next) = accounts::list(&backend, caller, paging.next, count as u32).await?;
    Ok(Json(Users { users: entries.into_iter().map(Into::into).collect(), next }))
}
