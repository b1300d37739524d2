//! Keys and signatures of a platform's users (signed messaging): RSA with SHA-256, in two paddings.

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use base64::{alphabet, prelude::BASE64_STANDARD};
use rsa::pkcs1::{self, UintRef};
use rsa::pkcs8::{EncodePublicKey, SubjectPublicKeyInfoRef};
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey, pkcs1v15, pss};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::ops::RangeInclusive;

const MODULUS_BITS: RangeInclusive<usize> = 2_048..=4_096;
/// A signature is as long as its key's modulus.
const SIGNATURE_BYTES: RangeInclusive<usize> = 256..=512;
const MIN_EXPONENT: u32 = 65_537;
const SALT_BYTES: usize = 32;
/// Room for every key that can be accepted, in every form, and for larger ones, so that those are told what
/// is wrong with them.
const MAX_KEY_TEXT: usize = 8 * 1_024;
/// The longest signature in its longest form, hex.
const MAX_SIGNATURE_TEXT: usize = 2 * *SIGNATURE_BYTES.end();
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";
const UNPADDED_TOO: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, UNPADDED_TOO);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, UNPADDED_TOO);

/// How a signature is made over some bytes. On the wire `RS256` or `PS256`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    Rs256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    Ps256,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Two digits a byte, of either case when read, lower case when written.
    Hex,
    /// Read in the standard or the URL alphabet, padded or not; written in the standard one, padded.
    #[default]
    Base64,
}

/// Why a key is refused. Each reason is a clause that can follow the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// The text cannot be a key of an accepted size.
    #[error("must have at most {MAX_KEY_TEXT} bytes")]
    TooLong,
    /// PEM of another kind (PKCS#1, a certificate, a private key), or damaged.
    #[error("must be a single BEGIN PUBLIC KEY block if it is PEM")]
    Pem,
    /// No known form of text.
    #[error("must be PEM, hex or base64")]
    Text,
    /// Bytes that are not DER of a SubjectPublicKeyInfo, or more than that.
    #[error("must be a SubjectPublicKeyInfo in DER and nothing else")]
    Der,
    /// A key of another algorithm, or one restricted to RSASSA-PSS.
    #[error("must be an RSA key, with the algorithm rsaEncryption and NULL as its parameters")]
    NotRsa,
    /// A modulus too small or too large. Its bits.
    #[error("must have a modulus of 2048 to 4096 bits, not {0}")]
    ModulusBits(usize),
    /// An even modulus.
    #[error("must have an odd modulus")]
    EvenModulus,
    /// An exponent that is even, too small or too large.
    #[error("must have an odd exponent from 65537 to 8589934591")]
    Exponent,
}

/// A platform user's RSA public key: a modulus of 2048 to 4096 bits, odd, and an odd exponent from 65537 to
/// 2^33 - 1. The upper bound keeps the price of a verification in hand, which grows with the exponent.
#[derive(Clone, Debug)]
pub struct UserKey {
    key: RsaPublicKey,
    der: Vec<u8>,
}

