//! rho where it is hard to find: near the largest, and where few degrees of freedom leave the objective two bowls. It is where the dense objective is least, varies
//! continuously with the data, and does not hang on other voxels.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use boldly::stats::ar1::{Ar1, EachAdded, LARGEST, Pairs, Rule, Sums, unbiased};
use common::Random;
use ndarray::{Array1, Array2, Axis, concatenate};

const N: usize = 60;

/// A constant, a ramp and a wave of blocks, `[volume][regressor]`.
fn design() -> Array2<f64> {
    Array2::from_shape_fn((N, 3), |(t, j)| match j {
        0 => 1.0,
        1 => t as f64 / N as f64,
        _ => (t as f64 / 7.0).sin(),
    })
}

/// One more column.
fn seed() -> Array1<f64> {
    (0..N).map(|t| (t as f64 / 3.0).cos()).collect()
}

fn model(design: &Array2<f64>) -> Ar1 {
    let (n, p) = design.dim();
    let pairs = Pairs::consecutive(n);
    Ar1::new(design.view(), &pairs, Rule::Reml, (0, (n - p) as f64)).unwrap()
}

/// 31 volumes and 21 columns, a constant first.
fn few_left(random: &mut Random) -> Ar1 {
    model(&Array2::from_shape_fn((31, 21), |(_, j)| if j == 0 { 1.0 } else { random.normal() }))
}

fn white(n: usize, random: &mut Random) -> Array1<f64> {
    (0..n).map(|_| random.normal()).collect()
}

/// Noise that follows itself by rho.
fn noise(rho: f64, random: &mut Random) -> Array1<f64> {
    let mut value = random.normal();
    let next = |_| {
        value = rho * value + (1.0 - rho * rho).sqrt() * random.normal();
        value
    };
    (0..N).map(next).collect()
}

/// Of residuals of several series, `[volume][series]`, on `columns` `[volume][column]`.
fn sums(model: &Ar1, series: &[Array1<f64>], columns: &Array2<f64>) -> Sums {
    of_pairs(model, &Pairs::consecutive(model.n_volumes), series, columns)
}

fn of_pairs(model: &Ar1, kept: &Pairs, series: &[Array1<f64>], columns: &Array2<f64>) -> Sums {
    let n = model.n_volumes;
    let views: Vec<_> = series.iter().map(|y| y.view()).collect();
    let y = ndarray::stack(Axis(1), &views).unwrap();
    let e = &y - &model.basis.dot(&model.basis.t().dot(&y));
    let pairs = |of: fn(f64, f64) -> f64| {
        Array2::from_shape_fn((kept.gaps.len(), e.ncols()), |(gap, at)| {
            let pairs = (1..n).filter(|&t| kept.gap_of[t] as usize == gap);
            pairs.map(|t| of(e[[t - 1, at]], e[[t, at]])).sum()
        })
    };
    let square = e.map_axis(Axis(0), |e| e.dot(&e)).to_vec();
    Sums {
        total: square.clone(),
        square,
        last: e.row(n - 1).to_vec(),
        ends: pairs(|a, b| a * a + b * b),
        lags: pairs(|a, b| 2.0 * a * b),
        columns: columns.t().dot(&e),
    }
}

fn rho(model: &Ar1, series: &[Array1<f64>]) -> Vec<f64> {
    model.rho(&sums(model, series, &model.columns))
}

/// m log RSS + log|U'R⁻¹U| + log|R| of a series and a design, by Gram and Schmidt on whitened columns.
fn objective(design: &Array2<f64>, y: &Array1<f64>, rho: f64) -> f64 {
    let whitened = |x: &Array1<f64>| -> Array1<f64> {
        let step = |t: usize| match t {
            0 => x[0],
            _ => (x[t] - rho * x[t - 1]) / (1.0 - rho * rho).sqrt(),
        };
        (0..N).map(step).collect()
    };
    let (mut z, mut ln_det) = (whitened(y), (N - 1) as f64 * (1.0 - rho * rho).ln());
    let mut basis: Vec<Array1<f64>> = Vec::new();
    for column in design.columns() {
        let mut u = whitened(&column.to_owned());
        for _ in 0..2 {
            basis.iter().for_each(|v| u = &u - &(v * u.dot(v)));
        }
        ln_det += u.dot(&u).ln();
        basis.push(&u / u.dot(&u).sqrt());
    }
    basis.iter().for_each(|v| z = &z - &(v * z.dot(v)));
    (N - design.ncols()) as f64 * z.dot(&z).ln() + ln_det
}

