//! What exactly is signed: the bytes of a block as they are sent, however they are written, and nothing around them.

use serde_json::{Value, json};
use tests::{Algorithm, Encoding, Member, Stack, millis, verify_signed};

use super::blocks::{Circle, circle, results, texts, to_all};
use super::signatures::{bad_signature, body, post, post_body, sign, time_conflict};
use super::{BAD_REQUEST, refused_with};

/// The text of a block: `NOW` and `CHAT` stand for the present time and the chat, `ESCAPED-NOW` and `ESCAPED-CHAT` for
/// the same with their first character escaped.
fn filled(template: &str, chat: &str) -> String {
    let escaped = |text: &str| format!("\\u{:04x}{}", text.as_bytes()[0], &text[1..]);
    let now = millis().to_string();
    let template = template.replace("ESCAPED-NOW", &escaped(&now)).replace("ESCAPED-CHAT", &escaped(chat));
    template.replace("NOW", &now).replace("CHAT", chat)
}

/// Checks that these bodies are refused as bad requests: `EVENTS` stands for a block that is as it should be, and `SIGN`
/// for its signature.
async fn are_bad_requests(ada: &Member, chat: &str, bodies: &[&str]) {
    for body in bodies {
        println!("{body}");
        let events = ada.block(vec![to_all(chat, "hello")], vec![]);
        let body = body.replace("SIGN", &sign(ada, &events)).replace("EVENTS", &events);
        refused_with(&post_body(ada, body).await, 400, BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_signature_is_over_the_bytes_and_not_over_what_they_mean() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let spellings = [
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"A/é"}]}]}"#,
        r#"{"timestamp": "NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"A/é"}]}]}"#,
        "{\"timestamp\":\"NOW\",\"messages\":[{\"chatID\":\"CHAT\",\"messageBlock\":[{\"messageText\":\"A/é\"}]}]\n}",
        r#"{"messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"A/é"}]}],"timestamp":"NOW"}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"\u0041/é"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"A\/é"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"A/\u00e9"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"A/\u00E9"}]}]}"#,
        r#"{"timestamp":NOW,"messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"A/é"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"A/é"}]}],"x":0}"#,
    ];
    let now = millis().to_string();
    let blocks = spellings.map(|spelling| spelling.replace("NOW", &now).replace("CHAT", &chat));
    let [plain, others @ ..] = &blocks;
    for other in others {
        for (signed, sent) in [(plain, other), (other, plain)] {
            println!("{signed} is signed, {sent} is sent");
            bad_signature(&post_body(&ada, body(sent, &sign(&ada, signed), Algorithm::Rs256)).await);
        }
    }
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
    for block in &blocks {
        results(post(&ada, block).await);
    }
    assert!(texts(&bob).await.iter().all(|text| text == "A/é"));
}

#[tokio::test]
async fn a_block_is_taken_however_it_is_written() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    for (text, block) in [
        (
            "odd spacing",
            "{ \t\"timestamp\" :\r\n \"NOW\" ,\"messages\":[ {\"chatID\":\n\"CHAT\", \"messageBlock\" : [ \
             { \"messageText\" : \"odd spacing\" } ] } ] ,  \"statuses\" : [ ] \n\n}",
        ),
        (
            "odd order",
            r#"{"statuses":[],"messages":[{"messageBlock":[{"recipient":"BOB","messageText":"odd order"}],"clientHash":"1","chatID":"CHAT"}],"timestamp":"NOW"}"#,
        ),
        (
            "Aé/👍\u{0}",
            r#"{"\u0074imestamp":"ESCAPED-NOW","m\u0065ssages":[{"ch\u0061tID":"ESCAPED-CHAT","messageBlock":[{"messageText":"\u0041\u00E9\/\ud83d\udc4d\u0000"}]}]}"#,
        ),
        (
            "numbers",
            r#"{"timestamp":NOW,"messages":[{"chatID":"CHAT","timestamp":NOW,"messageBlock":[{"messageText":"numbers"}]}]}"#,
        ),
        (
            "strings",
            r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","timestamp":"NOW","messageBlock":[{"messageText":"strings"}]}]}"#,
        ),
        (
            "unknown keys",
            r#"{"version":{"a":[1e30,-0.0,"\ud83d\udc4d"]},"timestamp":"NOW","messages":[{"chatID":"CHAT","x":null,"messageBlock":[{"messageText":"unknown keys","y":{}}]}]}"#,
        ),
    ] {
        println!("{block}");
        let block = filled(&block.replace("BOB", &guids[1]), &chat);
        for (algorithm, encoding) in [(Algorithm::Rs256, Encoding::Hex), (Algorithm::Ps256, Encoding::Base64)]
        {
            let answer = ada.post(&block, algorithm, encoding).await.expect(200);
            verify_signed(&ada, &answer.body, "outgoingEventsResult", algorithm, encoding).await;
        }
        let seen = texts(&bob).await;
        assert_eq!(seen.last(), Some(&json!(text)));
    }
    assert_eq!(texts(&bob).await.len(), 6);
}

