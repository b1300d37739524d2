//! Traps for bodies and queries as a whole.

use super::shot::{Coding, Sent, Shot};
use super::{Body, By, Field, Kind, Route, Trap, Verdict, body, query};

/// What stands for the whole of a body.
pub(super) const BODY: Field = body("the body", Kind::Array);
/// What stands for the whole of a query.
pub(super) const QUERY: Field = query("the query", Kind::Array);

fn change(name: &str, verdict: Verdict, change: fn(&mut Shot)) -> Trap {
    Trap { name: name.to_owned(), sent: Sent::Request(change), verdict }
}

fn refused(name: &str, change_: fn(&mut Shot)) -> Trap {
    change(name, Verdict::Refused(400), change_)
}

fn taken(name: &str, change_: fn(&mut Shot)) -> Trap {
    change(name, Verdict::Taken, change_)
}

/// A body of another content type.
fn other_type(name: &str, change_: fn(&mut Shot)) -> Trap {
    change(name, Verdict::Refused(415), change_)
}

fn set_type(shot: &mut Shot, kind: &[u8]) {
    *shot.header("content-type") = kind.to_vec();
}

fn put_before(shot: &mut Shot, bytes: &[u8]) {
    shot.body().splice(..0, bytes.iter().copied());
}

fn put_after(shot: &mut Shot, bytes: &[u8]) {
    shot.body().extend_from_slice(bytes);
}

/// Puts a field in front of all others.
fn put_first(shot: &mut Shot, field: &str) {
    shot.body().splice(1..1, format!("{field},").into_bytes());
}

/// Something compressed: `{}`.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";

/// The traps of a route's body in both ways to write it, and those of its query.
pub(super) fn traps(route: &Route) -> Vec<(Field, Coding, Trap)> {
    let mut traps = Vec::new();
    let mut add = |field: Field, coding, more: Vec<Trap>| {
        traps.extend(more.into_iter().map(|trap| (field, coding, trap)));
    };
    // Where the credential is in the body, there is none in another one.
    if matches!(route.body, Body::Json | Body::JsonOfEither | Body::Either) && route.by != By::Field {
        add(BODY, Coding::Json, of_json());
    }
    if matches!(route.body, Body::Form | Body::Either) {
        add(BODY, Coding::Form, of_forms());
    }
    match route.body {
        Body::Json if route.by != By::Field => add(
            BODY,
            Coding::Json,
            vec![other_type("a form", |shot| {
                set_type(shot, b"application/x-www-form-urlencoded");
            })],
        ),
        Body::Form => add(
            BODY,
            Coding::Form,
            vec![other_type("JSON", |shot| {
                set_type(shot, b"application/json");
                *shot.body() = b"{}".to_vec();
            })],
        ),
        Body::None | Body::Json | Body::Either | Body::JsonOfEither => {}
    }
    // Of two credentials the first one counts.
    if route.fields.iter().any(|field| field.place == super::Place::Query) && route.by != By::Field {
        add(QUERY, Coding::Form, of_queries());
    }
    traps
}

fn of_any() -> Vec<Trap> {
    vec![
        refused("nothing", |shot| shot.body().clear()),
        refused("compressed", |shot| {
            shot.headers.push(("content-encoding", b"gzip".to_vec()));
            *shot.body() = GZIP.to_vec();
        }),
        other_type("multipart", |shot| {
            set_type(shot, b"multipart/form-data; boundary=x");
            *shot.body() =
                b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n".to_vec();
        }),
        other_type("plain text", |shot| set_type(shot, b"text/plain")),
        other_type("XML", |shot| set_type(shot, b"application/xml")),
        other_type("an empty content type", |shot| set_type(shot, b"")),
        other_type("a content type that is none", |shot| set_type(shot, b"\xff\xfe;;,")),
        other_type("two content types", |shot| set_type(shot, b"application/json, text/plain")),
        taken("a content type in capitals", |shot| shot.header("content-type").make_ascii_uppercase()),
        taken("a charset", |shot| shot.header("content-type").extend_from_slice(b" ; charset=UTF-8")),
        taken("no content type", |shot| {
            // A body without one is JSON where that is taken.
            shot.headers.retain(|(name, _)| *name != "content-type");
        }),
    ]
}

