//! `AWS::SQS::Queue`: its properties, held against the rules of SQS.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Problem;
use super::intrinsics::Scope;
use super::resources::{known, required};
use super::yaml::Node;
use crate::ids;

/// The resource type.
pub(super) const QUEUE: &str = "AWS::SQS::Queue";

/// How names of FIFO queues end, and no others.
const FIFO_SUFFIX: &str = ".fifo";
/// Most characters of a name.
const LONGEST_NAME: usize = 80;

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) name: String,
    /// How long a message that was received is hidden from everybody else.
    pub(crate) visibility_timeout: Duration,
    /// How long a message is kept.
    pub(crate) retention: Duration,
    /// How long a call that receives waits for a message, unless it says so itself.
    pub(crate) wait_time: Duration,
    /// Whether SQS encrypts with its own key. Only told, never done here.
    pub(crate) managed_sse: bool,
    /// What a FIFO queue has in addition.
    pub(crate) fifo: Option<Fifo>,
    /// Where messages go that nobody could work on.
    pub(crate) redrive: Option<Redrive>,
    /// Whose messages of this kind are taken.
    pub(crate) redrive_allow: RedriveAllow,
}

/// What a FIFO queue has in addition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fifo {
    /// Whether a message without a deduplication id gets the hash of its body.
    pub(crate) content_based_deduplication: bool,
    /// Whether deduplication ids are of one message group, not of the queue.
    pub(crate) deduplicates_by_group: bool,
    /// Whether the limit of throughput is that of a group. Only told: nothing limits it here.
    pub(crate) throughput_by_group: bool,
}

/// A `RedrivePolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redrive {
    /// Its line in the template.
    pub(crate) line: usize,
    /// Name of the dead-letter queue.
    pub(crate) queue: String,
    /// How often a message is received before it goes there.
    pub(crate) max_receive_count: u32,
}

/// A `RedriveAllowPolicy`: whose dead-letter queue a queue may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum RedriveAllow {
    #[default]
    All,
    None,
    /// Names of queues.
    Queues(Vec<String>),
}

/// The name of the queue with this logical id, if the template gives none.
pub(super) fn default_name(scope: &Scope, id: &str, resource: &Node) -> Result<String, Problem> {
    let fifo = resource.get("Properties").and_then(|properties| properties.get("FifoQueue"));
    let fifo = fifo.map(|node| scope.resolve(node)).transpose()?.flatten();
    let is_fifo = fifo.map_or(Ok(false), |node| node.boolean("FifoQueue"))?;
    Ok(if is_fifo { format!("{id}{FIFO_SUFFIX}") } else { id.to_owned() })
}

/// Reads the properties, whose functions are resolved, of the queue with this logical id and this name.
pub(super) fn read(id: &str, name: &str, properties: &Node) -> Result<Queue, Problem> {
    known(
        properties,
        id,
        &[
            "ContentBasedDeduplication",
            "DeduplicationScope",
            "DelaySeconds",
            "FifoQueue",
            "FifoThroughputLimit",
            "KmsMasterKeyId",
            "MessageRetentionPeriod",
            "QueueName",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy",
            "RedrivePolicy",
            "SqsManagedSseEnabled",
            "VisibilityTimeout",
        ],
        &["KmsDataKeyReusePeriodSeconds", "Tags"],
    )?;
    let seconds = |key: &str, range, default| number(properties, key, range, default);
    if let Some(node) = properties.get("DelaySeconds")
        && node.number("DelaySeconds")? != 0
    {
        return Err(node.problem(format!("{id}: only a DelaySeconds of 0 is supported here")));
    }
    let fifo = fifo(id, properties)?;
    is_name(name, fifo.is_some())
        .map_err(|message| properties.get("QueueName").unwrap_or(properties).problem(message))?;
    let managed_sse = match properties.get("SqsManagedSseEnabled") {
        Some(node) => node.boolean("SqsManagedSseEnabled")?,
        None => properties.get("KmsMasterKeyId").is_none(),
    };
    Ok(Queue {
        name: name.to_owned(),
        visibility_timeout: seconds("VisibilityTimeout", 0..=43_200, 30)?,
        retention: seconds("MessageRetentionPeriod", 60..=1_209_600, 345_600)?,
        wait_time: seconds("ReceiveMessageWaitTimeSeconds", 0..=20, 0)?,
        managed_sse,
        fifo,
        redrive: properties.get("RedrivePolicy").map(redrive).transpose()?,
        redrive_allow: match properties.get("RedriveAllowPolicy") {
            Some(node) => redrive_allow(node)?,
            None => RedriveAllow::All,
        },
    })
}

fn number(node: &Node, key: &str, range: RangeInclusive<u64>, default: u64) -> Result<Duration, Problem> {
    let Some(node) = node.get(key) else { return Ok(Duration::from_secs(default)) };
    let number = node.number(key)?;
    if range.contains(&number) {
        Ok(Duration::from_secs(number))
    } else {
        Err(node.problem(format!("{key} must be from {} to {}", range.start(), range.end())))
    }
}

