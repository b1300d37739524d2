//! Names, passwords and addresses that are the same, or only look so.

use tests::{Caller as _, Guest, Stack, WebUser};

use super::stem;

/// Spellings of one name: whoever comes second cannot have it.
const SAME: &[(&str, &str)] = &[
    ("straße", "STRASSE"),
    ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ("ﬁsh", "FISH"),
    ("ſet", "SET"),
    ("Kelvin \u{212a}", "kelvin k"),
    ("Ångström", "a\u{30a}ngstro\u{308}m"),
    ("ｆｕｌｌ", "full"),
    ("①", "1"),
    ("İ", "i\u{307}"),
    ("\u{1e9b}\u{323}", "\u{1e69}"),
    ("ǅ", "dž"),
    ("한", "\u{1112}\u{1161}\u{11ab}"),
    ("a\u{a0}b", "A b"),
    ("Ꭰ", "ꭰ"),
    ("\u{345}", "\u{3b9}"),
];

/// Names that look alike and are not the same.
const APART: &[(&str, &str)] = &[
    ("paypal", "p\u{430}yp\u{430}l"),
    ("ο", "o"),
    ("I", "ı"),
    ("rn", "m"),
    ("a b", "ab"),
    ("a", "á"),
    ("0", "O"),
    ("ö", "oe"),
];

#[tokio::test]
async fn names_are_the_same_without_regard_to_case_and_form() {
    let stack = Stack::shared().await;
    for (one, other) in SAME {
        let stem = stem();
        let [one, other] = [one, other].map(|name| format!("{stem}{name}"));
        let guest = Guest::named(&stack, &one).await;
        for name in [&one, &other, &format!("  {other} "), &other.to_uppercase()] {
            let taken = stack.anonymous().post("/auth/register");
            let answer = taken.json(&serde_json::json!({"username": name})).await.expect(200).json();
            assert_eq!(answer["status"], "username taken", "{name:?} after {one:?}");
            let email = format!("{}@example.com", super::stem());
            let form = [("name", name.as_str()), ("password", "correct horse"), ("email", &email)];
            let refused = stack.anonymous().post("/api/user").form(&form).await;
            assert_eq!(refused.refused(400), "name_taken", "{name:?} after {one:?}");
        }
        let reader = WebUser::new(&stack).await;
        let found =
            reader.get(&format!("/api/user?name={}", tests::in_query(&other))).await.expect(200).json();
        assert_eq!(found["user"]["name"], guest.name, "{other:?} is shown as typed");
    }
}

#[tokio::test]
async fn names_that_only_look_alike_are_apart() {
    let stack = Stack::shared().await;
    for (one, other) in APART {
        let stem = stem();
        for name in [one, other] {
            Guest::named(&stack, &format!("{stem}{name}")).await;
        }
    }
}

/// A password is the text that was sent, and no other that looks like it.
#[tokio::test]
async fn passwords_are_compared_as_they_are_sent() {
    let stack = Stack::shared().await;
    let long = "😀".repeat(128);
    let pairs = [
        ("caf\u{e9} au lait", "cafe\u{301} au lait"),
        ("Correct horse", "correct horse"),
        ("12345678 ", "12345678"),
        ("12345678\0a", "12345678"),
        ("12345678\0a", "12345678\0b"),
        ("\u{feff}12345678", "12345678"),
        ("password%00", "password\0"),
        ("pass+word", "pass word"),
        (long.as_str(), &long[..4 * 127]),
    ];
    for (right, wrong) in pairs {
        let (name, email) = (format!("Ann-{}", stem()), format!("{}@example.com", stem()));
        let form = [("name", name.as_str()), ("password", right), ("email", &email)];
        stack.anonymous().post("/api/user").form(&form).await.expect(201);
        let login = async |password: &str| {
            let form = [("name", name.as_str()), ("password", password)];
            let web = stack.anonymous().post("/api/login").form(&form).await.status;
            let body = serde_json::json!({"user_name": name, "password": password});
            (web.as_u16(), stack.anonymous().post("/login").json(&body).await.status.as_u16())
        };
        assert_eq!(login(right).await, (200, 200), "{right:?}");
        assert_eq!(login(wrong).await, (400, 401), "{wrong:?} for {right:?}");
    }
}

/// One mailbox, one account, however it is spelled; another mailbox is another one.
#[tokio::test]
async fn addresses_are_one_without_regard_to_case() {
    let stack = Stack::shared().await;
    let ann = tests::Applicant { email: format!("Ann+{}@Example.COM", stem()), ..tests::Applicant::new() };
    let token = {
        let body = ann.body();
        stack.anonymous().post("/register").json(&body).await.expect(202);
        let mails = stack.mails_to(&ann.email.to_lowercase()).await;
        mails.first().and_then(|mail| mail.confirmation_token()).expect("a link").to_owned()
    };
    ann.confirm(&stack, &token).await;
    for email in [ann.email.to_lowercase(), ann.email.to_uppercase(), format!(" {} ", ann.email)] {
        let body = serde_json::json!({"email": email, "password": ann.password});
        stack.anonymous().post("/login").json(&body).await.expect(200);
    }
    let untagged = ann.email.split('+').next().map(|name| format!("{name}@example.com"));
    let body = serde_json::json!({"email": untagged, "password": ann.password});
    stack.anonymous().post("/login").json(&body).await.refused(401);
}
