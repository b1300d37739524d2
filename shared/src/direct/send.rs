//! `POST /chats` and `POST /chats_v2`: a message from one user to another.

use super::commit::{Filed, Found, Outcome, Wanted, commit, fence};
use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::frames::DirectMessage;
use crate::ids::{ChatId, UserId, attempt};
use crate::log::{Entry, Head, Message};
use crate::presence;
use crate::sessions::Bearer;
use crate::store::claims::Claim;
use crate::store::heads::Pair;
use crate::store::{StoreError, pause};
use crate::text::check_message;
use base64::Engine;
use futures::future::try_join;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long an attempt may hold a client id before another takes it over. Only how soon a retry after a
/// crash gets through depends on it; that there is one message does not.
const ATTEMPT_LASTS: Duration = Duration::from_secs(2);
const MAX_CLIENT_ID_BYTES: usize = 128;
const OPEN_TRIES: u32 = 12;
const REPLAY_TRIES: u32 = 60;

const NO_RECEIVER: Error = Error::NotFound("user_not_found", "There is no such user");
const KEY_REUSED: Error =
    Error::Conflict("idempotency_key_reused", "This idempotency key was used for another message");

/// What a direct message is (001, "send chat message").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// A message that is sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The chat it went to.
    pub chat_id: ChatId,
    /// Its position and time, unless the chat has been deleted since.
    pub place: Option<(u64, Timestamp)>,
}

/// Sends a message, opening the pair's chat if there is none, and pushes it to all sockets of both. When it
/// answers, the message is stored. The same client id gives the first answer again and stores nothing.
///
/// Three round trips one after another: session with head, filing with claim, commit.
pub async fn send(backend: &Backend, caller: Bearer, receiver: UserId, draft: Draft) -> Result<Sent> {
    let sender = caller.claimed_user();
    let read = async {
        check_message(&draft.text)?;
        if draft.client_id.as_ref().is_some_and(|id| !(1..=MAX_CLIENT_ID_BYTES).contains(&id.len())) {
            return Err(Error::invalid(
                "invalid_idempotency_key",
                "The idempotency key must have 1 to 128 bytes",
            ));
        }
        let pair = Pair::of(sender, receiver)
            .ok_or_else(|| Error::invalid("invalid_receiver", "receiver_id must be another user"))?;
        Ok((pair, backend.store.head(pair).await?))
    };
    let (_, (pair, head)) = caller.confirm_while(backend, read).await?;
    let sending = Sending { backend, pair, sender, receiver, draft };
    let (sent, fresh) = sending.run(head).await?;
    if let Some(message) = &fresh {
        let frame = DirectMessage::new(sent.chat_id, message);
        if let Err(error) = presence::push(backend, &pair.users(), &frame).await {
            tracing::warn!(%error, "a stored message was not pushed");
        }
    }
    Ok(sent)
}

/// One send on its way.
struct Sending<'a> {
    backend: &'a Backend,
    pair: Pair,
    sender: UserId,
    receiver: UserId,
    draft: Draft,
}

/// What the next step has to go on with.
enum Step {
    /// It is sent; with the message if sockets are still to be told.
    Done(Sent, Option<Message>),
    /// Somebody opened or deleted the chat meanwhile: look again.
    Again(Option<Head>),
}

