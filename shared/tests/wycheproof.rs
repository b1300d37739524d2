//! Verification of users' signatures against the test vectors of Project Wycheproof.
//!
//! Every vector is verified in both of our algorithms, also those made with other hashes, salts or mask
//! functions. A vector is `valid`, `invalid` or `acceptable` by the rules of its own set, so:
//!
//! - `valid` in a set of ours (SHA-256; for PSS also MGF1 with SHA-256 and a salt of 32 bytes): verifies. In
//!   any other set: refused.
//! - `acceptable`: refused. The only ones have the flag `MissingNull`, a DigestInfo without the NULL
//!   parameters of its hash, which RFC 8017 does not allow (section 8.2.2 compares the whole encoding).
//! - `invalid`: refused, but for the few that are wrong in their set for being right in ours; see
//!   [`ours_elsewhere`].
//!
//! No vector has a key below 2048 bits. Keys of 8192 bits, with the exponent 3, or restricted to RSASSA-PSS
//! must be refused as keys.

use chat::signed::keys::{Algorithm, BadKey, UserKey};
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::EncodePublicKey;
use wycheproof::{HashFunction, Mgf, TestResult, rsa_pkcs1_verify, rsa_pss_verify};

/// How many vectors were looked at, so that a test cannot pass by looking at nothing.
#[derive(Debug, Default)]
struct Seen {
    /// In sets of our parameters: those that must verify and those that must not.
    valid: usize,
    invalid: usize,
    acceptable: usize,
    /// In sets of other parameters.
    foreign_valid: usize,
    foreign_invalid: usize,
    foreign_acceptable: usize,
    /// Signatures of ours among the invalid ones.
    ours_elsewhere: usize,
    /// Vectors not looked at because their key is refused.
    bad_key: usize,
}

impl Seen {
    fn count(&mut self, in_our_set: bool, result: TestResult) {
        *match (in_our_set, result) {
            (true, TestResult::Valid) => &mut self.valid,
            (true, TestResult::Invalid) => &mut self.invalid,
            (true, TestResult::Acceptable) => &mut self.acceptable,
            (false, TestResult::Valid) => &mut self.foreign_valid,
            (false, TestResult::Invalid) => &mut self.foreign_invalid,
            (false, TestResult::Acceptable) => &mut self.foreign_acceptable,
        } += 1;
    }
}

/// A vector, whichever its set.
struct Vector<'a> {
    set: String,
    algorithm: Algorithm,
    in_our_set: bool,
    /// Whether its set uses SHA-256 throughout, so that it is ours but for the salt.
    sha256: bool,
    result: TestResult,
    comment: &'a str,
    message: &'a [u8],
    signature: &'a [u8],
}

impl Vector<'_> {
    /// The algorithm of ours in which it must verify.
    fn expected(&self) -> Option<Algorithm> {
        match self.result {
            TestResult::Valid => self.in_our_set.then_some(self.algorithm),
            TestResult::Acceptable => None,
            TestResult::Invalid => ours_elsewhere(self),
        }
    }

    fn check(&self, key: &UserKey, seen: &mut Seen) {
        let expected = self.expected();
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
            // These do not tell their hash and salt: some are ours, some are not.
            if algorithm == Algorithm::Ps256 && self.comment == "RSASSA-PSS signature" {
                continue;
            }
            let answer = key.verify(algorithm, self.message, self.signature);
            assert_eq!(answer, expected == Some(algorithm), "{algorithm:?}, {}: {}", self.set, self.comment);
        }
        seen.count(self.in_our_set, self.result);
        seen.ours_elsewhere += usize::from(self.result == TestResult::Invalid && expected.is_some());
    }
}

/// The algorithm of ours by whose rules an invalid vector is a proper signature: it is there to show that a
/// verifier keeps to the parameters of the set.
fn ours_elsewhere(vector: &Vector) -> Option<Algorithm> {
    let comment = vector.comment;
    match vector.algorithm {
        Algorithm::Rs256 if comment.starts_with("The message is hashed with SHA-256 instead of ") => {
            Some(Algorithm::Rs256)
        }
        Algorithm::Ps256 if vector.sha256 && !vector.in_our_set && comment == "s_len changed to 32" => {
            Some(Algorithm::Ps256)
        }
        Algorithm::Ps256 if comment == "PKCS #1 v1.5 signature with SHA-256" => Some(Algorithm::Rs256),
        _ => None,
    }
}

