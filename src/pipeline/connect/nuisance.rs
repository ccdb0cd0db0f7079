//! What is taken out of every series: the columns of a run, their degrees of freedom, and the series without them.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::left;
use crate::design::band::{self, stop_band};
use crate::error::{Error, Result};
use crate::kernels::glm::{Model, NOTHING};
use crate::maps::told;
use crate::pipeline::inputs::{Run, display, was_filtered};
use crate::pipeline::spec::ConnectSpec;
use crate::pipeline::watch::Watch;
use crate::stats::least_squares::orthonormal_basis;
use crate::stats::passband;
use crate::stats::principal::PrincipalComponents;
use crate::volume::HostBold;

/// Its name among the columns.
const GLOBAL: &str = "global_signal";
/// Degrees of freedom below which a correlation is hardly known.
const FEW: f64 = 30.0;
/// Voxels whose series are held against the columns at once.
const PIECE: usize = 256;

/// Whether more than rounding is left of a series, or of all of a region's voxels: its sum of squares about the mean before, and after the columns were taken out.
pub(super) fn is_left(before: f64, after: f64) -> bool {
    after > NOTHING * before
}

/// N of a run.
#[derive(Clone)]
pub(super) struct Nuisance {
    /// All columns, and those of each slice group.
    pub model: Model,
    /// U, of each slice group, `[volume][basis]`.
    pub bases: Vec<Array2<f64>>,
    /// Of each slice group a series that they leave whole ([`left`]).
    probes: Vec<Vec<f64>>,
    /// n - rank N - 1, the least of the slice groups, less the columns of each voxel's own.
    pub nu: f64,
    /// The same without the columns of the stop band; none without such.
    pub nu_without_band: Option<f64>,
}

/// Give every run the columns of the stop band, for all of its volumes.
///
/// # Errors
/// Usage for a band that is none of its.
pub(super) fn add_band(spec: &ConnectSpec, runs: &mut [Run], watch: &dyn Watch) -> Result<()> {
    let Some(band_hz) = spec.band_hz else { return Ok(()) };
    for run in runs {
        let Some(acquisition) = &run.acquisition else {
            return Err(Error::missing_input(
                display(&run.path),
                "has no repetition time",
                "have one for --band",
                "give --tr",
            ));
        };
        let (names, columns) = stop_band(run.n_volumes, acquisition.tr, band_hz)?;
        if let Some(why) = was_filtered(run, true) {
            watch.warn(&format!(
                "{} was filtered before ({why}): --band fits columns that are gone from it, and counts their degrees of freedom, \
                 which is right where that filter had the same band, and where it was applied to the confounds too",
                display(&run.path)
            ));
        }
        for (name, column) in names.into_iter().zip(columns.axis_iter(Axis(1))) {
            push(run, name, &column.to_owned())?;
        }
    }
    Ok(())
}

/// One more column.
fn push(run: &mut Run, name: String, column: &Array1<f64>) -> Result<()> {
    if run.design.names.contains(&name) {
        return Err(Error::usage(
            format!("column `{name}`"),
            format!("is one of {} already", display(&run.path)),
            "be there once",
            "leave it out of --columns, or --global-signal out",
        ));
    }
    run.design
        .matrix
        .push_column(column.view())
        .map_err(|e| Error::internal("the design", "cannot be joined", "", "").caused_by(e))?;
    run.design.names.push(name);
    Ok(())
}

/// The mean of the mask as a column, with what that does.
///
/// # Errors
/// Usage where it is one already.
pub(super) fn add_global(run: &mut Run, mean: &[f64], watch: &dyn Watch) -> Result<()> {
    push(run, GLOBAL.to_owned(), &Array1::from_vec(mean.to_vec()))?;
    watch.warn(&format!(
        "{}: the mean of the mask is taken out of every series (--global-signal): correlations then scatter about 0 by construction, so that some \
         are negative whatever the brain does, and what differs between groups in the global signal itself moves to all of them",
        display(&run.path)
    ));
    Ok(())
}

/// What else is taken, in words: by so many columns of each voxel's own, and by an earlier correction.
fn further(run: &Run, n_own: usize) -> String {
    let own = (n_own > 0).then(|| format!(", {n_own} of each voxel's own"));
    let spent = (run.dof_spent > 0.0).then(|| format!(", {} spent before", told(run.dof_spent)));
    own.into_iter().chain(spent).collect()
}

