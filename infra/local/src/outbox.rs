//! The mails that functions sent.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::sync::lock;

/// How many mails are kept.
const CAPACITY: usize = 1_000;

/// A mail as the console shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mail {
    to: String,
    subject: String,
    text: String,
    html: String,
    sent_at: String,
}

/// The newest mails, newest first.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    mails: Mutex<VecDeque<Mail>>,
}

impl Outbox {
    /// Takes a mail and drops the oldest one when there are too many.
    pub(crate) fn push(&self, mail: Mail) {
        let mut mails = lock(&self.mails);
        mails.truncate(CAPACITY - 1);
        mails.push_front(mail);
    }

    /// All mails as JSON.
    pub(crate) fn to_json(&self) -> String {
        // Strings alone cannot fail to serialize.
        serde_json::to_string(&*lock(&self.mails)).unwrap_or_default()
    }
}

/// The part of SES's `SendEmail` (API v2) that can be shown: a simple mail.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SendEmail {
    destination: Destination,
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    #[serde(default)]
    to_addresses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Simple,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Text,
    body: Body,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Text>,
    html: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    data: String,
}

impl From<SendEmail> for Mail {
    fn from(mail: SendEmail) -> Self {
        let SendEmail { destination, content: Content { simple } } = mail;
        Self {
            to: destination.to_addresses.join(", "),
            subject: simple.subject.data,
            text: simple.body.text.map(|text| text.data).unwrap_or_default(),
            html: simple.body.html.map(|text| text.data).unwrap_or_default(),
            sent_at: clock::iso(clock::now_ms()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str) -> Mail {
        let request = serde_json::json!({
            "FromEmailAddress": "chat@example.com",
            "Destination": {"ToAddresses": ["ada@example.com"]},
            "Content": {"Simple": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": "hello"}}}},
        });
        serde_json::from_value::<SendEmail>(request).expect("a simple mail").into()
    }

    #[test]
    fn newest_first_and_bounded() {
        let outbox = Outbox::default();
        for number in 0..CAPACITY + 5 {
            outbox.push(mail(&number.to_string()));
        }
        let mails = lock(&outbox.mails);
        assert_eq!(mails.len(), CAPACITY);
        assert_eq!(mails[0].subject, (CAPACITY + 4).to_string());
        assert_eq!((mails[0].to.as_str(), mails[0].text.as_str()), ("ada@example.com", "hello"));
    }
}
