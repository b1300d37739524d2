//! Limits on abuse: how often somebody may try to log in, register and send, and how many sockets one may have open.
//!
//! Attempts are counted in windows of a fixed length, one write each, and the write itself refuses what is too much: no
//! race gets past it. Storage knows what is counted by its digest alone, which tells nobody who does not guess it. Nothing
//! is counted where the limits are off.
//!
//! Where attempts cannot be counted because storage fails, nobody logs in or registers, but messages go on.

use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::Owner;
use crate::store::limits::Counter;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use tokio::time::timeout;

/// When to try to open one more socket: any may close at any time.
const SOCKETS_RETRY_SECONDS: u64 = 60;
/// How long a message waits for being counted.
const COUNTING_LASTS: Duration = Duration::from_secs(1);

/// How much is allowed, each at least 1.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attempts to log in to one address or user name, in 15 minutes.
    pub logins_per_address: u32,
    /// Attempts to log in from one source, in 15 minutes.
    pub logins_per_source: u32,
    /// Mails to one address, in an hour.
    pub registrations_per_address: u32,
    /// Attempts to register from one source, in an hour.
    pub registrations_per_source: u32,
    /// Messages by one user, in a minute.
    pub messages_per_user: u32,
    /// Sockets that one user has open at once.
    pub sockets_per_user: u32,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    LoginsPerAddress,
    LoginsPerSource,
    RegistrationsPerAddress,
    RegistrationsPerSource,
    MessagesPerUser,
    SocketChecks,
}

impl Kind {
    /// The first part of its counters' keys.
    fn prefix(self) -> &'static str {
        match self {
            Self::LoginsPerAddress => "logins-address",
            Self::LoginsPerSource => "logins-source",
            Self::RegistrationsPerAddress => "registrations-address",
            Self::RegistrationsPerSource => "registrations-source",
            Self::MessagesPerUser => "messages-user",
            Self::SocketChecks => "socket-checks",
        }
    }

    /// What there are too many of.
    fn plural(self) -> &'static str {
        match self {
            Self::LoginsPerAddress | Self::LoginsPerSource => "attempts to log in",
            Self::RegistrationsPerAddress => "mails to this address",
            Self::RegistrationsPerSource => "registrations and changes of address",
            Self::MessagesPerUser => "messages",
            Self::SocketChecks => "open sockets",
        }
    }

    /// How long a window is, in seconds.
    fn window(self) -> i64 {
        match self {
            Self::LoginsPerAddress | Self::LoginsPerSource => 15 * 60,
            Self::RegistrationsPerAddress | Self::RegistrationsPerSource => 60 * 60,
            Self::MessagesPerUser | Self::SocketChecks => 60,
        }
    }

    fn most(self, limits: &Limits) -> u64 {
        u64::from(match self {
            Self::LoginsPerAddress => limits.logins_per_address,
            Self::LoginsPerSource => limits.logins_per_source,
            Self::RegistrationsPerAddress => limits.registrations_per_address,
            Self::RegistrationsPerSource => limits.registrations_per_source,
            Self::MessagesPerUser => limits.messages_per_user,
            // So that whoever opens sockets all the time has each of them asked about once a second or so.
            Self::SocketChecks => limits.sockets_per_user,
        })
    }

    /// The counter of a subject at a moment.
    fn counter(self, subject: &str, now: Timestamp) -> Counter {
        let begun_at = now.seconds() - now.seconds().rem_euclid(self.window());
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(subject));
        Counter { key: format!("{}#{digest}#{begun_at}", self.prefix()), ends_at: begun_at + self.window() }
    }
}

/// Whole seconds until the end of a counter's window: at least 1, because the window still lasts.
fn seconds_left(counter: &Counter, now: Timestamp) -> u64 {
    let left = counter.ends_at.saturating_mul(1000).saturating_sub(now.0);
    u64::try_from(left).unwrap_or_default().div_ceil(1000).max(1)
}

/// Where a request comes from: an IPv4 address, or the 64 bits of an IPv6 address that one customer's network has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(String);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                format!("{}/64", Ipv6Addr::from_bits(network))
            }
        })
    }
}

/// Attempts that were counted and can be taken back; `None` where nothing is counted.
#[derive(Debug)]
#[must_use = "what succeeds, or does not come about, is to be taken back"]
pub struct Counted(Option<(Counter, u64)>);

