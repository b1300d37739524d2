//! Traps for what is neither free text nor a number: addresses, names that platforms give, keys, ids,
//! secrets.

use super::shot::{Coding, Sent};
use super::texts::no_texts_in_json;
use super::{Field, Kind, Place, Trap, Verdict, numbers, stem, texts};

impl Field {
    /// The traps of a field where it is written in this way.
    pub(super) fn traps(&self, coding: Coding) -> Vec<Trap> {
        let mut traps = match self.kind {
            Kind::Message => texts::of_messages(coding),
            Kind::Title => texts::of_names(coding, false),
            Kind::UserName => texts::of_names(coding, true),
            Kind::KnownName => texts::of_known_names(coding),
            Kind::Description => texts::of_descriptions(coding),
            Kind::Password => texts::of_passwords(coding),
            Kind::Login => texts::of_logins(coding),
            Kind::Email => of_addresses(coding),
            Kind::Id(nobody) => numbers::of_ids(coding, nobody),
            Kind::Seq(nobody) => numbers::of_seqs(coding, nobody),
            Kind::Count | Kind::Offset => numbers::of_counts(),
            Kind::Moment => numbers::of_moments(coding),
            Kind::Cursor => numbers::of_cursors(),
            Kind::Latitude => numbers::of_degrees(coding, 90),
            Kind::Longitude => numbers::of_degrees(coding, 180),
            Kind::Radius => numbers::of_radii(),
            Kind::Capacity => numbers::of_capacities(coding),
            Kind::Word(words) => of_words(coding, words),
            Kind::ChatName(nobody) => of_chat_names(coding, nobody),
            Kind::MemberName => of_member_names(coding),
            Kind::PublicKey => of_public_keys(coding),
            Kind::Secret(status) => of_secrets(coding, status),
            Kind::Credential => of_credentials(coding),
            Kind::Hash => of_hashes(),
            Kind::Millis(other) => of_millis(other),
            Kind::Array => of_arrays(),
            Kind::Uuid(nobody) => of_uuids(coding, nobody),
            Kind::Key => of_keys(),
        };
        let verdict = match (self.is_optional, self.kind) {
            (true, _) => Verdict::Taken,
            (false, Kind::Credential) => Verdict::Refused(401),
            (false, _) => Verdict::Refused(400),
        };
        if !matches!(coding, Coding::Path) {
            traps.push(Trap { name: "left out".to_owned(), sent: Sent::Nothing, verdict: verdict.clone() });
        }
        if coding == Coding::Json {
            let verdict = if self.is_nullable { verdict } else { Verdict::Refused(400) };
            traps.push(Trap::raw("null", b"null".as_slice()).but(verdict));
        }
        if matches!(self.place, Place::Path | Place::Query) {
            // API Gateway takes no longer ones.
            traps.retain(|trap| match &trap.sent {
                Sent::Text(text) => self.kind.encode(coding, text).len() < 8_000,
                _ => true,
            });
        }
        traps
    }
}

/// An address of this many bytes.
fn address_of(bytes: usize) -> String {
    let name = format!("{}-{}", stem(), "a".repeat(20));
    let label = "b".repeat(60);
    let mut address = format!("{name}@{label}.{label}.{label}.");
    let rest = bytes - address.len() - ".com".len();
    address.push_str(&"c".repeat(rest));
    address + ".com"
}