/// Where the dense objective is least in steps of 1e-4: of all places `step` apart, then about the least of them.
fn dense(design: &Array2<f64>, y: &Array1<f64>) -> f64 {
    let least = |from: f64, to: f64, step: f64| {
        let n = ((to - from) / step).round() as usize;
        let places = (0..=n).map(|k| from + k as f64 * step);
        let values = places.map(|rho| (objective(design, y, rho), rho));
        values.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1
    };
    let near = least(-LARGEST, LARGEST, 0.005);
    least((near - 0.005).max(-LARGEST), (near + 0.005).min(LARGEST), 1e-4)
}

#[test]
fn rho_is_where_the_dense_objective_is_least_up_to_the_largest() {
    let (design, mut random) = (design(), Random(3));
    let model = model(&design);
    let whole = concatenate![Axis(1), design, seed().insert_axis(Axis(1))];
    let added = model.added(&Pairs::consecutive(N), seed().view()).unwrap();
    let columns = concatenate![Axis(1), model.columns, added.columns];
    let series: Vec<Array1<f64>> = (0..120)
        .map(|k| {
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            noise(sign * (0.9 + 0.0006 * f64::from(k)), &mut random)
        })
        .collect();
    let added = [added];
    let each = EachAdded::new(&model, &added, true);
    let with_seed = each.rho(&sums(&model, &series, &columns)).remove(0);
    let all = [(&design, rho(&model, &series)), (&whole, with_seed)];
    let mut failures = Vec::new();
    for (what, (design, found)) in all.into_iter().enumerate() {
        let (mut between, mut ends, mut off) = (0, [0; 2], Vec::new());
        for (y, rho) in series.iter().zip(found) {
            let want = dense(design, y);
            if (rho - want).abs() > 1.1e-4 {
                off.push(format!("{rho} for {want}"));
            }
            between += usize::from(want.abs() > 0.926 && want.abs() < 0.9495);
            ends[usize::from(rho > 0.0)] += usize::from(rho.abs() == LARGEST);
        }
        println!("model {what}: {between} between .926 and the end, {ends:?} at it");
        assert!(between > 4 && ends[0] > 2 && ends[1] > 2, "{between} {ends:?}");
        if !off.is_empty() {
            failures.push(format!("model {what}: {} of {}: {}", off.len(), series.len(), off[0]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("; "));
    for y in series.iter().step_by(10) {
        let own = sums(&model, std::slice::from_ref(y), &model.columns);
        let (alone, together) = (model.rho_alone(&own), model.rho(&own)[0]);
        assert!((alone - together).abs() < 1e-6, "{alone} alone, {together} among others");
    }
}

#[test]
fn rho_reaches_the_largest_without_a_jump_as_data_change() {
    let (design, mut random) = (design(), Random(8));
    let model = model(&design);
    let mut reached = 0;
    for sign in [1.0, -1.0] {
        for _ in 0..6 {
            let (slow, slower) = (noise(sign * 0.8, &mut random), noise(sign * 0.995, &mut random));
            let mixed = |k: usize| {
                let share = k as f64 / 2000.0;
                &slow * (1.0 - share) + &slower * share
            };
            let path: Vec<Array1<f64>> = (0..=2000).map(mixed).collect();
            let rho = rho(&model, &path);
            let jump = rho.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f64::max);
            reached += usize::from(rho[0].abs() < 0.92 && rho[2000].abs() == LARGEST);
            assert!(jump < 2e-3, "from {} to {}: a jump of {jump}", rho[0], rho[2000]);
        }
    }
    assert!(reached > 2, "{reached} paths reach the end");
}

#[test]
fn the_rho_of_a_voxel_does_not_hang_on_the_voxels_beside_it() {
    let mut random = Random(4);
    for _ in 0..5 {
        let model = few_left(&mut random);
        let series: Vec<Array1<f64>> = (0..200).map(|_| white(31, &mut random)).collect();
        let together = rho(&model, &series);
        for (own, together) in series.iter().zip(together) {
            let alone = rho(&model, std::slice::from_ref(own))[0];
            assert!((alone - together).abs() < 1e-7, "{alone} alone, {together} among others");
        }
    }
}

#[test]
fn of_two_bowls_as_deep_the_other_is_known_and_of_one_that_is_deeper_it_is_not() {
    let mut random = Random(6);
    let mut n_ties = 0;
    for _ in 0..40 {
        let model = few_left(&mut random);
        let (from, to) = (white(31, &mut random), white(31, &mut random));
        let mixed = |share: f64| &from * (1.0 - share) + &to * share;
        let path: Vec<Array1<f64>> = (0..=100).map(|k| mixed(f64::from(k) / 100.0)).collect();
        let found = rho(&model, &path);
        let Some(jump) = found.windows(2).position(|two| (two[1] - two[0]).abs() > 0.4) else {
            continue;
        };
        let (mut low, mut high) = (jump as f64 / 100.0, (jump as f64 + 1.0) / 100.0);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            let near = rho(&model, &[mixed(middle)])[0];
            let is_low = (near - found[jump]).abs() < (near - found[jump + 1]).abs();
            (low, high) = if is_low { (middle, high) } else { (low, middle) };
        }
        let sides = [mixed(low), mixed(high)];
        let own = rho(&model, &sides);
        if (own[1] - own[0]).abs() < 0.3 {
            continue;
        }
        n_ties += 1;
        let rivals = |series: &[Array1<f64>]| {
            model.rivals(&model.scan(), &sums(&model, series, &model.columns), 1e-6)
        };
        let tied = rivals(&sides);
        for side in 0..2 {
            let rival = tied[side].unwrap_or_else(|| panic!("none for {own:?}"));
            assert!((rival - own[1 - side]).abs() < 1e-4, "{rival} for {own:?}");
        }
        let apart = [mixed((low - 0.02).max(0.0)), mixed((high + 0.02).min(1.0))];
        assert_eq!(rivals(&apart), [None, None], "{own:?}");
    }
    println!("{n_ties} pairs of bowls");
    assert!(n_ties > 2, "{n_ties} pairs of bowls");
}

#[test]
fn the_mean_of_many_voxels_is_the_rho_of_the_noise_once_its_bias_is_taken_out() {
    let (model, mut random) = (model(&design()), Random(9));
    for (truth, n) in [(0.6, 6000), (-0.4, 6000), (0.0, 2000)] {
        let series: Vec<Array1<f64>> = (0..n).map(|_| noise(truth, &mut random)).collect();
        let found = rho(&model, &series);
        let mean =
            |of: &dyn Fn(f64) -> f64| found.iter().map(|&rho| of(rho)).sum::<f64>() / n as f64;
        let (raw, mended) = (mean(&|rho| rho), mean(&|rho| unbiased(rho, N)));
        let error = ((1.0 - truth * truth) / (N * n) as f64).sqrt();
        println!("rho {truth}: {raw}, without its bias {mended}, standard error {error}");
        assert!((mended - truth).abs() < 3.0 * error, "{mended} ± {error} for {truth}");
        assert!(truth == 0.0 || (raw - truth).abs() > 6.0 * error, "{raw} ± {error} for {truth}");
    }
    assert_eq!((unbiased(0.94, 20), unbiased(-0.94, 20)), (LARGEST, -LARGEST));
}

/// Every other volume of a run is a run of twice the TR: of volumes an even number apart alone nothing says which sign a rho of neighbours has.
#[test]
fn rho_of_volumes_that_lie_multiples_apart_is_that_of_the_run_without_the_others() {
    let kept = |apart: usize| (0..N).map(move |t| apart * t + if t > 40 { 2 * apart } else { 0 });
    let [near, far] = [1, 4].map(|apart| Pairs::of_kept(&kept(apart).collect::<Vec<_>>()));
    assert_eq!((far.step, &far.gaps, &far.gap_of), (4, &near.gaps, &near.gap_of));
    assert_eq!(far.kept(), kept(4).collect::<Vec<_>>());
    assert!(far.has_gaps() && Pairs::of_kept(&[0, 2, 4]).has_gaps());
    assert!(!Pairs::consecutive(3).has_gaps());
}

/// By the full matrices R of correlations and R' of their slopes: with I = tr(R⁻¹R'R⁻¹R') / 2, c = tr(R⁻¹R') / 2, the variance is 1 / (I - 2 c² / n).
#[test]
fn the_error_of_rho_is_fishers_of_the_volumes_that_are_kept() {
    // of 90 volumes all but each fifth and each seventh
    let kept: Vec<usize> = (0..90).filter(|t| t % 5 != 3 && t % 7 != 5).collect();
    let pairs = Pairs::of_kept(&kept);
    for (rho, want) in [
        (0.0, 0.16222142113076254),
        (0.4, 0.12737550882920054),
        (-0.3, 0.14045818237647356),
        (0.8, 0.06699601476427883),
    ] {
        let found = pairs.rho_error().at(rho).unwrap();
        assert!((found / want - 1.0).abs() < 1e-9, "{rho}: {found} for {want}");
    }
    let n = N as f64;
    let alone = Pairs::consecutive(N).rho_error().at(0.6).unwrap();
    assert!((alone / (0.64 / n).sqrt() - 1.0).abs() < 1e-2, "{alone}");
    // 24 pairs of neighbours are too few for what holds of many.
    assert_eq!(Pairs::of_kept(&(0..25).collect::<Vec<_>>()).rho_error().at(0.0), None);
}

/// One pair an odd number of volumes apart, which alone knew the sign and was wrong in one voxel of four; and pairs three volumes apart, of whose rho³ it is
/// little better seen.
#[test]
fn rho_is_not_negative_where_next_to_nothing_tells_its_sign() {
    not_negative(&(0..N).map(|t| if t < 30 { 2 * t } else { 2 * t + 1 }).collect::<Vec<_>>());
    not_negative(&(0..N).map(|t| 2 * t + t / 8).collect::<Vec<_>>());
}

fn not_negative(kept: &[usize]) {
    let (design, mut random, pairs) = (design(), Random(12), Pairs::of_kept(kept));
    let dof = (N - design.ncols()) as f64;
    let model = Ar1::new(design.view(), &pairs, Rule::Reml, (0, dof)).unwrap();
    let neighbours = 0.8_f64;
    let series: Vec<Array1<f64>> = (0..300)
        .map(|_| {
            let mut value = random.normal();
            let next = |t: usize| {
                let gap = if t == 0 { 1 } else { kept[t] - kept[t - 1] };
                let r = neighbours.powi(gap as i32);
                value = r * value + (1.0 - r * r).sqrt() * random.normal();
                value
            };
            (0..N).map(next).collect()
        })
        .collect();
    let added = model.added(&pairs, seed().view()).unwrap();
    let columns = concatenate![Axis(1), model.columns, added.columns];
    let sums = of_pairs(&model, &pairs, &series, &columns);
    let alone: Vec<f64> = (0..300)
        .map(|at| model.rho_alone(&of_pairs(&model, &pairs, &series[at..=at], &columns)))
        .collect();
    let added = [added];
    let with_seed = EachAdded::new(&model, &added, true).rho(&sums).remove(0);
    for (what, found) in [("all", model.rho(&sums)), ("alone", alone), ("seed", with_seed)] {
        let mean = found.iter().sum::<f64>() / found.len() as f64;
        let least = found.iter().copied().fold(1.0, f64::min);
        println!("{what}: mean {mean}, least {least}");
        assert!(least >= 0.0, "{what}: {least}");
        assert!((0.7..0.82).contains(&mean), "{what}: {mean}");
    }
    // Where pairs of neighbours abound, a negative rho is found.
    assert!(rho(&self::model(&design), &[noise(-0.7, &mut random)])[0] < -0.4);
}