impl Sending<'_> {
    async fn run(&self, mut head: Option<Head>) -> Result<(Sent, Option<Message>)> {
        let attempt = attempt();
        for _ in 0..OPEN_TRIES {
            let step = match head {
                None => self.open(&attempt).await?,
                Some(head) => self.append(head, &attempt).await?,
            };
            match step {
                Step::Done(sent, fresh) => return Ok((sent, fresh)),
                Step::Again(found) => head = found,
            }
        }
        Err(Error::Busy(StoreError::Unavailable("the chat is opened and deleted all the time".into())))
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

    /// What a client id stands for: whom to, what kind, which text.
    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(format!("direct {} {} ", self.receiver, self.draft.kind.word()));
        digest.update(&self.draft.text);
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest.finalize())
    }

    /// The first message of a chat: everything it needs comes to be with it.
    async fn open(&self, attempt: &str) -> Result<Step> {
        let store = &self.backend.store;
        if store.profile(self.receiver).await?.is_none() {
            return Err(NO_RECEIVER);
        }
        for tried in 0..OPEN_TRIES {
            let now = clock::now();
            let head = Head {
                chat_id: ChatId::mint(),
                filed: 0,
                filed_at: Timestamp::default(),
                tail: vec![self.entry(attempt, now)],
                sent: BTreeMap::from([(self.sender.to_string(), 1), (self.receiver.to_string(), 0)]),
                purges: BTreeMap::new(),
                purge_count: 0,
                latest: None,
                fenced: Vec::new(),
            };
            let claim = self.claim(head.chat_id, 0, attempt, now);
            match store.open_chat(self.pair, &head, claim.as_ref()).await {
                Ok(()) => {
                    return Ok(fresh(head.chat_id, head.newest()));
                }
                Err(StoreError::Refused(_)) => {}
                Err(StoreError::Unavailable(_)) => pause(tried).await,
                Err(error) => return Err(error.into()),
            }
            if let Some(head) = store.head(self.pair).await? {
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
        let filed = head.tail_messages();
        let (standing, ()) = try_join(store.claim(&claim), store.file(head.chat_id, &filed)).await?;
        match standing {
            None => self.commit(head, Filed::Yes, attempt, Some(claim)).await,
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
            match commit(self.backend, self.pair, head, filed, &entry).await? {
                Outcome::Committed(message) => return Ok(fresh(chat_id, Some(message))),
                Outcome::Gone => return Ok(Step::Again(self.backend.store.head(self.pair).await?)),
                Outcome::Fenced => {
                    let client_id = self.draft.client_id.as_deref().unwrap_or_default();
                    let standing = self.backend.store.standing_claim(self.sender, client_id, begun).await?;
                    let standing = standing.ok_or_else(|| Error::internal("fenced without a claim"))?;
                    // The fenced attempt can never commit: whatever comes next is another one.
                    return self.replay(standing, &crate::ids::attempt()).await;
                }
                Outcome::Unclear => {}
            }
            let Some(now) = fence(self.backend, self.pair, chat_id, &attempt, begun).await? else {
                // It may have been sent before the chat was deleted: sending it again could bring it back.
                return Ok(gone(chat_id));
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
            let Some(head) = store.head(self.pair).await?.filter(|head| head.chat_id == chat_id) else {
                return Ok(gone(chat_id));
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
                let Some(head) = fence(self.backend, self.pair, chat_id, &standing.attempt, now).await?
                else {
                    return Ok(gone(chat_id));
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

/// A message that sockets have yet to be told.
fn fresh(chat_id: ChatId, message: Option<Message>) -> Step {
    let place = message.as_ref().map(|message| (message.seq, message.at));
    Step::Done(Sent { chat_id, place }, message)
}

/// A message that went the way of its chat.
fn gone(chat_id: ChatId) -> Step {
    Step::Done(Sent { chat_id, place: None }, None)
}

impl Found {
    /// Found because its own attempt got no answer or died: nobody may have been told of it.
    fn told_late(self, chat_id: ChatId) -> Step {
        match self {
            Self::Message(message) => fresh(chat_id, Some(message)),
            Self::Removed { .. } => self.told_before(chat_id),
        }
    }

    /// Found in answer to a repeated request.
    fn told_before(self, chat_id: ChatId) -> Step {
        let place = match self {
            Self::Message(message) => (message.seq, message.at),
            Self::Removed { seq, at } => (seq, at),
        };
        Step::Done(Sent { chat_id, place: Some(place) }, None)
    }
}
