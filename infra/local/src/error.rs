//! What can keep the stack from starting. Each becomes one line on stderr and exit code 1.

use std::path::PathBuf;

use crate::template::TemplateError;

/// Why the stack does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A port that the command line asks for cannot be had.
    #[error("port {port} on 127.0.0.1 cannot be used: {source}")]
    Port {
        /// The port asked for.
        port: u16,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// No template was named and none lies in this folder or above it.
    #[error("no template.yaml in {0} or in a folder above it; name one with --template")]
    NoTemplate(PathBuf),
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A function does not build, or its executable is missing.
    #[error("{0}")]
    Build(String),
    /// A function was built but does not start.
    #[error("function {binary} does not start: {reason}")]
    Function {
        /// Binary name of the function.
        binary: String,
        /// What happened instead.
        reason: String,
    },
    /// The store cannot be opened, or a table cannot be created in it.
    #[error("{0}")]
    Store(String),
    /// The Lambda that `--lambda` names does not answer.
    #[error("nothing answers at {0} (--lambda)")]
    Lambda(String),
    /// The environment that functions would get contradicts itself.
    #[error("{0}")]
    Environment(String),
    /// The operating system refuses something that always works.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the operating system says.
        source: std::io::Error,
    },
}
