//! The built-in engine: it asks back with the user's own words, as Joseph Weizenbaum's ELIZA did in 1966. It
//! needs nothing, understands nothing, and answers within a millisecond or two.
//!
//! Why not the crate `eliza` (2.0.1)? It brings `env_logger` 0.7 with `atty`, and `rand` 0.7, all left behind
//! by their makers; it compiles regular expressions anew for every answer, puts synonyms in the middle of
//! words ("answered" becomes "answasd"), and says everything back in lower case. What it has said before it
//! knows from its own state, which here would end with each answer: this engine finds it in the history.

use super::Turn;
use super::script::{EXPANSIONS, FALLBACKS, MEMORIES, MIRRORS, RULES};

/// Characters of a message that are listened to.
const HEARD: usize = 500;
/// Most words that are said back: nobody likes to hear a whole story again.
const ECHOED: usize = 16;
/// Turns that are looked through for what was said before.
const TURNS: usize = 40;
/// The place of the user's words in a line of the script.
const ECHO: &str = "{}";
/// Lines without meaning that come before the bot goes back to what it heard earlier.
const BEFORE_MEMORIES: usize = 2;
/// What stands around words and between clauses.
const MARKS: &str = ".,;:!?\"'()[]{}-–—…“”‘’«»„¡¿。，！？、；：（）";

/// Answers a message; never with nothing.
pub(super) fn answer(history: &[Turn], message: &str) -> String {
    let history = &history[history.len().saturating_sub(TURNS)..];
    let clauses = clauses(message);
    let rule = RULES.iter().find_map(|rule| {
        let after = rule.heard.iter().find_map(|phrase| after(&clauses, phrase))?;
        Some((rule.answers, after))
    });
    let lines = match rule {
        Some((answers, after)) => said(answers, &mirrored(after)),
        None => {
            let (first, rest) = FALLBACKS.split_at(BEFORE_MEMORIES);
            let memory = memory(history).unwrap_or_default();
            [said(first, ""), said(&MEMORIES, &memory), said(rest, "")].concat()
        }
    };
    longest_unsaid(lines, history)
}

/// A word as it was typed, and as it is compared.
#[derive(Debug)]
struct Word<'a> {
    typed: &'a str,
    plain: String,
}

impl<'a> Word<'a> {
    fn new(typed: &'a str) -> Self {
        Self { typed, plain: typed.to_lowercase().replace('’', "'") }
    }
}

/// What stands between two marks, or before and after a "but".
type Clause<'a> = Vec<Word<'a>>;

/// The clauses of a text's beginning.
fn clauses(text: &str) -> Vec<Clause<'_>> {
    let end = text.char_indices().nth(HEARD).map_or(text.len(), |(end, _)| end);
    let mut clauses = vec![Clause::new()];
    for typed in text[..end].split(|char: char| char.is_whitespace() || char.is_control()) {
        let word = Word::new(typed.trim_matches(is_mark));
        let is_but = word.plain == "but";
        if let Some(clause) = clauses.last_mut().filter(|_| !is_but && !word.plain.is_empty()) {
            match EXPANSIONS.iter().find(|(short, _)| word.plain == *short) {
                Some((_, long)) => clause.extend(long.split(' ').map(Word::new)),
                None => clause.push(word),
            }
        }
        if is_but || typed.ends_with(is_mark) {
            clauses.push(Clause::new());
        }
    }
    clauses
}

fn is_mark(char: char) -> bool {
    MARKS.contains(char)
}

/// How many words of the clause the phrase is, if the clause begins with it.
fn begins(clause: &[Word<'_>], phrase: &str) -> Option<usize> {
    let length = phrase.split(' ').count();
    let begins = length <= clause.len()
        && phrase.split(' ').zip(clause).all(|(expected, word)| word.plain == expected);
    begins.then_some(length)
}

/// What follows on a phrase in the first clause that has it. A phrase that begins with ^ must begin the
/// clause too.
fn after<'a, 'b>(clauses: &'a [Clause<'b>], phrase: &str) -> Option<&'a [Word<'b>]> {
    let (phrase, anywhere) = match phrase.strip_prefix('^') {
        Some(phrase) => (phrase, false),
        None => (phrase, true),
    };
    clauses.iter().find_map(|clause| {
        let places = if anywhere { clause.len() } else { clause.len().min(1) };
        (0..places).find_map(|place| {
            let rest = &clause[place..];
            begins(rest, phrase).map(|length| &rest[length..])
        })
    })
}

