//! `/chat_bot`.

use crate::wire::Messages;
use axum::Json;
use axum::extract::State;
use chat::http::{Query, Shared, Until, refusals};
use chat::sessions::Bearer;
use chat::{Result, bot};

/// What the caller and the bot said: the newest 100 messages, or 100 that are older than a moment.
#[utoipa::path(
    get,
    path = "/chat_bot",
    operation_id = "readBot",
    tag = "live",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Until),
    responses(
        (status = 200, description = "The messages, the newest first", body = Messages),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(until): Query<Until>,
) -> Result<Json<Messages>> {
    let page = bot::history(&backend, caller.into(), until.moment()?).await?;
    Ok(Json(page.into()))
}
