//! Frames on a socket, before and after it has said whose it is.
#![no_main]

use fuzz::{Guest, Input, System};
use serde_json::Value;
use std::cell::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static STARTED: OnceCell<(System, Guest)> = const { OnceCell::new() };
}

static SOCKETS: AtomicU64 = AtomicU64::new(0);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    STARTED.with(|started| {
        let (system, guest) = started.get_or_init(|| {
            let system = System::start();
            let guest = Guest::register(&system);
            (system, guest)
        });
        frame(system, guest, Input(bytes));
    });
});

fn frame(system: &System, guest: &Guest, mut input: Input<'_>) {
    let choice = input.byte();
    let token = [None, Some(&guest.login), Some(&guest.login), Some(&guest.access)][usize::from(choice % 4)];
    let is_base64 = choice & 0xf0 == 0xf0;
    let text = input.text().replace("$TOKEN", &guest.login).replace("$ID", &guest.id.to_string());
    // A process has its own sockets, and a handful of them.
    let number = SOCKETS.fetch_add(1, Ordering::Relaxed) % 8;
    let connection = format!("fuzz-{}-{number}", std::process::id());
    assert_eq!(system.connect(&connection, token.map(String::as_str)), 200);

    let posted = system.say(&connection, &text, is_base64);
    let asked: Option<Value> = serde_json::from_str(&text).ok().filter(|_| !is_base64);
    let object = asked.as_ref().and_then(Value::as_object);
    let answers: Vec<&Value> = posted.iter().flatten().collect();
    for answer in &answers {
        assert!(answer.is_object(), "to {text:?}: {answer}");
        if let Some(code) = answer.get("code") {
            let is_refusal =
                code.is_string() && answer["error"].as_str().is_some_and(|error| !error.is_empty());
            assert!(is_refusal && code != "internal" && code != "busy", "to {text:?}: {answer}");
            let client_id = object.and_then(|object| object.get("client_id")).filter(|id| id.is_string());
            assert_eq!(answer.get("client_id"), client_id, "to {text:?}");
        }
    }
    if object.is_none() {
        assert!(answers.iter().any(|answer| answer["code"] == "invalid_frame"), "to {text:?}: {answers:?}");
    }
    // Everything that is said is answered, if only with an error.
    assert!(!posted.is_empty(), "nothing to {text:?}");
}
