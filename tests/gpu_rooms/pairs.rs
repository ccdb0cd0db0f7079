//! Sums over pairs of region and voxel.

use boldly::gpu::Device;
use boldly::kernels::pairs::{self, MOST_OF_A_ROW, Rows};
use boldly::maps::Bounds;
use boldly::volume::{Block, HostBold};

use crate::compare::{Tolerance, assert_close};
use crate::made_up::run;
use crate::test_adapter;

fn summed_on(device: &Device, bold: &HostBold, rows: &Rows) -> Vec<f64> {
    let mut tape = device.tape();
    let (loaded, _) = tape.load(bold.clone()).unwrap();
    let sums = pairs::sums(&mut tape, &loaded, rows).unwrap();
    sums.read(&tape.run().unwrap()).unwrap().iter().copied().collect()
}

#[test]
fn sums_equal_their_twin_in_rows_of_one_voxel_of_many_and_of_shared_ones() {
    let bold = run(Block::whole([37, 31, 5], 131), 12); // more than two workgroups of volumes
    let n = bold.block.volume_len() as u32;
    let mut rows = Rows::default();
    rows.push(&[7]);
    rows.push(&(0..MOST_OF_A_ROW as u32).collect::<Vec<_>>());
    rows.push(&(100..300).step_by(3).collect::<Vec<_>>());
    rows.push(&[n - 1, 7, 300]);
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let bound = if f64_sums { Bounds::F64_ACCUMULATORS } else { Bounds::F32 }.dvars;
        let (got, want) = (summed_on(&gpu, &bold, &rows), summed_on(&Device::cpu(), &bold, &rows));
        for (row, (got, want)) in got.chunks(131).zip(want.chunks(131)).enumerate() {
            let largest = want.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
            let near = Tolerance { relative: 0.0, absolute: bound * largest };
            assert_close(&format!("row {row}, f64 sums {f64_sums}"), got, want, near);
        }
    }
}
