//! Reading `template.yaml`: the whole deployment in the words of this crate. What cannot be read is an error
//! that names the line, never a guess.

mod cors;
mod event_source;
pub(crate) mod intrinsics;
mod parameters;
mod policies;
mod queue;
#[cfg(test)]
mod queue_tests;
mod resources;
mod schedule;
mod skipped;
mod table;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::StartError;

pub(crate) use cors::Cors;
pub(crate) use event_source::EventSource;
pub(crate) use policies::{Condition, Statement};
pub(crate) use queue::{Fifo, Queue};
#[cfg(test)]
pub(crate) use queue::{Redrive, RedriveAllow};
pub use resources::unreadable_part;
pub(crate) use schedule::Schedule;

/// A template that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file itself cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The template.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Something in it.
    #[error("{}:{}: {}", path.display(), problem.line, problem.message)]
    At {
        /// The template.
        path: PathBuf,
        /// What, and on which line.
        problem: Problem,
    },
}

/// What is wrong on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong on it.
    pub message: String,
}

impl Problem {
    /// Something wrong on a line.
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// Everything that the template deploys and that this crate runs.
#[derive(Debug, Default)]
pub struct Template {
    pub(crate) functions: Vec<Function>,
    /// The HTTP API.
    pub http_api: HttpApi,
    pub(crate) websocket_api: Option<WebSocketApi>,
    pub(crate) tables: Vec<Table>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) event_sources: Vec<EventSource>,
    /// What functions may do, by logical id, if it was asked for ([`Given::reads_policies`]).
    pub(crate) policies: BTreeMap<String, Vec<Statement>>,
}

/// An `AWS::Serverless::Function`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Function {
    pub(crate) logical_id: String,
    /// Name of its package and of its executable.
    pub(crate) binary: String,
    /// Where its code lies, from the folder of the template on.
    pub(crate) code_uri: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u64,
    /// How Lambda wants its logs: `Text` or `JSON`.
    pub(crate) log_format: String,
    /// Most instances at a time, if the template limits them.
    pub(crate) reserved_concurrency: Option<usize>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// The `AWS::Serverless::HttpApi`: its routes, and what pages of other origins may do.
#[derive(Debug, Default)]
pub struct HttpApi {
    pub(crate) id: String,
    /// Its routes.
    pub routes: Vec<HttpRoute>,
    pub(crate) cors: Option<Cors>,
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRoute {
    /// Method and path; neither for the `$default` route.
    pub key: Option<RouteKey>,
    /// Logical id of the function.
    pub function: String,
}

/// What a route of the HTTP API matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteKey {
    /// The method, nothing for `ANY`.
    pub method: Option<http::Method>,
    /// The path, with parameters in braces.
    pub path: String,
}

/// The `AWS::Serverless::WebSocketApi`.
#[derive(Clone, Debug)]
pub(crate) struct WebSocketApi {
    pub(crate) id: String,
    pub(crate) stage: String,
    /// The fields that lead to the route key in a JSON body.
    pub(crate) selection: Vec<String>,
    /// Logical id of the function, by route key.
    pub(crate) routes: BTreeMap<String, String>,
}

/// An `AWS::DynamoDB::Table`.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// The `CreateTable` request.
    pub(crate) create: serde_json::Value,
    /// Attribute that rows expire by.
    pub(crate) time_to_live: Option<String>,
}

/// The parameter that takes the hashes of backend keys.
pub(crate) const BACKEND_KEY_HASHES: &str = "BackendKeyHashes";
/// The parameter that takes the origins whose pages may use cookies, with commas between them.
pub(crate) const ALLOWED_ORIGINS: &str = "AllowedOrigins";
/// The parameter that says whether there are limits on abuse.
pub(crate) const ABUSE_LIMITS: &str = "AbuseLimits";

/// Values for parameters of the template that do not come from their defaults.
#[derive(Clone, Debug, Default)]
pub struct Given<'a> {
    /// A key whose hash goes into [`BACKEND_KEY_HASHES`], should the template have it.
    pub backend_key: &'a str,
    /// The console's origin, which is added to [`ALLOWED_ORIGINS`], should the template have it: the console is
    /// a page of this stack, too.
    pub console: &'a str,
    /// What [`ABUSE_LIMITS`] is instead of its default, should the template have it.
    pub limits: bool,
    /// Values by name, each of a parameter that the template has.
    pub named: BTreeMap<&'a str, &'a str>,
    /// Whether functions' `Policies` are read and not read past.
    pub reads_policies: bool,
}

impl Template {
    /// Reads a template.
    pub fn read(path: &Path, given: &Given<'_>) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TemplateError::File { path: path.to_owned(), source })?;
        Self::parse(&text, given).map_err(|problem| TemplateError::At { path: path.to_owned(), problem })
    }

    /// Reads a template that is given as its text.
    pub fn parse(text: &str, given: &Given<'_>) -> Result<Self, Problem> {
        resources::read(&yaml::parse(text)?, given)
    }
}

/// The template to use: the one that was named, or the nearest in this folder and those above.
pub(crate) fn find(named: Option<&Path>) -> Result<PathBuf, StartError> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let current = std::env::current_dir()
        .map_err(|source| StartError::System { what: "the current folder", source })?;
    current
        .ancestors()
        .map(|folder| folder.join("template.yaml"))
        .find(|path| path.is_file())
        .ok_or(StartError::NoTemplate(current))
}
