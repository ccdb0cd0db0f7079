//! The steps of a block: rooms record what is to run, with bindings by name, and what is to come back; nothing touches
//! the device before the tape is submitted (but for a block's values, which are copied where the device can fetch them).
//! On the CPU path a room computes at once and the tape stays empty.
//!
//! The idea of a recording is vello's; binding by name is ours.

use std::time::Instant;

use super::pool::Pooled;
use super::{
    Acc, Activity, Bold, Buffer, Cpu, Device, DeviceBold, Done, Flight, Gpu, Span, Variant,
};
use super::{limits, staging};
use crate::error::{Error, Result};
use crate::volume::{Block, HostBold};

/// Where rooms compute, or write down what is to be computed.
#[derive(Debug)]
pub enum Tape<'d> {
    /// At once.
    Cpu(&'d Cpu),
    /// When it is submitted.
    Gpu(Box<Recording<'d>>),
}

/// The steps for one adapter.
#[derive(Debug)]
pub struct Recording<'d> {
    pub(super) gpu: &'d Gpu,
    pub(super) loads: Vec<Load>,
    pub(super) writes: Vec<(Buffer, Vec<u8>)>,
    pub(super) outputs: Vec<Buffer>,
    pub(super) steps: Vec<Step>,
    pub(super) needed: Vec<(&'static str, u64)>,
    pub(super) downloads: Vec<Download>,
}

/// A block's values on their way.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) staged: Pooled,
    pub(super) buffer: Buffer,
    /// The host's part.
    pub(super) span: Span,
}

/// The first words of a buffer that come back.
#[derive(Debug, Clone)]
pub(crate) struct Download {
    pub(super) stage: &'static str,
    pub(super) buffer: Buffer,
    pub(super) words: usize,
    /// Where they lie in what is read back.
    pub(super) at: u64,
}

/// A block that is to come back to the host.
#[derive(Debug)]
pub struct Stored(pub(super) Storing);

#[derive(Debug)]
pub(super) enum Storing {
    Host(HostBold),
    Device(Block, Download),
}

/// One dispatch as a room describes it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What runs.
    pub(crate) variant: Variant,
    /// The shader's storage bindings by name.
    pub(crate) buffers: Vec<(&'static str, Buffer)>,
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

impl Device {
    /// An empty tape.
    #[must_use]
    pub fn tape(&self) -> Tape<'_> {
        match self {
            Device::Cpu(cpu) => Tape::Cpu(cpu),
            Device::Gpu(gpu) => Tape::Gpu(Box::new(Recording::new(gpu))),
        }
    }
}

impl<'d> Tape<'d> {
    /// Send a block to the device; on the CPU path it stays where it is. The second is what it was read into, for the
    /// next one, where the device has a copy.
    ///
    /// # Errors
    /// Device errors; out of memory when the block exceeds [`Device::block_bytes`] by much.
    pub fn load(&mut self, bold: HostBold) -> Result<(Bold, Option<Vec<f32>>)> {
        match self {
            Tape::Cpu(_) => Ok((Bold::Host(bold), None)),
            Tape::Gpu(recording) => {
                let there = recording.load(&bold)?;
                Ok((Bold::Device(there), Some(bold.data)))
            }
        }
    }

    /// Bring a block back to host memory.
    ///
    /// # Errors
    /// Internal when the block is on another device.
    pub fn store(&mut self, bold: Bold) -> Result<Stored> {
        match (self, bold) {
            (_, Bold::Host(host)) => Ok(Stored(Storing::Host(host))),
            (Tape::Gpu(recording), Bold::Device(there)) => {
                let back = recording.download("store", &there.buffer);
                Ok(Stored(Storing::Device(there.block, back)))
            }
            (Tape::Cpu(_), Bold::Device(_)) => Err(Error::internal(
                "a block on a GPU",
                "was given to the CPU path",
                "be stored by the tape that loaded it",
                "this is a defect of boldly",
            )),
        }
    }

    /// Add a measured stretch of work.
    pub fn record(&self, span: Span) {
        match self {
            Tape::Cpu(cpu) => cpu.record(span),
            Tape::Gpu(recording) => recording.gpu.note(span),
        }
    }

