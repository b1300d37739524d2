//! The system's own signatures under what it tells platforms' users (000; contract, section 2).

use super::Manner;
use super::keys::{Algorithm, encode_signature};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::keys::{AnswerKeys, Purpose};
use crate::tokens::{Kept, awaited};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::sync::RwLock;

/// Characters on a line of PEM.
const PEM_LINE: usize = 64;

/// The key that this process signs answers with.
#[derive(Default)]
pub struct Signer {
    kept: RwLock<Option<Kept<Arc<KeyPair>>>>,
}

/// A value as the very bytes that are signed.
#[derive(Debug)]
pub struct Signed {
    /// The bytes.
    pub value: Box<RawValue>,
    /// The signature.
    pub sign: String,
}

/// The keys that verify answers, PEM.
#[derive(Clone, Debug)]
pub struct Published {
    /// Of the key that signs.
    pub current: String,
    /// Of the one before, with which somebody may still sign.
    pub previous: Option<String>,
}

/// Signs a value.
pub async fn sign(backend: &Backend, value: &impl Serialize, manner: Manner) -> Result<Signed> {
    let value = serde_json::value::to_raw_value(value).map_err(Error::internal)?;
    let pair = backend.signer.pair(&backend.store).await?;
    let encoding: &dyn RsaEncoding = match manner.algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_SHA256,
        Algorithm::Ps256 => &RSA_PSS_SHA256,
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), value.get().as_bytes(), &mut signature)
        .map_err(|_| Error::internal("an answer cannot be signed"))?;
    Ok(Signed { sign: encode_signature(&signature, manner.encoding), value })
}

/// The keys that verify what [`sign`] signs.
pub async fn published(backend: &Backend) -> Result<Published> {
    let AnswerKeys { current, previous } = awaited(|| backend.store.answer_keys()).await?;
    Ok(Published { current: pem(&current), previous: previous.as_deref().map(pem) })
}

impl Signer {
    async fn pair(&self, store: &Store) -> Result<Arc<KeyPair>> {
        if let Some(pair) = self.kept.read().await.as_ref().and_then(Kept::fresh) {
            return Ok(pair.clone());
        }
        let stored = awaited(|| store.signing_key(Purpose::Answers)).await?;
        let pkcs8 = BASE64.decode(&stored.pkcs8).map_err(Error::internal)?;
        let pair = Arc::new(KeyPair::from_pkcs8(&pkcs8).map_err(|error| Error::internal(error.to_string()))?);
        *self.kept.write().await = Some(Kept::new(pair.clone()));
        Ok(pair)
    }
}

fn pem(der: &str) -> String {
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for (place, char) in der.chars().enumerate() {
        if place > 0 && place % PEM_LINE == 0 {
            pem.push('\n');
        }
        pem.push(char);
    }
    pem.push_str("\n-----END PUBLIC KEY-----\n");
    pem
}
