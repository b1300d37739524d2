use super::*;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;

fn point(latitude: f64, longitude: f64) -> Point {
    Point::new(latitude, longitude).expect("on the globe")
}

fn holds(range: &Range, point: Point) -> bool {
    range.cell == point.cell() && (&range.first..=&range.last).contains(&&point.place())
}

/// Where one gets from `start` in a straight line.
fn travel(start: Point, bearing: f64, distance_m: f64) -> Point {
    let (angle, latitude) = (distance_m / EARTH_RADIUS_M, start.latitude.to_radians());
    let sine = latitude.sin() * angle.cos() + latitude.cos() * angle.sin() * bearing.cos();
    let turn = (bearing.sin() * angle.sin() * latitude.cos()).atan2(angle.cos() - latitude.sin() * sine);
    let longitude = start.longitude + turn.to_degrees();
    let longitude = (longitude + 540.0).rem_euclid(360.0) - 180.0;
    point(sine.clamp(-1.0, 1.0).asin().to_degrees(), longitude.clamp(-180.0, 180.0))
}

/// A number from -`limit` to `limit` degrees: any, close to an end or to 0, and the borders of cells.
fn degrees(limit: f64) -> impl Strategy<Value = f64> {
    let tiny = (-16.0..1.0).prop_map(|power| 10f64.powf(power));
    let border = (0u32..26)
        .prop_flat_map(|halvings| (0..=1u64 << halvings, Just(f64::from(halvings).exp2())))
        .prop_map(move |(step, steps)| limit * (2.0 * step as f64 / steps - 1.0));
    prop_oneof![
        4 => -limit..=limit,
        1 => prop::sample::select(vec![-limit, 0.0, limit]),
        1 => (tiny, prop::bool::ANY)
            .prop_map(move |(tiny, east)| if east { limit - tiny } else { tiny - limit }),
        1 => (-16.0..1.0).prop_map(|power| 10f64.powf(power)),
        1 => border,
    ]
}

fn points() -> impl Strategy<Value = Point> {
    (degrees(90.0), degrees(180.0)).prop_map(|(latitude, longitude)| point(latitude, longitude))
}

fn radii() -> impl Strategy<Value = f64> {
    prop_oneof![
        9 => (0.0..HALF_CIRCUMFERENCE_M.ln()).prop_map(f64::exp),
        1 => prop::sample::select(vec![1.0, 0.5 * HALF_CIRCUMFERENCE_M, HALF_CIRCUMFERENCE_M]),
    ]
}

