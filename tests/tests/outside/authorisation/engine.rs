//! What is done with a row: everybody asks.

use http::Method;
use tests::{Answer, Caller as _, Stack};

use super::{Body, Credential, Row, Scene, Surface, Thing};

/// Checks that all rows hold in a scene.
pub(super) async fn holds<S: Scene>(rows: &[Row]) {
    let stack = Stack::shared().await;
    let scene = S::new(&stack).await;
    for row in rows {
        if row.is_open {
            is_open(&stack, &scene, row).await;
        } else {
            is_guarded(&stack, &scene, row).await;
        }
    }
    scene.wallet().is_good(&stack).await;
}

/// Makes the call of a row, about this thing, with this credential.
async fn ask(stack: &Stack, row: &Row, thing: &Thing, by: &Credential) -> Answer {
    let fill = |text: &str| thing.fill(text).replace("{credential}", &by.text);
    let method: Method = row.method.parse().expect("a method");
    let route = match row.instead {
        Some((parameter, value)) => row.route.replace(&format!("{{{parameter}}}"), &format!("{{{value}}}")),
        None => row.route.to_owned(),
    };
    let mut call = stack.anonymous().call(method, &format!("{}{}", fill(&route), fill(row.query)));
    call = match row.body {
        Body::None => call,
        Body::Json(text) => call.body("application/json", fill(text)),
        Body::Form(text) => call.body("application/x-www-form-urlencoded", fill(text)),
    };
    if let Some((name, value)) = &by.header {
        call = call.header(name, value);
    }
    let mut answer = call.await;
    let carrier = by.header.as_ref().map_or("nothing", |(name, _)| name);
    answer.question = format!("{} ({row:?}) by {} in {carrier}", answer.question, by.name);
    answer
}

/// Everybody is answered the same.
async fn is_open<S: Scene>(stack: &Stack, scene: &S, row: &Row) {
    let mut everybody = scene.people();
    everybody.push(Credential::none());
    everybody.extend(scene.ended());
    everybody.extend(scene.wallet().foreign_to(S::SURFACE));
    for by in everybody {
        ask(stack, row, &scene.thing().await, &by).await.expect(row.cells[0]);
    }
}

/// Whoever may not is refused, and nothing has changed then; whoever may, may.
async fn is_guarded<S: Scene>(stack: &Stack, scene: &S, row: &Row) {
    let people = scene.people();
    assert_eq!(people.len(), row.cells.len(), "a cell for everybody in {row:?}");
    let thing = scene.thing().await;
    let nothing = scene.nothing(&thing);
    let before = scene.view(&thing).await;

    let mut outsiders = vec![Credential::none()];
    outsiders.extend(scene.ended());
    outsiders.extend(scene.wallet().foreign_to(S::SURFACE));
    for by in &outsiders {
        let exception = row.exceptions.iter().find(|(name, _)| is_meant(name, by));
        let status = exception.map_or(S::SURFACE.unauthenticated(), |(_, status)| *status);
        let answer = ask(stack, row, &thing, by).await;
        is_refused(&answer, status, &thing);
        if exception.is_none() {
            assert_eq!(answer.json()["code"], "unauthenticated", "{answer:?}");
            is_the_same(&answer, &ask(stack, row, &nothing, by).await);
        }
    }
    for (by, status) in people.iter().zip(row.cells).filter(|(_, status)| **status >= 400) {
        let answer = ask(stack, row, &thing, by).await;
        is_refused(&answer, *status, &thing);
        if *status == 404 || row.hides {
            is_the_same(&answer, &ask(stack, row, &nothing, by).await);
        }
    }
    assert_eq!(scene.view(&thing).await, before, "what refused calls of {row:?} have changed");

    if row.ends_session {
        are_allowed(stack, &S::new(stack).await, row).await;
    } else {
        are_allowed(stack, scene, row).await;
    }
}

/// Whoever may, may, each with a thing of its own; who is gone afterwards cannot make another one.
async fn are_allowed<S: Scene>(stack: &Stack, scene: &S, row: &Row) {
    let people = scene.people();
    let allowed = people.iter().zip(row.cells).enumerate();
    let mut thing = scene.thing().await;
    let mut is_used = false;
    for (place, (by, status)) in allowed.filter(|(_, (_, status))| **status < 400) {
        if std::mem::replace(&mut is_used, true) && !row.ends_session {
            thing = scene.thing().await;
        }
        let answer = ask(stack, row, &thing, by).await.expect(*status);
        let is_shown = answer.text().contains(&thing.mark);
        assert!(place < S::INSIDE || !is_shown, "what is not for this one: {answer:?}");
        assert!(place >= S::INSIDE || !row.shows || is_shown, "the mark {:?} in {answer:?}", thing.mark);
    }
}

/// Whether an exception is about a credential: by its name, and by the header where that is named, too.
fn is_meant(exception: &str, by: &Credential) -> bool {
    let (name, header) =
        exception.split_once(" in ").map_or((exception, None), |(name, header)| (name, Some(header)));
    let carrier = by.header.as_ref().map(|(name, _)| *name);
    by.name == name && (header.is_none() || header == carrier)
}

/// A refusal has a sentence and a code, and nothing of the thing.
fn is_refused(answer: &Answer, status: u16, thing: &Thing) {
    assert_eq!(answer.status.as_u16(), status, "{}: {}", answer.question, answer.text());
    let envelope = answer.json();
    for field in ["error", "code"] {
        assert!(envelope[field].as_str().is_some_and(|text| !text.trim().is_empty()), "{envelope}");
    }
    assert!(!answer.text().contains(&thing.mark), "a refusal that tells of the thing: {answer:?}");
}

/// What is answered about a thing is what is answered about none.
fn is_the_same(about_thing: &Answer, about_nothing: &Answer) {
    let told = |answer: &Answer| {
        let mut headers: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        headers.sort_unstable();
        (answer.status, answer.text(), headers)
    };
    assert_eq!(
        told(about_thing),
        told(about_nothing),
        "{} tells that there is such a thing",
        about_thing.question
    );
}

#[test]
fn an_exception_may_name_the_header() {
    let by = Credential::of(Surface::Access, "access token", 0, "x");
    assert!(is_meant("access token", &by) && is_meant("access token in authorization", &by));
    assert!(!is_meant("access token in authentication", &by) && !is_meant("login token", &by));
}
