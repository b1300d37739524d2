//! The example for developers of platforms, and what it can sign and verify with another implementation of RSA and
//! JSON than the server's.

use std::process::Stdio;

use tests::{Stack, in_time, workspace};
use tokio::process::Command;

/// Runs a script, which must succeed, and gives the last line that it printed.
async fn last_line_of(script: &str, algorithm: &str) -> String {
    let stack = Stack::shared().await;
    let ready = stack.ready();
    let run = Command::new("python3")
        .current_dir(workspace())
        // Leaves no compiled modules behind.
        .args(["-B", script])
        .args(["--api", &ready.http, "--backend-key", &ready.backend_key, "--algorithm", algorithm])
        .env("PYTHONPATH", "infra/examples")
        .env("no_proxy", "*")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = in_time(script, run).await.expect("python3");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} with {algorithm}: {}\n{stdout}\n{stderr}", output.status);
    stdout.lines().last().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn it_runs_with_rs256() {
    let last = last_line_of("infra/examples/signed_messaging.py", "RS256").await;
    assert_eq!(last, "Everything was as expected, signed with RS256.");
}

#[tokio::test]
async fn it_runs_with_ps256() {
    let last = last_line_of("infra/examples/signed_messaging.py", "PS256").await;
    assert_eq!(last, "Everything was as expected, signed with PS256.");
}

#[tokio::test]
async fn another_implementation_agrees_on_rs256() {
    let last = last_line_of("tests/second_implementation.py", "RS256").await;
    assert_eq!(last, "Both implementations agree on RS256.");
}

#[tokio::test]
async fn another_implementation_agrees_on_ps256() {
    let last = last_line_of("tests/second_implementation.py", "PS256").await;
    assert_eq!(last, "Both implementations agree on PS256.");
}
