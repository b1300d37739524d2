//! What can go wrong, in the domain's words. [`crate::http`] alone turns it into a status.

use crate::clock::Timestamp;
use crate::store::StoreError;

/// How long a sentence about somebody's input may be.
const MAX_SENTENCE_BYTES: usize = 1_000;

/// The domain's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request was refused or could not be served. `code` is stable and meant for programs; the sentence
/// is meant for people.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks a rule that the sentence names.
    #[error("{sentence}")]
    Invalid {
        /// Stable name of the rule.
        code: &'static str,
        /// What is wrong, and with which field.
        sentence: String,
    },
    /// No credential, or one that is not valid (any more).
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The caller is known and has not signed this.
    #[error("Bad signature")]
    BadSignature,
    /// Not there, or not visible to the caller. Holds the code and the sentence.
    #[error("{1}")]
    NotFound(&'static str, &'static str),
    /// In the way of something that is already so. Holds the code and the sentence.
    #[error("{1}")]
    Conflict(&'static str, &'static str),
    /// What is signed is signed for another time. Holds the present one.
    #[error("Time conflict")]
    TimeConflict(Timestamp),
    /// More than a limit on abuse allows.
    #[error("Too many {what}. Try again in {seconds} seconds.")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// When to try again.
        seconds: u64,
    },
    /// The body's content type is none that this path takes. Holds what to send.
    #[error("Send {0}")]
    UnsupportedMediaType(&'static str),
    /// Storage is overloaded or out of reach, or too many write to one place at once; nothing is promised
    /// about what was being written. Sending again with the same idempotency key is safe.
    #[error("The service is busy, please try again")]
    Busy(#[source] StoreError),
    /// Something that this needs does not work at present. Holds the code and the sentence.
    #[error("{1}")]
    Unavailable(&'static str, &'static str),
    /// A defect or an unreadable record. Logged where it is answered, never shown.
    #[error("Internal server error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An [`Error::Invalid`]. What a caller sent is often part of the sentence, and may be of any length: the sentence
    /// is cut.
    pub fn invalid(code: &'static str, sentence: impl Into<String>) -> Self {
        let mut sentence = sentence.into();
        if sentence.len() > MAX_SENTENCE_BYTES {
            sentence.truncate(sentence.floor_char_boundary(MAX_SENTENCE_BYTES));
            sentence.push_str(" ...");
        }
        Self::Invalid { code, sentence }
    }

    /// An [`Error::Internal`] from anything that explains itself.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// What went wrong, for the log: the sentence says nothing of it where it is not the caller's business.
    pub fn cause(&self) -> String {
        match self {
            Self::Busy(cause) => cause.to_string(),
            Self::Internal(cause) => cause.to_string(),
            other => other.to_string(),
        }
    }

    /// Whether the system is at fault, and not who asked.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unavailable(..) | Self::Internal(_))
    }

    /// What would help whoever is refused, where the sentence does not say it.
    pub fn details(&self) -> Option<String> {
        match self {
            Self::TimeConflict(now) => Some(format!("It is {} here, in milliseconds since the epoch", now.0)),
            _ => None,
        }
    }

    /// In how many seconds a refused caller may try again, where that is known.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany { seconds, .. } => Some(*seconds),
            _ => None,
        }
    }

    /// The stable name of the refusal, the same on every surface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { code, .. }
            | Self::NotFound(code, _)
            | Self::Conflict(code, _)
            | Self::Unavailable(code, _) => code,
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::BadSignature => "bad_signature",
            Self::TimeConflict(_) => "time_conflict",
            Self::TooMany { .. } => "too_many_requests",
            Self::UnsupportedMediaType(_) => "unsupported_media_type",
            Self::Busy(_) => "busy",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Ambiguous(_) | StoreError::Refused(_) => {
                Self::Busy(error)
            }
            StoreError::Malformed(_) => Self::internal(error),
        }
    }
}
