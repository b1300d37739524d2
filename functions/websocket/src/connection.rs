//! `$connect` and `$disconnect`.

use crate::wire::Answer;
use chat::http::cookies::{SESSION, cookie};
use chat::sessions::{Credential, Standing};
use chat::{Backend, Error, Result, presence};
use http::HeaderMap;
use http::header::ORIGIN;
use lambda_runtime::tracing;

/// Accepts a socket. With `?token=`, or with a cookie from a page that may use it, it is that user's from the start;
/// without, it says whose it is in its first frame.
pub(crate) async fn connect(
    backend: &Backend,
    connection: &str,
    token: Option<&str>,
    headers: &HeaderMap,
) -> Answer {
    let opened = match (token, cookie(headers, SESSION)) {
        (Some(token), _) => by_token(backend, connection, token).await,
        (None, Some(cookie)) => match headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
            Some(origin) if !is_allowed(backend, origin) => return Answer::FORBIDDEN,
            Some(_) => by_cookie(backend, connection, cookie).await,
            // Whoever is no browser may send a cookie, but only pages say that they may use it.
            None => Ok(()),
        },
        (None, None) => Ok(()),
    };
    match opened {
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

/// Whether the pages of an origin may use cookies. Browsers open sockets for every page, with the cookies of whoever
/// looks at it.
fn is_allowed(backend: &Backend, origin: &str) -> bool {
    backend.allowed_origins.iter().any(|allowed| allowed == origin)
}

async fn by_token(backend: &Backend, connection: &str, token: &str) -> Result<()> {
    let standing = Credential::from_token(backend, token).await?.confirm(backend).await?;
    presence::open(backend, &standing, connection).await
}

/// A cookie that is not good any more is as good as none: a page cannot take it away.
async fn by_cookie(backend: &Backend, connection: &str, cookie: &str) -> Result<()> {
    match Standing::of_cookie(backend, cookie).await {
        Ok(standing) => presence::open(backend, &standing, connection).await,
        Err(Error::Unauthenticated(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Forgets a socket that has ended.
pub(crate) async fn disconnect(backend: &Backend, connection: &str) -> Result<Answer> {
    presence::close(backend, connection).await?;
    Ok(Answer::OK)
}
