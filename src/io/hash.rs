//! SHA-256 of inputs for the sidecars, computed by one of the pool's threads while the others work on the file: a thread
//! of its own would take turns with them on few cores, and the digest, which nothing can share, would end last.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::{files, interrupt};
use crate::{Error, Result};

/// Bytes a read: few system calls, and still in the second cache level when they are hashed.
const BUFFER: usize = 256 << 10;

/// How long another thread of the pool may take to wake up; asleep it takes a tenth of that.
const WAKE_UP: Duration = Duration::from_millis(2);

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
    cancelled: Arc<AtomicBool>,
    digest: Receiver<Result<String>>,
    done: Option<String>,
}

impl Hashing {
    /// Starts on an own handle; the caller's reads share the page cache with it.
    pub(crate) fn start(path: &Path) -> Result<Hashing> {
        let file = files::open(path)?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let (own_path, flag) = (path.to_path_buf(), Arc::clone(&cancelled));
        let (sender, digest) = channel();
        let taken_up = Arc::new(AtomicBool::new(false));
        let taken = Arc::clone(&taken_up);
        rayon::spawn(move || {
            taken.store(true, Ordering::Relaxed);
            let _ = sender.send(self::digest(&own_path, file, &flag)); // nobody waits for it any more
        });
        // Else a thread of the pool would take it up itself within its next loop, and all would wait for that loop.
        let began = Instant::now();
        while rayon::current_thread_index().is_some()
            && rayon::current_num_threads() > 1
            && !taken_up.load(Ordering::Relaxed)
            && began.elapsed() < WAKE_UP
        {
            std::thread::yield_now();
        }
        Ok(Hashing { cancelled, digest, done: None })
    }

    /// Waits for the digest; a thread of the pool works on meanwhile.
    pub(crate) fn finish(&mut self) -> Result<String> {
        loop {
            if let Some(done) = &self.done {
                return Ok(done.clone());
            }
            match self.digest.try_recv() {
                Ok(digest) => self.done = Some(digest?),
                Err(TryRecvError::Empty) if rayon::yield_now().is_some() => {}
                _ => {
                    let ended =
                        |_| Error::internal("the hashing task", "ended early", "finish", "");
                    self.done = Some(self.digest.recv().map_err(ended)??);
                }
            }
        }
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}
