//! Tails in log space against mpmath with 50 digits (`tests/oracles/tails.py`), and their properties.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use boldly::stats::tails::{
    FTail, TTail, ln_gamma, ln_sf_f, ln_sf_normal, ln_sf_t, z_from_f, z_from_ln_sf, z_from_t,
};
use common::assert_close;

/// Rows of one table of the golden file.
fn golden(table: &str) -> Vec<Vec<f64>> {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("goldens/tails.json")).expect("valid JSON");
    let rows: Vec<Vec<f64>> =
        all[table]["rows"].as_array().unwrap().iter().map(common::numbers).collect();
    assert!(rows.len() > 10, "{table} has rows");
    rows
}

/// Compare f(row) with the row's column `want`, naming the row that is worst.
#[track_caller]
fn check(table: &str, want: usize, rtol: f64, atol: f64, f: impl Fn(&[f64]) -> f64) {
    let rows = golden(table);
    // ln P near 0 is minus the other tail, which is compared as the logarithm that it is computed from.
    let is_ln_sf = want + 2 == rows[0].len() || table == "normal";
    let comparable = |v: f64| if is_ln_sf && v > -0.1 && v < 0.0 { (-v).ln() } else { v };
    let got: Vec<f64> = rows.iter().map(|r| comparable(f(r))).collect();
    let wanted: Vec<f64> = rows.iter().map(|r| comparable(r[want])).collect();
    let multiple = |i: usize| {
        (got[i] - wanted[i]).abs() / (rtol * wanted[i].abs() + atol).max(f64::MIN_POSITIVE)
    };
    let worst = (0..rows.len()).max_by(|&a, &b| multiple(a).total_cmp(&multiple(b))).unwrap();
    println!(
        "{table}: worst {:?} got {:e}: {:.3} tolerances",
        rows[worst],
        got[worst],
        multiple(worst)
    );
    assert_close(&format!("{table} {:?}", rows[worst]), &got, &wanted, rtol, atol);
}

#[test]
fn ln_gamma_equals_mpmath() {
    check("ln_gamma", 1, 1e-15, 1e-15, |r| ln_gamma(r[0]));
}

#[test]
fn the_normal_tail_equals_mpmath_at_both_ends() {
    check("normal", 1, 2e-15, 0.0, |r| ln_sf_normal(r[0]));
}

#[test]
fn z_of_a_log_tail_equals_mpmath_at_both_ends() {
    // Absolute: half a rounding of ln p where z is near 0.
    check("z_from_ln_sf", 1, 2e-15, 2e-16, |r| z_from_ln_sf(r[0]));
}

#[test]
fn the_t_tail_equals_mpmath_to_ln_p_of_minus_thousands() {
    check("t", 2, 1e-14, 0.0, |r| ln_sf_t(r[0], r[1]));
    check("t", 3, 1e-14, 0.0, |r| z_from_t(r[0], r[1]));
    assert!(golden("t").iter().any(|r| r[2] < -1500.0), "the golden reaches far tails");
}

#[test]
fn the_f_tail_equals_mpmath_to_ln_p_of_minus_thousands() {
    check("f", 3, 1e-14, 0.0, |r| ln_sf_f(r[0], r[1], r[2]));
    check("f", 4, 1e-14, 2e-15, |r| z_from_f(r[0], r[1], r[2]));
}

#[test]
fn z_of_t_is_odd_and_rises_with_t() {
    for dof in [0.7, 3.0, 57.5, 180.0, 1e7] {
        let tail = TTail::new(dof);
        let mut last = f64::NEG_INFINITY;
        for k in -3000..=3000 {
            let t = f64::from(k) * 0.021;
            let z = tail.z(t);
            assert_eq!(z.to_bits() ^ tail.z(-t).to_bits(), if k == 0 { 0 } else { 1 << 63 }, "{t}");
            assert!(z > last, "dof {dof} t {t}: z {z} after {last}");
            assert!(z.abs() <= t.abs(), "t has heavier tails");
            last = z;
        }
    }
}

