//! Devices: the only home of wgpu. A [`Device`] is the CPU path or one GPU adapter; a [`Bold`] is a block of a run on
//! the host or on the device, and only this module moves it.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::volume::{Block, HostBold};

/// What `--device` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the CPU path. Never a software adapter.
    Auto,
    /// A hardware GPU, or an error.
    Gpu,
    /// The f64 CPU path.
    Cpu,
    /// The adapter whose name holds this text (any case); the only way to a software adapter.
    Named(String),
}

/// Where a room computes.
#[derive(Debug)]
pub enum Device {
    /// The f64 CPU path on all cores.
    Cpu(Cpu),
    /// One adapter.
    Gpu(Box<Gpu>),
}

/// The CPU path: only its stopwatch.
#[derive(Debug, Default)]
pub struct Cpu {
    spans: Mutex<Vec<Span>>,
}

/// One adapter, opened.
#[derive(Debug)]
pub struct Gpu {
    spans: Mutex<Vec<Span>>,
}

/// A block of a run in a storage buffer.
#[derive(Debug)]
pub struct DeviceBold {
    /// Which part of the run.
    pub block: Block,
}

/// A block's estimates in storage buffers.
#[derive(Debug)]
pub struct DeviceFit {}

/// A block of a run on the host or on a device.
#[derive(Debug)]
pub enum Bold {
    /// In host memory.
    Host(HostBold),
    /// In a storage buffer, same layout.
    Device(DeviceBold),
}

/// What a measured stretch of time was spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// Host to device.
    Upload,
    /// Computing, on either device.
    Kernel,
    /// Device to host.
    Download,
}

/// One measured stretch of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The room: `smooth`, `nuisance`, `glm`, `contrast`.
    pub stage: String,
    /// What it was spent on.
    pub activity: Activity,
    /// Seconds; by GPU timestamps for kernels where the adapter has them.
    pub seconds: f64,
    /// Bytes read plus written, as the algorithm needs them.
    pub bytes: u64,
    /// Floating-point operations.
    pub flops: u64,
}

/// What is recorded of a device beside each result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// `cpu` or the adapter's name.
    pub name: String,
    /// `cpu`, `discrete-gpu`, `integrated-gpu`, `virtual-gpu`, `software` or `other`.
    pub kind: String,
    /// Driver name and version; the SIMD level on the CPU path.
    pub driver: String,
    /// `f64`, `f32`, or `f32 with f64 accumulators`.
    pub precision: String,
    /// Findings of the start-up numerics probe, name to value; empty on the CPU path.
    pub probe: std::collections::BTreeMap<String, String>,
}

impl Device {
    /// The CPU path.
    #[must_use]
    pub fn cpu() -> Device {
        Device::Cpu(Cpu::default())
    }

    /// Open what was asked for.
    ///
    /// # Errors
    /// No device when it does not exist here.
    pub fn open(choice: &DeviceChoice) -> Result<Device> {
        match choice {
            DeviceChoice::Cpu | DeviceChoice::Auto => Ok(Device::cpu()),
            _ => todo!(),
        }
    }

    /// The most bytes of BOLD data one block may hold; none on the CPU path, where host memory decides.
    #[must_use]
    pub fn block_bytes(&self) -> Option<usize> {
        None
    }

    /// Move a block to the device; on the CPU path it stays where it is.
    ///
    /// # Errors
    /// Device errors.
    pub fn load(&self, bold: HostBold) -> Result<Bold> {
        match self {
            Device::Cpu(_) => Ok(Bold::Host(bold)),
            Device::Gpu(_) => todo!(),
        }
    }

    /// Bring a block back to host memory.
    ///
    /// # Errors
    /// Device errors.
    pub fn store(&self, bold: Bold) -> Result<HostBold> {
        match bold {
            Bold::Host(host) => Ok(host),
            Bold::Device(_) => todo!(),
        }
    }

    /// What is recorded of it beside each result.
    #[must_use]
    pub fn report(&self) -> DeviceReport {
        todo!()
    }

    /// Add a measured stretch of work.
    pub fn record(&self, span: Span) {
        let spans = match self {
            Device::Cpu(cpu) => &cpu.spans,
            Device::Gpu(gpu) => &gpu.spans,
        };
        if let Ok(mut spans) = spans.lock() {
            spans.push(span);
        }
    }

    /// The work measured since the last call.
    #[must_use]
    pub fn take_spans(&self) -> Vec<Span> {
        let spans = match self {
            Device::Cpu(cpu) => &cpu.spans,
            Device::Gpu(gpu) => &gpu.spans,
        };
        spans.lock().map(|mut s| std::mem::take(&mut *s)).unwrap_or_default()
    }
}

/// All adapters of this machine, software ones included, without opening them.
#[must_use]
pub fn adapters() -> Vec<DeviceReport> {
    todo!()
}
