//! Conversations (document 004; contract, section 6): open to every user, and only an author deletes its message.

use crate::backend::Backend;
use crate::chats::{self, About, Kind, People};
use crate::clock;
use crate::error::{Error, Result};
use crate::frames::{ConversationEvent, conversation_message_url, conversation_url};
use crate::history::newest_first;
use crate::ids::{ChatId, UserId};
use crate::log::{Message, Position};
use crate::messages;
use crate::presence;
use crate::send::{Draft, Identity, Sending, Sent, Stored};
use crate::sessions::{Bearer, Caller};
pub use crate::store::chats::Topic;
use crate::store::cursors::Cursor;
use crate::store::heads::HeadKey;
use crate::store::{StoreError, pause};
use crate::text::check_name;
use futures::future::try_join3;

const TRIES: u32 = 16;

const NO_TOPIC: Error = Error::NotFound("conversation_not_found", "There is no such conversation");

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

/// Posts a message to a conversation, and tells everybody who listens. The first one makes its sender take part. Three
/// round trips before that, one more for the first message: session with head, author and cursor, filing with claim,
/// commit.
pub async fn post(backend: &Backend, caller: Caller, chat: ChatId, draft: Draft) -> Result<Sent> {
    let sender = caller.claimed_user();
    let key = HeadKey::Topic(chat);
    let reading = async {
        draft.check()?;
        let store = &backend.store;
        Ok(try_join3(store.head(key), store.profile(sender), store.cursor(sender, chat)).await?)
    };
    let (head, author, cursor) = caller.confirm_to_send(backend, reading).await?;
    let head = head.ok_or(NO_TOPIC)?;
    let sending = Sending { backend, key, sender, draft: &draft, identity: Identity::Content };
    if cursor.is_none() {
        sending.check_key().await?;
        let cursor = Cursor::new(chat, Kind::Topic, None, Position::default(), clock::now());
        chats::join(backend, sender, &cursor, false).await?;
    }
    let sent = sending.run(Some(head)).await?;
    if let Stored::Now(message) = &sent.outcome {
        let author = author.map(|author| author.name()).unwrap_or_default();
        let event = ConversationEvent::message(chat, message, author);
        presence::push_to_conversations(backend, chat, sender, &event).await;
    }
    Ok(sent)
}

/// One message of a conversation: a page of nothing else.
pub async fn message(backend: &Backend, caller: Bearer, chat: ChatId, seq: u64) -> Result<Page> {
    let reading = async { Ok(backend.store.head(HeadKey::Topic(chat)).await?) };
    let (_, head) = caller.confirm_while(backend, reading).await?;
    let message = messages::find(backend, &head.ok_or(NO_TOPIC)?, seq).await?;
    Page::new(backend, vec![message]).await
}

/// Deletes a message by its author, and tells everybody who listens. It counts nowhere from then on, and its position is
/// never used again.
pub async fn delete(backend: &Backend, user: UserId, chat: ChatId, seq: u64) -> Result<()> {
    messages::delete(backend, HeadKey::Topic(chat), user, seq, NO_TOPIC).await?;
    let (conversation, url) = (conversation_url(chat), conversation_message_url(chat, seq));
    let event = ConversationEvent::Delete { conversation, url };
    presence::push_to_conversations(backend, chat, user, &event).await;
    Ok(())
}