#[test]
fn t_squared_is_f_with_one_numerator_dof() {
    for dof in [1.0, 12.5, 190.0] {
        for t in [0.01, 0.9, 1.8, 6.0, 45.0] {
            let (one, two) = (ln_sf_t(t, dof) + 2f64.ln(), ln_sf_f(t * t, 1.0, dof));
            assert_close("ln p", &[one], &[two], 1e-14, 1e-15);
        }
    }
}

#[test]
fn the_two_tails_of_t_sum_to_one() {
    for t in [0.0, 0.3, 1.2, 2.0, 5.0] {
        let sum = ln_sf_t(t, 23.0).exp() + ln_sf_t(-t, 23.0).exp();
        assert_close("sum", &[sum], &[1.0], 3e-16, 0.0);
    }
}

#[test]
fn many_dof_make_t_normal_and_z_inverts_the_normal_tail() {
    for z in [-8.0, -1.0, 0.2, 1.75, 5.0, 9.0] {
        assert_close("infinite dof", &[z_from_t(z, f64::INFINITY)], &[z], 1e-9, 0.0);
        assert_close("1e8 dof", &[z_from_t(z, 1e8)], &[z], 3e-7, 0.0);
    }
    for k in 1..=4000 {
        let z = f64::from(k) * 0.02;
        assert_close("there and back", &[z_from_ln_sf(ln_sf_normal(z))], &[z], 3e-15, 3e-16);
    }
}

#[test]
fn undefined_input_gives_nan_and_the_ends_are_infinite() {
    for dof in [0.0, -3.0, f64::NAN] {
        assert!(ln_sf_t(1.0, dof).is_nan() && z_from_t(1.0, dof).is_nan());
        assert!(ln_sf_f(1.0, dof, 5.0).is_nan() && z_from_f(1.0, 5.0, dof).is_nan());
    }
    assert!(ln_sf_t(f64::NAN, 5.0).is_nan() && z_from_f(f64::NAN, 2.0, 5.0).is_nan());
    assert!(
        z_from_ln_sf(0.1).is_nan() && ln_gamma(-1.0).is_nan() && ln_sf_normal(f64::NAN).is_nan()
    );
    let infinite = f64::INFINITY;
    assert_eq!((z_from_t(infinite, 9.0), z_from_t(-infinite, 9.0)), (infinite, -infinite));
    assert_eq!((ln_sf_t(infinite, 9.0), ln_sf_t(-infinite, 9.0)), (-infinite, 0.0));
    assert_eq!((z_from_f(infinite, 2.0, 9.0), z_from_f(0.0, 2.0, 9.0)), (infinite, -infinite));
    assert_eq!((ln_sf_f(infinite, 2.0, 9.0), ln_sf_f(0.0, 2.0, 9.0)), (-infinite, 0.0));
    assert_eq!((z_from_ln_sf(0.0), z_from_ln_sf(-infinite)), (-infinite, infinite));
    assert_eq!(z_from_t(0.0, 9.0), 0.0);
}

#[test]
fn z_and_log_tail_together_are_those_apart() {
    let (t_tail, f_tail) = (TTail::new(31.5), FTail::new(3.0, 31.5));
    for k in -400..400 {
        let x = f64::from(k) * 0.05;
        let (z, ln_sf) = t_tail.z_and_ln_sf(x);
        assert_close("t", &[z, ln_sf], &[t_tail.z(x), t_tail.ln_sf(x)], 1e-14, 1e-15);
        let (z, ln_sf) = f_tail.z_and_ln_sf(x.abs() + 0.01);
        let apart = [f_tail.z(x.abs() + 0.01), f_tail.ln_sf(x.abs() + 0.01)];
        assert_close("F", &[z, ln_sf], &apart, 1e-14, 1e-15);
    }
}
