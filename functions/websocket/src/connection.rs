//! `$connect` and `$disconnect`.

use crate::wire::Answer;
use chat::sessions::Credential;
use chat::{Backend, Error, Result, presence};
use lambda_runtime::tracing;

/// Accepts a socket. With `?token=` it is the token's user from the start; without, it says whose it is in
/// its first frame.
pub(crate) async fn connect(backend: &Backend, connection: &str, token: Option<&str>) -> Answer {
    let Some(token) = token else { return Answer::OK };
    match authenticate(backend, connection, token).await {
        Ok(()) => Answer::OK,
        Err(Error::Busy(cause)) => {
            tracing::warn!(%cause, "a socket was not accepted");
            Answer::BUSY
        }
        Err(Error::Internal(cause)) => {
            tracing::error!(%cause, "a socket was not accepted");
            Answer::FAILED
        }
        Err(_) => Answer::UNAUTHORIZED,
    }
}

async fn authenticate(backend: &Backend, connection: &str, token: &str) -> Result<()> {
    let (owner, session) = Credential::from_token(backend, token).await?.confirm(backend).await?;
    presence::open(backend, owner, &session, connection).await
}

/// Forgets a socket that has ended.
pub(crate) async fn disconnect(backend: &Backend, connection: &str) -> Result<Answer> {
    presence::close(backend, connection).await?;
    Ok(Answer::OK)
}