#[tokio::test]
async fn of_a_key_that_is_twice_in_the_block_the_last_counts() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], guids, .. } = circle(&stack).await;
    let blocks = [
        r#"{"timestamp":"0","timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"1"}]}]}"#,
        r#"{"timestamp":{},"messages":7,"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"2"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"no-chat","messageBlock":[],"chatID":"CHAT","messageBlock":[{"messageText":"3"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"no","messageText":"","messageText":"4"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"5","recipient":"OWN","recipient":"BOB"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"no","m\u0065ssageText":"6"}]}]}"#,
        r#"{"timestamp":"NOW","messages":[{"chatID":"CHAT","messageBlock":[{"messageText":"no"}]}],"messages":[]}"#,
    ];
    for block in blocks {
        println!("{block}");
        let block = block.replace("OWN", &guids[0]).replace("BOB", &guids[1]);
        results(post(&ada, &filled(&block, &chat)).await);
    }
    assert_eq!(texts(&bob).await, ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(texts(&ada).await, Vec::<Value>::new());
    let old = r#"{"timestamp":"NOW","timestamp":"0"}"#;
    time_conflict(&post(&ada, &filled(old, &chat)).await);
}

#[tokio::test]
async fn what_stands_around_the_block_is_not_signed() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let spaced =
        "\n{ \"sign\" :\t\"SIGN\" , \"outgoingEvents\" : \r\n EVENTS \n , \"signAlg\" : \"RS256\" }\n ";
    let bodies = [
        spaced,
        r#"{"sign":"SIGN","outgoingEvents":EVENTS}"#,
        r#"{"x":1,"x":2,"outgoingEvents":EVENTS,"y":{"sign":"x","outgoingEvents":{}},"sign":"SIGN"}"#,
        r#"{"outgoing\u0045vents":EVENTS,"\u0073ign":"SIGN"}"#,
    ];
    for (at, body) in bodies.iter().enumerate() {
        println!("{body}");
        let events = ada.block(vec![to_all(&chat, &at.to_string())], vec![]);
        let escaped = sign(&ada, &events).replace('/', r"\/");
        let body = body.replace("SIGN", &escaped).replace("EVENTS", &events);
        let answer = post_body(&ada, body).await.expect(200);
        verify_signed(&ada, &answer.body, "outgoingEventsResult", Algorithm::Rs256, Encoding::Base64).await;
    }
    assert_eq!(texts(&bob).await, ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn what_belongs_around_the_block_may_not_be_there_twice() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let bodies = [
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN","outgoingEvents":EVENTS}"#,
        r#"{"outgoingEvents":{},"outgoingEvents":EVENTS,"sign":"SIGN"}"#,
        r#"{"outgoingEvents":EVENTS,"outgoing\u0045vents":{},"sign":"SIGN"}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"x","sign":"SIGN"}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN","sign":"SIGN"}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN","signAlg":"PS256","signAlg":"RS256"}"#,
    ];
    are_bad_requests(&ada, &chat, &bodies).await;
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_body_that_is_not_as_expected_is_a_bad_request() {
    let stack = Stack::shared().await;
    let Circle { chat, members: [ada, bob], .. } = circle(&stack).await;
    let bodies = [
        "",
        "hello",
        "null",
        "[]",
        "{}",
        r#""x""#,
        r#"{"outgoingEvents":EVENTS"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN"}}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN"}{}"#,
        r#"[{"outgoingEvents":EVENTS,"sign":"SIGN"}]"#,
        r#"{"outgoingEvents":EVENTS}"#,
        r#"{"sign":"SIGN"}"#,
        r#"{"outgoingEvents":EVENTS,"Sign":"SIGN"}"#,
        r#"{"outgoingEvents":EVENTS,"sign":7}"#,
        r#"{"outgoingEvents":EVENTS,"sign":null}"#,
        r#"{"outgoingEvents":EVENTS,"sign":["SIGN"]}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN","signAlg":"HS256"}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN","signAlg":"none"}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN","signAlg":"rs256"}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN","signAlg":""}"#,
        r#"{"outgoingEvents":EVENTS,"sign":"SIGN","signAlg":7}"#,
    ];
    are_bad_requests(&ada, &chat, &bodies).await;
    let bytes = [&b"{\"outgoingEvents\":{\"timestamp\":\""[..], &[0xff], b"\"},\"sign\":\"x\"}"].concat();
    refused_with(&post_body(&ada, bytes).await, 400, BAD_REQUEST);
    assert_eq!(texts(&bob).await, Vec::<Value>::new());
}
