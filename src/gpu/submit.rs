//! A tape becomes submissions: memory, small uploads, the copies in, the passes, and the copies out into one buffer that is
//! read back. Nothing here waits for the device.

use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use rayon::prelude::*;

use super::buffer::{GUARD_WORDS, NAN};
use super::dispatch::{Part, params};
use super::flight::{self, Flight, Guard, InFlight, Layout, Ran};
use super::kernel::Kernel;
use super::pool::Pooled;
use super::timer::Timer;
use super::{Buffer, Recording};
use crate::error::{DeviceFailure, Error, Result};

/// What a tape needs beside its buffers.
struct Memory {
    params: Pooled,
    back: Option<Pooled>,
    timer: Option<Timer>,
}

/// Parts of one stage in one submission: one pass.
struct Pass<'a> {
    submission: usize,
    parts: &'a [Part],
}

impl<'d> Recording<'d> {
    /// Let the device begin.
    pub(super) fn submit(mut self) -> Result<Flight<'d>> {
        let what = self.what();
        self.gpu.fail_if_injected(&what)?;
        let kernels = self.kernels()?;
        let submissions = self.gpu.plan(&self.steps);
        let passes = self.passes(&submissions);
        let guards = self.guards(&kernels);
        let params = params(&self.steps, &submissions);
        let (memory, layout) = self.memory(&what, (&passes, &guards), params.len() as u64)?;
        let submitted = self.gpu.scoped(&what, || {
            self.write(&memory, &params)?;
            self.encode((&kernels, &passes), &memory, (&guards, layout))
        });
        if let Err(Error::Device { failure: DeviceFailure::OutOfMemory, .. }) = &submitted {
            self.gpu.clear_pools();
        }
        let last = submitted?;
        let loads: Vec<_> = std::mem::take(&mut self.loads);
        let spans = loads.into_iter().map(|load| {
            load.staged.map_again();
            load.span
        });
        let mapped = Arc::new(AtomicU8::new(flight::PENDING));
        if let Some(back) = &memory.back {
            let mapped = Arc::clone(&mapped);
            back.raw.slice(..layout.end).map_async(wgpu::MapMode::Read, move |result| {
                mapped.store(flight::state(result.is_ok()), std::sync::atomic::Ordering::Release);
            });
        }
        Ok(Flight::of(InFlight {
            loads: spans.collect(),
            ran: passes.iter().map(|pass| self.ran(pass)).collect(),
            gpu: self.gpu,
            what,
            last,
            began_s: super::span::now_s(),
            back: memory.back,
            has_ticks: memory.timer.is_some(),
            layout,
            guards,
            mapped,
        }))
    }

    /// The stages, for messages.
    fn what(&self) -> String {
        let mut names: Vec<&str> = self.needed.iter().map(|(stage, _)| *stage).collect();
        names.dedup();
        if names.is_empty() { "moving a block".to_owned() } else { names.join(", ") }
    }

    /// The kernel of each step; those that are not compiled yet compile side by side.
    fn kernels(&self) -> Result<Vec<Arc<Kernel>>> {
        let mut new: Vec<_> = self.steps.iter().map(|step| &step.variant).collect();
        new.retain(|variant| !self.gpu.is_compiled(variant));
        let mut different: Vec<_> = Vec::new();
        new.into_iter().for_each(|v| {
            if !different.contains(&v) {
                different.push(v);
            }
        });
        different.into_par_iter().try_for_each(|v| self.gpu.kernel(v).map(drop))?;
        self.steps.iter().map(|step| self.gpu.kernel(&step.variant)).collect()
    }

    fn passes<'a>(&self, submissions: &'a [Vec<Part>]) -> Vec<Pass<'a>> {
        let same = |a: &Part, b: &Part| self.needed[a.step].0 == self.needed[b.step].0;
        let of = |(submission, parts): (usize, &'a Vec<Part>)| {
            parts.chunk_by(same).map(move |parts| Pass { submission, parts })
        };
        submissions.iter().enumerate().flat_map(of).collect()
    }

    /// What a pass is charged with: bytes and operations where its step begins.
    fn ran(&self, pass: &Pass<'_>) -> Ran {
        let first = pass.parts.iter().filter(|part| part.groups.start == 0);
        let (mut bytes, mut flops) = (0, 0);
        for part in first {
            bytes += self.needed[part.step].1;
            flops += self.steps[part.step].flops;
        }
        let stage = pass.parts.first().map_or("", |part| self.needed[part.step].0);
        Ran { stage, bytes, flops }
    }

    /// In debug builds, the buffers that kernels write.
    fn guards(&self, kernels: &[Arc<Kernel>]) -> Vec<Guard> {
        let mut guards: Vec<Guard> = Vec::new();
        if GUARD_WORDS == 0 {
            return guards;
        }
        for ((step, kernel), (stage, _)) in self.steps.iter().zip(kernels).zip(&self.needed) {
            for binding in kernel.bindings.iter().filter(|binding| binding.written) {
                for (_, buffer) in step.buffers.iter().filter(|(name, _)| *name == binding.name) {
                    if !guards.iter().any(|guard| guard.buffer.is(buffer)) {
                        guards.push(Guard { stage, buffer: buffer.clone() });
                    }
                }
            }
        }
        guards
    }

    /// Memory for all that the tape holds.
    fn memory(
        &self,
        what: &str,
        (passes, guards): (&[Pass<'_>], &[Guard]),
        params: u64,
    ) -> Result<(Memory, Layout)> {
        let taken = self.gpu.scoped(what, || {
            let writes = self.writes.iter().map(|(buffer, _)| buffer);
            let loads = self.loads.iter().map(|load| &load.buffer);
            for buffer in writes.chain(loads).chain(&self.outputs) {
                buffer.place(self.gpu);
            }
            let timer = self.gpu.timer(passes.len());
            let downloads = self.downloads.last().map_or(0, |last| last.end());
            let ticks = downloads + (4 * GUARD_WORDS * guards.len()) as u64;
            let end = ticks + timer.as_ref().map_or(0, Timer::bytes);
            let pools = &self.gpu.pools;
            let back = (end > 0).then(|| pools.down.take(&self.gpu.device, end));
            let params = pools.params.take(&self.gpu.device, params.max(256));
            Ok((Memory { params, back, timer }, Layout { guards: downloads, ticks, end }))
        });
        if taken.is_err() {
            self.gpu.clear_pools();
        }
        taken
    }

    /// Small uploads; in debug builds guard words, and NaN in what is to be written.
    fn write(&self, memory: &Memory, params: &[u8]) -> Result<()> {
        let queue = &self.gpu.queue;
        if !params.is_empty() {
            queue.write_buffer(&memory.params.raw, 0, params);
        }
        for (buffer, bytes) in &self.writes {
            self.gpu.write_guard(buffer)?;
            if !bytes.is_empty() {
                queue.write_buffer(buffer.raw()?, 0, bytes);
            }
        }
        for load in &self.loads {
            self.gpu.write_guard(&load.buffer)?;
        }
        if cfg!(debug_assertions) {
            for buffer in &self.outputs {
                self.gpu.write_guard(buffer)?;
                queue.write_buffer(
                    buffer.raw()?,
                    0,
                    bytemuck::cast_slice(&vec![NAN; buffer.words()]),
                );
            }
        }
        Ok(())
    }

    /// Everything onto the queue, one submission after the other.
    fn encode(
        &self,
        (kernels, passes): (&[Arc<Kernel>], &[Pass<'_>]),
        memory: &Memory,
        (guards, layout): (&[Guard], Layout),
    ) -> Result<wgpu::SubmissionIndex> {
        let gpu = self.gpu;
        let new = || gpu.device.create_command_encoder(&Default::default());
        let mark = |encoder: &mut wgpu::CommandEncoder, which: u32| {
            memory.timer.iter().for_each(|timer| timer.mark(encoder, which));
        };
        let mut encoder = new();
        mark(&mut encoder, 0);
        for load in &self.loads {
            let bytes = 4 * load.buffer.words() as u64;
            encoder.copy_buffer_to_buffer(&load.staged.raw, 0, load.buffer.raw()?, 0, bytes);
        }
        mark(&mut encoder, 1);
        let (mut slot, mut submission) = (0, 0);
        for (n, pass) in passes.iter().enumerate() {
            if pass.submission != submission {
                submission = pass.submission;
                gpu.queue.submit([std::mem::replace(&mut encoder, new()).finish()]);
            }
            let mut open = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(pass.parts.first().map_or("", |part| self.needed[part.step].0)),
                timestamp_writes: memory.timer.as_ref().map(|timer| timer.writes(n)),
            });
            for part in pass.parts {
                let params = (&memory.params.raw, slot);
                self.dispatch(&mut open, (&kernels[part.step], part), params)?;
                slot += 1;
            }
        }
        mark(&mut encoder, 2);
        if let Some(back) = &memory.back {
            let mut copy = |from: &Buffer, at: u64, to: u64, bytes: usize| -> Result<()> {
                if bytes > 0 {
                    encoder.copy_buffer_to_buffer(from.raw()?, at, &back.raw, to, bytes as u64);
                }
                Ok(())
            };
            for download in &self.downloads {
                copy(&download.buffer, 0, download.at, 4 * download.words)?;
            }
            let places = (layout.guards..).step_by(4 * GUARD_WORDS.max(1));
            for (Guard { buffer, .. }, at) in guards.iter().zip(places) {
                copy(buffer, buffer.guard_at(), at, 4 * GUARD_WORDS)?;
            }
            mark(&mut encoder, 3);
            memory.timer.iter().for_each(|t| t.resolve(&mut encoder, (&back.raw, layout.ticks)));
        }
        Ok(gpu.queue.submit([encoder.finish()]))
    }
}