/// A group's key. `None` where its numbers are out of bounds, and then it is refused for just that.
fn key(der: &[u8], bits: usize, exponent: &[u8]) -> Option<UserKey> {
    let refusal = match (bits, exponent) {
        (2048..=4096, [1, 0, 1]) => None,
        (2048..=4096, [3]) => Some(BadKey::Exponent),
        (8192, _) => Some(BadKey::ModulusBits(8192)),
        other => panic!("a kind of key that this test does not know: {other:?}"),
    };
    let key = UserKey::from_der(der);
    assert_eq!(key.as_ref().err(), refusal.as_ref());
    key.ok().inspect(|key| assert_eq!(key.to_der(), der))
}

#[test]
fn rsassa_pkcs1_v1_5() {
    let mut seen = Seen::default();
    for name in rsa_pkcs1_verify::TestName::all() {
        let set = rsa_pkcs1_verify::TestSet::load(name).expect("a set");
        for group in set.test_groups {
            let Some(key) = key(&group.der, group.key_size, &group.key.e) else {
                seen.bad_key += group.tests.len();
                continue;
            };
            let sha256 = group.hash == HashFunction::Sha2_256;
            for test in &group.tests {
                if test.result == TestResult::Acceptable {
                    assert_eq!(test.flags, [rsa_pkcs1_verify::TestFlag::MissingNull]);
                }
                let vector = Vector {
                    set: format!("{name:?} {}", test.tc_id),
                    algorithm: Algorithm::Rs256,
                    in_our_set: sha256,
                    sha256,
                    result: test.result,
                    comment: &test.comment,
                    message: &test.msg,
                    signature: &test.sig,
                };
                vector.check(&key, &mut seen);
            }
        }
    }
    assert!(seen.valid >= 21 && seen.invalid >= 749 && seen.acceptable >= 3, "{seen:?}");
    assert!(seen.foreign_valid >= 126 && seen.foreign_invalid >= 4_504, "{seen:?}");
    assert!(seen.foreign_acceptable >= 18 && seen.ours_elsewhere >= 18 && seen.bad_key >= 781, "{seen:?}");
}

#[test]
fn rsassa_pss() {
    let mut seen = Seen::default();
    for name in rsa_pss_verify::TestName::all() {
        let set = rsa_pss_verify::TestSet::load(name).expect("a set");
        for group in set.test_groups {
            let der = match group.test_type {
                rsa_pss_verify::TestGroupTypeId::RsaPssVerify => group.der.to_vec(),
                // The key is restricted to RSASSA-PSS. Its numbers in a plain key serve for the vectors.
                rsa_pss_verify::TestGroupTypeId::RsaPssVerifyWithParam => {
                    assert_eq!(UserKey::from_der(&group.der).err(), Some(BadKey::NotRsa), "{name:?}");
                    let plain = RsaPublicKey::from_pkcs1_der(&group.asn_key).expect("a key");
                    plain.to_public_key_der().expect("DER").into_vec()
                }
            };
            let Some(key) = key(&der, group.key_size, &group.key.e) else {
                seen.bad_key += group.tests.len();
                continue;
            };
            let sha256 = (group.hash, group.mgf, group.mgf_hash)
                == (HashFunction::Sha2_256, Mgf::Mgf1, Some(HashFunction::Sha2_256));
            for test in &group.tests {
                let vector = Vector {
                    set: format!("{name:?} {}", test.tc_id),
                    algorithm: Algorithm::Ps256,
                    in_our_set: sha256 && group.salt_size == 32,
                    sha256,
                    result: test.result,
                    comment: &test.comment,
                    message: &test.msg,
                    signature: &test.sig,
                };
                vector.check(&key, &mut seen);
            }
        }
    }
    assert!(seen.valid >= 317 && seen.invalid >= 225, "{seen:?}");
    assert!(seen.foreign_valid >= 2_091 && seen.foreign_invalid >= 864, "{seen:?}");
    assert!(seen.ours_elsewhere >= 26, "{seen:?}");
    assert!(seen.acceptable + seen.foreign_acceptable + seen.bad_key == 0, "{seen:?}");
}
