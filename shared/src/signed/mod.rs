//! Signed messaging for platforms that run their own user base (document 000).
//!
//! A platform's users are apart from all others: the operator's backend admits them, gives them tokens and seats them
//! in chats. What they send is signed with their own keys; what they are answered is signed with the system's.
//! Everything that a member is to learn waits in its own queue until it has acknowledged it.

pub mod answers;
pub mod block;
pub mod chats;
pub mod keys;
pub mod members;
pub mod messages;
pub mod queue;
pub mod receipts;

use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::tokens::{Audience, Claims};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use keys::{Algorithm, Encoding, UserKey, decode_signature};
use std::time::Duration;

/// The refusal of a token (contract, section 2).
pub(crate) const BAD_TOKEN: Error = Error::Unauthenticated("Bad token");
/// How far a client's clock may be from ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5 * 60);

/// An access token whose signature and expiry are right. Whether it still stands is not yet known: only
/// [`Bearer::confirm`] gives the member.
#[derive(Debug)]
pub struct Bearer {
    member: MemberId,
    family: String,
}

impl Bearer {
    /// Verifies a token.
    pub async fn from_token(backend: &Backend, token: &str) -> Result<Self> {
        match backend.keys.verify(&backend.store, token).await {
            Ok(claims) => Self::from_claims(claims),
            Err(Error::Unauthenticated(_)) => Err(BAD_TOKEN),
            Err(error) => Err(error),
        }
    }

    /// Takes a verified token for access to this surface.
    pub fn from_claims(claims: Claims) -> Result<Self> {
        if claims.aud != Audience::Access {
            return Err(BAD_TOKEN);
        }
        Ok(Self { member: claims.sub.parse().map_err(Error::internal)?, family: claims.sid })
    }

    /// Whom the token names. Enough to begin reading for, not to act for.
    pub fn claimed_member(&self) -> &MemberId {
        &self.member
    }

    /// The member, if the token stands.
    pub async fn confirm(self, backend: &Backend) -> Result<Caller> {
        let member = backend.store.member(&self.member).await?;
        let member = member.filter(|member| member.family.as_ref() == Some(&self.family)).ok_or(BAD_TOKEN)?;
        let der = BASE64.decode(&member.user_key).map_err(Error::internal)?;
        let key = UserKey::from_der(&der).map_err(Error::internal)?;
        Ok(Caller { id: self.member, family: self.family, key })
    }
}

/// A member whose token stands.
#[derive(Debug)]
pub struct Caller {
    /// Who.
    pub id: MemberId,
    /// The family of its tokens.
    pub family: String,
    key: UserKey,
}

impl Caller {
    /// Refuses what this member has not signed, and what it has signed too long ago or for later.
    fn check(&self, bytes: &[u8], signature: &Signature) -> Result<()> {
        if self.key.verify(signature.manner.algorithm, bytes, &signature.bytes) {
            Ok(())
        } else {
            Err(Error::BadSignature)
        }
    }
}

fn check_clock(signed_at: Timestamp) -> Result<()> {
    let now = clock::now();
    let is_near = (now - CLOCKS_DIFFER..=now + CLOCKS_DIFFER).contains(&signed_at);
    if is_near { Ok(()) } else { Err(Error::TimeConflict(now)) }
}

/// How a signature is made and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// How it is made.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: Encoding,
}

/// A signature as it came.
#[derive(Clone, Debug)]
pub struct Signature {
    bytes: Vec<u8>,
    /// How it is made and written.
    pub manner: Manner,
}

impl Signature {
    /// Reads a signature. One that cannot be read verifies nothing.
    pub fn new(text: &str, algorithm: Algorithm) -> Self {
        let (bytes, encoding) = decode_signature(text).unwrap_or_default();
        Self { bytes, manner: Manner { algorithm, encoding } }
    }
}
