//! Users' public keys and signatures, in all their spellings.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use chat::signed::keys::{Algorithm, Encoding, UserKey, decode_signature, encode_signature};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for key in [UserKey::parse(&text), UserKey::from_der(bytes)].into_iter().flatten() {
        accepted(&key);
    }
    if let Ok(key) = UserKey::from_der(bytes) {
        assert_eq!(key.to_der(), bytes, "a key has one DER");
    }
    if let Some((signature, encoding)) = decode_signature(&text) {
        let written = encode_signature(&signature, encoding);
        assert_eq!(decode_signature(&written), Some((signature, encoding)), "{text:?}");
    }
    for encoding in [Encoding::Hex, Encoding::Base64] {
        let signature: Vec<u8> = bytes.iter().copied().cycle().take(256).collect();
        if signature.len() == 256 {
            let written = encode_signature(&signature, encoding);
            assert_eq!(decode_signature(&written), Some((signature, encoding)));
        }
    }
});

/// Every spelling of a key is the same key, which verifies no nonsense.
fn accepted(key: &UserKey) {
    let der = key.to_der();
    let hex: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\r\n{}\r\n-----END PUBLIC KEY-----\r\n", STANDARD.encode(&der));
    let encoded =
        [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].map(|base64| base64.encode(&der));
    for spelled in encoded.iter().chain([&hex, &hex.to_uppercase(), &pem]) {
        let again = UserKey::parse(spelled).expect("a spelling of an accepted key");
        assert_eq!(again.to_der(), der, "{spelled}");
    }
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        for nonsense in [&[][..], &[0; 256], &[0xff; 256], &der[..256.min(der.len())]] {
            assert!(!key.verify(algorithm, b"message", nonsense));
        }
    }
}
