//! How two measures go together over subjects: Pearson's r, the same given other columns, Spearman's, Kendall's, and whether a slope differs between two groups.
//!
//! Partial r given columns Z (a constant among them): r of what [1 Z] leaves of x and of y, with dof = n - rank [1 Z] - 1, t = r sqrt(dof / (1 - r^2)), and limits
//! tanh(atanh r ± z / sqrt(dof - 1)) (Fisher; without Z that is 1 / sqrt(n - 3)). Spearman's rho: r of mid-ranks; limits by Fisher's z with the standard error
//! sqrt((1 + rho^2 / 2) / (n - 3)) of Bonett and Wright 2000, t with n - 2 dof. Two groups' slopes of y on x: t of the product column in y = 1 + group + x + group x.
//! Both are designs of [`SecondLevel`]. Oracle: scipy and statsmodels (`tests/oracles/curves.py`).

use ndarray::{Array2, ArrayView2, array};

use crate::error::{Error, Result};
use crate::stats::second_level::SecondLevel;
use crate::stats::tails::{ln_sf_normal, ln_sf_t, z_from_ln_sf};

/// What is left of a measure below this share of its sum of squares is rounding: the columns explain it wholly.
const EXACT: f64 = 1e-20;

/// A correlation, what it rests on, and its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// Subjects.
    pub n: usize,
    /// -1 to 1.
    pub r: f64,
    /// Of t.
    pub dof: f64,
    /// Infinite for r = ±1.
    pub t: f64,
    /// Two-sided.
    pub p: f64,
    /// Lower limit; none where n is too small for one.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
}

/// Whether the slope of y on x differs between two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlopesDiffer {
    /// Slope in the group less slope in the other, in units of y per unit of x.
    pub difference: f64,
    /// Its standard error.
    pub se: f64,
    /// Of it.
    pub t: f64,
    /// n - 4 where all columns count.
    pub dof: f64,
    /// Two-sided.
    pub p: f64,
}

/// The two-sided p of t.
#[must_use]
pub fn two_sided_p(t: f64, dof: f64) -> f64 {
    (2.0 * ln_sf_t(t.abs(), dof).exp()).min(1.0)
}

/// Pearson's r of x and y given `columns` `[subject][column]` (none of them the constant, which is always there; no columns for the plain r), limits at `confidence`.
/// None where a measure does not vary, or the columns explain it wholly.
///
/// # Errors
/// Bad data for numbers of rows that differ, values that are not finite, and fewer subjects than the columns need.
pub fn partial(
    x: &[f64],
    y: &[f64],
    columns: ArrayView2<f64>,
    confidence: f64,
) -> Result<Option<Correlation>> {
    let n = x.len();
    let is_finite = x.iter().chain(y).chain(&columns).all(|v| v.is_finite());
    if y.len() != n || columns.nrows() != n || !is_finite {
        return Err(Error::bad_data(
            "a correlation",
            format!(
                "has {n} x, {} y and {} rows of columns, or one that is not finite",
                y.len(),
                columns.nrows()
            ),
            "have as many of each, all numbers",
            "leave out subjects without a value",
        ));
    }
    if n < columns.ncols() + 3 {
        return Err(Error::bad_data(
            "a correlation",
            format!("rests on {n} subjects, with {} columns beside it", columns.ncols()),
            format!("rest on {} or more", columns.ncols() + 3),
            "take fewer columns, or leave the relation out",
        ));
    }
    let mut design = Array2::ones((n, columns.ncols() + 1));
    design.slice_mut(ndarray::s![.., 1..]).assign(&columns);
    let mut first = Array2::zeros((1, design.ncols()));
    first[[0, 0]] = 1.0;
    let given = SecondLevel::new(design.view(), first.view())?;
    let (Some(x), Some(y)) = (left_of(&given, x), left_of(&given, y)) else { return Ok(None) };
    let r = x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>().clamp(-1.0, 1.0);
    let dof = (n - given.rank) as f64 - 1.0;
    let se = (dof > 1.0).then(|| 1.0 / (dof - 1.0).sqrt());
    Ok(Some(with_limits(n, r, dof, se, confidence)))
}

/// Pearson's r of x and y. As [`partial`] given nothing.
///
/// # Errors
/// As [`partial`].
pub fn pearson(x: &[f64], y: &[f64], confidence: f64) -> Result<Option<Correlation>> {
    partial(x, y, Array2::zeros((x.len(), 0)).view(), confidence)
}

/// Spearman's rho of x and y, ties by mid-ranks.
///
/// # Errors
/// As [`partial`].
pub fn spearman(x: &[f64], y: &[f64], confidence: f64) -> Result<Option<Correlation>> {
    let of_ranks = pearson(&mid_ranks(x), &mid_ranks(y), confidence)?;
    Ok(of_ranks.map(|of_ranks| {
        let Correlation { n, r, dof, .. } = of_ranks;
        let se = (n > 3).then(|| ((1.0 + 0.5 * r * r) / (n as f64 - 3.0)).sqrt());
        with_limits(n, r, dof, se, confidence)
    }))
}

