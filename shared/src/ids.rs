//! Identifiers: 53-bit numbers, roughly ordered by time, with no central counter (contract, section 1).

use crate::clock;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

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
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u64", into = "u64")]
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

/// One attempt to write something, so that its traces can be told from another attempt's. Version 7: it
/// tells when it was made.
pub fn attempt() -> String {
    uuid::Uuid::now_v7().simple().to_string()
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
    fn only_plain_positive_numbers_are_ids() {
        for wrong in ["", "0", "-1", "+1", " 1", "1 ", "1.0", "9007199254740992", "99999999999999999999", "a"]
        {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong:?}");
        }
        assert_eq!("9007199254740991".parse::<UserId>().map(UserId::get), Ok(MAX_ID));
    }
}
