//! The upper tail of the standard normal in log space, and its inverse.
#![expect(clippy::excessive_precision, reason = "coefficients stand as they are published")]

use super::gamma::HALF_LN_TWO_PI;
use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

/// ln P(Z > z). Relative accuracy 1e-15 at both ends: -z^2/2 + ln(erfcx(z / sqrt 2) / 2) for z >= 0, and
/// ln(1 - P(Z > |z|)) below.
#[must_use]
pub fn ln_sf_normal(z: f64) -> f64 {
    if z == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    if z < 0.0 {
        return (-ln_sf_normal(-z).exp()).ln_1p();
    }
    -0.5 * z * z + (0.5 * erfcx(z * FRAC_1_SQRT_2)).ln()
}

/// z with ln P(Z > z) = `ln_sf`: the normal quantile without forming p. 0 gives minus infinity, minus infinity gives
/// infinity; NaN for positive input.
#[must_use]
pub fn z_from_ln_sf(ln_sf: f64) -> f64 {
    if ln_sf.is_nan() || ln_sf > 0.0 {
        return f64::NAN;
    }
    if ln_sf > -LN_2 {
        // The lower half: the upper tail of -z is 1 - p.
        let q = ln_sf.exp() - 0.5;
        if q <= CENTRAL {
            return -z_from_half_minus_sf(q);
        }
        return -tail_quantile((-ln_sf.exp_m1()).ln());
    }
    let q = -0.5 * (ln_sf + LN_2).exp_m1();
    if q <= CENTRAL { z_from_half_minus_sf(q) } else { tail_quantile(ln_sf) }
}

/// Half width in p of AS 241's central range.
const CENTRAL: f64 = 0.425;

/// z with P(Z > z) = 1/2 - q for 0 <= q <= 1/2, exact also where q is tiny.
pub(super) fn z_from_half_minus_sf(q: f64) -> f64 {
    if q.is_nan() || q > CENTRAL {
        return tail_quantile((0.5 - q).ln());
    }
    let r = 0.180_625 - q * q;
    q * ratio(&CENTRE, r)
}

/// z of a small upper tail, p below 0.075.
fn tail_quantile(ln_sf: f64) -> f64 {
    if ln_sf == f64::NEG_INFINITY {
        return f64::INFINITY;
    }
    let r = (-ln_sf).sqrt();
    if r <= 5.0 {
        ratio(&NEAR, r - 1.6)
    } else if r <= 27.0 {
        ratio(&FAR, r - 5.0)
    } else {
        newton(ln_sf)
    }
}

/// Beyond p = 1e-316: ln P(Z > z) = -z^2/2 - ln z - ln(2 pi)/2 + O(1/z^2), then Newton on ln P, whose slope is
/// minus the hazard sqrt(2/pi) / erfcx(z / sqrt 2).
fn newton(ln_sf: f64) -> f64 {
    let first = (-2.0 * ln_sf).sqrt();
    let mut z = (-2.0 * (ln_sf + HALF_LN_TWO_PI + first.ln())).sqrt();
    for _ in 0..3 {
        let hazard = (2.0 / std::f64::consts::PI).sqrt() / erfcx(z * FRAC_1_SQRT_2);
        let step = (ln_sf_normal(z) - ln_sf) / hazard;
        if !step.is_finite() {
            break;
        }
        z += step;
    }
    z
}

/// exp(x^2) erfc(x) for x >= 0: a Chebyshev series of (1 + 2 x) erfcx(x) in (x - 3.75) / (x + 3.75)
/// (Shepherd and Laframboise 1981; coefficients by `tests/oracles/tails.py --coefficients`).
fn erfcx(x: f64) -> f64 {
    // 1 - 7.5 / (x + 3.75) is the same without infinity / infinity.
    let t = 1.0 - 7.5 / (x + 3.75);
    let (mut b1, mut b2) = (0.0, 0.0);
    for c in ERFCX.iter().skip(1).rev() {
        (b1, b2) = (2.0 * t * b1 - b2 + c, b1);
    }
    (t * b1 - b2 + ERFCX[0]) / (1.0 + 2.0 * x)
}

