//! Rules for what people type: names, addresses, passwords, messages (contract, section 1, "Limits").

use crate::error::{Error, Result};
use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

/// Largest message text, in bytes of UTF-8.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024;
const MAX_NAME_CHARS: usize = 100;
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
const MAX_EMAIL_BYTES: usize = 254;
/// A claimed name is part of a DynamoDB key, which has at most 2,048 bytes.
const MAX_CANONICAL_BYTES: usize = 1_024;

/// A name or title: 1 to 100 characters, none of them a control character, not only white space. `field`
/// names it in the error.
pub fn check_name(field: &str, name: &str) -> Result<()> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > MAX_NAME_CHARS {
        return Err(Error::invalid("invalid_name", format!("{field} must have 1 to 100 characters")));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid("invalid_name", format!("{field} must not contain control characters")));
    }
    Ok(())
}

/// The form under which names are compared: without regard to case and Unicode form, ends trimmed.
pub fn canonical_name(name: &str) -> String {
    // The tables for folding are older than those for lower case, and do not know the youngest letters.
    let lower: String = name.nfkc().flat_map(char::to_lowercase).collect();
    let folded: String = caseless::default_case_fold_str(&lower).nfkc().collect();
    folded.trim().to_owned()
}

/// A user name: a name whose canonical form can be claimed. `field` names it in the error.
pub fn check_user_name(field: &str, name: &str) -> Result<()> {
    check_name(field, name)?;
    if (1..=MAX_CANONICAL_BYTES).contains(&canonical_name(name).len()) {
        Ok(())
    } else {
        Err(Error::invalid("invalid_name", format!("{field} is too long in its compatibility form")))
    }
}

/// How many bytes a text has inside a JSON string.
pub fn json_len(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

/// How many bytes a text has in the answer that a function hands to Lambda, where the JSON of the body is a string of
/// JSON once more.
pub fn answer_len(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 4,
        b'\n' | b'\r' | b'\t' | 8 | 12 => 3,
        0..0x20 => 7,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

/// A password: 8 to 128 characters.
pub fn check_password(password: &str) -> Result<()> {
    if PASSWORD_CHARS.contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(Error::invalid("invalid_password", "password must have 8 to 128 characters"))
    }
}

/// An e-mail address in the form under which it is compared and stored: lower case, ends trimmed, at most
/// 254 bytes. `None` where it is not an address.
pub fn canonical_email(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    // One mailbox has one spelling: no quoted names, no address literals, no bare host names.
    let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
    let plain = email.len() <= MAX_EMAIL_BYTES
        && !email.chars().any(|char| char.is_control() || char.is_whitespace())
        && !email.contains('"')
        && EmailAddress::parse_with_options(&email, options).is_ok();
    plain.then_some(email)
}

/// A message's text: 1 byte to 16 KiB, kept as sent.
pub fn check_message(text: &str) -> Result<()> {
    if (1..=MAX_MESSAGE_BYTES).contains(&text.len()) {
        Ok(())
    } else {
        Err(Error::invalid("invalid_message", "message must have 1 byte to 16 KiB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        let bob = canonical_name("Straße Émile");
        for same in ["STRASSE ÉMILE", "strasse e\u{301}mile", " Straße Émile "] {
            assert_eq!(canonical_name(same), bob, "{same:?}");
        }
        assert_ne!(canonical_name("strase emile"), bob);
    }

    /// Also of letters that are younger than the tables for folding.
    #[test]
    fn a_letter_and_its_partner_are_the_same() {
        let small = |letter: char| letter.to_lowercase().collect::<String>();
        let capital = |letter: char| letter.to_uppercase().collect::<String>();
        for letter in '\0'..=char::MAX {
            let alone = letter.to_string();
            let partner = small(letter);
            if partner != alone && partner.chars().map(capital).collect::<String>() == alone {
                assert_eq!(canonical_name(&partner), canonical_name(&alone), "{letter:?} and {partner:?}");
            }
        }
    }

    #[test]
    fn addresses_are_compared_in_lower_case_and_checked() {
        assert_eq!(canonical_email(" Ann@Example.COM ").as_deref(), Some("ann@example.com"));
        let long = format!("{}@example.com", "a".repeat(250));
        for wrong in [
            "",
            "ann",
            "ann@",
            "@example.com",
            "a b@example.com",
            "ann@exa mple.com",
            "a\n@b.c",
            "ann@localhost",
            "\"ann\"@example.com",
            "ann@[127.0.0.1]",
            "Ann <ann@example.com>",
            &long,
        ] {
            assert_eq!(canonical_email(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn the_length_in_json_is_what_json_makes_of_it(text in ".{0,60}|[\u{0}-\u{7f}]{0,60}") {
            let json = serde_json::to_string(&text).expect("a string");
            prop_assert_eq!(json_len(&text), json.len() - 2);
            let twice = serde_json::to_string(&json).expect("a string");
            prop_assert_eq!(answer_len(&text), twice.len() - 6);
        }

        #[test]
        fn the_canonical_form_is_its_own_canonical_form(name in "\\PC{1,40}") {
            let once = canonical_name(&name);
            prop_assert_eq!(canonical_name(&once), once);
        }
    }
}
