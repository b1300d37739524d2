//! Processes that a test started, and those that they started.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tokio::process::Child;

use crate::in_time;

/// How long a process may take to end by itself when a test is over.
const GRACE: Duration = Duration::from_secs(10);

/// A process that ends with its owner.
#[derive(Debug)]
pub struct Owned {
    child: Child,
    pid: u32,
}

impl Owned {
    /// Takes a process that was just started.
    pub fn new(child: Child) -> Self {
        let pid = child.id().expect("a process that nobody has waited for");
        Self { child, pid }
    }

    /// Its id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Asks it to end, and waits until it has.
    pub async fn terminate(mut self) -> ExitStatus {
        signal(self.pid, Signal::TERM);
        in_time("the end after SIGTERM", self.child.wait()).await.expect("a process to wait for")
    }

    /// Ends it on the spot.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a process to kill");
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        signal(self.pid, Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(self.pid, Signal::KILL);
    }
}

/// Ends a process that a test started indirectly, on the spot. It may have ended already.
pub(crate) fn kill_now(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Lets this process, and those that it starts from now on, have that many files and sockets open.
pub fn allow_open_files(count: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < count) {
        let wanted = Rlimit { current: Some(count), maximum };
        setrlimit(Resource::Nofile, wanted).expect("a limit that may be raised: see `ulimit -Hn`");
    }
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    // The only way to fail is that the process has ended meanwhile, which is what was asked for.
    kill_process(pid, signal).ok();
}

/// The processes that a process started, and that these started, as `(pid, name)`.
pub fn descendants(pid: u32) -> Vec<(u32, String)> {
    let all = processes();
    let mut found: Vec<(u32, String)> = Vec::new();
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        for (child, _, name) in all.iter().filter(|(_, of, _)| *of == parent) {
            parents.push(*child);
            found.push((*child, name.clone()));
        }
    }
    found
}

/// Every running process, as `(pid, parent, name)`. One that has ended and was not waited for does not run.
fn processes() -> Vec<(u32, u32, String)> {
    let entries = std::fs::read_dir("/proc").expect("the list of processes");
    entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // pid (name) state parent …; the name may hold anything, a parenthesis too.
            let (head, tail) = stat.rsplit_once(") ")?;
            let (_, name) = head.split_once('(')?;
            let mut fields = tail.split(' ');
            let state = fields.next()?;
            let parent = fields.next()?.parse().ok()?;
            (state != "Z").then(|| (pid, parent, name.to_owned()))
        })
        .collect()
}
