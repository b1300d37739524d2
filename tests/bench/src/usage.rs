//! What processes use, as Linux tells.

use std::fs::read_to_string;
use std::time::Duration;

use tests::{Stack, descendants};

/// How long a tick of `/proc/*/stat` is: a hundredth of a second on every Linux that Rust runs on.
const TICK: Duration = Duration::from_millis(10);

/// The computing time of a process and of those that it has started, with those of them that have ended.
pub(crate) fn cpu_of_tree(root: u32) -> Duration {
    let tree = descendants(root).into_iter().map(|(pid, _)| pid).chain([root]);
    tree.map(cpu).sum()
}

fn cpu(pid: u32) -> Duration {
    // It may have ended since it was listed: then its parent's entry has it.
    let Ok(stat) = read_to_string(format!("/proc/{pid}/stat")) else { return Duration::ZERO };
    let (_, fields) = stat.rsplit_once(") ").expect("the name of a process in parentheses");
    // utime, stime, cutime, cstime are the fields 14 to 17 of all, and the name is the second.
    let ticks =
        fields.split(' ').skip(11).take(4).map(|field| field.parse::<u32>().expect("a number of ticks"));
    TICK * ticks.sum::<u32>()
}

/// The memory of a process in bytes, with its share of what it shares (PSS).
pub(crate) fn memory(pid: u32) -> u64 {
    let rollup = read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("a process of our own");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).expect("the line Pss");
    let kilobytes = line.trim().strip_suffix(" kB").and_then(|number| number.trim().parse::<u64>().ok());
    kilobytes.expect("a number of kB") * 1024
}

/// The memory of a process and of those that it has started, in bytes (PSS).
pub(crate) fn memory_of_tree(root: u32) -> u64 {
    descendants(root).into_iter().map(|(pid, _)| pid).chain([root]).map(memory).sum()
}

/// The computing time that a stack takes for something, and what that gives.
pub(crate) async fn cpu_of<T>(stack: &Stack, work: impl Future<Output = T>) -> (Duration, T) {
    let before = cpu_of_tree(stack.pid());
    let outcome = work.await;
    (cpu_of_tree(stack.pid()) - before, outcome)
}