/// What the queue has as a FIFO queue, should it be one.
fn fifo(id: &str, properties: &Node) -> Result<Option<Fifo>, Problem> {
    const OF_FIFO: [&str; 3] = ["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];
    let boolean = |key: &str| properties.get(key).map_or(Ok(false), |node| node.boolean(key));
    if !boolean("FifoQueue")? {
        return match OF_FIFO.iter().find_map(|key| Some((key, properties.get(key)?))) {
            Some((key, node)) => Err(node.problem(format!("{id}: {key} is for FIFO queues"))),
            None => Ok(None),
        };
    }
    let is_second = |key: &str, [first, second]: [&str; 2]| {
        let Some(node) = properties.get(key) else { return Ok(false) };
        match node.text(key)? {
            text if text == first => Ok(false),
            text if text == second => Ok(true),
            text => Err(node.problem(format!("{key} must be {first} or {second}, not {text}"))),
        }
    };
    let fifo = Fifo {
        content_based_deduplication: boolean("ContentBasedDeduplication")?,
        deduplicates_by_group: is_second("DeduplicationScope", ["queue", "messageGroup"])?,
        throughput_by_group: is_second("FifoThroughputLimit", ["perQueue", "perMessageGroupId"])?,
    };
    if fifo.throughput_by_group && !fifo.deduplicates_by_group {
        let node = properties.get("FifoThroughputLimit").unwrap_or(properties);
        return Err(
            node.problem(format!("{id}: perMessageGroupId needs the DeduplicationScope messageGroup"))
        );
    }
    Ok(Some(fifo))
}

/// Whether SQS takes a name; what is wrong with it, if not.
fn is_name(name: &str, is_fifo: bool) -> Result<(), String> {
    let plain = name.strip_suffix(FIFO_SUFFIX);
    if plain.is_some() != is_fifo {
        let which = if is_fifo { "must" } else { "must not" };
        return Err(format!("the name {name} {which} end with {FIFO_SUFFIX}"));
    }
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let plain = plain.unwrap_or(name);
    if plain.is_empty() || name.len() > LONGEST_NAME || !plain.chars().all(is_plain) {
        return Err(format!("{name} is no name of a queue"));
    }
    Ok(())
}

fn redrive(node: &Node) -> Result<Redrive, Problem> {
    const WHAT: &str = "RedrivePolicy";
    known(node, WHAT, &["deadLetterTargetArn", "maxReceiveCount"], &[])?;
    let target = required(node, "deadLetterTargetArn", WHAT)?;
    let count = required(node, "maxReceiveCount", WHAT)?;
    let max_receive_count = match u32::try_from(count.number("maxReceiveCount")?) {
        Ok(number @ 1..=1_000) => number,
        _ => return Err(count.problem("maxReceiveCount must be from 1 to 1000")),
    };
    let queue = name_in_arn(target, "deadLetterTargetArn")?;
    Ok(Redrive { line: target.line, queue, max_receive_count })
}

fn redrive_allow(node: &Node) -> Result<RedriveAllow, Problem> {
    const WHAT: &str = "RedriveAllowPolicy";
    known(node, WHAT, &["redrivePermission", "sourceQueueArns"], &[])?;
    let permission = required(node, "redrivePermission", WHAT)?;
    match permission.text("redrivePermission")?.as_str() {
        "allowAll" => Ok(RedriveAllow::All),
        "denyAll" => Ok(RedriveAllow::None),
        "byQueue" => {
            let sources = required(node, "sourceQueueArns", WHAT)?.items("sourceQueueArns")?;
            let names = sources.iter().map(|source| name_in_arn(source, "sourceQueueArns"));
            Ok(RedriveAllow::Queues(names.collect::<Result<_, _>>()?))
        }
        other => Err(permission.problem(format!("redrivePermission must not be {other}"))),
    }
}

/// The name in the ARN of a queue of this account. That there is such a queue is seen later.
pub(super) fn name_in_arn(node: &Node, what: &str) -> Result<String, Problem> {
    let arn = node.text(what)?;
    arn.strip_prefix(&ids::queue_arn(""))
        .map(str::to_owned)
        .ok_or_else(|| node.problem(format!("{what}: {arn} is no queue of this template")))
}

/// Holds the queues of a whole template against each other.
pub(super) fn check(queues: &[Queue]) -> Result<(), Problem> {
    for queue in queues {
        let Some(Redrive { line, queue: name, .. }) = &queue.redrive else { continue };
        let refuse = |message: String| Err(Problem::new(*line, message));
        let Some(target) = queues.iter().find(|other| other.name == *name) else {
            return refuse(format!("deadLetterTargetArn: {name} is no queue of this template"));
        };
        if target.fifo.is_some() != queue.fifo.is_some() {
            return refuse(format!("{name} must be a FIFO queue if and only if {} is one", queue.name));
        }
        let is_allowed = match &target.redrive_allow {
            RedriveAllow::All => true,
            RedriveAllow::None => false,
            RedriveAllow::Queues(names) => names.contains(&queue.name),
        };
        if !is_allowed {
            return refuse(format!("the RedriveAllowPolicy of {name} does not take from {}", queue.name));
        }
    }
    Ok(())
}
