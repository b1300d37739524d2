//! `/users`.

use crate::wire::{Paging, Users};
use axum::Json;
use axum::extract::State;
use chat::http::{Query, Shared, count};
use chat::sessions::Bearer;
use chat::{Result, accounts};

/// Users on a page: by default, at most.
const PAGE: (u64, u64) = (50, 100);

pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(paging): Query<Paging>,
) -> Result<Json<Users>> {
    let count = count(paging.count, PAGE.0, PAGE.1)?;
    let (entries, next) = accounts::list(&backend, caller, paging.next, count as u32).await?;
    Ok(Json(Users { users: entries.into_iter().map(Into::into).collect(), next }))
}
