//! What a platform's user signs: the very bytes that came are verified, however they are spelled.
#![no_main]

use fuzz::{Carriers, Guest, System};
use http::{Request, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    static STARTED: OnceCell<(System, Guest)> = const { OnceCell::new() };
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    STARTED.with(|started| {
        let (system, guest) = started.get_or_init(|| {
            let system = System::start();
            let guest = Guest::register(&system);
            (system, guest)
        });
        block(system, guest, text);
    });
});

/// The input is the value of `outgoingEvents`, with names for what is known only when it runs.
#[expect(clippy::disallowed_methods, reason = "the clock of a client")]
fn block(system: &System, guest: &Guest, text: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let text =
        text.replace("$NOW", &now.to_string()).replace("$CHAT", &guest.chat).replace("$GUID", &guest.other);
    let post = |sign: &str| {
        let body = format!("{{\"outgoingEvents\":{text},\"sign\":{}}}", json!(sign));
        let request = guest.carry(Request::post("/messages"), Carriers::Member);
        system.call(request.body(body.into_bytes()).expect("a request"))
    };
    // A value and nothing beside it; white space around it is not signed.
    let Ok(value) = serde_json::from_str::<&RawValue>(&text) else {
        post("");
        return;
    };
    let exact = value.get().as_bytes();
    let sign = guest.sign(exact);
    let answer = post(&sign);
    let said: Value = answer.json();
    assert_ne!(said["code"], "bad_signature", "of {text:?}");
    if answer.status == StatusCode::OK {
        assert!(!post(&sign).body.is_empty());
        let results = &said["outgoingEventsResult"];
        assert!(results["messages"].is_array() && results["statuses"].is_array(), "{said}");
    }
    // The same value in other bytes is not what was signed.
    let other = guest.sign(&[exact, b" "].concat());
    let refused = post(&other);
    assert!(
        refused.status == StatusCode::FORBIDDEN || refused.status == StatusCode::BAD_REQUEST,
        "{refused:?}"
    );
}
