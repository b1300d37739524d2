//! The local stack's executable. What it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    local::main()
}
