//! Which `userKey` is one.

use rsa::pkcs1::{EncodeRsaPublicKey as _, LineEnding};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, RsaPublicKey};
use serde_json::json;
use tests::{Caller as _, Encoding, Key, Member, Platform, Stack, unique};

use super::{INVALID_PARAMETERS, refused_with};

/// A key pair's private half, which is nobody's business.
const PRIVATE: &str = include_str!("../../../keys/a.pem");
/// Public keys that are not RSA.
const ELLIPTIC: [&str; 2] = [
    "-----BEGIN PUBLIC KEY-----\n\
     MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEg2Wx8ht22lh4V2xozI/bMkVkQ6TO\n\
     sYj7Rii7Za7FQPkL7Bg4xQVAGyDZ7pfo1goct6TStE1BlXHksIcGYz3v2A==\n\
     -----END PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\n\
     MCowBQYDK2VwAyEA5ZW+FWdzxIjGSnWGNj29CGmumP09cHxTKu4C2SgeAoA=\n\
     -----END PUBLIC KEY-----\n",
];
/// The DER of the algorithm `rsaEncryption` with its empty parameters.
const RSA_ENCRYPTION: [u8; 15] = [48, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0];

const INTEGER: u8 = 2;
const BIT_STRING: u8 = 3;
const SEQUENCE: u8 = 48;

/// A value in DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).expect("a short value").to_be_bytes();
    let head = match length {
        [0, short @ ..=127] => vec![tag, short],
        [0, short] => vec![tag, 0x81, short],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// A positive integer in DER, from its bytes without leading zeros.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes.first().is_some_and(|first| *first >= 128) { &[0] } else { &[] };
    der(INTEGER, &[sign, bytes])
}

/// A `SubjectPublicKeyInfo` of two integers in DER.
fn info(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = der(SEQUENCE, &[modulus, exponent]);
    der(SEQUENCE, &[&RSA_ENCRYPTION, &der(BIT_STRING, &[&[0], &key])])
}

/// A number of that many bits, odd or even, which is hardly a product of two primes.
fn number(bits: usize, is_odd: bool) -> Vec<u8> {
    let mut bytes = vec![0xa5; bits.div_ceil(8)];
    let top = (bits - 1) % 8;
    bytes[0] = (0xa5 & ((1 << top) - 1)) | 1 << top;
    let last = bytes.len() - 1;
    bytes[last] = if is_odd { 0xa5 } else { 0xa4 };
    bytes
}

fn hex(bytes: &[u8]) -> String {
    Encoding::Hex.encode(bytes)
}

fn base64(bytes: &[u8]) -> String {
    Encoding::Base64.encode(bytes)
}

/// The public key `a`, in parts.
fn parts() -> RsaPublicKey {
    RsaPublicKey::from_public_key_der(&Key::named("a").public_der()).expect("a public key")
}

/// A user whose key is given in this text.
async fn user_with(platform: &Platform, key: Key, text: &str) -> Member {
    let id = unique("ada");
    let body = json!({"userID": id, "userKey": text});
    let made = platform.post("/token").json(&body).await.expect(201).json();
    platform.known(&id, key, &made)
}

/// Checks that these texts are refused as keys.
async fn are_no_keys(platform: &Platform, texts: &[(&str, String)]) {
    for (what, text) in texts {
        let body = json!({"userID": unique("ada"), "userKey": text});
        let answer = platform.post("/token").json(&body).await;
        assert_eq!(answer.status.as_u16(), 400, "{what} was answered with {}", answer.text());
        let refusal = refused_with(&answer, 400, INVALID_PARAMETERS);
        assert_eq!(refusal.code, "invalid_user_key", "{what}");
        assert!(refusal.details.contains("userKey"), "{what}: {}", refusal.details);
    }
}

#[test]
fn the_keys_made_here_are_wrong_in_nothing_but_what_is_said_of_them() {
    let modulus = integer(&parts().n().to_bytes_be());
    assert_eq!(info(&modulus, &integer(&[1, 0, 1])), Key::named("a").public_der());
    for bits in [512, 2047, 2048, 4097] {
        let (odd, even) = (BigUint::from_bytes_be(&number(bits, true)), number(bits, false));
        assert_eq!((odd.bits(), odd.to_bytes_le()[0] % 2), (bits, 1));
        assert_eq!(BigUint::from_bytes_be(&even), odd - 1_u32);
    }
}

