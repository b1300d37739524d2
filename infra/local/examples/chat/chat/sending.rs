//! What is to be sent, one message after another.

use std::future::pending;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::api::{Message, PAGE, Posted, To, pause};
use crate::network::Failure;
use crate::timeline::Timeline;

use super::{Chat, Place};

/// How long the bot may take until it is asked again, with the same key.
const BOT_TAKES: Duration = Duration::from_secs(40);

/// A message that is to be sent.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) place: Place,
    pub(super) text: String,
    /// The same at each try, so that it is one message.
    pub(super) key: String,
    pub(super) tries: u32,
}

/// What becomes of the first draft.
pub(super) enum Sending {
    /// There is none.
    Nothing,
    /// It is on its way, and what the answer will be.
    Call(BoxFuture<'static, Result<Posted, Failure>>),
    /// It is sent, or sent again, at this moment.
    At(Instant),
}

pub(super) enum Sent {
    Answered(Result<Posted, Failure>),
    Due,
}

impl Sending {
    pub(super) async fn outcome(&mut self) -> Sent {
        match self {
            Self::Nothing => pending().await,
            Self::Call(call) => Sent::Answered(call.await),
            Self::At(moment) => {
                sleep_until(*moment).await;
                Sent::Due
            }
        }
    }
}

impl Chat {
    /// Sends the first draft, or sends it again.
    pub(super) fn send_first(&mut self) {
        let Some(draft) = self.drafts.front() else {
            self.sending = Sending::Nothing;
            return;
        };
        self.sending = match draft.place {
            Place::Chat(to) => {
                let (api, text, key) = (self.api.clone(), draft.text.clone(), draft.key.clone());
                Sending::Call(async move { api.send(to, &text, &key).await }.boxed())
            }
            // Its answer is a frame. While there is no socket, it waits for the next one.
            Place::Bot => {
                self.link.send(json!({"chat_type": "bot", "message": draft.text, "client_id": draft.key}));
                Sending::At(Instant::now() + BOT_TAKES)
            }
        };
    }

    /// Forgets the first draft, and sends the next one.
    pub(super) fn send_next(&mut self) {
        self.drafts.pop_front();
        self.send_first();
    }

    pub(super) async fn go_on(&mut self, sent: Sent) -> Result<(), Failure> {
        let posted = match sent {
            Sent::Due => {
                self.send_first();
                return Ok(());
            }
            Sent::Answered(Ok(posted)) => posted,
            Sent::Answered(Err(failure)) => return self.fail(&failure),
        };
        let Some(draft) = self.drafts.front() else { return Ok(()) };
        let (place, text) = (draft.place.clone(), draft.text.clone());
        self.send_next();
        let (Place::Chat(to), Some(seq)) = (place, posted.seq) else { return Ok(()) };
        self.known.entry(posted.chat_id).or_insert(to);
        let at = posted.message_timestamp.unwrap_or_default();
        let message = Message { seq, sender: Some(self.me), text, kind: "text".to_owned(), at };
        self.take(posted.chat_id, message)?;
        self.fill(posted.chat_id, to).await
    }

    /// Brings what a chat misses while there is no socket: what one has said oneself is not to wait for that.
    async fn fill(&mut self, chat: u64, to: To) -> Result<(), Failure> {
        if self.is_up || !self.timelines.get(&chat).is_some_and(Timeline::has_gap) {
            return Ok(());
        }
        let history = match to {
            To::Person(_) => self.api.history(chat, PAGE).await,
            To::Room(room) => self.api.room_history(room, PAGE).await,
        };
        // If that fails, it comes with the socket.
        for message in history.unwrap_or_default() {
            self.take(chat, message)?;
        }
        Ok(())
    }

    /// The first draft was not sent.
    fn fail(&mut self, failure: &Failure) -> Result<(), Failure> {
        let Some(draft) = self.drafts.front_mut() else { return Ok(()) };
        if failure.is_passing() {
            if draft.tries == 0 {
                self.screen.note(&format!("{failure}. Your message is tried again …"))?;
            }
            self.sending = Sending::At(Instant::now() + pause(failure, draft.tries));
            draft.tries += 1;
        } else {
            self.screen.note(&format!("Not sent: {:?} – {failure}", draft.text))?;
            self.send_next();
        }
        Ok(())
    }
}
