//! The `boldly` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    boldly::cli::main()
}
