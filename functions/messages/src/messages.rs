//! `/messages`.

use crate::wire::{Fetch, Fetched, Outgoing, Posted, Results};
use axum::Json;
use axum::extract::State;
use chat::Result;
use chat::http::{Query, Shared, Signed, refusals};
use chat::signed::{Bearer, Signature, answers, messages, queue};

/// Sends messages and receipts that the caller has signed: all of them or none, and never twice.
#[utoipa::path(
    post,
    path = "/messages",
    operation_id = "postMessages",
    tag = "signed",
    security(("access_token" = []), ("access_token_query" = [])),
    request_body(content = Outgoing, content_type = "application/json"),
    responses(
        (status = 200, description = "What became of them", body = Posted),
        refusals::Invalid,
        refusals::Unauthenticated,
        refusals::Forbidden,
        refusals::NotFound,
        refusals::Conflict,
        refusals::UnsupportedMediaType,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn post(
    State(backend): State<Shared>,
    Signed(caller, body): Signed<Outgoing>,
) -> Result<Json<Posted>> {
    let body = match body {
        Ok(body) => body,
        Err(error) => return caller.confirm(&backend).await.and(Err(error)),
    };
    let signature = Signature::new(&body.sign, body.algorithm);
    let bytes = body.outgoing_events.get().as_bytes();
    let block = crate::wire::block(&body.outgoing_events);
    let posted = messages::post(&backend, caller, bytes, &signature, block).await?;
    Ok(Json(answers::sign(&backend, &Results::from(posted), signature.manner).await?.into()))
}

/// What waits for the caller. It waits until it is acknowledged, at most 30 days.
#[utoipa::path(
    get,
    path = "/messages",
    operation_id = "fetchMessages",
    tag = "signed",
    security(("access_token" = []), ("access_token_query" = [])),
    params(Fetch),
    responses(
        (status = 200, description = "It, oldest first", body = Fetched),
        refusals::Invalid,
        refusals::Unauthenticated,
        refusals::Forbidden,
        refusals::Conflict,
        refusals::Anywhere,
    ),
)]
pub(crate) async fn fetch(
    State(backend): State<Shared>,
    caller: Bearer,
    query: Result<Query<Fetch>>,
) -> Result<Json<Fetched>> {
    let asked = query.and_then(|Query(query)| Ok((query.after()?, query.proof()?)));
    let (after, (proof, manner)) = match asked {
        Ok(asked) => asked,
        Err(error) => return caller.confirm(&backend).await.and(Err(error)),
    };
    Ok(Json(queue::fetch(&backend, caller, proof, manner, after).await?.into()))
}
