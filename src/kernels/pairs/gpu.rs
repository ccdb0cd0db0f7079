//! Host side of `shaders/pairs.wgsl`.

use ndarray::Array2;

use super::{MOST_OF_A_ROW, Rows};
use crate::error::Result;
use crate::gpu::{Acc, Constants, DeviceBold, Done, Download, Recording, Shader, Step, Variant};

const WORKGROUP: usize = 64;

/// `shaders/pairs.wgsl`.
pub(super) static SHADER: Shader = Shader {
    name: "pairs",
    wgsl: include_str!("../../../shaders/pairs.wgsl"),
    constants: || Acc::ALL.into_iter().map(constants).collect(),
};

fn constants(acc: Acc) -> Constants {
    vec![("Acc", acc.into())]
}

/// Sums on their way to the host.
#[derive(Debug)]
pub(super) struct Coming {
    /// `[row][volume]`.
    sums: Download,
    n_rows: usize,
    n_volumes: usize,
}

pub(super) fn sums(tape: &mut Recording<'_>, bold: &DeviceBold, rows: &Rows) -> Result<Coming> {
    let (n_volumes, n_rows) = (bold.block.volumes.len(), rows.len());
    let acc = tape.acc();
    let sums = tape.output("sums", n_rows * n_volumes * acc.bytes() / 4)?;
    let n_values = (rows.voxels.len() * n_volumes) as u64;
    let step = Step {
        variant: Variant { shader: &SHADER, constants: constants(acc) },
        buffers: vec![
            ("bold", bold.buffer.clone()),
            ("starts", tape.upload("starts", &rows.starts)?),
            ("voxels", tape.upload("voxels", &rows.voxels)?),
            ("sums", sums.clone()),
        ],
        params: [n_volumes, bold.block.volume_len(), n_rows].map(|size| size as u32).to_vec(),
        workgroups: (n_rows * n_volumes.div_ceil(WORKGROUP)) as u32,
        iterations: MOST_OF_A_ROW as u64,
        bytes: 8 * n_values,
        flops: 2 * n_values,
    };
    tape.run("pairs", 4 * n_values, vec![step])?;
    Ok(Coming { sums: tape.download("pairs", &sums), n_rows, n_volumes })
}

impl Coming {
    pub(super) fn read(&self, done: &Done<'_>) -> Result<Array2<f64>> {
        done.read_sums(&self.sums, |sums| {
            Array2::from_shape_fn((self.n_rows, self.n_volumes), |(row, t)| {
                sums[row * self.n_volumes + t]
            })
        })
    }
}
