//! The `boldly` binary: everything is in the library.

use std::process::ExitCode;

/// musl's own gives memory back and asks for it anew, with one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    boldly::cli::main()
}
