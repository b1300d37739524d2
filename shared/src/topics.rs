//! Conversations (document 004; contract, section 6): open to every user, and only an author deletes its message.

use crate::backend::Backend;
use crate::chats::{About, People};
use crate::clock;
use crate::error::{Error, Result};
use crate::frames::{ConversationEvent, ConversationMessage, conversation_message_url, conversation_url};
use crate::history::{newest_besides, newest_first};
use crate::ids::{ChatId, UserId, attempt};
use crate::log::{Head, Message};
use crate::presence;
use crate::send::{Draft, Identity, Sending, Sent, Stored, empty_tail};
use crate::sessions::{Bearer, Caller};
pub use crate::store::chats::Topic;
use crate::store::heads::HeadKey;
use crate::store::messages::{Order, Row};
use crate::store::{StoreError, pause};
use crate::text::check_name;
use futures::future::try_join;

const TRIES: u32 = 16;
/// Rows among which the newest one left usually is.
const FEW: usize = 4;

const NO_TOPIC: Error = Error::NotFound("conversation_not_found", "There is no such conversation");
const NO_MESSAGE: Error = Error::NotFound("message_not_found", "There is no such message");
const NOT_AUTHOR: Error = Error::Forbidden("Only its author may delete a message");

/// Begins a conversation.
pub async fn create(backend: &Backend, owner: UserId, title: String) -> Result<ChatId> {
    check_name("title", &title)?;
    for tried in 0..TRIES {
        let chat_id = ChatId::mint();
        let topic = Topic { chat_id, title: title.clone(), owner, created_at: clock::now() };
        match backend.store.create_chat(chat_id, &About::Topic(topic), None).await {
            Ok(()) => return Ok(chat_id),
            Err(StoreError::Refused(_) | StoreError::Unavailable(_)) => pause(tried).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("a conversation could not be begun".into())))
}

/// A conversation in the list of all.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The conversation.
    pub topic: Topic,
    /// How many messages it has.
    pub count: u64,
}

/// A page of all conversations, oldest first, after `after`. The second part is where the next page begins.
pub async fn list(
    backend: &Backend,
    caller: Bearer,
    after: Option<ChatId>,
    count: usize,
) -> Result<(Vec<Entry>, Option<ChatId>)> {
    let reading = async { Ok(backend.store.topics(after, count as i32).await?) };
    let (_, (topics, more)) = caller.confirm_while(backend, reading).await?;
    let next = topics.last().map(|topic| topic.chat_id).filter(|_| more);
    let keys: Vec<_> = topics.iter().map(|topic| HeadKey::Topic(topic.chat_id)).collect();
    let heads = backend.store.heads(&keys).await?;
    let entry = |topic: Topic| Some(Entry { count: heads.get(&topic.chat_id)?.count(), topic });
    Ok((topics.into_iter().filter_map(entry).collect(), next))
}

/// Messages, oldest first, with the people in them.
#[derive(Clone, Debug)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// Their authors.
    pub people: People,
}

impl Page {
    async fn new(backend: &Backend, messages: Vec<Message>) -> Result<Self> {
        let people = People::find(backend, messages.iter().map(|message| message.sender)).await?;
        Ok(Self { messages, people })
    }
}

/// The newest messages of a conversation.
pub async fn read(backend: &Backend, caller: Bearer, chat: ChatId, count: usize) -> Result<Page> {
    let reading = async { Ok(backend.store.head(HeadKey::Topic(chat)).await?) };
    let (_, head) = caller.confirm_while(backend, reading).await?;
    let mut messages = newest_first(backend, &head.ok_or(NO_TOPIC)?, 0, count).await?;
    messages.reverse();
    Page::new(backend, messages).await
}

