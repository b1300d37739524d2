//! The chat with the bot (document 002, steps 4 and 5).

pub mod engine;

use crate::backend::Backend;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::frames::BotExchange;
use crate::history::{PAGE, Page, before, newest_first};
use crate::ids::UserId;
use crate::log::{Head, Message};
use crate::presence;
use crate::send::{Draft, Identity, Kind, Sending, Sent, Stored};
use crate::sessions::Caller;
use crate::store::heads::HeadKey;
use crate::store::messages::{Order, Row};
use engine::{Engine, Turn};

/// Turns of the conversation that a model gets to see.
const TURNS: usize = 20;
/// Positions after a question among which its answer is looked for: those of other questions may come between.
const ANSWER_WITHIN: u64 = 100;

const NO_ANSWER: Error =
    Error::Unavailable("bot_unavailable", "The bot cannot answer at present; your message is kept");

/// A question and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What the user said.
    pub question: Message,
    /// What the bot said.
    pub answer: Message,
    /// Whether this is an earlier exchange, of which sockets have been told.
    pub is_repeated: bool,
}

/// Asks the bot. Question and answer are stored and pushed to all of the user's sockets. When the engine fails, the
/// question stays stored; sent again with the same client id, it is asked again.
pub async fn ask(
    backend: &Backend,
    engine: &Engine,
    caller: Caller,
    text: String,
    client_id: Option<String>,
) -> Result<Exchange> {
    let user = caller.claimed_user();
    let key = HeadKey::Bot(user);
    let draft = Draft { text, kind: Kind::Text, client_id };
    let reading = async {
        draft.check()?;
        Ok(backend.store.head(key).await?)
    };
    let head = caller.confirm_to_send(backend, reading).await?;
    let sending = Sending { backend, key, sender: user, draft: &draft, identity: Identity::Content };
    let (question, is_new) = message(sending.run(head).await?)?;
    let head = backend.store.head(key).await?.ok_or_else(|| Error::internal("a question without a chat"))?;
    if !is_new && let Some(answer) = find_answer(backend, &head, &question).await? {
        return Ok(Exchange { question, answer, is_repeated: true });
    }
    let said = engine.answer(&turns(backend, &head, &question).await?, &question.text).await;
    let text = said.map_err(|error| {
        tracing::warn!(%error, "the bot has no answer");
        NO_ANSWER
    })?;
    let draft = Draft { text, kind: Kind::Text, client_id: Some(answer_id(user, &question)) };
    let sending = Sending { backend, key, sender: UserId::BOT, draft: &draft, identity: Identity::Key };
    let chat = head.chat_id;
    let (answer, is_new) = message(sending.run(Some(head)).await?)?;
    if is_new {
        let frame = BotExchange::new(&question, &answer);
        presence::push(backend, chat, user, &[user], &frame).await;
    }
    Ok(Exchange { question, answer, is_repeated: !is_new })
}

/// One answer to one question, whoever asks for it how often.
fn answer_id(user: UserId, question: &Message) -> String {
    format!("{user}-{}", question.seq)
}

/// The message that was sent, and whether it was stored just now.
fn message(sent: Sent) -> Result<(Message, bool)> {
    match sent.outcome {
        Stored::Now(message) => Ok((message, true)),
        Stored::Before(message) => Ok((message, false)),
        Stored::Removed { .. } | Stored::Deleted => Err(Error::internal("a chat with the bot loses nothing")),
    }
}

async fn find_answer(backend: &Backend, head: &Head, question: &Message) -> Result<Option<Message>> {
    let id = answer_id(question.sender, question);
    let is_it = |message: &Message| message.sender == UserId::BOT && message.client_id.as_ref() == Some(&id);
    if let Some(answer) = head.tail_messages().into_iter().find(is_it) {
        return Ok(Some(answer));
    }
    let range = question.seq + 1..=head.filed.min(question.seq + ANSWER_WITHIN);
    let rows = backend.store.rows(head.chat_id, range, Order::Ascending, ANSWER_WITHIN as usize).await?;
    Ok(rows.into_iter().find_map(|row| match row {
        Row::Live(message) if is_it(&message) => Some(message),
        _ => None,
    }))
}

/// What was said before a question, oldest first.
async fn turns(backend: &Backend, head: &Head, question: &Message) -> Result<Vec<Turn>> {
    let mut newest = newest_first(backend, head, 0, TURNS).await?;
    newest.retain(|message| message.seq < question.seq);
    newest.reverse();
    let turn = |message: Message| Turn { is_user: message.sender != UserId::BOT, text: message.text };
    Ok(newest.into_iter().map(turn).collect())
}

/// The newest 100 messages, or those before `until`, newest first (002, step 4).
pub async fn history(backend: &Backend, caller: Caller, until: Option<Timestamp>) -> Result<Page> {
    let key = HeadKey::Bot(caller.claimed_user());
    let head = caller.confirm_while(backend, async { Ok(backend.store.head(key).await?) }).await?;
    match head {
        Some(head) => before(backend, &head, until, PAGE).await,
        None => Ok(Page { messages: Vec::new(), next: None }),
    }
}
