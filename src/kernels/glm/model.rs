//! What is fitted, prepared on the host for both devices.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::maps::{Dof, told};
use crate::stats::least_squares::{Determined, LeastSquares};
use crate::volume::SliceGroups;

/// |1 - X pinv(X) 1| up to this counts as none: X holds the constant.
const CONSTANT_HELD: f64 = 1e-9;

/// One slice-time group's solution operators, all f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Solver {
    /// X, `[volume][regressor]`.
    pub design: Array2<f64>,
    /// pinv(X), `[regressor][volume]`.
    pub pinv: Array2<f64>,
    /// (X'X)^+, `[regressor][regressor]`.
    pub xtx_inv: Array2<f64>,
    /// U, an orthonormal basis of X's columns, `[volume][rank]`.
    pub basis: Array2<f64>,
    /// Numerical rank of X.
    pub rank: usize,
    /// n - rank - degrees of freedom spent before: divides this group's residual sum of squares.
    pub dof: f64,
    /// pinv(X) 1: what a unit mean adds to beta, `[regressor]`.
    pub mean_beta: Array1<f64>,
    /// 1 - X pinv(X) 1: what a unit mean adds to the residual, `[volume]`; zeros where X holds the constant.
    pub mean_residual: Array1<f64>,
    determined: Determined,
}

impl Solver {
    fn new(design: Array2<f64>, dof_spent: f64) -> Result<Solver> {
        let (n, p) = design.dim();
        if p == 0 {
            return Err(Error::bad_data("the design", "has no columns", "have at least one", ""));
        }
        if design.iter().any(|v| !v.is_finite()) {
            return Err(Error::bad_data(
                "the design",
                "holds a value that is not finite",
                "be finite throughout",
                "",
            ));
        }
        let LeastSquares { pinv, xtx_inv, basis, rank, determined } =
            LeastSquares::new(design.view())?;
        let dof = n as f64 - rank as f64 - dof_spent;
        if dof < 1.0 {
            return Err(Error::bad_data(
                "the design",
                format!(
                    "has rank {rank} of {p} columns for {n} volumes, with {} degrees of freedom spent before",
                    told(dof_spent)
                ),
                "leave at least one degree of freedom",
                "use fewer columns or a longer run",
            ));
        }
        let mean_beta = pinv.sum_axis(Axis(1));
        let mut mean_residual = 1.0 - design.dot(&mean_beta);
        if mean_residual.iter().all(|r| r.abs() <= CONSTANT_HELD) {
            mean_residual.fill(0.0);
        }
        Ok(Solver { design, pinv, xtx_inv, basis, rank, dof, mean_beta, mean_residual, determined })
    }

    /// H with pinv(X) = H U', `[regressor][rank]`.
    #[must_use]
    pub fn to_beta(&self) -> ArrayView2<'_, f64> {
        self.determined.to_beta()
    }
}

/// The model that is fitted: one solver for each slice-time group.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Column names, `[regressor]`: common columns, then slice-dependent ones.
    pub names: Vec<String>,
    /// For each plane k of the run, its solver.
    pub group_of_plane: Vec<usize>,
    /// For each group.
    pub solvers: Vec<Solver>,
    /// n - rank - `dof_spent`: the smallest over groups.
    pub dof: f64,
}

impl Model {
    /// Solvers for common columns `[volume][regressor]` and, where given, slice-dependent ones. `dof_spent`: degrees of freedom
    /// an earlier correction took from these data, subtracted from n - rank.
    ///
    /// # Errors
    /// Bad data when row counts differ, a value is not finite, or no degree of freedom is left.
    pub fn new(
        common: &Array2<f64>,
        names: &[String],
        slices: Option<&SliceGroups>,
        n_planes: usize,
        dof_spent: f64,
    ) -> Result<Model> {
        if names.len() != common.ncols() {
            return Err(Error::internal(
                "the design",
                format!("has {} columns and {} names", common.ncols(), names.len()),
                "have a name for each column",
                "",
            ));
        }
        let mut names = names.to_vec();
        let (group_of_plane, designs) = match slices {
            None => (vec![0; n_planes], vec![common.clone()]),
            Some(slices) => {
                names.extend(slices.names.iter().cloned());
                (slices.group_of_plane.clone(), with_slice_columns(common, slices, n_planes)?)
            }
        };
        let solvers = designs
            .into_par_iter()
            .map(|design| Solver::new(design, dof_spent))
            .collect::<Result<Vec<_>>>()?;
        let dof = solvers.iter().map(|s| s.dof).fold(f64::INFINITY, f64::min);
        Ok(Model { names, group_of_plane, solvers, dof })
    }

