//! Sums over pairs of region and voxel: the `pairs` room's twin against the definition, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use boldly::gpu::{Bold, Device};
use boldly::kernels::pairs::{self, MOST_OF_A_ROW, Rows};
use boldly::volume::{Block, HostBold};
use common::{Random, assert_close, noise};

fn summed(bold: &HostBold, rows: &[Vec<u32>]) -> boldly::Result<Vec<f64>> {
    let device = Device::cpu();
    let mut tape = device.tape();
    let mut listed = Rows::default();
    rows.iter().for_each(|row| listed.push(row));
    let coming = pairs::sums(&mut tape, &Bold::Host(bold.clone()), &listed)?;
    let sums = coming.read(&tape.run()?)?;
    assert_eq!(sums.dim(), (rows.len(), bold.block.volumes.len()));
    Ok(sums.iter().copied().collect())
}

#[test]
fn a_rows_sums_are_the_differences_from_the_first_volume_over_its_voxels() {
    let bold = noise([7, 5, 3], 19, 4);
    let (n, len, mut random) = (19, 105, Random(8));
    let mut rows: Vec<Vec<u32>> =
        (0..9).map(|_| (0..len as u32).filter(|_| random.uniform() < 0.3).collect()).collect();
    rows.push(vec![17]);
    rows.push(vec![60, 3, 17]); // in any order, and a voxel of another row
    let mut want = Vec::new();
    for row in &rows {
        for t in 0..n {
            let of = |&v: &u32| {
                let value = |t: usize| f64::from(bold.data[t * len + v as usize]);
                value(t) - value(0)
            };
            want.push(row.iter().map(of).sum::<f64>());
        }
    }
    assert_close("sums", &summed(&bold, &rows).unwrap(), &want, 1e-12, 1e-9);
}

#[test]
fn a_region_that_does_not_vary_sums_to_0_whatever_its_level() {
    let block = Block::whole([4, 3, 2], 6);
    let bold = HostBold::new(block.clone(), vec![123_456.7; block.len()]);
    let sums = summed(&bold, &[(0..24).collect()]).unwrap();
    assert_eq!(sums, [0.0; 6]);
}

#[test]
fn rows_that_leave_the_block_are_empty_or_too_long_are_refused() {
    let bold = noise([40, 40, 1], 3, 1);
    assert_eq!(summed(&bold, &[]).unwrap(), [0.0; 0]);
    let long: Vec<u32> = (0..=MOST_OF_A_ROW as u32).collect();
    assert!(summed(&bold, &[long[1..].to_vec()]).is_ok());
    for wrong in [vec![1600], vec![], long] {
        assert_eq!(summed(&bold, &[vec![0], wrong]).unwrap_err().exit_code(), 70);
    }
}
