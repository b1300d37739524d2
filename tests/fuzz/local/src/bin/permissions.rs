//! IAM's wildcards against a second reading, and calls of DynamoDB against the policies of the template.
#![no_main]

use local::permissions::{Permissions, pattern};
use local::template::{Given, Template};
use std::cell::OnceCell;

const TEMPLATE: &str = include_str!("../../../../../template.yaml");

const OPERATIONS: [&str; 10] = [
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
];

thread_local! {
    static PERMISSIONS: OnceCell<Permissions> = const { OnceCell::new() };
}

// The input: a pattern, a line break, and the rest: what it is to match, and the body of a call.
libfuzzer_sys::fuzz_target!(|text: &str| {
    let (pattern, rest) = text.split_once('\n').unwrap_or((text, ""));
    if pattern.len() * rest.len() < 10_000 {
        assert_eq!(
            pattern::matches(pattern, rest),
            described(pattern.as_bytes(), rest.as_bytes()),
            "{pattern:?} {rest:?}"
        );
    }
    assert!(pattern::matches("*", text) && pattern::matches(&text.replace(['*', '?'], "*"), text));
    PERMISSIONS.with(|permissions| {
        let permissions = permissions.get_or_init(|| {
            let given = Given { backend_key: "key", reads_policies: true, ..Given::default() };
            Permissions::new(&Template::parse(TEMPLATE, &given).expect("the template"))
        });
        for operation in OPERATIONS {
            let checked = permissions.check_dynamodb("ChatBotFunction", operation, rest.as_bytes());
            let again = permissions.check_dynamodb("ChatBotFunction", operation, rest.as_bytes());
            assert_eq!(checked, again);
            // Nobody scans anything but who keeps house, and no function has all of a table.
            let is_call = serde_json::from_str::<serde_json::Value>(rest)
                .is_ok_and(|body| body["TableName"].is_string());
            assert!(operation != "Scan" || !is_call || checked.is_err(), "{rest}");
        }
    });
});

/// Whether a pattern describes a text: by a table of which beginnings of the one describe which of the other.
fn described(pattern: &[u8], text: &[u8]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for character in pattern {
        let mut next = vec![false; text.len() + 1];
        match character {
            b'*' => {
                let mut seen = false;
                for (at, reached) in row.iter().enumerate() {
                    seen |= reached;
                    next[at] = seen;
                }
            }
            character => {
                for (at, byte) in text.iter().enumerate() {
                    next[at + 1] = row[at] && (*character == b'?' || character == byte);
                }
            }
        }
        row = next;
    }
    row[text.len()]
}
