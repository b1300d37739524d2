//! `POST /register`.

use serde_json::{Value, json};
use tests::{Applicant, Caller as _, Stack, unique};

async fn refused(stack: &Stack, body: &Value) {
    stack.anonymous().post("/register").json(body).await.refused(400);
}

#[tokio::test]
async fn a_mail_with_a_link_goes_out() {
    let stack = Stack::shared().await;
    let ada = Applicant::new();
    let answer = stack.anonymous().post("/register").json(&ada.body()).await.expect(202);
    assert_eq!(answer.json(), json!({"status": "confirmation_sent"}));

    let mails = stack.mails_to(&ada.email).await;
    assert_eq!(mails.len(), 1);
    let link = format!("{}/register/", stack.ready().http);
    assert!(mails[0].text.contains(&link) && mails[0].html.contains(&link), "{mails:?}");
    assert!(!mails[0].subject.is_empty() && !mails[0].sent_at.is_empty(), "{mails:?}");
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let ada = Applicant::new();
    let form = [
        ("email", ada.email.as_str()),
        ("password", &ada.password),
        ("first_name", "Änne & Söhne"),
        ("last_name", "李"),
        ("unknown", "ignored"),
    ];
    stack.anonymous().post("/register").form(&form).await.expect(202);
    let mails = stack.mails_to(&ada.email).await;
    let token = mails[0].confirmation_token().expect("a link");
    let user = stack.anonymous().get(&format!("/register/{token}")).await.expect(201).json();
    assert_eq!((&user["first_name"], &user["last_name"]), (&json!("Änne & Söhne"), &json!("李")));
}

#[tokio::test]
async fn only_the_mail_tells_that_an_address_is_taken() {
    let stack = Stack::shared().await;
    let ada = Applicant::new();
    let link = ada.register(&stack).await;
    ada.confirm(&stack, &link).await;

    let first = stack.anonymous().post("/register").json(&Applicant::new().body()).await.expect(202);
    let shouted = Applicant { email: ada.email.to_uppercase(), ..Applicant::new() };
    let second = stack.anonymous().post("/register").json(&shouted.body()).await.expect(202);
    assert_eq!(first.body, second.body);

    let mails = stack.mails_to(&ada.email).await;
    assert_eq!(mails.len(), 2);
    assert_ne!(mails[0].subject, mails[1].subject);
    assert_eq!(mails[0].confirmation_token(), None, "the second mail has no link");
    ada.login(&stack).await;
}

#[tokio::test]
async fn every_field_but_the_user_name_is_needed_and_a_text() {
    let stack = Stack::shared().await;
    for field in ["email", "password", "first_name", "last_name"] {
        let mut body = Applicant::new().body();
        for wrong in [json!(7), json!(null), json!(["a"]), json!({}), json!("")] {
            body[field] = wrong;
            refused(&stack, &body).await;
        }
        body.as_object_mut().expect("an object").remove(field);
        refused(&stack, &body).await;
    }
    let mut body = Applicant::new().body();
    body["user_name"] = json!(7);
    refused(&stack, &body).await;
}

#[tokio::test]
async fn addresses_look_like_addresses_of_at_most_254_bytes() {
    let stack = Stack::shared().await;
    let long = |length: usize| {
        let domain = format!("@{}.{}.{}.example", "b".repeat(60), "c".repeat(60), "d".repeat(60));
        let local = unique("a");
        format!("{local}{}{domain}", "a".repeat(length - domain.len() - local.len()))
    };
    for email in ["ada", "ada@", "@example.com", "a da@example.com", "ada@exam ple.com", "ada\n@example.com"]
    {
        refused(&stack, &Applicant { email: email.to_owned(), ..Applicant::new() }.body()).await;
    }
    refused(&stack, &Applicant { email: long(255), ..Applicant::new() }.body()).await;
    Applicant { email: long(254), ..Applicant::new() }.register(&stack).await;
}

#[tokio::test]
async fn passwords_have_8_to_128_characters() {
    let stack = Stack::shared().await;
    for length in [7, 129] {
        refused(&stack, &Applicant { password: "ü".repeat(length), ..Applicant::new() }.body()).await;
    }
    for length in [8, 128] {
        Applicant { password: "ü".repeat(length), ..Applicant::new() }.join(&stack).await;
    }
}

#[tokio::test]
async fn names_have_1_to_100_characters_and_none_of_them_controls() {
    let stack = Stack::shared().await;
    for field in ["first_name", "last_name", "user_name"] {
        let mut body = Applicant::new().body();
        for wrong in ["a\u{0}b", "a\nb", "a\u{7f}b", "a\u{85}b", &"ä".repeat(101)] {
            body[field] = json!(wrong);
            refused(&stack, &body).await;
        }
    }
    let long = "ä".repeat(100);
    Applicant { first_name: long.clone(), last_name: long, ..Applicant::new() }.register(&stack).await;
}

#[tokio::test]
async fn user_names_are_unique_whatever_their_case() {
    let stack = Stack::shared().await;
    let ada = Applicant { user_name: Some(unique("Straße")), ..Applicant::new() }.join(&stack).await;
    let name = ada.applicant.user_name.as_deref().expect("a name");
    for same in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
        let copy = Applicant { user_name: Some(same), ..Applicant::new() };
        let answer = stack.anonymous().post("/register").json(&copy.body()).await;
        answer.refused(409);
        assert!(stack.mails_to(&copy.email).await.is_empty());
    }
}

#[tokio::test]
async fn other_content_types_and_broken_bodies_are_refused() {
    let stack = Stack::shared().await;
    let anonymous = stack.anonymous();
    let body = Applicant::new().body().to_string();
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x"] {
        anonymous.post("/register").body(kind, body.clone()).await.refused(415);
    }
    for broken in ["", "{", "[]", "null", "7", "{\"email\":}", "\u{0}"] {
        anonymous.post("/register").body("application/json", broken).await.refused(400);
    }
    anonymous.post("/register").body("application/json", vec![0xff, 0xfe, b'{']).await.refused(400);
    anonymous.post("/register").body("application/json; charset=utf-8", body).await.expect(202);
}
