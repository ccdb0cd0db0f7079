//! Devices of one process are opened and closed one at a time. NVIDIA's driver 580.159.04 (Vulkan) sometimes never comes back from a
//! closing beside others: it waits for a thread of its own, which spins, and holds the lock that every other device needs.

use std::sync::{Condvar, Mutex, PoisonError};

static TAKEN: Mutex<bool> = Mutex::new(false);
static GIVEN: Condvar = Condvar::new();

/// Wait until no other device opens or closes.
fn take() {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut taken = GIVEN.wait_while(taken, |t| *t).unwrap_or_else(PoisonError::into_inner);
    *taken = true;
}

fn give() {
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = false;
    GIVEN.notify_one();
}

/// Do `work`, an opening, while no other device opens or closes.
pub(super) fn alone<T>(work: impl FnOnce() -> T) -> T {
    take();
    let _closed = Closed;
    work()
}

/// A device's first field: dropped first, it takes the turn in which the other fields close the device.
#[derive(Debug)]
pub(super) struct Closing;

impl Drop for Closing {
    fn drop(&mut self) {
        take();
    }
}

/// A device's last field: dropped last, it gives the turn back.
#[derive(Debug)]
pub(super) struct Closed;

impl Drop for Closed {
    fn drop(&mut self) {
        give();
    }
}
