//! `/publicKey`.

use crate::wire::PublicKey;
use axum::Json;
use axum::extract::State;
use chat::Result;
use chat::http::{Shared, refusals};
use chat::signed::answers;

/// The key that signs the server's answers.
#[utoipa::path(
    get,
    path = "/publicKey",
    operation_id = "publicKey",
    tag = "signed",
    responses(
        (status = 200, description = "The key", body = PublicKey),
        refusals::Anywhere,
    ),
)]
pub(crate) async fn read(State(backend): State<Shared>) -> Result<Json<PublicKey>> {
    Ok(Json(answers::published(&backend).await?.into()))
}
