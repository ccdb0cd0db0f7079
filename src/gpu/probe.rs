//! The start-up numerics probe: how this adapter's compiler treats the arithmetic that accuracy could hang on. boldly
//! relies on none of it (centred data, second passes); the findings go into each result's sidecar. What no arithmetic gives
//! fails the device: a driver that runs nothing returns zeros without an error.

use std::collections::BTreeMap;

use super::{Acc, Gpu, Recording, Shader, Step, Variant};
use crate::error::{Error, Result};

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

/// What no compiler's freedom explains, if anything. `findings`: `[pair]` four values of the shader; `counts`: iterations
/// run, and additions kept.
fn implausible(
    pairs: &[[f32; 4]],
    findings: &[f32],
    [iterations, additions]: [u32; 2],
    acc: Acc,
) -> Option<String> {
    if !(1..=N_ITERATIONS).contains(&iterations) {
        return Some(format!("a loop of {N_ITERATIONS} iterations counted {iterations}"));
    }
    // Each finding is the rounding error of a sum or of a product, or 0 where the compiler lost it.
    let bound = |[a, b, product, _]: &[f32; 4]| {
        f64::from(f32::EPSILON) * f64::from((a.abs() + b.abs()).max(product.abs()))
    };
    let beyond = pairs.iter().zip(findings.chunks_exact(4)).filter(|(pair, found)| {
        !found.iter().all(|&f| f64::from(f).abs() <= bound(pair)) // a NaN is beyond, too
    });
    let (beyond, wide) = (beyond.count(), acc == Acc::F64);
    if beyond > 0 {
        return Some(format!("{beyond} of {} rounding errors are larger than can be", pairs.len()));
    }
    match (wide, additions) {
        (true, N_ADDITIONS) | (false, 0) => None,
        (true, kept) => Some(format!("of {N_ADDITIONS} additions in f64 it kept {kept}")),
        (false, kept) => {
            Some(format!("of {N_ADDITIONS} additions below f32's step it kept {kept}"))
        }
    }
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
    if let Some(found) = implausible(&pairs, &findings, counts, gpu.acc()) {
        return Err(Error::no_device(
            gpu.report().title(),
            format!("does not compute: {found}"),
            "run the shader of boldly's start-up probe",
            "update its driver; --device cpu needs none",
        ));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_that_no_arithmetic_gives_are_implausible() {
        let pairs = pairs();
        let right: Vec<f32> =
            pairs.iter().flat_map(|p| [sum_error(p[0], p[1]), 0.0, 0.0, 0.0]).collect();
        let (ran, none) = ([N_ITERATIONS, 0], vec![0.0; 4 * N_PAIRS]);
        let found = |findings: &[f32], counts, acc| implausible(&pairs, findings, counts, acc);
        assert_eq!(found(&right, ran, Acc::F32), None);
        assert_eq!(found(&none, [65_535, 0], Acc::F32), None); // lavapipe's loops, all errors lost
        assert_eq!(found(&right, [N_ITERATIONS, N_ADDITIONS], Acc::F64), None);
        assert!(found(&none, [0, 0], Acc::F32).is_some_and(|why| why.contains("counted 0")));
        assert!(found(&right, ran, Acc::F64).is_some_and(|why| why.contains("kept 0")));
        assert!(found(&right, [N_ITERATIONS, 3], Acc::F32).is_some());
        for wrong in [f32::NAN, 1.0, f32::INFINITY] {
            let mut findings = right.clone();
            findings[4 * 7] = wrong;
            assert!(found(&findings, ran, Acc::F32).is_some_and(|why| why.contains("1 of 256")));
        }
    }
}
