//! Processes that a test started, and those that they started.

use std::net::{IpAddr, SocketAddr};
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

    /// Waits until it has ended by itself.
    pub async fn ended(mut self) -> ExitStatus {
        in_time("the end", self.child.wait()).await.expect("a process to wait for")
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

/// A process that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its executable's name, of which the system keeps 15 bytes.
    pub name: String,
}

/// The process on this machine that holds the end with this address of a connection over IPv4 whose other end has that
/// one, if there is such a connection (any more).
pub fn owner_of(address: SocketAddr, other_end: SocketAddr) -> Option<Process> {
    let wanted = format!("socket:[{}]", inode_of(address, other_end)?);
    let entries = std::fs::read_dir("/proc").expect("the list of processes");
    let mut pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pid: u32 = pids.find(|pid: &u32| {
        // Processes end while we look, and some are others'.
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files
            .into_iter()
            .any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == &*wanted))
    })?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned();
    Some(Process { pid, name })
}

/// The number of the socket at the end with this address. Other connections may have the same one at an end.
fn inode_of(address: SocketAddr, other_end: SocketAddr) -> Option<u64> {
    let (local, remote) = (as_listed(address)?, as_listed(other_end)?);
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the list of sockets");
    let inode = sockets.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_it = fields.get(1) == Some(&local.as_str()) && fields.get(2) == Some(&remote.as_str());
        if is_it { fields.get(9)?.parse().ok() } else { None }
    });
    inode.filter(|inode| *inode != 0)
}

/// An address as the list of sockets has it: as the number that its bytes are in this machine's order.
fn as_listed(address: SocketAddr) -> Option<String> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port()))
}

/// Makes sure that a process that has called a store is a function's. Those of the test itself, and of `local`, are not to
/// be killed.
pub(crate) fn is_function(process: &Process) {
    let is_function = process.pid != std::process::id() && process.name != "local";
    assert!(is_function, "{process:?} runs no function: it is not to be killed");
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
