//! `--roi`: the contrasts in the mean of each region. The mean series of a region, over its fitted voxels and not smoothed, is fitted by
//! itself with the columns and the noise model of its run, its rho its own; columns that differ between slices are their mean over
//! the region's voxels. Runs are combined as the maps are. Under ordinary least squares with shared columns the effect is
//! the mean of the map's, where that is not smoothed and in the same units: percent are of the region's mean, not of each voxel's.

use ndarray::Array2;

use super::modelled::noise;
use super::{Opened, Questions};
use crate::error::{Error, Result};
use crate::gpu::Device;
use crate::io::source::{Averaging, Memory, RegionSeries, Regional};
use crate::kernels::contrast::Prepared;
use crate::kernels::glm::Model;
use crate::pipeline::blocks::Ladder;
use crate::pipeline::combine::{FixedEffects, Joint};
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::{Fitted, Plan, fit_run};
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::products::Text;
use crate::pipeline::regions::{self, Region, Regions};
use crate::pipeline::scaling::{self, Unit};
use crate::pipeline::spec::{GlmSpec, RegionOptions, VoxelwiseOptions};
use crate::pipeline::watch::{Quiet, Watch};
use crate::pipeline::{flat, precision};
use crate::volume::{Block, HostBold, Mask, SliceGroups};

mod lost;
mod told;

pub(super) use lost::{Lost, Seen};

/// The regions, and what the runs fitted so far say of them.
pub(super) struct InRegions {
    /// As they were given, then moved, each with how far, mm along x, y, z.
    sets: Vec<([f64; 3], Regions)>,
    /// Where fluid is.
    fluid: Option<Mask>,
    effects: FixedEffects,
    /// What the fits of the runs so far left.
    seen: Vec<Seen>,
    /// Of each run, once it is measured in the voxels that all have.
    runs: Vec<OfRun>,
}

/// What a run says of them.
struct OfRun {
    /// `[contrast]`, of those asked for; none where it does not count. Their voxels are `[set][region]`.
    contrasts: Vec<Option<ContrastMaps>>,
    /// `[set][region]`: whether it has a statistic, its voxels, and the share of it that they are.
    fitted: Vec<bool>,
    n_voxels: Vec<usize>,
    coverage: Vec<f64>,
    /// Residual variance, in the units of effects squared, `[set][region]`.
    sigma2: Vec<f64>,
    /// The mean over its voxels of mean / sd over time, `[region]`.
    tsnr: Vec<f64>,
}

/// Refuse regions beside columns of each voxel's own.
///
/// # Errors
/// Usage.
pub fn refuse_own_columns(roi: &RegionOptions, voxelwise: &VoxelwiseOptions) -> Result<()> {
    if roi.is_empty() || voxelwise.is_empty() {
        return Ok(());
    }
    Err(Error::usage(
        "--roi",
        "comes with columns of each voxel's own (--voxelwise, --anaticor)",
        "come without them: the mean of a region has no such column",
        "leave one of them out",
    ))
}

/// The regions of an analysis; none where none are asked for.
///
/// # Errors
/// Usage: coordinates of a template in a native run, columns of each voxel's own, a shift that moves nothing. What their files hold or lack.
pub(super) fn open(
    spec: &GlmSpec,
    opened: &mut Opened,
    asked: &Questions,
    watch: &dyn Watch,
) -> Result<Option<InRegions>> {
    if spec.roi.is_empty() {
        return Ok(None);
    }
    refuse_own_columns(&spec.roi, &spec.voxelwise)?;
    for run in &opened.runs {
        regions::check_space(&spec.roi, (&run.path, &run.header), &run.fields, watch)?;
        inputs::say_smoothed_series(run, watch);
    }
    let on = (&opened.grid, "the run");
    let given = regions::open(&spec.roi, on, watch)?;
    given.tell_cut("the run", watch);
    given.tell_few(regions::MEAN_OF_FEW, watch);
    let fluid = regions::fluid(&spec.roi, &opened.grid, watch)?;
    opened.runs[0].found.extend(given.found.iter().cloned());
    let sets = regions::with_moved(given, &spec.roi, &opened.grid, watch)?;
    let joint: Vec<Joint> = asked.asked.iter().map(|asked| asked.joint.clone()).collect();
    let effects = FixedEffects::new(spec.combine, joint);
    Ok(Some(InRegions { sets, fluid, effects, seen: Vec::new(), runs: Vec::new() }))
}

impl InRegions {
    /// What keeps a run's means as it passes. `inside`: the voxels that are to be in them, `[voxel]`.
    pub(super) fn keeper(&self, run: &Run, inside: &[bool]) -> Regional {
        let voxels = |region: &Region| region.within(inside).voxels;
        let all: Vec<Vec<usize>> =
            self.sets.iter().flat_map(|(_, set)| set.all.iter().map(voxels)).collect();
        Regional::new(&all, (run.grid.plane_len(), run.n_volumes), self.n_regions())
    }

