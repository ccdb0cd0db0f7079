//! Which adapters this machine has and which one is meant.

use std::collections::BTreeMap;

use wgpu::DeviceType;

use super::{DeviceChoice, DeviceReport, limits};
use crate::error::{Error, Result};

/// An adapter as `boldly devices` lists it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AdapterReport {
    /// What is recorded of it; the probe is empty until it is opened.
    pub report: DeviceReport,
    /// Its limits and features, name to value with unit.
    pub limits: Vec<(String, String)>,
}

/// `discrete-gpu`, `integrated-gpu`, `virtual-gpu`, `software` or `other`.
fn kind(device_type: DeviceType) -> &'static str {
    match device_type {
        DeviceType::DiscreteGpu => "discrete-gpu",
        DeviceType::IntegratedGpu => "integrated-gpu",
        DeviceType::VirtualGpu => "virtual-gpu",
        DeviceType::Cpu => "software",
        DeviceType::Other => "other",
    }
}

/// Discrete first, software last; Vulkan before other backends of the same card.
fn rank(info: &wgpu::AdapterInfo) -> (u8, bool) {
    let by_type = match info.device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    };
    (by_type, info.backend != wgpu::Backend::Vulkan)
}

/// All adapters, best first.
fn enumerate() -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    // An allocation that would leave the device less than a twentieth of its memory is refused, not swapped.
    descriptor.memory_budget_thresholds.for_resource_creation = Some(95);
    let instance = wgpu::Instance::new(descriptor);
    let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    adapters.sort_by_key(|adapter| rank(&adapter.get_info()));
    adapters
}

/// Whether a hardware GPU can be here at all: on Linux its driver has a device node. To ask Vulkan takes longer than
/// many a fit on the CPU path.
pub(crate) fn may_have_hardware() -> bool {
    let nodes = ["dri", "nvidiactl", "nvidia0", "dxg", "kgsl-3d0", "mali0"];
    !cfg!(target_os = "linux")
        || nodes.iter().any(|node| std::path::Path::new("/dev").join(node).exists())
}

/// The adapter that is meant; `Cpu` means none.
pub(super) fn choose(choice: &DeviceChoice) -> Result<wgpu::Adapter> {
    let wanted: Box<dyn Fn(&wgpu::AdapterInfo) -> bool> = match choice {
        DeviceChoice::Cpu => return Err(Error::internal("the CPU path", "has no adapter", "", "")),
        DeviceChoice::Auto | DeviceChoice::Gpu => {
            Box::new(|info| info.device_type != DeviceType::Cpu)
        }
        DeviceChoice::Named(name) => {
            let name = name.to_lowercase();
            Box::new(move |info| info.name.to_lowercase().contains(&name))
        }
    };
    let adapters = enumerate();
    let listed: Vec<String> = adapters
        .iter()
        .map(|a| a.get_info())
        .map(|info| format!("{} ({})", info.name, kind(info.device_type)))
        .collect();
    adapters.into_iter().find(|a| wanted(&a.get_info())).ok_or_else(|| {
        let asked = match choice {
            DeviceChoice::Named(name) => format!("--device {name}"),
            _ => "--device gpu".into(),
        };
        let here = if listed.is_empty() { "none".into() } else { listed.join(", ") };
        let found = match choice {
            DeviceChoice::Named(_) => {
                format!("matches no adapter of this machine (there are: {here})")
            }
            _ => format!("finds no hardware GPU on this machine (adapters: {here})"),
        };
        Error::no_device(
            asked,
            found,
            "name one that exists",
            "--device cpu needs none; `boldly devices` lists what there is",
        )
    })
}

/// What is said of an adapter before it is opened.
pub(super) fn describe(info: &wgpu::AdapterInfo, f64_accumulators: bool) -> DeviceReport {
    let backend = format!("{:?}", info.backend).to_lowercase();
    let driver = [info.driver.as_str(), info.driver_info.as_str(), &format!("({backend})")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    DeviceReport {
        name: info.name.clone(),
        kind: kind(info.device_type).into(),
        driver,
        precision: if f64_accumulators { "f32 with f64 accumulators" } else { "f32" }.into(),
        probe: BTreeMap::new(),
    }
}

/// All adapters of this machine with their limits, software ones included, without opening them.
#[must_use]
pub fn adapter_reports() -> Vec<AdapterReport> {
    enumerate()
        .iter()
        .map(|adapter| AdapterReport {
            report: describe(
                &adapter.get_info(),
                adapter.features().contains(wgpu::Features::SHADER_F64),
            ),
            limits: limits::listed(adapter),
        })
        .collect()
}

/// All adapters of this machine, software ones included, without opening them.
#[must_use]
pub fn adapters() -> Vec<DeviceReport> {
    adapter_reports().into_iter().map(|adapter| adapter.report).collect()
}
