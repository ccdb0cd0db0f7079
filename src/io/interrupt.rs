//! Ctrl-C, `kill` and a file size limit end a run tidily: [`install`] turns the signals into a flag, long loops ask
//! [`check`], and the temporary files of [`super::Outputs`] vanish while the error travels up.

use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::{consts, flag};

use crate::{Error, Result};

static STOP: AtomicBool = AtomicBool::new(false);
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// From now on the first SIGINT or SIGTERM makes [`check`] fail and the second ends the process at once; SIGXFSZ no
/// longer kills, so that a write beyond `ulimit -f` is an [`Error::Output`]. Later calls do nothing.
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
        static TOO_LARGE: AtomicBool = AtomicBool::new(false);
        flag::register(consts::SIGXFSZ, &TOO_LARGE)?;
    }
    Ok(())
}

/// Fails once the user or the system has asked to stop; costs one atomic load.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn check() -> Result<()> {
    if STOP.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
}
