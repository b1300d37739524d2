//! What is done with a row: every trap is sent where a table first has a field of a kind, and fewer after that.

use std::collections::BTreeMap;

use serde_json::Value;
use tests::{Answer, Stack};

use super::shot::{Client, Coding, Part, Sent, Shot};
use super::{Field, Kept, Kind, Route, Scene, Trap, Verdict, bodies, credentials};

/// Most bytes of a refusal's sentence.
const SENTENCE: usize = 1_010;
/// How many are read back at once: no history shows more than 100.
const PAGE: usize = 50;
/// Of so many traps one is sent where a table has had a field of the kind before.
const LATER_STEP: usize = 5;
/// What tells of the inside.
const INTERNALS: &[&str] = &[
    "panicked",
    "src/",
    ".rs:",
    "Exception",
    "SdkError",
    "dynamo",
    "Dynamo",
    "struct ",
    "enum ",
    "RawValue",
    "untagged",
    "arn:aws",
    "stack backtrace",
    "TableName",
];

/// Something to be sent, and where.
type Set = (Field, Coding, Trap);

/// One who asks.
struct Asker<'a, S> {
    client: Client,
    scene: &'a S,
    failures: Vec<String>,
}

/// Checks what becomes of the traps of these rows.
pub(super) async fn holds<S: Scene>(stack: &Stack, scene: &S, rows: &[Route]) {
    let mut asker = Asker { client: Client::new(stack), scene, failures: Vec::new() };
    let mut times = BTreeMap::new();
    for (place, route) in rows.iter().enumerate() {
        let sets = thinned(all(route, &rows[..place]), &mut times);
        let (refused, taken): (Vec<_>, Vec<_>) =
            sets.into_iter().partition(|(_, _, trap)| matches!(trap.verdict, Verdict::Refused(_)));
        asker.are_refused(route, &refused).await;
        asker.is_good(route).await;
        asker.are_taken(route, &taken).await;
    }
    let failures = asker.failures;
    assert!(failures.is_empty(), "{} traps:\n{}", failures.len(), failures.join("\n"));
}

/// All traps of a row. What is not about its fields is so for all rows of one route.
fn all(route: &Route, before: &[Route]) -> Vec<Set> {
    let is_same =
        |other: &Route| (other.method, other.route, other.by) == (route.method, route.route, route.by);
    let mut all = Vec::new();
    if !before.iter().any(is_same) {
        all.extend(credentials::traps(route));
        all.extend(bodies::traps(route));
    }
    for field in route.fields {
        for coding in route.codings(field) {
            all.extend(field.traps(*coding).into_iter().map(|trap| (*field, *coding, trap)));
        }
    }
    all
}

/// All traps for the first field of a kind in a table, and for each later one another fifth of them: as many
/// as there is time for.
fn thinned(sets: Vec<Set>, times: &mut BTreeMap<String, usize>) -> Vec<Set> {
    let mut thinned = Vec::new();
    for sets in sets.chunk_by(|one, other| (one.0.name, one.1) == (other.0.name, other.1)) {
        let (field, coding, _) = &sets[0];
        // What stands for a whole is not one more array.
        let whole = field.name.strip_prefix("the ").unwrap_or_default();
        let kind = format!("{:?} {coding:?} {whole}", std::mem::discriminant(&field.kind));
        let times = times.entry(kind).or_insert(0);
        let step = if *times == 0 { 1 } else { LATER_STEP };
        thinned.extend(sets.iter().skip(*times % step).step_by(step).cloned());
        *times += 1;
    }
    thinned
}

