//! IAM's wildcards: `*` for any characters, none as well, and `?` for one.

/// Whether `text` is what `pattern` describes, from its first to its last character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut in_pattern, mut in_text) = (0, 0);
    // Behind the last star, and where the text went on after what that star stands for.
    let mut last_star: Option<(usize, usize)> = None;
    while in_text < text.len() {
        match pattern.get(in_pattern) {
            Some(b'*') => {
                in_pattern += 1;
                last_star = Some((in_pattern, in_text));
            }
            Some(character) if *character == b'?' || *character == text[in_text] => {
                in_pattern += 1;
                in_text += 1;
            }
            _ => {
                let Some((behind, stood_for)) = last_star else { return false };
                // The star stands for one character more.
                last_star = Some((behind, stood_for + 1));
                (in_pattern, in_text) = (behind, stood_for + 1);
            }
        }
    }
    pattern[in_pattern..].iter().all(|character| *character == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        let matching = [
            ("*", ""),
            ("*", "arn:aws:x/y"),
            ("a", "a"),
            ("public#*", "public#"),
            ("public#*", "public#k"),
            ("a*b*c", "a-b-b-c"),
            ("a*bc", "abcbc"),
            ("a?c", "abc"),
            ("a**", "a"),
            (
                "arn:aws:execute-api:*:Api/live/*/@connections/*",
                "arn:aws:execute-api:r:1:Api/live/POST/@connections/{id}",
            ),
        ];
        for (pattern, text) in matching {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        let others = [
            ("", "a"),
            ("a", ""),
            ("a", "ab"),
            ("ab", "a"),
            ("a?", "a"),
            ("public#*", "public"),
            ("a*b", "abc"),
        ];
        for (pattern, text) in others {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
