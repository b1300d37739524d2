//! How fast and how cheap the system is: `cargo run --release -p bench` builds it, measures it for ten minutes,
//! and writes `tests/bench/results/`: a page of tables, and its plots. With `--quick` everything is small and nothing is
//! written. Otherwise it ends with 1 when a bar does not hold.

mod chapters;
mod function;
mod machine;
mod plot;
mod report;
mod samples;
mod usage;

use std::path::Path;
use std::process::{Command, ExitCode};

use clap::Parser;
use tests::{Stack, allow_open_files, documents, workspace};

use chapters::Chapter;

/// The profile of what is deployed.
const PROFILE: &str = "deployed";

/// Measures cold starts, sizes, memory, costs, latencies and how all of them grow.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only these chapters, on the terminal alone; all of them are written down.
    #[arg(value_enum)]
    chapters: Vec<Chapter>,
    /// Small numbers, to see that all of it works; nothing is written down.
    #[arg(long)]
    quick: bool,
    /// Measure the functions of this template, as `sam build` writes one, and build nothing.
    #[arg(long, value_name = "FILE")]
    template: Option<String>,
}

/// How much is measured, and of what.
#[derive(Clone, Debug)]
struct Setup {
    is_quick: bool,
    /// What tells the local stack which functions to run.
    functions: [String; 2],
}

impl Setup {
    /// One number for a look, another for figures.
    fn pick<T>(&self, quick: T, full: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// A stack of the functions that are measured, with these arguments in addition.
    async fn start(&self, arguments: &[&str]) -> Stack {
        let functions = self.functions.iter().map(String::as_str);
        Stack::start(&functions.chain(arguments.iter().copied()).collect::<Vec<_>>()).await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { chapters, quick, template } = Arguments::parse();
    let command = match &template {
        Some(template) => format!("cargo run --release -p bench -- --template {template}"),
        None => "cargo run --release -p bench".to_owned(),
    };
    let functions = match template {
        Some(template) => ["--template".to_owned(), template],
        None => {
            build(&["--profile", PROFILE]);
            build(&["--release", "-p", "local"]);
            ["--profile", PROFILE].map(str::to_owned)
        }
    };
    let setup = Setup { is_quick: quick, functions };
    // That would take time of what is measured.
    documents::leave_unchecked();
    // Both ends of thousands of sockets.
    allow_open_files(16_384);
    // Before the results, which are part of the checkout, change.
    let machine = machine::describe();
    let is_whole = chapters.is_empty();
    let chosen = if is_whole { Chapter::ALL.to_vec() } else { chapters };
    let mut measured = Vec::new();
    for chapter in chosen {
        eprintln!("Measuring: {chapter}");
        let result = chapter.measure(&setup).await;
        print!("{}", report::chapter(&result));
        measured.push(result);
        if is_whole && !quick {
            // After each, so that what was measured is not lost with what cannot be.
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
            report::write(&folder, &command, &machine, &measured);
            eprintln!("Written to {}", folder.display());
        }
    }
    let bars = measured.iter().flat_map(|chapter| &chapter.bars);
    let broken: Vec<_> = bars.filter(|bar| !quick && !bar.holds()).collect();
    broken.iter().for_each(|bar| eprintln!("a bar does not hold: {bar}"));
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Builds the functions, or what these arguments say.
fn build(arguments: &[&str]) {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace()).args(["build", "--locked"]).args(arguments);
    let built = cargo.status().expect("cargo, which runs this");
    assert!(built.success(), "the build failed");
}
