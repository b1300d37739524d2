//! The mails of the local stack.

use serde::Deserialize;

use crate::{Anonymous, Caller as _};

/// A mail in the outbox.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    /// Where it went.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its body for people with a terminal.
    pub text: String,
    /// Its body for everybody else.
    pub html: String,
    /// When it was sent.
    pub sent_at: String,
}

impl Mail {
    /// The token in its confirmation link, if it has one.
    pub fn confirmation_token(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("/register/")?;
        rest.split(char::is_whitespace).next()
    }
}

/// The mails to an address, newest first.
pub(crate) async fn mails_to(console: &str, address: &str) -> Vec<Mail> {
    let answer = Anonymous::of_other(console).get("/outbox").await.expect(200);
    let mails: Vec<Mail> = serde_json::from_value(answer.json()).expect("mails with every field");
    mails.into_iter().filter(|mail| mail.to == address).collect()
}