/// Kendall's tau-b of x and y: pairs in order less pairs out of order, over the root of the product of pairs untied in each. `t` is z, S over its standard deviation without any relation,
/// ties counted (Kendall 1970), with infinite `dof`; limits by Fisher's z with the standard error sqrt(0.437 / (n - 4)) of Fieller, Hartley and Pearson 1957. None where a measure does not vary.
///
/// # Errors
/// Bad data as [`partial`].
pub fn kendall(x: &[f64], y: &[f64], confidence: f64) -> Result<Option<Correlation>> {
    let n = x.len();
    if y.len() != n || n < 3 || x.iter().chain(y).any(|v| !v.is_finite()) {
        return Err(Error::bad_data(
            "a rank correlation",
            format!("has {n} x and {} y, or one that is not finite", y.len()),
            "have as many of each, 3 or more, all numbers",
            "leave out subjects without a value",
        ));
    }
    let order = |v: &[f64], i: usize, j: usize| match v[i].total_cmp(&v[j]) {
        _ if v[i] == v[j] => 0.0,
        std::cmp::Ordering::Less => -1.0,
        _ => 1.0,
    };
    let pairs = || (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
    let s: f64 = pairs().map(|(i, j)| order(x, i, j) * order(y, i, j)).sum();
    let all = (n * (n - 1)) as f64;
    let (of_x, of_y) = (Ties::of(x), Ties::of(y));
    let untied = (all - of_x.pairs) * (all - of_y.pairs);
    if untied <= 0.0 {
        return Ok(None);
    }
    let r = (2.0 * s / untied.sqrt()).clamp(-1.0, 1.0);
    let count = n as f64;
    let variance = (all * (2.0 * count + 5.0) - of_x.fives - of_y.fives) / 18.0
        + of_x.pairs * of_y.pairs / (2.0 * all)
        + of_x.triples * of_y.triples / (9.0 * all * (count - 2.0));
    let z = s / variance.sqrt();
    let se = (n > 4).then(|| (0.437 / (count - 4.0)).sqrt());
    let p = (2.0 * ln_sf_normal(z.abs()).exp()).min(1.0);
    let of_r = with_limits(n, r, count - 2.0, se, confidence);
    Ok(Some(Correlation { t: z, dof: f64::INFINITY, p, ..of_r }))
}

/// Sums over the groups of t equal values: t (t - 1), t (t - 1) (t - 2), t (t - 1) (2 t + 5).
struct Ties {
    pairs: f64,
    triples: f64,
    fives: f64,
}

impl Ties {
    fn of(values: &[f64]) -> Ties {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut ties = Ties { pairs: 0.0, triples: 0.0, fives: 0.0 };
        for equal in sorted.chunk_by(|a, b| a == b) {
            let t = equal.len() as f64;
            ties.pairs += t * (t - 1.0);
            ties.triples += t * (t - 1.0) * (t - 2.0);
            ties.fives += t * (t - 1.0) * (2.0 * t + 5.0);
        }
        ties
    }
}

/// Slopes of y on x of the subjects in the group (`is_in`) less those not in it. None where x does not vary within a group, or fewer than 5 subjects are left.
///
/// # Errors
/// Bad data as [`partial`]; internal where a decomposition fails.
pub fn slopes_differ(x: &[f64], y: &[f64], is_in: &[bool]) -> Result<Option<SlopesDiffer>> {
    let n = x.len();
    if y.len() != n || is_in.len() != n || x.iter().chain(y).any(|v| !v.is_finite()) {
        return Err(Error::bad_data(
            "a comparison of slopes",
            format!(
                "has {n} x, {} y and {} groups, or one that is not finite",
                y.len(),
                is_in.len()
            ),
            "have as many of each, all numbers",
            "leave out subjects without a value",
        ));
    }
    if n < 5 {
        return Ok(None);
    }
    let mean = x.iter().sum::<f64>() / n as f64;
    let design = Array2::from_shape_fn((n, 4), |(row, column)| {
        let (group, x) = (f64::from(u8::from(is_in[row])), x[row] - mean);
        [1.0, group, x, group * x][column]
    });
    let model = SecondLevel::new(design.view(), array![[0.0, 0.0, 0.0, 1.0]].view())?;
    if model.rank < 4 {
        return Ok(None);
    }
    let answer = model.answer(&[y.to_vec()], false);
    Ok(Some(SlopesDiffer {
        difference: answer.effect[0],
        se: answer.variance[0].sqrt(),
        t: answer.stat,
        dof: answer.dof,
        p: two_sided_p(answer.stat, answer.dof),
    }))
}

/// The difference of two independent correlations in Fisher's z over its standard error, and the two-sided p; none below 4 subjects in one.
#[must_use]
pub fn difference(one: &Correlation, other: &Correlation) -> Option<(f64, f64)> {
    if one.dof <= 1.0 || other.dof <= 1.0 || one.r.abs() == 1.0 || other.r.abs() == 1.0 {
        return None;
    }
    let variance = 1.0 / (one.dof - 1.0) + 1.0 / (other.dof - 1.0);
    let z = (one.r.atanh() - other.r.atanh()) / variance.sqrt();
    Some((z, (2.0 * ln_sf_normal(z.abs()).exp()).min(1.0)))
}

/// Ranks from 1 on, those of equal values their mean.
#[must_use]
pub fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let middle = from as f64 + 0.5 * (equal.len() as f64 + 1.0);
        equal.iter().for_each(|&at| ranks[at] = middle);
        from += equal.len();
    }
    ranks
}

/// What a design leaves of a measure, its sum of squares 1; none where nothing but rounding is left.
fn left_of(given: &SecondLevel, measure: &[f64]) -> Option<Vec<f64>> {
    let left = given.residuals(measure);
    let squares = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>();
    let (of_left, of_all) = (squares(&left), squares(measure));
    (of_left > EXACT * of_all).then(|| left.iter().map(|v| v / of_left.sqrt()).collect())
}

fn with_limits(n: usize, r: f64, dof: f64, se: Option<f64>, confidence: f64) -> Correlation {
    let t = r * (dof / (1.0 - r * r)).sqrt();
    let z = z_from_ln_sf((0.5 * (1.0 - confidence)).ln());
    let limit = |sign: f64| se.map(|se| (r.atanh() + sign * z * se).tanh());
    Correlation { n, r, dof, t, p: two_sided_p(t, dof), low: limit(-1.0), high: limit(1.0) }
}
