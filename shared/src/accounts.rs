//! Accounts by e-mail (document 002, steps 1 to 3; contract, section 4).

use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, Result};
use crate::frames::Notice;
use crate::ids::{Owner, UserId, secret};
use crate::mail::Mail;
use crate::sessions::{self, Bearer};
pub use crate::store::connections::Sockets;
use crate::store::sessions::Session;
pub use crate::store::users::Profile;
use crate::store::users::{Account, Registration, Taken};
use crate::store::{StoreError, pause};
use crate::text::{canonical_email, canonical_name, check_name, check_password, check_user_name};
use crate::tokens::Audience;
use crate::{passwords, presence};
use base64::Engine;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a confirmation link works.
const LINK_LASTS: Duration = Duration::from_secs(24 * 3600);
const ID_TRIES: usize = 8;
const NAME_TRIES: u32 = 8;

const NAME_TAKEN: Error = Error::Conflict("name_taken", "This user name is taken");
const EMAIL_TAKEN: Error =
    Error::Conflict("email_taken", "This e-mail address belongs to an account already");
const NO_REGISTRATION: Error = Error::NotFound(
    "registration_not_found",
    "This link was used already or has expired, please register again",
);
const BAD_LOGIN: Error = Error::Unauthenticated("The address, name or password is wrong");

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
pub async fn register(backend: &Backend, api: &str, applicant: Applicant) -> Result<()> {
    let email = canonical_email(&applicant.email).ok_or_else(|| {
        Error::invalid("invalid_email", "email must be an e-mail address of at most 254 bytes")
    })?;
    check_password(&applicant.password)?;
    check_name("first_name", &applicant.first_name)?;
    check_name("last_name", &applicant.last_name)?;
    if let Some(name) = &applicant.user_name {
        check_user_name("user_name", name)?;
        if backend.store.user_by_name(&canonical_name(name)).await?.is_some() {
            return Err(NAME_TAKEN);
        }
    }
    // Both ways write one item and send one mail, so that their times tell nothing either.
    let registration = Registration {
        password_hash: passwords::hash(&applicant.password)?,
        email: email.clone(),
        first_name: applicant.first_name,
        last_name: applicant.last_name,
        user_name: applicant.user_name,
    };
    let token = secret();
    let digest = digest_of(&token);
    let taken = backend.store.user_by_email(&email).await?.is_some();
    backend.store.put_registration(&digest, &registration, clock::now() + LINK_LASTS).await?;
    let mail = if taken {
        already_mail(email)
    } else {
        confirmation_mail(email, &format!("{api}/register/{token}"))
    };
    backend.mailer.send(mail).await
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

/// Confirms a registration: the account comes to be, once, and everybody online is told.
pub async fn confirm(backend: &Backend, token: &str) -> Result<Profile> {
    let digest = digest_of(token);
    let registration = backend.store.registration(&digest, clock::now()).await?.ok_or(NO_REGISTRATION)?;
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
            password_hash: Some(registration.password_hash.clone()),
            created_at: clock::now(),
        };
        match backend.store.create_account(&account, name.as_deref(), Some(&digest)).await? {
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

/// Makes an account that is nothing but a name, with a session: the value of its cookie (004, `/auth/register`).
/// Everybody online is told.
pub async fn create_named(backend: &Backend, name: &str) -> Result<String> {
    check_user_name("username", name)?;
    let canonical = canonical_name(name);
    let mut account = Account {
        profile: Profile {
            user_id: UserId::mint(),
            user_name: Some(name.to_owned()),
            first_name: None,
            last_name: None,
        },
        email: None,
        password_hash: None,
        created_at: clock::now(),
    };
    for tried in 0..NAME_TRIES {
        if backend.store.user_by_name(&canonical).await?.is_some() {
            return Err(NAME_TAKEN);
        }
        // First, so that nobody has a name without the one credential that goes with it.
        let user = account.profile.user_id;
        let cookie = sessions::begin(backend, user, Audience::Conversations).await?;
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
            return Ok(cookie);
        }
        account.profile.user_id = UserId::mint();
        pause(tried).await;
    }
    Err(Error::Busy(StoreError::Unavailable("a name is asked for all the time".into())))
}

/// What somebody logs in with.
#[derive(Clone, Debug)]
pub enum Login {
    /// A confirmed address.
    Email(String),
    /// A user name (extension).
    UserName(String),
}

/// Logs in and answers with a token. An unknown login and a wrong password get the same answer in the same
/// time.
pub async fn login(backend: &Backend, login: Login, password: &str) -> Result<String> {
    let user = match login {
        Login::Email(email) => match canonical_email(&email) {
            Some(email) => backend.store.user_by_email(&email).await?,
            None => None,
        },
        Login::UserName(name) => match check_user_name("user_name", &name) {
            Ok(()) => backend.store.user_by_name(&canonical_name(&name)).await?,
            Err(_) => None,
        },
    };
    // An id that no user has: an unknown login takes as many calls as a known one.
    let user = user.unwrap_or_else(UserId::mint);
    let account = backend.store.account(user).await?;
    // A longer password than any account can have is wrong without hashing megabytes of it.
    let plausible = check_password(password).is_ok();
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let matches = passwords::verify(if plausible { password } else { "" }, stored.as_deref())?;
    let stored = stored.filter(|_| matches && plausible).ok_or(BAD_LOGIN)?;
    if passwords::needs_upgrade(&stored) {
        let upgraded = passwords::hash(password)?;
        backend.store.replace_password_hash(user, &stored, &upgraded).await?;
    }
    sessions::begin(backend, user, Audience::Login).await
}

/// Logs out: the token is dead on every machine, and its sockets are closed.
pub async fn logout(backend: &Backend, caller: Bearer) -> Result<()> {
    let claimed = caller.claimed_session().clone();
    if let Err(refused) = caller.confirm(backend).await {
        // An earlier logout may have ended the session and failed before its sockets were closed.
        if matches!(refused, Error::Unauthenticated(_)) {
            end_sockets(backend, &claimed).await?;
        }
        return Err(refused);
    }
    backend.store.end_session(&claimed.session_id).await?;
    end_sockets(backend, &claimed).await
}

async fn end_sockets(backend: &Backend, ended: &Session) -> Result<()> {
    presence::end_sessions(backend, &ended.user_id.into(), |session| session == ended.session_id).await
}

/// A user in the directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who.
    pub profile: Profile,
    /// Its sockets and when it was last seen.
    pub sockets: Sockets,
}

/// A page of all users in the order of their ids, after `after`. The second part is where the next page
/// begins.
pub async fn list(
    backend: &Backend,
    caller: Bearer,
    after: Option<UserId>,
    count: u32,
) -> Result<(Vec<Entry>, Option<UserId>)> {
    let read = async { Ok(backend.store.directory(after, count as i32).await?) };
    let (_, (profiles, more)) = caller.confirm_while(backend, read).await?;
    let users: Vec<Owner> = profiles.iter().map(|profile| profile.user_id.into()).collect();
    let mut sockets = presence::of(backend, &users).await?;
    let next = profiles.last().map(|profile| profile.user_id).filter(|_| more);
    let entries = profiles
        .into_iter()
        .map(|profile| Entry {
            sockets: sockets.remove(&profile.user_id.into()).unwrap_or_default(),
            profile,
        })
        .collect();
    Ok((entries, next))
}