/// Posts a message to a conversation, and tells everybody who listens. Three round trips before that: session with head
/// and author, filing with claim, commit.
pub async fn post(backend: &Backend, caller: Caller, chat: ChatId, draft: Draft) -> Result<Sent> {
    let sender = caller.claimed_user();
    let key = HeadKey::Topic(chat);
    let reading = async {
        draft.check()?;
        Ok(try_join(backend.store.head(key), backend.store.profile(sender)).await?)
    };
    let (head, author) = caller.confirm_while(backend, reading).await?;
    let head = head.ok_or(NO_TOPIC)?;
    let sending = Sending { backend, key, sender, draft: &draft, identity: Identity::Content };
    let sent = sending.run(Some(head)).await?;
    if let Stored::Now(message) = &sent.outcome {
        let author = author.map(|author| author.name()).unwrap_or_default();
        let event = ConversationEvent::Message {
            conversation: conversation_url(chat),
            message: ConversationMessage::new(chat, message, author),
            client_id: message.client_id.as_deref(),
        };
        presence::push_to_conversations(backend, sender, &event).await;
    }
    Ok(sent)
}

/// One message of a conversation: a page of nothing else.
pub async fn message(backend: &Backend, caller: Bearer, chat: ChatId, seq: u64) -> Result<Page> {
    let reading = async { Ok(backend.store.head(HeadKey::Topic(chat)).await?) };
    let (_, head) = caller.confirm_while(backend, reading).await?;
    let head = head.ok_or(NO_TOPIC)?;
    let in_tail = head.tail_messages().into_iter().find(|message| message.seq == seq);
    let message = match in_tail {
        Some(message) => message,
        None => filed(backend, &head, seq).await?.ok_or(NO_MESSAGE)?,
    };
    Page::new(backend, vec![message]).await
}

/// The message at a position, if it is filed and not removed.
async fn filed(backend: &Backend, head: &Head, seq: u64) -> Result<Option<Message>> {
    Ok(match row(backend, head, seq).await? {
        Some(Row::Live(message)) => Some(message),
        _ => None,
    })
}

async fn row(backend: &Backend, head: &Head, seq: u64) -> Result<Option<Row>> {
    if !(1..=head.filed).contains(&seq) {
        return Ok(None);
    }
    Ok(backend.store.rows(head.chat_id, seq..=seq, Order::Ascending, 1).await?.pop())
}

/// Deletes a message by its author, and tells everybody who listens. It counts nowhere from then on, and its position is
/// never used again.
pub async fn delete(backend: &Backend, user: UserId, chat: ChatId, seq: u64) -> Result<()> {
    remove(backend, user, chat, seq).await?;
    let (conversation, url) = (conversation_url(chat), conversation_message_url(chat, seq));
    presence::push_to_conversations(backend, user, &ConversationEvent::Delete { conversation, url }).await;
    Ok(())
}

async fn remove(backend: &Backend, user: UserId, chat: ChatId, seq: u64) -> Result<()> {
    let key = HeadKey::Topic(chat);
    let removal = attempt();
    for tried in 0..TRIES {
        let mut head = backend.store.head(key).await?.ok_or(NO_TOPIC)?;
        if let Some(message) = head.tail_messages().into_iter().find(|message| message.seq == seq) {
            if message.sender != user {
                return Err(NOT_AUTHOR);
            }
            match empty_tail(backend, key, &head).await? {
                Some(emptied) => head = emptied,
                None => {
                    pause(tried).await;
                    continue;
                }
            }
        }
        let message = match row(backend, &head, seq).await? {
            Some(Row::Live(message)) => message,
            // A call without a clear answer, or one that is repeated on its way, may meet its own success.
            Some(Row::Removed { removal: by, .. }) if by.as_ref() == Some(&removal) => return Ok(()),
            _ => return Err(NO_MESSAGE),
        };
        if message.sender != user {
            return Err(NOT_AUTHOR);
        }
        // A head with a tail has no `latest`.
        let latest = match head.latest.as_ref().is_some_and(|latest| latest.seq == seq) {
            true => Some(newest_besides(backend, &head, FEW, |other| other == seq).await?),
            false => None,
        };
        let removed =
            backend.store.delete_message(key, &head, &message, latest.as_ref(), &removal, clock::now()).await;
        match removed {
            Ok(()) => return Ok(()),
            Err(StoreError::Refused(_) | StoreError::Unavailable(_) | StoreError::Ambiguous(_)) => {
                pause(tried).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy(StoreError::Unavailable("a conversation changes all the time".into())))
}
