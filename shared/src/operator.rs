//! The operator's own backend, which shows a key (contract, section 2).

use crate::signed::keys::decode_hex;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use sha2::{Digest, Sha256};
use std::str::FromStr;

/// The keys that are good, as hashes: who reads them cannot use them. Several, so that one can follow another without
/// a moment in which neither is good.
#[derive(Clone, Debug, Default)]
pub struct BackendKeys {
    hashes: Vec<[u8; 32]>,
}

/// The text is not a list of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SHA-256 hashes of 64 hexadecimal digits are expected, with commas between them")]
pub struct BadHash;

impl BackendKeys {
    /// Whether a key is good. Takes as long for one that is as for one that is not.
    pub fn admit(&self, key: &str) -> bool {
        let shown = Sha256::digest(key);
        let is_one = |good, hash: &[u8; 32]| verify_slices_are_equal(hash, &shown).is_ok() | good;
        self.hashes.iter().fold(false, is_one)
    }
}

impl FromStr for BackendKeys {
    type Err = BadHash;

    /// Hashes in hexadecimal with commas between them; none at all is fine, and admits nobody.
    fn from_str(text: &str) -> Result<Self, BadHash> {
        let listed = text.split(',').map(str::trim).filter(|hash| !hash.is_empty());
        Ok(Self { hashes: listed.map(hash).collect::<Result<_, _>>()? })
    }
}

fn hash(text: &str) -> Result<[u8; 32], BadHash> {
    decode_hex(text).and_then(|bytes| bytes.try_into().ok()).ok_or(BadHash)
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf one | sha256sum
    const ONE: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    const TWO: &str = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";

    #[test]
    fn any_of_several_keys_is_good_and_no_other() {
        let keys: BackendKeys = format!("{ONE}, {}", TWO.to_uppercase()).parse().expect("two hashes");
        for (key, is_good) in [("one", true), ("two", true), ("three", false), ("", false), (ONE, false)] {
            assert_eq!(keys.admit(key), is_good, "{key}");
        }
        assert!(!BackendKeys::default().admit(""));
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for wrong in ["one", &ONE[1..], &format!("{ONE}00"), &ONE.replace('7', "g")] {
            assert_eq!(wrong.parse::<BackendKeys>().err(), Some(BadHash), "{wrong}");
        }
        assert!("".parse::<BackendKeys>().expect("none").hashes.is_empty());
    }
}
