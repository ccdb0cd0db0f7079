//! A tape's steps cut into submissions of 0.1 s at most, and what each dispatch binds.

use std::ops::Range;

use super::kernel::Kernel;
use super::tape::Step;
use super::{Gpu, Recording};
use crate::error::{Error, Result};

/// Seconds of one submission by the estimate below: watchdogs stop work that takes seconds.
const SUBMISSION_S: f64 = 0.1;
const UNIFORM_ALIGNMENT: usize = 256;
const MOST_GROUPS_X: u32 = 32_768;

/// A part of a step in one submission.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) step: usize,
    pub(super) groups: Range<u32>,
}

impl Gpu {
    /// Seconds of a step, on the slow side for the kind of adapter.
    fn estimate_s(&self, step: &Step) -> f64 {
        let (bytes_a_s, flops_a_s) = if self.software { (1e9, 1e9) } else { (2e10, 1e11) };
        (step.bytes as f64 / bytes_a_s).max(step.flops as f64 / flops_a_s)
    }

    /// Steps cut into submissions; at least one submission.
    pub(super) fn plan(&self, steps: &[Step]) -> Vec<Vec<Part>> {
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
        submissions
    }
}

/// The uniform words: one aligned slot a part.
pub(super) fn params(steps: &[Step], submissions: &[Vec<Part>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in submissions.iter().flatten() {
        let start = bytes.len();
        for word in [part.groups.start, part.groups.end].iter().chain(&steps[part.step].params) {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        bytes.resize(start + UNIFORM_ALIGNMENT, 0);
    }
    bytes
}

impl Recording<'_> {
    /// Record a part into a pass; `params`: the uniform buffer and the part's slot.
    pub(super) fn dispatch(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        (kernel, part): (&Kernel, &Part),
        params: (&wgpu::Buffer, usize),
    ) -> Result<()> {
        let bound = self.bind(kernel, &self.steps[part.step], params)?;
        let groups = part.groups.len() as u32;
        let across = groups.min(MOST_GROUPS_X);
        pass.set_pipeline(&kernel.pipeline);
        pass.set_bind_group(0, &bound, &[]);
        pass.dispatch_workgroups(across, groups.div_ceil(across), 1);
        Ok(())
    }

    fn bind(
        &self,
        kernel: &Kernel,
        step: &Step,
        params: (&wgpu::Buffer, usize),
    ) -> Result<wgpu::BindGroup> {
        let mut entries = Vec::with_capacity(kernel.bindings.len());
        for binding in kernel.bindings.iter() {
            let (buffer, offset, size) = if binding.name == "params" {
                (params.0, params.1 * UNIFORM_ALIGNMENT, UNIFORM_ALIGNMENT as u64)
            } else {
                let found = step.buffers.iter().find(|(name, _)| *name == binding.name);
                let (_, buffer) = found.ok_or_else(|| {
                    Error::internal(
                        step.variant.name(),
                        format!("was given no buffer `{}`", binding.name),
                        "",
                        "",
                    )
                })?;
                (buffer.raw()?, 0, buffer.bytes())
            };
            entries.push(wgpu::BindGroupEntry {
                binding: binding.number,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: offset as u64,
                    size: std::num::NonZeroU64::new(size),
                }),
            });
        }
        Ok(self.gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &kernel.layout,
            entries: &entries,
        }))
    }
}
