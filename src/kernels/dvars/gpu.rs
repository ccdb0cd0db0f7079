//! Host side of `shaders/dvars.wgsl`: what is summed over voxels comes back in parts, which are added in f64, and of each voxel what its s and r
//! are made of.

use super::{NORMAL_IQR, Sums, quartiles};
use crate::error::Result;
use crate::gpu::{Acc, Constants, DeviceBold, Done, Download, Recording, Shader, Step, Variant};

const WORKGROUP: usize = 64;
/// Chosen voxels a workgroup of the last step.
const STRETCH: usize = 64 * WORKGROUP;
const KEY_BITS: usize = 32;
/// Loop iterations of one invocation; software adapters end its loops a little above.
const MOST_ITERATIONS: usize = 50_000;

/// `shaders/dvars.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "dvars",
    wgsl: include_str!("../../../shaders/dvars.wgsl"),
    constants: || {
        Acc::ALL.into_iter().flat_map(|acc| (0..3).map(move |step| constants(acc, step))).collect()
    },
};

fn constants(acc: Acc, step: u32) -> Constants {
    vec![("Acc", acc.into()), ("STEP", step.into())]
}

/// Sums on their way to the host.
#[derive(Debug)]
pub(super) struct Coming {
    /// Keys, `[chosen voxel][lower, upper]`.
    quartiles: Download,
    /// Sum of squares and of changes, `[chosen voxel]`.
    series: Download,
    /// Of values and squared changes, `[volume][part]`.
    sums: Download,
    n_volumes: usize,
}

pub(super) fn sums(tape: &mut Recording<'_>, bold: &DeviceBold, voxels: &[u32]) -> Result<Coming> {
    let n = bold.block.volumes.len();
    let is_missing = |voxel: &u32| bold.missing.binary_search(voxel).is_ok();
    let chosen: Vec<u32> = voxels.iter().copied().filter(|v| n > 1 && !is_missing(v)).collect();
    let (n_chosen, n_stretches) = (chosen.len(), chosen.len().div_ceil(STRETCH));
    let acc = tape.acc();
    let quartiles_of = tape.output("quartiles", 2 * n_chosen)?;
    let series = tape.output("series", 2 * n_chosen)?;
    let parts = n * n_stretches * WORKGROUP;
    let sums = tape.output("sums", 2 * parts * acc.bytes() / 4)?;
    let buffers = vec![
        ("bold", bold.buffer.clone()),
        ("voxels", tape.upload("voxels", &chosen)?),
        ("quartiles", quartiles_of.clone()),
        ("series", series.clone()),
        ("sums", sums.clone()),
    ];
    let [lower, upper] = quartiles(n);
    let n_values = (n_chosen * n) as u64;
    let step = |step: u32, bits: [usize; 2], workgroups: usize, passes: usize| Step {
        variant: Variant { shader: &SHADER, constants: constants(acc, step) },
        buffers: buffers.clone(),
        params: [n, bold.block.volume_len(), n_chosen, bits[0], bits[1], lower, upper]
            .map(|word| word as u32)
            .to_vec(),
        workgroups: workgroups as u32,
        iterations: if step == 2 { STRETCH / WORKGROUP } else { passes * (n + 1) } as u64,
        bytes: 4 * n_values * passes as u64,
        flops: 4 * n_values * passes as u64,
    };
    let of_voxels = n_chosen.div_ceil(WORKGROUP);
    let bits = (MOST_ITERATIONS / (n + 1)).clamp(1, KEY_BITS);
    let mut steps: Vec<Step> = (0..KEY_BITS)
        .step_by(bits)
        .map(|first| {
            let bits = bits.min(KEY_BITS - first);
            step(0, [first, bits], of_voxels, bits)
        })
        .collect();
    steps.push(step(1, [0, 0], of_voxels, 2));
    steps.push(step(2, [0, 0], n * n_stretches, 2));
    tape.run("dvars", 4 * n_values, steps)?;
    Ok(Coming {
        quartiles: tape.download("dvars", &quartiles_of),
        series: tape.download("dvars", &series),
        sums: tape.download("dvars", &sums),
        n_volumes: n,
    })
}

impl Coming {
    pub(super) fn read(&self, done: &Done<'_>) -> Result<Sums> {
        let mut all = Sums::empty(self.n_volumes);
        let value = |key: &f32| {
            let key = key.to_bits();
            f64::from(f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key }))
        };
        let sd: Vec<f64> = done.read(&self.quartiles, |keys| {
            keys.as_chunks().0.iter().map(|[l, u]| (value(u) - value(l)) / NORMAL_IQR).collect()
        })?;
        done.read(&self.series, |series| {
            for ([squares, changes], sd) in series.as_chunks().0.iter().zip(&sd) {
                if *sd != 0.0 {
                    all.n_voxels += 1;
                    all.expected += (f64::from(*changes) / f64::from(*squares)).sqrt() * sd;
                }
            }
        })?;
        done.read_sums(&self.sums, |sums| {
            let rows = sums.chunks_exact((sums.len() / self.n_volumes.max(1)).max(1));
            for (t, row) in rows.enumerate() {
                for [value, change] in row.as_chunks().0 {
                    all.values[t] += value;
                    all.changes[t] += change;
                }
            }
        })?;
        Ok(all)
    }
}
