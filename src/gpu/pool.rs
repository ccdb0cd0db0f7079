//! Device memory that is used again: a buffer that nobody holds any more waits here for the next block. New memory costs
//! the driver's time, and a page fault a page where the host sees it.

use std::sync::{Arc, Mutex, PoisonError};

/// More buffers than the rooms of a ring of blocks use.
const MOST_FREE: usize = 64;

/// Free buffers of one usage.
#[derive(Debug)]
pub(super) struct Pool {
    usage: wgpu::BufferUsages,
    most_bytes: u64,
    free: Mutex<Vec<wgpu::Buffer>>,
}

/// A buffer that returns to its pool.
#[derive(Debug)]
pub(super) struct Pooled {
    pub(super) raw: wgpu::Buffer,
    pool: Arc<Pool>,
}

impl Pool {
    pub(super) fn new(usage: wgpu::BufferUsages, limits: &wgpu::Limits) -> Arc<Pool> {
        let most_bytes = limits.max_buffer_size;
        Arc::new(Pool { usage, most_bytes, free: Mutex::default() })
    }

    /// A buffer of at least so many bytes, free or new; a new one whose usage says so is mapped for writing.
    pub(super) fn take(self: &Arc<Pool>, device: &wgpu::Device, bytes: u64) -> Pooled {
        let bytes = bytes.next_multiple_of(256);
        let fits =
            |free: &wgpu::Buffer| free.size() >= bytes && free.size() <= 2 * bytes.max(1 << 16);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let best = (0..free.len()).filter(|&n| fits(&free[n])).min_by_key(|&n| free[n].size());
        let raw = match best {
            Some(n) => free.swap_remove(n),
            None => {
                // A little more than is asked for: the next block may be a few voxels larger.
                let step = (bytes.next_power_of_two() / 16).max(256);
                device.create_buffer(&wgpu::BufferDescriptor {
                    label: None,
                    size: bytes.next_multiple_of(step).min(self.most_bytes).max(bytes),
                    usage: self.usage,
                    mapped_at_creation: self.usage.contains(wgpu::BufferUsages::MAP_WRITE),
                })
            }
        };
        Pooled { raw, pool: Arc::clone(self) }
    }

    /// Let the free buffers go.
    pub(super) fn clear(&self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn put(&self, raw: wgpu::Buffer) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() == MOST_FREE {
            free.remove(0);
        }
        free.push(raw);
    }
}

impl Drop for Pooled {
    /// What the host maps returns by [`Pooled::map_again`] and [`Pooled::unmapped`] only: it may still be under way.
    fn drop(&mut self) {
        let mapped = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE;
        if !self.pool.usage.intersects(mapped) {
            self.pool.put(self.raw.clone());
        }
    }
}

impl Pooled {
    /// Back to the pool once the device is through with it and the host may write into it anew.
    pub(super) fn map_again(self) {
        let (raw, pool) = (self.raw.clone(), Arc::clone(&self.pool));
        self.raw.slice(..).map_async(wgpu::MapMode::Write, move |mapped| {
            if mapped.is_ok() {
                pool.put(raw);
            }
        });
    }

    /// Back to the pool after it was read.
    pub(super) fn unmapped(self) {
        self.raw.unmap();
        self.pool.put(self.raw.clone());
    }
}
