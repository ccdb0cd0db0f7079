//! Noncentral t and F, limits of effect sizes.

use boldly::stats::noncentral::{
    FLimits, TLimits, f_cdf, hedges_correction, one_sample_factor, partial_eta_square,
    partial_eta_square_of, t_cdf, two_sample_factor,
};
use boldly::stats::tails::{ln_sf_f, ln_sf_t};
use serde_json::Value;

use crate::common::{assert_close, numbers};

fn table(name: &str) -> Vec<Vec<f64>> {
    let golden: Value =
        serde_json::from_str(include_str!("../goldens/group_noncentral.json")).unwrap();
    let rows: Vec<Vec<f64>> = golden[name].as_array().unwrap().iter().map(numbers).collect();
    assert!(rows.len() > 5, "{name} has rows");
    rows
}

#[test]
fn noncentral_t_and_f_equal_mpmaths_integral_and_sum() {
    for row in table("t") {
        let got = t_cdf(row[0], row[1], row[2]);
        assert!((got - row[3]).abs() < 1e-12, "{row:?}: {got}");
    }
    for row in table("f") {
        let got = f_cdf(row[0], row[1], row[2], row[3]);
        assert!((got - row[4]).abs() < 1e-12, "{row:?}: {got}");
    }
    // Central ones, F of one numerator dof as t squared, and far dof.
    for (t, dof) in [(0.3, 4.0), (-2.0, 11.5), (5.0, 80.0)] {
        assert!((t_cdf(t, dof, 0.0) - 1.0 + ln_sf_t(t, dof).exp()).abs() < 1e-12);
        let both = t_cdf(t.abs(), dof, 1.3) - t_cdf(-t.abs(), dof, 1.3);
        assert!((f_cdf(t * t, 1.0, dof, 1.3 * 1.3) - both).abs() < 1e-12);
        let near = f_cdf(t * t, 3.0, dof, 1e-40) - f_cdf(t * t, 3.0, dof, 0.0);
        assert!(near.abs() < 1e-12, "{near}: a noncentrality that is next to none");
        assert!((f_cdf(t * t, 3.0, dof, 0.0) - 1.0 + ln_sf_f(t * t, 3.0, dof).exp()).abs() < 1e-12);
    }
    // Of a tiny F both sides shrink alike: two-sided t of 1e-7.
    let tiny = t_cdf(1e-7, 9.0, 2.0) - t_cdf(-1e-7, 9.0, 2.0);
    assert!((f_cdf(1e-14, 1.0, 9.0, 4.0) - tiny).abs() < 1e-15, "{tiny}");
    assert!(tiny > 1e-9);
    let far = t_cdf(1.0, f64::INFINITY, 0.4);
    let normal = 1.0 - boldly::stats::tails::ln_sf_normal(0.6).exp();
    assert!((far - normal).abs() < 1e-7, "{far}");
}

#[test]
fn what_is_no_number_or_has_no_dof_gives_nan() {
    let nan = f64::NAN;
    for got in
        [t_cdf(nan, 5.0, 0.0), t_cdf(1.0, 0.5, 0.0), t_cdf(1.0, nan, 0.0), t_cdf(1.0, 5.0, nan)]
    {
        assert!(got.is_nan());
    }
    for got in [
        f_cdf(nan, 1.0, 5.0, 0.0),
        f_cdf(1.0, 0.0, 5.0, 0.0),
        f_cdf(1.0, 1.0, nan, 0.0),
        f_cdf(1.0, 1.0, 5.0, -1.0),
    ] {
        assert!(got.is_nan());
    }
    assert_eq!([t_cdf(f64::INFINITY, 5.0, 1.0), t_cdf(f64::NEG_INFINITY, 5.0, 1.0)], [1.0, 0.0]);
    assert_eq!([f_cdf(f64::INFINITY, 2.0, 5.0, 1.0), f_cdf(-1.0, 2.0, 5.0, 1.0)], [1.0, 0.0]);
    let limits = TLimits::new(9.0, 0.95, 5.0);
    assert!(limits.of(nan).0.is_nan() && limits.of(f64::INFINITY).1.is_nan());
    assert!(TLimits::new(0.5, 0.95, 5.0).of(1.0).0.is_nan());
    assert!(TLimits::new(9.0, 1.0, 5.0).of(1.0).0.is_nan());
    let limits = FLimits::new(2.0, 9.0, 0.9, 5.0);
    assert!(limits.of(nan).0.is_nan() && limits.of(-1.0).1.is_nan());
    assert!(FLimits::new(0.0, 9.0, 0.9, 5.0).of(1.0).0.is_nan());
}

#[test]
fn limits_of_t_are_the_exact_roots_within_1e_6_between_nodes_and_beyond_the_table() {
    for dof in [1.0, 2.5, 9.0, 38.0, 400.0] {
        let limits = TLimits::new(dof, 0.95, 4.0);
        for row in table("t_limits").into_iter().filter(|row| row[1] == dof) {
            let (low, high) = limits.of(row[0]);
            assert_close(&format!("{row:?}"), &[low, high], &row[2..], 1e-7, 1e-6);
        }
        // By the definition, at places that are no node's.
        for k in 0..8 {
            let t = -3.9 + 1.017 * f64::from(k);
            let (low, high) = limits.of(t);
            let slack = 1e-6;
            assert!((t_cdf(t, dof, low) - 0.975).abs() < slack, "{t} of {dof}: {low}");
            assert!((t_cdf(t, dof, high) - 0.025).abs() < slack, "{t} of {dof}: {high}");
            let (other_low, other_high) = limits.of(-t);
            assert_eq!((other_low, other_high), (-high, -low));
        }
    }
}

#[test]
fn limits_of_f_are_the_exact_roots_or_0() {
    for (dof1, dof2) in [(1.0, 9.0), (2.0, 17.0), (3.0, 40.0), (6.0, 300.0)] {
        let limits = FLimits::new(dof1, dof2, 0.95, 9.0);
        let mut zeros = 0;
        for row in table("f_limits").into_iter().filter(|r| r[1] == dof1 && r[2] == dof2) {
            let (low, high) = limits.of(row[0]);
            assert_close(&format!("{row:?}"), &[low, high], &row[3..], 1e-6, 1e-6);
            zeros += usize::from(low == 0.0);
        }
        assert!(zeros > 0);
        for k in 1..12 {
            let f = 0.773 * f64::from(k);
            let (low, high) = limits.of(f);
            assert!((f_cdf(f, dof1, dof2, high) - 0.025).abs() < 1e-6);
            assert!(low == 0.0 || (f_cdf(f, dof1, dof2, low) - 0.975).abs() < 1e-6);
            assert!(low > 0.0 || f_cdf(f, dof1, dof2, 0.0) <= 0.975 + 1e-9);
        }
        assert_eq!(limits.of(0.0), (0.0, 0.0));
    }
}

#[test]
fn hedges_correction_is_gammas_quotient_and_sizes_are_by_hand() {
    let rows = table("hedges");
    let got: Vec<f64> = rows.iter().map(|row| hedges_correction(row[0])).collect();
    let want: Vec<f64> = rows.iter().map(|row| row[1]).collect();
    assert_close("J", &got, &want, 1e-10, 0.0);
    assert!(hedges_correction(1.0).is_nan() && hedges_correction(f64::NAN).is_nan());
    assert_eq!([one_sample_factor(16.0), two_sample_factor(8.0, 8.0)], [0.25, 0.5]);
    assert_eq!(partial_eta_square(4.0, 2.0, 24.0), 0.25);
    assert_eq!(partial_eta_square_of(9.0, 2.0, 24.0), 0.25);
}
