//! The start-up numerics probe: how this adapter's compiler treats the arithmetic that accuracy could hang on. boldly
//! relies on none of it (centred data, second passes); the findings go into each result's sidecar.

use std::collections::BTreeMap;

use super::{Acc, Gpu, Recording, Shader, Step, Variant};
use crate::error::Result;

/// `shaders/probe.wgsl`.
pub static SHADER: Shader = Shader {
    name: "probe",
    wgsl: include_str!("../../shaders/probe.wgsl"),
    constants: || Acc::ALL.map(|acc| vec![("Acc", acc.into())]).to_vec(),
};

const N_PAIRS: usize = 256;
const N_ITERATIONS: u32 = 70_000;
const N_ADDITIONS: u32 = 64;

/// Awkward pairs: values of either sign over several magnitudes, from a fixed linear congruence.
fn pairs() -> Vec<[f32; 4]> {
    let mut state = 1_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
    };
    (0..N_PAIRS)
        .map(|n| {
            let (a, b) = (next() * 1000.0, next() * f32::powi(2.0, n as i32 % 12));
            [a, b, -(a * b), 0.0]
        })
        .collect()
}

/// The error of a + b rounded to f32, exact.
fn sum_error(a: f32, b: f32) -> f32 {
    let sum = a + b;
    let virtual_b = sum - a;
    (a - (sum - virtual_b)) + (b - virtual_b)
}

pub(super) fn run(gpu: &Gpu) -> Result<BTreeMap<String, String>> {
    let pairs = pairs();
    let mut tape = Recording::new(gpu);
    let input = tape.upload("pairs", pairs.as_flattened())?;
    let findings = tape.output("findings", 4 * N_PAIRS)?;
    let counts = tape.output("counts", 2)?;
    tape.run(
        "probe",
        0,
        vec![Step {
            variant: Variant { shader: &SHADER, constants: vec![("Acc", gpu.acc().into())] },
            buffers: vec![
                ("pairs", input),
                ("findings", findings.clone()),
                ("counts", counts.clone()),
            ],
            params: vec![N_PAIRS as u32, N_ITERATIONS, N_ADDITIONS, 0],
            workgroups: N_PAIRS.div_ceil(64) as u32,
            iterations: 0, // more than software adapters may run: that is what is asked
            bytes: 32 * N_PAIRS as u64,
            flops: 0,
        }],
    )?;
    let findings = tape.download("probe", &findings);
    let counts = tape.download("probe", &counts);
    let done = tape.submit()?.wait()?;
    let findings = done.read(&findings, <[f32]>::to_vec)?;
    let counts = done.read(&counts, |counts| [counts[0].to_bits(), counts[1].to_bits()])?;
    let kept = |column: usize| {
        let right = pairs
            .iter()
            .zip(findings.chunks_exact(4))
            .filter(|(pair, found)| found[column] == sum_error(pair[0], pair[1]))
            .count();
        if right == N_PAIRS {
            "kept".into()
        } else {
            format!("lost in {} of {N_PAIRS}", N_PAIRS - right)
        }
    };
    // The rounding error of a * b, which only one rounding for a * b + c reveals.
    let distinguishable: Vec<bool> =
        pairs.iter().map(|p| f64::from(p[0]) * f64::from(p[1]) + f64::from(p[2]) != 0.0).collect();
    let fused = |column: usize, yes: &str, no: &str| {
        let seen = findings
            .chunks_exact(4)
            .zip(&distinguishable)
            .filter(|(found, can)| **can && found[column] != 0.0)
            .count();
        if seen > 0 { yes } else { no }.to_string()
    };
    let loop_ran = match counts[0] {
        N_ITERATIONS => "complete".into(),
        count => format!("stopped after {count}"),
    };
    let wide = if counts[1] == N_ADDITIONS { "53 bits" } else { "24 bits" };
    Ok([
        ("two_sum", kept(0)),
        ("two_sum_guarded", kept(1)),
        ("fma", fused(2, "fused", "not fused")),
        ("contraction", fused(3, "yes", "no")),
        ("loop_70000", loop_ran),
        ("accumulator", wide.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_string(), value))
    .collect())
}