impl<S: Scene> Asker<'_, S> {
    async fn send(&self, route: &Route, set: Option<&Set>) -> Result<Answer, String> {
        let values = self.scene.good(route).await;
        let trap = set.map(|(field, coding, trap)| (field, *coding, &trap.sent));
        let write = |parts: &[Part]| self.scene.write(route, parts);
        let shot = Shot::new(route, &values, self.scene.credential(route.by), trap, write);
        let answer = self.client.send(&shot).await;
        match (&answer, set) {
            // The same again: what has a key is done once.
            (
                Ok(first),
                Some((Field { kind: Kind::Key, .. }, _, Trap { sent: Sent::Text(_), verdict, .. })),
            ) if *verdict == Verdict::Taken => {
                let again = self.client.send(&shot).await?;
                let is_same = first.status == again.status && first.body == again.body;
                if is_same { answer } else { Err(format!("{} first, {} then", told(first), told(&again))) }
            }
            _ => answer,
        }
    }

    fn fail(&mut self, route: &Route, set: Option<&Set>, what: &str) {
        let trap = set.map_or("nothing unusual".to_owned(), |(field, coding, trap)| {
            format!(
                "{} ({coding:?}), {}, must be {:.60}",
                field.name,
                trap.name,
                format!("{:?}", trap.verdict)
            )
        });
        self.failures.push(format!("{} {}: {trap}: {what}", route.method, route.route));
    }

    /// The good values are taken: else refusals would mean nothing. Last, as it may end the session.
    async fn is_good(&mut self, route: &Route) {
        match self.send(route, None).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => self.fail(route, None, &told(&answer)),
            Err(error) => self.fail(route, None, &error),
        }
    }

    /// What is refused is refused well, and nothing has changed then.
    async fn are_refused(&mut self, route: &Route, sets: &[Set]) {
        let before = self.view(route).await;
        for set in sets {
            self.is_refused(route, set).await;
        }
        if self.view(route).await == before {
            return;
        }
        // Which one was it? They are sent once more, each by itself.
        let count = self.failures.len();
        for set in sets {
            let before = self.view(route).await;
            self.send(route, Some(set)).await.ok();
            if self.view(route).await != before {
                self.fail(route, Some(set), "was refused and has changed something");
            }
        }
        if self.failures.len() == count {
            self.fail(route, sets.first(), "or one of the others has changed something, once");
        }
    }

    async fn view(&self, route: &Route) -> Value {
        if route.is_read { Value::Null } else { self.scene.view(route).await }
    }

    async fn is_refused(&mut self, route: &Route, set: &Set) {
        let Verdict::Refused(status) = set.2.verdict else { panic!("{set:?} is taken") };
        let wrong = match self.send(route, Some(set)).await {
            Err(error) => Some(error),
            Ok(answer) if answer.status.as_u16() != route.status(status) => Some(told(&answer)),
            Ok(answer) => envelope(&answer).err().map(|what| format!("{what}: {}", told(&answer))),
        };
        if let Some(wrong) = wrong {
            self.fail(route, Some(set), &wrong);
        }
    }

    /// What is taken is kept as it was sent.
    async fn are_taken(&mut self, route: &Route, sets: &[Set]) {
        for fields in sets.chunk_by(|one, other| one.0.name == other.0.name) {
            let mut answered = Vec::new();
            for set in fields {
                match self.send(route, Some(set)).await {
                    Ok(answer) if answer.status.is_success() => {
                        answered.push((set, answer));
                        if set.0.kept == Kept::Last || (set.0.kept == Kept::All && answered.len() == PAGE) {
                            self.are_shown(route, &answered).await;
                            answered.clear();
                        }
                    }
                    Ok(answer) => self.fail(route, Some(set), &told(&answer)),
                    Err(error) => self.fail(route, Some(set), &error),
                }
            }
            if fields[0].0.kept == Kept::All {
                self.are_shown(route, &answered).await;
            }
        }
    }

    async fn are_shown(&mut self, route: &Route, answered: &[(&Set, Answer)]) {
        let Some(((field, ..), _)) = answered.first() else { return };
        let answers: Vec<_> = answered.iter().map(|(_, answer)| answer.clone()).collect();
        for (reader, shown) in self.scene.shown(route, field, &answers).await.into_iter().enumerate() {
            if shown.len() != answers.len() {
                self.fail(route, None, &format!("{} of {} are kept", shown.len(), answers.len()));
                continue;
            }
            for ((set, _), shown) in answered.iter().zip(shown) {
                if let Verdict::Kept(sent) = &set.2.verdict
                    && *sent != shown
                {
                    self.fail(route, Some(set), &format!("reader {reader} has {:.100}", shown.to_string()));
                }
            }
        }
    }
}

/// An answer in short.
fn told(answer: &Answer) -> String {
    format!("{} {:.300}", answer.status.as_u16(), answer.text())
}

/// Whether a refusal is in the envelope: a sentence of some length, a stable code, and nothing of the inside.
fn envelope(answer: &Answer) -> Result<(), String> {
    let kind = answer.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(format!("{kind} instead of JSON"));
    }
    let envelope: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    is_envelope(&envelope)
}

/// As on the wire, so in frames.
pub(super) fn is_envelope(envelope: &Value) -> Result<(), String> {
    for (name, value) in envelope.as_object().ok_or("no object")? {
        let text = value.as_str().ok_or_else(|| format!("{name} is no text"))?;
        match name.as_str() {
            "error" | "details" if text.trim().is_empty() => return Err(format!("{name} is blank")),
            "error" | "details" if text.len() > SENTENCE => {
                return Err(format!("{name} is {} long", text.len()));
            }
            "error" | "details" => {
                if let Some(inside) = INTERNALS.iter().find(|inside| text.contains(**inside)) {
                    return Err(format!("{name} tells of {inside}"));
                }
            }
            "code"
                if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
            {
                return Err("the code is none".to_owned());
            }
            "code" | "client_id" => {}
            "status" if text == "unauthorised" => {}
            _ => return Err(format!("{name} in the envelope")),
        }
    }
    let is_there = |name: &str| envelope[name].is_string();
    if is_there("error") && is_there("code") { Ok(()) } else { Err("no envelope".to_owned()) }
}
