//! Storage buffers as a tape knows them: a name and a length; memory comes when the tape is submitted. In debug builds
//! guard words lie behind each, looked at after every tape, and outputs start as NaN, so that a value nobody wrote is seen.

use std::sync::{Arc, OnceLock};

use super::pool::Pooled;
use super::{Gpu, limits};
use crate::error::{DeviceFailure, Error, Result};

pub(super) const GUARD_WORDS: usize = if cfg!(debug_assertions) { 16 } else { 0 };
pub(super) const GUARD: u32 = 0xb01d_1e55;
/// A word of NaN, and half of one in f64.
pub(super) const NAN: u32 = 0x7ff8_0b01;
/// A binding holds at least two vec4<f32>, or one vec4<f64>.
const LEAST_WORDS: usize = 8;

/// A storage buffer of 32-bit words; a copy is the same buffer.
#[derive(Debug, Clone)]
pub(crate) struct Buffer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    label: &'static str,
    words: usize,
    memory: OnceLock<Pooled>,
}

impl Buffer {
    /// A buffer without memory.
    ///
    /// # Errors
    /// Out of memory when the device cannot bind so much.
    pub(super) fn new(gpu: &Gpu, label: &'static str, words: usize) -> Result<Buffer> {
        let buffer = Buffer(Arc::new(Inner { label, words, memory: OnceLock::new() }));
        let most = limits::binding_bytes(&gpu.limits);
        if buffer.bytes() > most {
            return Err(Error::device(
                DeviceFailure::OutOfMemory,
                format!("buffer `{label}` of {} MiB", buffer.bytes() >> 20),
                "exceeds what the device binds at once",
                format!("stay within {} MiB", most >> 20),
                "work in smaller blocks",
            ));
        }
        Ok(buffer)
    }

    pub(super) fn label(&self) -> &'static str {
        self.0.label
    }

    /// Words it holds.
    pub(crate) fn words(&self) -> usize {
        self.0.words
    }

    /// Bytes from its start to its guard words.
    pub(super) fn guard_at(&self) -> u64 {
        4 * self.words().max(LEAST_WORDS) as u64
    }

    /// Bytes with its guard words.
    pub(super) fn bytes(&self) -> u64 {
        self.guard_at() + 4 * GUARD_WORDS as u64
    }

    pub(super) fn is(&self, other: &Buffer) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Its memory, taken from the pool the first time; true when it was taken now.
    pub(super) fn place(&self, gpu: &Gpu) -> bool {
        let mut taken = false;
        self.0.memory.get_or_init(|| {
            taken = true;
            gpu.pools.storage.take(&gpu.device, self.bytes())
        });
        taken
    }

    /// Its memory.
    ///
    /// # Errors
    /// Internal when it has none: it belongs to a tape that was not submitted.
    pub(super) fn raw(&self) -> Result<&wgpu::Buffer> {
        self.0.memory.get().map(|memory| &memory.raw).ok_or_else(|| {
            Error::internal(
                format!("buffer `{}`", self.0.label),
                "has no memory",
                "belong to the tape that uses it",
                "",
            )
        })
    }
}

impl Gpu {
    /// Values in a buffer that outlives the tape; written before whatever is submitted next. `T` is a plain type of
    /// 32-bit words.
    pub(crate) fn upload<T: bytemuck::NoUninit>(
        &self,
        label: &'static str,
        values: &[T],
    ) -> Result<Buffer> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let buffer = Buffer::new(self, label, bytes.len() / 4)?;
        self.scoped(label, || {
            buffer.place(self);
            let raw = buffer.raw()?;
            self.write_guard(&buffer)?;
            if !bytes.is_empty() {
                self.queue.write_buffer(raw, 0, bytes);
            }
            Ok(())
        })?;
        Ok(buffer)
    }

    pub(super) fn write_guard(&self, buffer: &Buffer) -> Result<()> {
        if GUARD_WORDS > 0 {
            let guard = [GUARD; GUARD_WORDS];
            let guard = bytemuck::cast_slice(&guard);
            self.queue.write_buffer(buffer.raw()?, buffer.guard_at(), guard);
        }
        Ok(())
    }
}
