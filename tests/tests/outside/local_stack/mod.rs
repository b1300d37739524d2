//! What the local stack promises by itself. These tests start stacks of their own, always on the embedded store.

mod bodies;
mod connections;
mod cors;
mod crash;
mod data;
mod events;
mod faces;
mod idle;
mod limits;
mod refusals;
mod shutdown;
