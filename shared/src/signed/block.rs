//! What a member signs: a block of messages and acknowledgements, and by what it is known again (contract, section 2).

use super::receipts::Acknowledgement;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::PlatformChatId;
use crate::text::check_message;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use uuid::Uuid;

/// Messages in a block, and acknowledgements in a block.
const MAX_IN_BLOCK: usize = 100;
const MAX_CLIENT_HASH_BYTES: usize = 128;

/// What a member has signed.
#[derive(Clone, Debug)]
pub struct Block {
    /// When.
    pub signed_at: Timestamp,
    /// Messages to be sent.
    pub messages: Vec<Draft>,
    /// What is acknowledged.
    pub statuses: Vec<Acknowledgement>,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where.
    pub chat_id: PlatformChatId,
    /// The client's name for the message, by which it is known again for 24 hours; 1 to 128 bytes.
    pub client_hash: Option<String>,
    /// What to tell whom.
    pub parts: Vec<Part>,
}

/// What to tell one participant, or, without a recipient, all others that no part names.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The text, 1 byte to 16 KiB.
    pub text: String,
    /// Who, by its name in the chat.
    pub recipient: Option<Uuid>,
}

/// Refuses what no chat could make right.
pub(super) fn check(block: &Block) -> Result<()> {
    if block.messages.len() > MAX_IN_BLOCK || block.statuses.len() > MAX_IN_BLOCK {
        return Err(Error::invalid(
            "too_many",
            format!("a block has at most {MAX_IN_BLOCK} messages and {MAX_IN_BLOCK} statuses"),
        ));
    }
    let mut hashes = HashSet::new();
    let has_good_hash = |hash: &Option<String>| {
        hash.as_ref().is_none_or(|hash| (1..=MAX_CLIENT_HASH_BYTES).contains(&hash.len()))
    };
    if let Some(place) = block.statuses.iter().position(|status| !has_good_hash(&status.client_hash)) {
        let sentence = format!("statuses[{place}]: clientHash must have 1 to 128 bytes");
        return Err(Error::invalid("invalid_body", sentence));
    }
    for (place, draft) in block.messages.iter().enumerate() {
        let refuse = |code, what: &str| Err(Error::invalid(code, format!("messages[{place}]: {what}")));
        if !has_good_hash(&draft.client_hash) {
            return refuse("invalid_body", "clientHash must have 1 to 128 bytes");
        }
        if draft.client_hash.as_ref().is_some_and(|hash| !hashes.insert(hash)) {
            return refuse("invalid_body", "clientHash is that of another message of the block");
        }
        if draft.parts.is_empty() {
            return refuse("invalid_block", "messageBlock is empty");
        }
        let mut recipients = HashSet::new();
        for part in &draft.parts {
            if check_message(&part.text).is_err() {
                return refuse("invalid_message", "messageText must have 1 byte to 16 KiB");
            }
            if !recipients.insert(part.recipient) {
                return refuse("invalid_block", "two entries of messageBlock are for the same recipient");
            }
        }
    }
    Ok(())
}

/// Under what each message of a block is known again: its `clientHash`, else its place in this very block.
pub(super) fn keys(block: &Block, bytes: &[u8]) -> Vec<String> {
    let whole = STANDARD_NO_PAD.encode(Sha256::digest(bytes));
    let key = |(place, draft): (usize, &Draft)| match &draft.client_hash {
        Some(hash) => format!("hash#{hash}"),
        None => format!("block#{whole}#{place}"),
    };
    block.messages.iter().enumerate().map(key).collect()
}

/// What a message's `clientHash` stands for.
pub(super) fn digest(draft: &Draft) -> Result<String> {
    let whole = serde_json::to_vec(&(&draft.chat_id, &draft.parts)).map_err(Error::internal)?;
    Ok(STANDARD_NO_PAD.encode(Sha256::digest(whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(parts: Vec<Part>) -> Block {
        let draft = Draft { chat_id: "chat".parse().expect("a chatID"), client_hash: None, parts };
        Block { signed_at: Timestamp(1), messages: vec![draft], statuses: Vec::new() }
    }

    #[test]
    fn a_message_is_known_by_its_hash_or_by_its_place_in_the_very_bytes() {
        let part = || vec![Part { text: "hello".into(), recipient: None }];
        let mut named = block(part());
        named.messages[0].client_hash = Some("block#x#0".into());
        let nameless = block(part());
        assert_eq!(keys(&named, b"a"), keys(&named, b"b"));
        assert_ne!(keys(&nameless, b"a"), keys(&nameless, b"b"));
        assert_eq!(keys(&nameless, b"a"), keys(&nameless, b"a"));
        let mut posing = block(part());
        posing.messages[0].client_hash = keys(&nameless, b"a").pop();
        assert_ne!(keys(&posing, b"a"), keys(&nameless, b"a"), "a hash cannot pose as a place");
    }

    #[test]
    fn a_digest_tells_texts_recipients_and_chats_apart() {
        let part = |text: &str, recipient| Part { text: text.into(), recipient };
        let one = Uuid::from_u128(1);
        let drafts = [
            block(vec![part("a", None)]),
            block(vec![part("b", None)]),
            block(vec![part("a", Some(one))]),
            block(vec![part("a", Some(one)), part("a", None)]),
            block(vec![part("a", None), part("a", Some(one))]),
        ];
        let digests: HashSet<_> =
            drafts.iter().map(|block| digest(&block.messages[0]).expect("a digest")).collect();
        assert_eq!(digests.len(), drafts.len());
    }
}
