//! The one place that reads the clock.

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// A moment: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

/// The present moment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_millis() as i64)
}

/// How long it is until a moment; nothing where it has passed.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
pub fn until(moment: SystemTime) -> Duration {
    moment.duration_since(SystemTime::now()).unwrap_or_default()
}

impl Timestamp {
    /// Whole seconds since the epoch, the unit of DynamoDB's time to live.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// RFC 3339, UTC, always with milliseconds: the form of every surface but the signed one.
    pub fn rfc3339(self) -> String {
        let format =
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(format).ok())
            .unwrap_or_default()
    }

    /// Reads RFC 3339 with any offset; finer digits than milliseconds are cut.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        // Not by way of UTC: with its offset a moment may be in the year 10000 there, which the crate cannot hold.
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later.as_millis() as i64))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(earlier.as_millis() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn written_and_read_back_is_the_same_moment(ms in 0i64..253_402_300_799_999) {
            prop_assert_eq!(Timestamp::parse_rfc3339(&Timestamp(ms).rfc3339()), Some(Timestamp(ms)));
        }
    }

    #[test]
    fn the_last_moment_may_be_written_by_a_clock_that_is_behind() {
        let read = |text| Timestamp::parse_rfc3339(text).map(|moment| moment.0);
        assert_eq!(read("9999-12-31T23:59:59.999-01:00"), Some(253_402_300_799_999 + 3_600_000));
        assert_eq!(read("0000-01-01T00:00:00+01:00"), Some(-62_167_219_200_000 - 3_600_000));
    }

    #[test]
    fn whole_seconds_keep_their_milliseconds() {
        assert_eq!(Timestamp(1_000).rfc3339(), "1970-01-01T00:00:01.000Z");
    }
}
