//! The keys that sign tokens and answers: the first ones of a deployment, and new ones in their place. Nobody else
//! makes keys, and no person has a hand in it.
//!
//! A former key for tokens verifies what it signed until the last of it ends. One that was stolen is withdrawn at once,
//! together with all before it: whoever has a token of it logs in again.

use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::sessions;
use crate::store::keys::{AnswerKeys, Former, PrivateKey, PublicKey, Purpose};
use crate::store::{self, Store, StoreError, pause, persist};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::future::try_join;
use std::time::Duration;

const TRIES: u32 = 12;
/// How long a former key verifies: as long as a token lasts (no kind lasts longer than a login), and a while for those
/// processes that sign with it before they ask whether there is a newer one.
const FORMER_VERIFIES: Duration = sessions::LASTS.saturating_add(Duration::from_secs(3600));

/// How long until every process signs answers with the present key. Two keys are published: a third must not follow
/// sooner, unless the others are withdrawn.
const ANSWERS_SETTLE: Duration = Duration::from_secs(120);

/// When to put new keys in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Where there are none, and where the present ones are as old as this.
    WhenOlder(Duration),
    /// Now.
    Now,
    /// Now, and withdraw all former ones.
    NowAndWithdraw,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The name of the key that signs tokens.
    pub kid: String,
    /// Whether it is a new one.
    pub is_new: bool,
}

/// Puts new keys in place as ordered. Of several at the same time one does.
pub async fn rotate(store: &Store, order: Order) -> Result<Rotation> {
    let (tokens, is_new) = rotate_one(store, Purpose::Tokens, order).await?;
    if order != Order::Now || answers_are_settled(store).await? {
        rotate_one(store, Purpose::Answers, order).await?;
    }
    if order == Order::NowAndWithdraw {
        withdraw(store, &tokens).await?;
    }
    Ok(Rotation { kid: tokens.kid, is_new })
}

/// Whether nobody signs answers any more with a former key that is published.
async fn answers_are_settled(store: &Store) -> Result<bool> {
    let (present, published) = try_join(store.signing_key(Purpose::Answers), store.answer_keys()).await?;
    let is_young = present.is_some_and(|present| clock::now() < present.made_at + ANSWERS_SETTLE);
    let has_former = published.is_some_and(|published| published.previous.is_some());
    Ok(!(is_young && has_former))
}

/// The key that signs from now on, and whether it was put in place here.
async fn rotate_one(store: &Store, purpose: Purpose, order: Order) -> Result<(PrivateKey, bool)> {
    let mut found = store.signing_key(purpose).await?;
    let first = found.as_ref().map(|key| key.kid.clone());
    let mut made = Vec::new();
    for tried in 0..TRIES {
        if let Some(present) = found.take_if(|present| {
            // Somebody else has put a new one in place meanwhile, or it was put in place without a clear answer.
            let is_another = first.as_ref() != Some(&present.kid);
            is_another || matches!(order, Order::WhenOlder(age) if clock::now() < present.made_at + age)
        }) {
            let is_new = made.contains(&present.kid);
            return Ok((present, is_new));
        }
        let (pair, private) = generate(found.as_ref())?;
        let replaced = match purpose {
            Purpose::Tokens => replace_token_keys(store, &pair, &private).await,
            Purpose::Answers => replace_answer_keys(store, &pair, &private, found.as_ref()).await?,
        };
        match replaced {
            Ok(true) => return Ok((private, true)),
            Ok(false) | Err(StoreError::Unavailable(_)) => {}
            Err(StoreError::Ambiguous(_)) => made.push(private.kid),
            Err(error) => return Err(error.into()),
        }
        pause(tried).await;
        found = store.signing_key(purpose).await?;
    }
    Err(Error::Busy(StoreError::Unavailable("new keys could not be put in place".into())))
}

/// A new RSA key of 2048 bits, to be put in place of the present one.
fn generate(present: Option<&PrivateKey>) -> Result<(KeyPair, PrivateKey)> {
    let broken = |_| Error::internal("cannot make an RSA key");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(broken)?;
    let pkcs8: Pkcs8V1Der<'static> = pair.as_der().map_err(broken)?;
    let now = clock::now();
    let private = PrivateKey {
        kid: uuid::Uuid::new_v4().to_string(),
        pkcs8: BASE64.encode(pkcs8.as_ref()),
        made_at: now,
        previous: present.map(|present| former_keys(present, now)).unwrap_or_default(),
    };
    Ok((pair, private))
}

/// The keys before the one that follows the present one, the present one last.
fn former_keys(present: &PrivateKey, now: Timestamp) -> Vec<Former> {
    let mut former = present.previous.clone();
    former.retain(|former| former.expires_at > now.seconds());
    former.push(Former { kid: present.kid.clone(), expires_at: (now + FORMER_VERIFIES).seconds() });
    former
}

async fn replace_token_keys(store: &Store, pair: &KeyPair, private: &PrivateKey) -> store::Result<bool> {
    let pkcs1 = BASE64.encode(pair.public_key().as_ref());
    let public = PublicKey { kid: private.kid.clone(), pkcs1, expires_at: None };
    store.replace_token_keys(private, &public).await
}

async fn replace_answer_keys(
    store: &Store,
    pair: &KeyPair,
    private: &PrivateKey,
    present: Option<&PrivateKey>,
) -> Result<store::Result<bool>> {
    let der: PublicKeyX509Der<'static> =
        pair.public_key().as_der().map_err(|_| Error::internal("a key that cannot be written"))?;
    let published = store.answer_keys().await?;
    let public =
        AnswerKeys { current: BASE64.encode(der.as_ref()), previous: published.map(|keys| keys.current) };
    Ok(store.replace_answer_keys(private, &public, present.map(|present| present.kid.as_str())).await)
}

/// Withdraws the keys before this one.
async fn withdraw(store: &Store, present: &PrivateKey) -> Result<()> {
    for Former { kid, .. } in &present.previous {
        persist(|| store.withdraw_verifying_key(kid)).await?;
    }
    // Only then: whoever is interrupted before withdraws them the next time.
    persist(|| store.forget_former_keys(Purpose::Tokens, &present.kid)).await?;
    persist(|| store.withdraw_former_answer_key()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leaves_with_those_before_it_that_still_verify() {
        let now = clock::now();
        let (_, first) = generate(None).expect("a key");
        assert_eq!(first.previous, []);
        let ended = Former { kid: "ended".into(), expires_at: now.seconds() - 1 };
        let good = Former { kid: "good".into(), expires_at: now.seconds() + 10 };
        let (_, second) =
            generate(Some(&PrivateKey { previous: vec![ended, good.clone()], ..first.clone() }))
                .expect("a key");
        assert_ne!(second.kid, first.kid);
        let [still, former] = second.previous.as_slice() else { panic!("two: {:?}", second.previous) };
        assert_eq!(still, &good);
        assert_eq!(former.kid, first.kid);
        assert!(former.expires_at >= (now + sessions::LASTS).seconds());
    }
}
