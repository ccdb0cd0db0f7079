//! Regions with regions: the matrix and its edges, of a run or over runs. A region under two names counts once in what takes all regions together, the partial
//! correlations and q; the pair of both names is not known.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::overlap::Overlap;
use crate::stats::connectivity::{
    LARGEST, correlations, fisher_z, mean_error, p_two_sided, partial, slopes, standard_error, t,
};
use crate::stats::fdr::{Adjustment, adjusted};
use crate::stats::tails::{TTable, TTail, ln_sf_normal};

/// What is known of every pair, `[region][region]`; NaN where a region is not known, or two are one.
#[derive(Debug, Clone)]
pub(super) struct Edges {
    pub r: Array2<f64>,
    pub z: Array2<f64>,
    /// Given all other regions; NaN where that cannot be known. Over runs given those that all runs have, so that each run's is of one quantity.
    pub partial: Array2<f64>,
    /// Over runs of which some lack regions that others have: those, of which nothing partial is known.
    pub not_in_all: Vec<usize>,
    /// What the row's region explains of the column's.
    pub beta: Array2<f64>,
    /// n - rank N - 1, summed over runs.
    pub nu: f64,
    /// The same given all others; none where too few are left.
    pub partial_nu: Option<f64>,
    /// Regions that are known, one under several names once: the most of any run.
    pub n_distinct: usize,
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
    /// Voxels that both use, the most of any run.
    pub shared: Array2<u32>,
    /// The first region of the same voxels, of each.
    first: Vec<usize>,
}

/// Of a run. `series`: `[region][volume]`, cleaned, none where a region is not known; `nu`: n - rank N - 1; `least`: degrees of freedom to be left.
pub(super) fn edges(
    series: &[Option<Array1<f64>>],
    overlap: &Overlap,
    nu: f64,
    least: f64,
) -> Edges {
    let n = series.len();
    let is_known: Vec<bool> = series.iter().map(Option::is_some).collect();
    let first = overlap.first(&is_known);
    let distinct: Vec<usize> = (0..n).filter(|&at| is_known[at] && first[at] == at).collect();
    let n_volumes = series.iter().flatten().map(Array1::len).next().unwrap_or(0);
    let mut matrix = Array2::zeros((distinct.len(), n_volumes));
    for (mut row, &at) in matrix.axis_iter_mut(Axis(0)).zip(&distinct) {
        series[at].iter().for_each(|own| row.assign(own));
    }
    // Where each region's row is among them.
    let rows: Vec<Option<usize>> =
        (0..n).map(|at| distinct.binary_search(&first[at]).ok().filter(|_| is_known[at])).collect();
    let spread = |small: &Array2<f64>| {
        Array2::from_shape_fn((n, n), |(a, b)| match (rows[a], rows[b]) {
            (Some(i), Some(j)) if a == b || !overlap.are_one(a, b) => small[[i, j]],
            _ => f64::NAN,
        })
    };
    let (small, slopes) = rayon::join(|| correlations(matrix.view()), || slopes(matrix.view()));
    let partial_nu = nu - (distinct.len() as f64 - 2.0);
    let given_others =
        (partial_nu >= least && distinct.len() > 1).then(|| partial(small.view())).flatten();
    let partial_nu = given_others.is_some().then_some(partial_nu);
    let r = spread(&small);
    // Beyond it two series are one, and what r says of them is not a matter of chance.
    let tested = r.mapv(|r| if r.abs() > LARGEST { f64::NAN } else { r });
    let t = of_pairs(&tested, |r| t(r, nu));
    let p = both_tails(&t, nu);
    Edges {
        z: of_pairs(&tested, fisher_z),
        partial: given_others.map_or(Array2::from_elem((n, n), f64::NAN), |small| spread(&small)),
        not_in_all: Vec::new(),
        beta: spread(&slopes),
        q: adjusted_pairs(&p, &first),
        se: standard_error(nu),
        nu,
        partial_nu,
        n_distinct: distinct.len(),
        t,
        p,
        r,
        n_runs: 1,
        shared: overlap.shared.slice(ndarray::s![..n, ..n]).to_owned(),
        first,
    }
}

impl Edges {
    /// Regions that are known, one under several names once: their first names.
    fn distinct(&self) -> Vec<usize> {
        let is_distinct = |at: &usize| self.first[*at] == *at && !self.r[[*at, *at]].is_nan();
        (0..self.first.len()).filter(is_distinct).collect()
    }

    /// The same correlations, the partial ones given no others than these regions. `least`: degrees of freedom to be left.
    fn given(&self, regions: &[usize], least: f64) -> Partial {
        let (n, k) = (self.first.len(), regions.len());
        let nu = self.nu - (k as f64 - 2.0);
        let small = Array2::from_shape_fn((k, k), |(a, b)| self.r[[regions[a], regions[b]]]);
        let found = (nu >= least && k > 1).then(|| partial(small.view())).flatten();
        let is_known = |at: usize| !self.r[[at, at]].is_nan();
        let row = |at: usize| regions.binary_search(&self.first[at]).ok().filter(|_| is_known(at));
        let all = Array2::from_shape_fn((n, n), |(a, b)| match (&found, row(a), row(b)) {
            (Some(small), Some(i), Some(j)) if a == b || i != j => small[[i, j]],
            _ => f64::NAN,
        });
        (all, found.map(|_| nu))
    }
}

/// Partial correlations of a run, and their degrees of freedom where they are known.
type Partial = (Array2<f64>, Option<f64>);

