//! Storage buffers. In debug builds guard words lie behind each, checked after every dispatch, and outputs start as
//! NaN, so that a value nobody wrote is seen.

use super::{Acc, Gpu, limits};
use crate::error::{DeviceFailure, Error, Result};

pub(super) const GUARD_WORDS: usize = if cfg!(debug_assertions) { 16 } else { 0 };
const GUARD: u32 = 0xb01d_1e55;
/// A word of NaN, and half of one in f64.
const NAN: u32 = 0x7ff8_0b01;

/// A storage buffer of 32-bit words.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(super) raw: wgpu::Buffer,
    pub(super) label: &'static str,
    pub(super) words: usize,
}

impl Buffer {
    /// Words it holds.
    pub(crate) fn words(&self) -> usize {
        self.words
    }
}

impl Gpu {
    /// A buffer whose words are yet to be written.
    pub(super) fn allocate(&self, label: &'static str, words: usize) -> Result<Buffer> {
        // A binding holds at least one vec4.
        let bytes = 4 * (words.max(4) + GUARD_WORDS) as u64;
        if bytes > limits::binding_bytes(&self.limits) {
            return Err(Error::device(
                DeviceFailure::OutOfMemory,
                format!("buffer `{label}` of {} MiB", bytes >> 20),
                "exceeds what the device binds at once",
                format!("stay within {} MiB", limits::binding_bytes(&self.limits) >> 20),
                "work in smaller blocks",
            ));
        }
        let raw = self.scoped(&format!("allocating `{label}`"), || {
            Ok(self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_SRC
                    | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }))
        })?;
        if GUARD_WORDS > 0 {
            let guard = [GUARD; GUARD_WORDS];
            self.scoped("writing guard words", || {
                self.queue.write_buffer(
                    &raw,
                    bytes - 4 * GUARD_WORDS as u64,
                    bytemuck::cast_slice(&guard),
                );
                Ok(())
            })?;
        }
        Ok(Buffer { raw, label, words })
    }

    /// A buffer that kernels write before anything reads it: NaN in debug builds, zeros otherwise.
    pub(crate) fn output(&self, label: &'static str, words: usize) -> Result<Buffer> {
        let buffer = self.allocate(label, words)?;
        if cfg!(debug_assertions) {
            self.write(&buffer, bytemuck::cast_slice(&vec![NAN; words]))?;
        }
        Ok(buffer)
    }

    /// Values in a new buffer. `T` is a plain type of 32-bit words.
    pub(crate) fn upload<T: bytemuck::NoUninit>(
        &self,
        label: &'static str,
        values: &[T],
    ) -> Result<Buffer> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let buffer = self.allocate(label, bytes.len() / 4)?;
        self.write(&buffer, bytes)?;
        Ok(buffer)
    }

    /// Values in a new buffer, as what sums are kept in.
    pub(crate) fn upload_sums(&self, label: &'static str, values: &[f64]) -> Result<Buffer> {
        match self.acc() {
            Acc::F32 => {
                let rounded: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                self.upload(label, &rounded)
            }
            Acc::F64 => self.upload(label, values),
        }
    }

    /// Whether a kernel wrote behind its buffers. A defect, seen in debug builds only.
    pub(super) fn check_guards(&self, stage: &str, written: &[&Buffer]) -> Result<()> {
        if GUARD_WORDS == 0 {
            return Ok(());
        }
        for buffer in written {
            let mut guard = [0_u32; GUARD_WORDS];
            self.read(buffer, 4 * buffer.words.max(4), bytemuck::cast_slice_mut(&mut guard))?;
            if guard != [GUARD; GUARD_WORDS] {
                return Err(Error::device(
                    DeviceFailure::Rejected,
                    format!("{stage}: buffer `{}`", buffer.label),
                    "was written behind its end",
                    "",
                    "this is a defect of boldly; please report it",
                ));
            }
        }
        Ok(())
    }
}