impl UserKey {
    /// A key from text: PEM of its SubjectPublicKeyInfo, or hex or base64 (standard or URL alphabet, padded
    /// or not) of the DER. White space at the ends of the text and of its lines does not count.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        if text.len() > MAX_KEY_TEXT {
            return Err(BadKey::TooLong);
        }
        let text: String = text.split(['\r', '\n']).map(str::trim).collect();
        let body = text.strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END));
        let der = match body {
            Some(body) => decode_base64(body).ok_or(BadKey::Pem)?,
            None if text.starts_with("-----") => return Err(BadKey::Pem),
            None => decode_hex(&text).or_else(|| decode_base64(&text)).ok_or(BadKey::Text)?,
        };
        Self::from_der(&der)
    }

    /// A key from the DER of its SubjectPublicKeyInfo.
    pub fn from_der(der: &[u8]) -> Result<Self, BadKey> {
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| BadKey::Der)?;
        if info.algorithm != pkcs1::ALGORITHM_ID {
            return Err(BadKey::NotRsa);
        }
        let numbers = info.subject_public_key.as_bytes().ok_or(BadKey::Der)?;
        let numbers = pkcs1::RsaPublicKey::try_from(numbers).map_err(|_| BadKey::Der)?;
        let modulus = BigUint::from_bytes_be(numbers.modulus.as_bytes());
        let exponent = BigUint::from_bytes_be(numbers.public_exponent.as_bytes());
        if !MODULUS_BITS.contains(&modulus.bits()) {
            return Err(BadKey::ModulusBits(modulus.bits()));
        }
        if !is_odd(numbers.modulus) {
            return Err(BadKey::EvenModulus);
        }
        if !is_odd(numbers.public_exponent) || exponent < BigUint::from(MIN_EXPONENT) {
            return Err(BadKey::Exponent);
        }
        // What is left for the crate to refuse is an exponent above its bound.
        let key = RsaPublicKey::new(modulus, exponent).map_err(|_| BadKey::Exponent)?;
        let der = key.to_public_key_der().map_err(|_| BadKey::Der)?.into_vec();
        Ok(Self { key, der })
    }

    /// The DER of its SubjectPublicKeyInfo: the same bytes for the same key, whatever it was parsed from.
    pub fn to_der(&self) -> Vec<u8> {
        self.der.clone()
    }

    /// Whether the signature is this key's over the message. A signature has the length of the modulus.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if signature.len() != self.key.size() {
            return false;
        }
        // These types and not the crate's `RsaPublicKey::verify`: that one takes a PSS signature to which the
        // modulus was added for another spelling of the same.
        match algorithm {
            Algorithm::Rs256 => {
                let key = pkcs1v15::VerifyingKey::<Sha256>::new(self.key.clone());
                pkcs1v15::Signature::try_from(signature).is_ok_and(|sign| key.verify(message, &sign).is_ok())
            }
            Algorithm::Ps256 => {
                let key = pss::VerifyingKey::<Sha256>::new_with_salt_len(self.key.clone(), SALT_BYTES);
                pss::Signature::try_from(signature).is_ok_and(|sign| key.verify(message, &sign).is_ok())
            }
        }
    }
}

fn is_odd(number: UintRef<'_>) -> bool {
    number.as_bytes().last().is_some_and(|byte| byte & 1 == 1)
}

/// The bytes of a signature, and how they were written. It is hex if it has nothing but hex digits and is as
/// long as the hex of 256 to 512 bytes; else base64, in which a space stands for a plus sign, because an
/// unescaped plus sign in a query arrives as a space. `None` if it is neither, empty, or longer than any
/// signature. The length of what base64 gives is for [`UserKey::verify`] to judge.
pub fn decode_signature(text: &str) -> Option<(Vec<u8>, Encoding)> {
    if text.is_empty() || text.len() > MAX_SIGNATURE_TEXT {
        return None;
    }
    let hex = decode_hex(text).filter(|bytes| SIGNATURE_BYTES.contains(&bytes.len()));
    match hex {
        Some(bytes) => Some((bytes, Encoding::Hex)),
        None => Some((decode_base64(&text.replace(' ', "+"))?, Encoding::Base64)),
    }
}

/// A signature as text: lower-case hex, or standard base64 with padding.
pub fn encode_signature(signature: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Hex => signature.iter().map(|byte| format!("{byte:02x}")).collect(),
        Encoding::Base64 => BASE64_STANDARD.encode(signature),
    }
}

pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|char| char.to_digit(16)?.try_into().ok());
    let digits: Vec<u8> = digits.collect::<Option<_>>()?;
    let (pairs, odd) = digits.as_chunks::<2>();
    odd.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use rsa::pkcs1::EncodeRsaPublicKey;
    use rsa::pkcs8::AlgorithmIdentifierRef;
    use rsa::pkcs8::der::Encode;
    use rsa::pkcs8::der::pem::LineEnding;

    /// A key of 2052 bits: adding its modulus to a signature leaves the signature's length as it was.
    const KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQENOJtzogfNJoRIKhtMcYI/
