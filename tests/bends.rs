//! What rho, a and b may be off by, from how the objective bends: against what residuals that are off do to them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use boldly::stats::ar1::{Ar1, FLATTEST, Pairs, Rule, Sums};
use common::Random;
use ndarray::{Array1, Array2, Axis};

/// Slow columns, a constant first, which take what tells of rho.
fn design(n: usize, n_columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, n_columns), |(t, j)| {
        (std::f64::consts::PI * j as f64 * (t as f64 + 0.5) / n as f64).cos()
    })
}

/// Noise that follows itself by rho, less what the design explains.
fn residual(model: &Ar1, rho: f64, random: &mut Random) -> Array1<f64> {
    let mut value = random.normal();
    let noise = (0..model.n_volumes).map(|_| {
        value = rho * value + (1.0 - rho * rho).sqrt() * random.normal();
        value
    });
    without(model, &noise.collect())
}

fn without(model: &Ar1, series: &Array1<f64>) -> Array1<f64> {
    series - &model.basis.dot(&model.basis.t().dot(series))
}

fn sums(model: &Ar1, e: &Array1<f64>) -> Sums {
    let n = e.len();
    let (mut ends, mut lags) = (0.0, 0.0);
    for t in 1..n {
        ends += e[t - 1].powi(2) + e[t].powi(2);
        lags += 2.0 * e[t - 1] * e[t];
    }
    let one = |value| Array2::from_elem((1, 1), value);
    Sums {
        total: vec![e.dot(e)],
        square: vec![e.dot(e)],
        last: vec![e[n - 1]],
        ends: one(ends),
        lags: one(lags),
        columns: model.columns.t().dot(e).insert_axis(Axis(1)),
    }
}

/// z = the whitened residuals as the model leaves them, by the dense inverse: RSS of e at rho.
fn rss(model: &Ar1, e: &Array1<f64>, rho: f64) -> f64 {
    let n = e.len();
    let whiten = |x: &Array1<f64>| {
        let step = |t: usize| match t {
            0 => x[0],
            _ => (x[t] - rho * x[t - 1]) / (1.0 - rho * rho).sqrt(),
        };
        (0..n).map(step).collect::<Array1<f64>>()
    };
    let columns: Vec<Array1<f64>> =
        model.basis.columns().into_iter().map(|u| whiten(&u.to_owned())).collect();
    let mut z = whiten(e);
    // Gram and Schmidt, twice.
    let mut basis: Vec<Array1<f64>> = Vec::new();
    for mut u in columns {
        for _ in 0..2 {
            basis.iter().for_each(|v| u = &u - &(v * u.dot(v)));
        }
        basis.push(&u / u.dot(&u).sqrt());
    }
    basis.iter().for_each(|v| z = &z - &(v * z.dot(v)));
    z.dot(&z)
}

#[test]
fn rho_moves_as_far_as_it_is_allowed_to_at_most_where_residuals_are_off_in_the_worst_way() {
    let mut random = Random(5);
    let (mut most, mut gives) = (Vec::new(), Vec::new());
    for (n, n_columns) in [(200, 8), (24, 12)] {
        let model = Ar1::new(
            design(n, n_columns).view(),
            &Pairs::consecutive(n),
            Rule::Reml,
            (0, (n - n_columns) as f64),
        )
        .unwrap();
        let (mut worst, mut all) = (0.0_f64, Vec::new());
        for trial in 0..60 {
            let e = residual(&model, 0.1 * f64::from(trial % 8), &mut random);
            let of = sums(&model, &e);
            let rho = model.rho(&of)[0];
            let give = model.give(&of, &[rho])[0];
            assert!(give > 0.0 && give <= FLATTEST, "{give}");
            if rho.abs() > 0.9 || give == FLATTEST {
                continue;
            }
            // Neighbours mixed into each other move the correlation at lag 1 most.
            let at = |t: Option<&f64>| t.copied().unwrap_or(0.0);
            let mixed: Array1<f64> =
                (0..n).map(|t| at(e.get(t + 1)) + at(t.checked_sub(1).map(|t| &e[t]))).collect();
            let mixed = without(&model, &mixed);
            let size = (rss(&model, &mixed, rho) / rss(&model, &e, rho)).sqrt();
            let r = 1e-5;
            let moved = model.rho(&sums(&model, &(&e + &(&mixed * (r / size)))))[0];
            let share = (moved - rho).abs() / (give * r);
            assert!(share < 1.02, "n {n}, rho {rho}: moved {}, give {give}", (moved - rho) / r);
            worst = worst.max(share);
            all.push(give);
        }
        all.sort_by(f64::total_cmp);
        println!(
            "{n} volumes: worst {worst:.2} of the bound, give {:.1} (median)",
            all[all.len() / 2]
        );
        most.push(worst);
        gives.push(all[all.len() / 2]);
    }
    assert!(most[0] > 0.2 && most[1] > 0.05, "the bound is no idle one: {most:?}");
    // As many residuals as tell of rho: about 2, and what whitening makes of them.
    assert!(gives[0] > 1.5 && gives[0] < 5.0 && gives[1] > 1.3 * gives[0], "{gives:?}");
}

#[test]
fn nothing_is_given_where_nothing_is_left_and_the_most_where_the_objective_is_no_bowl() {
    let model =
        Ar1::new(design(12, 11).view(), &Pairs::consecutive(12), Rule::Reml, (0, 1.0)).unwrap();
    let mut random = Random(2);
    let e = residual(&model, 0.0, &mut random);
    // One residual is left: RSS is a function of rho alone, whatever the data.
    let of = sums(&model, &e);
    let flat = model.give(&of, &model.rho(&of))[0];
    let nothing = model.give(&sums(&model, &Array1::zeros(12)), &[0.0])[0];
    println!("one residual: {flat}");
    assert_eq!(nothing, 0.0);
    assert!(flat > 0.0 && flat <= FLATTEST);
}
