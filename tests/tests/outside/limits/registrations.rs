//! Attempts to register, and mails to an address.

use futures::future::join_all;
use serde_json::json;
use tests::{Anonymous, Answer, Applicant, Caller as _, Stack, WebUser, unique};

use super::{HOUR, count, in_one_window, is_too_many, let_windows_pass, limited, statuses};

const PASSWORD: &str = "correct horse battery";

fn address() -> String {
    format!("{}@example.com", unique("ada"))
}

async fn register(from: &Anonymous, email: &str) -> Answer {
    let applicant = Applicant { email: email.to_owned(), ..Applicant::new() };
    from.post("/register").json(&applicant.body()).await
}

async fn register_by_form(from: &Anonymous, name: &str, email: &str) -> Answer {
    from.post("/api/user").form(&[("name", name), ("email", email), ("password", PASSWORD)]).await
}

async fn register_name(from: &Anonymous, name: &str) -> Answer {
    from.post("/auth/register").json(&json!({"username": name})).await
}

#[tokio::test]
async fn an_address_gets_so_many_mails_whoever_sends_them_and_however() {
    let stack = Stack::start(&limited(&["RegistrationsPerAddress=2"])).await;
    let from = || stack.from_elsewhere();
    let (email, name, user, answers) = in_one_window(HOUR, async || {
        let (email, name) = (address(), unique("Eve"));
        let user = WebUser::new(&stack).await;
        let new_name = unique("Tom");
        let answers = vec![
            register(&from(), &email).await,
            register(&from(), &email.to_uppercase()).await,
            register(&from(), &format!(" {email}")).await,
            register_by_form(&from(), &name, &email).await,
            user.put("/api/user").form(&[("name", &*new_name), ("email", &email)]).await,
        ];
        (email, name, user, answers)
    })
    .await;
    assert_eq!(statuses(&answers), [202, 202, 429, 429, 429]);
    answers[2..].iter().for_each(|answer| is_too_many(answer, HOUR));
    assert_eq!(stack.mails_to(&email).await.len(), 2);
    // What was refused has done nothing: the name is free, and nobody is renamed.
    register_by_form(&from(), &name, &address()).await.expect(201);
    assert_eq!(user.get("/api/user").await.expect(200).json()["user"]["name"], json!(user.name));
    register(&from(), &address()).await.expect(202);
}

#[tokio::test]
async fn an_address_with_an_account_is_answered_as_one_without() {
    let stack = Stack::start(&limited(&["RegistrationsPerAddress=3"])).await;
    let (known, unknown) = in_one_window(HOUR, async || {
        let applicant = Applicant::new();
        let link = applicant.register(&stack).await;
        applicant.confirm(&stack, &link).await;
        let unknown = address();
        register(&stack.anonymous(), &unknown).await.expect(202);
        let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            of_known.push(register(&stack.anonymous(), &applicant.email).await);
            of_unknown.push(register(&stack.anonymous(), &unknown).await);
        }
        (of_known, of_unknown)
    })
    .await;
    assert_eq!(statuses(&known), [202, 202, 429]);
    assert_eq!(statuses(&unknown), [202, 202, 429]);
    is_too_many(&known[2], HOUR);
}

#[tokio::test]
async fn what_sends_no_mail_does_not_count_for_an_address() {
    let stack = Stack::start(&limited(&["RegistrationsPerAddress=1"])).await;
    let answers = in_one_window(HOUR, async || {
        let [user, other] = [WebUser::new(&stack).await, WebUser::new(&stack).await];
        let (email, second) = (address(), address());
        let change =
            async |name: &str| user.put("/api/user").form(&[("name", name), ("email", email.as_str())]).await;
        vec![
            change(&other.name).await,
            change(&other.name).await,
            change(&unique("Tom")).await,
            register_by_form(&stack.anonymous(), &other.name, &second).await,
            register_by_form(&stack.anonymous(), &unique("Eve"), &second).await,
        ]
    });
    assert_eq!(statuses(&answers.await), [400, 400, 200, 400, 201]);
}

#[tokio::test]
async fn a_source_registers_so_often_whatever_its_headers_say() {
    let stack = Stack::start(&limited(&["RegistrationsPerSource=3"])).await;
    let (answers, elsewhere) = in_one_window(HOUR, async || {
        let here = stack.from_elsewhere();
        let answers = vec![
            register(&here, &address()).await,
            register_by_form(&here, &unique("Eve"), &address()).await,
            register_name(&here, &unique("Tom")).await,
            register(&here, &address()).await,
            register_by_form(&here, &unique("Eve"), &address()).await,
            register_name(&here, &unique("Tom")).await,
            here.post("/auth/register")
                .header("x-forwarded-for", "192.0.2.1")
                .json(&json!({"username": unique("Tom")}))
                .await,
        ];
        (answers, register_name(&stack.from_elsewhere(), &unique("Tom")).await)
    })
    .await;
    assert_eq!(statuses(&answers), [202, 201, 200, 429, 429, 429, 429]);
    for answer in &answers[3..] {
        is_too_many(answer, HOUR);
        assert_eq!(answer.header("set-cookie"), None);
    }
    elsewhere.expect(200);
}

#[tokio::test]
async fn changes_of_address_are_counted_by_their_source_like_registrations() {
    let stack = Stack::start(&limited(&["RegistrationsPerSource=3"])).await;
    let (wanted, answers) = in_one_window(HOUR, async || {
        let_windows_pass(&stack).await;
        let user = WebUser::new(&stack).await;
        let wanted = [(); 3].map(|()| address());
        let mut answers = Vec::new();
        for email in &wanted {
            answers.push(user.put("/api/user").form(&[("email", email)]).await);
        }
        // Nothing else of a change is counted so.
        answers.push(user.put("/api/user").form(&[("name", &unique("Eve"))]).await);
        (wanted, answers)
    })
    .await;
    assert_eq!(statuses(&answers), [200, 200, 429, 200]);
    is_too_many(&answers[2], HOUR);
    assert!(stack.mails_to(&wanted[2]).await.is_empty());
}

#[tokio::test]
async fn registrations_at_once_are_no_more() {
    let stack = Stack::start(&limited(&["RegistrationsPerSource=3"])).await;
    let answers = in_one_window(HOUR, async || {
        let here = stack.from_elsewhere();
        let names: Vec<_> = (0..20).map(|_| unique("Tom")).collect();
        join_all(names.iter().map(|name| register_name(&here, name))).await
    });
    let answers = answers.await;
    assert_eq!((count(&answers, 200), count(&answers, 429)), (3, 17), "{:?}", statuses(&answers));
}
