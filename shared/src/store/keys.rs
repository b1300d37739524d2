//! The system's own keys (`Keys`): `private#tokens` and `private#answers` for whoever signs, `public#<kid>` and
//! `answers` for whoever verifies. Items apart, so that permission to read one is not permission to read the
//! other. The function that rotates keys alone writes them.

use super::{Result, Store, complete, n, put_new, read, s, unless_refused, write};
use crate::clock::Timestamp;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
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
    /// When it was made.
    #[serde(default)]
    pub made_at: Timestamp,
    /// Those before it whose tokens are still good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<Former>,
}

/// A key that signs no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Its name.
    pub kid: String,
    /// When the last token that it signed ends, in seconds since the epoch.
    pub expires_at: i64,
}

/// A key that verifies tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublicKey {
    /// Its name in token headers.
    pub kid: String,
    /// PKCS#1 RSAPublicKey DER, base64.
    pub pkcs1: String,
    /// From when on it verifies nothing, in seconds since the epoch; `None` while its private half signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// The keys that verify answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnswerKeys {
    /// That of the present private key: SubjectPublicKeyInfo DER, base64.
    pub current: String,
    /// That of the one before.
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

    /// Puts a pair of keys for tokens in place of the present one, which is the last of `private.previous`; of the
    /// first pair there is none. False when another one was put in its place before.
    pub async fn replace_token_keys(&self, private: &PrivateKey, public: &PublicKey) -> Result<bool> {
        let public_item = write(public, [("pk", s(verifying_pk(&public.kid)))])?;
        let replaced = private.previous.last();
        let mut items = vec![
            self.replace_private(Purpose::Tokens, private, replaced.map(|former| former.kid.as_str()))?,
            put_new(&self.tables.keys, "pk", public_item)?,
        ];
        items.extend(replaced.map(|former| self.expire_verifying_key(former)).transpose()?);
        unless_refused(self.client.transact_write_items().set_transact_items(Some(items)).send().await)
    }

    /// Puts a pair of keys for answers in place of the one of this name, or of none. False when another one was put
    /// in its place before.
    pub async fn replace_answer_keys(
        &self,
        private: &PrivateKey,
        public: &AnswerKeys,
        replaced: Option<&str>,
    ) -> Result<bool> {
        let published = Put::builder()
            .table_name(&self.tables.keys)
            .set_item(Some(write(public, [("pk", s(PUBLISHED))])?));
        let sent = self
            .client
            .transact_write_items()
            .transact_items(self.replace_private(Purpose::Answers, private, replaced)?)
            .transact_items(TransactWriteItem::builder().put(complete(published.build())?).build())
            .send()
            .await;
        unless_refused(sent)
    }

    fn replace_private(
        &self,
        purpose: Purpose,
        private: &PrivateKey,
        replaced: Option<&str>,
    ) -> Result<TransactWriteItem> {
        let item = write(private, [("pk", s(purpose.private_pk()))])?;
        let Some(replaced) = replaced else { return put_new(&self.tables.keys, "pk", item) };
        let put = Put::builder()
            .table_name(&self.tables.keys)
            .set_item(Some(item))
            .condition_expression("kid = :replaced")
            .expression_attribute_values(":replaced", s(replaced));
        Ok(TransactWriteItem::builder().put(complete(put.build())?).build())
    }

    fn expire_verifying_key(&self, former: &Former) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.tables.keys)
            .key("pk", s(verifying_pk(&former.kid)))
            .update_expression("SET expires_at = :end")
            .expression_attribute_values(":end", n(former.expires_at));
        Ok(TransactWriteItem::builder().update(complete(update.build())?).build())
    }

    /// Removes a key that verifies tokens: those that name it are good no more.
    pub async fn withdraw_verifying_key(&self, kid: &str) -> Result<()> {
        self.client
            .delete_item()
            .table_name(&self.tables.keys)
            .key("pk", s(verifying_pk(kid)))
            .send()
            .await?;
        Ok(())
    }

    /// Forgets which keys there were before the one of this name, unless another one has taken its place meanwhile.
    pub async fn forget_former_keys(&self, purpose: Purpose, present: &str) -> Result<()> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.tables.keys)
            .key("pk", s(purpose.private_pk()))
            .update_expression("REMOVE previous")
            .condition_expression("kid = :present")
            .expression_attribute_values(":present", s(present))
            .send()
            .await;
        unless_refused(updated)?;
        Ok(())
    }

    /// Publishes the present key for answers alone.
    pub async fn withdraw_former_answer_key(&self) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.keys)
            .key("pk", s(PUBLISHED))
            .update_expression("REMOVE previous")
            .send()
            .await?;
        Ok(())
    }
}
