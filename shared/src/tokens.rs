//! Tokens: RS256 JWTs that name their key (`kid`), their session (`sid`) and what they are for (`aud`).

use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::store::keys::{PrivateKey, PublicKey, Purpose};
use crate::store::{Store, StoreError, pause};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tokio::sync::RwLock;

/// Why a token that cannot be verified is refused. One sentence for every reason: a caller learns nothing
/// about which part of a forgery was right.
pub(crate) const BAD_TOKEN: Error = Error::Unauthenticated("The token is not valid");
/// Tries to put the first key of a deployment in place.
pub(crate) const MAKE_TRIES: u32 = 6;
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
    signing: RwLock<Option<(String, EncodingKey)>>,
    verifying: RwLock<HashMap<String, DecodingKey>>,
}

impl Claims {
    /// Those of a token that is issued now.
    pub fn new(aud: Audience, sub: String, sid: String, expires: Timestamp) -> Self {
        Self { aud, sub, sid, generation: None, iat: clock::now().seconds(), exp: expires.seconds() }
    }
}

impl Keys {
    /// Signs a token.
    pub async fn sign(&self, store: &Store, claims: &Claims) -> Result<String> {
        let cached = self.signing.read().await.clone();
        let (kid, key) = match cached {
            Some(known) => known,
            None => {
                let known = decode_private(current_key(store).await?)?;
                self.signing.write().await.insert(known).clone()
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
        let cached = self.verifying.read().await.get(&kid).cloned();
        let key = match cached {
            Some(key) => key,
            None => {
                let key = decode_public(&store.verifying_key(&kid).await?.ok_or(BAD_TOKEN)?)?;
                let mut verifying = self.verifying.write().await;
                if verifying.len() >= MAX_CACHED {
                    verifying.clear();
                }
                verifying.insert(kid, key.clone());
                key
            }
        };
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 0;
        // It is part of what is read, and there is no default.
        validation.validate_aud = false;
        jsonwebtoken::decode::<Claims>(token, &key, &validation)
            .map(|token| token.claims)
            .map_err(|_| BAD_TOKEN)
    }
}

fn is_kid(kid: &str) -> bool {
    (1..=64).contains(&kid.len()) && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The key that signs; made by whoever needs it first in a new deployment.
async fn current_key(store: &Store) -> Result<PrivateKey> {
    for attempt in 0..MAKE_TRIES {
        if let Some(key) = store.signing_key(Purpose::Tokens).await? {
            return Ok(key);
        }
        pause(attempt).await;
        let (private, public) = generate()?;
        store.put_first_token_keys(&private, &public).await?;
    }
    Err(Error::Busy(StoreError::Unavailable("the first signing key could not be put in place".into())))
}

/// A new RSA key of 2048 bits, and how it is stored.
pub(crate) fn generate_pair() -> Result<(KeyPair, PrivateKey)> {
    let broken = |_| Error::internal("cannot make an RSA key");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(broken)?;
    let pkcs8: Pkcs8V1Der<'static> = pair.as_der().map_err(broken)?;
    let private = PrivateKey { kid: uuid::Uuid::new_v4().to_string(), pkcs8: BASE64.encode(pkcs8.as_ref()) };
    Ok((pair, private))
}

fn generate() -> Result<(PrivateKey, PublicKey)> {
    let (pair, private) = generate_pair()?;
    let public = PublicKey { kid: private.kid.clone(), pkcs1: BASE64.encode(pair.public_key().as_ref()) };
    Ok((private, public))
}

fn decode_private(key: PrivateKey) -> Result<(String, EncodingKey)> {
    let pkcs8 = BASE64.decode(&key.pkcs8).map_err(Error::internal)?;
    // The SDK of tokens takes PKCS#1: PEM is the form in which it accepts both.
    let body = BASE64.encode(pkcs8);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(Error::internal)?;
    Ok((key.kid, encoding))
}

fn decode_public(key: &PublicKey) -> Result<DecodingKey> {
    Ok(DecodingKey::from_rsa_der(&BASE64.decode(&key.pkcs1).map_err(Error::internal)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_pair_signs_and_verifies() {
        let (private, public) = generate().expect("a pair");
        let (kid, signing) = decode_private(private).expect("an encoding key");
        assert!(is_kid(&kid));
        let expires = clock::now() + std::time::Duration::from_secs(60);
        let claims = Claims::new(Audience::Login, "1".into(), "s".into(), expires);
        let token = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &signing).expect("a token");
        let verifying = decode_public(&public).expect("a decoding key");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_aud = false;
        let read = jsonwebtoken::decode::<Claims>(&token, &verifying, &validation);
        assert_eq!(read.expect("verifies").claims, claims);
    }
}
