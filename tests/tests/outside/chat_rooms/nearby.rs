//! `GET /chat_rooms/nearby`. Other tests open rooms, too: each test here has a place of its own, or looks for
//! its own rooms alone.

use serde_json::{Value, json};
use tests::{Caller as _, Stack, User};
use uuid::Uuid;

use super::{distance_m, open, open_at};
use crate::common::{column, fields, is_moment};

/// A quarter of the Earth's circumference.
const QUARTER_M: f64 = 10_007_557.0;

/// Some place far from the poles and the date line, and from where [`User::open_room`] opens rooms.
fn somewhere() -> (f64, f64) {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    // So few digits survive JSON exactly.
    let degrees = |random: u64, from: f64| ((random % 100_000_000) as f64 + from * 1e6) / 1e6;
    (degrees(high, -60.0), degrees(low, -150.0))
}

async fn search(user: &User, (latitude, longitude): (f64, f64), radius_m: f64) -> Vec<Value> {
    let query = format!("latitude={latitude}&longitude={longitude}&radius_m={radius_m}");
    user.get(&format!("/chat_rooms/nearby?{query}")).await.expect(200).rows()
}

/// Those of the rooms that a search finds, in its order, as numbers in `rooms`.
async fn found(user: &User, centre: (f64, f64), radius_m: f64, rooms: &[u64]) -> Vec<usize> {
    let rows = search(user, centre, radius_m).await;
    let distances: Vec<_> =
        rows.iter().map(|row| row["distance_m"].as_f64().expect("a distance_m")).collect();
    assert!(distances.is_sorted(), "{distances:?}");
    rows.iter().filter_map(|row| rooms.iter().position(|room| row["chat_room_id"] == *room)).collect()
}

/// Opens a room at each of these places.
async fn rooms_at(user: &User, places: &[(f64, f64)]) -> Vec<u64> {
    let mut rooms = Vec::new();
    for (latitude, longitude) in places {
        rooms.push(open_at(user, *latitude, *longitude).await);
    }
    rooms
}

#[tokio::test]
async fn rows_say_what_the_room_is_and_how_far_away() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let (latitude, longitude) = somewhere();
    let mut body = json!({"title": "Prater", "latitude": latitude, "longitude": longitude});
    let large = open(&ada, &body).await;
    body["capacity"] = json!(7);
    body["latitude"] = json!(latitude + 0.001);
    let small = open(&ada, &body).await;

    let rows = search(&bob, (latitude, longitude), 200.0).await;
    assert_eq!(column(&rows, "chat_room_id"), [large, small]);
    assert_eq!(column(&rows, "capacity"), [json!(null), json!(7)]);
    for (row, far) in rows.iter().zip([0.0, 111.195]) {
        let expected = [
            "capacity",
            "chat_room_id",
            "created_at",
            "distance_m",
            "geolocation",
            "server_sent_timestamp",
            "title",
            "user_id",
        ];
        assert_eq!(fields(row), expected);
        assert_eq!((&row["title"], &row["user_id"]), (&json!("Prater"), &json!(ada.id)));
        assert!(is_moment(&row["created_at"]) && is_moment(&row["server_sent_timestamp"]), "{row}");
        assert!(row["distance_m"].as_f64().is_some_and(|distance| (distance - far).abs() < 0.01), "{row}");
        assert_eq!(fields(&row["geolocation"]), ["latitude", "longitude"]);
        assert_eq!(row["geolocation"]["longitude"].as_f64(), Some(longitude));
    }
    assert_eq!(rows[0]["geolocation"]["latitude"].as_f64(), Some(latitude));
}

#[tokio::test]
async fn nearest_first_and_none_beyond_the_radius() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let (latitude, longitude) = somewhere();
    // From a metre to a thousand kilometres, in no order and on all sides.
    let places = [
        (latitude + 0.1, longitude - 0.1),
        (latitude, longitude + 0.000_01),
        (latitude - 8.0, longitude + 5.0),
        (latitude - 0.003, longitude),
        (latitude + 0.5, longitude + 1.5),
        (latitude, longitude),
    ];
    let rooms = rooms_at(&ada, &places).await;
    let order = [5, 1, 3, 0, 4, 2];
    assert_eq!(found(&ada, (latitude, longitude), 2_000_000.0, &rooms).await, order);
    for (count, place) in order.into_iter().enumerate() {
        let far = distance_m((latitude, longitude), places[place]);
        assert_eq!(found(&ada, (latitude, longitude), far + 0.1, &rooms).await, order[..=count]);
        if far > 0.5 {
            assert_eq!(found(&ada, (latitude, longitude), far - 0.1, &rooms).await, order[..count]);
        }
    }
    assert!(found(&ada, (latitude + 0.05, longitude), 1.0, &rooms).await.is_empty());
}

#[tokio::test]
async fn a_new_room_is_found_at_once_and_remains_what_it_is() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let place = somewhere();
    let room = open_at(&ada, place.0, place.1).await;
    assert_eq!(column(&search(&bob, place, 0.5).await, "chat_room_id"), [room]);
    bob.post_to_room(room, "hello").await;
    assert_eq!(column(&search(&bob, place, 0.5).await, "chat_room_id"), [room]);
}

