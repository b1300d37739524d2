//! Platforms' chats and who takes part in them (000, "Chat room management").

use super::queue;
use crate::backend::Backend;
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{MemberId, PlatformChatId, event_id};
use crate::store::platform_chats::Changed;
use crate::store::queues::{Content, Event, Passage};
use crate::store::{StoreError, pause};
use std::collections::HashMap;
use uuid::Uuid;

pub use crate::store::platform_chats::{Participant, PlatformChat};

/// Participants of a chat. What all of them must learn is written at once or not at all, together with the chat, and
/// DynamoDB writes 100 items at once.
pub const MAX_PARTICIPANTS: usize = 99;
const MAX_TITLE_CHARS: usize = 1_000;
const CHANGE_TRIES: u32 = 16;

const NO_CHAT: Error = Error::NotFound("chat_not_found", "ChatID not found");
const NOT_TAKING_PART: Error = Error::Forbidden("You do not take part in this chat");
const NOT_OWNER: Error = Error::Forbidden("Only the owner of the chat may do this");

/// Who does something to a chat.
#[derive(Clone, Debug)]
pub enum Actor {
    /// The operator's backend, which may do everything.
    Operator,
    /// A member.
    Member(MemberId),
}

impl Actor {
    /// Refuses a member who does not take part.
    fn check_part(&self, chat: &PlatformChat) -> Result<()> {
        match self {
            Self::Member(member) if participant(chat, member).is_none() => Err(NOT_TAKING_PART),
            _ => Ok(()),
        }
    }

    fn is_owner_or_operator(&self, chat: &PlatformChat) -> bool {
        match self {
            Self::Operator => true,
            Self::Member(member) => participant(chat, member).is_some_and(|one| one.guid == chat.owner),
        }
    }
}

fn participant<'a>(chat: &'a PlatformChat, member: &MemberId) -> Option<&'a Participant> {
    chat.participants.iter().find(|one| one.member_id == *member)
}

/// A chat as those see it who may.
#[derive(Clone, Debug)]
pub struct View {
    /// The chat.
    pub chat: PlatformChat,
    /// What its participants are shown as, where they have a display name.
    pub names: HashMap<MemberId, String>,
}

/// Brings members into a chat, which is made if there is none: for the member who does it, or, by the operator, for the
/// first of them. Answers with their names in the chat, in the given order. A title replaces the one before.
pub async fn add(
    backend: &Backend,
    actor: Actor,
    chat_id: &PlatformChatId,
    members: &[MemberId],
    title: Option<String>,
) -> Result<Vec<Uuid>> {
    check_count(members)?;
    if title.as_ref().is_some_and(|title| title.chars().count() > MAX_TITLE_CHARS) {
        let sentence = format!("chatName must have at most {MAX_TITLE_CHARS} characters");
        return Err(Error::invalid("invalid_name", sentence));
    }
    for tried in 0..CHANGE_TRIES {
        let before = backend.store.platform_chat(chat_id).await?;
        if let Some(before) = &before {
            actor.check_part(before)?;
        }
        if tried == 0 {
            check_known(backend, members).await?;
        }
        let now = clock::now();
        let mut chat = before.clone().unwrap_or_else(|| new_chat(chat_id, now));
        let first = match (&actor, &before) {
            (Actor::Member(caller), None) => Some(caller),
            _ => None,
        };
        let mut newcomers = Vec::new();
        for member in first.into_iter().chain(members) {
            if participant(&chat, member).is_none() {
                let guid = Uuid::new_v4();
                newcomers.push(guid);
                chat.participants.push(Participant { guid, member_id: member.clone() });
            }
        }
        if chat.participants.len() > MAX_PARTICIPANTS {
            let sentence = format!("a chat takes at most {MAX_PARTICIPANTS} participants");
            return Err(Error::invalid("chat_full", sentence));
        }
        let guids = members.iter().filter_map(|member| Some(participant(&chat, member)?.guid)).collect();
        let renamed = title.as_ref().filter(|title| **title != chat.title);
        if newcomers.is_empty() && renamed.is_none() {
            return Ok(guids);
        }
        if let Some(title) = renamed {
            chat.title.clone_from(title);
        }
        let told = match newcomers.is_empty() {
            true => Vec::new(),
            false => tell(&chat, Passage::ChatEnter, newcomers, now),
        };
        let changed = match before {
            None => {
                chat.owner = chat.participants.first().map_or(chat.owner, |first| first.guid);
                backend.store.create_platform_chat(&chat, &told).await
            }
            Some(before) => {
                touch(&mut chat, now);
                backend.store.update_platform_chat(&chat, before.revision, &told).await
            }
        };
        if settled(changed, tried).await? {
            queue::push(backend, told).await;
            return Ok(guids);
        }
    }
    Err(busy())
}

/// A chat and who takes part in it.
pub async fn view(backend: &Backend, actor: Actor, chat_id: &PlatformChatId) -> Result<View> {
    let chat = backend.store.platform_chat(chat_id).await?.ok_or(NO_CHAT)?;
    actor.check_part(&chat)?;
    let members: Vec<_> = chat.participants.iter().map(|one| one.member_id.clone()).collect();
    let members = backend.store.members(&members).await?.into_iter();
    let names = members.filter_map(|member| Some((member.member_id, member.display_name?))).collect();
    Ok(View { chat, names })
}

