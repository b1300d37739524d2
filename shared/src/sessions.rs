//! Who calls: the user behind a token whose session stands.

use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{Owner, UserId, secret};
use crate::signed;
use crate::store::sessions::Session;
use crate::tokens::{Audience, BAD_TOKEN, Claims};
use std::time::Duration;

/// How long a login lasts.
const LASTS: Duration = Duration::from_secs(30 * 24 * 3600);
/// The refusal of a token whose session has ended.
pub(crate) const ENDED: Error =
    Error::Unauthenticated("The token is not valid any more, please log in again");

/// A token whose signature and expiry are right. Whether its session still stands is not yet known: only
/// [`Bearer::confirm`] and [`Bearer::confirm_while`] give the user.
#[derive(Debug)]
pub struct Bearer {
    session: Session,
}

impl Bearer {
    /// Verifies a token.
    pub async fn from_token(backend: &Backend, token: &str) -> Result<Self> {
        Self::from_claims(backend.keys.verify(&backend.store, token).await?)
    }

    /// Takes a verified token that a login gave.
    pub fn from_claims(claims: Claims) -> Result<Self> {
        if claims.aud != Audience::Login {
            return Err(BAD_TOKEN);
        }
        let user_id = claims.sub.parse().map_err(Error::internal)?;
        Ok(Self { session: Session { session_id: claims.sid, user_id } })
    }

    /// Whom the token names. Enough to begin reading for, not to act for.
    pub fn claimed_user(&self) -> UserId {
        self.session.user_id
    }

    /// The session that the token names, whether it stands or not.
    pub fn claimed_session(&self) -> &Session {
        &self.session
    }

    /// The session, if it stands.
    pub async fn confirm(self, backend: &Backend) -> Result<Session> {
        let standing = backend.store.session(&self.session.session_id, clock::now()).await?;
        standing.filter(|standing| *standing == self.session).ok_or(ENDED)
    }

    /// Confirms the session and reads something beside it, so that both cost one round trip. What is read is
    /// given out only when the session stands; it must not write.
    pub async fn confirm_while<T>(
        self,
        backend: &Backend,
        read: impl Future<Output = Result<T>>,
    ) -> Result<(Session, T)> {
        let (session, read) = futures::future::join(self.confirm(backend), read).await;
        Ok((session?, read?))
    }
}

/// Who does something: a token yet to be confirmed beside the first reads, or a user who was confirmed before.
#[derive(Debug)]
pub enum Caller {
    /// By a token with this very request.
    Bearer(Bearer),
    /// By an open socket that has said whose it is.
    Confirmed(UserId),
}

impl From<Bearer> for Caller {
    fn from(bearer: Bearer) -> Self {
        Self::Bearer(bearer)
    }
}

impl Caller {
    /// Whom the credential names. Enough to begin reading for, not to act for.
    pub fn claimed_user(&self) -> UserId {
        match self {
            Self::Bearer(bearer) => bearer.claimed_user(),
            Self::Confirmed(user) => *user,
        }
    }

    /// Makes sure of the caller.
    pub async fn confirm(self, backend: &Backend) -> Result<UserId> {
        match self {
            Self::Bearer(bearer) => Ok(bearer.confirm(backend).await?.user_id),
            Self::Confirmed(user) => Ok(user),
        }
    }

    /// Makes sure of the caller while something is read, so that both cost one round trip. What is read is
    /// given out only to who is made sure of; it must not write.
    pub async fn confirm_while<T>(
        self,
        backend: &Backend,
        read: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self {
            Self::Bearer(bearer) => Ok(bearer.confirm_while(backend, read).await?.1),
            Self::Confirmed(_) => read.await,
        }
    }
}

/// A token of either of the two kinds, verified and yet to be confirmed.
#[derive(Debug)]
pub enum Credential {
    /// Of a user who has logged in.
    Login(Bearer),
    /// Of a platform's user.
    Access(signed::Bearer),
}

impl Credential {
    /// Verifies a token.
    pub async fn from_token(backend: &Backend, token: &str) -> Result<Self> {
        let claims = backend.keys.verify(&backend.store, token).await?;
        Ok(match claims.aud {
            Audience::Access => Self::Access(signed::Bearer::from_claims(claims)?),
            Audience::Login | Audience::Refresh => Self::Login(Bearer::from_claims(claims)?),
        })
    }

    /// Whom the token names. Enough to begin reading for, not to act for.
    pub fn claimed_owner(&self) -> Owner {
        match self {
            Self::Login(bearer) => bearer.claimed_user().into(),
            Self::Access(bearer) => bearer.claimed_member().clone().into(),
        }
    }

    /// Whose it is and which session, if that stands.
    pub async fn confirm(self, backend: &Backend) -> Result<(Owner, String)> {
        Ok(match self {
            Self::Login(bearer) => {
                let session = bearer.confirm(backend).await?;
                (session.user_id.into(), session.session_id)
            }
            Self::Access(bearer) => {
                let caller = bearer.confirm(backend).await?;
                (caller.id.into(), caller.family)
            }
        })
    }
}

/// Begins a session for a user who has shown a credential, and signs its token.
pub async fn begin(backend: &Backend, user: UserId) -> Result<String> {
    let expires: Timestamp = clock::now() + LASTS;
    let session = Session { session_id: secret(), user_id: user };
    let claims = Claims::new(Audience::Login, user.to_string(), session.session_id.clone(), expires);
    let (begun, token) = futures::future::join(
        backend.store.begin_session(&session, expires),
        backend.keys.sign(&backend.store, &claims),
    )
    .await;
    begun?;
    token
}
