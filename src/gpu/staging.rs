//! Bytes to the device and back through two reused staging buffers each way: a fresh one a call costs a page fault a
//! page, a reused one runs at memory speed.

use super::{Acc, Buffer, Gpu};
use crate::error::{DeviceFailure, Result};

const SLOT_BYTES: usize = 16 << 20;

/// The staging buffers, made when first needed.
#[derive(Debug, Default)]
pub(super) struct Staging {
    up: Vec<Slot>,
    down: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    raw: wgpu::Buffer,
    last_use: Option<wgpu::SubmissionIndex>,
}

impl Gpu {
    fn slots(&self, usage: wgpu::BufferUsages) -> Result<Vec<Slot>> {
        self.scoped("allocating staging buffers", || {
            Ok((0..2)
                .map(|_| Slot {
                    raw: self.device.create_buffer(&wgpu::BufferDescriptor {
                        label: Some("staging"),
                        size: SLOT_BYTES as u64,
                        usage,
                        mapped_at_creation: false,
                    }),
                    last_use: None,
                })
                .collect())
        })
    }

    fn copy(
        &self,
        from: (&wgpu::Buffer, u64),
        to: (&wgpu::Buffer, u64),
        bytes: u64,
    ) -> wgpu::SubmissionIndex {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(from.0, from.1, to.0, to.1, bytes);
        self.queue.submit([encoder.finish()])
    }

    /// Write bytes, a multiple of four, from the buffer's start on.
    pub(super) fn write(&self, buffer: &Buffer, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let what = format!("uploading `{}`", buffer.label);
        let mut staging = self.staging.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if staging.up.is_empty() {
            staging.up =
                self.slots(wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC)?;
        }
        let written = self.scoped(&what, || {
            for (n, chunk) in bytes.chunks(SLOT_BYTES).enumerate() {
                let slot = &mut staging.up[n % 2];
                let part = slot.raw.slice(..chunk.len() as u64);
                self.map(&what, part, wgpu::MapMode::Write, slot.last_use.take())?;
                let mut mapped = part
                    .get_mapped_range_mut()
                    .map_err(|cause| self.failure(DeviceFailure::Lost, &what).caused_by(cause))?;
                mapped.copy_from_slice(chunk);
                drop(mapped);
                slot.raw.unmap();
                let at = (n * SLOT_BYTES) as u64;
                let copied = self.copy((&slot.raw, 0), (&buffer.raw, at), chunk.len() as u64);
                slot.last_use = Some(copied);
            }
            staging
                .up
                .iter()
                .filter_map(|slot| slot.last_use.clone())
                .try_for_each(|s| self.wait(&what, s))
        });
        if written.is_err() {
            staging.up.clear(); // their mapping state is unknown
        }
        written
    }

    /// Read bytes, a multiple of four, from byte `at` on.
    pub(super) fn read(&self, buffer: &Buffer, at: usize, bytes: &mut [u8]) -> Result<()> {
        let what = format!("downloading `{}`", buffer.label);
        let mut staging = self.staging.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if staging.down.is_empty() {
            staging.down =
                self.slots(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST)?;
        }
        let read = self.scoped(&what, || {
            let chunks = bytes.len().div_ceil(SLOT_BYTES);
            // Chunk n is copied while chunk n - 1 is read.
            let request = |n: usize, slot: &mut Slot, total: usize| {
                let from = n * SLOT_BYTES;
                let len = SLOT_BYTES.min(total - from) as u64;
                slot.last_use =
                    Some(self.copy((&buffer.raw, (at + from) as u64), (&slot.raw, 0), len));
            };
            let total = bytes.len();
            if chunks > 0 {
                request(0, &mut staging.down[0], total);
            }
            for (n, chunk) in bytes.chunks_mut(SLOT_BYTES).enumerate() {
                if n + 1 < chunks {
                    request(n + 1, &mut staging.down[(n + 1) % 2], total);
                }
                let slot = &mut staging.down[n % 2];
                let part = slot.raw.slice(..chunk.len() as u64);
                self.map(&what, part, wgpu::MapMode::Read, slot.last_use.take())?;
                let mapped = part
                    .get_mapped_range()
                    .map_err(|cause| self.failure(DeviceFailure::Lost, &what).caused_by(cause))?;
                chunk.copy_from_slice(&mapped);
                drop(mapped);
                slot.raw.unmap();
            }
            Ok(())
        });
        if read.is_err() {
            staging.down.clear();
        }
        read
    }

    /// All values of a buffer of sums, as what they are kept in.
    pub(crate) fn download_sums(&self, buffer: &Buffer) -> Result<Vec<f64>> {
        if self.acc() == Acc::F32 {
            return Ok(self.download(buffer)?.into_iter().map(f64::from).collect());
        }
        let mut values = vec![0.0_f64; buffer.words() / 2];
        self.read(buffer, 0, bytemuck::cast_slice_mut(&mut values))?;
        Ok(values)
    }

    /// All values of a buffer.
    pub(crate) fn download(&self, buffer: &Buffer) -> Result<Vec<f32>> {
        let mut values = vec![0.0_f32; buffer.words()];
        self.read(buffer, 0, bytemuck::cast_slice_mut(&mut values))?;
        Ok(values)
    }
}
