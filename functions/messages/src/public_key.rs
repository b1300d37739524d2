//! `/publicKey`.

use crate::wire::PublicKey;
use axum::Json;
use axum::extract::State;
use chat::Result;
use chat::http::Shared;
use chat::signed::answers;

pub(crate) async fn read(State(backend): State<Shared>) -> Result<Json<PublicKey>> {
    Ok(Json(answers::published(&backend).await?.into()))
}
