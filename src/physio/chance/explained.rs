//! At how many voxels columns explain more than a share of what the known columns leave: |Q'y|² > share |y|².
//!
//! With P the columns and K an orthonormal basis of the known ones, P'P - (K'P)'(K'P) = L L' gives Q'y = L^-1 P'y for voxels y
//! that are free of K already. So P meets each voxel once, and any choice of its columns is tested in what comes of it, a few
//! numbers a voxel. The products are those of panels (`stats::panel`), which do not depend on how many lanes a machine has.

use ndarray::{Array2, ArrayView2, Axis};
use pulp::{Arch, Simd, WithSimd};

use crate::stats::panel::{Lanes, lanes, lanes_mut, project, width};

/// The smallest part of a column, squared, that P'P can hold: where less is left of it, it adds nothing.
const NOTHING: f64 = 1e-11;

/// Columns of a matrix side by side, `[panel][row][lane]`; lanes beyond the last column are 0.
#[derive(Debug, Default)]
struct Panels {
    n_rows: usize,
    n_columns: usize,
    values: Vec<f64>,
}

/// Packs `[row][column]`.
struct Pack<'a>(ArrayView2<'a, f64>);

impl WithSimd for Pack<'_> {
    type Output = Panels;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Panels {
        let (n_rows, n_columns) = self.0.dim();
        let w = width::<S>();
        let mut values = vec![0.0; n_rows * n_columns.next_multiple_of(w)];
        let panels = values.chunks_exact_mut((n_rows * w).max(1));
        for (columns, panel) in self.0.axis_chunks_iter(Axis(1), w).zip(panels) {
            for (row, lanes) in columns.rows().into_iter().zip(panel.chunks_exact_mut(w)) {
                row.iter().zip(lanes).for_each(|(&value, lane)| *lane = value);
            }
        }
        Panels { n_rows, n_columns, values }
    }
}

impl Panels {
    fn of(columns: ArrayView2<'_, f64>) -> Panels {
        Arch::new().dispatch(Pack(columns))
    }

    fn each<S: Simd>(&self) -> impl Iterator<Item = &[Lanes<S>]> {
        self.values.chunks_exact((self.n_rows * width::<S>()).max(1)).map(lanes::<S>)
    }
}

/// Voxels of one slice-time group.
#[derive(Debug)]
pub(super) struct Voxels {
    known: Panels,
    rest: Panels,
    /// |y|² of each.
    left: Vec<f64>,
}

/// Columns that are tested together.
pub(super) struct Part<'a> {
    /// Which of the columns.
    pub columns: &'a [usize],
    /// The share that they must explain, by how many of them are independent, `[rank]`; none where nothing can be tested.
    pub least: &'a [Option<f64>],
}

impl Voxels {
    /// `known`: an orthonormal basis `[volume][column]`; `rest`: voxels free of it `[volume][voxel]`; `left`: their sums of
    /// squares.
    pub fn new(known: &Array2<f64>, rest: &Array2<f64>, left: Vec<f64>) -> Voxels {
        Voxels { known: Panels::of(known.view()), rest: Panels::of(rest.view()), left }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// At how many of them the columns `[volume][column]` of each part explain more than their share.
    pub fn counts(&self, columns: &Array2<f64>, parts: &[Part<'_>]) -> Vec<usize> {
        let columns = columns.as_standard_layout();
        let own = Panels::of(columns.view());
        let matrix = columns.as_slice().unwrap_or_default();
        Arch::new().dispatch(Count { voxels: self, own, matrix, parts })
    }
}

struct Count<'a> {
    voxels: &'a Voxels,
    own: Panels,
    /// The columns once more, `[volume][column]`.
    matrix: &'a [f64],
    parts: &'a [Part<'a>],
}

impl WithSimd for Count<'_> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<usize> {
        let Count { voxels, own, matrix, parts } = self;
        let (m, w) = (own.n_columns, width::<S>());
        let whole = products(simd, matrix, m, &own);
        let known = products(simd, matrix, m, &voxels.known);
        let left = &whole - &known.dot(&known.t());
        let factors: Vec<Factor> =
            parts.iter().map(|part| Factor::of(part.columns, &left, &whole)).collect();
        let mut counts = vec![0; parts.len()];
        let (mut sums, mut solved) = (vec![0.0; m * w], vec![0.0; m * w]);
        let mut explained = vec![0.0; w];
        for (panel, left) in voxels.rest.each::<S>().zip(voxels.left.chunks(w)) {
            project(simd, matrix, panel, lanes_mut::<S>(&mut sums));
            for ((part, factor), count) in parts.iter().zip(&factors).zip(&mut counts) {
                let Some(least) = part.least[factor.rows.len()] else { continue };
                let (sums, solved) = (lanes::<S>(&sums), lanes_mut::<S>(&mut solved));
                lanes_mut::<S>(&mut explained)[0] = solve(simd, factor, sums, solved);
                let each = left.iter().zip(&explained);
                *count += each.filter(|&(&y, &ss)| ss > least * y).count();
            }
        }
        counts
    }
}