#[tokio::test]
async fn pem_hex_and_base64_are_the_same_key() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let key = Key::named("b");
    let (pem, der) = (key.public_pem(), key.public_der());
    for text in [
        pem.trim_end().to_owned(),
        pem.replace('\n', "\r\n"),
        pem,
        hex(&der),
        hex(&der).to_uppercase(),
        base64(&der),
    ] {
        // What this reads is signed.
        user_with(&platform, key.clone(), &text).await.incoming().await;
    }
}

#[tokio::test]
async fn keys_of_2048_to_4096_bits_will_do() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    for name in ["a", "large", "largest"] {
        let key = Key::named(name);
        let pem = key.public_pem();
        user_with(&platform, key, &pem).await.incoming().await;
    }
}

#[tokio::test]
async fn several_users_may_have_one_key() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    for member in platform.members(2).await {
        member.incoming().await;
    }
}

#[tokio::test]
async fn smaller_and_larger_keys_are_refused() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let exponent = integer(&[1, 0, 1]);
    let sizes = [512, 1024, 2040, 2047, 4097, 4104, 8192];
    let wrong = sizes.map(|bits| ("its size", base64(&info(&integer(&number(bits, true)), &exponent))));
    are_no_keys(&platform, &wrong).await;
}

#[tokio::test]
async fn exponents_are_odd_and_at_least_65537() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let modulus = integer(&parts().n().to_bytes_be());
    let with = |exponent: &[u8]| base64(&info(&modulus, &integer(exponent)));
    for exponent in [[1, 0, 1], [1, 0, 3]] {
        let body = json!({"userID": unique("ada"), "userKey": with(&exponent)});
        platform.post("/token").json(&body).await.expect(201);
    }
    let wrong: [&[u8]; 8] = [&[0], &[1], &[2], &[3], &[17], &[0xff, 0xff], &[1, 0, 0], &[1, 0, 2]];
    are_no_keys(&platform, &wrong.map(|exponent| ("its exponent", with(exponent)))).await;
}

#[tokio::test]
async fn an_even_or_negative_modulus_is_refused() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let exponent = integer(&[1, 0, 1]);
    let negative = der(INTEGER, &[&parts().n().to_bytes_be()]);
    are_no_keys(
        &platform,
        &[
            ("an even modulus", base64(&info(&integer(&number(2048, false)), &exponent))),
            ("a negative modulus", base64(&info(&negative, &exponent))),
            ("no modulus", base64(&info(&integer(&[0]), &exponent))),
        ],
    )
    .await;
}

#[tokio::test]
async fn other_kinds_of_keys_are_refused() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let inner = parts().to_pkcs1_der().expect("a public key").into_vec();
    let elliptic = ELLIPTIC.map(|pem| ("no RSA key", pem.to_owned()));
    are_no_keys(
        &platform,
        &[
            ("a private key", PRIVATE.to_owned()),
            ("PKCS#1", parts().to_pkcs1_pem(LineEnding::LF).expect("a public key")),
            ("PKCS#1 in hex", hex(&inner)),
            ("PKCS#1 in base64", base64(&inner)),
        ],
    )
    .await;
    are_no_keys(&platform, &elliptic).await;
}

#[tokio::test]
async fn damaged_keys_are_refused() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let (pem, der) = (Key::named("a").public_pem(), Key::named("a").public_der());
    let longer = [&der[..], &[0]].concat();
    let cut = &der[..der.len() - 1];
    are_no_keys(
        &platform,
        &[
            ("nothing", String::new()),
            ("a space", " ".to_owned()),
            ("a word", "key".to_owned()),
            ("half a byte", hex(&der)[1..].to_owned()),
            ("a letter that is no digit", hex(&der).replacen('0', "g", 1)),
            ("DER that is cut", base64(cut)),
            ("DER that is cut, in hex", hex(cut)),
            ("DER with something behind it", base64(&longer)),
            ("PEM without its end", pem.replace("-----END PUBLIC KEY-----", "")),
            ("PEM with another label", pem.replace("PUBLIC KEY", "CERTIFICATE")),
            ("PEM with half of its content", pem.lines().take(3).collect::<Vec<_>>().join("\n")),
            ("an empty PEM", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n".to_owned()),
        ],
    )
    .await;
}