fn shares() -> impl Strategy<Value = f64> {
    prop_oneof![2 => 0.0..1.0, 1 => 0.999_999_999..1.0, 1 => Just(1.0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_within_the_circle_is_in_one_range(
        centre in points(),
        radius in radii(),
        anywhere in points(),
        bearing in 0.0..std::f64::consts::TAU,
        share in shares(),
    ) {
        let ranges = covering(centre, radius);
        let far = radius * share;
        // Where a meridian touches the circle, unless a pole is in it.
        let touching = (far / EARTH_RADIUS_M).tan() * centre.latitude.to_radians().tan();
        let touching = touching.clamp(-1.0, 1.0).acos();
        let around = [bearing, touching, -touching, 0.0, std::f64::consts::PI];
        let inside = around.map(|bearing| travel(centre, bearing, far));
        let opposite = point(-centre.latitude, (centre.longitude + 360.0) % 360.0 - 180.0);
        let mirrored = point(centre.latitude, -centre.longitude);
        for there in inside.into_iter().chain([anywhere, centre, opposite, mirrored]) {
            let found = ranges.iter().filter(|range| holds(range, there)).count();
            if centre.distance_m(there) <= radius {
                prop_assert_eq!(found, 1, "{:?} at {}", there, centre.distance_m(there));
            } else {
                prop_assert!(found <= 1, "{:?}", there);
            }
        }
    }

    #[test]
    fn ranges_are_few_sorted_and_apart(centre in points(), radius in radii()) {
        let ranges = covering(centre, radius);
        prop_assert!((1..=MAX_RANGES).contains(&ranges.len()), "{}", ranges.len());
        for range in &ranges {
            prop_assert!(range.first <= range.last, "{:?}", range);
            for place in [&range.first, &range.last] {
                prop_assert_eq!(place.len(), PLACE_CHARS);
                prop_assert!(place.starts_with(&range.cell), "{:?}", range);
            }
        }
        for pair in ranges.windows(2) {
            prop_assert!(pair[0].last < pair[1].first, "{:?}", pair);
            let gap = number(&pair[1].first) - number(&pair[0].last) - 1;
            prop_assert!(gap > 0 || pair[0].cell != pair[1].cell, "not merged: {:?}", pair);
        }
    }

    #[test]
    fn distances_are_the_same_both_ways_and_bounded(one in points(), other in points()) {
        let there = one.distance_m(other);
        prop_assert!((0.0..=HALF_CIRCUMFERENCE_M).contains(&there), "{}", there);
        prop_assert!((there - other.distance_m(one)).abs() < 1e-6);
        prop_assert_eq!(one.distance_m(one), 0.0);
    }

    #[test]
    fn one_gets_as_far_as_one_travels(
        start in points(),
        bearing in 0.0..std::f64::consts::TAU,
        distance in radii(),
    ) {
        let there = travel(start, bearing, distance);
        // The way there, by asin, is not exact near a pole.
        prop_assert!((start.distance_m(there) - distance).abs() < 0.2, "{:?}", there);
    }

    #[test]
    fn a_place_is_the_rectangle_around_its_point(point in points()) {
        let place = point.place();
        prop_assert!(place.starts_with(&point.cell()));
        let area = geohash::decode_bbox(&place).expect("a geohash");
        let here = Rect::new((point.longitude, point.latitude), (point.longitude, point.latitude));
        let rounded = 1e-12;
        let around = Rect::new(
            (area.min().x - rounded, area.min().y - rounded),
            (area.max().x + rounded, area.max().y + rounded),
        );
        prop_assert!(contains(&around, &here), "{:?} {:?}", place, area);
    }
}

/// The value of a geohash.
fn number(place: &str) -> u64 {
    let digit = |byte| DIGITS.iter().position(|&digit| digit == byte).expect("a digit") as u64;
    place.bytes().fold(0, |number, byte| number << BITS_PER_CHAR | digit(byte))
}

fn log_uniform(rng: &mut StdRng, low: f64, high: f64) -> f64 {
    rng.random_range(low.ln()..high.ln()).exp()
}

/// Anywhere on the sphere, or one time in five near a pole or the 180th meridian.
fn somewhere(rng: &mut StdRng) -> Point {
    let uniform = rng.random_range(-1f64..=1.0).asin().to_degrees();
    let longitude = rng.random_range(-180.0..=180.0);
    let close = log_uniform(rng, 1e-7, 5.0);
    match rng.random_range(0..20) {
        0 => point(90.0 - close, longitude),
        1 => point(close - 90.0, longitude),
        2 => point(uniform, 180.0 - close),
        3 => point(uniform, close - 180.0),
        _ => point(uniform, longitude),
    }
}

#[test]
fn a_search_of_the_index_finds_what_looking_at_all_finds() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut rooms: Vec<Point> = (0..10_000).map(|_| somewhere(&mut rng)).collect();
    rooms.extend([(90.0, 0.0), (-90.0, 0.0), (0.0, 180.0), (0.0, -180.0)].map(|(lat, lon)| point(lat, lon)));
    let mut index = BTreeMap::new();
    for (id, room) in rooms.iter().enumerate() {
        index.insert((room.cell(), room.place(), id), *room);
    }
    let mut found_in_all = 0;
    for _ in 0..200 {
        let centre = somewhere(&mut rng);
        let radius = log_uniform(&mut rng, 100.0, 20_000_000.0);
        let nearby = |(id, room): (usize, Point)| {
            let distance = centre.distance_m(room);
            (distance <= radius).then_some((distance, id))
        };
        let by_distance =
            |one: &(f64, usize), other: &(f64, usize)| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1));
        let mut expected: Vec<_> = rooms.iter().copied().enumerate().filter_map(nearby).collect();
        expected.sort_by(by_distance);
        let read = covering(centre, radius).into_iter().flat_map(|Range { cell, first, last }| {
            let places = (cell.clone(), first, 0)..=(cell, last, usize::MAX);
            index.range(places).map(|((_, _, id), room)| (*id, *room)).collect::<Vec<_>>()
        });
        let mut found: Vec<_> = read.filter_map(nearby).collect();
        found.sort_by(by_distance);
        assert_eq!(found, expected, "{radius} m around {centre:?}, seed {seed}");
        found_in_all += found.len();
    }
    assert!(found_in_all > 10_000, "{found_in_all}");
}

#[test]
fn away_from_the_poles_little_more_than_the_box_is_read() {
    let mut rng = StdRng::seed_from_u64(7);
    for radius in [10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0] {
        let (mut queries, mut ratios) = (0, 0.0);
        for _ in 0..200 {
            let centre = point(rng.random_range(-60.0..60.0), rng.random_range(-180.0..180.0));
            let ranges = covering(centre, radius);
            let places = 1u64 << (BITS_PER_CHAR * PLACE_CHARS);
            let read: u64 = ranges.iter().map(|range| number(&range.last) - number(&range.first) + 1).sum();
            let wanted: f64 = boxes(centre, radius).iter().map(|area| area.width() * area.height()).sum();
            let ratio = (read as f64 / places as f64) / (wanted / (360.0 * 180.0));
            assert!(ratio < 8.0, "{ratio} times the box of {radius} m around {centre:?}");
            assert!(ranges.len() <= 16, "{} for {radius} m around {centre:?}", ranges.len());
            queries += ranges.len();
            ratios += ratio;
        }
        assert!(ratios / 200.0 < 2.5, "{} times the box for {radius} m", ratios / 200.0);
        assert!(queries / 200 <= 6, "{} queries for {radius} m", queries / 200);
    }
}

