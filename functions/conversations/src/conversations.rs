//! `/api/conversations`.

use crate::wire::{Conversations, Made, NewConversation, Paging};
use axum::Json;
use axum::extract::State;
use chat::http::cookies::{ByCookie, OwnPage};
use chat::http::{Body, Query, Shared, count};
use chat::{Result, topics};

/// Conversations on a page: by default, at most.
const PAGE: (u64, u64) = (50, 100);

pub(crate) async fn create(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    OwnPage: OwnPage,
    Body(body): Body<NewConversation>,
) -> Result<Json<Made>> {
    let owner = caller.confirm(&backend).await?.user_id;
    Ok(Json(topics::create(&backend, owner, body.title).await?.into()))
}

pub(crate) async fn list(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    Query(paging): Query<Paging>,
) -> Result<Json<Conversations>> {
    let count = count(paging.count, PAGE.0, PAGE.1)? as usize;
    let (entries, next) = topics::list(&backend, caller, paging.next, count).await?;
    Ok(Json(Conversations { conversations: entries.into_iter().map(Into::into).collect(), next }))
}
