//! Time of each room on the CPU path: 64 x 64 x 36 voxels, 200 volumes, in memory; medians of nine.
//! `cargo bench --bench rooms`

use std::time::Instant;

use boldly::gpu::{Bold, Device, Span};
use boldly::kernels::contrast::{self, Contrast, Prepared, Stat, evaluate};
use boldly::kernels::glm::{Model, fit};
use boldly::kernels::nuisance::{Projection, subtract};
use boldly::kernels::rearranged::{self, Residuals, Wanted};
use boldly::kernels::smooth::{Kernel, Taps, smooth};
use boldly::stats::rearrange::{Exchange, Plan, Tested};
use boldly::volume::{Block, Grid, HostBold, Mask, SliceGroups};
use ndarray::Array2;

const SHAPE: [usize; 3] = [64, 64, 36];
const N_VOLUMES: usize = 200;
const REPEATS: usize = 9;

fn main() -> boldly::Result<()> {
    let device = Device::cpu();
    let mut run = Some(Bold::Host(made_up()));
    let mask = head();
    println!("{:<28} {:>9} {:>9} {:>8} {:>9}", "room", "ms", "best ms", "GB/s", "GFLOP/s");
    for (fwhm_mm, kernel) in [(5.0, Kernel::Sampled), (5.0, Kernel::Exact), (9.0, Kernel::Sampled)]
    {
        let taps = Taps::new(fwhm_mm, [3.5; 3], kernel)?;
        in_place(&device, &format!("smooth {fwhm_mm} mm {kernel:?}"), &mut run, |d, b| {
            smooth(&mut d.tape(), b, &taps, None)
        })?;
    }
    let taps = Taps::new(5.0, [3.5; 3], Kernel::Sampled)?;
    in_place(&device, "smooth 5 mm within a mask", &mut run, |d, b| {
        smooth(&mut d.tape(), b, &taps, Some(&mask))
    })?;
    run = Some(Bold::Host(made_up()));
    for (p, m) in [(1, 18), (7, 18), (7, 34)] {
        let projection = Projection::new(&columns(p, 1), &slices(m))?;
        in_place(&device, &format!("nuisance {p} + {m} columns"), &mut run, |d, b| {
            subtract(&mut d.tape(), b, &projection)
        })?;
    }
    fits(&device, &Bold::Host(made_up()), &mask)?;
    rearranged_maps(&device)
}

/// 500 rearrangements of 40 maps of 60,000 voxels: the mean, and two groups beside covariates.
fn rearranged_maps(device: &Device) -> boldly::Result<()> {
    let (n, n_voxels) = (40, 60_000);
    let maps = Array2::from_shape_fn((n, n_voxels), |(row, voxel)| {
        ((row * 7919 + voxel * 104_729) % 10_007) as f32 / 5003.5 - 1.0
    });
    for (name, exchange, p) in
        [("mean", Exchange::signs(n)?, 1), ("two groups, 3 covariates", Exchange::rows(n)?, 5)]
    {
        let design = Array2::from_shape_fn((n, p), |(row, column)| match column {
            0 => 1.0,
            1 => (row % 2) as f64,
            _ => ((row * row * (5 + column)) % 17) as f64,
        });
        let at = usize::from(p > 1);
        let weights = Array2::from_shape_fn((1, p), |(_, c)| f64::from(u8::from(c == at)));
        let tested = Tested::new(design.view(), weights.view(), &exchange, None)?;
        let plan = Plan::new(&exchange, std::slice::from_ref(&tested), 500, 1)?;
        let residuals = Residuals::new(maps.view(), &tested)?;
        let mut field = rearranged::begin(&mut device.tape(), residuals, &tested)?;
        for wanted in [Wanted::Counts, Wanted::Statistics] {
            let mut spans = Vec::new();
            for _ in 0..REPEATS {
                let _ = device.take_spans();
                let batch = plan.batch(0..plan.n());
                let _ = rearranged::advance(&mut device.tape(), &mut field, &batch, wanted)?;
                spans.extend(device.take_spans());
            }
            report(&format!("rearranged {name}, {wanted:?}"), spans);
        }
    }
    Ok(())
}

