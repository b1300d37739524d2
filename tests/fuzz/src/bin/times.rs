//! Moments as callers write them, and as they are written.
#![no_main]

use chat::clock::Timestamp;
use std::time::Duration;

/// The first and the last moment that RFC 3339 can write in UTC.
const WRITABLE: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Some(moment) = Timestamp::parse_rfc3339(&text) {
        written_and_read(moment);
    }
    let number = i64::from_le_bytes(std::array::from_fn(|at| bytes.get(at).copied().unwrap_or_default()));
    let moment = Timestamp(number);
    written_and_read(moment);
    assert!(moment.seconds() <= number.div_euclid(1000));
    // Up to 146 million years, which is more than anything here lasts.
    let later = Duration::from_millis(number.unsigned_abs() / 2);
    assert!(moment + later >= moment && moment - later <= moment);
});

fn written_and_read(moment: Timestamp) {
    let written = moment.rfc3339();
    if WRITABLE.contains(&moment.0) {
        assert_eq!(Timestamp::parse_rfc3339(&written), Some(moment), "{written}");
        assert_eq!((written.len(), written.ends_with('Z')), (24, true), "{written}");
    }
}
