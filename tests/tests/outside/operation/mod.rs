//! What operators do with a deployment and what it does by itself: keys that are rotated, work that takes long, frames to
//! many sockets, and what is logged of all that. On stacks of their own.

mod broadcasts;
mod canaries;
mod crowd;
mod failed_work;
mod keys;
mod logs;
mod long_work;
mod lost_frames;
mod metrics;
mod stolen_keys;
