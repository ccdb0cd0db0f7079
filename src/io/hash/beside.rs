//! A file that is hashed beside the work on it: one thread of the pool takes parts while the others work, and when the
//! checksum is asked for all of them take what is left. A thread of its own would take turns with the pool on few cores.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::tree::{Tree, Values};
use super::{Checksum, files};
use crate::{Error, Result};

/// How long another thread of the pool may take to wake up; asleep it takes a tenth of that.
const WAKE_UP: Duration = Duration::from_millis(2);

/// A file being hashed. Dropping it stops the work.
#[derive(Debug)]
pub(crate) struct Hashing {
    tree: Arc<Tree>,
    /// What the thread beside has hashed.
    beside: Option<Receiver<Result<Values>>>,
    done: Option<Checksum>,
}

impl Hashing {
    /// Opens the file; nothing is hashed before [`Hashing::finish`].
    pub(super) fn prepare(path: &Path) -> Result<Hashing> {
        Ok(Hashing { tree: Arc::new(Tree::open(path)?), beside: None, done: None })
    }

    /// The same of a file that is open.
    pub(super) fn of_file(path: &Path, file: &File) -> Result<Hashing> {
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

    /// Hashes what is left, by all cores, and waits for the thread beside.
    pub(crate) fn finish(&mut self) -> Result<Checksum> {
        if let Some(done) = &self.done {
            return Ok(done.clone());
        }
        let helpers = rayon::current_num_threads().min(self.tree.n_parts());
        let shares: Vec<Values> =
            (0..helpers).into_par_iter().map(|_| self.tree.work()).collect::<Result<_>>()?;
        let mut values = shares.concat();
        if let Some(beside) = self.beside.take() {
            values.extend(wait(&beside)?);
        }
        let checksum = Checksum::from(self.tree.root(values)?);
        self.done = Some(checksum.clone());
        Ok(checksum)
    }
}

/// The thread beside has taken its last part; a thread of the pool works on meanwhile.
fn wait(beside: &Receiver<Result<Values>>) -> Result<Values> {
    let ended = || Error::internal("the hashing task", "ended early", "finish", "");
    loop {
        match beside.try_recv() {
            Ok(values) => return values,
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