fn of_addresses(coding: Coding) -> Vec<Trap> {
    let mut traps = match coding {
        Coding::Json => no_texts_in_json(),
        _ => vec![
            Trap::raw("bytes that are not UTF-8", b"a%ff@example.com".as_slice()),
            // A plus sign that is not escaped is a blank.
            Trap::raw("a plus sign", b"a+b@example.com".as_slice()),
        ],
    };
    traps.extend(
        [
            "",
            " ",
            "ann",
            "ann@",
            "@example.com",
            "@",
            "ann@example",
            "ann@localhost",
            "a b@example.com",
            "ann@exa mple.com",
            "ann@@example.com",
            "ann@a@example.com",
            "\"ann\"@example.com",
            "\"a b\"@example.com",
            "ann(a comment)@example.com",
            "ann@[127.0.0.1]",
            "ann@[IPv6:::1]",
            "Ann <ann@example.com>",
            "<ann@example.com>",
            "ann@example.com,bob@example.com",
            ".ann@example.com",
            "ann.@example.com",
            "a..n@example.com",
            "ann@example..com",
            "ann@.example.com",
            "ann@-example.com",
            "ann@example.com\0",
            "ann@example.com\nBcc: bob@example.com",
            "ann@example.com\r\n\r\nhello",
            "a\nb@example.com",
            "ann\u{85}@example.com",
            "ann\u{a0}@example.com",
            "mailto:ann@example.com ?",
            "ann@example.com;bob@example.com",
            "null",
            "ann\\@example.com",
        ]
        .map(|text| Trap::refused(&format!("{text:?}"), text)),
    );
    traps.extend([
        Trap::refused("255 bytes", address_of(255)),
        Trap::refused("a name of 65 bytes", format!("{}@example.com", "a".repeat(65))),
        Trap::refused("a label of 64 bytes", format!("ann@{}.com", "a".repeat(64))),
        Trap::refused("a megabyte", format!("{}@example.com", "a".repeat(1 << 20))),
        Trap::refused("254 characters and more bytes", format!("{}@example.com", "é".repeat(242))),
    ]);
    let stem = stem();
    let kept = |name: &str, text: String| {
        let read = text.trim().to_lowercase();
        Trap::as_(name, Sent::Text(text), read)
    };
    traps.extend([
        kept("254 bytes", address_of(254)),
        kept("upper case", format!("ANN.{stem}@EXAMPLE.COM")),
        kept("a tag", format!("ann+tag-{stem}@example.com")),
        kept("all that names may have", format!("!#$%&'*+/=?^_`{{|}}~-{stem}@example.com")),
        kept("another script", format!("йоханн-{stem}@exämple.com")),
        kept("a host in ASCII", format!("ann-{stem}@xn--exmple-cua.com")),
        kept("many labels", format!("ann-{stem}@a.b.c.d.e.f.example.co.uk")),
        kept("digits", format!("1{stem}@123.com")),
        kept("blanks at its ends", format!("  around-{stem}@example.com ")),
    ]);
    traps
}

fn of_words(coding: Coding, words: &[&str]) -> Vec<Trap> {
    let mut traps = if coding == Coding::Json { no_texts_in_json() } else { Vec::new() };
    let mut wrong: Vec<String> =
        ["", " ", "nothing", "\0", "null", "😀", "İmage", "ſticker"].map(str::to_owned).into();
    for word in words {
        wrong.extend([word.to_uppercase(), format!("{word} "), format!(" {word}"), format!("{word}\0")]);
        traps.push(Trap::kept(word, *word));
    }
    wrong.push(words.concat());
    wrong.push(words.join(","));
    wrong.push("x".repeat(1_000));
    wrong.retain(|text| !words.contains(&text.as_str()));
    traps.extend(wrong.into_iter().map(|text| Trap::refused(&format!("{text:.40?}"), text)));
    traps
}

/// What a platform names nothing with.
const NO_NAMES: &[&str] = &[
    " ",
    "a b",
    "a_b",
    "a/b",
    "a%2Fb",
    "a\\b",
    "a?b",
    "a#b",
    "a:b",
    "a+b",
    "é",
    "ａ",
    "\u{430}",
    "a\u{200b}",
    "\0",
    "a\0",
    "a\n",
    "a\u{202e}",
    "😀",
    "..",
    ".",
    "a,b",
    "a;b",
    "a&b=c",
    "\"a\"",
    "{a}",
    "*",
    "~",
    "@",
];

fn of_chat_names(coding: Coding, nobody: u16) -> Vec<Trap> {
    let nothing = |name: &str, text: String| Trap::refused(name, text).but(Verdict::Refused(nobody));
    let mut traps: Vec<_> = NO_NAMES.iter().map(|text| Trap::refused(&format!("{text:?}"), *text)).collect();
    traps.extend(["users", "read", "unread"].map(|text| Trap::refused(text, text)));
    traps.extend([
        Trap::refused("one character too long", "x".repeat(129)),
        Trap::refused("longer than a key", "x".repeat(2_049)),
    ]);
    match coding {
        Coding::Json => traps.extend(no_texts_in_json()),
        _ => traps.extend([
            Trap::raw("bytes that are not UTF-8", b"%ff".as_slice()),
            Trap::raw("an escape that is none", b"%zz".as_slice()),
            Trap::raw("two dots, escaped", b"%2e%2e".as_slice()),
            Trap::raw("escaped twice", b"%252e%252e".as_slice()),
        ]),
    }
    let names = [
        ("as long as can be", format!("{}{}", "x".repeat(116), stem())),
        ("dots", format!("...{}", stem())),
        ("hyphens", format!("--{}", stem())),
        ("null", format!("null-{}", stem())),
    ];
    traps.extend(names.map(|(name, text)| match nobody {
        // It is made by naming it.
        200 => Trap::taken(name, text),
        _ => nothing(name, text),
    }));
    traps
}

