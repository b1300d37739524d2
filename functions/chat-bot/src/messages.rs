//! `/chat_bot`.

use crate::wire::Messages;
use axum::Json;
use axum::extract::State;
use chat::http::{Query, Shared, Until};
use chat::sessions::Bearer;
use chat::{Result, bot};

pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(until): Query<Until>,
) -> Result<Json<Messages>> {
    let page = bot::history(&backend, caller.into(), until.moment()?).await?;
    Ok(Json(page.into()))
}
