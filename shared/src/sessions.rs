//! Who calls: the user behind a token whose session stands.

use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, Result};
use crate::ids::{Owner, UserId, secret};
use crate::limits;
use crate::presence;
use crate::signed;
use crate::store::StoreError;
use crate::store::connections::Feed;
use crate::store::sessions::Session;
use crate::telemetry;
use crate::tokens::{Audience, BAD_TOKEN, Claims};
use futures::future::join;
use std::time::Duration;

/// How long a login lasts, and a cookie.
pub const LASTS: Duration = Duration::from_secs(30 * 24 * 3600);
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

    /// Verifies the token of a cookie, which is good for one surface and for no header.
    pub async fn from_cookie(backend: &Backend, cookie: &str, surface: Audience) -> Result<Self> {
        Self::for_audience(backend.keys.verify(&backend.store, cookie).await?, surface)
    }

    /// Verifies the pair of cookies of document 003: the token must be that of the user named beside it.
    pub async fn from_pair(backend: &Backend, user: &str, token: &str) -> Result<Self> {
        let bearer = Self::from_cookie(backend, token, Audience::Web).await?;
        if user.parse() == Ok(bearer.session.user_id) { Ok(bearer) } else { Err(BAD_TOKEN) }
    }

    /// Takes a verified token that a login gave.
    pub fn from_claims(claims: Claims) -> Result<Self> {
        Self::for_audience(claims, Audience::Login)
    }

    fn for_audience(claims: Claims, audience: Audience) -> Result<Self> {
        if claims.aud != audience {
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
        match backend.store.session_stands(&self.session, clock::now()).await? {
            true => Ok(self.session),
            false => Err(ENDED),
        }
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

    /// Makes sure of a caller who sends a message while something is read, and counts the message: all that costs one
    /// round trip. What is read is given out only to who is made sure of and may send; it must not write.
    pub async fn confirm_to_send<T>(
        self,
        backend: &Backend,
        read: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let sender = self.claimed_user().into();
        let admitting = async {
            let (confirmed, read) = join(self.confirm(backend), read).await;
            confirmed?;
            read
        };
        limits::message_while(backend, &sender, admitting).await
    }
}

/// A token of either kind that headers and frames carry, verified and yet to be confirmed.
#[derive(Debug)]
pub enum Credential {
    /// Of a user who has logged in.
    Login(Bearer),
    /// Of a platform's user.
    Access(signed::Bearer),
}

/// A session that stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Whose it is.
    pub owner: Owner,
    /// Which one.
    pub session: String,
    /// What its sockets listen to. Of platforms' users nobody but their chats hears, nor they of others.
    pub(crate) feed: Option<Feed>,
}

impl Standing {
    /// The session behind the cookie of conversations.
    pub async fn of_conversations(backend: &Backend, cookie: &str) -> Result<Self> {
        let bearer = Bearer::from_cookie(backend, cookie, Audience::Conversations).await?;
        Ok(Self::of_user(bearer.confirm(backend).await?, Feed::Conversations))
    }

    /// The session behind the pair of cookies of document 003.
    pub async fn of_web(backend: &Backend, user: &str, token: &str) -> Result<Self> {
        let bearer = Bearer::from_pair(backend, user, token).await?;
        Ok(Self::of_user(bearer.confirm(backend).await?, Feed::Notices))
    }

    fn of_user(session: Session, feed: Feed) -> Self {
        Self { owner: session.user_id.into(), session: session.session_id, feed: Some(feed) }
    }
}

impl Credential {
    /// Verifies a token.
    pub async fn from_token(backend: &Backend, token: &str) -> Result<Self> {
        let claims = backend.keys.verify(&backend.store, token).await?;
        Ok(match claims.aud {
            Audience::Access => Self::Access(signed::Bearer::from_claims(claims)?),
            _ => Self::Login(Bearer::from_claims(claims)?),
        })
    }

    /// Whom the token names. Enough to begin reading for, not to act for.
    pub fn claimed_owner(&self) -> Owner {
        match self {
            Self::Login(bearer) => bearer.claimed_user().into(),
            Self::Access(bearer) => bearer.claimed_member().clone().into(),
        }
    }

    /// The session, if it stands.
    pub async fn confirm(self, backend: &Backend) -> Result<Standing> {
        Ok(match self {
            Self::Login(bearer) => Standing::of_user(bearer.confirm(backend).await?, Feed::Notices),
            Self::Access(bearer) => {
                let caller = bearer.confirm(backend).await?;
                Standing { owner: caller.id.into(), session: caller.family, feed: None }
            }
        })
    }
}

/// Begins a session for a user who has shown a credential, and signs its token for a surface.
pub async fn begin(backend: &Backend, user: UserId, surface: Audience) -> Result<String> {
    let now = clock::now();
    let expires = now + LASTS;
    let session = Session { session_id: secret(), user_id: user };
    let claims = Claims::new(surface, user.to_string(), session.session_id.clone(), expires);
    let (begun, token) = futures::future::join(
        backend.store.begin_session(&session, now, expires),
        backend.keys.sign(&backend.store, &claims),
    )
    .await;
    match begun {
        Ok(ended) => {
            telemetry::identify(&user.into());
            if !ended.is_empty() {
                let is_ended = |session: &str| ended.iter().any(|ended| ended == session);
                if let Err(error) = presence::end_sessions(backend, &user.into(), is_ended).await {
                    tracing::warn!(error = error.cause(), "sockets of an ended session are left open");
                }
            }
            token
        }
        // The user was deleted meanwhile.
        Err(StoreError::Refused(_)) => Err(ENDED),
        Err(error) => Err(error.into()),
    }
}