/// Partial correlations of runs that have different regions: given those that all have, with the regions that are not among these; none where all have the same.
fn given_shared(runs: &[Edges], least: f64) -> Option<(Vec<Partial>, Vec<usize>)> {
    let sets: Vec<Vec<usize>> = runs.iter().map(Edges::distinct).collect();
    let is_in_all = |at: &usize| sets.iter().all(|set| set.contains(at));
    let mut others: Vec<usize> = sets.iter().flatten().copied().collect();
    others.retain(|at| !is_in_all(at));
    others.sort_unstable();
    others.dedup();
    let shared: Vec<usize> = sets.first()?.iter().copied().filter(is_in_all).collect();
    let of = |run: &Edges| run.given(&shared, least);
    (!others.is_empty()).then(|| (runs.iter().map(of).collect(), others))
}

/// The mean of Fisher's z over runs, each counting alike; a pair that is not known in one is not known. `least`: degrees of freedom that partial correlations must leave.
pub(super) fn over_runs(runs: &[Edges], least: f64) -> Option<Edges> {
    let first = runs.first()?;
    let n = runs.len() as f64;
    let mean = |of: fn(&Edges) -> Array2<f64>| {
        let mut sum = of(first);
        runs[1..].iter().for_each(|run| sum += &of(run));
        sum / n
    };
    let z = mean(|run| run.z.clone());
    let mut r = z.mapv(f64::tanh);
    for (at, of_itself) in r.diag_mut().iter_mut().enumerate() {
        if runs.iter().all(|run| !run.r[[at, at]].is_nan()) {
            *of_itself = 1.0;
        }
    }
    let se = mean_error(runs.iter().map(|run| run.se));
    let p = z.mapv(|z| match z.is_nan() {
        true => f64::NAN,
        false => (2.0 * ln_sf_normal((z / se).abs()).exp()).min(1.0),
    });
    let own = |run: &Edges| (run.partial.clone(), run.partial_nu);
    let (partials, not_in_all) =
        given_shared(runs, least).unwrap_or_else(|| (runs.iter().map(own).collect(), Vec::new()));
    let partial_nu: Option<Vec<f64>> = partials.iter().map(|(_, nu)| *nu).collect();
    let mut of_partials = Array2::zeros(z.dim());
    partials.iter().for_each(|(of_run, _)| of_partials += &of_run.mapv(fisher_z));
    let mut shared = first.shared.clone();
    runs[1..]
        .iter()
        .for_each(|run| shared.zip_mut_with(&run.shared, |most, n| *most = (*n).max(*most)));
    let in_all = |a: usize, b: usize| runs.iter().all(|run| run.first[a] == run.first[b]);
    let of_first = |b: usize| (0..b).find(|&a| in_all(a, b)).unwrap_or(b);
    let first: Vec<usize> = (0..first.first.len()).map(of_first).collect();
    Some(Edges {
        r,
        partial: (of_partials / n).mapv(f64::tanh),
        not_in_all,
        beta: mean(|run| run.beta.clone()),
        nu: runs.iter().map(|run| run.nu).sum(),
        partial_nu: partial_nu.map(|all| all.iter().sum()),
        n_distinct: runs.iter().map(|run| run.n_distinct).max().unwrap_or(0),
        se,
        t: Array2::from_elem(z.dim(), f64::NAN),
        q: adjusted_pairs(&p, &first),
        p,
        z,
        n_runs: runs.len(),
        shared,
        first,
    })
}

/// Both tails of each pair's t.
fn both_tails(t: &Array2<f64>, nu: f64) -> Array2<f64> {
    if t.len() / 2 < TTable::REPAYS {
        let tail = TTail::new(nu);
        return of_pairs(t, |t| p_two_sided(t, |t| tail.ln_sf(t)));
    }
    let table = TTable::new(nu);
    of_pairs(t, |t| p_two_sided(t, |t| table.z_and_ln_sf(t).1))
}

/// What each pair's value comes to, found once; NaN of a region with itself.
fn of_pairs(values: &Array2<f64>, of: impl Fn(f64) -> f64 + Sync) -> Array2<f64> {
    let n = values.nrows();
    let row = |a: usize| (a + 1..n).map(|b| of(values[[a, b]])).collect();
    let rows: Vec<Vec<f64>> = (0..n).into_par_iter().map(row).collect();
    Array2::from_shape_fn((n, n), |(a, b)| match a == b {
        true => f64::NAN,
        false => rows[a.min(b)][a.max(b) - a.min(b) - 1],
    })
}

/// Each pair counts once, and once only under several names. `first`: the first region of the same voxels, of each.
fn adjusted_pairs(p: &Array2<f64>, first: &[usize]) -> Array2<f64> {
    let n = p.nrows();
    let is_first = |at: &usize| first[*at] == *at;
    let of = |a: usize| (a + 1..n).filter(is_first).map(move |b| (a, b));
    let pairs: Vec<(usize, usize)> = (0..n).filter(is_first).flat_map(of).collect();
    let values: Vec<f64> = pairs.iter().map(|&pair| p[pair]).collect();
    let mut q = Array2::from_elem((n, n), f64::NAN);
    for (&(a, b), value) in pairs.iter().zip(adjusted(&values, Adjustment::BenjaminiHochberg)) {
        q[[a, b]] = value;
        q[[b, a]] = value;
    }
    Array2::from_shape_fn((n, n), |(a, b)| match p[[a, b]].is_nan() {
        true => f64::NAN,
        false => q[[first[a], first[b]]],
    })
}
