//! The one place that reads the clock, and the time formats that AWS writes.

use std::time::{SystemTime, UNIX_EPOCH};

use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// `21/Nov/2026:04:00:00 +0000`, the format of `requestContext.time`.
const COMMON_LOG: &[FormatItem<'static>] = format_description!(
    "[day]/[month repr:short]/[year]:[hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
);

/// `2026-11-21T04:00:00.123Z`, the format of `@connections` answers and of the outbox.
const ISO: &[FormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A moment as API Gateway writes it into `requestContext.time`.
pub(crate) fn common_log(ms: i64) -> String {
    moment(ms).format(COMMON_LOG).unwrap_or_default()
}

/// A moment as ISO 8601 with milliseconds, in UTC.
pub(crate) fn iso(ms: i64) -> String {
    moment(ms).format(ISO).unwrap_or_default()
}

fn moment(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(UtcOffset::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_aws() {
        let ms = 1_795_233_600_123;
        assert_eq!(common_log(ms), "21/Nov/2026:04:00:00 +0000");
        assert_eq!(iso(ms), "2026-11-21T04:00:00.123Z");
    }
}
