//! Ctrl-C, `kill`, a terminal that closes and a file size limit end a run tidily: [`install`] turns the signals into a flag, long loops ask
//! [`check`], and the temporary files of [`super::Outputs`] vanish while the error travels up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::{consts, flag};

use crate::{Error, Result};

static STOP: AtomicBool = AtomicBool::new(false);
static FINISHED: AtomicUsize = AtomicUsize::new(0);
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// What ends with SIGABRT ends with this code: memory that the system does not give, which Rust has said by then, or a driver that gives up. Both
/// may go well another time.
const ABORTED: i32 = 75;

/// From now on the first SIGINT or SIGTERM makes [`check`] fail and the second ends the process at once; SIGHUP makes it
/// fail unless it is ignored (`nohup`), however often it comes; SIGXFSZ no longer kills, so that a write beyond `ulimit -f`
/// is an [`Error::Output`]. SIGABRT, which memory that cannot be had raises behind its message, ends the process with a code of [`Error`]'s, as its temporary
/// files are swept by the next one. Later calls do nothing.
///
/// # Errors
/// [`Error::Internal`] when the system refuses a handler.
pub fn install() -> Result<()> {
    if INSTALLED.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    register().map_err(|e| {
        Error::internal("a signal handler", "was refused by the system", "be accepted", "")
            .caused_by(e)
    })
}

fn register() -> std::io::Result<()> {
    for signal in [consts::SIGINT, consts::SIGTERM] {
        // The shutdown goes first: it acts only when an earlier signal has set the flag.
        flag::register_conditional_shutdown(signal, 128 + signal, &STOP)?;
        flag::register(signal, &STOP)?;
    }
    #[cfg(unix)]
    {
        static ALWAYS: AtomicBool = AtomicBool::new(true);
        flag::register_conditional_shutdown(consts::SIGABRT, ABORTED, &ALWAYS)?;
        // Both the shell and the system send it when a terminal closes, so the second must not cut the first one's work.
        if !ignores_hangup() {
            flag::register(consts::SIGHUP, &STOP)?;
        }
        static TOO_LARGE: AtomicBool = AtomicBool::new(false);
        flag::register(consts::SIGXFSZ, &TOO_LARGE)?;
    }
    Ok(())
}

/// Whether whoever started the process wants it to outlive the terminal.
#[cfg(target_os = "linux")]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Not known: left as it is, since to handle it would end what `nohup` protects.
    ignored.is_none_or(|mask| mask >> (consts::SIGHUP - 1) & 1 == 1)
}

/// The same where the system does not say: `nohup` leaves no standard stream on the terminal.
#[cfg(all(unix, not(target_os = "linux")))]
fn ignores_hangup() -> bool {
    use std::io::IsTerminal;
    !std::io::stderr().is_terminal()
}

/// So many files are complete and stay, whatever stops the rest.
pub(super) fn finished(n_files: usize) {
    FINISHED.fetch_add(n_files, Ordering::Relaxed);
}

/// An interrupt as the person is told of it: with the files that are complete by now, where there are some.
#[must_use]
pub fn told(error: Error) -> Error {
    match (error, FINISHED.load(Ordering::Relaxed)) {
        (Error::Interrupted, n) if n > 0 => {
            let (files, are) = if n == 1 { ("file", "is") } else { ("files", "are") };
            Error::Stopped(format!(
                "{n} {files} written before {are} complete and stay, nothing is half-written"
            ))
        }
        (error, _) => error,
    }
}

/// Fails once the user or the system has asked to stop; costs one atomic load.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn check() -> Result<()> {
    if STOP.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
}
