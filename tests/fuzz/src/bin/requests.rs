//! Requests to every route of the template, with the credentials of whoever may use it.
#![no_main]

use fuzz::{Carriers, Guest, Input, System};
use http::Request;
use http::header::CONTENT_TYPE;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use std::cell::OnceCell;

const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// What would take the guest's credentials away is asked for without any.
const ENDS: [&str; 4] = ["/logout", "/api/logout", "/api/user", "/api/user/{user_id}"];

struct Started {
    system: System,
    guest: Guest,
    /// Method and path.
    routes: Vec<(&'static str, &'static str)>,
}

thread_local! {
    static STARTED: OnceCell<Started> = const { OnceCell::new() };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    STARTED.with(|started| {
        let started = started.get_or_init(|| {
            let system = System::start();
            let guest = Guest::register(&system);
            Started { system, guest, routes: routes() }
        });
        request(started, Input(bytes));
    });
});

/// The template's routes, each of which stands on a line.
fn routes() -> Vec<(&'static str, &'static str)> {
    let routes: Vec<_> = TEMPLATE
        .lines()
        .filter_map(|line| {
            let (_, event) = line.split_once("{Type: HttpApi,")?;
            let (method, rest) = event.split_once("Method: ")?.1.split_once(',')?;
            let path = rest.split_once("Path: \"")?.1.split_once('"')?.0;
            (path == "/" || !path.ends_with('/')).then_some((method, path))
        })
        .collect();
    assert!(routes.len() > 40, "the template's routes stand otherwise than they did");
    routes
}

/// The input: a byte for the route, one for the credentials, one for the content type; a line with the parameters in the
/// path, with slashes between them, and the query behind a question mark; and the body.
fn request(Started { system, guest, routes }: &Started, mut input: Input<'_>) {
    let (method, path) = *input.one_of(routes);
    let carriers = *input.one_of(&[
        Carriers::Users,
        Carriers::Users,
        Carriers::Member,
        Carriers::None,
        Carriers::Operator,
    ]);
    let kind = *input.one_of(&["application/json", "application/x-www-form-urlencoded", "", "text/plain"]);
    let carriers = if ENDS.contains(&path) { Carriers::None } else { carriers };
    let line = input.line();
    let middle = line.iter().position(|byte| *byte == b'?').unwrap_or(line.len());
    let (parts, query) = line.split_at(middle);
    let mut parts = parts.split(|byte| *byte == b'/');
    let path: String = path
        .split('/')
        .skip(1)
        .map(|part| match part.starts_with('{') {
            true => {
                percent_encode(&placed(parts.next().unwrap_or(b"1"), guest), NON_ALPHANUMERIC).to_string()
            }
            false => part.to_owned(),
        })
        .map(|part| format!("/{part}"))
        .collect();
    let query = String::from_utf8_lossy(query).into_owned();
    let body = placed(input.0, guest);
    let mut request = Request::builder().method(method).uri(format!("{path}{query}"));
    if !kind.is_empty() {
        request = request.header(CONTENT_TYPE, kind);
    }
    // What is no URL comes to no function.
    let Ok(request) = guest.carry(request, carriers).body(body) else { return };
    system.call(request);
}

/// The guest's own ids in the place of their names.
fn placed(bytes: &[u8], guest: &Guest) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text
            .replace("$ID", &guest.id.to_string())
            .replace("$CHAT", &guest.chat)
            .replace("$GUID", &guest.other)
            .into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}
