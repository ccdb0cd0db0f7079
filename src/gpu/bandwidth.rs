//! What a plain copy reaches on a device: the yardstick of `boldly bench`.

use std::time::Instant;

use rayon::prelude::*;

use super::{Device, Gpu, limits};
use crate::error::Result;

/// Bytes copied at a time: beyond the caches.
const BYTES: usize = 256 << 20;
const REPEATS: usize = 7;

impl Device {
    /// Bytes read plus written per second by a copy from memory to memory of the device; median of seven.
    ///
    /// # Errors
    /// Device errors.
    pub fn copy_bandwidth(&self) -> Result<f64> {
        let mut seconds = match self {
            Device::Cpu(_) => host_copies(),
            Device::Gpu(gpu) => gpu.copies()?,
        };
        seconds.1.sort_by(f64::total_cmp);
        Ok(2.0 * seconds.0 as f64 / seconds.1[REPEATS / 2])
    }
}

/// Bytes of one copy and the seconds of each.
type Copies = (usize, [f64; REPEATS]);

fn host_copies() -> Copies {
    let from = vec![1_u8; BYTES];
    let mut to = vec![0_u8; BYTES];
    let part = BYTES / rayon::current_num_threads();
    let seconds = [(); REPEATS].map(|()| {
        let began = Instant::now();
        to.par_chunks_mut(part).zip(from.par_chunks(part)).for_each(|(t, f)| t.copy_from_slice(f));
        began.elapsed().as_secs_f64()
    });
    (BYTES, seconds)
}

impl Gpu {
    fn copies(&self) -> Result<Copies> {
        let bytes = BYTES.min(limits::binding_bytes(&self.limits) as usize / 2) / 1024 * 1024;
        let (from, to) = self.scoped("allocating", || {
            let take = || self.pools.storage.take(&self.device, bytes as u64);
            Ok((take(), take()))
        })?;
        // several copies a submission, so that its own cost does not count
        let copies = 8;
        let mut seconds = [0.0; REPEATS];
        for spent in &mut seconds {
            let began = Instant::now();
            let submission = self.scoped("copying", || {
                let mut encoder = self.device.create_command_encoder(&Default::default());
                for _ in 0..copies {
                    encoder.copy_buffer_to_buffer(&from.raw, 0, &to.raw, 0, bytes as u64);
                }
                Ok(self.queue.submit([encoder.finish()]))
            })?;
            self.wait("copying", submission)?;
            *spent = began.elapsed().as_secs_f64() / f64::from(copies);
        }
        Ok((bytes, seconds))
    }
}
