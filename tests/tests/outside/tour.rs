//! The README's tour, line by line, as a stranger would paste it.

use std::process::Stdio;

use tests::{Owned, Stack, in_time, tour, unique, workspace};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

/// A shell that people paste into.
struct Shell {
    process: Owned,
    input: tokio::process::ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    mark: String,
}

impl Shell {
    fn start() -> Self {
        let mut child = Command::new("bash")
            .arg("--norc")
            .current_dir(workspace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("bash");
        let input = child.stdin.take().expect("its stdin");
        let output = BufReader::new(child.stdout.take().expect("its stdout")).lines();
        Self { process: Owned::new(child), input, output, mark: unique("done") }
    }

    /// Runs a command, and gives the lines that it printed. What runs in the background may print meanwhile.
    async fn run(&mut self, command: &str) -> Vec<String> {
        let paste = format!("{command}\necho; echo {}\n", self.mark);
        self.input.write_all(paste.as_bytes()).await.expect("a shell that reads");
        let mut lines = Vec::new();
        loop {
            let line = in_time(command, self.output.next_line()).await.expect("its output");
            match line.expect("a shell that goes on") {
                line if line == self.mark => break,
                line => lines.push(line),
            }
        }
        // The empty line ends what a command left unended, as curl does; else it is one of its own.
        if lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

#[tokio::test]
async fn every_command_prints_what_the_readme_says() {
    let readme = std::fs::read_to_string(workspace().join("README.md")).expect("the README");
    let steps = tour::steps(&readme);
    assert!(!steps.is_empty(), "the README has no section ## Tour with ```sh blocks");
    let _stack = Stack::start_on_default_ports().await;
    let mut shell = Shell::start();
    for step in steps {
        let printed = shell.run(&step.command).await;
        assert!(
            step.expected.is_empty() || tour::matches(&step.expected, &printed),
            "README.md:{}: {}\nis to print\n{}\nbut printed\n{}",
            step.line,
            step.command,
            step.expected.join("\n"),
            printed.join("\n"),
        );
    }
    drop(shell.input);
    drop(shell.process);
}
