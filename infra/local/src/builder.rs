//! Building the functions with cargo, and finding executables that were built before, by cargo or by
//! `sam build`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::error::StartError;
use crate::template::Function;

/// Name of the executable in the code of a function, as Lambda wants it.
const BOOTSTRAP: &str = "bootstrap";

/// Executables by name.
pub(crate) type Executables = HashMap<String, PathBuf>;

/// The part of cargo's messages that names an executable.
#[derive(Debug, Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Builds packages with cargo, in the folder of the template.
pub(crate) async fn build(
    folder: &Path,
    profile: &str,
    binaries: &[String],
) -> Result<Executables, StartError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let failed = |error: std::io::Error| StartError::Build(format!("cargo cannot be run: {error}"));
    let mut command = Command::new(cargo);
    command
        .current_dir(folder)
        .args(["build", "--message-format=json-render-diagnostics", "--profile", profile])
        .args(binaries.iter().flat_map(|binary| ["-p", binary]))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let mut executables = Executables::new();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.map_err(failed)? {
            executables.extend(executable(&line));
        }
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        return Err(StartError::Build("the functions do not build; cargo says why above".to_owned()));
    }
    match binaries.iter().find(|binary| !executables.contains_key(*binary)) {
        Some(binary) => Err(StartError::Build(format!("package {binary} has no executable {binary}"))),
        None => Ok(executables),
    }
}

/// The executable that a line of cargo's output names.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let Message { target, executable } = serde_json::from_str(line).ok()?;
    let Target { name, kind } = target?;
    kind.iter().any(|kind| kind == "bin").then_some(())?;
    Some((name, executable?))
}

/// Finds executables that were built before.
pub(crate) fn find(folder: &Path, profile: &str, binaries: &[String]) -> Result<Executables, StartError> {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => folder.join(target),
        None => folder.join("target"),
    };
    let target = target.join(profile_folder(profile));
    binaries
        .iter()
        .map(|binary| {
            let path = target.join(binary).with_extension(std::env::consts::EXE_EXTENSION);
            if path.is_file() {
                Ok((binary.clone(), path))
            } else {
                let path = path.display();
                Err(StartError::Build(format!("{path} is missing; build it, or leave out --skip-build")))
            }
        })
        .collect()
}

/// The executable that a function's `CodeUri` has, as it does in the template that `sam build` writes.
pub(crate) fn bootstrap(folder: &Path, function: &Function) -> Option<PathBuf> {
    let path = folder.join(function.code_uri.as_ref()?).join(BOOTSTRAP);
    path.is_file().then_some(path)
}

/// The folder that cargo puts a profile's artifacts into.
fn profile_folder(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_taken_from_cargos_messages() {
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"chats"},"executable":"/t/chats"}"#;
        assert_eq!(executable(line), Some(("chats".to_owned(), PathBuf::from("/t/chats"))));
        let library =
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"chat"},"executable":null}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable("not JSON"), None);
    }

    #[test]
    fn code_that_sam_built_needs_no_building() {
        let folder = std::env::temp_dir().join(format!("local-{}", uuid::Uuid::new_v4()));
        let code = folder.join("Chats");
        std::fs::create_dir_all(&code).expect("a folder");
        let at = |code_uri: Option<&Path>| {
            let code_uri = code_uri.map(|path| path.display().to_string());
            bootstrap(&folder, &Function { code_uri, ..crate::lambda::fake::function("Chats") })
        };
        assert_eq!(at(Some(Path::new("Chats"))), None, "a folder without one");
        std::fs::write(code.join("bootstrap"), "").expect("a file");
        assert_eq!(at(Some(Path::new("Chats"))), Some(code.join("bootstrap")));
        assert_eq!(at(Some(&code)), Some(code.join("bootstrap")), "an absolute path");
        assert_eq!(at(Some(Path::new("."))), None);
        assert_eq!(at(None), None);
        std::fs::remove_dir_all(&folder).expect("our folder");
    }

    #[test]
    fn a_missing_executable_is_named() {
        let error = find(Path::new("/nowhere"), "release", &["chats".to_owned()]).expect_err("missing");
        assert!(error.to_string().contains("release/chats is missing"), "{error}");
    }
}
