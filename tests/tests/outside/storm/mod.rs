//! What is right though a quarter of the store's calls fails in every way and processes are killed. On stacks of their
//! own. The bin `storm` does the same on a larger scale.

mod direct;
mod rooms;
