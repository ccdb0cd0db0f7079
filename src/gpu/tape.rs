//! The steps of a block: rooms record what is to run, with bindings by name, and what is to come back; nothing touches
//! the device before the tape is submitted (but for a block's values, which are copied where the device can fetch them).
//! On the CPU path a room computes at once and the tape stays empty.
//!
//! The idea of a recording is vello's; binding by name is ours.

use std::time::Instant;

use super::limits;
use super::pool::Pooled;
use super::staging::Staging;
use super::{
    Acc, Activity, Bold, Buffer, Cpu, Device, DeviceBold, Done, Flight, Gpu, Span, Variant,
};
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

/// A block on its way to a device in parts of consecutive volumes: what one part was read into serves the next, and no host
/// memory holds the block.
#[derive(Debug)]
pub struct Loading {
    block: Block,
    buffer: Buffer,
    staging: Option<Staging>,
    n_values: usize,
    missing: Vec<u32>,
    began: Instant,
    seconds: f64,
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

    /// Begin to send a block in parts; none on the CPU path, where it stays on the host.
    ///
    /// # Errors
    /// As for [`Tape::load`].
    pub fn begin_load(&mut self, block: &Block) -> Result<Option<Loading>> {
        match self {
            Tape::Cpu(_) => Ok(None),
            Tape::Gpu(recording) => recording.begin_load(block).map(Some),
        }
    }

    /// The next volumes of a block. The bytes of all parts but the last are a multiple of eight: volumes in even numbers.
    ///
    /// # Errors
    /// Device errors; internal for a part that is not the next.
    pub fn load_part(&mut self, loading: &mut Loading, part: &HostBold) -> Result<()> {
        match self {
            Tape::Cpu(_) => Err(not_of_this_tape()),
            Tape::Gpu(recording) => recording.load_part(loading, part),
        }
    }

    /// All parts have been sent.
    ///
    /// # Errors
    /// Internal when some are missing.
    pub fn end_load(&mut self, loading: Loading) -> Result<Bold> {
        match self {
            Tape::Cpu(_) => Err(not_of_this_tape()),
            Tape::Gpu(recording) => recording.end_load(loading).map(Bold::Device),
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
        let mut loading = self.begin_load(&bold.block)?;
        self.load_part(&mut loading, bold)?;
        self.end_load(loading)
    }

    fn begin_load(&mut self, block: &Block) -> Result<Loading> {
        let began = Instant::now();
        let buffer = Buffer::new(self.gpu, "bold", block.len())?;
        let staging = match block.len() {
            0 => None,
            values => Some(Staging::new(self.gpu, 4 * values as u64)?),
        };
        let (block, missing) = (block.clone(), Vec::new());
        let seconds = began.elapsed().as_secs_f64();
        Ok(Loading { block, buffer, staging, n_values: 0, missing, began, seconds })
    }

    fn load_part(&mut self, loading: &mut Loading, part: &HostBold) -> Result<()> {
        let began = Instant::now();
        let plane = loading.block.volume_len();
        let start = loading.block.volumes.start + loading.n_values / plane.max(1);
        let is_next = part.block.planes == loading.block.planes
            && part.block.volumes.start == start
            && part.block.volumes.end <= loading.block.volumes.end;
        if part.data.len() != part.block.len() || !is_next {
            return Err(Error::internal(
                "a block",
                format!("holds {} values of {:?}", part.data.len(), part.block),
                format!("hold {} from volume {start} on", part.block.len()),
                "this is a defect of boldly",
            ));
        }
        if let Some(staging) = &mut loading.staging {
            staging.put(self.gpu, bytemuck::cast_slice(&part.data))?;
        }
        loading.missing.extend(part.missing());
        loading.n_values += part.data.len();
        loading.seconds += began.elapsed().as_secs_f64();
        Ok(())
    }

    fn end_load(&mut self, loading: Loading) -> Result<DeviceBold> {
        let Loading { block, buffer, staging, n_values, mut missing, began, seconds } = loading;
        if n_values != block.len() {
            return Err(Error::internal(
                "a block",
                format!("came with {n_values} values"),
                format!("come with {}", block.len()),
                "this is a defect of boldly",
            ));
        }
        missing.sort_unstable();
        missing.dedup();
        if let Some(staging) = staging {
            let moved = (4 * n_values as u64, 0);
            let span = Span { seconds, ..Span::since("load", Activity::Upload, began, moved) };
            self.loads.push(Load { staged: staging.end(), buffer: buffer.clone(), span });
        }
        Ok(DeviceBold { block, buffer, missing })
    }
}

fn not_of_this_tape() -> Error {
    Error::internal(
        "a block that is loaded in parts",
        "was given to the CPU path",
        "be loaded by the tape that began it",
        "this is a defect of boldly",
    )
}

impl Download {
    /// Bytes it takes in what is read back; f64 stays aligned.
    pub(super) fn end(&self) -> u64 {
        self.at + (4 * self.words as u64).next_multiple_of(8)
    }
}