    /// Volumes of the run.
    #[must_use]
    pub fn n_volumes(&self) -> usize {
        self.solvers.first().map_or(0, |s| s.design.nrows())
    }

    /// The largest rank of a group.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.solvers.iter().map(|s| s.rank).max().unwrap_or(0)
    }

    /// Bytes of host memory that the model takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let values = |s: &Solver| {
            s.design.len()
                + s.pinv.len()
                + s.xtx_inv.len()
                + s.basis.len()
                + s.mean_residual.len()
                + s.determined.n_values()
        };
        size_of::<f64>() * self.solvers.iter().map(values).sum::<usize>()
    }

    /// What is asked of it without data.
    #[must_use]
    pub fn outline(&self) -> Outline {
        Outline {
            names: self.names.clone(),
            group_of_plane: self.group_of_plane.clone(),
            dof_of_group: self.solvers.iter().map(|s| s.dof).collect(),
            dof: self.dof,
            of_groups: self.solvers.iter().map(|s| s.determined.clone()).collect(),
        }
    }

    /// [`Outline::dofs`].
    #[must_use]
    pub fn dofs(&self) -> Dof {
        let dof: Vec<f64> = self.solvers.iter().map(|s| s.dof).collect();
        Dof::of_groups(&dof, &self.group_of_plane)
    }

    /// [`Outline::rank_deficiency`].
    #[must_use]
    pub fn rank_deficiency(&self) -> Option<Vec<String>> {
        dependent(&self.names, self.solvers.iter().map(|s| &s.determined))
    }
}

/// What is asked of a model without data: its columns, its degrees of freedom, and which contrasts it determines how well. It does not grow with the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Column names, `[regressor]`.
    pub names: Vec<String>,
    /// n - rank - `dof_spent`: the smallest over groups.
    pub dof: f64,
    /// For each slice-time group.
    pub of_groups: Vec<Determined>,
    group_of_plane: Vec<usize>,
    dof_of_group: Vec<f64>,
}

impl Outline {
    /// n - rank - `dof_spent` of each slice-time group.
    #[must_use]
    pub fn dofs(&self) -> Dof {
        Dof::of_groups(&self.dof_of_group, &self.group_of_plane)
    }

    /// Whether a contrast `[regressor]` has the same value for every least-squares solution of every group.
    #[must_use]
    pub fn is_estimable(&self, weights: ArrayView1<f64>) -> bool {
        self.of_groups.iter().all(|group| group.is_estimable(weights))
    }

    /// The names of columns that depend linearly on others in some group; none for full rank. The solution is then
    /// the one of smallest norm, and contrasts of these columns may not be estimable.
    #[must_use]
    pub fn rank_deficiency(&self) -> Option<Vec<String>> {
        dependent(&self.names, self.of_groups.iter())
    }
}

/// The names of columns that depend on others in some group; none where none do.
fn dependent<'a>(
    names: &[String],
    groups: impl Iterator<Item = &'a Determined>,
) -> Option<Vec<String>> {
    let mut columns: Vec<usize> = groups.flat_map(Determined::dependent_columns).collect();
    columns.sort_unstable();
    columns.dedup();
    (!columns.is_empty()).then(|| columns.into_iter().map(|j| names[j].clone()).collect())
}

fn with_slice_columns(
    common: &Array2<f64>,
    slices: &SliceGroups,
    n_planes: usize,
) -> Result<Vec<Array2<f64>>> {
    let known = |g: &usize| *g < slices.columns.len();
    if slices.group_of_plane.len() != n_planes || !slices.group_of_plane.iter().all(known) {
        return Err(Error::internal(
            "the slice groups",
            format!("name {} planes", slices.group_of_plane.len()),
            format!("name a known group for each of the {n_planes} planes"),
            "",
        ));
    }
    let join = |columns: &Array2<f64>| {
        if columns.nrows() != common.nrows() || columns.ncols() != slices.names.len() {
            return Err(Error::bad_data(
                "the slice-dependent columns",
                format!("are {} x {} values", columns.nrows(), columns.ncols()),
                format!("be {} volumes x {} names", common.nrows(), slices.names.len()),
                "drop the same dummy scans from both",
            ));
        }
        concatenate(Axis(1), &[common.view(), columns.view()])
            .map_err(|e| Error::internal("the design", "cannot be joined", "", "").caused_by(e))
    };
    slices.columns.iter().map(join).collect()
}
