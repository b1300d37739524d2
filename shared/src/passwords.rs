//! Passwords as Argon2id PHC strings.

use crate::error::{Error, Result};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane. [`needs_upgrade`] finds hashes made with
/// other parameters.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

fn hasher() -> Result<Argon2<'static>> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The PHC string of a password, with a salt of its own.
pub fn hash(password: &str) -> Result<String> {
    let hash =
        hasher()?.hash_password(password.as_bytes()).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(hash.to_string())
}

/// Whether the password is the one behind the PHC string, by the parameters in the string. Without a string
/// (an account that does not exist) it takes the same time and the answer is no.
pub fn verify(password: &str, phc: Option<&str>) -> Result<bool> {
    let Some(phc) = phc else {
        hash(password)?;
        return Ok(false);
    };
    let parsed = PasswordHash::new(phc).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(hasher()?.verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Whether the string was made with other parameters than today's.
pub fn needs_upgrade(phc: &str) -> bool {
    let current = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$");
    !phc.starts_with(&current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let phc = hash("correct horse").expect("hashes");
        assert!(verify("correct horse", Some(&phc)).expect("verifies"));
        assert!(!verify("correct hors", Some(&phc)).expect("verifies"));
        assert!(!verify("correct horse", None).expect("verifies"));
        assert!(!needs_upgrade(&phc), "{phc}");
    }

    #[test]
    fn hashes_with_weaker_parameters_verify_and_ask_for_an_upgrade() {
        let weak =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).expect("params"));
        let phc: PasswordHash = weak.hash_password(b"correct horse").expect("hashes");
        let phc = phc.to_string();
        assert!(verify("correct horse", Some(&phc)).expect("verifies"));
        assert!(needs_upgrade(&phc));
    }
}
