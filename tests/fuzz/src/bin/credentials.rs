//! Tokens and cookies: who shows exactly what it was given is known, in whatever carrier, and nobody else.
#![no_main]

use chat::http::cookies::{cookie, pair};
use fuzz::{Guest, Input, System};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use std::cell::OnceCell;

thread_local! {
    static STARTED: OnceCell<(System, Guest)> = const { OnceCell::new() };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    STARTED.with(|started| {
        let (system, guest) = started.get_or_init(|| {
            let system = System::start();
            let guest = Guest::register(&system);
            (system, guest)
        });
        let mut input = Input(bytes);
        match input.byte() % 4 {
            0 => cookies(input.0),
            1 => carrier(system, "authentication", input.0, &guest.login),
            2 => carrier(system, AUTHORIZATION.as_str(), input.0, &guest.login),
            _ => changed(system, input, &guest.login),
        }
    });
});

/// A header with the token in the place of `$`.
fn carrier(system: &System, name: &str, bytes: &[u8], token: &str) {
    let value: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| if *byte == b'$' { token.as_bytes().to_vec() } else { vec![*byte] })
        .collect();
    let Ok(value) = HeaderValue::from_bytes(&value) else { return };
    let Ok(request) = Request::get("/users?count=1").header(name, &value).body(Vec::new()) else { return };
    let shown = value.to_str().ok().map(|text| match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer ") => text[7..].trim(),
        _ => text.trim(),
    });
    let status = system.call(request).status;
    let expected = if shown == Some(token) { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    assert_eq!(status, expected, "{name}: {value:?}");
}

/// A token of which some bytes are others has one meaning: none.
fn changed(system: &System, mut input: Input<'_>, token: &str) {
    let mut bytes = token.as_bytes().to_vec();
    while input.0.len() >= 3 {
        let place = usize::from(u16::from_le_bytes([input.byte(), input.byte()])) % bytes.len();
        bytes[place] = input.byte();
    }
    carrier(system, "authentication", &bytes, token);
}

/// Cookies, against a second reading: the first of a name, with the white space around both taken away.
fn cookies(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(COOKIE, value);
        }
    }
    let find = |name: &str| {
        for value in headers.get_all(COOKIE) {
            for pair in value.as_bytes().split(|byte| *byte == b';') {
                let Ok(pair) = std::str::from_utf8(pair) else { continue };
                let Some(middle) = pair.find('=') else { continue };
                if pair[..middle].trim() == name {
                    return Some(pair[middle + 1..].trim());
                }
            }
        }
        None
    };
    for name in ["session", "user_id", "token", "access_token", "a", ""] {
        assert_eq!(cookie(&headers, name), find(name), "{name:?} in {headers:?}");
    }
    let token = find("token").or_else(|| find("access_token"));
    assert_eq!(pair(&headers), find("user_id").zip(token), "{headers:?}");
}
