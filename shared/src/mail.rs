//! Mail through Amazon SES.

use crate::backend::Lazy;
use crate::error::{Error, Result};
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};

/// A mail to one person.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Where to.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Body as plain text.
    pub text: String,
    /// Body as HTML.
    pub html: String,
}

/// SES with the deployment's sender address.
#[derive(Debug)]
pub struct Mailer {
    client: Lazy<Client>,
    sender: String,
}

impl Mailer {
    /// A mailer over an SDK client, which is built when it is first needed.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, sender: String) -> Self {
        Self { client: Lazy::new(Box::new(client)), sender }
    }

    /// Hands a mail to SES.
    pub async fn send(&self, mail: Mail) -> Result<()> {
        let content = email_content(&mail).map_err(Error::internal)?;
        self.client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(mail.to).build())
            .content(content)
            .send()
            .await
            // The rest of it may hold an address.
            .map_err(|error| Error::internal(format!("SES: {}", error.code().unwrap_or("no answer"))))?;
        Ok(())
    }
}

fn email_content(mail: &Mail) -> std::result::Result<EmailContent, BuildError> {
    let utf8 = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().text(utf8(&mail.text)?).html(utf8(&mail.html)?).build();
    Ok(EmailContent::builder()
        .simple(Message::builder().subject(utf8(&mail.subject)?).body(body).build())
        .build())
}
