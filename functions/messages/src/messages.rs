//! `/messages`.

use crate::wire::{Fetch, Fetched, Outgoing, Posted, Results};
use axum::Json;
use axum::extract::State;
use chat::Result;
use chat::http::{Query, Shared, Signed};
use chat::signed::{Bearer, Signature, answers, messages, queue};

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
