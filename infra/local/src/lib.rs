//! API Gateway (HTTP and WebSocket), Lambda, EventBridge Scheduler, SQS, DynamoDB and SES for one machine,
//! driven by `template.yaml`.
//!
//! The functions run as the very executables that Lambda gets, over the Lambda Runtime API; clients see the
//! routes, events and limits of API Gateway. Nothing leaves the machine.

mod builder;
mod cli;
mod client;
mod clock;
mod console;
mod documents;
mod environment;
mod error;
mod events;
pub mod http_api;
mod ids;
mod lambda;
mod outbox;
pub mod percent;
pub mod permissions;
mod schedule;
mod server;
mod shutdown;
mod sqs;
mod stack;
mod store;
mod sync;
pub mod template;
mod websocket_api;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use cli::Cli;
use error::StartError;
use stack::Stack;

/// What the executable does: runs the stack as the command line says, until a signal ends it.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("local", LevelFilter::INFO)
        .with_target("dynoxide", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).without_time();
    lines.finish().with(filter).init();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), StartError> {
    if cli.print_env {
        print!("{}", stack::print_env(cli)?);
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| StartError::System { what: "the runtime", source })?;
    runtime.block_on(serve(cli))
}

/// Runs the stack until a signal ends it.
async fn serve(cli: &Cli) -> Result<(), StartError> {
    let mut signals = Signals::listen()?;
    let stack = tokio::select! {
        stack = Stack::start(cli) => stack?,
        () = signals.next() => return Ok(()),
    };
    println!("{}", stack.ready());
    // Whoever reads the line may have gone; the stack stays.
    let _ = std::io::stdout().flush();
    signals.next().await;
    tracing::info!("ending…");
    tokio::select! {
        () = stack.stop() => {}
        // Twice means now. Processes die with the runtime.
        () = signals.next() => {}
    }
    Ok(())
}

/// SIGINT and SIGTERM.
#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, StartError> {
        let listen = |kind| signal(kind).map_err(|source| StartError::System { what: "signals", source });
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
