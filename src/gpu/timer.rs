//! Times by GPU timestamps where the adapter has them, laid onto the host's clock.

use super::Gpu;
use super::span::now_s;

/// wgpu's limit on one query set.
const MOST_QUERIES: u32 = 4096;

/// Timestamps of one tape: before its copies, two a pass, and behind the passes and the copies back.
#[derive(Debug)]
pub(super) struct Timer {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    n_passes: u32,
}

/// Where a tick lies on the host's clock: none can lie later than the host knew that it had passed, and the closest of
/// all that it waited for is the best guess.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    tick: u64,
    host_s: f64,
}

/// When the device did what, seconds on the host's clock.
#[derive(Debug)]
pub(super) struct Times {
    /// Its copies in.
    pub(super) upload: [f64; 2],
    /// Each pass.
    pub(super) passes: Vec<[f64; 2]>,
    /// Its copies out.
    pub(super) download: [f64; 2],
}

impl Gpu {
    /// A timer for so many passes, if the adapter has timestamps. Within error scopes.
    pub(super) fn timer(&self, n_passes: usize) -> Option<Timer> {
        let can = self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        let n_passes = n_passes as u32;
        let count = 2 * n_passes + 4;
        if !can || count > MOST_QUERIES {
            return None;
        }
        let queries = self.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count,
        });
        let resolved = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("timestamps"),
            size: 8 * u64::from(count),
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        Some(Timer { queries, resolved, n_passes })
    }

    /// The ticks as [`Timer`] wrote them, all of which have passed.
    pub(super) fn times(&self, ticks: &[u64]) -> Option<Times> {
        let last = *ticks.iter().max()?;
        let tick_s = f64::from(self.queue.get_timestamp_period()) * 1e-9;
        let mut anchor = self.anchor.lock().ok()?;
        let anchor = anchor.get_or_insert_with(|| Anchor { tick: last, host_s: now_s() });
        let since = |tick: u64| tick.wrapping_sub(anchor.tick).cast_signed() as f64 * tick_s;
        let host_s = anchor.host_s.min(now_s() - since(last));
        let at = |tick: u64| host_s + since(tick);
        let pair = |pair: &[u64]| [at(pair[0]), at(pair[1])];
        let (ends, passes) = ticks.split_at(4);
        let times = Times {
            upload: pair(&ends[..2]),
            passes: passes.chunks_exact(2).map(pair).collect(),
            download: pair(&ends[2..]),
        };
        anchor.host_s = host_s;
        Some(times)
    }
}

impl Timer {
    /// Bytes of the timestamps.
    pub(super) fn bytes(&self) -> u64 {
        8 * u64::from(2 * self.n_passes + 4)
    }

    /// Where a pass writes its two timestamps.
    pub(super) fn writes(&self, pass: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * pass as u32 + 4),
            end_of_pass_write_index: Some(2 * pass as u32 + 5),
        }
    }

    /// Write one of the four timestamps about the copies: 0 and 1 those in, 2 and 3 those out.
    pub(super) fn mark(&self, encoder: &mut wgpu::CommandEncoder, which: u32) {
        let _ = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                query_set: &self.queries,
                beginning_of_pass_write_index: Some(which),
                end_of_pass_write_index: None,
            }),
        });
    }

    /// After the last mark, into what is read back.
    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder, to: (&wgpu::Buffer, u64)) {
        encoder.resolve_query_set(&self.queries, 0..2 * self.n_passes + 4, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, to.0, to.1, self.bytes());
    }
}
