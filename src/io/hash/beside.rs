//! A file that is hashed along with the work on it: as what is read of it passes, or by one thread of the pool while the
//! others work, and when the checksum is asked for all of them take what is left. A thread of its own would take turns
//! with the pool on few cores.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::tree::Tree;
use super::{Checksum, files};
use crate::{Error, Result};

/// How long another thread of the pool may take to wake up; asleep it takes a tenth of that.
const WAKE_UP: Duration = Duration::from_millis(2);

/// A file being hashed. Dropping it stops the work.
#[derive(Debug)]
pub(crate) struct Hashing {
    tree: Arc<Tree>,
    /// The thread beside says that it has ended.
    beside: Option<Receiver<Result<()>>>,
    done: Option<Checksum>,
}

impl Hashing {
    /// Opens the file; nothing is hashed by itself before [`Hashing::finish`].
    pub(super) fn prepare(path: &Path) -> Result<Hashing> {
        Ok(Hashing { tree: Arc::new(Tree::open(path)?), beside: None, done: None })
    }

    /// The same of a file that is open.
    pub(crate) fn of_file(path: &Path, file: &File) -> Result<Hashing> {
        let file = file.try_clone().map_err(|e| files::cannot_read(path, e))?;
        Ok(Hashing { tree: Arc::new(Tree::of_file(path, file)?), beside: None, done: None })
    }

    /// Starts on an own handle; the caller's reads share the page cache with it.
    pub(crate) fn start(path: &Path) -> Result<Hashing> {
        let mut hashing = Hashing::prepare(path)?;
        let tree = Arc::clone(&hashing.tree);
        let (sender, receiver) = channel();
        let taken_up = Arc::new(AtomicBool::new(false));
        let taken = Arc::clone(&taken_up);
        rayon::spawn(move || {
            taken.store(true, Ordering::Relaxed);
            let _ = sender.send(tree.work()); // nobody waits for it any more
        });
        hashing.beside = Some(receiver);
        // Else a thread of the pool would take it up itself within its next loop, and all would wait for that loop.
        let began = Instant::now();
        while rayon::current_thread_index().is_some()
            && rayon::current_num_threads() > 1
            && !taken_up.load(Ordering::Relaxed)
            && began.elapsed() < WAKE_UP
        {
            std::thread::yield_now();
        }
        Ok(hashing)
    }

    /// What others read of the file may pass through.
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Hashes what is left, by all cores, and waits for the thread beside.
    pub(crate) fn finish(&mut self) -> Result<Checksum> {
        if let Some(done) = &self.done {
            return Ok(done.clone());
        }
        let helpers = rayon::current_num_threads().min(self.tree.n_parts());
        (0..helpers).into_par_iter().try_for_each(|_| self.tree.work())?;
        if let Some(beside) = self.beside.take() {
            wait(&beside)?;
        }
        let checksum = Checksum::from(self.tree.root()?);
        self.done = Some(checksum.clone());
        Ok(checksum)
    }
}

/// The thread beside has taken its last part; a thread of the pool works on meanwhile.
fn wait(beside: &Receiver<Result<()>>) -> Result<()> {
    let ended = || Error::internal("the hashing task", "ended early", "finish", "");
    loop {
        match beside.try_recv() {
            Ok(ended) => return ended,
            Err(TryRecvError::Empty) if rayon::yield_now().is_some() => {}
            _ => return beside.recv().map_err(|_| ended())?,
        }
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.tree.cancel();
    }
}