/// The user's words as the bot says them: "I" becomes "you", and the other way round. Nothing when they are
/// too many.
fn mirrored(words: &[Word<'_>]) -> String {
    let mut mirrored = Vec::with_capacity(words.len());
    let mut rest = if words.len() <= ECHOED { words } else { &[] };
    while let Some((first, others)) = rest.split_first() {
        let mirror = MIRRORS.iter().find_map(|(phrase, mirror)| Some((begins(rest, phrase)?, *mirror)));
        let (length, word) = match mirror {
            Some(mirror) => mirror,
            // "You" at the end is whom it happens to, before other words it is who does it.
            None if first.plain == "you" => (1, if others.is_empty() { "me" } else { "I" }),
            None => (1, first.typed),
        };
        mirrored.push(word);
        rest = &rest[length..];
    }
    mirrored.join(" ")
}

/// What the user last said about something of its own, in its own words.
fn memory(history: &[Turn]) -> Option<String> {
    history.iter().rev().filter(|turn| turn.is_user).find_map(|turn| {
        let clauses = clauses(&turn.text);
        let words = after(&clauses, "my").filter(|words| (1..=ECHOED).contains(&words.len()))?;
        Some(words.iter().map(|word| word.typed).collect::<Vec<_>>().join(" "))
    })
}

/// The lines that can be said, with the user's words in their place.
fn said(lines: &[&str], echo: &str) -> Vec<String> {
    let sayable = lines.iter().filter(|line| !echo.is_empty() || !line.contains(ECHO));
    sayable.map(|line| line.replace(ECHO, echo)).collect()
}

/// The line that the bot has not said for the longest time.
fn longest_unsaid(lines: Vec<String>, history: &[Turn]) -> String {
    let last_said = |line: &String| history.iter().rposition(|turn| !turn.is_user && turn.text == *line);
    lines.into_iter().min_by_key(last_said).unwrap_or_else(|| FALLBACKS[0].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::MAX_MESSAGE_BYTES;
    use proptest::prelude::*;

    #[test]
    fn the_users_words_come_back_turned_around() {
        let cases = [
            ("I need a holiday", "What would it mean to you to have a holiday?"),
            ("i’m tired of my job.", "How long have you been tired of your job?"),
            ("Hm, I think you don't like me!", "What makes you think I do not like you?"),
            ("I FEEL fine, but my mother hates me", "Tell me more about your family."),
            ("My cat answered Tom", "Your cat answered Tom? Please go on."),
            ("you are kind", "What makes you think that I am kind?"),
        ];
        for (message, expected) in cases {
            assert_eq!(answer(&[], message), expected, "{message}");
        }
    }

    #[test]
    fn every_line_can_be_heard_and_every_rule_has_one_without_an_echo() {
        for rule in RULES {
            assert!(rule.answers.iter().any(|line| !line.contains(ECHO)), "{:?}", rule.heard);
            for phrase in rule.heard {
                let words = phrase.trim_start_matches('^');
                assert!(after(&clauses(words), phrase).is_some(), "{phrase} is never heard");
            }
        }
        assert!(MEMORIES.iter().all(|line| line.contains(ECHO)));
        assert!(FALLBACKS.iter().all(|line| !line.contains(ECHO)));
    }

    #[test]
    fn nothing_is_repeated_before_everything_was_said() {
        let mut history = Vec::new();
        let mut all = Vec::new();
        for _ in 0..FALLBACKS.len() {
            let line = answer(&history, "Blah");
            assert!(!all.contains(&line), "{line} comes twice");
            all.push(line.clone());
            history.push(Turn { is_user: true, text: "Blah".to_owned() });
            history.push(Turn { is_user: false, text: line });
        }
        assert_eq!(answer(&history, "Blah"), all[0]);
    }

    #[test]
    fn what_was_said_earlier_is_remembered() {
        let mut history = vec![Turn { is_user: true, text: "Well, I walk my old dog.".to_owned() }];
        let lines: Vec<String> = (0..=BEFORE_MEMORIES)
            .map(|_| {
                let line = answer(&history, "Blah");
                history.push(Turn { is_user: false, text: line.clone() });
                line
            })
            .collect();
        assert!(lines[BEFORE_MEMORIES].contains("“my old dog”"), "{lines:?}");
    }

    #[test]
    fn who_is_in_danger_is_sent_to_people() {
        for message in ["i want to kill myself", "Sometimes I don't want to live anymore"] {
            assert!(answer(&[], message).contains("emergency number"), "{message}");
        }
    }

    #[test]
    fn the_longest_message_is_answered_in_a_few_words() {
        for word in ["i ", "my ", "i am my you are ", "but ", ", ", "\u{0}", "ß", "İ’", "{} ", "\u{202e}"]
        {
            let message = word.repeat(MAX_MESSAGE_BYTES / word.len());
            let line = answer(&[], &message);
            assert!((1..1_000).contains(&line.len()), "{word:?}: {line}");
        }
    }

    fn anything() -> impl Strategy<Value = String> {
        let phrases: Vec<&str> = RULES.iter().flat_map(|rule| rule.heard).copied().collect();
        let words = prop::collection::vec(prop::sample::select(phrases), 0..40);
        prop_oneof![any::<String>(), "\\PC{0,600}", words.prop_map(|words| words.join(" "))]
    }

    proptest! {
        #[test]
        fn any_text_is_answered_within_the_size_of_a_message(
            message in anything(),
            history in prop::collection::vec((any::<bool>(), anything()), 0..6),
        ) {
            let history: Vec<Turn> =
                history.into_iter().map(|(is_user, text)| Turn { is_user, text }).collect();
            let line = answer(&history, &message);
            prop_assert!(!line.trim().is_empty());
            prop_assert!(line.len() <= MAX_MESSAGE_BYTES);
            prop_assert!(!line.contains(char::is_control));
        }
    }
}
