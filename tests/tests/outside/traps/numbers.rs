//! Traps for numbers: ids, counts, moments, places on the globe.

use super::shot::{Coding, Sent};
use super::{Trap, Verdict};

/// The largest integer that JavaScript clients can hold. No counter has come so far.
const LARGEST: &str = "9007199254740991";
const DIGITS_40: &str = "1234567890123456789012345678901234567890";

/// What is no number in JSON, or none without a fraction.
fn no_integers_in_json() -> Vec<Trap> {
    let raw = |text: &str| Trap::raw(text, text);
    let mut traps: Vec<_> = [
        "-1",
        "-0",
        "0",
        "1.5",
        "1.0",
        "1e3",
        "9223372036854775808",
        "18446744073709551616",
        DIGITS_40,
        "\"5\"",
        "\"\"",
        "true",
        "[]",
        "{}",
        "{\"N\":\"5\"}",
        "NaN",
        "+5",
        "05",
        "0x10",
        "",
        "\u{665}",
    ]
    .map(raw)
    .into();
    traps.push(Trap::raw("10,000 brackets", ["[".repeat(10_000), "]".repeat(10_000)].concat()));
    traps.push(Trap::raw("100,000 digits", "9".repeat(100_000)));
    traps
}

/// What is no positive integer as a text.
fn no_integers() -> Vec<Trap> {
    let traps = [
        "", "-1", "0", "+5", " 5", "5 ", "1.5", "1.0", "1e3", "0x10", "NaN", "Infinity", "null", "true",
        "abc", "\u{665}", "\u{ff15}", "5\0", "\0", "[]", "5_0", "\"5\"", "..", "a/b", "5;6",
    ]
    .map(|text| Trap::refused(&format!("{text:?}"), text));
    let mut traps: Vec<_> = traps.into();
    traps.push(Trap::raw("an escape that is none", b"%zz".as_slice()));
    traps.push(Trap::raw("bytes that are not UTF-8", b"%ff".as_slice()));
    traps
}

/// Traps for ids. `nobody`: the answer about one that nothing has.
pub(super) fn of_ids(coding: Coding, nobody: u16) -> Vec<Trap> {
    let nothing = |name: &str, text: &str| Trap::refused(name, text).but(Verdict::Refused(nobody));
    let mut traps = match coding {
        Coding::Json => no_integers_in_json(),
        _ => no_integers(),
    };
    traps.extend([
        Trap::refused("2^53", "9007199254740992"),
        Trap::refused("2^63", "9223372036854775808"),
        Trap::refused("2^64", "18446744073709551616"),
        Trap::refused("2^64 + 1", "18446744073709551617"),
        Trap::refused("40 digits", DIGITS_40),
        nothing("2^53 - 1", LARGEST),
        nothing("1", "1"),
    ]);
    if coding == Coding::Path {
        traps.extend([
            Trap::raw("two dots, escaped", b"%2e%2e".as_slice()),
            Trap::raw("a slash, escaped", b"1%2F2".as_slice()),
            Trap::raw("escaped twice", b"%2531".as_slice()),
            Trap::raw("a question mark, escaped", b"1%3F".as_slice()),
            Trap::raw("a number sign, escaped", b"1%23".as_slice()),
            Trap::raw("a line break, escaped", b"1%0A".as_slice()),
            Trap::refused("1,000 digits", "9".repeat(1_000)),
        ]);
        // There is another route, or none, where a part of the path is empty.
        traps.retain(|trap| !matches!(&trap.sent, Sent::Text(text) if text.is_empty()));
    }
    traps
}

/// Traps for places of messages in their chat: any integer, but those that are no message's.
pub(super) fn of_seqs(coding: Coding, nobody: u16) -> Vec<Trap> {
    let mut traps = of_ids(coding, nobody);
    for trap in &mut traps {
        let names_none = ["\"0\"", "2^53", "2^63", "1"].contains(&trap.name.as_str());
        if names_none {
            trap.verdict = Verdict::Refused(nobody);
        }
    }
    traps.retain(|trap| trap.name != "1");
    traps
}

/// Traps for how many rows are wanted, and from which on.
pub(super) fn of_counts() -> Vec<Trap> {
    let mut traps = no_integers();
    traps.extend(
        ["1", "100", "101", "0005", LARGEST, "9007199254740992", "9223372036854775808"]
            .map(|text| Trap::taken(text, text)),
    );
    traps.extend(
        ["18446744073709551615", "18446744073709551616", DIGITS_40].map(|text| Trap::taken(text, text)),
    );
    traps.push(Trap::taken("1,000 digits", "9".repeat(1_000)));
    traps
}

