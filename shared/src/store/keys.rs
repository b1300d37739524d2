//! Keys that sign tokens (`Keys`): `private#current` for whoever signs, `public#<kid>` for whoever verifies.
//! Two items, so that permission to read one is not permission to read the other.

use super::{Result, Store, StoreError, put_new, read, s, write};
use serde::{Deserialize, Serialize};

const CURRENT: &str = "private#current";

/// The key that signs.
#[derive(Clone, Serialize, Deserialize)]
pub struct PrivateKey {
    /// Its name in token headers.
    pub kid: String,
    /// PKCS#8 DER, base64.
    pub pkcs8: String,
}

/// A key that verifies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublicKey {
    /// Its name in token headers.
    pub kid: String,
    /// PKCS#1 RSAPublicKey DER, base64.
    pub pkcs1: String,
}

impl Store {
    /// The key that signs at present.
    pub async fn signing_key(&self) -> Result<Option<PrivateKey>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.keys)
            .key("pk", s(CURRENT))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// A key that verifies tokens naming it.
    pub async fn verifying_key(&self, kid: &str) -> Result<Option<PublicKey>> {
        let got = self
            .client
            .get_item()
            .table_name(&self.tables.keys)
            .key("pk", s(format!("public#{kid}")))
            .consistent_read(true)
            .send()
            .await?;
        got.item.map(read).transpose()
    }

    /// Puts the first pair of keys in place, unless another function was quicker or is about to be.
    pub async fn put_first_keys(&self, private: &PrivateKey, public: &PublicKey) -> Result<()> {
        let table = &self.tables.keys;
        let written = self
            .client
            .transact_write_items()
            .transact_items(put_new(table, "pk", write(private, [("pk", s(CURRENT))])?)?)
            .transact_items(put_new(
                table,
                "pk",
                write(public, [("pk", s(format!("public#{}", public.kid)))])?,
            )?)
            .send()
            .await;
        match written.map_err(StoreError::from) {
            Ok(_) | Err(StoreError::Refused(_) | StoreError::Unavailable(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