/// The products of a matrix's columns with those of panels, `[column][column of the panels]`.
#[inline(always)]
fn products<S: Simd>(simd: S, matrix: &[f64], m: usize, with: &Panels) -> Array2<f64> {
    let w = width::<S>();
    let mut products = Array2::zeros((m, with.n_columns));
    let mut sums = vec![0.0; m * w];
    for (panel, mut to) in with.each::<S>().zip(products.axis_chunks_iter_mut(Axis(1), w)) {
        project(simd, matrix, panel, lanes_mut::<S>(&mut sums));
        for (mut to, from) in to.rows_mut().into_iter().zip(sums.chunks_exact(w)) {
            to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
        }
    }
    products
}

/// L of the independent columns among some.
struct Factor {
    rows: Vec<FactorRow>,
}

struct FactorRow {
    /// Which of all columns.
    column: usize,
    /// L below the diagonal.
    before: Vec<f64>,
    /// 1 / L on it.
    inverse: f64,
}

impl Factor {
    /// `left` and `whole`: the columns' products, with and without their part in the known ones.
    fn of(columns: &[usize], left: &Array2<f64>, whole: &Array2<f64>) -> Factor {
        let mut rows: Vec<FactorRow> = Vec::with_capacity(columns.len());
        for &column in columns {
            let mut before: Vec<f64> = Vec::with_capacity(rows.len());
            for row in &rows {
                let known: f64 = before.iter().zip(&row.before).map(|(a, b)| a * b).sum();
                before.push((left[[column, row.column]] - known) * row.inverse);
            }
            let own = left[[column, column]] - before.iter().map(|l| l * l).sum::<f64>();
            if own > NOTHING * whole[[column, column]] {
                rows.push(FactorRow { column, before, inverse: own.sqrt().recip() });
            }
        }
        Factor { rows }
    }
}

/// |L^-1 P'y|² of a panel's voxels; `sums`: P'y of all columns.
#[inline(always)]
fn solve<S: Simd>(
    simd: S,
    factor: &Factor,
    sums: &[Lanes<S>],
    solved: &mut [Lanes<S>],
) -> Lanes<S> {
    let mut total = [simd.splat_f64s(0.0); 2];
    for (k, row) in factor.rows.iter().enumerate() {
        let mut value = sums[row.column];
        for (&l, known) in row.before.iter().zip(&*solved) {
            let l = simd.splat_f64s(-l);
            value[0] = simd.mul_add_e_f64s(l, known[0], value[0]);
            value[1] = simd.mul_add_e_f64s(l, known[1], value[1]);
        }
        let inverse = simd.splat_f64s(row.inverse);
        value = [simd.mul_f64s(value[0], inverse), simd.mul_f64s(value[1], inverse)];
        total[0] = simd.mul_add_e_f64s(value[0], value[0], total[0]);
        total[1] = simd.mul_add_e_f64s(value[1], value[1], total[1]);
        solved[k] = value;
    }
    total
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::stats::least_squares::orthonormal_basis;

    /// Numbers of no pattern in [-1, 1).
    fn noise(state: &mut u64) -> f64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    #[test]
    fn counts_are_those_of_projecting_each_voxel_on_a_basis() {
        let mut state = 3;
        let (n, n_voxels) = (37, 43); // no multiple of any machine's lanes
        let mut any = |m: usize| Array2::from_shape_fn((n, m), |_| noise(&mut state));
        let known = orthonormal_basis(any(4).view()).unwrap();
        let mut columns = any(7);
        let sum = &columns.column(0) + &columns.column(1);
        columns.column_mut(3).assign(&sum); // depends on others
        columns.column_mut(5).assign(&known.column(2)); // is known
        columns.column_mut(6).fill(0.0);
        let mut rest = any(n_voxels);
        rest -= &known.dot(&known.t().dot(&rest));
        let left: Vec<f64> = rest.columns().into_iter().map(|y| y.dot(&y)).collect();
        let voxels = Voxels::new(&known, &rest, left.clone());
        assert_eq!(voxels.len(), n_voxels);
        let free = &columns - &known.dot(&known.t().dot(&columns));
        let all: &[usize] = &[0, 1, 2, 3, 4, 5, 6];
        for (which, independent) in [(all, &[0, 1, 2, 4][..]), (&[4, 2], &[2, 4]), (&[5, 6], &[])] {
            let rank = independent.len();
            let basis = orthonormal_basis(free.select(Axis(1), independent).view()).unwrap();
            let explained = basis.t().dot(&rest).map_axis(Axis(0), |b| b.dot(&b));
            for share in [0.02, 0.1, 0.3] {
                let least: Vec<Option<f64>> =
                    (0..8).map(|r| (r == rank).then_some(share)).collect();
                let want = explained.iter().zip(&left).filter(|&(&ss, &y)| ss > share * y).count();
                let parts = [Part { columns: which, least: &least }];
                assert_eq!(voxels.counts(&columns, &parts), [want], "{which:?}, {share}");
                assert!(want < n_voxels && (want > 0 || rank == 0 || share > 0.2), "{want}");
            }
        }
    }
}