impl Counted {
    /// Counts these attempts no more. One that cannot be taken back stays counted until its window ends.
    pub async fn take_back(self, backend: &Backend) {
        let Self(Some((counter, attempts))) = self else { return };
        if let Err(error) = backend.store.take_back_attempts(&counter, attempts).await {
            tracing::warn!(%error, "an attempt stays counted");
        }
    }

    /// Takes them back where they have failed through a fault of ours, and passes on what came of them.
    pub async fn settle<T>(self, backend: &Backend, outcome: Result<T>) -> Result<T> {
        if outcome.as_ref().is_err_and(Error::is_ours) {
            self.take_back(backend).await;
        }
        outcome
    }
}

async fn count(backend: &Backend, kind: Kind, subject: &str, attempts: u64) -> Result<Counted> {
    let Some(limits) = &backend.limits else { return Ok(Counted(None)) };
    if attempts == 0 {
        return Ok(Counted(None));
    }
    let most = kind.most(limits);
    if attempts > most {
        // No window would ever do.
        return Err(Error::invalid("too_many", format!("At most {most} {} at once", kind.plural())));
    }
    let now = clock::now();
    let counter = kind.counter(subject, now);
    match backend.store.count_attempts(&counter, attempts, most).await? {
        true => Ok(Counted(Some((counter, attempts)))),
        false => Err(Error::TooMany { what: kind.plural(), seconds: seconds_left(&counter, now) }),
    }
}

/// An attempt to log in that was counted.
#[derive(Debug)]
#[must_use = "it is to be settled"]
pub(crate) struct Login {
    from_source: Counted,
    at_address: Counted,
}

impl Login {
    /// Passes on what came of it. A success does not count for its address, and what fails through a fault of ours not
    /// at all.
    pub(crate) async fn settle<T>(self, backend: &Backend, outcome: Result<T>) -> Result<T> {
        match &outcome {
            Ok(_) => self.at_address.take_back(backend).await,
            Err(error) if error.is_ours() => {
                join(self.at_address.take_back(backend), self.from_source.take_back(backend)).await;
            }
            Err(_) => {}
        }
        outcome
    }
}

/// Counts an attempt to log in, by its source and then by its address or user name: a source that may not try any
/// more keeps nobody else from logging in. `address` is canonical, and nothing where there can be no such account. The
/// answer does not depend on whether there is one.
pub(crate) async fn login(backend: &Backend, source: &Source, address: Option<&str>) -> Result<Login> {
    let from_source = count(backend, Kind::LoginsPerSource, &source.0, 1).await?;
    let at_address = match address {
        Some(address) => count(backend, Kind::LoginsPerAddress, address, 1).await,
        None => Ok(Counted(None)),
    };
    match at_address {
        Ok(at_address) => Ok(Login { from_source, at_address }),
        Err(error) => from_source.settle(backend, Err(error)).await,
    }
}

/// Counts an attempt to register, or to have a mail sent.
pub(crate) async fn registration(backend: &Backend, source: &Source) -> Result<Counted> {
    count(backend, Kind::RegistrationsPerSource, &source.0, 1).await
}

/// Counts a mail that is to be sent to a canonical address. It is to be taken back where none is sent.
pub(crate) async fn mail(backend: &Backend, address: &str) -> Result<Counted> {
    count(backend, Kind::RegistrationsPerAddress, address, 1).await
}

