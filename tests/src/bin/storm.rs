//! Lets many people write to one chat while the store fails in every way and processes are killed, and looks whether all
//! is right then: `cargo run --release -p tests --bin storm`. The functions must be built.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser;
use futures::FutureExt as _;
use tests::store_proxy::Upstream;
use tests::storm::Storm;

/// Lets many people write to one room while its store fails and processes are killed.
///
/// Of the store's calls 10 % are throttled, 5 % fail before and 5 % after they are carried out, and of 5 % the connection
/// ends without an answer; others are late, in conflict, stale, or left unprocessed in part. Ends with 1 where anything is
/// not as it should be.
#[derive(Debug, Clone, Parser)]
#[command(name = "storm")]
struct Cli {
    /// How many people write.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    senders: u64,

    /// How many messages each of them writes.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    messages: u64,

    /// How many processes of functions are killed at least.
    #[arg(long, value_name = "N", default_value_t = 200)]
    kills: u64,

    /// What settles all that is random.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Use this DynamoDB instead of the embedded store. It must be empty.
    #[arg(long, value_name = "URL")]
    dynamodb: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { senders, messages, kills, seed, dynamodb } = Cli::parse();
    let storm = Storm { senders: senders as usize, messages: messages as usize, kills, seed };
    let upstream = match dynamodb {
        Some(url) => Upstream::at(&url),
        None => Upstream::embedded().await,
    };
    match AssertUnwindSafe(storm.run(upstream)).catch_unwind().await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        // What was wrong is told already, as of any panic.
        Err(_) => ExitCode::FAILURE,
    }
}
