//! A tape on its way: one wait, then what it brought back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use super::buffer::{GUARD, GUARD_WORDS};
use super::pool::Pooled;
use super::span::now_s;
use super::tape::{Download, Stored, Storing};
use super::timer::Times;
use super::{Acc, Activity, Buffer, Cpu, Gpu, Span, staging};
use crate::error::{DeviceFailure, Error, Result};
use crate::volume::HostBold;

pub(super) const PENDING: u8 = 0;
const MAPPED: u8 = 1;
const FAILED: u8 = 2;

/// The state of what is read back after its mapping was answered.
pub(super) fn state(mapped: bool) -> u8 {
    if mapped { MAPPED } else { FAILED }
}

/// Where the parts of what is read back lie, bytes: first the downloads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) guards: u64,
    pub(super) ticks: u64,
    pub(super) end: u64,
}

/// A submitted tape; on the CPU path it has landed already.
#[derive(Debug)]
pub struct Flight<'d>(Way<'d>);

#[derive(Debug)]
enum Way<'d> {
    Here(&'d Cpu),
    Device(Box<InFlight<'d>>),
}

/// Results on the host.
#[derive(Debug)]
pub struct Done<'d>(At<'d>);

#[derive(Debug)]
enum At<'d> {
    Here(&'d Cpu),
    Device(Landed<'d>),
}

/// A pass as it is recorded.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) stage: &'static str,
    pub(super) bytes: u64,
    pub(super) flops: u64,
}

/// A buffer whose guard words come back.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) stage: &'static str,
    pub(super) buffer: Buffer,
}

#[derive(Debug)]
pub(super) struct InFlight<'d> {
    pub(super) gpu: &'d Gpu,
    pub(super) what: String,
    pub(super) last: wgpu::SubmissionIndex,
    pub(super) began_s: f64,
    pub(super) loads: Vec<Span>,
    pub(super) ran: Vec<Ran>,
    pub(super) back: Option<Pooled>,
    pub(super) has_ticks: bool,
    pub(super) layout: Layout,
    pub(super) guards: Vec<Guard>,
    pub(super) mapped: Arc<AtomicU8>,
}

#[derive(Debug)]
struct Landed<'d> {
    gpu: &'d Gpu,
    view: Option<wgpu::BufferView>,
    back: Option<Pooled>,
    /// Bytes that came back, and when.
    bytes: u64,
    came: [f64; 2],
}

impl<'d> Flight<'d> {
    pub(super) fn landed(cpu: &'d Cpu) -> Flight<'d> {
        Flight(Way::Here(cpu))
    }

    pub(super) fn of(flight: InFlight<'d>) -> Flight<'d> {
        Flight(Way::Device(Box::new(flight)))
    }

    /// Wait for the device, once.
    ///
    /// # Errors
    /// Device errors.
    pub fn wait(self) -> Result<Done<'d>> {
        match self.0 {
            Way::Here(cpu) => Ok(Done(At::Here(cpu))),
            Way::Device(flight) => Ok(Done(At::Device(flight.wait()?))),
        }
    }
}

impl<'d> InFlight<'d> {
    fn wait(mut self) -> Result<Landed<'d>> {
        let gpu = self.gpu;
        gpu.wait(&self.what, self.last.clone())?;
        let Some(back) = self.back.take() else {
            let came = self.record(None);
            return Ok(Landed { gpu, view: None, back: None, bytes: 1, came });
        };
        gpu.until_mapped(&self.what, || match self.mapped.load(Ordering::Acquire) {
            PENDING => None,
            state => Some(state == MAPPED),
        })?;
        let view = back
            .raw
            .get_mapped_range(..self.layout.end)
            .map_err(|cause| gpu.failure(DeviceFailure::Lost, &self.what).caused_by(cause))?;
        let words: &[u32] = bytemuck::cast_slice(&view);
        let (guards, ticks) = (self.layout.guards as usize / 4, self.layout.ticks as usize / 4);
        self.check_guards(&words[guards..ticks])?;
        let ticks: Vec<u64> =
            if self.has_ticks { bytemuck::pod_collect_to_vec(&words[ticks..]) } else { Vec::new() };
        let came = self.record(gpu.times(&ticks));
        let bytes = self.layout.guards.max(1);
        Ok(Landed { gpu, view: Some(view), back: Some(back), bytes, came })
    }

