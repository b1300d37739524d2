//! A chat in the terminal, over the same API that every other client has:
//!
//!     cargo run --release -p local --example chat -- --name Ann
//!
//! It knows a local stack by itself, and makes Ann a user there when she comes for the first time.

mod api;
mod chat;
mod frames;
mod link;
mod network;
mod people;
mod screen;
mod timeline;

use std::process::ExitCode;

use clap::Parser;

use api::{Api, Identity};
use chat::Chat;
use network::{Failure, Network};
use screen::Screen;

/// Talks to people in the terminal, through a local stack or a deployment.
#[derive(Debug, Parser)]
#[command(name = "chat")]
struct Cli {
    /// Your name. Without a password it is one at a local stack, which gets to know it on first use.
    #[arg(long, required_unless_present = "email")]
    name: Option<String>,

    /// Your e-mail address, instead of a name.
    #[arg(long, requires = "password", conflicts_with = "name")]
    email: Option<String>,

    /// Your password.
    #[arg(long)]
    password: Option<String>,

    /// The HTTP API.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    api: String,

    /// The WebSocket API, its stage included.
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:3001/live")]
    websocket: String,

    /// A local stack's console, where the mail is that confirms a new name.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3002")]
    console: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(failure) => {
            for line in failure.to_string().lines() {
                eprintln!("{}", screen::harmless(line));
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let network = Network::new(&[&cli.api, &cli.websocket])?;
    let identity = match (cli.name, cli.email, cli.password) {
        (_, Some(email), Some(password)) => Identity::Address { email, password },
        (Some(name), _, Some(password)) => Identity::Name { name, password },
        (Some(name), _, None) => Identity::Local { name, console: cli.console },
        // The command line asks for one of them.
        (None, ..) => return Err(Failure::Unable("Say who you are: --name NAME".to_owned())),
    };
    let mut api = Api::new(network.clone(), &cli.api);
    match api.enter(&identity).await {
        Err(failure @ Failure::Unreachable { .. }) if matches!(identity, Identity::Local { .. }) => {
            return Err(Failure::Unable(format!("{failure}\nIs it running? cargo run --release -p local")));
        }
        entered => entered?,
    }
    let link = link::open(network, cli.websocket, api.token().to_owned());
    Chat::begin(api, link, Screen::new()).await?.run().await
}
