//! The machine that was measured on.

use std::fs::read_to_string;
use std::process::Command;

/// Processor, memory, system, compiler and state of the code, a line each.
pub(crate) fn describe() -> Vec<String> {
    let cpus = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok());
    let gibibytes: u64 = memory.unwrap_or(0) / 1024 / 1024;
    let system = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    vec![
        format!("{}, {cores} cores, {gibibytes} GiB", model.trim_start_matches([' ', '\t', ':'])),
        format!("Linux {}, {}", system.trim(), said_by("rustc", &["--version"])),
        format!(
            "commit {}, {}",
            said_by("git", &["describe", "--always", "--dirty"]),
            said_by("date", &["+%Y-%m-%d"])
        ),
    ]
}

/// What a command says in one line.
fn said_by(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).current_dir(tests::workspace()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
