//! Identifiers: 53-bit numbers, roughly ordered by time, with no central counter; and the names that platforms give
//! to their own users and chats (contract, section 1).

use crate::clock::{self, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;
use uuid::Uuid;

/// The largest integer a JavaScript client can hold, 2^53 - 1.
const MAX_ID: u64 = (1 << 53) - 1;
/// 2026-01-01T00:00:00Z: the 41 bits of milliseconds last until 2095.
const EPOCH_MS: i64 = 1_767_225_600_000;
const RANDOM_BITS: u32 = 12;

/// A new id: milliseconds in the high bits, random low bits. It is only probably new: whoever uses it claims
/// it with a conditional put and draws again on a conflict.
fn mint() -> u64 {
    let ms = (clock::now().0 - EPOCH_MS).max(1) as u64;
    ((ms << RANDOM_BITS) | u64::from(rand::random::<u16>() & ((1 << RANDOM_BITS) - 1))) & MAX_ID
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "u64", into = "u64")]
        #[schema(minimum = 1, maximum = 9_007_199_254_740_991_u64)]
        pub struct $name(u64);

        impl $name {
            /// Draws a new id, to be claimed by a conditional put.
            pub fn mint() -> Self {
                Self(mint())
            }

            /// The number itself, 1 to 2^53 - 1.
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = OutOfRange;

            fn try_from(number: u64) -> Result<Self, OutOfRange> {
                if (1..=MAX_ID).contains(&number) { Ok(Self(number)) } else { Err(OutOfRange) }
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> u64 {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = OutOfRange;

            /// Digits only: no sign, no white space.
            fn from_str(text: &str) -> Result<Self, OutOfRange> {
                if !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(OutOfRange);
                }
                text.parse::<u64>().map_err(|_| OutOfRange)?.try_into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id! {
    /// A user of any surface.
    UserId
}
id! {
    /// A chat. Never used again after the chat is deleted.
    ChatId
}

impl UserId {
    /// Who the bot's messages are from. No account has this id: minted ones have milliseconds in the high bits.
    pub const BOT: Self = Self(1);
}

/// The text or number is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is a whole number from 1 to 9007199254740991")]
pub struct OutOfRange;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, not $reserved:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(pattern = $pattern)]
        pub struct $name(String);

        impl $name {
            /// The name itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                let reserved: &[&str] = &$reserved;
                if is_name(&text) && !reserved.contains(&text.as_str()) { Ok(Self(text)) } else { Err(BadName) }
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

name! {
    /// A user of a platform: the document's `userID`, a namespace apart from that of [`UserId`] (000).
    MemberId, r"^(?!\.\.?$)[a-zA-Z0-9.-]{1,128}$", not []
}
name! {
    /// A platform's chat: the document's `chatID`. Without those that are other paths of document 001.
    PlatformChatId, r"^(?!(\.\.?|users|read|unread)$)[a-zA-Z0-9.-]{1,128}$", not ["users", "read", "unread"]
}

/// What platforms name things with. Paths do not keep `.` and `..`.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(plain) && text != "." && text != ".."
}

/// The text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("1 to 128 letters, digits, dots and hyphens are expected")]
pub struct BadName;

/// Whose a socket is, or a push.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A user of this system.
    UserId(UserId),
    /// A platform's user.
    MemberId(MemberId),
}

impl From<UserId> for Owner {
    fn from(user: UserId) -> Self {
        Self::UserId(user)
    }
}

impl From<MemberId> for Owner {
    fn from(member: MemberId) -> Self {
        Self::MemberId(member)
    }
}

/// One attempt to write something, so that its traces can be told from another attempt's. Version 7: it
/// tells when it was made.
pub fn attempt() -> String {
    Uuid::now_v7().simple().to_string()
}

/// An id for something that is queued: version 7, so that ids grow with the moments they are made for.
pub fn event_id(at: Timestamp) -> Uuid {
    event_id_of(at, &rand::random())
}

/// The least id for a moment.
pub fn first_event_id(at: Timestamp) -> Uuid {
    event_id_of(at, &[0; 10])
}

fn event_id_of(at: Timestamp, random: &[u8; 10]) -> Uuid {
    let ms = u64::try_from(at.0).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(ms, random).into_uuid()
}

/// 128 random bits as 22 characters, for what must not be guessed.
pub fn secret() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fit_javascript_and_grow_with_time() {
        let first = ChatId::mint();
        assert!(first.get() <= MAX_ID);
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(ChatId::mint() > first);
    }

    #[test]
    fn names_of_platforms_are_letters_digits_dots_and_hyphens() {
        for right in ["a", "John.Doe-mobile1", "0", "...", &"x".repeat(128)] {
            assert!(right.parse::<MemberId>().is_ok(), "{right:?}");
        }
        for wrong in ["", ".", "..", "a b", "a/b", "a_b", "\u{e9}", "a\n", &"x".repeat(129)] {
            assert!(wrong.parse::<MemberId>().is_err(), "{wrong:?}");
        }
        assert!("users".parse::<MemberId>().is_ok());
        assert!("users".parse::<PlatformChatId>().is_err());
    }

    #[test]
    fn only_plain_positive_numbers_are_ids() {
        for wrong in ["", "0", "-1", "+1", " 1", "1 ", "1.0", "9007199254740992", "99999999999999999999", "a"]
        {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong:?}");
        }
        assert_eq!("9007199254740991".parse::<UserId>().map(UserId::get), Ok(MAX_ID));
    }
}
