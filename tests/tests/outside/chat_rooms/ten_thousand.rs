//! `GET /chat_rooms/nearby` among ten thousand rooms, against a look at every room. On a stack of its own.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use futures::stream;
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::Value;
use tests::{Caller as _, Stack, User, random, seed};

use super::{distance_m, open_at};

const ROOMS: usize = 10_000;
const SEARCHES: usize = 200;
const AT_ONCE: usize = 32;
/// Most rooms that an answer has.
const MOST: usize = 1_000;
/// Two ways to compute a distance agree to this much.
const SLACK_M: f64 = 0.001;

type Place = (f64, f64);

/// Somewhere: half of all places are anywhere, the others near the poles and the date line, or upon them.
fn place(rng: &mut TestRng) -> Place {
    let latitude = rng.random_range(-1.0_f64..1.0).asin().to_degrees();
    let longitude = rng.random_range(-180.0..180.0);
    let side = if rng.random() { 1.0 } else { -1.0 };
    // From a few centimetres to some thousand kilometres.
    let away = 10_f64.powf(rng.random_range(-6.5..1.5));
    match rng.random_range(0..40) {
        0..20 => (latitude, longitude),
        20..29 => (side * (90.0 - away), longitude),
        29 => (side * 90.0, longitude),
        30..39 => (latitude, side * (180.0 - away)),
        _ => (latitude, side * 180.0),
    }
}

/// With so few digits that they survive JSON exactly.
fn rounded((latitude, longitude): Place) -> Place {
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    (round(latitude), round(longitude))
}

/// A centre: half of them are near some room or upon it, so that small radii have something to find.
fn centre(rng: &mut TestRng, rooms: &[Place]) -> Place {
    if rng.random() {
        return rounded(place(rng));
    }
    let (latitude, longitude) = rooms[rng.random_range(0..rooms.len())];
    let mut off = || if rng.random() { 10_f64.powf(rng.random_range(-5.0..0.0)) } else { 0.0 };
    rounded(((latitude - off()).max(-90.0), (longitude + off()).min(180.0)))
}

/// Whether an answer is the rooms within the radius, nearest first, as far as one may tell.
fn check(rows: &[Value], rooms: &BTreeMap<u64, Place>, centre: Place, radius_m: f64) {
    let mut sorted: Vec<_> = rooms.values().map(|place| distance_m(centre, *place)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let within = |radius_m: f64| sorted.partition_point(|distance| *distance <= radius_m).min(MOST);
    let (least, most) = (within(radius_m - SLACK_M), within(radius_m + SLACK_M));
    assert!((least..=most).contains(&rows.len()), "{} rooms instead of {least} to {most}", rows.len());

    let mut ids = BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        let id = row["chat_room_id"].as_u64().expect("a chat_room_id");
        assert!(ids.insert(id), "{id} comes twice");
        let place = rooms.get(&id).unwrap_or_else(|| panic!("nobody has opened {row}"));
        let distance = distance_m(centre, *place);
        assert!((distance - sorted[index]).abs() <= SLACK_M, "number {index} is {distance} m away: {row}");
        let told = row["distance_m"].as_f64().expect("a distance_m");
        assert!((told - distance).abs() <= SLACK_M, "{distance} m: {row}");
    }
}

#[tokio::test]
async fn a_search_finds_what_a_look_at_every_room_finds() {
    let mut rng = random(seed(), 0);
    let places: Vec<_> = (0..ROOMS).map(|_| rounded(place(&mut rng))).collect();
    let searches: Vec<_> = (0..SEARCHES)
        .map(|_| (centre(&mut rng, &places), 1_000.0 * 20_000_f64.powf(rng.random_range(0.0..1.0))))
        .collect();

    let stack = Stack::start(&[]).await;
    let ada = User::new(&stack).await;
    let opened = places.iter().map(|place| async { (open_at(&ada, place.0, place.1).await, *place) });
    let rooms: BTreeMap<_, _> = stream::iter(opened).buffer_unordered(AT_ONCE).collect().await;
    assert_eq!(rooms.len(), ROOMS);

    let answers = searches.iter().map(|(centre, radius_m)| {
        let query = format!("latitude={}&longitude={}&radius_m={radius_m}&count={MOST}", centre.0, centre.1);
        let answer = ada.get(&format!("/chat_rooms/nearby?{query}"));
        async { (query, answer.await.expect(200).rows()) }
    });
    let mut answers = stream::iter(answers).buffered(4).zip(stream::iter(&searches));
    let mut found = 0;
    while let Some(((query, rows), (centre, radius_m))) = answers.next().await {
        println!("{query} gives {} rooms", rows.len());
        check(&rows, &rooms, *centre, *radius_m);
        found += usize::from(!rows.is_empty());
    }
    assert!(found > SEARCHES / 3, "only {found} searches found anything: they say little");
}