/// Traps for the id that a list goes on after.
pub(super) fn of_cursors() -> Vec<Trap> {
    let mut traps = no_integers();
    traps.extend(
        ["9007199254740992", "9223372036854775808", "18446744073709551616", DIGITS_40]
            .map(|text| Trap::refused(text, text)),
    );
    traps.extend(["1", "0005", LARGEST].map(|text| Trap::taken(text, text)));
    traps
}

/// Traps for moments.
pub(super) fn of_moments(coding: Coding) -> Vec<Trap> {
    let mut traps: Vec<_> = [
        "",
        "now",
        "0",
        "1767225600000",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+25:00",
        "10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Z\0",
        " 2026-01-01T00:00:00Z",
        "null",
        "NaN",
        "२०२६-01-01T00:00:00Z",
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "2026-01-01T00:00:00Z2026-01-01T00:00:00Z",
    ]
    .map(|text| Trap::refused(&format!("{text:?}"), text))
    .into();
    traps.push(Trap::refused("a megabyte", "2".repeat(if coding == Coding::Json { 1 << 20 } else { 4_000 })));
    let good = [
        "2100-01-01T00:00:00.000Z",
        "2100-01-01t00:00:00z",
        "2100-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59.999Z",
        "2100-01-01T00:00:00.123456789Z",
        "2100-01-01T00:00:00-00:00",
        "0000-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "2016-12-31T23:59:60Z",
    ];
    traps.extend(good.map(|text| Trap::taken(text, text)));
    match coding {
        Coding::Json => traps.extend(super::texts::no_texts_in_json()),
        // The sign of an offset is a blank where it is not escaped.
        _ => traps.push(Trap::raw("an offset that is not escaped", b"2100-01-01T00:00:00+02:00".as_slice())),
    }
    traps
}

/// Traps for a place on the globe, up to `limit` degrees from its middle.
pub(super) fn of_degrees(coding: Coding, limit: u32) -> Vec<Trap> {
    let (over, far) = (format!("{limit}.0000001"), format!("{}", limit + 1));
    let mut traps = match coding {
        Coding::Json => no_integers_in_json(),
        _ => no_integers(),
    };
    // What is no integer may be a number.
    let numbers = ["-1", "-0", "0", "1.5", "1.0", "\"-1\"", "\"0\"", "\"1.5\"", "\"1.0\"", "\"+5\""];
    let is_number = |trap: &Trap| numbers.contains(&trap.name.as_str());
    let texts = if coding == Coding::Json { &["\"-1\"", "\"0\"", "\"1.5\"", "\"1.0\""][..] } else { &[] };
    traps.retain(|trap| !is_number(trap) || texts.contains(&trap.name.as_str()));
    traps.extend([&over, &far, "1e3", "9007199254740993"].map(|text| Trap::refused(text, text.to_owned())));
    traps.extend([&over, &far].map(|text| Trap::refused("as far below", format!("-{text}"))));
    let good = [
        "0",
        "-0",
        "1.5",
        "-1.5",
        "1e1",
        "1E-3",
        "48.123456789012345",
        "0.1",
        "5e-324",
        "1e-400",
        "0.30000000000000004",
        "16.365499999999997",
        "33.333333333333336",
        "1.7976931348623157",
        "0.000000000001",
        "12.000000000000002",
    ];
    for text in good.into_iter().map(str::to_owned).chain([limit.to_string(), format!("-{limit}")]) {
        let degrees: f64 = text.parse().expect("a number");
        // A fraction of a micrometre from 0 is kept as 0.
        let kept = if degrees.abs() < 1e-12 { 0.0 } else { degrees };
        traps.push(Trap::as_(&text, Sent::Text(text.clone()), kept));
    }
    traps
}

/// Traps for how far to look.
pub(super) fn of_radii() -> Vec<Trap> {
    let mut traps = no_integers();
    let numbers = ["\"1.5\"", "\"1.0\"", "\"1e3\"", "\"Infinity\"", "\"+5\""];
    traps.retain(|trap| !numbers.contains(&trap.name.as_str()));
    traps.extend(["-1e-300", "-1e300"].map(|text| Trap::refused(text, text)));
    traps.extend(
        ["1.5", "1e3", "5e-324", "1e300", "20037508.4", DIGITS_40].map(|text| Trap::taken(text, text)),
    );
    traps
}

/// Traps for how many a room takes.
pub(super) fn of_capacities(coding: Coding) -> Vec<Trap> {
    let mut traps = match coding {
        Coding::Json => no_integers_in_json(),
        _ => no_integers(),
    };
    traps.extend(["1000001", LARGEST, "9007199254740992"].map(|text| Trap::refused(text, text)));
    for text in ["1", "1000000"] {
        let number: u64 = text.parse().expect("a number");
        traps.push(Trap::as_(text, Sent::Text(text.to_owned()), number));
    }
    traps
}
