//! What the bot's answers come from: a small program inside the function that needs nothing, or a model
//! behind Amazon Bedrock. Neither keeps anything between two answers: all that it knows of a conversation
//! comes in with the question.

mod doctor;
mod model;
mod script;

pub use model::Model;

use crate::text::{MAX_MESSAGE_BYTES, json_len};

/// Something that was said in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whether the user said it; else the bot did.
    pub is_user: bool,
    /// What was said.
    pub text: String,
}

/// What answers.
#[derive(Clone, Debug)]
pub enum Engine {
    /// The program inside the function. It always answers, and at once.
    BuiltIn,
    /// A model behind Amazon Bedrock.
    Model(Model),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The model could not be asked, or refused.
    #[error("the bot's engine failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The model did not answer in time.
    #[error("the bot's engine took too long")]
    TooSlow,
    /// The model answered without any text.
    #[error("the bot's engine answered nothing")]
    Empty,
}

impl Engine {
    /// The answer to a question, of 1 byte to 16 KiB. `history` is what was said before, oldest first; only
    /// its end is looked at.
    pub async fn answer(&self, history: &[Turn], question: &str) -> Result<String, Unanswered> {
        let answer = match self {
            // White space is a message like any other, but Bedrock takes no blank text.
            Self::Model(model) if !question.trim().is_empty() => model.answer(history, question).await?,
            _ => doctor::answer(history, question),
        };
        Ok(cut(answer))
    }
}

/// A text that takes no more in JSON than a message may have: it goes out in one frame with the largest question.
fn cut(mut text: String) -> String {
    let mut room = MAX_MESSAGE_BYTES;
    let end = text.char_indices().find(|(start, char)| {
        let length = json_len(&text[*start..start + char.len_utf8()]);
        let fits = length <= room;
        room = room.saturating_sub(length);
        !fits
    });
    if let Some((end, _)) = end {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_cut_between_two_characters() {
        assert_eq!(cut("short".to_owned()), "short");
        assert_eq!(cut("a".repeat(MAX_MESSAGE_BYTES + 1)).len(), MAX_MESSAGE_BYTES);
        let cut = cut(format!("a{}", "é".repeat(MAX_MESSAGE_BYTES)));
        assert_eq!(cut.len(), MAX_MESSAGE_BYTES - 1);
        assert!(cut.ends_with('é'));
    }

    #[tokio::test]
    async fn the_built_in_engine_answers() {
        let answer = Engine::BuiltIn.answer(&[], "Hello").await.expect("an answer");
        assert!(!answer.is_empty());
    }
}
