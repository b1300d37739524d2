//! What the targets share: the functions as they are deployed, in this process, over the store of a local stack that
//! `run` has started.

mod guest;
mod sockets;
mod system;

pub use guest::{Carriers, Guest};
pub use system::{Answer, System};

/// Bytes as an input is taken from: a few for choices, and texts that end where the targets say.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The first byte; 0 when there is none left.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of some things; there must be any.
    pub fn one_of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[usize::from(self.byte()) % things.len()]
    }

    /// What stands before the next line break, or all that is left.
    pub fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end {
            Some(end) => (&self.0[..end], &self.0[end + 1..]),
            None => (self.0, &[][..]),
        };
        self.0 = rest;
        line
    }

    /// A number of any kind: what its eight bytes are.
    pub fn number(&mut self) -> f64 {
        f64::from_bits(u64::from_le_bytes(std::array::from_fn(|_| self.byte())))
    }

    /// The rest as a text, as far as it is UTF-8.
    pub fn text(&self) -> &'a str {
        match std::str::from_utf8(self.0) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&self.0[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}
