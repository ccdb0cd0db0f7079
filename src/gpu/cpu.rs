//! The CPU path as a device: its stopwatch and what is said of it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{DeviceReport, Span};

/// The CPU path.
#[derive(Debug, Default)]
pub struct Cpu {
    pub(super) spans: Mutex<Vec<Span>>,
    pub(super) passed_over: Option<String>,
}

impl Cpu {
    /// The CPU path in place of a GPU that would not open.
    pub(super) fn instead_of(why: String) -> Cpu {
        Cpu { passed_over: Some(why), ..Cpu::default() }
    }

    /// Add a measured stretch of work.
    pub(crate) fn record(&self, span: Span) {
        if let Ok(mut spans) = self.spans.lock() {
            spans.push(span);
        }
    }
}

/// The SIMD level that the twins' run-time dispatch finds.
fn simd_level() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    return match pulp::Arch::new() {
        pulp::Arch::V4(_) => "x86-64 with AVX-512",
        pulp::Arch::V3(_) => "x86-64 with AVX2 and FMA",
        _ => "x86-64",
    };
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH
}

pub(super) fn report() -> DeviceReport {
    DeviceReport {
        name: "cpu".into(),
        pci: String::new(),
        kind: "cpu".into(),
        driver: simd_level().into(),
        precision: "f64".into(),
        probe: BTreeMap::new(),
    }
}
