//! Traps for texts: messages, names, passwords.

use super::shot::{Coding, Sent};
use super::{Trap, Verdict, stem};

/// Most bytes of a message.
const MESSAGE: usize = 16 * 1024;
/// Most characters of a name.
const NAME: usize = 100;
const MEGABYTE: usize = 1024 * 1024;

/// Texts that look like something else, or like nothing: any message and any name may be so. At most 85
/// characters each, none of them a control character.
const ODD: &[(&str, &str)] = &[
    ("an override of the direction", "\u{202e}gnp.exe\u{2066}\u{2069}"),
    ("right to left", "שלום עולם مرحبا"),
    ("characters without width", "a\u{200b}b\u{200c}c\u{200d}d\u{2060}e\u{ad}"),
    ("a byte order mark", "\u{feff}text\u{feff}"),
    ("composed", "\u{e9}\u{c5}\u{1e9b}\u{323}"),
    ("decomposed", "e\u{301}A\u{30a}\u{17f}\u{323}\u{307}"),
    ("Hangul parts", "\u{1112}\u{1161}\u{11ab}"),
    ("beyond the basic plane", "😀👩‍👩‍👧‍👦🏳️‍🌈𝔘𠜎🇦🇹"),
    ("noncharacters", "\u{fffe}\u{ffff}\u{fdd0}\u{10ffff}"),
    ("for private use", "\u{e000}\u{f8ff}\u{100000}"),
    ("tags", "\u{e0001}\u{e0041}\u{e007f}"),
    ("separators of lines", "a\u{2028}b\u{2029}c"),
    ("a replacement character", "\u{fffd}"),
    ("blanks at its ends", "  a  "),
    ("blanks that do not break", "\u{a0}a\u{3000}b\u{2007}"),
    ("SQL", "'; DROP TABLE Users; -- \" OR 1=1"),
    ("JSON", r#"{"a":[1,null,"b"]}"#),
    ("HTML", "<script>alert('1')</script>&lt;&#0;"),
    ("templates", "{{7*7}} ${7*7} #{7*7} <%= 7*7 %> %s %n {0}"),
    ("expressions of the store", ":v #n attribute_exists(pk) SET a = :b REMOVE c"),
    ("a value of the store", r#"{"S":"a"}"#),
    ("NULL", "NULL"),
    ("null", "null"),
    ("true", "true"),
    ("undefined", "undefined"),
    ("not a number", "NaN"),
    ("40 digits", "1234567890123456789012345678901234567890"),
    ("a number too large", "1e400"),
    ("minus nothing", "-0"),
    ("hexadecimal", "0x10"),
    ("a path upwards", "../../etc/passwd"),
    ("a part of a path", "a/b"),
    ("a Windows path", r"..\\..\C:\nul"),
    ("two dots", ".."),
    ("a route", "unread"),
    ("another route", "users"),
    ("escapes of a path", "%00%zz%2F%2e%2e%252e"),
    ("plus signs", "a+b c%20d"),
    ("a form", "a=b&c=d;e=f&&="),
    ("base64", "bnVsbA=="),
    ("escapes of JSON", r"\ud800 \u0000 \n \x41"),
    ("quotes and backslashes", r#""'`\\""#),
    ("headers", "Set-Cookie: a=b"),
    ("prototypes", "__proto__"),
];

/// Control characters of all sorts between letters: the first and the last of each range, and those that do
/// something.
fn controls() -> impl Iterator<Item = (String, String)> {
    let some = "\0\u{8}\t\n\r\u{1b}\u{1f}\u{7f}\u{80}\u{85}\u{9f}";
    some.chars().map(|control| (format!("U+{:04X}", u32::from(control)), format!("a{control}b")))
}

/// Every control character.
fn all_controls() -> String {
    (0..=0x9f).filter_map(char::from_u32).filter(|char| char.is_control()).collect()
}

/// What is not written as texts are, in JSON. Where it is one all the same, `tail` is added to it: names must
/// be new.
fn unwritten_in_json(tail: &str) -> Vec<Trap> {
    let text = |name: &str, inside: &[u8]| Trap::raw(name, [&b"\""[..], inside, b"\""].concat());
    let read_as = |name: &str, inside: &str, read: &str| {
        let sent = Sent::Raw(format!("\"{inside}{tail}\"").into());
        Trap::as_(name, sent, format!("{read}{tail}"))
    };
    vec![
        text("half a surrogate pair, the high one", br"\ud800"),
        text("half a surrogate pair, the low one", br"\udc00"),
        text("a surrogate pair the wrong way round", br"\ude00\ud83d"),
        text("half a surrogate pair before a letter", br"\ud83da"),
        text("half a surrogate pair before an escape", br"\ud83d\u0061"),
        text("an escape cut short", br"\u00"),
        text("an escape that JSON does not have", br"\x41"),
        text("a line break as it is", b"a\nb"),
        text("NUL as it is", b"a\0b"),
        text("bytes that are not UTF-8", b"a\xffb"),
        text("UTF-8 that is too long", b"\xc0\x80"),
        text("UTF-8 that is too long, a slash", b"\xe0\x80\xaf"),
        text("UTF-8 of a surrogate", b"\xed\xa0\x80"),
        text("UTF-8 beyond Unicode", b"\xf4\x90\x80\x80"),
        text("UTF-8 cut short", b"\xe2\x82"),
        text("Latin-1", b"J\xfcrgen"),
        Trap::raw("no end", b"\"a".as_slice()),
        Trap::raw("single quotes", b"'a'".as_slice()),
        Trap::raw("no quotes", b"abc".as_slice()),
        Trap::raw("no value", b"".as_slice()),
        read_as("a surrogate pair", r"\ud83d\ude00", "😀"),
        read_as("letters escaped", r"\u0061\u00E9\/", "aé/"),
    ]
}

/// What is no text in JSON.
pub(super) fn no_texts_in_json() -> Vec<Trap> {
    vec![
        Trap::raw("true", b"true".as_slice()),
        Trap::raw("a number", b"5".as_slice()),
        Trap::raw("a fraction", b"1.5".as_slice()),
        Trap::raw("not a number", b"NaN".as_slice()),
        Trap::raw("an empty array", b"[]".as_slice()),
        Trap::raw("an array of a text", br#"["abcdefgh"]"#.as_slice()),
        Trap::raw("an empty object", b"{}".as_slice()),
        Trap::raw("a value of the store", br#"{"S":"abcdefgh"}"#.as_slice()),
        Trap::raw("a condition", br#"{"$ne":""}"#.as_slice()),
        Trap::raw("10,000 brackets", ["[".repeat(10_000), "]".repeat(10_000)].concat()),
        Trap::raw("10,000 brackets without end", "[".repeat(10_000)),
    ]
}

/// What is not written as texts are, in a form or a query.
fn unwritten_in_forms(tail: &str) -> Vec<Trap> {
    let read_as = |name: &str, sent: &str, read: &str| {
        Trap::as_(name, Sent::Raw(format!("{sent}{tail}").into()), format!("{read}{tail}"))
    };
    vec![
        Trap::raw("bytes that are not UTF-8", b"a%ffb".as_slice()),
        Trap::raw("UTF-8 that is too long", b"%c0%80".as_slice()),
        Trap::raw("UTF-8 of a surrogate", b"%ed%a0%80".as_slice()),
        Trap::raw("UTF-8 beyond Unicode", b"%f4%90%80%80".as_slice()),
        Trap::raw("UTF-8 cut short", b"%e2%82".as_slice()),
        Trap::raw("Latin-1", b"J%fcrgen".as_slice()),
        read_as("a plus sign", "a+b", "a b"),
        read_as("a plus sign, escaped", "a%2Bb", "a+b"),
        read_as("a percent sign", "100%-", "100%-"),
        read_as("an escape that is none", "a%zzb%u0041", "a%zzb%u0041"),
        read_as("escaped twice", "a%2526b", "a%26b"),
        read_as("an equals sign", "a=b==", "a=b=="),
        read_as("a semicolon", "a;b=c", "a;b=c"),
        read_as("small letters in escapes", "%c3%a9%f0%9f%98%80", "é😀"),
    ]
}

/// Sent in forms, where JSON has had all of them.
fn some_odd() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let some = ["beyond the basic plane", "decomposed", "a form", "escapes of a path", "blanks at its ends"];
    ODD.iter().filter(move |(name, _)| some.contains(name))
}

/// Traps for messages.
pub(super) fn of_messages(coding: Coding) -> Vec<Trap> {
    let mut traps = match coding {
        Coding::Json => [unwritten_in_json(""), no_texts_in_json()].concat(),
        _ => unwritten_in_forms(""),
    };
    match coding {
        Coding::Json => traps.extend(ODD.iter().map(|(name, text)| Trap::kept(name, *text))),
        _ => traps.extend(some_odd().map(|(name, text)| Trap::kept(name, *text))),
    }
    traps.extend([
        Trap::refused("nothing", ""),
        Trap::refused("one byte too long", "x".repeat(MESSAGE + 1)),
        Trap::refused("two-byte characters, too long", "é".repeat(MESSAGE / 2) + "x"),
        Trap::refused("three-byte characters, too long", "€".repeat(MESSAGE / 3 + 1)),
        Trap::refused("four-byte characters, too long", "😀".repeat(MESSAGE / 4 + 1)),
        Trap::refused("a megabyte", "x".repeat(MEGABYTE)),
        Trap::kept("a blank", " "),
        Trap::kept("a line break", "\n"),
        Trap::kept("NUL", "\0"),
        Trap::kept("every control character", all_controls()),
        Trap::kept("as long as can be", "x".repeat(MESSAGE)),
        Trap::kept("two-byte characters, as long as can be", "é".repeat(MESSAGE / 2)),
        Trap::kept("three-byte characters, as long as can be", "€".repeat(MESSAGE / 3) + "x"),
        Trap::kept("four-byte characters, as long as can be", "😀".repeat(MESSAGE / 4)),
        Trap::kept("quotes, as long as can be", "\"".repeat(MESSAGE)),
        Trap::kept("control characters, as long as can be", "\u{1}".repeat(MESSAGE)),
        Trap::kept("hundreds of combining marks", format!("e{}", "\u{301}".repeat(500))),
    ]);
    traps
}

/// What a name that must be new has at its end, and any other has not.
fn tail(is_unique: bool) -> String {
    if is_unique { stem() } else { String::new() }
}

/// Traps for titles and names; those of users must be new.
pub(super) fn of_names(coding: Coding, is_unique: bool) -> Vec<Trap> {
    let mut traps = match coding {
        Coding::Json => [unwritten_in_json(&tail(is_unique)), no_texts_in_json()].concat(),
        _ => unwritten_in_forms(&tail(is_unique)),
    };
    let odd = |(name, text): &(&str, &str)| Trap::kept(name, format!("{text}{}", tail(is_unique)));
    match coding {
        Coding::Json => traps.extend(ODD.iter().map(odd)),
        // Nothing else takes names of web users.
        _ if is_unique => traps.extend(ODD.iter().map(odd)),
        _ => traps.extend(some_odd().map(odd)),
    }
    traps.extend(controls().map(|(name, text)| Trap::refused(&name, text)));
    let long = |name: &str, char: &str| {
        let tail = tail(is_unique);
        Trap::kept(name, format!("{}{tail}", char.repeat(NAME - tail.len())))
    };
    traps.extend([
        Trap::refused("nothing", ""),
        Trap::refused("a blank", " "),
        Trap::refused("blanks of all kinds", " \u{a0}\u{2003}\u{3000}\u{2028}"),
        Trap::refused("one character too long", "x".repeat(NAME + 1)),
        Trap::refused("one four-byte character too long", "😀".repeat(NAME + 1)),
        Trap::refused("a megabyte", "x".repeat(MEGABYTE)),
        Trap::refused("a control character at its end", "abc\n"),
        Trap::refused("headers", "a\r\nSet-Cookie: b=c"),
        long("as long as can be", "x"),
        long("four-byte characters, as long as can be", "😀"),
        long("combining marks, as long as can be", "\u{301}"),
    ]);
    // Its compatibility form is longer than a key may be.
    let ligatures = "\u{fdfa}".repeat(NAME);
    traps.push(match is_unique {
        true => Trap::refused("ligatures, as long as can be", ligatures),
        false => Trap::kept("ligatures, as long as can be", ligatures),
    });
    traps
}

/// Traps for the name of somebody else: nobody has it.
pub(super) fn of_known_names(coding: Coding) -> Vec<Trap> {
    let traps = of_names(coding, true).into_iter();
    traps
        .map(|trap| match trap.verdict {
            Verdict::Refused(_) => trap,
            _ => trap.but(Verdict::Refused(404)),
        })
        .collect()
}

/// Traps for what a platform says of a chat.
pub(super) fn of_descriptions(coding: Coding) -> Vec<Trap> {
    let mut traps = [unwritten_in_json(""), no_texts_in_json()].concat();
    assert_eq!(coding, Coding::Json, "platforms send JSON");
    traps.extend(ODD.iter().map(|(name, text)| Trap::kept(name, *text)));
    traps.extend([
        Trap::kept("every control character", all_controls()),
        Trap::kept("a blank", " "),
        Trap::kept("nothing", ""),
        Trap::kept("as long as can be", "😀".repeat(1_000)),
        Trap::refused("one character too long", "x".repeat(1_001)),
        Trap::refused("a megabyte", "x".repeat(MEGABYTE)),
    ]);
    traps
}

/// Traps for passwords that are set. Whether it is this one is for `twins` to see.
pub(super) fn of_passwords(coding: Coding) -> Vec<Trap> {
    let mut traps = match coding {
        Coding::Json => [unwritten_in_json(""), no_texts_in_json()].concat(),
        _ => unwritten_in_forms(""),
    };
    // What is left is too short to be a password, or is taken as one.
    traps.retain(|trap| matches!(trap.verdict, Verdict::Refused(_)));
    traps.extend([
        Trap::refused("nothing", ""),
        Trap::refused("one character too short", "1234567"),
        Trap::refused("bytes enough, characters too few", "😀".repeat(7)),
        Trap::refused("one character too long", "x".repeat(129)),
        Trap::refused("one four-byte character too long", "😀".repeat(129)),
        Trap::refused("a megabyte", "x".repeat(MEGABYTE)),
        Trap::taken("as short as can be", "12345678"),
        Trap::taken("four-byte characters, as long as can be", "😀".repeat(128)),
        Trap::taken("blanks", " ".repeat(8)),
        Trap::taken("NUL and other control characters", "\0\u{1}\u{7f}\u{85}\r\n\t\u{b}"),
    ]);
    traps
}

/// Traps for what somebody logs in with: a text, whatever it is, and the wrong one.
pub(super) fn of_logins(coding: Coding) -> Vec<Trap> {
    let wrong = |name: &str, text: String| Trap::refused(name, text).but(Verdict::Refused(401));
    let mut traps = match coding {
        Coding::Json => [unwritten_in_json(""), no_texts_in_json()].concat(),
        _ => unwritten_in_forms(""),
    };
    for trap in &mut traps {
        if trap.verdict != Verdict::Refused(400) {
            trap.verdict = Verdict::Refused(401);
        }
    }
    // Most are refused only after a password was hashed, which is dear.
    traps.extend(some_odd().map(|(name, text)| wrong(name, (*text).to_owned())));
    traps.extend([
        wrong("nothing", String::new()),
        wrong("a blank", " ".to_owned()),
        wrong("NUL", "\0".to_owned()),
        wrong("a megabyte", "x".repeat(MEGABYTE)),
        wrong("ligatures", "\u{fdfa}".repeat(NAME)),
    ]);
    traps
}