/// Counts so many messages of a sender, as also what else everybody is told of.
pub(crate) async fn messages(backend: &Backend, sender: &Owner, messages: usize) -> Result<Counted> {
    let subject = subject(sender);
    let counting = count(backend, Kind::MessagesPerUser, &subject, messages as u64);
    let failed = match timeout(COUNTING_LASTS, counting).await {
        Ok(Err(error)) if error.is_ours() => error.cause(),
        Ok(counted) => return counted,
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(error = failed, "messages are not counted");
    Ok(Counted(None))
}

fn subject(owner: &Owner) -> String {
    match owner {
        Owner::UserId(user) => format!("user {user}"),
        Owner::MemberId(member) => format!("member {member}"),
    }
}

/// Counts a message of a sender while it is made sure that it may be sent, so that both cost one round trip. Whoever
/// turns out to be somebody else, or may not send it, is told so, and uses nothing up.
pub(crate) async fn message_while<T>(
    backend: &Backend,
    sender: &Owner,
    admitting: impl Future<Output = Result<T>>,
) -> Result<T> {
    match join(admitting, messages(backend, sender, 1)).await {
        (Ok(admitted), counted) => counted.map(|_stays| admitted),
        (Err(error), counted) => {
            if let Ok(counted) = counted {
                counted.take_back(backend).await;
            }
            Err(error)
        }
    }
}

/// How many sockets one user may have open at once, if there is a limit.
pub(crate) fn sockets(backend: &Backend) -> Option<usize> {
    backend.limits.map(|limits| limits.sockets_per_user as usize)
}

/// Counts that a user's sockets are asked about, which takes a call for each of them. An error says that they were asked
/// about just now.
pub(crate) async fn socket_check(backend: &Backend, owner: &Owner) -> Result<()> {
    let _stays = count(backend, Kind::SocketChecks, &subject(owner), 1).await?;
    Ok(())
}

/// The refusal of one more socket.
pub(crate) const TOO_MANY_SOCKETS: Error =
    Error::TooMany { what: "open sockets", seconds: SOCKETS_RETRY_SECONDS };

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    const KINDS: [Kind; 6] = [
        Kind::LoginsPerAddress,
        Kind::LoginsPerSource,
        Kind::RegistrationsPerAddress,
        Kind::RegistrationsPerSource,
        Kind::MessagesPerUser,
        Kind::SocketChecks,
    ];

    fn kind() -> impl Strategy<Value = Kind> {
        prop::sample::select(KINDS.to_vec())
    }

    proptest! {
        #[test]
        fn a_moment_is_in_the_window_of_its_counter(kind in kind(), now in 0i64..10_000_000_000_000) {
            let now = Timestamp(now);
            let counter = kind.counter("x", now);
            let begun_at = counter.ends_at - kind.window();
            prop_assert!(begun_at * 1000 <= now.0 && now.0 < counter.ends_at * 1000);
            prop_assert_eq!(begun_at % kind.window(), 0);
            let begun_at = format!("#{begun_at}");
            prop_assert!(counter.key.ends_with(&begun_at));
        }

        #[test]
        fn who_waits_as_long_as_told_is_in_the_next_window_and_not_a_second_later(
            kind in kind(), now in 0i64..10_000_000_000_000,
        ) {
            let counter = kind.counter("x", Timestamp(now));
            let seconds = seconds_left(&counter, Timestamp(now));
            prop_assert!((1..=kind.window() as u64).contains(&seconds));
            let then = now + seconds as i64 * 1000;
            prop_assert_eq!(kind.counter("x", Timestamp(then)).ends_at, counter.ends_at + kind.window());
            prop_assert!(then - counter.ends_at * 1000 < 1000);
        }

        #[test]
        fn two_moments_share_a_counter_if_and_only_if_they_share_a_window(
            kind in kind(), one in 0i64..10_000_000, more in 0i64..8_000_000,
        ) {
            let of = |ms: i64| kind.counter("x", Timestamp(ms));
            let is_same = one / 1000 / kind.window() == (one + more) / 1000 / kind.window();
            prop_assert_eq!(of(one) == of(one + more), is_same);
        }

        #[test]
        fn a_network_of_ipv6_is_one_source_and_another_is_another(bits: u128, host: u64, bit in 64u32..128) {
            let network = bits & (u128::MAX << 64);
            let source = |bits: u128| Source::from(IpAddr::from(Ipv6Addr::from_bits(bits)));
            prop_assert_eq!(source(network), source(network | u128::from(host) | 1));
            prop_assert_ne!(source(bits), source(bits ^ (1u128 << bit)));
        }

        #[test]
        fn an_ipv4_address_is_the_same_source_in_either_notation(bits: u32, bit in 0u32..32) {
            let address = Ipv4Addr::from_bits(bits);
            let source = Source::from(IpAddr::from(address));
            prop_assert_eq!(&source, &Source::from(IpAddr::from(address.to_ipv6_mapped())));
            prop_assert_ne!(source, Source::from(IpAddr::from(Ipv4Addr::from_bits(bits ^ (1 << bit)))));
        }
    }

    #[test]
    fn subjects_and_kinds_have_counters_of_their_own_which_do_not_tell_the_subject() {
        let now = Timestamp(1_000_000);
        let mut keys = Vec::new();
        for kind in KINDS {
            for subject in ["ann@example.com", "ann@example.org", "192.0.2.1"] {
                let Counter { key, .. } = kind.counter(subject, now);
                assert!(!key.contains(subject), "{key}");
                assert!(!keys.contains(&key), "{key} is the counter of two");
                keys.push(key);
            }
        }
    }
}