    /// Take what the fit of the next run left.
    pub(super) fn see(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    /// The means of a run over the voxels of the maps, `[voxel]`: those that were kept, or, where other voxels are in them, of another pass.
    fn measured(&self, kept: Option<Regional>, run: &mut Run, inside: &[bool]) -> Result<Regional> {
        let is_of_maps = |kept: &Regional| {
            let mut all = (0..self.n_series()).flat_map(|at| kept.series(at).voxels);
            all.all(|voxel| inside[voxel])
        };
        if let Some(kept) = kept.filter(is_of_maps) {
            return Ok(kept);
        }
        let mut kept = self.keeper(run, inside);
        // What is asked of the run on the way is of no interest.
        flat::of_run(&mut Averaging::new(run.bold.as_mut(), &mut kept), inside)?;
        run.bold.release();
        Ok(kept)
    }

    /// tSNR of each region as it was given, `[run]`.
    pub(super) fn tsnr(&self) -> Vec<Vec<(String, f64)>> {
        let names = || self.sets[0].1.all.iter().map(|region| region.name.clone());
        self.runs.iter().map(|run| names().zip(run.tsnr.iter().copied()).collect()).collect()
    }

    fn n_regions(&self) -> usize {
        self.sets[0].1.all.len()
    }

    fn n_series(&self) -> usize {
        self.sets.len() * self.n_regions()
    }

    /// Measure the next run in the voxels of the maps, `inside`, and fit its means: over other voxels of another run they would be means of another thing.
    /// `asked`: each contrast as it is of this run; none where it does not count.
    ///
    /// # Errors
    /// Those of reading the run. Bad data: a contrast that a region's columns do not determine.
    pub(super) fn take(
        &mut self,
        spec: &GlmSpec,
        run: &mut Run,
        asked: &[Option<&Prepared>],
        inside: &[bool],
        watch: &dyn Watch,
    ) -> Result<()> {
        let Seen { unit, lost, kept } = std::mem::take(&mut self.seen[self.runs.len()]);
        let regional = self.measured(kept, run, inside)?;
        lost.tell(run, &self.sets[0].1.all, self.seen.len() > 1, watch);
        let n = self.n_series();
        let series: Vec<RegionSeries> = (0..n).map(|at| regional.series(at)).collect();
        let mut means: Vec<f64> = series.iter().map(|s| mean(&s.mean)).collect();
        if let Some(level) = &run.level {
            for (mean, series) in means.iter_mut().zip(&series) {
                let of = series.voxels.iter().map(|&v| level[v]);
                *mean += of.sum::<f64>() / series.n_voxels.max(1) as f64;
            }
        }
        let is_usable = |at: usize| {
            let has_signal = matches!(unit, Unit::Times(_)) || means[at] > 0.0;
            series[at].mean.iter().all(|v| v.is_finite()) && has_signal
        };
        let inside: Vec<bool> = (0..n).map(is_usable).collect();
        let mut fitted = fit(spec, run, asked, (&series, &inside))?;
        for at in (0..n).filter(|&at| inside[at]) {
            scaling::in_units(&mut fitted, at, unit.factor(means[at]));
        }
        let mut parts = fitted.contrasts.iter().cloned();
        let contrasts = asked.iter().map(|asked| asked.and_then(|_| parts.next()));
        let maps = fitted.residuals.first().and_then(|residuals| residuals.maps.as_ref());
        let sigma2 = |at: usize| maps.map_or(f64::NAN, |maps| f64::from(maps.sigma2[at]));
        // An effect of 0 in what columns explain would count among runs as known exactly.
        let varies = |at: usize| match fitted.contrasts.first() {
            Some(maps) => maps.variance[0][at] > 0.0,
            None => sigma2(at) > 0.0,
        };
        let of_run = OfRun {
            contrasts: contrasts.collect(),
            fitted: (0..n).map(|at| fitted.fitted[at] && varies(at)).collect(),
            n_voxels: series.iter().map(|s| s.n_voxels).collect(),
            coverage: self.coverage(&series),
            sigma2: (0..n).map(sigma2).collect(),
            tsnr: series[..self.n_regions()].iter().map(|s| tsnr(s, run)).collect(),
        };
        self.tell(run, (&of_run, &series), watch);
        self.runs.push(of_run);
        self.effects.add(fitted, [1, 1, n])
    }

    fn coverage(&self, series: &[RegionSeries]) -> Vec<f64> {
        let all = self.sets.iter().flat_map(|(_, set)| &set.all).zip(series);
        all.map(|(region, series)| {
            series.n_voxels as f64 / region.voxels.len().max(1) as f64 * region.on_grid
        })
        .collect()
    }

    /// What is lacking of regions as they were given.
    fn tell(&self, run: &Run, (of_run, series): (&OfRun, &[RegionSeries]), watch: &dyn Watch) {
        for (at, region) in self.sets[0].1.all.iter().enumerate() {
            let (n, n_all) = (of_run.n_voxels[at], region.voxels.len());
            let name = &region.name;
            if !of_run.fitted[at] && n > 0 && series[at].mean.iter().all(|v| v.is_finite()) {
                watch.warn(&format!(
                    "{}: the mean of {name} is constant, has no signal, or is what the run's columns explain to rounding; its row is n/a{}",
                    display(&run.path),
                    if self.seen.len() > 1 { ", and so is that of `all`" } else { "" }
                ));
            } else if !of_run.fitted[at] {
                watch.warn(&format!(
                    "{}: none of the {n_all} voxels of {name} has a series that was fitted; its row is n/a",
                    display(&run.path)
                ));
            } else if 2 * n < n_all {
                watch.warn(&format!(
                    "{}: {n} of the {n_all} voxels of {name} are fitted",
                    display(&run.path)
                ));
            }
        }
    }

    /// The tables of all contrasts, and what is to be said of them.
    ///
    /// # Errors
    /// Those of combining.
    pub(super) fn tables(
        self,
        spec: &GlmSpec,
        (questions, found): (&Questions, &Fitted),
        runs: &[Run],
        watch: &dyn Watch,
    ) -> Result<Vec<Text>> {
        told::tables(self, spec, (questions, found), runs, watch)
    }
}

/// Fit series, each with the columns of its own slices; `[series]` in place of voxels.
fn fit(
    spec: &GlmSpec,
    run: &Run,
    asked: &[Option<&Prepared>],
    (series, inside): (&[RegionSeries], &[bool]),
) -> Result<Fitted> {
    let (names, matrix) = run.shared();
    let varying = run.varying().map(|slices| averaged(&slices, series));
    let n = series.len();
    let model = Model::new(&matrix, names, varying.as_ref(), n, run.dof_spent)?;
    let prepare = |asked: &&Prepared| Prepared::new(asked.contrast.clone(), &model);
    let contrasts = asked.iter().flatten().map(prepare).collect::<Result<Vec<_>>>()?;
    let own = GlmSpec {
        rho_fwhm_vox: 0.0,
        maps: true,
        voxelwise: VoxelwiseOptions::default(),
        ..spec.clone()
    };
    let noise = Some(noise(&own, run, (&model, &contrasts))?);
    let block = Block::whole([1, 1, n], run.n_volumes);
    // What float32 would round of a swing about a large level, the constant takes up.
    let takes_up = precision::takes_up_level(&model, &contrasts);
    let level = |series: &RegionSeries| if takes_up { mean(&series.mean) } else { 0.0 };
    let levels: Vec<f64> = series.iter().map(level).collect();
    let value = |t: usize, at: usize| match inside[at] {
        true => (series[at].mean[t] - levels[at]) as f32,
        false => 0.0,
    };
    let data = (0..run.n_volumes).flat_map(|t| (0..n).map(move |at| (t, at)));
    let data = data.map(|(t, at)| value(t, at)).collect();
    let mut source = Memory { run: HostBold::new(block, data) };
    let plan = Plan { correct: None, smooth: None, model, contrasts, noise };
    // In f64 on the host whatever fits the run: a rerun has the same.
    let mut ladder = Ladder::around(Device::cpu());
    fit_run(&mut ladder, &mut source, &mut [], inside, &plan, &Quiet)
}

/// Columns that differ between planes as each series has them: their mean over its voxels.
fn averaged(slices: &SliceGroups, series: &[RegionSeries]) -> SliceGroups {
    let columns = |series: &RegionSeries| {
        let mut sum = Array2::zeros(slices.columns[0].dim());
        for &(plane, n) in &series.planes {
            let share = n as f64 / series.n_voxels.max(1) as f64;
            sum.scaled_add(share, &slices.columns[slices.group_of_plane[plane]]);
        }
        // Of no voxel: columns that a model may have, of a series that is not fitted.
        if series.n_voxels == 0 { slices.columns[0].clone() } else { sum }
    };
    SliceGroups {
        group_of_plane: (0..series.len()).collect(),
        names: slices.names.clone(),
        columns: series.iter().map(columns).collect(),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The mean over a region's voxels of mean / sd over time, nothing taken off.
fn tsnr(series: &RegionSeries, run: &Run) -> f64 {
    let level = |voxel: usize| run.level.as_ref().map_or(0.0, |level| level[voxel]);
    let moments = series.moments.iter().filter(|(_, _, sd)| *sd > 0.0);
    let each: Vec<f64> = moments.map(|&(voxel, mean, sd)| (mean + level(voxel)) / sd).collect();
    if each.is_empty() { f64::NAN } else { mean(&each) }
}
