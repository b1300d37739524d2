//! Tokens: RS256 JWTs that name their key (`kid`), their session (`sid`) and what they are for (`aud`).

use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::Owner;
use crate::store::keys::{PrivateKey, PublicKey, Purpose};
use crate::store::{Store, StoreError, pause};
use crate::telemetry;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rsa::pkcs8::PrivateKeyInfo;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::RwLock;

/// Why a token that cannot be verified is refused. One sentence for every reason: a caller learns nothing
/// about which part of a forgery was right.
pub(crate) const BAD_TOKEN: Error = Error::Unauthenticated("The token is not valid");
/// How long a process uses a key without asking whether it has been replaced or withdrawn.
const KEPT: Duration = Duration::from_secs(60);
/// How often the first keys of a deployment are looked for, which are made while it begins.
const TRIES: u32 = 14;
/// Keys kept in memory at most; an attacker cannot grow it, since only stored keys get in.
const MAX_CACHED: usize = 16;

/// What a token is for. Each kind is good for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// A user who has logged in (002).
    Login,
    /// A user with the cookie of conversations (004).
    Conversations,
    /// A user with the pair of cookies of document 003.
    Web,
    /// A platform's user (000).
    Access,
    /// Another pair of tokens for a platform's user (000).
    Refresh,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// What it is for.
    pub aud: Audience,
    /// Whose it is.
    pub sub: String,
    /// The session; of a platform's user, the family of tokens.
    pub sid: String,
    /// How often the family was refreshed before, in a token that refreshes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// When it was issued, in seconds since the epoch.
    pub iat: i64,
    /// When it ends, in seconds since the epoch.
    pub exp: i64,
}

/// The keys this process has read so far.
#[derive(Default)]
pub struct Keys {
    signing: RwLock<Option<Kept<(String, EncodingKey)>>>,
    verifying: RwLock<HashMap<String, Kept<Verifying>>>,
}

/// What was read of the keys, and when.
#[derive(Clone)]
pub(crate) struct Kept<T> {
    value: T,
    read_at: Timestamp,
}

impl<T> Kept<T> {
    /// Something that was read just now.
    pub(crate) fn new(value: T) -> Self {
        Self { value, read_at: clock::now() }
    }

    /// What was read, unless it is time to read it again.
    pub(crate) fn fresh(&self) -> Option<&T> {
        (clock::now() < self.read_at + KEPT).then_some(&self.value)
    }
}

/// A key that verifies, and from when on it does not.
#[derive(Clone)]
struct Verifying {
    key: DecodingKey,
    expires_at: Option<i64>,
}

impl Claims {
    /// Those of a token that is issued now.
    pub fn new(aud: Audience, sub: String, sid: String, expires: Timestamp) -> Self {
        Self { aud, sub, sid, generation: None, iat: clock::now().seconds(), exp: expires.seconds() }
    }

    /// Notes for the log whose they are.
    fn identify(&self) {
        let owner = match self.aud {
            Audience::Login | Audience::Conversations | Audience::Web => {
                self.sub.parse().map(Owner::UserId).ok()
            }
            Audience::Access | Audience::Refresh => self.sub.parse().map(Owner::MemberId).ok(),
        };
        if let Some(owner) = owner {
            telemetry::identify(&owner);
        }
    }
}

impl Keys {
    /// Signs a token.
    pub async fn sign(&self, store: &Store, claims: &Claims) -> Result<String> {
        let kept = self.signing.read().await.as_ref().and_then(Kept::fresh).cloned();
        let (kid, key) = match kept {
            Some(known) => known,
            None => {
                let known = decode_private(awaited(|| store.signing_key(Purpose::Tokens)).await?)?;
                *self.signing.write().await = Some(Kept::new(known.clone()));
                known
            }
        };
        let header = Header { kid: Some(kid), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &key).map_err(Error::internal)
    }

    /// What a token says, if one of our keys signed it and it has not expired. What it is for is left to look at, and
    /// whether its session still stands is another question ([`crate::sessions`], [`crate::signed`]).
    pub async fn verify(&self, store: &Store, token: &str) -> Result<Claims> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| BAD_TOKEN)?;
        let kid = header.kid.filter(|kid| is_kid(kid)).ok_or(BAD_TOKEN)?;
        let kept = self.verifying.read().await.get(&kid).and_then(Kept::fresh).cloned();
        let Verifying { key, expires_at } = match kept {
            Some(known) => known,
            None => {
                let known = decode_public(&store.verifying_key(&kid).await?.ok_or(BAD_TOKEN)?)?;
                let mut verifying = self.verifying.write().await;
                if verifying.len() >= MAX_CACHED {
                    verifying.clear();
                }
                verifying.insert(kid, Kept::new(known.clone()));
                known
            }
        };
        if expires_at.is_some_and(|end| end <= clock::now().seconds()) {
            return Err(BAD_TOKEN);
        }
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 0;
        // It is part of what is read, and there is no default.
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| BAD_TOKEN)?.claims;
        claims.identify();
        Ok(claims)
    }
}

fn is_kid(kid: &str) -> bool {
    (1..=64).contains(&kid.len()) && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What is found of the keys, waited for where they are yet to be made.
pub(crate) async fn awaited<T, F>(find: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = crate::store::Result<Option<T>>>,
{
    for tried in 0..TRIES {
        if let Some(found) = find().await? {
            return Ok(found);
        }
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("there are no keys yet".into())))
}

fn decode_private(key: PrivateKey) -> Result<(String, EncodingKey)> {
    let pkcs8 = BASE64.decode(&key.pkcs8).map_err(Error::internal)?;
    // The PKCS#1 within is what is taken.
    let within = PrivateKeyInfo::try_from(pkcs8.as_slice()).map_err(Error::internal)?.private_key;
    let encoding = EncodingKey::from_rsa_der(within);
    Ok((key.kid, encoding))
}

fn decode_public(stored: &PublicKey) -> Result<Verifying> {
    let key = DecodingKey::from_rsa_der(&BASE64.decode(&stored.pkcs1).map_err(Error::internal)?);
    Ok(Verifying { key, expires_at: stored.expires_at })
}
