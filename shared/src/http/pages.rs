//! Parts of lists and histories, as several functions have them.

use super::params::{Number, count, offset};
use crate::chats::{MAX_LISTED, People};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::log::Message;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use utoipa::{IntoParams, ToSchema};

/// The part of a list or of a history that is wanted, counted from 1.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// How many rows are wanted. What is over the most that there are is cut to it.
    count: Option<Number>,
    /// The first row that is wanted, counted from 1.
    offset: Option<Number>,
}

impl Window {
    /// The rows of a list that is given whole unless the caller wants less.
    pub fn of_list(self) -> Result<Range<usize>> {
        let (skip, take) = self.of(MAX_LISTED as u64, MAX_LISTED as u64)?;
        Ok(skip..skip.saturating_add(take))
    }

    /// How many rows to leave out and how many to give: `default` where the caller does not say, at most `most`.
    pub fn of(self, default: u64, most: u64) -> Result<(usize, usize)> {
        let skip = usize::try_from(offset(self.offset)? - 1).unwrap_or(usize::MAX);
        Ok((skip, count(self.count, default, most)? as usize))
    }
}

/// The query of a history that is paged by time: what is older than `until`, which an answer's `next` may be given
/// as, too (contract, section 1, "Lists").
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Until {
    /// The messages older than this moment: a message's own `timestamp`.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// The same: an answer's `next`.
    #[param(value_type = Option<String>, format = DateTime)]
    next: Option<String>,
}

impl Until {
    /// The moment, if the caller gave one.
    pub fn moment(self) -> Result<Option<Timestamp>> {
        let read = |name: &str, text: Option<String>| match text.as_deref().map(Timestamp::parse_rfc3339) {
            Some(None) => {
                Err(Error::invalid("invalid_until", format!("{name} must be a message's timestamp")))
            }
            moment => Ok(moment.flatten()),
        };
        let (until, next) = (read("until", self.until)?, read("next", self.next)?);
        Ok(until.or(next))
    }
}

/// A message in the histories of document 002.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageRow {
    /// The place in the chat, from 1.
    seq: u64,
    user_id: UserId,
    user_name: String,
    message: String,
    #[serde(rename = "type")]
    kind: String,
    #[schema(format = DateTime)]
    timestamp: String,
}

impl MessageRow {
    /// The rows of a page, in its order.
    pub fn rows(messages: Vec<Message>, people: &People) -> Vec<Self> {
        messages
            .into_iter()
            .map(|message| Self {
                seq: message.seq,
                user_id: message.sender,
                user_name: people.name(message.sender),
                message: message.text,
                kind: message.kind,
                timestamp: message.at.rfc3339(),
            })
            .collect()
    }
}