fn fits(device: &Device, bold: &Bold, mask: &Mask) -> boldly::Result<()> {
    let voxels: Vec<u32> = (0..).zip(&mask.inside).filter(|(_, m)| **m).map(|(v, _)| v).collect();
    for (p, m) in [(12, 0), (30, 0), (12, 18)] {
        let names: Vec<String> = (0..p).map(|j| format!("x{j}")).collect();
        let groups = (m > 0).then(|| slices(m));
        let model = Model::new(&columns(p, 1), &names, groups.as_ref(), SHAPE[2], 0.0)?;
        let name = format!("glm {} voxels, {p} + {m}", voxels.len());
        let mut spans = Vec::new();
        let mut last = fit(&mut device.tape(), bold, &voxels, &model)?;
        for _ in 0..REPEATS {
            let _ = device.take_spans();
            last = fit(&mut device.tape(), bold, &voxels, &model)?;
            spans.extend(device.take_spans());
        }
        report(&name, spans);
        for (stat, rows) in [(Stat::T, 1), (Stat::F, 3)] {
            let weights = Array2::from_shape_fn((rows, model.names.len()), |(r, j)| {
                f64::from(u8::from(r == j))
            });
            let contrast = Prepared::new(Contrast { name: "c".into(), stat, weights }, &model)?;
            let mut spans = Vec::new();
            for _ in 0..REPEATS {
                let _ = device.take_spans();
                evaluate(
                    &mut device.tape(),
                    &last,
                    std::slice::from_ref(&contrast),
                    contrast::Wanted::All,
                )?;
                spans.extend(device.take_spans());
            }
            report(&format!("contrast {stat:?}, {rows} rows"), spans);
        }
    }
    Ok(())
}

fn in_place(
    device: &Device,
    name: &str,
    run: &mut Option<Bold>,
    room: impl Fn(&Device, Bold) -> boldly::Result<Bold>,
) -> boldly::Result<()> {
    let mut spans = Vec::new();
    for _ in 0..REPEATS {
        let Some(bold) = run.take() else { break };
        let _ = device.take_spans();
        let start = Instant::now();
        *run = Some(room(device, bold)?);
        let wall = start.elapsed().as_secs_f64();
        spans.extend(device.take_spans().into_iter().map(|s| Span { seconds: wall, ..s }));
    }
    report(name, spans);
    Ok(())
}

fn report(name: &str, mut spans: Vec<Span>) {
    spans.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    if let Some(span) = spans.get(spans.len() / 2) {
        println!(
            "{name:<28} {:>9.2} {:>9.2} {:>8.1} {:>9.1}",
            span.seconds * 1e3,
            spans[0].seconds * 1e3,
            span.bytes as f64 / span.seconds / 1e9,
            span.flops as f64 / span.seconds / 1e9
        );
    }
}

/// A cheap deterministic stream, uniform in [-1, 1).
fn stream(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 33) as f64 / f64::from(1u32 << 30) - 1.0
    }
}

fn made_up() -> HostBold {
    let block = Block::whole(SHAPE, N_VOLUMES);
    let mut random = stream(1);
    let data = (0..block.len()).map(|_| (1000.0 + 20.0 * random()) as f32).collect();
    HostBold::new(block, data)
}

fn columns(p: usize, seed: u64) -> Array2<f64> {
    let mut random = stream(seed);
    Array2::from_shape_fn((N_VOLUMES, p), |(_, j)| if j + 1 == p { 1.0 } else { random() })
}

/// Every plane its own group.
fn slices(m: usize) -> SliceGroups {
    let columns =
        (0..SHAPE[2] as u64).map(|k| columns(m + 1, k + 9).slice_move(ndarray::s![.., ..m]));
    SliceGroups {
        group_of_plane: (0..SHAPE[2]).collect(),
        names: (0..m).map(|j| format!("n{j}")).collect(),
        columns: columns.collect(),
    }
}

/// An ellipsoid of about 60,000 voxels.
fn head() -> Mask {
    let mut affine = [[0.0; 4]; 4];
    (0..3).for_each(|a| affine[a][a] = 3.5);
    affine[3][3] = 1.0;
    let grid = Grid { shape: SHAPE, affine, voxel_size_mm: [3.5; 3], is_placed: true };
    let inside = (0..grid.n_voxels()).map(|v| {
        let at = grid.coordinates(v);
        let radius = |a: usize| (at[a] as f64 + 0.5) / SHAPE[a] as f64 * 2.0 - 1.0;
        (0..3).map(|a| radius(a).powi(2)).sum::<f64>() < 0.85
    });
    let inside = inside.collect();
    Mask { grid, inside }
}
