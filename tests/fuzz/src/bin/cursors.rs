//! Where pages begin: `next`, `until`, `offset` and `count` of every list, and of a history of each kind. Whatever they
//! are, an answer is a page or a refusal, and its `next` leads on.
#![no_main]

use fuzz::{Carriers, Guest, Input, System};
use http::Request;
use http::header::CONTENT_TYPE;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};
use std::cell::OnceCell;

const LISTS: [(&str, Carriers); 11] = [
    ("/users", Carriers::Users),
    ("/chat_groups", Carriers::Users),
    ("/chat_rooms", Carriers::Users),
    ("/chat_rooms/nearby", Carriers::Users),
    ("/chat_bot", Carriers::Users),
    ("/chats", Carriers::Users),
    ("/chats/unread", Carriers::Users),
    ("/notifications", Carriers::Users),
    ("/api/conversations", Carriers::Users),
    ("/api/chats", Carriers::Users),
    ("/messages", Carriers::Member),
];
/// How many of each there are: more than one page of a few.
const ROWS: usize = 5;
const PARAMETERS: [&str; 10] =
    ["next", "until", "offset", "count", "N", "n", "latitude", "longitude", "radius_m", "timestamp"];

thread_local! {
    static STARTED: OnceCell<Started> = const { OnceCell::new() };
}

struct Started {
    system: System,
    guest: Guest,
    /// The paths of lists and histories, and who may see them.
    lists: Vec<(String, Carriers)>,
}

/// Has the guest say something in places of each kind, and gives the paths of all lists and of these histories.
fn live(system: &System, guest: &Guest, other: &Guest) -> Vec<(String, Carriers)> {
    let post = |path: &str, body: &Value| {
        let request =
            guest.carry(Request::post(path), Carriers::Users).header(CONTENT_TYPE, "application/json");
        let answer = system.call(request.body(body.to_string().into_bytes()).expect("a request"));
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    };
    let submit = |path: &str, form: &str| {
        let request = guest.carry(Request::post(path), Carriers::Users);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = system.call(request.body(form.as_bytes().to_vec()).expect("a request"));
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    };
    let mut histories = Vec::new();
    for _ in 0..ROWS {
        let room = post("/chat_rooms", &json!({"title": "Here", "latitude": 48.2, "longitude": 16.4})).json();
        let room = format!("/chat_rooms/{}", room["chat_room_id"]);
        post("/chat_groups", &json!({"chat_group_name": "A group"}));
        let chat = format!("/api/chats/{}", submit("/api/chats", "title=A+chat").json()["id"]);
        let topic = post("/api/conversations", &json!({"title": "Tea"})).json()["url"].clone();
        let topic = topic.as_str().expect("where it is").to_owned();
        let text = json!({"receiver_id": other.id, "message": "hello", "type": "text"});
        let direct = format!("/chats/{}", post("/chats", &text).json()["chat_id"]);
        for _ in 0..ROWS {
            post("/chats", &text);
            post(&format!("{room}/message"), &json!({"message": "hello", "type": "text"}));
            submit(&chat, "content=hello");
            post(&topic, &json!({"text": "hello"}));
        }
        histories = vec![direct, room, chat, topic];
    }
    let ids = [guest.id, other.id].map(|id| id.to_string()).join("/");
    histories.push(format!("/chats/users/{ids}"));
    let histories = histories.into_iter().map(|path| (path, Carriers::Users));
    LISTS.iter().map(|(path, carriers)| ((*path).to_owned(), *carriers)).chain(histories).collect()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    STARTED.with(|started| {
        let Started { system, guest, lists } = started.get_or_init(|| {
            let system = System::start();
            let [guest, other] = [Guest::register(&system), Guest::register(&system)];
            let lists = live(&system, &guest, &other);
            Started { system, guest, lists }
        });
        let mut input = Input(bytes);
        let (path, carriers) = input.one_of(lists);
        let mut query = String::new();
        while !input.0.is_empty() && query.len() < 1_000 {
            let name = input.one_of(&PARAMETERS);
            query.push_str(&format!("{name}={}&", percent_encode(input.line(), NON_ALPHANUMERIC)));
        }
        let get = |query: &str| {
            let request = guest.carry(Request::get(format!("{path}?{query}")), *carriers);
            system.call(request.body(Vec::new()).expect("a request"))
        };
        let page = get(&query);
        if !page.status.is_success() {
            return;
        }
        let next = page.json()["next"].clone();
        let next = match &next {
            Value::Null => return,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let following = get(&format!("next={}", percent_encode(next.as_bytes(), NON_ALPHANUMERIC)));
        assert!(following.status.is_success(), "{path}?{query} leads to {next}: {following:?}");
        assert_ne!(following.json()["next"], page.json()["next"], "{path}?{query} leads nowhere");
    });
});