/// Numerator and denominator of a rational function, highest power first.
type Rational = ([f64; 8], [f64; 8]);

fn ratio((numerator, denominator): &Rational, r: f64) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().fold(0.0, |acc, c| acc * r + c);
    horner(numerator) / horner(denominator)
}

/// AS 241 (PPND16), |q| <= 0.425, in 0.180625 - q^2.
const CENTRE: Rational = (
    [
        2_509.080_928_730_122_672_7,
        33_430.575_583_588_128_105,
        67_265.770_927_008_700_853,
        45_921.953_931_549_871_457,
        13_731.693_765_509_461_125,
        1_971.590_950_306_551_442_7,
        133.141_667_891_784_377_45,
        3.387_132_872_796_366_608,
    ],
    [
        5_226.495_278_852_854_561,
        28_729.085_735_721_942_674,
        39_307.895_800_092_710_61,
        21_213.794_301_586_595_867,
        5_394.196_021_424_751_107_7,
        687.187_007_492_057_908_3,
        42.313_330_701_600_911_252,
        1.0,
    ],
);
/// AS 241, sqrt(-ln p) <= 5, in sqrt(-ln p) - 1.6.
const NEAR: Rational = (
    [
        7.745_450_142_783_414_076_4e-4,
        2.272_384_498_926_918_458_33e-2,
        2.417_807_251_774_506_117_7e-1,
        1.270_458_252_452_368_382_58,
        3.647_848_324_763_204_605_04,
        5.769_497_221_460_691_405_5,
        4.630_337_846_156_545_295_9,
        1.423_437_110_749_683_577_34,
    ],
    [
        1.050_750_071_644_416_843_24e-9,
        5.475_938_084_995_344_946e-4,
        1.519_866_656_361_645_719_66e-2,
        1.481_039_764_274_800_745_9e-1,
        6.897_673_349_851_000_045_5e-1,
        1.676_384_830_183_803_849_4,
        2.053_191_626_637_758_821_87,
        1.0,
    ],
);
/// AS 241, sqrt(-ln p) <= 27, in sqrt(-ln p) - 5.
const FAR: Rational = (
    [
        2.010_334_399_292_288_132_65e-7,
        2.711_555_568_743_487_578_15e-5,
        1.242_660_947_388_078_438_6e-3,
        2.653_218_952_657_612_309_3e-2,
        2.965_605_718_285_048_912_3e-1,
        1.784_826_539_917_291_335_8,
        5.463_784_911_164_114_369_9,
        6.657_904_643_501_103_777_2,
    ],
    [
        2.044_263_103_389_939_785_64e-15,
        1.421_511_758_316_445_888_7e-7,
        1.846_318_317_510_054_681_8e-5,
        7.868_691_311_456_132_591e-4,
        1.487_536_129_085_061_485_25e-2,
        1.369_298_809_227_358_053_1e-1,
        5.998_322_065_558_879_376_9e-1,
        1.0,
    ],
);

/// Chebyshev coefficients of (1 + 2 x) erfcx(x), the constant already halved.
const ERFCX: [f64; 27] = [
    1.1775789345674018,
    -0.0045900545806464773,
    -0.084249133366517916,
    0.05920993999819189,
    -0.026658668435305752,
    0.0090749976707052651,
    -0.0024131635404176082,
    0.00049077583652580863,
    -6.9169733025012064e-5,
    4.1390279860730102e-6,
    7.7403830661984907e-7,
    -2.1886401049234396e-7,
    1.076499946567091e-8,
    4.5219598112182869e-9,
    -7.7544002088313511e-10,
    -6.3180883408866845e-11,
    2.8687950109306699e-11,
    1.9455868545777347e-13,
    -9.6546967484334389e-13,
    3.2525481481487398e-14,
    3.3478119482868054e-14,
    -1.8645628804193131e-15,
    -1.2507950530688647e-15,
    7.4182352566240435e-17,
    5.0681489047961113e-17,
    -2.2370566594359996e-18,
    -2.1873429443030177e-18,
];
