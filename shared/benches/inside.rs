//! What computes inside an invocation, without storage or network: `cargo bench -p chat`.

use chat::clock::Timestamp;
use chat::frames::MessageFrame;
use chat::geo::{Point, covering};
use chat::ids::{ChatId, UserId};
use chat::log::{Entry, Head, MAX_TAIL, Message, Position, Reader, Tally};
use chat::signed::keys::{Algorithm, UserKey};
use chat::store::heads::Kind;
use chat::{passwords, text};
use divan::{Bencher, black_box};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::signature::{SignatureEncoding, Signer};
use sha2::Sha256;

fn main() {
    divan::main();
}

/// The sizes of texts that are looked at, in bytes: a line, the size that sending has a bar for, the largest.
const TEXTS: [usize; 3] = [64, 512, 16 * 1024];

fn user(id: u64) -> UserId {
    id.try_into().expect("an id")
}

fn message(bytes: usize) -> Message {
    Message {
        seq: 7,
        sender: user(7),
        text: "x".repeat(bytes),
        kind: "text".to_owned(),
        at: Timestamp(1_767_225_600_000),
        nth: 3,
        client_id: None,
        attempt: "an attempt".to_owned(),
    }
}

/// A head whose tail has so many messages of 512 bytes.
fn head(tail: usize) -> Head {
    let Message { sender, text, kind, at, client_id, attempt, .. } = message(512);
    let entry = Entry { sender, text, kind, at, client_id, attempt };
    Head { tail: vec![entry; tail], ..Head::empty(ChatId::mint(), &[user(7), user(9)]) }
}

/// The frame of a message, as JSON.
#[divan::bench(args = TEXTS)]
fn frame(bencher: Bencher<'_, '_>, bytes: usize) {
    let (chat, message) = (ChatId::mint(), message(bytes));
    bencher.bench(|| serde_json::to_vec(&MessageFrame::new(Kind::Direct, chat, black_box(&message))));
}

/// What a message would take in an answer.
#[divan::bench(args = TEXTS)]
fn answer_len(bencher: Bencher<'_, '_>, bytes: usize) {
    let text = "x".repeat(bytes);
    bencher.bench(|| text::answer_len(black_box(&text)));
}

/// The messages of a head's tail.
#[divan::bench(args = [1, MAX_TAIL])]
fn tail_messages(bencher: Bencher<'_, '_>, tail: usize) {
    let head = head(tail);
    bencher.bench(|| black_box(&head).tail_messages());
}

/// How many messages are unread.
#[divan::bench(args = [1, MAX_TAIL])]
fn unread(bencher: Bencher<'_, '_>, tail: usize) {
    let head = head(tail);
    let reader = Reader { user: user(9), read: Position::default(), tally: Tally::default() };
    bencher.bench(|| black_box(&head).unread(black_box(&reader)));
}

/// The form in which a name is claimed.
#[divan::bench(args = ["Ada Lovelace", "Ａｄａ Ｌöｖｅｌａｃｅ"])]
fn canonical_name(name: &str) -> String {
    text::canonical_name(black_box(name))
}

/// What to read for the rooms within some metres.
#[divan::bench(args = [100.0, 10_000.0, 1_000_000.0])]
fn rooms_nearby(bencher: Bencher<'_, '_>, radius_m: f64) {
    let centre = Point::new(48.25, 16.5).expect("a place");
    bencher.bench(|| covering(black_box(centre), radius_m));
}

/// Whether a user's RSA key with so many bits has signed a block of 1 KiB.
#[divan::bench(args = ["a", "largest"])]
fn verify_block(bencher: Bencher<'_, '_>, key: &str) {
    let path = format!("{}/../tests/keys/{key}.pem", env!("CARGO_MANIFEST_DIR"));
    let pair = RsaPrivateKey::read_pkcs8_pem_file(path).expect("a key of the tests");
    let der = pair.to_public_key().to_public_key_der().expect("a public key");
    let public = UserKey::from_der(der.as_bytes()).expect("a key that is admitted");
    let block = vec![b'x'; 1024];
    let signature = SigningKey::<Sha256>::new(pair).sign(&block).to_vec();
    bencher.bench(|| assert!(public.verify(Algorithm::Rs256, black_box(&block), &signature)));
}

/// What a password is kept as: slow on purpose.
#[divan::bench]
fn hash_password() -> String {
    passwords::hash(black_box("correct horse battery")).expect("a hash")
}