#[tokio::test]
async fn the_date_line_is_no_border() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let latitude = somewhere().0;
    let places = [
        (latitude, 180.0),
        (latitude, -180.0),
        (latitude, 179.999),
        (latitude, -179.998),
        (latitude, 179.5),
        (latitude, -179.4),
    ];
    let rooms = rooms_at(&ada, &places).await;
    for longitude in [179.999_9, -179.999_9] {
        let mut near = found(&ada, (latitude, longitude), 1_000.0, &rooms).await;
        assert_eq!(near[2..], [2, 3]);
        near.sort_unstable();
        assert_eq!(near, [0, 1, 2, 3]);
        assert_eq!(found(&ada, (latitude, longitude), 200_000.0, &rooms).await[2..], [2, 3, 4, 5]);
    }
    assert_eq!(found(&ada, (latitude, -179.4), 1.0, &rooms).await, [5]);
}

#[tokio::test]
async fn the_poles_are_places_like_others() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for pole in [90.0, -90.0] {
        let away = |degrees: f64| if pole > 0.0 { pole - degrees } else { pole + degrees };
        let places = [
            (pole, 45.0),
            (away(0.001), -170.0),
            (away(0.002), 10.0),
            (away(0.003), 100.0),
            (away(0.004), -80.0),
            (away(0.5), 0.0),
        ];
        let rooms = rooms_at(&ada, &places).await;
        for longitude in [-180.0, -1.0, 0.0, 120.0] {
            assert_eq!(found(&ada, (pole, longitude), 1_000.0, &rooms).await, [0, 1, 2, 3, 4]);
            assert_eq!(found(&ada, (pole, longitude), 250.0, &rooms).await, [0, 1, 2]);
        }
        // Over the pole it is not far to the other side.
        assert_eq!(found(&ada, (away(0.001_2), 10.0), 200.0, &rooms).await, [2, 0]);
        assert_eq!(found(&ada, (away(0.001_2), 10.0), 300.0, &rooms).await, [2, 0, 1]);
    }
}

#[tokio::test]
async fn the_largest_radius_is_half_the_earths_circumference() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let place = somewhere();
    let room = open_at(&ada, place.0, place.1).await;
    for radius_m in [1.5 * QUARTER_M, 2.5 * QUARTER_M, 1e12, 1e300] {
        let rows = search(&ada, place, radius_m).await;
        assert!(rows.len() <= 1_000);
        let first = rows.first().expect("a room");
        assert_eq!((&first["chat_room_id"], first["distance_m"].as_f64()), (&json!(room), Some(0.0)));
        assert!(
            rows.iter().all(|row| row["distance_m"].as_f64() < Some(2.0 * QUARTER_M + 200.0)),
            "{rows:?}"
        );
    }
}

#[tokio::test]
async fn count_and_offset_choose_a_part() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let (latitude, longitude) = somewhere();
    let places: Vec<_> = (0..5).map(|number| (latitude + f64::from(number) / 1_000.0, longitude)).collect();
    let rooms = rooms_at(&ada, &places).await;
    let place = format!("latitude={latitude}&longitude={longitude}&radius_m=1000");
    let part = async |query: &str| {
        let rows = ada.get(&format!("/chat_rooms/nearby?{place}{query}")).await.expect(200).rows();
        column(&rows, "chat_room_id")
    };
    assert_eq!(part("").await, rooms);
    assert_eq!(part("&count=100000&unknown=1").await, rooms);
    assert_eq!(part("&count=2").await, rooms[..2]);
    assert_eq!(part("&count=2&offset=1").await, rooms[..2]);
    assert_eq!(part("&count=2&offset=3").await, rooms[2..4]);
    assert_eq!(part("&offset=5").await, rooms[4..]);
    assert!(part("&offset=6").await.is_empty());
    for query in
        ["count=0", "count=-1", "count=x", "count=", "offset=0", "offset=-1", "offset=1.5", "offset=x"]
    {
        ada.get(&format!("/chat_rooms/nearby?{place}&{query}")).await.refused(400);
    }
}

#[tokio::test]
async fn every_parameter_is_needed_and_of_its_range() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    let good = [("latitude", "48.2"), ("longitude", "16.4"), ("radius_m", "100")];
    let wrong = [
        ("latitude", &["", "x", "90.000001", "-91", "NaN", "inf", "1e300", "48,2"][..]),
        ("longitude", &["", "x", "180.000001", "-181", "NaN", "-inf", "1e300", "16,4"]),
        ("radius_m", &["", "x", "0", "-1", "-0", "NaN", "-inf", "1km"]),
    ];
    let path = |parameters: &[(&str, &str)]| {
        let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("/chat_rooms/nearby?{}", pairs.join("&"))
    };
    ada.get(&path(&good)).await.expect(200);
    ada.get("/chat_rooms/nearby").await.refused(400);
    for (index, (name, values)) in wrong.into_iter().enumerate() {
        assert_eq!(good[index].0, name);
        let mut parameters = good.to_vec();
        for value in values {
            parameters[index].1 = value;
            ada.get(&path(&parameters)).await.refused(400);
        }
        parameters.remove(index);
        ada.get(&path(&parameters)).await.refused(400);
    }
}

#[tokio::test]
async fn numbers_may_be_whole_or_have_an_exponent() {
    let stack = Stack::shared().await;
    let ada = User::new(&stack).await;
    for query in ["latitude=-90&longitude=180&radius_m=1", "latitude=9e1&longitude=-1.8e2&radius_m=0.001"] {
        ada.get(&format!("/chat_rooms/nearby?{query}")).await.expect(200);
    }
}
