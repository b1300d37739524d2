//! The README's tour, as something that can be checked.
//!
//! The tour is the section `## Tour` of a Markdown file, up to the next heading of that level. Its blocks fenced
//! with ```` ```sh ```` are run from top to bottom in one shell, as if they were pasted. A line `# → text` says
//! what the command before it prints: one such line for each line of output, in order. `…` in it stands for
//! anything, also for nothing; a line that is only `…` stands for any number of lines. A command
//! without such lines may print what it likes. A command that spans several lines ends each of them but the last
//! with `\`.

/// The line that says what the command before it prints.
const EXPECTED: &str = "# → ";
/// Stands for anything.
const ANYTHING: &str = "…";

/// A command of the tour, and what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The line of the file that it begins on, counted from 1.
    pub line: usize,
    /// The command.
    pub command: String,
    /// The lines that it prints; nothing is said about it when there are none.
    pub expected: Vec<String>,
}

/// The steps of the tour in a Markdown file.
pub fn steps(markdown: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut in_tour, mut in_block, mut continues) = (false, false, false);
    for (index, line) in markdown.lines().enumerate() {
        if in_block {
            if line.starts_with("```") {
                in_block = false;
            } else if continues && let Some(step) = steps.last_mut() {
                step.command = format!("{}\n{line}", step.command);
                continues = line.ends_with('\\');
            } else if let (Some(expected), Some(step)) = (line.strip_prefix(EXPECTED), steps.last_mut()) {
                step.expected.push(expected.to_owned());
            } else if !line.trim().is_empty() && !line.starts_with('#') {
                steps.push(Step { line: index + 1, command: line.to_owned(), expected: Vec::new() });
                continues = line.ends_with('\\');
            }
        } else if let Some(heading) = line.strip_prefix("## ") {
            in_tour = heading.trim() == "Tour";
        } else if in_tour && line.trim() == "```sh" {
            in_block = true;
        }
    }
    steps
}

/// Whether lines are what was expected of them.
pub fn matches(expected: &[String], printed: &[String]) -> bool {
    match expected {
        [] => printed.is_empty(),
        [first, rest @ ..] if first == ANYTHING => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        [first, rest @ ..] => match printed {
            [line, others @ ..] => line_matches(first, line) && matches(rest, others),
            [] => false,
        },
    }
}

fn line_matches(expected: &str, line: &str) -> bool {
    match expected.split_once(ANYTHING) {
        None => expected == line,
        Some((head, tail)) => line.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| line_matches(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn only_the_tours_own_blocks_are_steps() {
        let markdown = "## Before\n```sh\nrm x\n```\n## Tour\ntext\n```json\n{}\n```\n```sh\n\
                        # a remark\nA=1\n\ncurl \\\n  here\n# → {\"id\":…}\n# → two\n```\n## After\n```sh\nrm y\n```\n";
        let expected = [
            Step { line: 12, command: "A=1".to_owned(), expected: Vec::new() },
            Step { line: 14, command: "curl \\\n  here".to_owned(), expected: lines("{\"id\":…}\ntwo") },
        ];
        assert_eq!(steps(markdown), expected);
    }

    #[test]
    fn the_ellipsis_stands_for_anything() {
        assert!(matches(&lines("{\"id\":…,\"n\":…}"), &lines("{\"id\":7,\"n\":8}")));
        assert!(matches(&lines("a…"), &lines("a")));
        assert!(!matches(&lines("a…b"), &lines("abc")));
        assert!(!matches(&lines("a"), &lines("a\nb")));
        assert!(matches(&lines("a\n…\nd"), &lines("a\nb\nc\nd")));
        assert!(matches(&lines("…"), &[]));
        assert!(!matches(&lines("a"), &[]));
    }
}
