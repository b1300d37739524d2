//! Accounts: by e-mail (document 002, steps 1 to 3), by a form (003), and by a name alone (004).

mod change;
mod delete;
mod registration;

pub use change::{Change, change};
pub use delete::delete;
pub use registration::{Applicant, Newcomer, confirm, create, create_named, register};

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::ids::{Owner, UserId};
use crate::limits::{self, Source};
use crate::sessions::{self, Bearer};
pub use crate::store::connections::Sockets;
use crate::store::sessions::Session;
use crate::store::users::Account;
pub use crate::store::users::Profile;
use crate::text::{canonical_email, canonical_name, check_password, check_user_name};
use crate::tokens::Audience;
use crate::{passwords, presence};
use futures::future::join;

const NAME_TAKEN: Error = Error::Conflict("name_taken", "This user name is taken");
const BAD_LOGIN: Error = Error::Unauthenticated("The address, name or password is wrong");
pub(crate) const NO_USER: Error = Error::NotFound("user_not_found", "There is no such user");

/// What somebody logs in with.
#[derive(Clone, Debug)]
pub enum Login {
    /// A confirmed address.
    Email(String),
    /// A user name (extension).
    UserName(String),
}

impl Login {
    /// The form under which it is stored; `None` where no account can have it.
    fn canonical(self) -> Option<Self> {
        match self {
            Self::Email(email) => canonical_email(&email).map(Self::Email),
            Self::UserName(name) => {
                check_user_name("user_name", &name).is_ok().then(|| Self::UserName(canonical_name(&name)))
            }
        }
    }
}

/// Logs in and answers with who it is and a token for a surface. An unknown login and a wrong password get the same
/// answer in the same time. Each attempt is counted, and refused before the password is looked at where there were too
/// many; a success does not count for its address or name.
pub async fn login(
    backend: &Backend,
    login: Login,
    password: &str,
    surface: Audience,
    source: &Source,
) -> Result<(UserId, String)> {
    let login = login.canonical();
    let address = login.as_ref().map(|login| match login {
        Login::Email(email) => format!("email {email}"),
        Login::UserName(name) => format!("name {name}"),
    });
    let reading = async {
        let user = match &login {
            Some(Login::Email(email)) => backend.store.user_by_email(email).await?,
            Some(Login::UserName(name)) => backend.store.user_by_name(name).await?,
            None => None,
        };
        // An id that no user has: an unknown login takes as many calls as a known one.
        let user = user.unwrap_or_else(UserId::mint);
        Ok::<_, Error>((user, backend.store.account(user).await?))
    };
    let (counted, read) = join(limits::login(backend, source, address.as_deref()), reading).await;
    let counted = counted?;
    let beginning = async {
        let (user, account) = read?;
        check_login(backend, user, account, password).await?;
        Ok((user, sessions::begin(backend, user, surface).await?))
    };
    counted.settle(backend, beginning.await).await
}

/// Refuses a wrong password. `account` is nothing where the login is unknown.
async fn check_login(
    backend: &Backend,
    user: UserId,
    account: Option<Account>,
    password: &str,
) -> Result<()> {
    // A longer password than any account can have is wrong without hashing megabytes of it.
    let plausible = check_password(password).is_ok();
    let stored = account.and_then(|account| account.password_hash);
    let matches = passwords::verify(if plausible { password } else { "" }, stored.as_deref())?;
    let stored = stored.filter(|_| matches && plausible).ok_or(BAD_LOGIN)?;
    if passwords::needs_upgrade(&stored) {
        let upgraded = passwords::hash(password)?;
        backend.store.replace_password_hash(user, &stored, &upgraded).await?;
    }
    Ok(())
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
    backend.store.end_session(&claimed).await?;
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

/// Whom somebody asks for.
#[derive(Clone, Debug)]
pub enum Whom {
    /// Whoever asks.
    Oneself,
    /// The user with this id.
    Id(UserId),
    /// The user with this name.
    Name(String),
}

/// What one user gets to know of another, or of itself.
#[derive(Clone, Debug)]
pub struct Described {
    /// The public side.
    pub profile: Profile,
    /// The address, for its owner alone: the confirmed one, or until there is one that which waits to be confirmed.
    pub email: Option<String>,
}

/// Tells who somebody is.
pub async fn find(backend: &Backend, caller: Bearer, whom: Whom) -> Result<Described> {
    let me = caller.claimed_user();
    let reading = async {
        let user = match whom {
            Whom::Oneself => me,
            Whom::Id(user) => user,
            Whom::Name(name) => {
                check_user_name("name", &name)?;
                backend.store.user_by_name(&canonical_name(&name)).await?.ok_or(NO_USER)?
            }
        };
        backend.store.account(user).await?.ok_or(NO_USER)
    };
    let (_, account) = caller.confirm_while(backend, reading).await?;
    let Account { profile, email, pending, .. } = account;
    let email = email.or(pending.map(|pending| pending.email)).filter(|_| profile.user_id == me);
    Ok(Described { profile, email })
}
