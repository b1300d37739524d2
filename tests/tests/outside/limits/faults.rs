//! Where the store fails: what is the system's fault is not counted, and messages go on uncounted.

use serde_json::{Value, json};
use tests::store_proxy::{Fate, Upstream};
use tests::{Applicant, Caller as _, Faults, User};

use super::{QUARTER, TABLE, in_one_window, is_too_many, limited, statuses};

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_on_where_they_cannot_be_counted() {
    let (stack, faults) =
        Faults::start_on(Upstream::embedded().await, &limited(&["MessagesPerUser=1"])).await;
    let [ada, bob] = User::pair(&stack).await;
    faults.set(|_, request| match request["TableName"] == TABLE {
        true => Fate::Throttle,
        false => Fate::Pass,
    });
    let chat = ada.write(&bob, "one").await;
    ada.write(&bob, "two").await;
    faults.end();
    assert_eq!(ada.history(chat).await.len(), 2);
    assert!(faults.met() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_fail_through_a_fault_of_the_system_are_not_counted() {
    let limits = ["LoginsPerAddress=1", "LoginsPerSource=2"];
    let (stack, faults) = Faults::start_on(Upstream::embedded().await, &limited(&limits)).await;
    let answers = in_one_window(QUARTER, async || {
        let applicant = Applicant::new();
        let link = applicant.register(&stack).await;
        applicant.confirm(&stack, &link).await;
        let from = stack.from_elsewhere();
        let try_it = async |password: &str| {
            let body: Value = json!({"email": applicant.email, "password": password});
            from.post("/login").json(&body).await
        };
        faults.set(|_, request| match request["TableName"] == "Users" {
            true => Fate::Throttle,
            false => Fate::Pass,
        });
        let mut answers = vec![try_it("wrong").await, try_it(&applicant.password).await];
        faults.end();
        for password in ["wrong", "wrong"] {
            answers.push(try_it(password).await);
        }
        answers
    });
    let answers = answers.await;
    assert_eq!(statuses(&answers), [503, 503, 401, 429]);
    is_too_many(&answers[3], QUARTER);
}