uFjYB4GqomrT8VHyi5w8LyCheK3uyB5p8iFRj9J040v/GUQVsDMt0bYba+rBjXBg
6SF7twuRWTlVQH6dnm9dJOdPhYvL7+86TqEIlFxbMzH52lPQru0RYaU9awupmO6V
oevXiD63Bf7hr3e95SoFH47drMoaAIK1XZoPa6CausTCTeb9oaAMfJKRSBaCZB5L
p3/WCenzh+VUrjlwsq91/c+9qFX700EfxDsIJxPi57d/wH1d0blZ1K6AHwjtRcrF
Emf2TNOMxJTm1bVpby/mM93hx3IsnxzgV5ev4A4OvCvo95CO4jTYR+HG/ulOoTNM
WwIDAQAB
-----END PUBLIC KEY-----
";
    const MESSAGE: &[u8] = br#"{"timestamp": "1700000000000"}"#;
    /// Signatures of [`MESSAGE`] from another implementation.
    const RS256: &str = "\
        A/xH2rkwr8fLYys0vhyru6cXco+8uR0+r9fmjie5Kh4omIrHw6w1EcvAgUUXQ9ASEYzLnoN1FJvho3SibUulBB1M\
        FGtfuxQrD6OW13fYXjnUInsj/GIPgisR+p6ypoLhfjuIYuK0IM6P3pH/tQ5JL24LaxMZvcG/TWpBpkd0vgYnPMa/\
        vKHTOq9MUDQtbfFr0LV4CN+GhFARQdjdaibY2yaxiry/lPkF0c/djr4Z0U8cWfyjW4UYrqQ6iCojxmAyREHQbMzn\
        YjlWoWW2BQnLwfJ9v0EleMeFRyXkwvtGE89aQryByAgP28kxMyH8ptprDE+70txA4KDXAsZuH6hVAmc=";
    const PS256: &str = "\
        BKZQn+RGdz8ei55acK7xxPbeHch0pfvn/BOe+j7yvmilqZsqdK1CO01PtlIlRf/npq+YrA6QyZ37a44wyxQNSnBY\
        7QQDPvoL4l43+cCfBSnRNf3NF7Jb1E4uaqOf9B4UQtT8p2d46HD6D0kNkABp72hdAjMuHz0/SAQCWQhrIDyhDZrR\
        kX3S/2UVJcI7xUUCtt4jj8i3bd/M76cJKmPqcAHinG4zGoQEm9ywggNJMWDEk1/VDV3ete1FS1q5kkWwOkHO64j2\
        m951tv0zf/DoENqzJXex8xGPaHbumJxZeOS4SntF13J5W/3e3y51FRM3Uf/z788kU+JWeR0zW5LEYjA=";
    /// PSS with a salt of 20 bytes.
    const PS256_SALT_20: &str = "\
        C8iGHV70KYVfCcnS06Otzzm8qDxnODTtK8TGrQTfWObuB3h+hwOFz43T17q/SW4SRJD0PJkcXbikMXc4HEXRbRNM\
        JezqyIY3g7R1QdGRgDj9lFkrbIRPcTpL0Nc7dY197V++CFJewwf0/P25wu/mHB4Mc6q7esazEXWGk9e4/VpZDW1R\
        uIEe249SsM5fgJ0isebR+QZ37qOveKBbJ04peWQbEVDZP2kix+j+L+v94axnF50U4BSGhZYpeiQ4rvMozDPo+IxX\
        y7Y34ZnXDXsCn4ItwYxEhCDOUf6K8FUZiFocNFhzMeaPQzngJ0tJotFPhX581dv5/d9tCGKbVUsFhCA=";
    /// A P-256 key, public and private (PKCS#8), and an Ed25519 certificate.
    const EC_KEY: &str = "\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOKwqYw2DUlgMtY5cDqOoYCZK6ttyBhvc2CCEQ/Zkc6A7d7MvpJHp\
        vBOBNGcNfotD+Unmr56/TPUfb0TkMNBt4g==";
    const PRIVATE_KEY: &str = "\
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDHuIcL8lC2XyLabq9q3YcOgupHc2+ZpJO/BIstWf\
        +WyhRANCAAQ4rCpjDYNSWAy1jlwOo6hgJkrq23IGG9zYIIRD9mRzoDt3sy+kkem8E4E0Zw1+i0P5Seavnr9M9R9v\
        ROQw0G3i";
    const CERTIFICATE: &str = "\
        MIIBLDCB36ADAgECAhQMp5ZA5RGMyS70b+4/UG3irA6esDAFBgMrZXAwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjEx\
        MDQxNDZaFw0yNjExMjIxMDQxNDZaMAwxCjAIBgNVBAMMAWEwKjAFBgMrZXADIQB7Rr0vs6gZBs9YBVxoh7ITbqi8\
        CuZr1KKC3DGhcekUzaNTMFEwHQYDVR0OBBYEFOpetlt7EUVCa5lvBZ+Y0nXN5g3/MB8GA1UdIwQYMBaAFOpetlt7\
        EUVCa5lvBZ+Y0nXN5g3/MA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAmQph8RBphaLAuON33aHbHJga76P6GdHx\
        n0QG4BZtcbapGozDraxlbEtNVsMvUXXluCL+tfWUGXAjx5J+3nIKBw==";

    fn key() -> UserKey {
        UserKey::parse(KEY).expect("a key")
    }

    fn signature(text: &str) -> Vec<u8> {
        decode_signature(text).expect("a signature").0
    }

    fn hex(bytes: &[u8]) -> String {
        encode_signature(bytes, Encoding::Hex)
    }

    /// Any key, accepted or not: the lowest modulus of so many bits plus `low`.
    fn numbers(bits: usize, low: u8, exponent: u64) -> RsaPublicKey {
        let modulus = (BigUint::from(1u8) << (bits - 1)) + low;
        RsaPublicKey::new_unchecked(modulus, BigUint::from(exponent))
    }

    fn der(bits: usize, low: u8, exponent: u64) -> Vec<u8> {
        numbers(bits, low, exponent).to_public_key_der().expect("encodes").into_vec()
    }

    fn refusal(der: &[u8]) -> BadKey {
        let refused = UserKey::from_der(der).expect_err("refused");
        for text in [hex(der), BASE64_STANDARD.encode(der)] {
            assert_eq!(UserKey::parse(&text).expect_err("refused"), refused);
        }
        refused
    }

    #[test]
    fn a_key_is_the_same_in_every_form() {
        let der = key().to_der();
        let base64 = BASE64_STANDARD.encode(&der);
        let lines =
            hex(&der).as_bytes().chunks(60).map(|line| String::from_utf8_lossy(line) + "\n").collect();
        for text in [
            KEY.replace('\n', "\r\n"),
            KEY.replace('\n', ""),
            format!("\n\t {}  ", KEY.replace('\n', " \n  ")),
            hex(&der),
            hex(&der).to_uppercase(),
            lines,
            format!(" {base64}\n"),
            base64.replacen('A', "\nA", 5),
            BASE64_STANDARD_NO_PAD.encode(&der),
            BASE64_URL_SAFE.encode(&der),
            BASE64_URL_SAFE_NO_PAD.encode(&der),
        ] {
            assert_eq!(UserKey::parse(&text).expect(&text).to_der(), der);
        }
        assert_eq!(UserKey::from_der(&der).expect("a key").to_der(), der);
    }

    #[test]
    fn the_bounds_are_accepted() {
        for (bits, exponent) in [(2048, 65_537), (4096, 65_537), (2049, 65_539), (3072, (1 << 33) - 1)] {
            assert!(UserKey::from_der(&der(bits, 1, exponent)).is_ok(), "{bits} bits, exponent {exponent}");
        }
    }

    #[test]
    fn moduli_out_of_bounds_are_refused() {
        for bits in [512, 1024, 2047, 4097, 8192] {
            assert_eq!(refusal(&der(bits, 1, 65_537)), BadKey::ModulusBits(bits));
        }
        assert_eq!(refusal(&der(2048, 0, 65_537)), BadKey::EvenModulus);
        assert_eq!(
            BadKey::ModulusBits(1024).to_string(),
            "must have a modulus of 2048 to 4096 bits, not 1024"
        );
    }

    #[test]
    fn exponents_out_of_bounds_are_refused() {
        for exponent in [0, 1, 2, 3, 17, 65_535, 65_536, 65_538, (1 << 33) + 1, u64::MAX] {
            assert_eq!(refusal(&der(2048, 1, exponent)), BadKey::Exponent, "{exponent}");
        }
        let modulus = (BigUint::from(1u8) << 2047) + 1u8;
        let equal = RsaPublicKey::new_unchecked(modulus.clone(), modulus);
        assert_eq!(refusal(equal.to_public_key_der().expect("encodes").as_bytes()), BadKey::Exponent);
    }

    #[test]
    fn other_algorithms_are_refused() {
        assert_eq!(UserKey::parse(EC_KEY).expect_err("refused"), BadKey::NotRsa);
        let plain = der(2048, 1, 65_537);
        let info = SubjectPublicKeyInfoRef::try_from(&plain[..]).expect("decodes");
        let rsassa_pss = "1.2.840.113549.1.1.10".parse().expect("an object identifier");
        for (oid, parameters) in [
            (rsassa_pss, None),
            (rsassa_pss, info.algorithm.parameters),
            // NULL parameters are not optional.
            (info.algorithm.oid, None),
        ] {
            let algorithm = AlgorithmIdentifierRef { oid, parameters };
            let other = SubjectPublicKeyInfoRef { algorithm, subject_public_key: info.subject_public_key };
            assert_eq!(refusal(&other.to_der().expect("encodes")), BadKey::NotRsa);
        }
    }

    #[test]
    fn other_containers_are_refused() {
        let pkcs1 = numbers(2048, 1, 65_537).to_pkcs1_pem(LineEnding::LF).expect("encodes");
        assert_eq!(UserKey::parse(&pkcs1).expect_err("refused"), BadKey::Pem);
        for label in ["RSA PUBLIC KEY", "PRIVATE KEY", "RSA PRIVATE KEY", "CERTIFICATE", "public key", ""] {
            let pem = KEY.replace("PUBLIC KEY", label);
            assert_eq!(UserKey::parse(&pem).expect_err("refused"), BadKey::Pem, "{label}");
        }
        let pkcs1 = numbers(2048, 1, 65_537).to_pkcs1_der().expect("encodes");
        assert_eq!(refusal(pkcs1.as_bytes()), BadKey::Der);
        for text in [PRIVATE_KEY, CERTIFICATE] {
            assert_eq!(UserKey::parse(text).expect_err("refused"), BadKey::Der);
            let mislabelled = format!("{PEM_BEGIN}\n{text}\n{PEM_END}\n");
            assert_eq!(UserKey::parse(&mislabelled).expect_err("refused"), BadKey::Der);
        }
    }

    #[test]
    fn damaged_keys_are_refused() {
        let der = key().to_der();
        assert_eq!(refusal(&[&der[..], b"\0"].concat()), BadKey::Der);
        assert_eq!(refusal(&der[..der.len() - 1]), BadKey::Der);
        assert_eq!(refusal(&[&der[..], &der[..]].concat()), BadKey::Der);
        for text in [KEY.replacen("M", "?", 1), KEY.replacen("\nM", "\n\nM= ", 1), format!("{KEY}{KEY}")] {
            assert_eq!(UserKey::parse(&text).expect_err("refused"), BadKey::Pem, "{text}");
        }
        assert_eq!(UserKey::parse(KEY.trim_end_matches(['-', '\n'])).expect_err("refused"), BadKey::Pem);
        for text in ["zz z", "ключ", "=", "3", "M", "{}", KEY.trim_start_matches('-')] {
            assert_eq!(UserKey::parse(text).expect_err("refused"), BadKey::Text, "{text}");
        }
        for text in ["", " \n", "30", "AAAA", "----"] {
            assert_eq!(UserKey::parse(text).expect_err("refused"), BadKey::Der, "{text}");
        }
        let long = KEY.to_owned() + &" ".repeat(MAX_KEY_TEXT);
        assert_eq!(UserKey::parse(&long).expect_err("refused"), BadKey::TooLong);
    }

    #[test]
    fn signatures_of_another_implementation_verify_in_their_own_algorithm_only() {
        let key = key();
        for (own, other, text) in
            [(Algorithm::Rs256, Algorithm::Ps256, RS256), (Algorithm::Ps256, Algorithm::Rs256, PS256)]
        {
            let sign = signature(text);
            assert!(key.verify(own, MESSAGE, &sign), "{own:?}");
            assert!(!key.verify(other, MESSAGE, &sign), "{own:?}");
            assert!(!key.verify(own, b"{}", &sign), "{own:?}");
            let mut flipped = sign.clone();
            flipped[100] ^= 1;
            assert!(!key.verify(own, MESSAGE, &flipped), "{own:?}");
        }
        assert!(!key.verify(Algorithm::Ps256, MESSAGE, &signature(PS256_SALT_20)));
    }

    #[test]
    fn a_signature_has_one_spelling() {
        let key = key();
        for (algorithm, text) in [(Algorithm::Rs256, RS256), (Algorithm::Ps256, PS256)] {
            let sign = signature(text);
            let sum = (BigUint::from_bytes_be(&sign) + key.key.n()).to_bytes_be();
            assert_eq!(sum.len(), sign.len());
            let longer = [b"\0", &sign[..]].concat();
            for other in [&sum[..], &longer, &sign[1..], &sign[..256], &[], &[0; 257], &[0xff; 257]] {
                assert!(!key.verify(algorithm, MESSAGE, other), "{algorithm:?}, {} bytes", other.len());
            }
        }
    }

    #[test]
    fn algorithms_have_their_names_on_the_wire() {
        for (algorithm, name) in [(Algorithm::Rs256, r#""RS256""#), (Algorithm::Ps256, r#""PS256""#)] {
            assert_eq!(serde_json::to_string(&algorithm).expect("a string"), name);
            assert_eq!(serde_json::from_str::<Algorithm>(name).expect("an algorithm"), algorithm);
        }
        assert!(serde_json::from_str::<Algorithm>(r#""rs256""#).is_err());
        assert_eq!((Algorithm::default(), Encoding::default()), (Algorithm::Rs256, Encoding::Base64));
    }

    #[test]
    fn digits_are_hex_only_in_the_length_of_a_signature() {
        for (digits, encoding) in [
            (510, Some(Encoding::Base64)),
            (511, Some(Encoding::Base64)),
            (512, Some(Encoding::Hex)),
            (514, Some(Encoding::Hex)),
            (516, Some(Encoding::Hex)),
            (1024, Some(Encoding::Hex)),
            // One character over whole groups of four is no base64.
            (513, None),
            (1028, None),
        ] {
            let decoded = decode_signature(&"A".repeat(digits));
            assert_eq!(decoded.map(|(_, encoding)| encoding), encoding, "{digits} digits");
        }
    }

    #[test]
    fn what_is_no_signature_is_none() {
        let unicode = format!("{}０", "0".repeat(511));
        for text in ["", "=", "A", "A\nAA", "+-", "{}", "é", "AAAA====", &unicode, &"A".repeat(1_028)] {
            assert_eq!(decode_signature(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn base64_comes_back(bytes in proptest::collection::vec(any::<u8>(), 1..=512)) {
            let written = encode_signature(&bytes, Encoding::Base64);
            for text in [
                written.replace('+', " "),
                BASE64_STANDARD_NO_PAD.encode(&bytes),
                BASE64_URL_SAFE.encode(&bytes),
                BASE64_URL_SAFE_NO_PAD.encode(&bytes),
                written,
            ] {
                prop_assert_eq!(decode_signature(&text), Some((bytes.clone(), Encoding::Base64)));
            }
        }

        #[test]
        fn hex_comes_back(bytes in proptest::collection::vec(any::<u8>(), SIGNATURE_BYTES)) {
            let written = encode_signature(&bytes, Encoding::Hex);
            for text in [written.to_uppercase(), written] {
                prop_assert_eq!(decode_signature(&text), Some((bytes.clone(), Encoding::Hex)));
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(
            text in "\\PC{0,200}|[0-9a-fA-F]{0,1100}|[0-9a-zA-Z+/_= -]{0,1100}|[-BEGINPUBLICKEYD \n]{0,100}"
        ) {
            if let Some((bytes, encoding)) = decode_signature(&text) {
                let written = encode_signature(&bytes, encoding);
                prop_assert_eq!(decode_signature(&written), Some((bytes, encoding)));
            }
            prop_assert!(UserKey::parse(&text).is_err());
            let pem = format!("{PEM_BEGIN}\n{text}\n{PEM_END}");
            prop_assert!(UserKey::parse(&pem).is_err());
        }

        #[test]
        fn a_changed_key_is_refused_or_written_as_it_is(at in 0usize..294, byte: u8) {
            let mut der = key().to_der();
            der[at] = byte;
            if let Ok(key) = UserKey::from_der(&der) {
                prop_assert_eq!(key.to_der(), der);
            }
        }
    }
}
