//! Running kernels: a room describes steps, this file cuts them into submissions of 0.2 s at most, runs, waits,
//! measures and checks.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::kernel::Kernel;
use super::{Activity, Buffer, Gpu, Span, Variant, limits};
use crate::error::{Error, Result};

/// One dispatch as a room describes it.
pub(crate) struct Step<'a> {
    /// What runs.
    pub(crate) variant: Variant,
    /// The shader's storage bindings by name.
    pub(crate) buffers: Vec<(&'a str, &'a Buffer)>,
    /// The shader's `Params` after `first` and `end`.
    pub(crate) params: Vec<u32>,
    /// Workgroups; any range of them may run by itself.
    pub(crate) workgroups: u32,
    /// The most loop iterations of one invocation.
    pub(crate) iterations: u64,
    /// Bytes that move to and from memory.
    pub(crate) bytes: u64,
    /// Floating-point operations.
    pub(crate) flops: u64,
}

/// Seconds of one submission by the estimate below: watchdogs stop work that takes seconds, and an interrupt waits
/// for one submission.
const SUBMISSION_S: f64 = 0.1;
const UNIFORM_ALIGNMENT: usize = 256;
const MOST_GROUPS_X: u32 = 32_768;

/// A part of a step in one submission.
struct Part {
    step: usize,
    groups: Range<u32>,
}

impl Gpu {
    /// Seconds of a step, on the slow side for the kind of adapter.
    fn estimate_s(&self, step: &Step<'_>) -> f64 {
        let (bytes_a_s, flops_a_s) = if self.software { (1e9, 1e9) } else { (2e10, 1e11) };
        (step.bytes as f64 / bytes_a_s).max(step.flops as f64 / flops_a_s)
    }

    /// Steps cut into submissions.
    fn plan(&self, steps: &[Step<'_>]) -> Vec<Vec<Part>> {
        let mut submissions = vec![Vec::new()];
        let mut left_s = SUBMISSION_S;
        for (index, step) in steps.iter().enumerate() {
            let a_group_s = self.estimate_s(step) / f64::from(step.workgroups.max(1));
            let mut next = 0;
            while next < step.workgroups {
                let fit = (left_s / a_group_s.max(1e-12)).min(f64::from(step.workgroups - next));
                let count = fit as u32;
                if count > 0 {
                    let part = Part { step: index, groups: next..next + count };
                    if let Some(last) = submissions.last_mut() {
                        last.push(part);
                    }
                    next += count;
                    left_s -= f64::from(count) * a_group_s;
                } else if left_s < SUBMISSION_S {
                    submissions.push(Vec::new());
                    left_s = SUBMISSION_S;
                } else {
                    left_s = a_group_s; // a group longer than a submission runs alone
                }
            }
        }
        submissions.retain(|parts| !parts.is_empty());
        submissions
    }

    /// Run steps one after the other and wait for them. `needed_bytes`: read plus written, as the algorithm needs them.
    pub(crate) fn run(
        &self,
        stage: &'static str,
        needed_bytes: u64,
        steps: &[Step<'_>],
    ) -> Result<()> {
        self.fail_if_injected(stage)?;
        for step in steps {
            limits::check_iterations(stage, step.iterations, self.software)?;
        }
        let kernels: Vec<Arc<Kernel>> =
            steps.iter().map(|step| self.kernel(step.variant)).collect::<Result<_>>()?;
        let submissions = self.plan(steps);
        if submissions.is_empty() {
            return Ok(());
        }
        let params = self.params(steps, &submissions)?;
        let timer = self.timer(submissions.len())?;
        let started = Instant::now();
        let last = self.scoped(stage, || {
            let mut last = None;
            let mut slot = 0;
            for (n, parts) in submissions.iter().enumerate() {
                let mut encoder = self.device.create_command_encoder(&Default::default());
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some(stage),
                    timestamp_writes: timer.as_ref().map(|timer| timer.writes(n)),
                });
                for part in parts {
                    let (kernel, step) = (&kernels[part.step], &steps[part.step]);
                    let bound = self.bind(kernel, step, (&params, slot))?;
                    slot += 1;
                    let groups = part.groups.len() as u32;
                    let across = groups.min(MOST_GROUPS_X);
                    pass.set_pipeline(&kernel.pipeline);
                    pass.set_bind_group(0, &bound, &[]);
                    pass.dispatch_workgroups(across, groups.div_ceil(across), 1);
                }
                drop(pass);
                if let Some(timer) = timer.as_ref().filter(|_| n + 1 == submissions.len()) {
                    timer.resolve(&mut encoder);
                }
                last = Some(self.queue.submit([encoder.finish()]));
            }
            Ok(last)
        })?;
        if let Some(last) = last {
            self.wait(stage, last)?;
        }
        let wall_s = started.elapsed().as_secs_f64();
        let seconds = timer.map_or(Ok(wall_s), |timer| timer.seconds(self))?;
        self.check_written(stage, steps, &kernels)?;
        self.note(Span {
            stage: stage.into(),
            activity: Activity::Kernel,
            seconds,
            bytes: needed_bytes,
            flops: steps.iter().map(|step| step.flops).sum(),
        });
        Ok(())
    }

    /// The uniform buffer: one aligned slot a part.
    fn params(&self, steps: &[Step<'_>], submissions: &[Vec<Part>]) -> Result<wgpu::Buffer> {
        let mut bytes = Vec::new();
        for part in submissions.iter().flatten() {
            let start = bytes.len();
            for word in [part.groups.start, part.groups.end].iter().chain(&steps[part.step].params)
            {
                bytes.extend_from_slice(&word.to_ne_bytes());
            }
            bytes.resize(start + UNIFORM_ALIGNMENT, 0);
        }
        self.scoped("writing parameters", || {
            let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("params"),
                size: bytes.len() as u64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            self.queue.write_buffer(&buffer, 0, &bytes);
            Ok(buffer)
        })
    }

    fn bind(
        &self,
        kernel: &Kernel,
        step: &Step<'_>,
        params: (&wgpu::Buffer, usize),
    ) -> Result<wgpu::BindGroup> {
        let mut entries = Vec::with_capacity(kernel.bindings.len());
        for binding in &kernel.bindings {
            let resource = if binding.name == "params" {
                wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: params.0,
                    offset: (params.1 * UNIFORM_ALIGNMENT) as u64,
                    size: std::num::NonZeroU64::new(UNIFORM_ALIGNMENT as u64),
                })
            } else {
                let found = step.buffers.iter().find(|(name, _)| *name == binding.name);
                let (_, buffer) = found.ok_or_else(|| {
                    Error::internal(
                        format!("{:?}", step.variant),
                        format!("was given no buffer `{}`", binding.name),
                        "",
                        "",
                    )
                })?;
                buffer.raw.as_entire_binding()
            };
            entries.push(wgpu::BindGroupEntry { binding: binding.number, resource });
        }
        Ok(self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &kernel.layout,
            entries: &entries,
        }))
    }

    fn check_written(
        &self,
        stage: &str,
        steps: &[Step<'_>],
        kernels: &[Arc<Kernel>],
    ) -> Result<()> {
        let mut written: Vec<&Buffer> = Vec::new();
        for (step, kernel) in steps.iter().zip(kernels) {
            for binding in kernel.bindings.iter().filter(|binding| binding.written) {
                for (_, buffer) in step.buffers.iter().filter(|(name, _)| *name == binding.name) {
                    if !written.iter().any(|seen| std::ptr::eq(*seen, *buffer)) {
                        written.push(buffer);
                    }
                }
            }
        }
        self.check_guards(stage, &written)
    }
}
