//! Changing one's name or address (003, "change user information").

use super::registration::{Link, check_email};
use super::{NAME_TAKEN, NO_USER};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::frames::Notice;
use crate::ids::UserId;
use crate::limits::{self, Counted, Source};
use crate::presence;
use crate::store::registrations::{Pending, Registration};
use crate::store::users::{Account, Profile, Taken};
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
/// changes where either is not as it must be, or the name is taken. `api` is the root of the HTTP API. Another name
/// counts as a message, because everybody hears of it, and a mail as in a registration.
pub async fn change(
    backend: &Backend,
    user: UserId,
    api: &str,
    change: Change,
    source: &Source,
) -> Result<()> {
    let Change { name, email } = change;
    if name.is_none() && email.is_none() {
        return Err(Error::invalid("invalid_body", "Send name, email, or both"));
    }
    let email = email.as_deref().map(check_email).transpose()?;
    if let Some(name) = &name {
        check_user_name("name", name)?;
    }
    let wish = match email {
        Some(email) => Some(Wish::new(backend, user, email, source).await?),
        None => None,
    };
    if let Some(name) = name {
        match rename(backend, user, &name).await {
            Ok(Some(profile)) => presence::announce(backend, Notice::user_update(&profile)).await,
            Ok(None) => {}
            Err(error) => {
                if let Some(counted) = wish.and_then(|wish| wish.mail) {
                    counted.take_back(backend).await;
                }
                return Err(error);
            }
        }
    }
    match wish {
        Some(wish) => wish.ask(backend, api).await,
        None => Ok(()),
    }
}

/// Renames a user. `None` for one who has this name already.
async fn rename(backend: &Backend, user: UserId, name: &str) -> Result<Option<Profile>> {
    let canonical = canonical_name(name);
    let _stays = limits::messages(backend, &user.into(), 1).await?;
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

/// An address that a user asks for.
struct Wish {
    email: String,
    /// The user as it was before anything changed.
    account: Account,
    /// The mail to be sent, counted; `None` where the user has this address already.
    mail: Option<Counted>,
}

impl Wish {
    async fn new(backend: &Backend, user: UserId, email: String, source: &Source) -> Result<Self> {
        let account = backend.store.account(user).await?.ok_or(NO_USER)?;
        if account.email.as_ref() == Some(&email) {
            return Ok(Self { email, account, mail: None });
        }
        let counted = limits::registration(backend, source).await?;
        let mail = limits::mail(backend, &email).await;
        let mail = Some(counted.settle(backend, mail).await?);
        Ok(Self { email, account, mail })
    }

    async fn ask(self, backend: &Backend, api: &str) -> Result<()> {
        let Self { email, account, mail } = self;
        let user = account.profile.user_id;
        let link = Link::new();
        let pending = mail.is_some().then(|| Pending { email: email.clone(), digest: link.digest.clone() });
        let asked = async {
            if !backend.store.await_address(user, pending.as_ref()).await? {
                return Err(NO_USER);
            }
            match account.pending {
                Some(before) => Ok(backend.store.drop_registration(&before.digest).await?),
                None => Ok(()),
            }
        };
        match (asked.await, mail) {
            (Ok(()), Some(mail)) => {
                link.send(backend, api, email, &Registration::Address { user_id: user }, mail).await
            }
            (Err(error), Some(mail)) => {
                mail.take_back(backend).await;
                Err(error)
            }
            (asked, None) => asked,
        }
    }
}
