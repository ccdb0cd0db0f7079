//! What an adapter allows, and how large a block may be under it.

use crate::error::{DeviceFailure, Error, Result};

/// WGSL indexes in u32 and drivers count bytes in i32.
const MOST_BYTES: u64 = (1 << 31) - 4;
/// Small blocks are faster on software adapters, which live in the CPU's caches.
const SOFTWARE_BLOCK_BYTES: u64 = 32 << 20;
/// Several blocks are under way at once: large enough that submitting one costs nothing beside it, and small because
/// memory that the device can fetch from is dear to get and to give back.
const HARDWARE_BLOCK_BYTES: u64 = 64 << 20;
/// Where one plane with its halo, or its whole time, needs more.
const HARDWARE_MOST_BYTES: u64 = 1 << 30;
/// Mesa's llvmpipe stops all loops of an invocation, without an error, after 65,535 iterations taken together.
const MOST_SOFTWARE_ITERATIONS: u64 = 60_000;

/// The most bytes of one storage buffer.
pub(super) fn binding_bytes(limits: &wgpu::Limits) -> u64 {
    limits.max_storage_buffer_binding_size.min(limits.max_buffer_size).min(MOST_BYTES)
}

/// The bytes of BOLD data one block should hold. The rooms need scratch of a fixed size beside it.
pub(super) fn block_bytes(limits: &wgpu::Limits, software: bool) -> usize {
    let target = if software { SOFTWARE_BLOCK_BYTES } else { HARDWARE_BLOCK_BYTES };
    (binding_bytes(limits) / 10 * 9).min(target) as usize
}

/// The most that one block may hold.
pub(super) fn most_block_bytes(limits: &wgpu::Limits, software: bool) -> usize {
    let most = if software { SOFTWARE_BLOCK_BYTES } else { HARDWARE_MOST_BYTES };
    (binding_bytes(limits) / 10 * 9).min(most) as usize
}

/// An invocation's loops must end by themselves, not by the driver.
pub(super) fn check_iterations(stage: &str, iterations: u64, software: bool) -> Result<()> {
    if !software || iterations <= MOST_SOFTWARE_ITERATIONS {
        return Ok(());
    }
    Err(Error::device(
        DeviceFailure::Rejected,
        format!("{stage} on this software adapter"),
        format!("needs {iterations} loop iterations a voxel"),
        format!(
            "stay within {MOST_SOFTWARE_ITERATIONS}, where such drivers cut loops short without an error"
        ),
        "fit fewer columns or volumes, or use --device cpu",
    ))
}

/// The limits and features that decide what boldly can do.
pub(super) fn listed(adapter: &wgpu::Adapter) -> Vec<(String, String)> {
    let (limits, features) = (adapter.limits(), adapter.features());
    let software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let has = |feature| if features.contains(feature) { "yes" } else { "no" }.to_string();
    [
        ("storage binding", mib(limits.max_storage_buffer_binding_size)),
        ("buffer", mib(limits.max_buffer_size)),
        ("block of BOLD data", mib(block_bytes(&limits, software) as u64)),
        ("storage buffers a stage", limits.max_storage_buffers_per_shader_stage.to_string()),
        ("invocations a workgroup", limits.max_compute_invocations_per_workgroup.to_string()),
        ("workgroup memory", format!("{} KiB", limits.max_compute_workgroup_storage_size >> 10)),
        ("workgroups a dimension", limits.max_compute_workgroups_per_dimension.to_string()),
        ("f64 in shaders", has(wgpu::Features::SHADER_F64)),
        ("GPU timestamps", has(wgpu::Features::TIMESTAMP_QUERY)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_string(), value))
    .collect()
}
