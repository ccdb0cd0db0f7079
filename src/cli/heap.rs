//! Memory that goes back to the system when it is let go.

/// Allocations of as much and more have pages of their own.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const APART_BYTES: i32 = 4 << 20;

/// Gives runs and blocks pages of their own for good. The C library of GNU/Linux does so at first, but takes the first that is freed for a sign
/// to keep memory of that size (up to 32 MiB) in its heaps, one for each thread that asked: eight runs of 18 MiB, the next one unpacked by a
/// thread while one is fitted, took 93 to 153 MiB, from one time to the next, and take 73.
///
/// What is smaller may stay in a heap whose end it was: that is asked for again at once, and pages that went would have to be cleared again
/// (`connect` with eight seeds took 88,000 page faults, and takes 35,000).
///
/// To be called before there are other threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the one way to say it; measured above")]
pub(super) fn keep_blocks_apart() {
    for number in [libc::M_MMAP_THRESHOLD, libc::M_TRIM_THRESHOLD] {
        // SAFETY: it takes two numbers and changes one of the allocator's, under the allocator's own lock. What it returns says whether it
        // did; nothing hangs on that but how much memory is kept.
        unsafe { libc::mallopt(number, APART_BYTES) };
    }
}

/// Elsewhere it is the system's own affair.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn keep_blocks_apart() {}
