//! SHA-256 of inputs for the sidecars, computed on a thread of its own while the file is read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

use super::{files, interrupt};
use crate::{Error, Result};

/// Bytes a read: few system calls, and still in the second cache level when they are hashed.
const BUFFER: usize = 256 << 10;

/// The SHA-256 of a file as it lies on disk (compressed bytes where it is compressed), in lower-case hexadecimal.
///
/// # Errors
/// As for any input that cannot be opened or read; [`Error::Interrupted`].
pub fn file(path: &Path) -> Result<String> {
    digest(path, files::open(path)?, &AtomicBool::new(false))
}

/// The SHA-256 of bytes, in lower-case hexadecimal.
#[must_use]
pub fn bytes(bytes: &[u8]) -> String {
    hex(Sha256::new().chain_update(bytes))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn digest(path: &Path, mut file: File, cancelled: &AtomicBool) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        interrupt::check()?;
        if cancelled.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(hash)),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(files::cannot_read(path, e)),
        }
    }
}

/// A file being hashed. Dropping it stops the work.
#[derive(Debug)]
pub(crate) struct Hashing {
    path: PathBuf,
    cancelled: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<String>>>,
    done: Option<String>,
}

impl Hashing {
    /// Starts on an own handle; the caller's reads share the page cache with it.
    pub(crate) fn start(path: &Path) -> Result<Hashing> {
        let file = files::open(path)?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let (own_path, flag) = (path.to_path_buf(), Arc::clone(&cancelled));
        let thread = std::thread::Builder::new()
            .name("sha256".into())
            .spawn(move || digest(&own_path, file, &flag))
            .ok(); // without a thread it is hashed when asked for
        Ok(Hashing { path: path.to_path_buf(), cancelled, thread, done: None })
    }

    /// Waits for the digest.
    pub(crate) fn finish(&mut self) -> Result<String> {
        if self.done.is_none() {
            self.done = Some(match self.thread.take() {
                Some(thread) => thread.join().map_err(|_| {
                    Error::internal("the hashing thread", "panicked", "return a digest", "")
                })??,
                None => file(&self.path)?,
            });
        }
        Ok(self.done.clone().unwrap_or_default())
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}
