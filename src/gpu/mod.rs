//! Devices: the only home of wgpu. A [`Device`] is the CPU path or one GPU adapter; a [`Bold`] is a block of a run on
//! the host or on the device, and only this module moves it. What is to happen to a block is recorded on a [`Tape`]; one
//! submission, one wait and one readback carry it out.
//!
//! `adapter` chooses, `limits` sizes blocks, `context` opens and guards against errors, `shader` holds variants, `kernel`
//! compiles them, `buffer` and `pool` own memory, `staging` copies blocks, `resident` keeps what all blocks share, `tape`
//! records, `dispatch` and `submit` run, `flight` waits, `timer` measures, `probe` asks how the arithmetic behaves. No room
//! is known here; the rooms' `gpu.rs` see only what is re-exported.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::volume::{Block, HostBold};

mod adapter;
mod bandwidth;
mod buffer;
mod context;
mod cpu;
mod dispatch;
mod flight;
mod kernel;
mod limits;
mod pool;
mod probe;
mod resident;
mod shader;
mod span;
mod staging;
mod submit;
mod tape;
mod timer;
mod turn;

pub(crate) use adapter::may_have_hardware;
pub use adapter::{AdapterReport, adapter_reports, adapters, undriven_card};
pub(crate) use buffer::Buffer;
pub use context::Gpu;
pub use cpu::Cpu;
pub use flight::{Done, Flight};
pub use probe::SHADER as PROBE;
pub(crate) use shader::{Acc, QUADS, quads_for};
pub use shader::{Constant, Constants, Shader, Variant};
pub use span::{Activity, Span};
pub(crate) use tape::{Download, Step};
pub use tape::{Loading, Recording, Stored, Tape};

/// What `--device` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the CPU path. Never a software adapter.
    Auto,
    /// A hardware GPU, or an error.
    Gpu,
    /// The f64 CPU path.
    Cpu,
    /// The adapter whose name holds this text (any case), the first of several, or whose PCI address it is
    /// (`0000:65:00.0`, the domain may lack); the only way to a software adapter.
    Named(String),
}

/// How a device is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceOptions {
    /// Sums of the fit in f64: `None` where the adapter has it, `Some(true)` or an error, `Some(false)` never.
    pub f64_accumulators: Option<bool>,
}

/// Where a room computes.
#[derive(Debug)]
pub enum Device {
    /// The f64 CPU path on all cores.
    Cpu(Cpu),
    /// One adapter.
    Gpu(Box<Gpu>),
}

/// A block of a run in a storage buffer, `[volume][plane][j][i]`.
#[derive(Debug)]
pub struct DeviceBold {
    /// Which part of the run.
    pub block: Block,
    /// The values.
    pub(crate) buffer: Buffer,
    /// Positions in one volume of the block that are not finite in some volume.
    pub(crate) missing: Vec<u32>,
}

/// A block of a run on the host or on a device.
#[derive(Debug)]
pub enum Bold {
    /// In host memory.
    Host(HostBold),
    /// In a storage buffer, same layout.
    Device(DeviceBold),
}

impl Bold {
    /// Which part of the run.
    #[must_use]
    pub fn block(&self) -> &Block {
        match self {
            Bold::Host(host) => &host.block,
            Bold::Device(there) => &there.block,
        }
    }
}

/// What is recorded of a device beside each result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// `cpu` or the adapter's name.
    pub name: String,
    /// Where the card sits, `domain:bus:device.function`, which tells identical ones apart; empty where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pci: String,
    /// `cpu`, `discrete-gpu`, `integrated-gpu`, `virtual-gpu`, `software` or `other`.
    pub kind: String,
    /// Driver name and version; the SIMD level on the CPU path.
    pub driver: String,
    /// `f64`, `f32`, or `f32 with f64 accumulators`.
    pub precision: String,
    /// Findings of the start-up numerics probe, name to value; empty on the CPU path.
    pub probe: std::collections::BTreeMap<String, String>,
}

