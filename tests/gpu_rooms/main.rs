//! Each room on the test adapter equals its f64 twin, worst element within a named tolerance.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod arma;
mod compare;
mod covariance;
mod dvars;
mod glm;
mod lags;
mod made_up;
mod nuisance;
mod pairs;
mod rearranged;
mod smooth;
#[path = "../test_adapter/mod.rs"]
mod test_adapter;

use boldly::gpu::{Bold, Device, Tape};
use boldly::kernels::contrast::{self, Wanted};
use boldly::kernels::glm::Model;
use boldly::kernels::nuisance::Projection;
use boldly::kernels::smooth::{Kernel, Taps};
use boldly::volume::{Block, HostBold};

use compare::{F, F_F64, T, T_F64, assert_close};
use made_up::{as_f64, design, run, slice_groups};

/// The same room on both devices.
fn both(
    gpu: &Device,
    bold: &HostBold,
    room: impl Fn(&mut Tape<'_>, Bold) -> boldly::Result<Bold>,
) -> (Vec<f64>, Vec<f64>) {
    let on = |device: &Device| {
        let mut tape = device.tape();
        let (loaded, _) = tape.load(bold.clone()).unwrap();
        let done = room(&mut tape, loaded).unwrap();
        let stored = tape.store(done).unwrap();
        as_f64(&tape.run().unwrap().bold(stored).unwrap().data)
    };
    (on(gpu), on(&Device::cpu()))
}

#[test]
fn the_chain_of_rooms_keeps_the_tolerance_of_t() {
    for f64_sums in test_adapter::f64_sums() {
        let gpu = test_adapter::open(Some(f64_sums));
        let (n, shape) = (150, [17, 13, 11]);
        let (x, names) = design(n, 8, 28);
        let projection = Projection::new(&x, &slice_groups(n, 18, shape[2])).unwrap();
        let taps = Taps::new(5.0, [2.0, 2.0, 2.5], Kernel::Exact).unwrap();
        let model = Model::new(&x, &names, None, shape[2], 18.0).unwrap();
        let mut bold = run(Block::whole(shape, n), 29);
        if f64_sums {
            // What rounding costs shows in quiet data: a noise of 0.1 % of the baseline before smoothing.
            bold.data.iter_mut().for_each(|value| *value = 1000.0 + 0.1 * (*value - 1000.0));
        }
        let voxels: Vec<u32> = (0..bold.block.volume_len() as u32).collect();
        let chain = |device: &Device| {
            let mut tape = device.tape();
            let (loaded, _) = tape.load(bold.clone()).unwrap();
            let cleaned =
                boldly::kernels::nuisance::subtract(&mut tape, loaded, &projection).unwrap();
            let smoothed =
                boldly::kernels::smooth::smooth(&mut tape, cleaned, &taps, None).unwrap();
            let fit = boldly::kernels::glm::fit(&mut tape, &smoothed, &voxels, &model).unwrap();
            let contrasts = glm::contrasts(&model);
            let values = contrast::evaluate(&mut tape, &fit, &contrasts, Wanted::Statistics);
            let values = values.unwrap().read(&tape.run().unwrap()).unwrap();
            assert!(values.iter().all(|values| values.effect.nrows() == 0));
            values.into_iter().map(|values| values.stat).collect::<Vec<_>>()
        };
        let (t, f) = if f64_sums { (T_F64, F_F64) } else { (T, F) };
        for (k, (got, want)) in chain(&gpu).iter().zip(&chain(&Device::cpu())).enumerate() {
            let name = format!("chain, stat {k}, f64 sums {f64_sums}");
            assert_close(&name, got, want, if k < 2 { t } else { f });
        }
    }
}