fn of_json() -> Vec<Trap> {
    let mut traps = of_any();
    traps.extend([
        refused("null", |shot| *shot.body() = b"null".to_vec()),
        refused("a number", |shot| *shot.body() = b"5".to_vec()),
        refused("a text", |shot| *shot.body() = b"\"a\"".to_vec()),
        refused("an array", |shot| *shot.body() = b"[]".to_vec()),
        refused("an array of an object", |shot| {
            put_before(shot, b"[");
            put_after(shot, b"]");
        }),
        refused("a bracket too few", |shot| {
            shot.body().pop();
        }),
        refused("a bracket too many", |shot| put_after(shot, b"}")),
        refused("two objects", |shot| put_after(shot, b"{}")),
        refused("a comma too many", |shot| {
            shot.body().pop();
            put_after(shot, b",}");
        }),
        refused("a comment", |shot| put_after(shot, b"// a")),
        refused("NUL at its end", |shot| put_after(shot, b"\0")),
        refused("a byte order mark", |shot| put_before(shot, b"\xef\xbb\xbf")),
        refused("UTF-16", |shot| {
            set_type(shot, b"application/json; charset=utf-16");
            let text = String::from_utf8(shot.body().clone()).expect("JSON is UTF-8");
            *shot.body() = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        }),
        refused("a callback", |shot| {
            put_before(shot, b"f(");
            put_after(shot, b")");
        }),
        refused("a guard", |shot| put_before(shot, b")]}',\n")),
        refused("10,000 brackets", |shot| *shot.body() = b"[".repeat(10_000)),
        refused("10,000 objects", |shot| *shot.body() = b"{\"a\":".repeat(10_000)),
        refused("every field twice", |shot| {
            let inside = shot.body()[1..].to_vec();
            shot.body().pop();
            put_after(shot, b",");
            put_after(shot, &inside);
        }),
        other_type("a kind of JSON", |shot| set_type(shot, b"application/merge-patch+json")),
        taken("a charset that it has not", |shot| set_type(shot, b"application/json;charset=utf-16")),
        taken("blanks around it", |shot| {
            put_before(shot, b" \r\n\t");
            put_after(shot, b"\r\n");
        }),
        taken("a megabyte of blanks", |shot| put_after(shot, &b" ".repeat(1 << 20))),
        taken("unknown fields", |shot| {
            put_first(
                shot,
                r#""":1,"__proto__":{"a":1},"$where":"1","\u0000":null,"constructor":[],"😀":{}"#,
            );
        }),
        taken("an unknown field of a megabyte", |shot| {
            put_first(shot, &format!("\"unknown\":\"{}\"", "x".repeat(1 << 20)));
        }),
        taken("100 unknown brackets", |shot| {
            put_first(shot, &format!("\"unknown\":{}{}", "[".repeat(100), "]".repeat(100)));
        }),
    ]);
    traps
}

fn of_forms() -> Vec<Trap> {
    let mut traps = of_any();
    // In JSON's list already, and JSON to those who take both.
    traps.retain(|trap| trap.name != "no content type" && trap.name != "compressed");
    traps.extend([
        refused("no pair", |shot| *shot.body() = b"&&==&&=&".to_vec()),
        refused("one name", |shot| *shot.body() = b"a".to_vec()),
        refused("semicolons for ampersands", |shot| {
            let pairs = shot.body().split(|byte| *byte == b'&').collect::<Vec<_>>().join(&b';');
            *shot.body() = [b"first;", &pairs[..]].concat();
        }),
        refused("JSON", |shot| *shot.body() = b"{\"a\":\"b\"}".to_vec()),
        refused("every name in brackets", |shot| {
            let pairs = String::from_utf8_lossy(shot.body()).replace('=', "[]=");
            *shot.body() = pairs.into_bytes();
        }),
        refused("every pair twice", |shot| {
            let pairs = shot.body().clone();
            put_after(shot, b"&");
            put_after(shot, &pairs);
        }),
        refused("bytes that are not UTF-8 beside it", |shot| put_after(shot, b"&other=%ff")),
        refused("a name that is not UTF-8", |shot| put_after(shot, b"&%ff=a")),
        taken("empty pairs", |shot| {
            put_before(shot, b"&&=&");
            put_after(shot, b"&&=&=a&b");
        }),
        taken("unknown names", |shot| put_after(shot, b"&__proto__=1&%00=2&a[b]=3&%F0%9F%98%80=4")),
        taken("an unknown name of a megabyte", |shot| {
            put_after(shot, b"&unknown=");
            put_after(shot, &b"x".repeat(1 << 20));
        }),
        taken("names escaped", |shot| {
            let first = shot.body()[0];
            shot.body().splice(..1, format!("%{first:02x}").into_bytes());
        }),
    ]);
    traps
}

fn of_queries() -> Vec<Trap> {
    fn add(shot: &mut Shot, text: &[u8]) {
        if !shot.query.is_empty() {
            shot.query.push(b'&');
        }
        shot.query.extend_from_slice(text);
    }
    vec![
        refused("every pair twice", |shot| {
            let before = shot.query.clone();
            add(shot, &before);
        }),
        refused("bytes that are not UTF-8", |shot| add(shot, b"other=%ff")),
        taken("empty pairs", |shot| add(shot, b"&&=&=a&b&;")),
        taken("unknown names", |shot| add(shot, b"__proto__=1&%00=2&a[b]=3&%zz=4&%F0%9F%98%80=5&=")),
        taken("an unknown name of 4,000 bytes", |shot| add(shot, &b"x".repeat(4_000))),
        taken("a second question mark", |shot| add(shot, b"?a=b")),
    ]
}
