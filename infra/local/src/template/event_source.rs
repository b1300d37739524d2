//! The event type `SQS`: a function is invoked with what a queue has.

use super::queue::name_in_arn;
use super::resources::{known, required};
use super::yaml::Node;
use super::{Function, Problem, Template};

/// An `SQS` event of a function: an event source mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventSource {
    /// Its queue's line in the template.
    pub(crate) line: usize,
    /// Logical id of the function.
    pub(crate) function: String,
    /// Name of the queue.
    pub(crate) queue: String,
    /// Most invocations at a time, if the template limits them.
    pub(crate) maximum_concurrency: Option<usize>,
    /// Whether it does anything.
    pub(crate) enabled: bool,
}

/// Reads the event of this name, whose functions are resolved.
pub(super) fn read(function: &str, name: &str, event: &Node) -> Result<EventSource, Problem> {
    let properties = required(event, "Properties", name)?;
    known(
        properties,
        name,
        &["BatchSize", "Enabled", "MaximumBatchingWindowInSeconds", "Queue", "ScalingConfig"],
        &["MetricsConfig"],
    )?;
    let queue = required(properties, "Queue", name)?;
    let only_one = || format!("{name}: only a BatchSize of 1 is supported here, and without it it is 10");
    match properties.get("BatchSize") {
        Some(size) if size.number("BatchSize")? == 1 => {}
        Some(size) => return Err(size.problem(only_one())),
        None => return Err(properties.problem(only_one())),
    }
    if let Some(window) = properties.get("MaximumBatchingWindowInSeconds")
        && window.number("MaximumBatchingWindowInSeconds")? != 0
    {
        let message = format!("{name}: only a MaximumBatchingWindowInSeconds of 0 is supported here");
        return Err(window.problem(message));
    }
    let maximum_concurrency = match properties.get("ScalingConfig") {
        Some(config) => maximum_concurrency(config)?,
        None => None,
    };
    Ok(EventSource {
        line: queue.line,
        function: function.to_owned(),
        queue: name_in_arn(queue, name)?,
        maximum_concurrency,
        enabled: properties.get("Enabled").map_or(Ok(true), |node| node.boolean("Enabled"))?,
    })
}

fn maximum_concurrency(config: &Node) -> Result<Option<usize>, Problem> {
    known(config, "ScalingConfig", &["MaximumConcurrency"], &[])?;
    let Some(node) = config.get("MaximumConcurrency") else { return Ok(None) };
    match usize::try_from(node.number("MaximumConcurrency")?) {
        Ok(number @ 2..=1_000) => Ok(Some(number)),
        _ => Err(node.problem("MaximumConcurrency must be from 2 to 1000")),
    }
}

/// Holds the event sources of a whole template against its queues and functions.
pub(super) fn check(template: &Template) -> Result<(), Problem> {
    for source in &template.event_sources {
        let refuse = |message: String| Err(Problem::new(source.line, message));
        let Some(queue) = template.queues.iter().find(|queue| queue.name == source.queue) else {
            return refuse(format!("{} is no queue of this template", source.queue));
        };
        // A message that becomes visible while its invocation is under way would be worked on twice.
        let is_slow = |function: &&Function| {
            function.logical_id == source.function && function.timeout > queue.visibility_timeout
        };
        if let Some(function) = template.functions.iter().find(is_slow) {
            return refuse(format!(
                "the VisibilityTimeout of {}, {} s, is less than the Timeout of {}, {} s",
                queue.name,
                queue.visibility_timeout.as_secs(),
                function.logical_id,
                function.timeout.as_secs(),
            ));
        }
    }
    Ok(())
}