impl DeviceReport {
    /// Name, kind and place, for lists.
    #[must_use]
    pub fn title(&self) -> String {
        match self.pci.as_str() {
            "" => format!("{} ({})", self.name, self.kind),
            pci => format!("{} ({}, {pci})", self.name, self.kind),
        }
    }

    /// What `--device` takes for this adapter and no other: its place, else its name.
    #[must_use]
    pub fn handle(&self) -> &str {
        if self.pci.is_empty() { &self.name } else { &self.pci }
    }
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
        Device::open_with(choice, DeviceOptions::default())
    }

    /// Open what was asked for, with options.
    ///
    /// # Errors
    /// No device when it does not exist here or lacks what the options ask for.
    pub fn open_with(choice: &DeviceChoice, options: DeviceOptions) -> Result<Device> {
        let open = |adapter| Gpu::open(adapter, options).map(|gpu| Device::Gpu(Box::new(gpu)));
        match choice {
            DeviceChoice::Cpu => Ok(Device::cpu()),
            DeviceChoice::Auto if !adapter::may_have_hardware() => Ok(Device::cpu()),
            DeviceChoice::Auto => match adapter::choose(choice).map(open) {
                Ok(Err(why)) => Ok(Device::Cpu(Cpu::instead_of(why.to_string()))),
                Ok(opened) => opened,
                Err(_) => Ok(match adapter::undriven_card() {
                    Some(why) => Device::Cpu(Cpu::instead_of(why)),
                    None => Device::cpu(),
                }),
            },
            DeviceChoice::Gpu | DeviceChoice::Named(_) => open(adapter::choose(choice)?),
        }
    }

    /// The same adapter opened anew, after it was lost; measured spans move along.
    ///
    /// # Errors
    /// No device when it is gone.
    pub fn reopen(&self) -> Result<Device> {
        let device = match self {
            Device::Cpu(_) => Device::cpu(),
            Device::Gpu(gpu) => Device::Gpu(Box::new(gpu.reopen()?)),
        };
        for span in self.take_spans() {
            device.record(span);
        }
        Ok(device)
    }

    /// Why `auto` took the CPU path although there is a GPU; a warning's text.
    #[must_use]
    pub fn passed_over(&self) -> Option<&str> {
        match self {
            Device::Cpu(cpu) => cpu.passed_over.as_deref(),
            Device::Gpu(_) => None,
        }
    }

    /// The bytes of BOLD data that one block should hold; none on the CPU path, where host memory decides.
    #[must_use]
    pub fn block_bytes(&self) -> Option<usize> {
        match self {
            Device::Cpu(_) => None,
            Device::Gpu(gpu) => Some(gpu.block_bytes()),
        }
    }

    /// The most bytes of BOLD data that one block may hold.
    #[must_use]
    pub fn most_block_bytes(&self) -> Option<usize> {
        match self {
            Device::Cpu(_) => None,
            Device::Gpu(gpu) => Some(gpu.most_block_bytes()),
        }
    }

    /// How often the host has waited for the device.
    #[must_use]
    pub fn waits(&self) -> usize {
        match self {
            Device::Cpu(_) => 0,
            Device::Gpu(gpu) => gpu.waits(),
        }
    }

    /// What is recorded of it beside each result.
    #[must_use]
    pub fn report(&self) -> DeviceReport {
        match self {
            Device::Cpu(_) => cpu::report(),
            Device::Gpu(gpu) => gpu.report(),
        }
    }

    /// Add a measured stretch of work.
    pub fn record(&self, span: Span) {
        if let Ok(mut spans) = self.spans().lock() {
            spans.push(span);
        }
    }

    /// The work measured since the last call.
    #[must_use]
    pub fn take_spans(&self) -> Vec<Span> {
        self.spans().lock().map(|mut s| std::mem::take(&mut *s)).unwrap_or_default()
    }

    fn spans(&self) -> &Mutex<Vec<Span>> {
        match self {
            Device::Cpu(cpu) => &cpu.spans,
            Device::Gpu(gpu) => &gpu.spans,
        }
    }
}
