//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use http::Uri;

use crate::template::Given;

/// Runs the whole template on this machine: HTTP API, WebSocket API, functions, tables, mails.
///
/// One JSON line on stdout says that everything answers. All else goes to stderr.
#[derive(Debug, Clone, Parser)]
#[command(name = "local")]
pub(crate) struct Cli {
    /// HTTP API on this port, WebSocket API on the next, console on the one after; 0 takes free ones.
    #[arg(long, value_name = "N", default_value_t = 3000, value_parser = clap::value_parser!(u16).range(0..=65533))]
    pub(crate) port: u16,

    /// Keep the tables in this folder. Without it they live in memory.
    #[arg(long, value_name = "DIR", conflicts_with = "dynamodb")]
    pub(crate) data: Option<PathBuf>,

    /// A key that the operator's backend may show; its hash goes into the template's `BackendKeyHashes`.
    #[arg(long, value_name = "KEY", default_value = "local-backend-key")]
    pub(crate) backend_key: String,

    /// Value of one of the template's parameters. Can be given again for each.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) parameter: Vec<(String, String)>,

    /// Hold the limits on abuse, as a deployment does: attempts to log in and to register, messages, sockets.
    #[arg(long)]
    pub(crate) limits: bool,

    /// Invoke the functions of this `cargo lambda watch` instead of running them.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    pub(crate) lambda: Option<String>,

    /// Use this DynamoDB instead of the embedded store. Missing tables are created in it.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    pub(crate) dynamodb: Option<String>,

    /// Send calls of models to this Amazon Bedrock runtime. Without it they are refused.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    pub(crate) bedrock: Option<String>,

    /// Run the executables that are already in the target folder.
    #[arg(long)]
    pub(crate) skip_build: bool,

    /// Cargo profile to build the functions with.
    #[arg(long, value_name = "NAME", default_value = "release")]
    pub(crate) profile: String,

    /// The template. Without it: `template.yaml` in this folder or the nearest one above. Functions whose
    /// `CodeUri` has a `bootstrap` run that, as in `.aws-sam/build/template.yaml`.
    #[arg(long, value_name = "PATH")]
    pub(crate) template: Option<PathBuf>,

    /// Hold the AWS calls of each function against its `Policies`, and refuse what they do not allow.
    ///
    /// The console tells at /permissions what was refused, and what no call has used so far.
    #[arg(long, conflicts_with_all = ["lambda", "print_env"])]
    pub(crate) check_permissions: bool,

    /// Print the environment that functions get as dotenv lines, and end.
    #[arg(long)]
    pub(crate) print_env: bool,

    /// Close a socket that was silent for this long.
    #[arg(long, value_name = "MS", default_value_t = 600_000, hide = true)]
    pub(crate) idle_timeout_ms: u64,

    /// Close a socket that is this old.
    #[arg(long, value_name = "MS", default_value_t = 7_200_000, hide = true)]
    pub(crate) connection_lifetime_ms: u64,

    /// Hide what was received from a queue for this long, whatever the template says.
    #[arg(long, value_name = "MS", hide = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) visibility_timeout_ms: Option<u64>,
}

impl Cli {
    /// The values that parameters of the template get from here, on a stack whose console has this origin.
    pub(crate) fn given<'a>(&'a self, console: &'a str) -> Given<'a> {
        Given {
            backend_key: &self.backend_key,
            console,
            limits: self.limits,
            named: self.parameter.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            reads_policies: self.check_permissions,
        }
    }

    /// How long a socket may be silent.
    pub(crate) fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    /// How old a socket may get.
    pub(crate) fn connection_lifetime(&self) -> Duration {
        Duration::from_millis(self.connection_lifetime_ms)
    }

    /// The visibility timeout of every queue, instead of its own.
    pub(crate) fn visibility_timeout(&self) -> Option<Duration> {
        self.visibility_timeout_ms.map(Duration::from_millis)
    }
}

/// Takes `http://host[:port]`, without the slash that people add at its end.
fn base_url(value: &str) -> Result<String, String> {
    let trimmed = value.trim_end_matches('/');
    let uri: Uri = trimmed.parse().map_err(|error| format!("{error}"))?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(_)) => Ok(trimmed.to_owned()),
        _ => Err("expected http://host:port".to_owned()),
    }
}

/// Takes `NAME=VALUE`; the value may be empty and have more of the signs.
fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_a_name_and_a_value() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(parameter("BotModel=a.b-v1:0"), pair("BotModel", "a.b-v1:0"));
        assert_eq!(parameter("BotModel="), pair("BotModel", ""));
        assert_eq!(parameter("A=b=c"), pair("A", "b=c"));
        for wrong in ["BotModel", "=x", ""] {
            assert!(parameter(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn several_parameters_can_be_given_and_the_last_of_a_name_holds() {
        let line = ["local", "--parameter", "A=1", "--parameter=B=2", "--parameter", "A=3"];
        let cli = Cli::try_parse_from(line).expect("a command line");
        assert_eq!(cli.given("").named, [("A", "3"), ("B", "2")].into());
    }

    #[test]
    fn permissions_are_checked_where_the_callers_are_processes_of_ours() {
        let parse = |more: &[&str]| Cli::try_parse_from(["local", "--check-permissions"].iter().chain(more));
        assert!(parse(&[]).is_ok_and(|cli| cli.given("").reads_policies));
        assert!(parse(&["--lambda", "http://127.0.0.1:9000"]).is_err());
        assert!(parse(&["--print-env"]).is_err());
    }

    #[test]
    fn urls_lose_their_last_slash_and_must_be_http() {
        assert_eq!(base_url("http://127.0.0.1:9000/").as_deref(), Ok("http://127.0.0.1:9000"));
        assert!(base_url("127.0.0.1:9000").is_err());
        assert!(base_url("https://example.com").is_err());
    }

    #[test]
    fn queues_keep_their_visibility_timeout_unless_another_is_given() {
        let timeout = |line: &[&str]| Cli::try_parse_from(line).map(|cli| cli.visibility_timeout());
        assert_eq!(timeout(&["local"]).expect("nothing"), None);
        let given = timeout(&["local", "--visibility-timeout-ms", "500"]).expect("a number");
        assert_eq!(given, Some(Duration::from_millis(500)));
        assert!(timeout(&["local", "--visibility-timeout-ms", "0"]).is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
