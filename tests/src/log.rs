//! What a stack and its functions say.

use std::io::{BufRead as _, BufReader, PipeReader};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// The lines that a stack has said so far: its own, and those of its functions, each behind the name of the function's
/// executable.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Reads what is written into a pipe until all who write have ended, and says it once more. In a thread of its own,
    /// so that nobody who writes waits for the test.
    pub(crate) fn follow(pipe: PipeReader) -> Self {
        let log = Self::default();
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                eprintln!("{line}");
                kept.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        log
    }

    /// Every line so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lines of functions, as each has written it, with the name of its executable.
    pub fn of_functions(&self) -> Vec<(String, String)> {
        let behind_name = |line: &String| {
            let (name, text) = line.strip_prefix('[')?.split_once("] ")?;
            Some((name.to_owned(), text.to_owned()))
        };
        self.lines().iter().filter_map(behind_name).collect()
    }

    /// The lines that sum up an invocation each: those that tell how long it took.
    pub fn invocations(&self) -> Vec<Value> {
        let lines = self.of_functions().into_iter();
        let parsed = lines.filter_map(|(_, text)| serde_json::from_str::<Value>(&text).ok());
        parsed.filter(|line| line.get("latencyMs").is_some()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Log {
        Log(Arc::new(Mutex::new(lines.iter().map(|line| (*line).to_owned()).collect())))
    }

    #[test]
    fn functions_are_told_from_the_stack_and_invocations_from_all_else() {
        let log = said(&[
            "INFO everything answers",
            r#"[chats] {"latencyMs":3.2,"route":"GET /chats"}"#,
            r#"[fan-out] {"level":"WARN"}"#,
            "[web] panicked at [somewhere] here",
        ]);
        assert_eq!(log.lines().len(), 4);
        let names: Vec<_> = log.of_functions().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["chats", "fan-out", "web"]);
        assert_eq!(log.of_functions()[2].1, "panicked at [somewhere] here");
        let routes: Vec<_> = log.invocations().iter().map(|line| line["route"].clone()).collect();
        assert_eq!(routes, ["GET /chats"]);
    }

    #[test]
    fn what_is_written_into_the_pipe_is_kept_to_the_last_line() {
        use std::io::Write as _;
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let log = Log::follow(reader);
        writer.write_all(b"one\ntwo \xff\nthree").expect("a reader");
        drop(writer);
        while log.lines().len() < 3 {
            std::thread::yield_now();
        }
        assert_eq!(log.lines(), ["one", "two \u{fffd}", "three"]);
    }
}
