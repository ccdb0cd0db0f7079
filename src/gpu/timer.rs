//! Kernel times: by GPU timestamps where the adapter has them, else by the clock on the wall.

use super::{Buffer, Gpu};
use crate::error::Result;

/// wgpu's limit on one query set.
const MOST_QUERIES: usize = 4096;

/// Two timestamps a submission.
pub(super) struct Timer {
    queries: wgpu::QuerySet,
    resolved: Buffer,
    n_submissions: usize,
}

impl Gpu {
    /// A timer for so many submissions, if the adapter has timestamps.
    pub(super) fn timer(&self, n_submissions: usize) -> Result<Option<Timer>> {
        let can = self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        if !can || n_submissions == 0 || 2 * n_submissions > MOST_QUERIES {
            return Ok(None);
        }
        self.scoped("allocating timestamps", || {
            let queries = self.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: 2 * n_submissions as u32,
            });
            let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("timestamps"),
                size: 16 * n_submissions as u64,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            });
            let resolved = Buffer { raw, label: "timestamps", words: 4 * n_submissions };
            Ok(Some(Timer { queries, resolved, n_submissions }))
        })
    }
}

impl Timer {
    /// Where a pass writes its two timestamps.
    pub(super) fn writes(&self, submission: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * submission as u32),
            end_of_pass_write_index: Some(2 * submission as u32 + 1),
        }
    }

    /// After the last pass.
    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        let all = 0..2 * self.n_submissions as u32;
        encoder.resolve_query_set(&self.queries, all, &self.resolved.raw, 0);
    }

    /// Seconds over all passes.
    pub(super) fn seconds(&self, gpu: &Gpu) -> Result<f64> {
        let mut ticks = vec![0_u64; 2 * self.n_submissions];
        gpu.read(&self.resolved, 0, bytemuck::cast_slice_mut(&mut ticks))?;
        let spent: u64 = ticks.chunks_exact(2).map(|t| t[1].saturating_sub(t[0])).sum();
        Ok(spent as f64 * f64::from(gpu.queue.get_timestamp_period()) * 1e-9)
    }
}
