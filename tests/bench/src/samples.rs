//! Many measurements of one thing.

use std::time::Duration;

/// Measurements, in order of size.
#[derive(Clone, Debug)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// Of these, of which there must be one.
    pub(crate) fn of(mut measured: Vec<Duration>) -> Self {
        assert!(!measured.is_empty(), "nothing was measured");
        measured.sort_unstable();
        Self(measured)
    }

    /// What so many hundredths of all stay within.
    pub(crate) fn percentile(&self, hundredths: usize) -> Duration {
        let rank = (self.0.len() * hundredths).div_ceil(100).max(1);
        self.0[rank - 1]
    }

    /// The one in the middle.
    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }
}

/// As milliseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measurements_that_were_made() {
        let samples = Samples::of([5, 1, 4, 2, 3].map(Duration::from_millis).to_vec());
        let percentiles = [1, 20, 21, 50, 99, 100].map(|hundredths| millis(samples.percentile(hundredths)));
        assert_eq!(percentiles, [1.0, 1.0, 2.0, 3.0, 5.0, 5.0]);
    }
}
