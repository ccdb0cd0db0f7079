//! The threads that a command works on, however few the system allows, and the end of a command that panics.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// More threads than this are never of use, nor is `RAYON_NUM_THREADS` beyond it.
const MOST: usize = 256;

/// Runs a command on a thread of the pool: each loop that is handed to it from outside costs two wake-ups.
///
/// # Errors
/// The command's own; internal where it panics or where there is no pool.
pub(super) fn run<T: Send>(command: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pool = pool(&mut |n| ThreadPoolBuilder::new().num_threads(n).build())?;
    catch_unwind(AssertUnwindSafe(|| pool.install(command))).unwrap_or_else(|_| {
        Err(Error::internal(
            "boldly",
            "met a state that it should not be in, as said above",
            "not",
            "please report the command line and the message",
        ))
    })
}

type Built = std::result::Result<ThreadPool, rayon::ThreadPoolBuildError>;

/// As many threads as there are cores, or half as many until the system allows them (`ulimit -u`, a container's limit); where it
/// allows none, the thread that asks does all the work.
fn pool(build: &mut dyn FnMut(usize) -> Built) -> Result<ThreadPool> {
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok());
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut n = asked.filter(|&n| n > 0).unwrap_or_else(cores).min(MOST);
    while n > 0 {
        if let Ok(pool) = build(n) {
            return Ok(pool);
        }
        n /= 2;
    }
    let alone = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    alone.map_err(|e| {
        Error::internal("the threads", "cannot be started", "be, at least one", "raise ulimit -u")
            .caused_by(e)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_thread_can_be_started_the_one_that_asks_works_alone() {
        let mut asked = Vec::new();
        let none = std::thread::spawn(move || {
            let pool = pool(&mut |n| {
                asked.push(n);
                ThreadPoolBuilder::new()
                    .num_threads(n)
                    .spawn_handler(|_| Err(std::io::ErrorKind::WouldBlock.into()))
                    .build()
            })
            .unwrap();
            let sum = pool.install(|| rayon::join(|| 1, rayon::current_num_threads));
            (asked, sum)
        });
        let (asked, sum) = none.join().unwrap();
        assert_eq!(asked.last(), Some(&1), "{asked:?}");
        assert_eq!(sum, (1, 1));
    }
}
