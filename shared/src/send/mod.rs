//! Sending: how a message of any kind of chat becomes part of its chat's log, once, however often it is sent.

mod commit;

pub(crate) use commit::{INVOCATION_LASTS, empty_tail, file};

use crate::accounts::NO_USER;
use crate::backend::Backend;
use crate::chats::NO_CHAT;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{ChatId, UserId, attempt};
use crate::log::{Entry, Head, Message};
use crate::store::claims::Claim;
use crate::store::heads::HeadKey;
use crate::store::{StoreError, pause};
use crate::telemetry::{self, Metric};
use crate::text::check_message;
use base64::Engine;
use commit::{Filed, Found, Outcome, Wanted, commit, fence};
use futures::future::try_join;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;
use utoipa::ToSchema;

/// How long an attempt may hold a client id before another takes it over. Only how soon a retry after a
/// crash gets through depends on it; that there is one message does not.
const ATTEMPT_LASTS: Duration = Duration::from_secs(2);
const MAX_CLIENT_ID_BYTES: usize = 128;
const OPEN_TRIES: u32 = 12;
const REPLAY_TRIES: u32 = 60;

const KEY_REUSED: Error =
    Error::Conflict("idempotency_key_reused", "This idempotency key was used for another message");

/// What a message is (001, "send chat message").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MessageType)]
pub enum Kind {
    /// Plain text.
    Text,
    /// An image.
    Image,
    /// A sticker.
    Sticker,
    /// A place.
    Location,
    /// A recording.
    Audio,
    /// Whatever the clients agree on.
    Customize,
}

impl Kind {
    /// The document's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Sticker => "sticker",
            Self::Location => "location",
            Self::Audio => "audio",
            Self::Customize => "customize",
        }
    }

    /// The kind that a word means.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Text, Self::Image, Self::Sticker, Self::Location, Self::Audio, Self::Customize]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its text, 1 byte to 16 KiB.
    pub text: String,
    /// Its kind.
    pub kind: Kind,
    /// The sender's idempotency key, 1 to 128 bytes.
    pub client_id: Option<String>,
}

impl Draft {
    /// Refuses a text or a key of the wrong length.
    pub(crate) fn check(&self) -> Result<()> {
        check_message(&self.text)?;
        if self.client_id.as_ref().is_some_and(|id| !(1..=MAX_CLIENT_ID_BYTES).contains(&id.len())) {
            return Err(Error::invalid(
                "invalid_idempotency_key",
                "The idempotency key must have 1 to 128 bytes",
            ));
        }
        Ok(())
    }
}

/// A message that is sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The chat it went to.
    pub chat_id: ChatId,
    /// What became of it.
    pub outcome: Stored,
}

/// Where a sent message is.
#[derive(Clone, Debug)]
pub enum Stored {
    /// It is stored, and sockets are still to be told.
    Now(Message),
    /// It was stored when it was first sent.
    Before(Message),
    /// It was stored when it was first sent, and has been removed since.
    Removed {
        /// Its position.
        seq: u64,
        /// Its time.
        at: Timestamp,
    },
    /// It went the way of its chat.
    Deleted,
}

impl Sent {
    /// Its position and time, unless the chat has been deleted since.
    pub fn place(&self) -> Option<(u64, Timestamp)> {
        match &self.outcome {
            Stored::Now(message) | Stored::Before(message) => Some((message.seq, message.at)),
            Stored::Removed { seq, at } => Some((*seq, *at)),
            Stored::Deleted => None,
        }
    }
}

/// One send on its way. When [`Sending::run`] answers, the message is stored. The same client id gives the first
/// answer again and stores nothing.
///
/// Two round trips one after another beyond reading the head: filing with claim, commit.
pub(crate) struct Sending<'a> {
    pub(crate) backend: &'a Backend,
    /// Where to. A chat of two and a user's chat with the bot are opened by their first message.
    pub(crate) key: HeadKey,
    pub(crate) sender: UserId,
    pub(crate) draft: &'a Draft,
    pub(crate) identity: Identity,
}

/// What makes two sends with one client id the same send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Where to, what kind, which text.
    Content,
    /// The client id alone, where the text may come out otherwise each time.
    Key,
}

/// What the next step has to go on with.
enum Step {
    /// It is sent.
    Done(Sent),
    /// Somebody opened or deleted the chat meanwhile: look again.
    Again(Option<Head>),
}

