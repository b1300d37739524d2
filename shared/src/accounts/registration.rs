//! Registering, and confirming an address (002, steps 1 and 2; 003, "create user and auth"; 004, `/auth/register`).

use super::NAME_TAKEN;
use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, Result};
use crate::frames::Notice;
use crate::ids::{UserId, secret};
use crate::limits::{self, Counted, Source};
use crate::mail::Mail;
use crate::store::registrations::{NewAccount, Pending, Registration};
use crate::store::users::{Account, Profile, Taken};
use crate::store::{StoreError, pause};
use crate::text::{canonical_email, canonical_name, check_name, check_password, check_user_name};
use crate::tokens::Audience;
use crate::{passwords, presence, sessions};
use base64::Engine;
use futures::future::join;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a confirmation link works.
const LINK_LASTS: Duration = Duration::from_secs(24 * 3600);
const ID_TRIES: usize = 8;
const NAME_TRIES: u32 = 8;

const EMAIL_TAKEN: Error =
    Error::Conflict("email_taken", "This e-mail address belongs to an account already");
const NO_REGISTRATION: Error = Error::NotFound(
    "registration_not_found",
    "This link was used already or has expired, please register again",
);

/// Somebody who wants an account.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// Address, as typed.
    pub email: String,
    /// Password, 8 to 128 characters.
    pub password: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Unique name, if one is wanted (extension).
    pub user_name: Option<String>,
}

/// Sends a confirmation link to an address; `api` is the root of the HTTP API. An address that belongs to an
/// account already gets a mail that says so instead, and the caller cannot tell.
pub async fn register(backend: &Backend, api: &str, applicant: Applicant, source: &Source) -> Result<()> {
    let email = check_email(&applicant.email)?;
    check_password(&applicant.password)?;
    check_name("first_name", &applicant.first_name)?;
    check_name("last_name", &applicant.last_name)?;
    if let Some(name) = &applicant.user_name {
        check_user_name("user_name", name)?;
    }
    let counted = admit(backend, source, applicant.user_name.as_deref()).await?;
    let asking = async {
        let mail = limits::mail(backend, &email).await?;
        // Both ways write one item and send one mail, so that their times tell nothing either.
        let registration = Registration::Account(NewAccount {
            password_hash: passwords::hash(&applicant.password)?,
            email: email.clone(),
            first_name: applicant.first_name,
            last_name: applicant.last_name,
            user_name: applicant.user_name,
        });
        Link::new().send(backend, api, email, &registration, mail).await
    };
    counted.settle(backend, asking.await).await
}

/// Counts an attempt to register, and refuses it where there were too many from its source, or the name is taken.
async fn admit(backend: &Backend, source: &Source, name: Option<&str>) -> Result<Counted> {
    let looking = async {
        match name {
            Some(name) => Ok(backend.store.user_by_name(&canonical_name(name)).await?.is_some()),
            None => Ok(false),
        }
    };
    let (counted, taken) = join(limits::registration(backend, source), looking).await;
    let counted = counted?;
    match taken {
        Ok(true) => Err(NAME_TAKEN),
        Ok(false) => Ok(counted),
        Err(error) => counted.settle(backend, Err(error)).await,
    }
}

/// A link that confirms an address.
pub(super) struct Link {
    token: String,
    /// What is stored of it.
    pub(super) digest: String,
}

impl Link {
    pub(super) fn new() -> Self {
        let token = secret();
        Self { digest: digest_of(&token), token }
    }

    /// Stores what comes of it, and sends it. The mail counts if it is sent.
    pub(super) async fn send(
        &self,
        backend: &Backend,
        api: &str,
        email: String,
        registration: &Registration,
        counted: Counted,
    ) -> Result<()> {
        let sent = self.send_uncounted(backend, api, email, registration).await;
        if sent.is_err() {
            counted.take_back(backend).await;
        }
        sent
    }