#[test]
fn the_globe_is_one_range_for_each_partition() {
    for radius in [HALF_CIRCUMFERENCE_M, f64::INFINITY] {
        for centre in [point(0.0, 0.0), point(90.0, 180.0), point(-33.9, 151.2)] {
            let ranges = covering(centre, radius);
            assert_eq!(ranges.len(), DIGITS.len());
            assert!(ranges.iter().all(|range| range.first[1..] == *"000000000"), "{ranges:?}");
            assert!(ranges.iter().all(|range| range.last[1..] == *"zzzzzzzzz"), "{ranges:?}");
        }
    }
}

#[test]
fn a_radius_that_is_none_finds_the_centre() {
    for radius in [0.0, -5.0, f64::NAN] {
        for centre in [point(51.5, 0.0), point(90.0, 12.0), point(-90.0, 180.0), point(0.0, -180.0)] {
            assert!(covering(centre, radius).iter().any(|range| holds(range, centre)), "{centre:?}");
        }
    }
}

#[test]
fn distances_are_those_of_an_atlas() {
    let (london, paris) = (point(51.5074, -0.1278), point(48.8566, 2.3522));
    let (suva, apia) = (point(-18.1416, 178.4419), point(-13.8333, -171.7667));
    let antipode = |of: Point| point(-of.latitude, of.longitude - 180.0f64.copysign(of.longitude));
    for (one, other, expected, tolerance) in [
        (london, paris, 343_556.0, 10.0),
        (suva, apia, 1_150_704.0, 10.0),
        (point(-17.0, 179.9), point(-17.0, -179.9), 21_267.2, 1.0),
        (point(90.0, 0.0), point(-90.0, 77.0), HALF_CIRCUMFERENCE_M, 1e-6),
        (point(90.0, 0.0), point(90.0, 77.0), 0.0, 1e-6),
        (point(12.0, 180.0), point(12.0, -180.0), 0.0, 1e-6),
        (point(0.0, 0.0), point(0.0, 90.0), HALF_CIRCUMFERENCE_M / 2.0, 1e-6),
        (point(0.0, -30.0), point(0.0, 150.0), HALF_CIRCUMFERENCE_M, 1e-6),
        (london, antipode(london), HALF_CIRCUMFERENCE_M, 1e-6),
        (suva, antipode(suva), HALF_CIRCUMFERENCE_M, 1e-6),
        (point(60.0, 10.0), point(60.000_01, 10.0), 1.111_95, 1e-5),
        (point(60.0, 10.0), point(60.0, 10.000_01), 0.555_97, 1e-5),
    ] {
        let distance = one.distance_m(other);
        assert!((distance - expected).abs() <= tolerance, "{one:?} {other:?}: {distance}");
    }
    assert_eq!(HALF_CIRCUMFERENCE_M.round(), 20_015_114.0);
}

#[test]
fn the_last_meridian_and_the_north_pole_are_at_the_end_of_the_index() {
    assert_eq!(point(90.0, 180.0).place(), "zzzzzzzzzz");
    assert_eq!(point(-90.0, -180.0).place(), "0000000000");
    assert_eq!(point(90f64.next_down(), 180f64.next_down()).place(), "zzzzzzzzzz");
    assert_eq!(point(57.64911, 10.40744).place(), "u4pruydqqv");
    assert_eq!(point(57.64911, 10.40744).cell(), "u");
}

#[test]
fn a_stored_point_is_two_numbers_on_the_globe() {
    let json = r#"{"latitude":51.5074,"longitude":-0.1278}"#;
    let london: Point = serde_json::from_str(json).expect("a point");
    assert_eq!(london, point(51.5074, -0.1278));
    assert_eq!(serde_json::to_string(&london).expect("a point"), json);
    for wrong in [r#"{"latitude":91,"longitude":0}"#, r#"{"latitude":0,"longitude":-180.5}"#] {
        assert!(serde_json::from_str::<Point>(wrong).is_err(), "{wrong}");
    }
    for tiny in [1e-300, -1e-200, f64::MIN_POSITIVE, -0.0] {
        let stored = serde_json::to_string(&point(tiny, tiny)).expect("a point");
        assert_eq!(stored, r#"{"latitude":0.0,"longitude":0.0}"#);
    }
}

#[test]
fn what_is_not_on_the_globe_is_no_point() {
    assert!(Point::new(-90.0, 180.0).is_ok() && Point::new(90.0, -180.0).is_ok());
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 90f64.next_up(), -90.1] {
        let code = Point::new(wrong, 0.0).err().map(|error| error.code());
        assert_eq!(code, Some("invalid_latitude"), "{wrong}");
    }
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 180f64.next_up(), -180.1] {
        let code = Point::new(0.0, wrong).err().map(|error| error.code());
        assert_eq!(code, Some("invalid_longitude"), "{wrong}");
    }
}
