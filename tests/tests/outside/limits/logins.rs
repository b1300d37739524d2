//! Attempts to log in.

use futures::future::join_all;
use serde_json::json;
use tests::{Anonymous, Answer, Applicant, Caller as _, Stack, WebUser, unique};

use super::{QUARTER, count, counters, in_one_window, is_too_many, limited, statuses};

const WRONG: &str = "not the password";

async fn log_in(from: &Anonymous, email: &str, password: &str) -> Answer {
    from.post("/login").json(&json!({"email": email, "password": password})).await
}

/// Somebody with an account who has not logged in yet.
async fn account(stack: &Stack) -> Applicant {
    let applicant = Applicant::new();
    let link = applicant.register(stack).await;
    applicant.confirm(stack, &link).await;
    applicant
}

/// An address as different people spell it.
fn spellings(email: &str) -> [String; 3] {
    [email.to_owned(), email.to_uppercase(), format!("  {email} ")]
}

#[tokio::test]
async fn an_address_is_tried_so_often_however_it_is_spelled_and_from_wherever() {
    let stack = Stack::start(&limited(&["LoginsPerAddress=3"])).await;
    let known = async || {
        let Applicant { email, password, .. } = account(&stack).await;
        (email, password)
    };
    let unknown = async || (format!("{}@example.com", unique("nobody")), "correct horse battery".to_owned());
    let other = account(&stack).await;

    let attempts = async |email: &str, password: &str| {
        let mut answers = Vec::new();
        for spelling in spellings(email) {
            answers.push(log_in(&stack.from_elsewhere(), &spelling, WRONG).await);
        }
        // Not even with the password.
        answers.push(log_in(&stack.from_elsewhere(), email, password).await);
        answers
    };
    let of_known = in_one_window(QUARTER, async || {
        let (email, password) = known().await;
        attempts(&email, &password).await
    });
    let of_known = of_known.await;
    let of_unknown = in_one_window(QUARTER, async || {
        let (email, password) = unknown().await;
        attempts(&email, &password).await
    });
    let of_unknown = of_unknown.await;

    for answers in [&of_known, &of_unknown] {
        assert_eq!(statuses(answers), [401, 401, 401, 429]);
        is_too_many(&answers[3], QUARTER);
    }
    // Nobody can tell from the answers which of the two has an account.
    assert!(of_known.iter().zip(&of_unknown).take(3).all(|(one, other)| one.body == other.body));
    other.login(&stack).await;
}

#[tokio::test]
async fn a_success_gives_its_attempt_back() {
    let stack = Stack::start(&limited(&["LoginsPerAddress=3"])).await;
    let answers = in_one_window(QUARTER, async || {
        let Applicant { email, password, .. } = account(&stack).await;
        let mut answers = Vec::new();
        for password in [WRONG, WRONG, &password, &password, &password, &password, WRONG, &password] {
            answers.push(log_in(&stack.anonymous(), &email, password).await);
        }
        answers
    });
    assert_eq!(statuses(&answers.await), [401, 401, 200, 200, 200, 200, 401, 429]);
}

#[tokio::test]
async fn attempts_at_once_are_no_more() {
    let stack = Stack::start(&limited(&["LoginsPerAddress=3"])).await;
    let answers = in_one_window(QUARTER, async || {
        let email = format!("{}@example.com", unique("nobody"));
        let api = stack.anonymous();
        join_all((0..20).map(|_| log_in(&api, &email, WRONG))).await
    });
    let answers = answers.await;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (3, 17), "{:?}", statuses(&answers));
}

#[tokio::test]
async fn a_source_tries_so_often_whatever_its_headers_say_and_burdens_nobody_after_that() {
    let stack = Stack::start(&limited(&["LoginsPerSource=4", "LoginsPerAddress=1"])).await;
    let (answers, elsewhere) = in_one_window(QUARTER, async || {
        let here = stack.from_elsewhere();
        let address = |name: &str| format!("{}@example.com", unique(name));
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(log_in(&here, &address("nobody"), WRONG).await);
        }
        let form = [("name", &*unique("nobody")), ("password", WRONG)];
        answers.push(here.post("/api/login").form(&form).await);
        let email = address("victim");
        let body = json!({"email": email, "password": WRONG});
        for (number, header) in ["x-forwarded-for", "forwarded", "x-real-ip"].into_iter().enumerate() {
            let call = here.post("/login").header(header, &format!("192.0.2.{number}"));
            answers.push(call.json(&body).await);
        }
        answers.push(here.post("/api/login").form(&form).await);
        (answers, log_in(&stack.from_elsewhere(), &email, WRONG).await)
    })
    .await;
    assert_eq!(statuses(&answers), [401, 401, 401, 400, 429, 429, 429, 429]);
    answers[4..].iter().for_each(|answer| is_too_many(answer, QUARTER));
    assert_eq!(elsewhere.status, 401);
}

#[tokio::test]
async fn a_name_is_tried_so_often_on_both_surfaces_together() {
    let stack = Stack::start(&limited(&["LoginsPerAddress=2"])).await;
    let answers = in_one_window(QUARTER, async || {
        let user = WebUser::named(&stack, &unique("Straße")).await;
        let by_form = async |name: &str, password: &str| {
            let form = [("name", name), ("password", password)];
            stack.from_elsewhere().post("/api/login").form(&form).await
        };
        let body = json!({"user_name": user.name.to_lowercase(), "password": user.password});
        vec![
            by_form(&user.name, WRONG).await,
            by_form(&user.name, &user.password).await,
            by_form(&user.name.replace('ß', "SS").to_uppercase(), WRONG).await,
            stack.from_elsewhere().post("/login").json(&body).await,
            by_form(&user.name, &user.password).await,
        ]
    });
    let answers = answers.await;
    assert_eq!(statuses(&answers), [400, 200, 400, 429, 429]);
    answers[3..].iter().for_each(|answer| is_too_many(answer, QUARTER));
}

#[tokio::test]
async fn a_counter_tells_nobody_and_expires_with_its_window() {
    let stack = Stack::start(&limited(&[])).await;
    let from = stack.from_elsewhere();
    let email = format!("{}@example.com", unique("nobody"));
    log_in(&from, &email, WRONG).await.expect(401);
    for kind in ["logins-address#", "logins-source#"] {
        let counters = counters(&stack, kind).await;
        let [counter] = &counters[..] else { panic!("not one counter: {counters:?}") };
        assert_eq!(counter["attempts"]["N"], "1", "{counter}");
        let key = counter["pk"]["S"].as_str().expect("a key");
        let begun: u64 = key.rsplit('#').next().and_then(|begun| begun.parse().ok()).expect("a moment");
        assert_eq!(begun % QUARTER, 0, "{key}");
        assert_eq!(counter["expires_at"]["N"], (begun + QUARTER).to_string(), "{counter}");
        let said = counter.to_string();
        assert!(!said.contains(&email) && !said.contains("127."), "{said}");
    }
}
