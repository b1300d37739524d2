//! Platforms' users and their tokens (000, workflow step 2).

use super::BAD_TOKEN;
use super::keys::UserKey;
use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, Result};
use crate::ids::{MemberId, attempt, secret};
use crate::presence;
use crate::tokens::{Audience, Claims};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::future::try_join;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::time::Duration;

/// How long an access token is good.
const ACCESS_LASTS: Duration = Duration::from_secs(3600);
/// How long a refresh token is good.
const REFRESH_LASTS: Duration = Duration::from_secs(30 * 24 * 3600);
/// Members who are admitted at once.
const ADMITTED_AT_ONCE: usize = 16;

/// Somebody whom the platform admits.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The platform's name for it.
    pub id: MemberId,
    /// What verifies its signatures.
    pub key: UserKey,
    /// What others see.
    pub display_name: Option<String>,
}

/// A pair of tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For everything a member does.
    pub access: String,
    /// For another pair, once.
    pub refresh: String,
}

/// Admits members, or gives those who were admitted before other keys; their older tokens end. Answers in the same
/// order. After a failure some may be admitted: admitting them again is safe.
pub async fn admit(backend: &Backend, admissions: Vec<Admission>) -> Result<Vec<Tokens>> {
    let admitting = admissions.into_iter().map(|admission| async move {
        let family = secret();
        let key = BASE64.encode(admission.key.to_der());
        let name = admission.display_name.as_deref();
        let tokens = issue(backend, &admission.id, &family, 0).await?;
        if backend.store.admit_member(&admission.id, name, &key, &family).await? {
            let owner = admission.id.into();
            presence::end_sessions(backend, &owner, |session| session != family).await?;
        }
        Ok(tokens)
    });
    stream::iter(admitting).buffered(ADMITTED_AT_ONCE).try_collect().await
}

/// Exchanges a refresh token for another pair. One that was exchanged before ends its family: somebody has it who
/// should not, and nobody can tell who.
pub async fn refresh(backend: &Backend, token: &str) -> Result<Tokens> {
    let claims = match backend.keys.verify(&backend.store, token).await {
        Ok(claims) if claims.aud == Audience::Refresh => claims,
        Ok(_) | Err(Error::Unauthenticated(_)) => return Err(BAD_TOKEN),
        Err(error) => return Err(error),
    };
    let member: MemberId = claims.sub.parse().map_err(Error::internal)?;
    let generation =
        claims.generation.ok_or_else(|| Error::internal("a refresh token without generation"))?;
    let family = claims.sid;
    // Signed first: once the token is used up, nothing may keep the new ones from whoever has used it.
    let tokens = issue(backend, &member, &family, generation + 1).await?;
    if backend.store.next_generation(&member, &family, generation, &attempt()).await? {
        return Ok(tokens);
    }
    backend.store.end_family(&member, &family).await?;
    presence::end_sessions(backend, &member.into(), |session| session == family).await?;
    Err(BAD_TOKEN)
}

async fn issue(backend: &Backend, member: &MemberId, family: &str, generation: u64) -> Result<Tokens> {
    let now = clock::now();
    let claims = |aud, lasts| Claims::new(aud, member.to_string(), family.to_owned(), now + lasts);
    let access = claims(Audience::Access, ACCESS_LASTS);
    let refresh = Claims { generation: Some(generation), ..claims(Audience::Refresh, REFRESH_LASTS) };
    let (access, refresh) =
        try_join(backend.keys.sign(&backend.store, &access), backend.keys.sign(&backend.store, &refresh))
            .await?;
    Ok(Tokens { access, refresh })
}