    /// Let the device begin.
    ///
    /// # Errors
    /// Device errors.
    pub fn submit(self) -> Result<Flight<'d>> {
        match self {
            Tape::Cpu(cpu) => Ok(Flight::landed(cpu)),
            Tape::Gpu(recording) => recording.submit(),
        }
    }

    /// Run to the end.
    ///
    /// # Errors
    /// Device errors.
    pub fn run(self) -> Result<Done<'d>> {
        self.submit()?.wait()
    }
}

impl<'d> Recording<'d> {
    /// Nothing yet.
    pub(super) fn new(gpu: &'d Gpu) -> Recording<'d> {
        Recording {
            gpu,
            loads: Vec::new(),
            writes: Vec::new(),
            outputs: Vec::new(),
            steps: Vec::new(),
            needed: Vec::new(),
            downloads: Vec::new(),
        }
    }

    /// The adapter, for what outlives the tape.
    pub(crate) fn gpu(&self) -> &Gpu {
        self.gpu
    }

    /// What sums are kept in.
    pub(crate) fn acc(&self) -> Acc {
        self.gpu.acc()
    }

    /// A buffer that kernels write before anything reads it: NaN in debug builds, anything otherwise.
    pub(crate) fn output(&mut self, label: &'static str, words: usize) -> Result<Buffer> {
        let buffer = Buffer::new(self.gpu, label, words)?;
        self.outputs.push(buffer.clone());
        Ok(buffer)
    }

    /// A few values. `T` is a plain type of 32-bit words.
    pub(crate) fn upload<T: bytemuck::NoUninit>(
        &mut self,
        label: &'static str,
        values: &[T],
    ) -> Result<Buffer> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let buffer = Buffer::new(self.gpu, label, bytes.len() / 4)?;
        self.writes.push((buffer.clone(), bytes.to_vec()));
        Ok(buffer)
    }

    /// Steps of a stage, one after the other. `needed_bytes`: read plus written, as the algorithm needs them.
    pub(crate) fn run(
        &mut self,
        stage: &'static str,
        needed_bytes: u64,
        steps: Vec<Step>,
    ) -> Result<()> {
        for step in &steps {
            limits::check_iterations(stage, step.iterations, self.gpu.software)?;
        }
        self.needed.extend(steps.iter().map(|_| (stage, 0)));
        if let Some((_, bytes)) = self.needed.last_mut().filter(|_| !steps.is_empty()) {
            *bytes = needed_bytes;
        }
        self.steps.extend(steps);
        Ok(())
    }

    /// Bring a buffer back.
    pub(crate) fn download(&mut self, stage: &'static str, buffer: &Buffer) -> Download {
        self.download_first(stage, buffer, buffer.words())
    }

    /// Bring its first words back.
    pub(crate) fn download_first(
        &mut self,
        stage: &'static str,
        buffer: &Buffer,
        words: usize,
    ) -> Download {
        let at = self.downloads.last().map_or(0, Download::end);
        let download = Download { stage, buffer: buffer.clone(), words, at };
        self.downloads.push(download.clone());
        download
    }

    fn load(&mut self, bold: &HostBold) -> Result<DeviceBold> {
        if bold.data.len() != bold.block.len() {
            return Err(Error::internal(
                "a block",
                format!("holds {} values", bold.data.len()),
                format!("hold {}", bold.block.len()),
                "this is a defect of boldly",
            ));
        }
        let buffer = Buffer::new(self.gpu, "bold", bold.data.len())?;
        let there = DeviceBold {
            block: bold.block.clone(),
            buffer: buffer.clone(),
            missing: bold.missing().to_vec(),
        };
        if !bold.data.is_empty() {
            let began = Instant::now();
            let staged = staging::stage(self.gpu, bytemuck::cast_slice(&bold.data))?;
            let moved = (4 * bold.data.len() as u64, 0);
            let span = Span::since("load", Activity::Upload, began, moved);
            self.loads.push(Load { staged, buffer, span });
        }
        Ok(there)
    }
}

impl Download {
    /// Bytes it takes in what is read back; f64 stays aligned.
    pub(super) fn end(&self) -> u64 {
        self.at + (4 * self.words as u64).next_multiple_of(8)
    }
}
