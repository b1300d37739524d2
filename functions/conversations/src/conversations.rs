//! `/api/conversations`.

use crate::refusal::{OtherSite, Unauthorised};
use crate::wire::{Conversations, Made, NewConversation, Paging};
use axum::Json;
use axum::extract::State;
use chat::http::cookies::{ByCookie, OwnPage};
use chat::http::{Body, Query, Shared, count, refusals};
use chat::{Result, topics};

/// Conversations on a page: by default, at most.
const PAGE: (u64, u64) = (50, 100);

/// Begins a conversation.
#[utoipa::path(
    post,
    path = "/api/conversations",
    operation_id = "createConversation",
    tag = "conversations",
    security(("session" = [])),
    request_body(content(
        (NewConversation = "application/json"),
        (NewConversation = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "Where the conversation is", body = Made),
        refusals::Invalid,
        Unauthorised,
        OtherSite,
        refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn create(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    OwnPage: OwnPage,
    Body(body): Body<NewConversation>,
) -> Result<Json<Made>> {
    let owner = caller.confirm(&backend).await?.user_id;
    Ok(Json(topics::create(&backend, owner, body.title).await?.into()))
}

/// All conversations, the oldest first.
#[utoipa::path(
    get,
    path = "/api/conversations",
    operation_id = "listConversations",
    tag = "conversations",
    security(("session" = [])),
    params(Paging),
    responses(
        (status = 200, description = "A page of them", body = Conversations),
        refusals::Invalid,
        Unauthorised,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    State(backend): State<Shared>,
    ByCookie(caller): ByCookie,
    Query(paging): Query<Paging>,
) -> Result<Json<Conversations>> {
    let count = count(paging.count, PAGE.0, PAGE.1)? as usize;
    let (entries, next) = topics::list(&backend, caller, paging.next, count).await?;
    Ok(Json(Conversations { conversations: entries.into_iter().map(Into::into).collect(), next }))
}
