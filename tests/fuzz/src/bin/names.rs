//! Names, addresses and texts: what is accepted, and the forms under which they are compared.
#![no_main]

use chat::text::{
    MAX_MESSAGE_BYTES, answer_len, canonical_email, canonical_name, check_message, check_name,
    check_user_name, json_len,
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let canonical = canonical_name(text);
    assert_eq!(canonical_name(&canonical), canonical, "{text:?} has two forms");
    assert_eq!(canonical_name(&format!(" {text}\t")), canonical, "{text:?} with white space around it");
    for spelled in [text.to_uppercase(), text.to_lowercase()] {
        // Some letters have no partner of their own (dotless i, final sigma); what has is the same in both.
        if spelled.to_lowercase() == text || spelled.to_uppercase() == text {
            assert_eq!(canonical_name(&spelled), canonical, "{text:?} and {spelled:?}");
        }
    }
    if check_user_name("name", text).is_ok() {
        assert!(check_name("name", text).is_ok());
        assert!((1..=1_024).contains(&canonical.len()), "{text:?}");
    }
    if check_name("name", text).is_ok() {
        assert!((1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control), "{text:?}");
    }

    if let Some(email) = canonical_email(text) {
        assert_eq!(canonical_email(&email).as_ref(), Some(&email), "{text:?} has two forms");
        // Some letters have capitals of several letters, which make another name.
        assert!(!text.is_ascii() || canonical_email(&text.to_uppercase()) == Some(email.clone()), "{text:?}");
        assert!((3..=254).contains(&email.len()) && email.matches('@').count() == 1, "{email:?}");
        assert!(!email.contains(|char: char| char.is_whitespace() || char.is_control()), "{email:?}");
        assert!(!email.contains(['"', '<', '>', ',', ';', '(', ')', '\\']), "{email:?} in a header");
    }

    let json = serde_json::to_string(text).unwrap_or_default();
    assert_eq!(json_len(text), json.len() - 2, "{text:?}");
    assert_eq!(answer_len(text), serde_json::to_string(&json).unwrap_or_default().len() - 6, "{text:?}");
    assert_eq!(check_message(text).is_ok(), (1..=MAX_MESSAGE_BYTES).contains(&text.len()));
});