    /// Note what the device did; returns when it copied out.
    fn record(&self, times: Option<Times>) -> [f64; 2] {
        let now_s = now_s();
        let n = self.ran.len().max(1) as f64;
        // Without timestamps: from submission to now, in equal parts.
        let times = times.unwrap_or_else(|| Times {
            upload: [self.began_s; 2],
            passes: self
                .ran
                .iter()
                .map(|_| [self.began_s, self.began_s + (now_s - self.began_s) / n])
                .collect(),
            download: [now_s; 2],
        });
        let copied_s = times.upload[1] - times.upload[0];
        for load in &self.loads {
            let from_to_s = [load.from_to_s[0], times.upload[1].max(load.from_to_s[1])];
            let seconds = load.seconds + copied_s / self.loads.len() as f64;
            self.gpu.note(Span { seconds, from_to_s, ..load.clone() });
        }
        let mut passes = self.ran.iter().zip(&times.passes).peekable();
        while let Some((ran, &[from, to])) = passes.next() {
            let mut span = Span {
                stage: ran.stage.into(),
                activity: Activity::Kernel,
                seconds: (to - from).max(0.0),
                from_to_s: [from, to],
                bytes: ran.bytes,
                flops: ran.flops,
            };
            // A stage that was cut into several submissions is one span.
            while let Some((more, &[from, to])) =
                passes.next_if(|(next, _)| next.stage == ran.stage)
            {
                span.seconds += (to - from).max(0.0);
                span.from_to_s[1] = to;
                span.bytes += more.bytes;
                span.flops += more.flops;
            }
            self.gpu.note(span);
        }
        times.download
    }

    /// Whether a kernel wrote behind its buffers. A defect, seen in debug builds only.
    fn check_guards(&self, words: &[u32]) -> Result<()> {
        for (found, guard) in words.chunks_exact(GUARD_WORDS.max(1)).zip(&self.guards) {
            if found.iter().any(|&word| word != GUARD) {
                return Err(Error::device(
                    DeviceFailure::Rejected,
                    format!("{}: buffer `{}`", guard.stage, guard.buffer.label()),
                    "was written behind its end",
                    "",
                    "this is a defect of boldly; please report it",
                ));
            }
        }
        Ok(())
    }
}

impl<'d> Done<'d> {
    fn landed(&self) -> Option<&Landed<'d>> {
        match &self.0 {
            At::Here(_) => None,
            At::Device(landed) => Some(landed),
        }
    }

    /// Add a measured stretch of work.
    pub fn record(&self, span: Span) {
        match &self.0 {
            At::Here(cpu) => cpu.record(span),
            At::Device(landed) => landed.gpu.note(span),
        }
    }

    /// A block that was to come back.
    ///
    /// # Errors
    /// Internal when it belongs to another tape.
    pub fn bold(&self, stored: Stored) -> Result<HostBold> {
        match stored.0 {
            Storing::Host(host) => Ok(host),
            Storing::Device(block, download) => {
                let spare = self.landed().map_or_else(Vec::new, |landed| landed.gpu.spare());
                let data = self.read(&download, |values| staging::copied(values, spare))?;
                Ok(HostBold::new(block, data))
            }
        }
    }

    /// Take back the values of a block that came back: the next one is copied there. Those that never left the host are
    /// the caller's.
    #[must_use]
    pub fn reuse(&self, data: Vec<f32>) -> Option<Vec<f32>> {
        match &self.0 {
            At::Here(_) => Some(data),
            At::Device(landed) => {
                landed.gpu.keep_spare(data);
                None
            }
        }
    }

    /// What a room makes of values that came back.
    ///
    /// # Errors
    /// Internal when they belong to another tape.
    pub(crate) fn read<T>(&self, download: &Download, make: impl FnOnce(&[f32]) -> T) -> Result<T> {
        let missing = || Error::internal("a result", "is not of the tape that was run", "be", "");
        let landed = self.landed().ok_or_else(missing)?;
        let words = download.words;
        let bytes = download.at as usize..download.at as usize + 4 * words;
        let view = landed.view.as_ref().and_then(|view| view.get(bytes)).ok_or_else(missing)?;
        let began = Instant::now();
        let made = make(bytemuck::cast_slice(view));
        let mut span =
            Span::since(download.stage, Activity::Download, began, (4 * words as u64, 0));
        // Its share of the copy out.
        span.seconds +=
            (landed.came[1] - landed.came[0]).max(0.0) * (4 * words) as f64 / landed.bytes as f64;
        span.from_to_s[0] = landed.came[0].min(span.from_to_s[0]);
        landed.gpu.note(span);
        Ok(made)
    }

    /// The same of sums, f64 as far as they were kept.
    pub(crate) fn read_sums<T>(
        &self,
        download: &Download,
        make: impl FnOnce(&[f64]) -> T,
    ) -> Result<T> {
        let wide = self.landed().is_some_and(|landed| landed.gpu.acc() == Acc::F64);
        self.read(download, |values| match wide {
            true => make(bytemuck::cast_slice(values)),
            false => make(&values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>()),
        })
    }
}

impl Drop for Landed<'_> {
    fn drop(&mut self) {
        self.view = None;
        if let Some(back) = self.back.take() {
            back.unmapped();
        }
    }
}
