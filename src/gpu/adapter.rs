//! Which adapters this machine has and which one is meant.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

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

/// The drivers, asked once a process: they are loaded with an instance and unloaded with the last one, which some do not
/// survive while another thread compiles.
fn instance() -> &'static wgpu::Instance {
    static INSTANCE: OnceLock<wgpu::Instance> = OnceLock::new();
    INSTANCE.get_or_init(|| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        // An allocation that would leave the device less than a twentieth of its memory is refused, not swapped.
        descriptor.memory_budget_thresholds.for_resource_creation = Some(95);
        descriptor.backend_options.noop = nothing();
        wgpu::Instance::new(descriptor)
    })
}

/// A device that does nothing, where the environment asks for it.
fn nothing() -> wgpu::NoopBackendOptions {
    wgpu::NoopBackendOptions::from_env_or_default()
}

/// A program that is linked statically cannot load drivers, which bring a C library of their own.
const IS_STATIC: bool = cfg!(all(target_os = "linux", target_feature = "crt-static"));

/// All adapters, best first.
fn enumerate() -> Vec<wgpu::Adapter> {
    if IS_STATIC {
        return Vec::new();
    }
    let all = instance().enumerate_adapters(wgpu::Backends::all());
    let mut adapters = pollster::block_on(all);
    adapters.sort_by_key(|adapter| rank(&adapter.get_info()));
    adapters
}

/// Nodes in /dev that drivers of hardware GPUs make on Linux, and what such a card is called.
const NODES: [(&str, &str); 7] = [
    ("nvidiactl", "an NVIDIA card"),
    ("nvidia0", "an NVIDIA card"),
    ("dxg", "a card of the Windows host"),
    ("kfd", "an AMD card"),
    ("dri/renderD128", "a card"),
    ("kgsl-3d0", "an Adreno GPU"),
    ("mali0", "a Mali GPU"),
];

/// The node in `dev` of a hardware GPU, and what that is called.
fn node(dev: &Path) -> Option<(&'static str, &'static str)> {
    NODES.into_iter().find(|(node, _)| dev.join(node).exists())
}

/// Whether a hardware GPU can be here at all: on Linux its driver has a device node. To ask Vulkan takes longer than
/// many a fit on the CPU path.
pub(crate) fn may_have_hardware() -> bool {
    !cfg!(target_os = "linux") || node(Path::new("/dev")).is_some()
}

/// What is said where a card is there and no adapter drives it, as in a container without the driver's Vulkan part.
fn undriven(dev: &Path, adapters: &[DeviceReport]) -> Option<String> {
    let driven = adapters.iter().any(|adapter| adapter.kind != kind(DeviceType::Cpu));
    let (node, card) = node(dev).filter(|_| !driven)?;
    let remedy = match card {
        _ if IS_STATIC => "this static program can load none: take the one that is linked to glibc",
        "an NVIDIA card" => {
            "in a container set NVIDIA_DRIVER_CAPABILITIES=all, else install the driver's Vulkan part"
        }
        _ => "install its Vulkan driver",
    };
    Some(format!("{card} is here (/dev/{node}) but no Vulkan driver for it; {remedy}"))
}

/// Why a card of this machine cannot be used, if one is there without a driver.
#[must_use]
pub fn undriven_card() -> Option<String> {
    undriven(Path::new("/dev"), &adapters())
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
            Box::new(move |info| is_called(info, &name))
        }
    };
    let adapters = enumerate();
    let reports: Vec<_> = adapters.iter().map(|a| describe(&a.get_info(), false)).collect();
    let listed: Vec<String> = reports.iter().map(DeviceReport::title).collect();
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
            match undriven(Path::new("/dev"), &reports) {
                Some(why) => format!("{why}; --device cpu needs none"),
                None => "--device cpu needs none; `boldly devices` lists what there is".to_owned(),
            },
        )
    })
}

/// Whether an adapter is meant by a part of its name or by its PCI address, in small letters.
fn is_called(info: &wgpu::AdapterInfo, name: &str) -> bool {
    let address = info.device_pci_bus_id.to_lowercase();
    let without_domain = address.split_once(':').map(|(_, rest)| rest.to_owned());
    info.name.to_lowercase().contains(name)
        || address == name
        || without_domain.is_some_and(|rest| rest == name)
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
        pci: info.device_pci_bus_id.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, pci: &str, device_type: DeviceType) -> wgpu::AdapterInfo {
        wgpu::AdapterInfo {
            name: name.to_owned(),
            device_pci_bus_id: pci.to_owned(),
            ..wgpu::AdapterInfo::new(device_type, wgpu::Backend::Vulkan)
        }
    }

    #[test]
    fn identical_cards_are_told_apart_by_their_pci_address() {
        let card = |pci| adapter("NVIDIA H200", pci, DeviceType::DiscreteGpu);
        let (first, second) = (card("0000:17:00.0"), card("0000:CA:00.0"));
        for called in ["h200", "0000:ca:00.0", "ca:00.0"] {
            assert!(is_called(&second, called), "{called}");
        }
        assert!(!is_called(&first, "ca:00.0") && !is_called(&first, "00.0"));
        assert!(!is_called(&adapter("llvmpipe", "", DeviceType::Cpu), "ca:00.0"));
        let [first, second] = [first, second].map(|info| describe(&info, false));
        assert_eq!([first.handle(), second.handle()], ["0000:17:00.0", "0000:CA:00.0"]);
        assert_eq!(second.title(), "NVIDIA H200 (discrete-gpu, 0000:CA:00.0)");
    }

    #[test]
    fn a_card_without_a_vulkan_driver_is_named_with_what_it_needs() {
        let dev = std::env::temp_dir().join(format!("boldly-dev-{}", std::process::id()));
        std::fs::create_dir_all(&dev).expect("a temporary folder");
        let software = [describe(&adapter("llvmpipe", "", DeviceType::Cpu), false)];
        let card = [describe(&adapter("NVIDIA H200", "", DeviceType::DiscreteGpu), false)];
        let without_node = undriven(&dev, &software);
        std::fs::write(dev.join("nvidiactl"), "").expect("a file");
        let undriven = [&software[..], &[], &card].map(|adapters| undriven(&dev, adapters));
        std::fs::remove_dir_all(&dev).expect("it was made above");
        assert_eq!(without_node, None);
        let [beside_software, alone, driven] = undriven;
        assert_eq!(driven, None);
        assert_eq!(beside_software, alone);
        let said = alone.expect("a card and no adapter");
        assert!(
            said.contains("/dev/nvidiactl") && said.contains("NVIDIA_DRIVER_CAPABILITIES"),
            "{said}"
        );
    }
}
