//! The system's own keys (`Keys`): `private#tokens` and `private#answers` for whoever signs, `public#<kid>` and
//! `answers` for whoever verifies. Items apart, so that permission to read one is not permission to read the
//! other.

use super::{Result, Store, StoreError, put_new, read, s, write};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a key signs. One key never signs both: what a platform's user has signed by the system is partly of its own
/// making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Tokens.
    Tokens,
    /// Answers to platforms' users.
    Answers,
}

impl Purpose {
    fn private_pk(self) -> &'static str {
        match self {
            Self::Tokens => "private#tokens",
            Self::Answers => "private#answers",
        }
    }
}

/// The key that signs.
#[derive(Clone, Serialize, Deserialize)]
pub struct PrivateKey {
    /// Its name; tokens bear it.
    pub kid: String,
    /// PKCS#8 DER, base64.
    pub pkcs8: String,
}

/// A key that verifies tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublicKey {
    /// Its name in token headers.
    pub kid: String,
    /// PKCS#1 RSAPublicKey DER, base64.
    pub pkcs1: String,
}

/// The keys that verify answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnswerKeys {
    /// That of the present private key: SubjectPublicKeyInfo DER, base64.
    pub current: String,
    /// That of the one before, while somebody may still sign with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// Not among those that a token can name.
const PUBLISHED: &str = "answers";

fn verifying_pk(kid: &str) -> String {
    format!("public#{kid}")
}

impl Store {
    /// The key that signs at present.
    pub async fn signing_key(&self, purpose: Purpose) -> Result<Option<PrivateKey>> {
        self.key(purpose.private_pk()).await
    }

    /// A key that verifies tokens naming it.
    pub async fn verifying_key(&self, kid: &str) -> Result<Option<PublicKey>> {
        self.key(&verifying_pk(kid)).await
    }

    /// The keys that verify answers.
    pub async fn answer_keys(&self) -> Result<Option<AnswerKeys>> {
        self.key(PUBLISHED).await
    }

    async fn key<T: DeserializeOwned>(&self, pk: &str) -> Result<Option<T>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.keys)
            .key("pk", s(pk))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// Puts the first pair of keys for tokens in place, unless another function was quicker or is about to be.
    pub async fn put_first_token_keys(&self, private: &PrivateKey, public: &PublicKey) -> Result<()> {
        self.put_first_keys(Purpose::Tokens, private, &verifying_pk(&public.kid), public).await
    }

    /// Puts the first pair of keys for answers in place, unless another function was quicker or is about to be.
    pub async fn put_first_answer_keys(&self, private: &PrivateKey, public: &AnswerKeys) -> Result<()> {
        self.put_first_keys(Purpose::Answers, private, PUBLISHED, public).await
    }

    async fn put_first_keys(
        &self,
        purpose: Purpose,
        private: &PrivateKey,
        public_pk: &str,
        public: &impl Serialize,
    ) -> Result<()> {
        let table = &self.tables.keys;
        let written = self
            .client
            .transact_write_items()
            .transact_items(put_new(table, "pk", write(private, [("pk", s(purpose.private_pk()))])?)?)
            .transact_items(put_new(table, "pk", write(public, [("pk", s(public_pk))])?)?)
            .send()
            .await;
        match written.map_err(StoreError::from) {
            Ok(_) | Err(StoreError::Refused(_) | StoreError::Unavailable(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
