//! The system from outside: callers as types, over real HTTP and real sockets.
//!
//! Nothing here knows how the system is built. A test starts from a [`Stack`], takes callers from it
//! ([`Anonymous`], [`User`], [`Socket`]) and says what they see. Tests share nothing but the stack: every user
//! is new, so that all of them can run at once, on any stack.
//!
//! A harness that cannot do what a test asks for panics and says why: that is the failure of the test.

mod answer;
mod browser;
mod caller;
pub mod documents;
mod faults;
mod groups;
mod guest;
mod log;
pub mod meter;
mod outbox;
mod platform;
mod process;
mod queue;
mod random;
mod raw_socket;
mod relay;
mod socket;
mod stack;
pub mod store_proxy;
pub mod storm;
mod tables;
pub mod template;
pub mod token;
pub mod tour;
mod unique;
mod user;
mod wait;
mod web_user;

pub use answer::Answer;
pub use browser::{Browser, Tab};
pub use caller::{Anonymous, Call, Caller};
pub use faults::{FaultPlan, Faults, Met, Rates, insist};
pub use guest::Guest;
pub use log::Log;
pub use outbox::Mail;
pub use platform::{Algorithm, Encoding, Incoming, Key, Member, Platform, in_query, millis, verify_signed};
pub use process::{Owned, Process, allow_open_files, descendants, owner_of};
pub use queue::Queue;
pub use random::{random, repeatable, seed};
pub use raw_socket::{Opcode, RawFrame, RawSocket};
pub use relay::Relay;
pub use socket::Socket;
pub use stack::{Failure, Ready, Stack, target_folder, workspace};
pub use tables::Tables;
pub use unique::unique;
pub use user::{Applicant, User};
pub use wait::{PATIENCE, eventually, in_time};
pub use web_user::WebUser;
