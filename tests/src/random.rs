//! Random runs that can be repeated.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use uuid::Uuid;

/// The seed of a random run: `TEST_SEED`, or something new. A test that fails shows it.
#[expect(clippy::disallowed_methods, reason = "the command line of a test")]
pub fn seed() -> u64 {
    let given = std::env::var("TEST_SEED").ok().map(|seed| seed.parse().expect("TEST_SEED is a number"));
    let seed = given.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
    println!("TEST_SEED={seed}");
    seed
}

/// Random numbers of one of those who take part in a run.
pub fn random(seed: u64, part: usize) -> TestRng {
    let part = part as u64;
    TestRng::from_seed(RngAlgorithm::ChaCha, &[seed, part, seed, part].map(u64::to_le_bytes).concat())
}

/// Runs something whose draws a seed settles. Where it fails, it says with which command they are drawn again.
pub async fn repeatable<T>(command: &str, run: impl Future<Output = T>) -> T {
    match AssertUnwindSafe(run).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it failed");
            panic!("{text}\nThe same draws again: {command}");
        }
    }
}