    async fn send_uncounted(
        &self,
        backend: &Backend,
        api: &str,
        email: String,
        registration: &Registration,
    ) -> Result<()> {
        let taken = backend.store.user_by_email(&email).await?.is_some();
        backend.store.put_registration(&self.digest, registration, clock::now() + LINK_LASTS).await?;
        let mail = if taken {
            already_mail(email)
        } else {
            confirmation_mail(email, &format!("{api}/register/{}", self.token))
        };
        backend.mailer.send(mail).await
    }
}

/// An address as it is stored.
pub(super) fn check_email(email: &str) -> Result<String> {
    canonical_email(email).ok_or_else(|| {
        Error::invalid("invalid_email", "email must be an e-mail address of at most 254 bytes")
    })
}

/// Registrations are stored under a digest: who reads the table cannot confirm any.
fn digest_of(token: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

fn confirmation_mail(to: String, link: &str) -> Mail {
    Mail {
        to,
        subject: "Confirm your account".into(),
        text: format!(
            "Welcome!\n\nOpen this link within 24 hours to confirm your account:\n\n{link}\n\n\
             If you did not register, ignore this mail.\n"
        ),
        html: format!(
            "<p>Welcome!</p><p><a href=\"{link}\">Confirm your account</a> within 24 hours.</p>\
             <p>If you did not register, ignore this mail.</p>"
        ),
    }
}

fn already_mail(to: String) -> Mail {
    let body = "Somebody, perhaps you, asked for an account with this address. You have one already: \
                log in with your password. If it was not you, ignore this mail.";
    Mail {
        to,
        subject: "You have an account already".into(),
        text: format!("{body}\n"),
        html: format!("<p>{body}</p>"),
    }
}

/// Confirms an address. What waited for that comes to be, once: an account, of which everybody online is told, or the
/// address of an account.
pub async fn confirm(backend: &Backend, token: &str) -> Result<Profile> {
    let digest = digest_of(token);
    match backend.store.registration(&digest, clock::now()).await?.ok_or(NO_REGISTRATION)? {
        Registration::Account(account) => create_confirmed(backend, &digest, account).await,
        Registration::Address { user_id } => confirm_address(backend, &digest, user_id).await,
    }
}

async fn create_confirmed(backend: &Backend, digest: &str, registration: NewAccount) -> Result<Profile> {
    let name = registration.user_name.as_deref().map(canonical_name);
    for _ in 0..ID_TRIES {
        let account = Account {
            profile: Profile {
                user_id: UserId::mint(),
                user_name: registration.user_name.clone(),
                first_name: Some(registration.first_name.clone()),
                last_name: Some(registration.last_name.clone()),
            },
            email: Some(registration.email.clone()),
            pending: None,
            password_hash: Some(registration.password_hash.clone()),
            created_at: clock::now(),
        };
        match backend.store.create_account(&account, name.as_deref(), Some(digest)).await? {
            Ok(()) => {
                presence::announce(backend, Notice::user_update(&account.profile)).await;
                return Ok(account.profile);
            }
            Err(Taken::Registration) => return Err(NO_REGISTRATION),
            Err(Taken::Email) => return Err(EMAIL_TAKEN),
            Err(Taken::Name) => return Err(NAME_TAKEN),
            Err(Taken::Id) => {}
        }
    }
    Err(Error::internal("no free user id"))
}

/// The newest address that an account asked for becomes its own; links to earlier ones are worth nothing.
async fn confirm_address(backend: &Backend, digest: &str, user: UserId) -> Result<Profile> {
    for tried in 0..NAME_TRIES {
        let account = backend.store.account(user).await?.ok_or(NO_REGISTRATION)?;
        let pending = account.pending.filter(|pending| pending.digest == digest).ok_or(NO_REGISTRATION)?;
        match backend.store.confirm_address(user, &pending, account.email.as_deref()).await {
            Ok(Ok(())) => return Ok(account.profile),
            Ok(Err(Taken::Registration)) => return Err(NO_REGISTRATION),
            Ok(Err(Taken::Email)) => return Err(EMAIL_TAKEN),
            Ok(Err(Taken::Id | Taken::Name)) | Err(StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("an account changes all the time".into())))
}

/// Somebody who wants an account at once (003, "create user and auth").
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Unique name, as typed.
    pub name: String,
    /// Password, 8 to 128 characters.
    pub password: String,
    /// Address, as typed. It belongs to nobody until it is confirmed.
    pub email: String,
}

/// Makes an account with a name, a password and an address to be confirmed, and logs it in: who it is, and the token of
/// its cookie. Everybody online is told. `api` is the root of the HTTP API.
pub async fn create(
    backend: &Backend,
    api: &str,
    newcomer: Newcomer,
    source: &Source,
) -> Result<(UserId, String)> {
    let Newcomer { name, password, email } = newcomer;
    check_user_name("name", &name)?;
    check_password(&password)?;
    let email = check_email(&email)?;
    let counted = admit(backend, source, Some(&name)).await?;
    let creating = async {
        let mail = limits::mail(backend, &email).await?;
        let link = Link::new();
        let made = claim_name(backend, &name, Audience::Web, |account| {
            account.password_hash = Some(passwords::hash(&password)?);
            account.pending = Some(Pending { email: email.clone(), digest: link.digest.clone() });
            Ok(())
        });
        let (user, token) = match made.await {
            Ok(made) => made,
            Err(error) => {
                mail.take_back(backend).await;
                return Err(error);
            }
        };
        let registration = Registration::Address { user_id: user };
        // The account is there, and another mail can be asked for.
        if let Err(error) = link.send(backend, api, email, &registration, mail).await {
            tracing::warn!(error = error.cause(), "a new account got no mail");
        }
        Ok((user, token))
    };
    counted.settle(backend, creating.await).await
}

/// Makes an account that is nothing but a name, with a session: the value of its cookie (004, `/auth/register`).
/// Everybody online is told.
pub async fn create_named(backend: &Backend, name: &str, source: &Source) -> Result<String> {
    check_user_name("username", name)?;
    let counted = limits::registration(backend, source).await?;
    let made = claim_name(backend, name, Audience::Conversations, |_| Ok(())).await;
    counted.settle(backend, made.map(|(_, token)| token)).await
}

/// Makes an account with a free name, completed by `complete`, and logs it in on a surface.
async fn claim_name(
    backend: &Backend,
    name: &str,
    surface: Audience,
    complete: impl FnOnce(&mut Account) -> Result<()>,
) -> Result<(UserId, String)> {
    let canonical = canonical_name(name);
    let mut account = Account {
        profile: Profile {
            user_id: UserId::mint(),
            user_name: Some(name.to_owned()),
            first_name: None,
            last_name: None,
        },
        email: None,
        pending: None,
        password_hash: None,
        created_at: clock::now(),
    };
    complete(&mut account)?;
    for tried in 0..NAME_TRIES {
        if backend.store.user_by_name(&canonical).await?.is_some() {
            return Err(NAME_TAKEN);
        }
        // First, so that nobody has a name without the one credential that goes with it.
        let user = account.profile.user_id;
        let token = sessions::begin(backend, user, surface).await?;
        let made = match backend.store.create_account(&account, Some(&canonical), None).await {
            // A call without a clear answer may have made it, and so may one that is repeated on its way.
            Ok(Err(Taken::Name)) | Err(StoreError::Ambiguous(_)) => {
                backend.store.user_by_name(&canonical).await? == Some(user)
            }
            Ok(made) => made.is_ok(),
            // In the way of another registration of the name.
            Err(StoreError::Unavailable(_)) => false,
            Err(error) => return Err(error.into()),
        };
        if made {
            presence::announce(backend, Notice::user_update(&account.profile)).await;
            return Ok((user, token));
        }
        account.profile.user_id = UserId::mint();
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("a name is asked for all the time".into())))
}
