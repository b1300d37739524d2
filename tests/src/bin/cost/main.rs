//! What each operation costs in storage calls and capacity units, measured through real functions, and what a month costs
//! with these: `cargo run --release -p tests --bin cost`. With `--write` the tables of `infra/README.md` are written anew.
//!
//! A proxy between the functions and an embedded store asks for the consumed capacity of every call and writes it
//! down. *Depth* is how many calls wait for one another: the longest chain of which each begins after the one before
//! it has ended. Calls on the connections table, which find whom to push to, are counted apart.
//!
//! Ends with 1 when an operation costs more than its bar, or when `infra/README.md` has other figures.

mod document;
mod model;
mod operations;
mod table;

use std::process::ExitCode;
use std::sync::Arc;

use tests::meter::Meter;
use tests::{Stack, store_proxy};

#[tokio::main]
async fn main() -> ExitCode {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    let meter = Arc::new(Meter::default());
    let store = store_proxy::start(meter.clone()).await;
    let stack = Stack::start(&["--dynamodb", &store]).await;
    let measured = operations::measure(&stack, &meter).await;
    print!("{}", table::render(&measured, asked("--verbose")));
    let tables = model::tables(&measured);
    if asked("--write") {
        document::write(&tables);
    }
    let outdated = document::outdated(&tables);
    for (name, table) in tables.iter().filter(|(name, _)| outdated.contains(name)) {
        println!("infra/README.md has other figures than these ({name}); `--write` writes them\n{table}");
    }
    let over = table::over_their_bar(&measured);
    over.iter().for_each(|line| println!("{line}"));
    if over.is_empty() && outdated.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
