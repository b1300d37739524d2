//! The event type `ScheduleV2`: a function is invoked at a rate.

use std::time::Duration;

use super::Problem;
use super::resources::{known, required};
use super::yaml::Node;

/// A `ScheduleV2` event of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Logical id of the function.
    pub(crate) function: String,
    /// How often it is invoked.
    pub(crate) rate: Duration,
    /// What it is invoked with, as JSON.
    pub(crate) input: String,
}

/// Reads the event of this name, whose functions are resolved.
pub(super) fn read(function: &str, name: &str, event: &Node) -> Result<Schedule, Problem> {
    let properties = required(event, "Properties", name)?;
    known(
        properties,
        name,
        &["ScheduleExpression", "Input"],
        &["Description", "FlexibleTimeWindow", "Name", "OmitName", "RetryPolicy"],
    )?;
    let expression = required(properties, "ScheduleExpression", name)?;
    let text = expression.text("ScheduleExpression")?;
    let rate = rate(&text).ok_or_else(|| {
        expression.problem(format!("{name}: {text} is not supported here, only rate(…) is"))
    })?;
    let input = required(properties, "Input", name)?.text("Input")?;
    Ok(Schedule { function: function.to_owned(), rate, input })
}

/// How often `rate(…)` is, such as `rate(15 minutes)`.
fn rate(expression: &str) -> Option<Duration> {
    let (number, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let minutes = match unit {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(minutes * 60)?))
}
