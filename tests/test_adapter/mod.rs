//! The adapter the GPU tests run on: the one BOLDLY_TEST_ADAPTER names, else Mesa's llvmpipe. None is a failure.
#![allow(dead_code, reason = "each test file uses its part")]

use boldly::gpu::{Device, DeviceChoice, DeviceOptions, adapters};

/// The test adapter's name, or a part of it.
pub fn name() -> String {
    std::env::var("BOLDLY_TEST_ADAPTER").unwrap_or_else(|_| "llvmpipe".into())
}

/// The test adapter, opened; printed and asserted.
pub fn open(f64_accumulators: Option<bool>) -> Device {
    let options = DeviceOptions { f64_accumulators };
    let device = Device::open_with(&DeviceChoice::Named(name()), options).unwrap_or_else(|why| {
        panic!(
            "{why}\n(tests run on BOLDLY_TEST_ADAPTER, here {:?}; this machine has {:#?})",
            name(),
            adapters()
        )
    });
    let report = device.report();
    println!("adapter: {} ({}), {}, {}", report.name, report.kind, report.driver, report.precision);
    assert!(report.name.to_lowercase().contains(&name().to_lowercase()), "got {}", report.name);
    device
}

/// Whether sums can be kept in f64: false, and true where the test adapter has it.
pub fn f64_sums() -> Vec<bool> {
    let has = |report: &boldly::gpu::DeviceReport| report.precision.contains("f64");
    if has(&open(None).report()) {
        return vec![false, true];
    }
    println!("this adapter has no f64: only sums in f32 are tested");
    vec![false]
}