impl Sending<'_> {
    /// Sends, beginning with the head as it was read.
    pub(crate) async fn run(&self, mut head: Option<Head>) -> Result<Sent> {
        let attempt = attempt();
        for _ in 0..OPEN_TRIES {
            let step = match head {
                None => self.open(&attempt).await?,
                Some(head) if head.closed => self.repeat(&attempt).await?,
                Some(head) => self.append(head, &attempt).await?,
            };
            match step {
                Step::Done(sent) => {
                    if matches!(sent.outcome, Stored::Now(_)) {
                        telemetry::count(Metric::Sends, 1);
                    }
                    return Ok(sent);
                }
                Step::Again(found) => head = found,
            }
        }
        Err(Error::Busy(StoreError::Unavailable("the chat is opened and deleted all the time".into())))
    }

    /// Refuses a client id that stands for another message already, for those who do something before they send.
    pub(crate) async fn check_key(&self) -> Result<()> {
        let Some(client_id) = &self.draft.client_id else { return Ok(()) };
        let standing = self.backend.store.standing_claim(self.sender, client_id, clock::now()).await?;
        match standing {
            Some(standing) if standing.digest != self.digest() => Err(KEY_REUSED),
            _ => Ok(()),
        }
    }

    /// The first answer again, in a chat that nobody writes to any more.
    async fn repeat(&self, attempt: &str) -> Result<Step> {
        let Some(client_id) = &self.draft.client_id else { return Err(NO_USER) };
        match self.backend.store.standing_claim(self.sender, client_id, clock::now()).await? {
            Some(standing) => self.replay(standing, attempt).await,
            None => Err(NO_USER),
        }
    }

    fn entry(&self, attempt: &str, now: Timestamp) -> Entry {
        Entry {
            sender: self.sender,
            text: self.draft.text.clone(),
            kind: self.draft.kind.word().to_owned(),
            at: now,
            client_id: self.draft.client_id.clone(),
            attempt: attempt.to_owned(),
        }
    }

    fn claim(&self, chat_id: ChatId, after: u64, attempt: &str, now: Timestamp) -> Option<Claim> {
        Some(Claim {
            sender: self.sender,
            client_id: self.draft.client_id.clone()?,
            digest: self.digest(),
            chat_id,
            after,
            claimed_at: now,
            taken_at: now,
            attempt: attempt.to_owned(),
        })
    }

    /// What a client id stands for.
    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(format!("{} {} ", self.key.pk(), self.draft.kind.word()));
        if self.identity == Identity::Content {
            digest.update(&self.draft.text);
        }
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest.finalize())
    }

    /// The first message of a chat: everything it needs comes to be with it.
    async fn open(&self, attempt: &str) -> Result<Step> {
        let store = &self.backend.store;
        let pair = self.key.pair();
        if let HeadKey::Chat(_) | HeadKey::Web(_) | HeadKey::Topic(_) = self.key {
            return Err(NO_CHAT);
        }
        let counted = pair.map(|pair| pair.users().to_vec()).unwrap_or_default();
        for tried in 0..OPEN_TRIES {
            if let Some(pair) = pair
                && store.profile(pair.other(self.sender)).await?.is_none()
            {
                return Err(NO_USER);
            }
            let now = clock::now();
            let mut head = Head::empty(ChatId::mint(), &counted);
            head.tail.push(self.entry(attempt, now));
            head.sent.entry(self.sender.to_string()).and_modify(|sent| *sent += 1);
            let claim = self.claim(head.chat_id, 0, attempt, now);
            match store.open_chat(self.key, &head, (self.sender, now), claim.as_ref()).await {
                Ok(()) => {
                    let message = head.newest().ok_or_else(|| Error::internal("an empty tail"))?;
                    return Ok(done(head.chat_id, Stored::Now(message)));
                }
                Err(StoreError::Refused(_)) => {}
                Err(StoreError::Unavailable(_)) => pause(tried).await,
                Err(error) => return Err(error.into()),
            }
            if let Some(head) = store.head(self.key).await? {
                return Ok(Step::Again(Some(head)));
            }
            if let Some(client_id) = &self.draft.client_id
                && let Some(standing) = store.standing_claim(self.sender, client_id, now).await?
                && standing.attempt != attempt
            {
                return self.replay(standing, attempt).await;
            }
        }
        Err(Error::Busy(StoreError::Unavailable("the chat could not be opened".into())))
    }

    async fn append(&self, head: Head, attempt: &str) -> Result<Step> {
        let now = clock::now();
        let Some(claim) = self.claim(head.chat_id, head.seq(), attempt, now) else {
            return self.commit(head, Filed::No, attempt, None).await;
        };
        let store = &self.backend.store;
        let filed = if head.is_busy(now) { Filed::No } else { Filed::Yes };
        let claiming = async { Ok(store.claim(&claim).await?) };
        let filing = async {
            match filed {
                Filed::Yes => file(self.backend, self.key, &head).await,
                Filed::No => Ok(()),
            }
        };
        let (standing, ()) = try_join(claiming, filing).await?;
        match standing {
            None => self.commit(head, filed, attempt, Some(claim)).await,
            Some(standing) => self.replay(standing, attempt).await,
        }
    }

    /// Commits, and where the outcome is unclear finds it out before trying again.
    async fn commit(
        &self,
        mut head: Head,
        mut filed: Filed,
        attempt: &str,
        mut claim: Option<Claim>,
    ) -> Result<Step> {
        let mut attempt = attempt.to_owned();
        let begun = clock::now();
        let after = claim.as_ref().map_or(head.seq(), |claim| claim.after);
        for _ in 0..OPEN_TRIES {
            let chat_id = head.chat_id;
            let entry = self.entry(&attempt, clock::now());
            match commit(self.backend, self.key, head, filed, &entry).await? {
                Outcome::Committed(message) => return Ok(done(chat_id, Stored::Now(message))),
                Outcome::Gone => return Ok(Step::Again(self.backend.store.head(self.key).await?)),
                Outcome::Fenced => {
                    let client_id = self.draft.client_id.as_deref().unwrap_or_default();
                    let standing = self.backend.store.standing_claim(self.sender, client_id, begun).await?;
                    let standing = standing.ok_or_else(|| Error::internal("fenced without a claim"))?;
                    // The fenced attempt can never commit: whatever comes next is another one.
                    return self.replay(standing, &crate::ids::attempt()).await;
                }
                Outcome::Unclear => {}
            }
            let Some(now) = fence(self.backend, self.key, chat_id, &attempt, begun).await? else {
                // It may have been sent before the chat was deleted: sending it again could bring it back.
                return Ok(done(chat_id, Stored::Deleted));
            };
            let wanted = Wanted {
                sender: self.sender,
                attempt: &attempt,
                client_id: self.draft.client_id.as_deref(),
                after,
                claimed_at: begun,
            };
            if let Some(found) = wanted.find(self.backend, &now).await? {
                return Ok(found.told_late(chat_id));
            }
            let next = crate::ids::attempt();
            if let Some(held) = &mut claim {
                if !self.backend.store.take_over(held, &next, clock::now()).await? {
                    return self.replay(held.clone(), &next).await;
                }
                held.attempt.clone_from(&next);
            }
            attempt = next;
            head = now;
            filed = Filed::No;
        }
        Err(Error::Busy(StoreError::Unavailable("the send has no clear outcome".into())))
    }

    /// A client id that is claimed already: the first answer again, or, where the attempt that claimed it
    /// died before it committed, the send itself.
    async fn replay(&self, mut standing: Claim, attempt: &str) -> Result<Step> {
        let store = &self.backend.store;
        for tried in 0..REPLAY_TRIES {
            if standing.digest != self.digest() {
                return Err(KEY_REUSED);
            }
            let chat_id = standing.chat_id;
            let Some(head) = store.head(self.key).await?.filter(|head| head.chat_id == chat_id) else {
                return Ok(done(chat_id, Stored::Deleted));
            };
            let wanted = Wanted {
                sender: self.sender,
                attempt: &standing.attempt,
                client_id: Some(&standing.client_id),
                after: standing.after,
                claimed_at: standing.taken_at,
            };
            if let Some(found) = wanted.find(self.backend, &head).await? {
                return Ok(found.told_before(chat_id));
            }
            let now = clock::now();
            if standing.taken_at + ATTEMPT_LASTS <= now {
                // Barred first and taken over then: whoever holds a claim knows that nobody before it can
                // commit any more, even where it dies between the two.
                let Some(head) = fence(self.backend, self.key, chat_id, &standing.attempt, now).await? else {
                    return Ok(done(chat_id, Stored::Deleted));
                };
                if let Some(found) = wanted.find(self.backend, &head).await? {
                    return Ok(found.told_late(chat_id));
                }
                if store.take_over(&standing, attempt, now).await? {
                    let taken = Claim { attempt: attempt.to_owned(), taken_at: now, ..standing };
                    return Box::pin(self.commit(head, Filed::No, attempt, Some(taken))).await;
                }
            }
            pause(tried.min(4)).await;
            match store.standing_claim(self.sender, &standing.client_id, now).await? {
                Some(again) => standing = again,
                // It ran out just now.
                None => break,
            }
        }
        Err(Error::Busy(StoreError::Unavailable("the first send with this key is under way".into())))
    }
}

fn done(chat_id: ChatId, outcome: Stored) -> Step {
    Step::Done(Sent { chat_id, outcome })
}

impl Found {
    /// Found because its own attempt got no answer or died: nobody may have been told of it.
    fn told_late(self, chat_id: ChatId) -> Step {
        match self {
            Self::Message(message) => done(chat_id, Stored::Now(message)),
            Self::Removed { .. } => self.told_before(chat_id),
        }
    }

    /// Found in answer to a repeated request.
    fn told_before(self, chat_id: ChatId) -> Step {
        let outcome = match self {
            Self::Message(message) => Stored::Before(message),
            Self::Removed { seq, at } => Stored::Removed { seq, at },
        };
        done(chat_id, outcome)
    }
}
