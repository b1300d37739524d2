//! Traps for what carries a credential. They are refused like no credential at all.

use super::shot::{Coding, Sent, Shot};
use super::{By, Field, Kind, Place, Route, Trap, Verdict, field};

/// What a trap makes of a shot.
type Change = fn(&mut Shot);

/// What stands for the header that carries a credential.
pub(super) const CREDENTIAL: Field = field(Place::Header, "the credential", Kind::Key);

fn trap(name: &str, change: fn(&mut Shot)) -> (Field, Coding, Trap) {
    let sent = Sent::Request(change);
    (CREDENTIAL, Coding::Header, Trap { name: name.to_owned(), sent, verdict: Verdict::Refused(401) })
}

/// The credential, which stands first.
fn value(shot: &mut Shot) -> &mut Vec<u8> {
    &mut shot.headers[0].1
}

/// A token without the header's scheme or the cookie's name.
fn token(shot: &mut Shot) -> &mut [u8] {
    let value = value(shot);
    let start = value.iter().rposition(|byte| b"= ".contains(byte)).map_or(0, |at| at + 1);
    &mut value[start..]
}

/// The traps of a route's credential.
pub(super) fn traps(route: &Route) -> Vec<(Field, Coding, Trap)> {
    let mut traps = vec![
        trap("none", |shot| drop(shot.headers.remove(0))),
        trap("nothing in the header", |shot| value(shot).clear()),
        trap("bytes that are not ASCII", |shot| *value(shot) = b"session=\xff\xfe; token=\xe9".to_vec()),
        trap("one letter more", |shot| value(shot).push(b'x')),
        trap("a letter in capitals", |shot| {
            let token = token(shot);
            let at = token.iter().rposition(u8::is_ascii_lowercase).expect("a small letter");
            token[at].make_ascii_uppercase();
        }),
        trap("8,000 letters", |shot| value(shot).extend([b'a'; 8_000])),
    ];
    match route.by {
        By::Nobody | By::WebNobody | By::Field => traps.clear(),
        By::Login | By::Access | By::Key => traps.extend([
            trap("the scheme alone", |shot| *value(shot) = b"Bearer ".to_vec()),
            trap("another scheme", |shot| {
                let token = token(shot).to_vec();
                *value(shot) = [&b"Basic "[..], &token].concat();
            }),
            trap("twice", |shot| {
                let credential = shot.headers[0].clone();
                shot.headers.insert(0, credential);
            }),
            trap("templates", |shot| *value(shot) = b"{{7*7}}${7*7} null' OR 1=1 --".to_vec()),
        ]),
        By::Web | By::Guest => traps.extend([
            trap("in quotes", |shot| {
                let token = token(shot).to_vec();
                let length = value(shot).len();
                value(shot).truncate(length - token.len());
                value(shot).extend([&b"\""[..], &token, b"\""].concat());
            }),
            trap("without the sign", |shot| value(shot).retain(|byte| *byte != b'=')),
            trap("under names in capitals", |shot| {
                let text = String::from_utf8_lossy(value(shot)).replace("session=", "SESSION=");
                *value(shot) = text.replace("token=", "TOKEN=").into_bytes();
            }),
            trap("a wrong one first", |shot| {
                let before = value(shot).clone();
                *value(shot) = [&b"user_id=1; session=x; token=x; "[..], &before].concat();
            }),
        ]),
    }
    if route.by == By::Web {
        let ids: [(&str, Change); 5] = [
            ("no id", |shot| set_id(shot, "")),
            ("an id with a sign", |shot| with_id(shot, |id| format!("+{id}"))),
            ("an id with a fraction", |shot| with_id(shot, |id| format!("{id}.0"))),
            ("an id in quotes", |shot| with_id(shot, |id| format!("\"{id}\""))),
            ("the id 2^64 further", |shot| {
                with_id(shot, |id| {
                    let id: u128 = id.parse().expect("an id");
                    (id + (1 << 64)).to_string()
                });
            }),
        ];
        traps.extend(ids.map(|(name, change)| trap(name, change)));
    }
    traps
}

fn with_id(shot: &mut Shot, change: fn(&str) -> String) {
    let text = String::from_utf8_lossy(value(shot)).into_owned();
    let id = text.split(['=', ';']).nth(1).expect("user_id=…; token=…");
    set_id(shot, &change(id));
}

fn set_id(shot: &mut Shot, id: &str) {
    let text = String::from_utf8_lossy(value(shot)).into_owned();
    let (_, rest) = text.split_once(';').expect("user_id=…; token=…");
    *value(shot) = format!("user_id={id};{rest}").into_bytes();
}
