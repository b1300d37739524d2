//! Places, distances, and the ranges of the index that hold what is nearby.
#![no_main]

use chat::geo::{HALF_CIRCUMFERENCE_M, MAX_RANGES, Point, covering};
use fuzz::Input;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (Some(here), Some(there)) = (point(&mut input), point(&mut input)) else { return };
    let distance = here.distance_m(there);
    assert!(
        (0.0..=HALF_CIRCUMFERENCE_M * 1.000_000_1).contains(&distance),
        "{here:?} to {there:?}: {distance}"
    );
    assert!((distance - there.distance_m(here)).abs() < 1e-6, "{here:?} to {there:?}");
    assert_eq!(here.distance_m(here), 0.0, "{here:?}");

    let radius = input.number();
    if !(0.0..=HALF_CIRCUMFERENCE_M).contains(&radius) {
        return;
    }
    let ranges = covering(here, radius);
    assert!((1..=MAX_RANGES).contains(&ranges.len()), "{here:?}, {radius}: {} ranges", ranges.len());
    assert!(ranges.iter().all(|range| range.first <= range.last && range.first.starts_with(&range.cell)));
    assert!(ranges.windows(2).all(|pair| pair[0].last < pair[1].first), "{ranges:?}");
    for place in [here, there].into_iter().filter(|place| here.distance_m(*place) <= radius) {
        let holds = |range: &&chat::geo::Range| {
            range.cell == place.cell() && (&range.first..=&range.last).contains(&&place.place())
        };
        assert_eq!(ranges.iter().filter(holds).count(), 1, "{place:?} within {radius} m of {here:?}");
    }
});

/// A point on the globe, if it is one. What is stored is read back as the same.
fn point(input: &mut Input<'_>) -> Option<Point> {
    let (latitude, longitude) = (input.number(), input.number());
    let on_globe = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    let point = Point::new(latitude, longitude);
    assert_eq!(point.is_ok(), on_globe, "{latitude}, {longitude}");
    let point = point.ok()?;
    let stored = serde_json::to_string(&point).unwrap_or_default();
    let read: Point = serde_json::from_str(&stored).expect("what was written");
    assert!(read.distance_m(point) < 1e-6, "{stored}");
    assert!(point.place().starts_with(&point.cell()));
    Some(point)
}
