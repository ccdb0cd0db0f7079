//! Covariance over time.

use boldly::gpu::Device;
use boldly::kernels::covariance::{Covariance, Filter, Scaling, accumulate};
use boldly::stats::principal::PrincipalComponents;
use boldly::volume::{Block, HostBold};

use crate::compare::{Tolerance, assert_close};
use crate::made_up::{design, run};
use crate::test_adapter;

/// C_ts in units of sqrt(C_tt C_ss). f32: z is off by a few 2^-24 of the centred series (drift and noise: some 10 of what is
/// left), sums of up to 1024 products and then of the stretches by sqrt(1024) 2^-24 = 2e-6; four times that.
const SUMMED: Tolerance = Tolerance { relative: 0.0, absolute: 8e-6 };
/// f64 sums: z is rounded to f32 twice, each product of two by 4 x 2^-24 at most.
const SUMMED_F64: Tolerance = Tolerance { relative: 0.0, absolute: 2.4e-7 };

fn on(device: &Device, bold: &HostBold, voxels: &[u32], filter: &Filter) -> Covariance {
    let mut sum = Covariance::empty(filter.n_volumes());
    add(device, bold.clone(), voxels, filter, &mut sum);
    sum
}

fn add(device: &Device, bold: HostBold, voxels: &[u32], filter: &Filter, sum: &mut Covariance) {
    let mut tape = device.tape();
    let (loaded, _) = tape.load(bold).unwrap();
    let added = accumulate(&mut tape, &loaded, voxels, filter, sum).unwrap();
    added.add_to(&tape.run().unwrap(), sum).unwrap();
}

fn compare(name: &str, got: &Covariance, want: &Covariance, tolerance: Tolerance) {
    assert_eq!(got.n_voxels, want.n_voxels, "{name}");
    let unit = |t: usize, s: usize| (want.matrix[[t, t]] * want.matrix[[s, s]]).sqrt();
    let scaled = |c: &Covariance| -> Vec<f64> {
        c.matrix.indexed_iter().map(|((t, s), &v)| v / unit(t, s)).collect()
    };
    assert_close(name, &scaled(got), &scaled(want), tolerance);
}

#[test]
fn covariance_equals_its_twin_in_both_precisions() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let tolerance = if f64_sums { SUMMED_F64 } else { SUMMED };
        for (shape, n, n_columns, step) in [
            ([10, 10, 10], 40, 5, 1),
            ([3, 1, 1], 5, 0, 1),
            ([9, 7, 5], 37, 9, 2),
            ([50, 45, 2], 66, 3, 1),
        ] {
            let columns = design(n, n_columns + 1, 6).0;
            let columns = columns.slice(ndarray::s![.., 1..]);
            let bold = run(Block::whole(shape, n), 7);
            let voxels: Vec<u32> = (1..bold.block.volume_len() as u32).step_by(step).collect();
            for scaling in [Scaling::UnitVariance, Scaling::None] {
                let filter = Filter::new(columns, scaling).unwrap();
                let name = format!("{shape:?} x {n}, {scaling:?}, f64 sums {f64_sums}");
                let want = on(&Device::cpu(), &bold, &voxels, &filter);
                compare(&name, &on(&gpu, &bold, &voxels, &filter), &want, tolerance);
            }
        }
    }
}

#[test]
fn components_turn_no_further_than_the_gap_to_their_neighbours_allows() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let (n, shape) = (60, [20, 15, 3]);
        let bold = run(Block::whole(shape, n), 12);
        let voxels: Vec<u32> = (10..bold.block.volume_len() as u32).collect();
        let filter = Filter::new(design(n, 4, 9).0.view(), Scaling::UnitVariance).unwrap();
        let of = |device: &Device| {
            let c = on(device, &bold, &voxels, &filter);
            PrincipalComponents::of(c.matrix.view()).unwrap()
        };
        let (got, want) = (of(&gpu), of(&Device::cpu()));
        let largest = want.singular_values[0].powi(2);
        let bound = if f64_sums { SUMMED_F64 } else { SUMMED };
        let turn = want.sensitivity(bound.absolute * largest);
        for (k, &absolute) in turn.iter().enumerate().take(3) {
            let tolerance = Tolerance { relative: 0.0, absolute };
            let name = format!("component {k}, f64 sums {f64_sums}");
            let (got, want) = (got.series.column(k), want.series.column(k));
            let sign = got.dot(&want).signum();
            assert_close(&name, &got.mapv(|v| sign * v).to_vec(), &want.to_vec(), tolerance);
        }
    }
}

#[test]
fn covariance_of_some_planes_adds_to_what_was_summed_before() {
    let gpu = test_adapter::open(None);
    let (n, shape) = (33, [11, 6, 12]);
    let filter = Filter::new(design(n, 4, 8).0.view(), Scaling::UnitVariance).unwrap();
    let whole = run(Block::whole(shape, n), 9);
    let want = on(&gpu, &whole, &(0..66 * 12).collect::<Vec<u32>>(), &filter);
    let mut sum = Covariance::empty(n);
    for planes in [0..5, 5..6, 6..12] {
        let block = Block { planes: planes.clone(), core: planes.clone(), ..whole.block.clone() };
        let data = (0..n).flat_map(|t| {
            whole.data[t * 792 + planes.start * 66..t * 792 + planes.end * 66].to_vec()
        });
        let part = HostBold::new(block.clone(), data.collect());
        let voxels: Vec<u32> = (0..block.volume_len() as u32).collect();
        add(&gpu, part, &voxels, &filter, &mut sum);
    }
    assert_eq!(sum, want, "the bits depend on the blocks");
}
