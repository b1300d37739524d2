//! `POST /chat_rooms`.

use serde_json::json;
use tests::{Caller as _, Stack, User};

use super::{open, open_at, room_of};
use crate::common::{fields, is_moment};

#[tokio::test]
async fn a_room_has_what_it_was_opened_with() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let body = json!({"title": "Prater", "latitude": 48.2166, "longitude": 16.3958, "more": [1]});
    let answer = ada.post("/chat_rooms").json(&body).await.expect(201).json();
    assert_eq!(fields(&answer), ["chat_room_id"]);
    let room = answer["chat_room_id"].as_u64().expect("a chat_room_id");
    assert!((1..1 << 53).contains(&room), "{room}");

    for user in [&ada, &bob] {
        let shown = room_of(user, room).await;
        assert_eq!(shown["chat_room_id"], room);
        assert_eq!(shown["title"], "Prater");
        assert_eq!(shown["user_id"], ada.id);
        assert_eq!(shown["geolocation"], json!({"latitude": 48.2166, "longitude": 16.3958}));
        assert!(is_moment(&shown["created_at"]), "{shown}");
    }
}

#[tokio::test]
async fn opening_a_room_makes_no_participant() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let room = ada.open_room("Prater").await;
    assert!(ada.get("/chat_rooms").await.expect(200).rows().is_empty());
    assert!(ada.get(&format!("/chat_rooms/{room}/users")).await.expect(200).rows().is_empty());
    ada.post(&format!("/chat_rooms/{room}/read")).await.refused(403);
}

#[tokio::test]
async fn two_rooms_may_have_the_same_title_and_place() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    assert_ne!(ada.open_room("Prater").await, ada.open_room("Prater").await);
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let form = [
        ("title", "a+b & ü ="),
        ("latitude", "-48.5"),
        ("longitude", "16"),
        ("capacity", "7"),
        ("more", "1"),
    ];
    let answer = ada.post("/chat_rooms").form(&form).await.expect(201).json();
    let shown = room_of(&ada, answer["chat_room_id"].as_u64().expect("a chat_room_id")).await;
    assert_eq!(shown["title"], "a+b & ü =");
    assert_eq!(shown["geolocation"]["latitude"].as_f64(), Some(-48.5));
    assert_eq!(shown["geolocation"]["longitude"].as_f64(), Some(16.0));
    for wrong in [
        [("title", "t"), ("latitude", "x"), ("longitude", "16")],
        [("title", "t"), ("latitude", "48"), ("longitude", "")],
        [("title", "t"), ("latitude", "NaN"), ("longitude", "16")],
        [("title", "t"), ("latitude", "48"), ("longitude", "inf")],
        [("title", ""), ("latitude", "48"), ("longitude", "16")],
    ] {
        ada.post("/chat_rooms").form(&wrong).await.refused(400);
    }
}

#[tokio::test]
async fn titles_have_1_to_100_characters_and_are_kept_as_sent() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let longest = "ä".repeat(100);
    for title in ["x", &longest, "e\u{301}é", "👩‍👩‍👧‍👦", "\u{202e}abc", "<b>\"\\"] {
        let room = ada.open_room(title).await;
        assert_eq!(room_of(&ada, room).await["title"], title);
    }
    for title in [json!(""), json!("x".repeat(101)), json!("ä".repeat(101)), json!(null), json!(7), json!([])]
    {
        let body = json!({"title": title, "latitude": 48, "longitude": 16});
        ada.post("/chat_rooms").json(&body).await.refused(400);
    }
}

#[tokio::test]
async fn every_place_on_earth_will_do_and_no_other() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for (latitude, longitude) in
        [(90.0, 0.0), (-90.0, 180.0), (0.0, -180.0), (0.0, 0.0), (89.999_999, -179.999_999)]
    {
        let place = room_of(&ada, open_at(&ada, latitude, longitude).await).await["geolocation"].clone();
        assert_eq!(fields(&place), ["latitude", "longitude"]);
        assert_eq!(
            (place["latitude"].as_f64(), place["longitude"].as_f64()),
            (Some(latitude), Some(longitude))
        );
    }
    let body = json!({"title": "Prater", "latitude": 48, "longitude": 16});
    for (field, wrong) in [
        ("latitude", json!(90.000_001)),
        ("latitude", json!(-91)),
        ("latitude", json!(1e300)),
        ("longitude", json!(180.000_001)),
        ("longitude", json!(-181)),
        ("longitude", json!(-1e300)),
    ] {
        let mut body = body.clone();
        body[field] = wrong;
        ada.post("/chat_rooms").json(&body).await.refused(400);
    }
}

#[tokio::test]
async fn every_field_but_capacity_is_needed_and_of_its_type() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let body = json!({"title": "Prater", "latitude": 48, "longitude": 16, "capacity": 1});
    open(&ada, &body).await;
    for field in ["title", "latitude", "longitude"] {
        let mut body = body.clone();
        for wrong in [json!(null), json!([1]), json!({}), json!(true)] {
            body[field] = wrong;
            ada.post("/chat_rooms").json(&body).await.refused(400);
        }
        body.as_object_mut().expect("an object").remove(field);
        ada.post("/chat_rooms").json(&body).await.refused(400);
    }
    for wrong in [json!(0), json!(-1), json!(1.5), json!("many"), json!([1]), json!(true)] {
        let mut body = body.clone();
        body["capacity"] = wrong;
        ada.post("/chat_rooms").json(&body).await.refused(400);
    }
}

#[tokio::test]
async fn other_content_types_and_broken_bodies_are_refused() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let body = json!({"title": "Prater", "latitude": 48, "longitude": 16}).to_string();
    ada.post("/chat_rooms").body("text/plain", body.clone()).await.refused(415);
    for broken in ["", "{", "[]", "null", "[\"Prater\",48,16]", &body[1..]] {
        ada.post("/chat_rooms").body("application/json", broken.to_owned()).await.refused(400);
    }
}