/// Takes members out of a chat, by their own names and by those in the chat; one who is not in it is no error. With
/// its owner the whole chat goes.
pub async fn remove(
    backend: &Backend,
    actor: Actor,
    chat_id: &PlatformChatId,
    members: &[MemberId],
    guids: &[Uuid],
) -> Result<()> {
    if members.is_empty() && guids.is_empty() {
        return Err(Error::invalid("invalid_users", "users or GUIDs must name somebody"));
    }
    if members.len() > MAX_PARTICIPANTS || guids.len() > MAX_PARTICIPANTS {
        return Err(too_many());
    }
    for tried in 0..CHANGE_TRIES {
        let before = match backend.store.platform_chat(chat_id).await? {
            Some(before) => before,
            // An earlier try may have done it without an answer.
            None if tried > 0 => return Ok(()),
            None => return Err(NO_CHAT),
        };
        match actor.check_part(&before) {
            Err(_) if tried > 0 => return Ok(()),
            checked => checked?,
        }
        if tried == 0 {
            check_known(backend, members).await?;
        }
        let is_named = |one: &Participant| members.contains(&one.member_id) || guids.contains(&one.guid);
        let (leaving, staying): (Vec<_>, Vec<_>) = before.participants.iter().cloned().partition(is_named);
        if !actor.is_owner_or_operator(&before) && !is_alone(&actor, members, guids, &before) {
            return Err(NOT_OWNER);
        }
        if leaving.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        let changed;
        let told;
        if leaving.iter().any(|one| one.guid == before.owner) {
            told = tell(&before, Passage::ChatLeave, everybody(&before), now);
            changed = backend.store.delete_platform_chat(&before, &told).await;
        } else {
            told = tell(&before, Passage::ChatLeave, leaving.iter().map(|one| one.guid).collect(), now);
            let revision = before.revision;
            let mut chat = PlatformChat { participants: staying, ..before };
            touch(&mut chat, now);
            changed = backend.store.update_platform_chat(&chat, revision, &told).await;
        }
        if settled(changed, tried).await? {
            queue::push(backend, told).await;
            return Ok(());
        }
    }
    Err(busy())
}

/// Deletes a chat. What waits in queues stays there.
pub async fn delete(backend: &Backend, actor: Actor, chat_id: &PlatformChatId) -> Result<()> {
    for tried in 0..CHANGE_TRIES {
        let chat = match backend.store.platform_chat(chat_id).await? {
            Some(chat) => chat,
            // An earlier try may have done it without an answer.
            None if tried > 0 => return Ok(()),
            None => return Err(NO_CHAT),
        };
        actor.check_part(&chat)?;
        if !actor.is_owner_or_operator(&chat) {
            return Err(NOT_OWNER);
        }
        let told = tell(&chat, Passage::ChatLeave, everybody(&chat), clock::now());
        let changed = backend.store.delete_platform_chat(&chat, &told).await;
        if settled(changed, tried).await? {
            queue::push(backend, told).await;
            return Ok(());
        }
    }
    Err(busy())
}

fn new_chat(chat_id: &PlatformChatId, now: Timestamp) -> PlatformChat {
    PlatformChat {
        chat_id: chat_id.clone(),
        title: String::new(),
        owner: Uuid::nil(),
        created_at: now,
        updated_at: now,
        last_at: now,
        revision: Uuid::new_v4(),
        participants: Vec::new(),
    }
}

fn touch(chat: &mut PlatformChat, now: Timestamp) {
    chat.updated_at = now.max(chat.updated_at);
    chat.revision = Uuid::new_v4();
}

fn everybody(chat: &PlatformChat) -> Vec<Uuid> {
    chat.participants.iter().map(|one| one.guid).collect()
}

/// What everybody in a chat is told.
fn tell(chat: &PlatformChat, passage: Passage, guids: Vec<Uuid>, now: Timestamp) -> Vec<(MemberId, Event)> {
    let content = Content::Info { passage, chat_id: chat.chat_id.clone(), guids };
    let event = Event { id: event_id(now), content, queued_at: now };
    chat.participants.iter().map(|one| (one.member_id.clone(), event.clone())).collect()
}

/// Whether a member names nobody but itself.
fn is_alone(actor: &Actor, members: &[MemberId], guids: &[Uuid], chat: &PlatformChat) -> bool {
    let Actor::Member(caller) = actor else { return false };
    let own = participant(chat, caller).map(|one| one.guid);
    members.iter().all(|member| member == caller) && guids.iter().all(|guid| Some(*guid) == own)
}

/// Whether a change is made. If not, the chat is another by now, or another change is in the way.
async fn settled(changed: crate::store::Result<Changed>, tried: u32) -> Result<bool> {
    match changed {
        Ok(Changed::Yes) => Ok(true),
        Ok(Changed::Stale) | Err(StoreError::Unavailable(_)) => {
            pause(tried).await;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn check_count(members: &[MemberId]) -> Result<()> {
    match members.len() {
        0 => Err(Error::invalid("invalid_users", "users must name somebody")),
        1..=MAX_PARTICIPANTS => Ok(()),
        _ => Err(too_many()),
    }
}

fn too_many() -> Error {
    Error::invalid("invalid_users", format!("a call names at most {MAX_PARTICIPANTS} users"))
}

/// Refuses names of nobody.
async fn check_known(backend: &Backend, members: &[MemberId]) -> Result<()> {
    let mut wanted = members.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let known: Vec<_> = backend.store.members(&wanted).await?.into_iter().map(|one| one.member_id).collect();
    match members.iter().find(|member| !known.contains(member)) {
        Some(unknown) => Err(Error::invalid("unknown_user", format!("there is no user \"{unknown}\""))),
        None => Ok(()),
    }
}

fn busy() -> Error {
    Error::Busy(StoreError::Unavailable("a chat changes all the time".into()))
}