impl Nuisance {
    /// Of a run's columns, and so many of each voxel's own beside them.
    ///
    /// # Errors
    /// Bad data where too few degrees of freedom are left.
    pub(super) fn of(
        spec: &ConnectSpec,
        run: &Run,
        n_own: usize,
        watch: &dyn Watch,
    ) -> Result<Nuisance> {
        let (names, matrix) = run.shared();
        let (slices, n_planes) = (run.varying(), run.grid.shape[2]);
        let name = display(&run.path);
        let is_band = |name: &String| name.starts_with(band::NAME);
        let others: Vec<usize> = (0..names.len()).filter(|&at| !is_band(&names[at])).collect();
        let nu_without_band = if spec.band_hz.is_some() {
            let kept: Vec<String> = others.iter().map(|&at| names[at].clone()).collect();
            let matrix = matrix.select(Axis(1), &others);
            let before = Model::new(&matrix, &kept, slices.as_ref(), n_planes, run.dof_spent)?;
            Some(before.dof - n_own as f64 - 1.0)
        } else {
            None
        };
        let model = Model::new(&matrix, names, slices.as_ref(), n_planes, run.dof_spent);
        let model = model.map_err(|error| match (spec.band_hz, nu_without_band) {
            (Some([low, high]), Some(before)) => Error::bad_data(
                &name,
                format!(
                    "leaves no degrees of freedom for correlations: {} volumes, and {} columns, {} of them of the band of {low} to {high} Hz; {} are left without it",
                    run.n_volumes,
                    names.len(),
                    names.len() - others.len(),
                    told(before)
                ),
                format!("leave {} or more (--min-dof)", told(spec.min_dof)),
                "choose a wider --band or none, fewer confounds, or a longer run; censored volumes count too",
            )
            .caused_by(error),
            _ => error,
        })?;
        let bases = model
            .solvers
            .iter()
            .map(|solver| orthonormal_basis(solver.design.view()))
            .collect::<Result<Vec<_>>>()?;
        let nu = model.dof - n_own as f64 - 1.0;
        let n = run.n_volumes;
        let rank = bases.iter().map(Array2::ncols).max().unwrap_or(0);
        let of_columns = match model.names.len() - rank.min(model.names.len()) {
            0 => format!("{rank} of the columns"),
            spanned => {
                format!("{rank} of {} columns ({spanned} spanned by the others)", model.names.len())
            }
        };
        if let (Some(before), Some([low, high])) = (nu_without_band, spec.band_hz) {
            watch.note(&format!(
                "{name}: {} degrees of freedom for correlations without the band of {low} to {high} Hz, {} with it: {n} volumes less {of_columns}{}, less 1",
                told(before),
                told(nu),
                further(run, n_own)
            ));
        } else {
            watch.note(&format!(
                "{name}: {} degrees of freedom for correlations: {n} volumes less {of_columns}{}, less 1",
                told(nu),
                further(run, n_own)
            ));
        }
        if nu < spec.min_dof {
            return Err(Error::bad_data(
                name,
                format!("leaves {} degrees of freedom for correlations", told(nu)),
                format!("leave {} or more (--min-dof)", told(spec.min_dof)),
                "choose fewer confounds, a wider --band or none, or a longer run; censored volumes count too",
            ));
        }
        if nu < FEW {
            watch.warn(&format!(
                "{name}: only {} degrees of freedom for correlations; their standard error in Fisher's z is {:.2}",
                told(nu),
                crate::stats::connectivity::standard_error(nu)
            ));
        }
        let probes = bases.iter().map(left::probe).collect();
        Ok(Nuisance { model, bases, probes, nu, nu_without_band })
    }

