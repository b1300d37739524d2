//! Changing one's name or address (003, "change user information").

use super::registration::{Link, check_email};
use super::{NAME_TAKEN, NO_USER};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::frames::Notice;
use crate::ids::UserId;
use crate::presence;
use crate::store::registrations::{Pending, Registration};
use crate::store::users::{Profile, Taken};
use crate::store::{StoreError, pause};
use crate::text::{canonical_name, check_user_name};

const TRIES: u32 = 8;

/// What is to be different.
#[derive(Clone, Debug)]
pub struct Change {
    /// Another name, as typed.
    pub name: Option<String>,
    /// Another address, as typed. Until it is confirmed, the one that was confirmed stays good.
    pub email: Option<String>,
}

/// Changes a user's name, of which everybody online is told, and asks for the confirmation of an address. Nothing
/// changes where either is not as it must be, or the name is taken. `api` is the root of the HTTP API.
pub async fn change(backend: &Backend, user: UserId, api: &str, change: Change) -> Result<()> {
    let Change { name, email } = change;
    if name.is_none() && email.is_none() {
        return Err(Error::invalid("invalid_body", "Send name, email, or both"));
    }
    let email = email.as_deref().map(check_email).transpose()?;
    if let Some(name) = name {
        check_user_name("name", &name)?;
        if let Some(profile) = rename(backend, user, &name).await? {
            presence::announce(backend, Notice::user_update(&profile)).await;
        }
    }
    match email {
        Some(email) => ask_for_address(backend, user, api, email).await,
        None => Ok(()),
    }
}

/// Renames a user. `None` for one who has this name already.
async fn rename(backend: &Backend, user: UserId, name: &str) -> Result<Option<Profile>> {
    let canonical = canonical_name(name);
    for tried in 0..TRIES {
        let profile = backend.store.profile(user).await?.ok_or(NO_USER)?;
        if profile.user_name.as_deref() == Some(name) {
            return Ok(None);
        }
        let from = profile.user_name.as_deref().map(|from| (from, canonical_name(from)));
        let from = from.as_ref().map(|(shown, canonical)| (*shown, canonical.as_str()));
        match backend.store.rename_user(user, from, (name, &canonical)).await {
            Ok(Ok(())) => return Ok(Some(Profile { user_name: Some(name.to_owned()), ..profile })),
            Ok(Err(Taken::Name)) => return Err(NAME_TAKEN),
            // Renamed at the same time, perhaps by this very call, repeated on its way.
            Ok(Err(_)) | Err(StoreError::Unavailable(_) | StoreError::Ambiguous(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("an account changes all the time".into())))
}

async fn ask_for_address(backend: &Backend, user: UserId, api: &str, email: String) -> Result<()> {
    let account = backend.store.account(user).await?.ok_or(NO_USER)?;
    let link = Link::new();
    let pending = (account.email.as_ref() != Some(&email))
        .then(|| Pending { email: email.clone(), digest: link.digest.clone() });
    if !backend.store.await_address(user, pending.as_ref()).await? {
        return Err(NO_USER);
    }
    if let Some(before) = account.pending {
        backend.store.drop_registration(&before.digest).await?;
    }
    match pending {
        Some(_) => link.send(backend, api, email, &Registration::Address { user_id: user }).await,
        None => Ok(()),
    }
}
