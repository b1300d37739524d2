//! `$connect` and `$disconnect`.

use crate::wire::Answer;
use chat::http::cookies::{SESSION, cookie, pair};
use chat::sessions::{Credential, Standing};
use chat::{Backend, Error, Result, presence};
use http::HeaderMap;
use http::header::ORIGIN;

/// Accepts a socket. With `?token=`, or with a cookie from a page that may use it, it is that user's from the start;
/// without, it says whose it is in its first frame.
pub(crate) async fn connect(
    backend: &Backend,
    connection: &str,
    token: Option<&str>,
    headers: &HeaderMap,
) -> Answer {
    let has_cookies = cookie(headers, SESSION).is_some() || pair(headers).is_some();
    let opened = match (token, headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default())) {
        (Some(token), _) => by_token(backend, connection, token).await,
        (None, Some(origin)) if has_cookies => match is_allowed(backend, origin) {
            true => by_cookies(backend, connection, headers).await,
            false => return Answer::FORBIDDEN,
        },
        // Whoever is no browser may send cookies, but only pages say that they may use them.
        (None, _) => Ok(()),
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
        Err(Error::TooMany { .. }) => Answer::TOO_MANY,
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

/// By the cookie of conversations, else by the pair of document 003. Cookies that are not good any more are as good as
/// none: a page cannot take them away.
async fn by_cookies(backend: &Backend, connection: &str, headers: &HeaderMap) -> Result<()> {
    let mut standing = Ok(None);
    if let Some(cookie) = cookie(headers, SESSION) {
        standing = if_good(Standing::of_conversations(backend, cookie).await);
    }
    if let (Ok(None), Some((user, token))) = (&standing, pair(headers)) {
        standing = if_good(Standing::of_web(backend, user, token).await);
    }
    match standing? {
        Some(standing) => presence::open(backend, &standing, connection).await,
        None => Ok(()),
    }
}

fn if_good(standing: Result<Standing>) -> Result<Option<Standing>> {
    match standing {
        Ok(standing) => Ok(Some(standing)),
        Err(Error::Unauthenticated(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Forgets a socket that has ended.
pub(crate) async fn disconnect(backend: &Backend, connection: &str) -> Result<Answer> {
    presence::close(backend, connection).await?;
    Ok(Answer::OK)
}