fn of_member_names(coding: Coding) -> Vec<Trap> {
    let mut traps = if coding == Coding::Json { no_texts_in_json() } else { Vec::new() };
    traps.extend(NO_NAMES.iter().map(|text| Trap::refused(&format!("{text:?}"), *text)));
    traps.extend([
        Trap::refused("nothing", ""),
        Trap::refused("one character too long", "x".repeat(129)),
        Trap::refused("longer than a key", "x".repeat(2_049)),
        Trap::refused("a megabyte", "x".repeat(1 << 20)),
        Trap::raw(
            "bytes that are not UTF-8",
            if coding == Coding::Json { &b"\"a\xff\""[..] } else { b"a%ff" },
        ),
        Trap::kept("as long as can be", format!("{}{}", "x".repeat(116), stem())),
        Trap::kept("dots and hyphens", format!("...---{}", stem())),
        Trap::kept("capital letters", format!("NULL{}", stem())),
    ]);
    traps
}

fn of_public_keys(coding: Coding) -> Vec<Trap> {
    let mut traps = if coding == Coding::Json { no_texts_in_json() } else { Vec::new() };
    let pem = |inside: &str| format!("-----BEGIN PUBLIC KEY-----\n{inside}\n-----END PUBLIC KEY-----\n");
    let texts = [
        ("nothing", String::new()),
        ("a blank", " ".to_owned()),
        ("NUL", "\0".to_owned()),
        ("an odd number of hexadecimal digits", "30820".to_owned()),
        ("hexadecimal digits that are no key", "3082".repeat(100)),
        ("base64 that is no key", "bnVsbA==".to_owned()),
        ("an empty PEM", pem("")),
        ("a PEM that is no base64", pem("😀")),
        ("a PEM that is no key", pem("bnVsbA==")),
        ("a certificate", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----".to_owned()),
        ("a megabyte of digits", "30".repeat(1 << 19)),
        ("lengths that overflow", "3084ffffffff30".to_owned()),
        ("nested without end", "3080".repeat(1_000)),
        ("digits of another script", "٣٠٨٢".to_owned()),
    ];
    traps.extend(texts.map(|(name, text)| Trap::refused(name, text)));
    traps
}

fn of_secrets(coding: Coding, status: u16) -> Vec<Trap> {
    let wrong = |name: &str, text: &str| Trap::refused(name, text).but(Verdict::Refused(status));
    let mut traps = if coding == Coding::Json { no_texts_in_json() } else { Vec::new() };
    let none = r"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.";
    for (name, text) in [
        ("a blank", " "),
        ("NUL", "\0"),
        ("an emoji", "😀"),
        ("null", "null"),
        ("no signature", none),
        ("three dots", "..."),
        ("a path", "a/../b"),
        ("base64", "bnVsbA=="),
        ("templates", "{{7*7}}${7*7}"),
        ("a question mark", "a?b#c"),
        ("escapes", "%00%zz%2F"),
        ("plus signs", "a+b"),
    ] {
        traps.push(wrong(name, text));
    }
    traps.push(wrong("longer than a key", &"x".repeat(2_049)));
    if coding == Coding::Json {
        traps.push(wrong("nothing", ""));
        traps.push(wrong("a megabyte", &"x".repeat(1 << 20)));
        traps.push(Trap::raw("half a surrogate pair", br#""\ud800""#.as_slice()));
    }
    traps
}

fn of_credentials(coding: Coding) -> Vec<Trap> {
    let traps = of_secrets(coding, 401).into_iter();
    traps.map(|trap| trap.but(Verdict::Refused(401))).collect()
}

fn of_hashes() -> Vec<Trap> {
    let mut traps = no_texts_in_json();
    let stem = stem();
    traps.extend([
        Trap::refused("nothing", ""),
        Trap::refused("one byte too long", "x".repeat(129)),
        Trap::refused("characters few, bytes too many", "é".repeat(65)),
        Trap::refused("longer than a key", "x".repeat(2_049)),
        Trap::raw("half a surrogate pair", br#""\ud800""#.as_slice()),
        Trap::taken("as long as can be", format!("{stem}{}", "😀".repeat(29))),
        Trap::taken("control characters", format!("\0\u{1}\n{stem}")),
        Trap::taken("a separator of keys", format!("hash#{stem}#0")),
        Trap::taken("an override of the direction", format!("\u{202e}{stem}")),
    ]);
    traps
}

fn of_millis(other: u16) -> Vec<Trap> {
    let verdict = if other < 300 { Verdict::Taken } else { Verdict::Refused(other) };
    let wrong = [
        "\"\"",
        "\" \"",
        "\"-1\"",
        "-1",
        "\"+5\"",
        "1.5",
        "\"1.5\"",
        "1e3",
        "\"1e3\"",
        "true",
        "[]",
        "{}",
        "\"0x10\"",
        "\"now\"",
        "\"2026-01-01T00:00:00Z\"",
        "9223372036854775808",
        "\"9223372036854775808\"",
        "18446744073709551616",
        "NaN",
        "\"\u{665}\"",
        "\"5\\u0000\"",
        "05",
    ];
    let mut traps: Vec<_> = wrong.map(|text| Trap::raw(text, text)).into();
    let numbers = ["0", "\"0\"", "\"0005\"", "5", "9223372036854775807", "\"9223372036854775807\""];
    traps.extend(numbers.map(|text| Trap::raw(text, text).but(verdict.clone())));
    traps
}

fn of_arrays() -> Vec<Trap> {
    let many = |entry: &str, count: usize| format!("[{}]", vec![entry; count].join(","));
    let mut traps: Vec<_> = [
        "true",
        "5",
        "\"a\"",
        "\"\"",
        "{}",
        "{\"0\":\"a\"}",
        "[5]",
        "[null]",
        "[true]",
        "[[]]",
        "[{}]",
        "[\"\"]",
        "[\" \"]",
        "[\"\\ud800\"]",
        "[\"a\",]",
        "[\"a\"",
        "[..]",
        "[\"a b\"]",
        "[\"\\u0000\"]",
        "[\"..\"]",
        "[\"a\",5]",
        "{\"SS\":[\"a\"]}",
    ]
    .map(|text| Trap::raw(text, text))
    .into();
    traps.extend([
        Trap::raw("10,000 brackets", ["[".repeat(10_000), "]".repeat(10_000)].concat()),
        Trap::raw("10,000 entries that are nobody", many("\"nobody\"", 10_000)),
        Trap::raw("a megabyte in one entry", format!("[\"{}\"]", "x".repeat(1 << 20))),
    ]);
    traps
}

fn of_uuids(coding: Coding, nobody: u16) -> Vec<Trap> {
    let mut traps = if coding == Coding::Json { no_texts_in_json() } else { Vec::new() };
    let wrong = [
        "",
        " ",
        "null",
        "5",
        "00000000-0000-0000-0000-00000000000",
        "00000000-0000-0000-0000-0000000000000",
        "0000000g-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000000\0",
        "😀",
        "%00",
        "０0000000-0000-0000-0000-000000000000",
    ];
    traps.extend(wrong.map(|text| Trap::refused(&format!("{text:?}"), text)));
    let nothing = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
    let verdict = if nobody < 300 { Verdict::Taken } else { Verdict::Refused(nobody) };
    traps.extend(nothing.map(|text| Trap::refused(text, text).but(verdict.clone())));
    traps
}

fn of_keys() -> Vec<Trap> {
    let stem = stem();
    let fill = |length: usize| format!("{stem}{}", "k".repeat(length - stem.len()));
    let mut traps = vec![
        Trap::refused("one byte too long", fill(129)),
        Trap::refused("longer than a key", fill(2_049)),
        Trap::refused("nothing", ""),
        Trap::taken("as long as can be", fill(128)),
        Trap::taken("quotes", format!("\"'`{stem}")),
        Trap::taken("a form", format!("a=b&c;d,e {stem}")),
        Trap::taken("escapes", format!("%00%zz {stem}")),
        Trap::taken("expressions of the store", format!(":v #n {stem}")),
        Trap::taken("a separator of keys", format!("hash#{stem}#1")),
    ];
    traps.push(Trap::taken("a tab", format!("a\t{stem}")));
    traps
}
