//! Regions with regions: the matrix and its edges, of a run or over runs.

use ndarray::{Array1, Array2, Axis};

use crate::stats::connectivity::{
    correlations, fisher_z, p_two_sided, partial, slopes, standard_error, t,
};
use crate::stats::fdr::{Adjustment, adjusted};
use crate::stats::tails::{TTail, ln_sf_normal};

/// What is known of every pair, `[region][region]`; NaN where a region is not known.
#[derive(Debug, Clone)]
pub(super) struct Edges {
    pub r: Array2<f64>,
    pub z: Array2<f64>,
    /// Given all other regions; NaN where that cannot be known.
    pub partial: Array2<f64>,
    /// What the row's region explains of the column's.
    pub beta: Array2<f64>,
    /// n - rank N - 1, summed over runs.
    pub nu: f64,
    /// The same given all others; none where too few are left.
    pub partial_nu: Option<f64>,
    /// Of z.
    pub se: f64,
    /// t of r; NaN over runs, whose mean z is held against its standard error.
    pub t: Array2<f64>,
    /// Both tails.
    pub p: Array2<f64>,
    /// The same adjusted for all pairs (Benjamini and Hochberg).
    pub q: Array2<f64>,
    /// How many runs.
    pub n_runs: usize,
}

/// Of a run. `series`: `[region][volume]`, cleaned, none where a region is not known; `nu`: n - rank N - 1; `least`: degrees of freedom to be left.
pub(super) fn edges(series: &[Option<Array1<f64>>], nu: f64, least: f64) -> Edges {
    let n = series.len();
    let known: Vec<usize> = (0..n).filter(|&at| series[at].is_some()).collect();
    let n_volumes = series.iter().flatten().map(Array1::len).next().unwrap_or(0);
    let mut matrix = Array2::zeros((known.len(), n_volumes));
    for (mut row, own) in matrix.axis_iter_mut(Axis(0)).zip(series.iter().flatten()) {
        row.assign(own);
    }
    let spread = |small: &Array2<f64>| {
        let mut all = Array2::from_elem((n, n), f64::NAN);
        for (i, &a) in known.iter().enumerate() {
            for (j, &b) in known.iter().enumerate() {
                all[[a, b]] = small[[i, j]];
            }
        }
        all
    };
    let small = correlations(matrix.view());
    let partial_nu = nu - (known.len() as f64 - 2.0);
    let given_others =
        (partial_nu >= least && known.len() > 1).then(|| partial(small.view())).flatten();
    let partial_nu = given_others.is_some().then_some(partial_nu);
    let r = spread(&small);
    let tail = TTail::new(nu);
    let t = r.mapv(|r| t(r, nu));
    let p = t.mapv(|t| p_two_sided(t, &tail));
    Edges {
        z: r.mapv(fisher_z),
        partial: given_others.map_or(Array2::from_elem((n, n), f64::NAN), |small| spread(&small)),
        beta: spread(&slopes(matrix.view())),
        q: adjusted_pairs(&p),
        se: standard_error(nu),
        nu,
        partial_nu,
        t,
        p,
        r,
        n_runs: 1,
    }
}

/// The mean of Fisher's z over runs, each counting alike; a pair that is not known in one is not known.
pub(super) fn over_runs(runs: &[Edges]) -> Option<Edges> {
    let first = runs.first()?;
    let n = runs.len() as f64;
    let mean = |of: fn(&Edges) -> Array2<f64>| {
        let mut sum = of(first);
        runs[1..].iter().for_each(|run| sum += &of(run));
        sum / n
    };
    let z = mean(|run| run.z.clone());
    let se = runs.iter().map(|run| run.se.powi(2)).sum::<f64>().sqrt() / n;
    let p = z.mapv(|z| match z.is_nan() {
        true => f64::NAN,
        false => (2.0 * ln_sf_normal((z / se).abs()).exp()).min(1.0),
    });
    let partial_nu: Option<Vec<f64>> = runs.iter().map(|run| run.partial_nu).collect();
    Some(Edges {
        r: z.mapv(f64::tanh),
        partial: mean(|run| run.partial.mapv(fisher_z)).mapv(f64::tanh),
        beta: mean(|run| run.beta.clone()),
        nu: runs.iter().map(|run| run.nu).sum(),
        partial_nu: partial_nu.map(|all| all.iter().sum()),
        se,
        t: Array2::from_elem(z.dim(), f64::NAN),
        q: adjusted_pairs(&p),
        p,
        z,
        n_runs: runs.len(),
    })
}

/// Each pair counts once.
fn adjusted_pairs(p: &Array2<f64>) -> Array2<f64> {
    let n = p.nrows();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
    let values: Vec<f64> = pairs.iter().map(|&pair| p[pair]).collect();
    let mut q = Array2::from_elem((n, n), f64::NAN);
    for (&(a, b), value) in pairs.iter().zip(adjusted(&values, Adjustment::BenjaminiHochberg)) {
        q[[a, b]] = value;
        q[[b, a]] = value;
    }
    q
}
