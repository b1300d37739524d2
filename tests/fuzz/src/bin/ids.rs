//! Ids and the names of platforms, against a second reading of what they may be.
#![no_main]

use chat::ids::{ChatId, MemberId, PlatformChatId, UserId};

const MAX_ID: u128 = (1 << 53) - 1;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u128> = text.parse().ok().filter(|number| digits && (1..=MAX_ID).contains(number));
    let id = text.parse::<UserId>().ok();
    assert_eq!(id.map(|id| u128::from(id.get())), number, "{text:?}");
    assert_eq!(text.parse::<ChatId>().map(ChatId::get).ok(), id.map(UserId::get));
    if let Some(id) = id {
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::from_str::<UserId>(&id.to_string()).ok(), Some(id));
    }
    // JSON has other spellings of numbers, but none of them is another id.
    if let Ok(read) = serde_json::from_str::<ChatId>(text) {
        assert_eq!(serde_json::to_string(&read).ok().as_deref(), Some(text.trim()));
    }

    let plain = |char: char| char.is_ascii_alphanumeric() || char == '.' || char == '-';
    let is_name = (1..=128).contains(&text.len()) && text.chars().all(plain) && ![".", ".."].contains(&text);
    let member = text.parse::<MemberId>();
    assert_eq!(member.is_ok(), is_name, "{text:?}");
    let is_chat = is_name && !["users", "read", "unread"].contains(&text);
    assert_eq!(text.parse::<PlatformChatId>().is_ok(), is_chat, "{text:?}");
    if let Ok(member) = member {
        assert_eq!(member.to_string(), text);
        let json = serde_json::to_string(&member).unwrap_or_default();
        assert_eq!(serde_json::from_str::<MemberId>(&json).ok(), Some(member));
    }
});