    /// The share of Nyquist's frequency above which cleaned series of regions have next to no power.
    ///
    /// # Errors
    /// Internal where no basis is found.
    pub(super) fn empty_above<'a>(
        &self,
        series: impl Iterator<Item = &'a Array1<f64>>,
        kept: &[usize],
    ) -> Result<Option<f64>> {
        let all: Vec<_> = series.map(|series| series.view().insert_axis(Axis(1))).collect();
        let columns: Vec<_> = self.bases.iter().map(|basis| basis.view()).collect();
        let join = |parts: &[ndarray::ArrayView2<'_, f64>]| ndarray::concatenate(Axis(1), parts);
        match (join(&all), join(&columns)) {
            (Ok(all), Ok(columns)) => passband::empty_above(all.view(), columns.view(), kept),
            _ => Ok(None), // no region is known
        }
    }

    /// How many of the columns are independent, the most of any slice group.
    pub(super) fn rank(&self) -> usize {
        self.bases.iter().map(Array2::ncols).max().unwrap_or(0)
    }

    /// A series without the columns of a slice group: twice, as the second takes what rounding left.
    pub(super) fn without(&self, group: usize, series: &Array1<f64>) -> Array1<f64> {
        let basis = &self.bases[group];
        let mut rest = series.clone();
        for _ in 0..2 {
            rest = &rest - &basis.dot(&basis.t().dot(&rest));
        }
        rest
    }

    /// Those of a block's listed voxels, ascending, of which nothing is left, as positions in one volume of the block.
    pub(super) fn explained(&self, host: &HostBold, voxels: &[u32]) -> Vec<u32> {
        let plane_of = |voxel: u32| voxel as usize / host.block.plane_len();
        let group_of_plane = &self.model.group_of_plane;
        let voxels = left::doubted(host, voxels, |plane| &self.probes[group_of_plane[plane]][..]);
        let planes = voxels.chunk_by(|a, b| plane_of(*a) == plane_of(*b));
        let pieces: Vec<&[u32]> = planes.flat_map(|plane| plane.chunks(PIECE)).collect();
        let of_piece = |piece: &&[u32]| {
            let plane = host.block.planes.start + plane_of(piece[0]);
            let basis = &self.bases[self.model.group_of_plane[plane]];
            let len = host.block.volume_len();
            let mut y = Array2::from_shape_fn((basis.nrows(), piece.len()), |(volume, at)| {
                f64::from(host.data[volume * len + piece[at] as usize])
            });
            for mut series in y.columns_mut() {
                let mean = series.mean().unwrap_or(0.0);
                series -= mean;
            }
            let on_columns = basis.t().dot(&y);
            let explained = |(series, on): (ndarray::ArrayView1<f64>, ndarray::ArrayView1<f64>)| {
                let before = series.dot(&series);
                !is_left(before, before - on.dot(&on))
            };
            let all = y.columns().into_iter().zip(on_columns.columns()).map(explained);
            piece.iter().zip(all).filter(|(_, is)| *is).map(|(&at, _)| at).collect::<Vec<u32>>()
        };
        pieces.par_iter().flat_map_iter(of_piece).collect()
    }

    /// The mean over a region's voxels, each without its columns; none where nothing is left of it. `sums`: of each slice group.
    pub(super) fn mean(
        &self,
        sums: &BTreeMap<usize, Array1<f64>>,
        n_voxels: usize,
    ) -> Option<Array1<f64>> {
        let n = sums.values().next()?.len();
        let mut mean = Array1::zeros(n);
        let mut before = 0.0;
        for (&group, sum) in sums {
            let about = sum - sum.mean().unwrap_or(0.0);
            before += about.dot(&about);
            mean += &self.without(group, &about);
        }
        let after = mean.dot(&mean);
        is_left(before, after).then(|| mean / n_voxels as f64)
    }

    /// The first principal component of a region's voxels, each without its columns, as large as a voxel's series is in it on average, and of the
    /// sign of their mean; with the share of variance that it explains, and its correlation with their mean.
    ///
    /// # Errors
    /// Internal where it cannot be found.
    pub(super) fn first_component(
        &self,
        voxels: &BTreeMap<usize, Vec<f32>>,
        plane_len: usize,
    ) -> Result<Option<(Array1<f64>, [f64; 2])>> {
        let Some(n) = voxels.values().next().map(Vec::len) else { return Ok(None) };
        let mut cleaned = Array2::zeros((n, voxels.len()));
        let mut before = 0.0;
        for ((voxel, series), mut column) in voxels.iter().zip(cleaned.columns_mut()) {
            let series: Array1<f64> = series.iter().map(|&v| f64::from(v)).collect();
            let about = &series - series.mean().unwrap_or(0.0);
            before += about.dot(&about);
            column.assign(&self.without(self.model.group_of_plane[voxel / plane_len], &about));
        }
        let after: f64 = cleaned.iter().map(|v| v * v).sum();
        if !is_left(before, after) {
            return Ok(None);
        }
        let found = PrincipalComponents::of(cleaned.dot(&cleaned.t()).view())?;
        let mut first = found.series.column(0).to_owned();
        let sum = cleaned.sum_axis(Axis(1));
        let along = first.dot(&sum);
        if along < 0.0 {
            first.mapv_inplace(|v| -v);
        }
        // The component has unit norm; a sum of nothing goes with nothing.
        let with_mean = (along.abs() / sum.dot(&sum).sqrt().max(f64::MIN_POSITIVE)).min(1.0);
        let size = found.singular_values[0] / (voxels.len() as f64).sqrt();
        Ok(Some((first * size, [found.variance_explained()[0], with_mean])))
    }
}
