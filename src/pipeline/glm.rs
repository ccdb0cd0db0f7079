//! The `glm` command as a story: open the runs, agree on a mask, build the model, fit every run, combine, name the maps.

use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use serde_json::{Map, Value, json};

use crate::design::contrast::{NamedContrast, parse_f, parse_t};
use crate::design::{self, Design};
use crate::error::{Error, Result};
use crate::io::source::BoldSource;
use crate::io::{self, BoldFile, Header, Intent};
use crate::kernels::contrast::{Contrast, Stat};
use crate::kernels::glm::Model;
use crate::kernels::nuisance::Projection;
use crate::physio::PhysioSummary;
use crate::pipeline::automask;
use crate::pipeline::blocks::{Ladder, batches};
use crate::pipeline::combine::fixed_effects;
use crate::pipeline::first_level::{Fitted, Plan, fit_run};
use crate::pipeline::inputs::{self, Run, display};
use crate::pipeline::maps::ContrastMaps;
use crate::pipeline::qc::RunQc;
use crate::pipeline::smoothing;
use crate::pipeline::spec::GlmSpec;
use crate::pipeline::watch::Watch;
use crate::volume::{Grid, Mask};

/// What a map shows, which decides its intent code and its tolerance in `verify`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// In BOLD units.
    Effect,
    /// In squared BOLD units.
    Variance,
    /// t or F.
    Statistic(Stat),
    /// Normal deviate.
    Z,
    /// One-sided.
    P,
}

/// One image of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedMap {
    /// File name without extension: `contrast-pain_stat-t_statmap`.
    pub stem: String,
    /// What it shows.
    pub quantity: Quantity,
    /// The contrast's statistic.
    pub stat_kind: Stat,
    /// Degrees of freedom: residual for t and z, numerator and residual for F.
    pub dof: (f64, f64),
    /// `[row][voxel]`, one row but for effects and variances of F.
    pub rows: Vec<Vec<f32>>,
}

/// The finished analysis in memory.
#[derive(Debug)]
pub struct GlmResult {
    /// Header that maps inherit geometry and units from.
    pub header: Header,
    /// The fitted voxels.
    pub mask: Mask,
    /// One design a run.
    pub designs: Vec<Design>,
    /// Maps in output order.
    pub maps: Vec<NamedMap>,
    /// The contrasts in f64.
    pub contrasts: Vec<ContrastMaps>,
    /// What was found in the recordings, one a run that has them.
    pub physio: Vec<PhysioSummary>,
    /// Their recordings for the QC page.
    pub qc: Vec<RunQc>,
    /// Files read, role and path.
    pub files: Vec<(&'static str, PathBuf)>,
    /// The images, whose checksum may still be on its way.
    pub bolds: Vec<BoldFile>,
    /// Stages in order.
    pub stages: Vec<String>,
    /// Residual degrees of freedom.
    pub dof: f64,
    /// What the options and files came to.
    pub resolved: Map<String, Value>,
    /// Counts by name.
    pub counts: Map<String, Value>,
}

/// Run the analysis.
///
/// # Errors
/// Whatever its inputs hold or lack, and device errors.
pub fn run(spec: &GlmSpec, ladder: &mut Ladder, watch: &dyn Watch) -> Result<GlmResult> {
    if spec.contrasts.is_empty() && spec.f_contrasts.is_empty() {
        return Err(Error::usage(
            "the command line",
            "asks for no contrast",
            "name at least one",
            "for example --contrast 'pain=pain-control'",
        ));
    }
    let mut runs = spec
        .runs
        .iter()
        .map(|run| inputs::open(run, &spec.design, watch))
        .collect::<Result<Vec<Run>>>()?;
    let grid = common_grid(&runs)?;
    let smoothing = smoothing::prepare(&spec.smooth, &grid, watch)?;
    let mut plans = Vec::new();
    for run in &runs {
        plans.push(plan(spec, run, smoothing.clone(), watch)?);
    }
    let mask = mask(spec.mask.as_deref(), &mut runs[0].bold, watch)?;
    let mask_rule = if spec.mask.is_some() { "given" } else { automask::RULE };

    let mut fitted = Vec::new();
    for (run, plan) in runs.iter_mut().zip(&plans) {
        fitted.push(fit_run(ladder, &mut run.bold, &mask.inside, plan, watch)?);
    }
    let all = fixed_effects(fitted)?;
    let dof = all.contrasts.first().map_or(0.0, |c| c.dof);
    let maps = named_maps(&all)?;
    let counts = counts(&mask, &all, &plans, watch);
    let mut resolved = Map::new();
    resolved.insert("mask".to_owned(), json!(mask_rule));
    resolved.extend(smoothing.iter().map(|s| {
        ("effective_fwhm_mm".to_owned(), json!(s.taps.effective_fwhm_mm(grid.voxel_size_mm)))
    }));
    let of_runs: Vec<_> = runs.iter().map(inputs::resolved).collect();
    resolved.insert("runs".to_owned(), json!(of_runs));
    let mut stages = vec![String::from("read")];
    stages.extend(plans[0].correct.iter().map(|_| "retroicor".to_owned()));
    stages.extend(plans[0].smooth.iter().map(|_| "smooth".to_owned()));
    stages.extend(["glm", "contrast"].map(str::to_owned));
    if runs.len() > 1 {
        stages.push("fixed effects".to_owned());
    }

    let mut files: Vec<(&'static str, PathBuf)> =
        runs.iter_mut().flat_map(|run| std::mem::take(&mut run.files)).collect();
    files.extend(spec.mask.iter().map(|p| ("mask", p.clone())));
    files.extend(spec.smooth.within.iter().map(|p| ("smooth within", p.clone())));
    Ok(GlmResult {
        header: runs[0].bold.header.clone(),
        mask: Mask { grid, inside: all.fitted },
        physio: runs.iter().filter_map(|r| r.physio.clone()).collect(),
        qc: runs.iter_mut().filter_map(|r| r.qc.take()).collect(),
        designs: runs.iter().map(|r| r.design.clone()).collect(),
        bolds: runs.into_iter().map(|r| r.bold).collect(),
        maps,
        contrasts: all.contrasts,
        files,
        stages,
        dof,
        resolved,
        counts,
    })
}

pub(crate) fn common_grid(runs: &[Run]) -> Result<Grid> {
    let first = &runs[0].bold;
    for run in &runs[1..] {
        let (a, b) = (&first.grid, &run.bold.grid);
        if a.shape != b.shape || a.affine_difference_mm(b) > 1e-3 {
            return Err(Error::bad_data(
                display(&run.bold.path),
                format!("has shape {:?} or an affine other than the first run's", b.shape),
                format!("lie on the grid of {} ({:?})", display(&first.path), a.shape),
                "resample the runs to one grid",
            ));
        }
    }
    Ok(first.grid.clone())
}

/// The mask that was given, or one made from the run's mean image.
pub(crate) fn mask(given: Option<&Path>, bold: &mut BoldFile, watch: &dyn Watch) -> Result<Mask> {
    if let Some(path) = given {
        return io::read_mask(path, &bold.grid);
    }
    let mean = mean_image(bold)?;
    let mask = automask::from_mean(&display(&bold.path), &mean, &bold.grid)?;
    watch.note(&format!("mask: {} voxels by rule: {}", mask.count(), automask::RULE));
    Ok(mask)
}

/// Mean over the volumes that are finite, `[voxel]`; NaN where none is.
pub(crate) fn mean_image(source: &mut dyn BoldSource) -> Result<Vec<f64>> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let mut sum = vec![0.0_f64; shape.iter().product()];
    let mut missing = vec![0_u32; sum.len()];
    for block in batches(shape, n_volumes, 32 << 20) {
        let bold = source.read(&block)?;
        for volume in bold.data.chunks_exact(sum.len()) {
            for ((sum, missing), &value) in sum.iter_mut().zip(&mut missing).zip(volume) {
                let finite = value.is_finite();
                *sum += if finite { f64::from(value) } else { 0.0 };
                *missing += u32::from(!finite);
            }
        }
    }
    let mean = |(sum, missing): (f64, u32)| sum / (n_volumes as f64 - f64::from(missing));
    Ok(sum.into_iter().zip(missing).map(mean).collect())
}

/// The model of a run, and what comes before it.
pub(crate) fn plan(
    spec: &GlmSpec,
    run: &Run,
    smooth: Option<smoothing::Smoothing>,
    watch: &dyn Watch,
) -> Result<Plan> {
    let n_planes = run.bold.grid.shape[2];
    let slices = run.slices.as_ref();
    let correct = match (slices, &smooth) {
        (Some(slices), Some(_)) => Some(Projection::new(inputs::common_columns(run), slices)?),
        _ => None,
    };
    let model = Model::new(&run.design.matrix, &run.design.names, slices, n_planes, run.dof_spent)?;
    if let Some(columns) = model.rank_deficiency() {
        watch.warn(&format!(
            "the design of {} is rank deficient; minimum-norm solution; columns involved: {}",
            display(&run.bold.path),
            columns.join(", ")
        ));
    }
    let t = spec.contrasts.iter().map(|text| (Stat::T, text));
    let f = spec.f_contrasts.iter().map(|text| (Stat::F, text));
    let mut contrasts = Vec::new();
    for (stat, text) in t.chain(f) {
        let NamedContrast { name, expression } = design::contrast::parse_named(text)?;
        let rows = match stat {
            Stat::T => parse_t(&expression, &run.design.names)?.insert_axis(Axis(0)),
            Stat::F => parse_f(&expression, &run.design.names)?,
        };
        let weights = widened(&rows, model.names.len());
        let contrast = Contrast::new(&name, stat, weights, &model)?;
        contrasts.push((name, contrast));
    }
    let names: Vec<String> = contrasts.iter().map(|(name, _)| name.clone()).collect();
    design::label::labels(&names)?;
    Ok(Plan { correct, smooth, model, contrasts })
}

/// Weights over the common columns, zero for the slice-dependent ones that follow them.
fn widened(rows: &Array2<f64>, n_regressors: usize) -> Array2<f64> {
    let mut wide = Array2::zeros((rows.nrows(), n_regressors));
    wide.slice_mut(ndarray::s![.., ..rows.ncols()]).assign(rows);
    wide
}

fn named_maps(all: &Fitted) -> Result<Vec<NamedMap>> {
    let narrow = |rows: &[Vec<f64>]| -> Vec<Vec<f32>> {
        rows.iter().map(|row| row.iter().map(|&v| v as f32).collect()).collect()
    };
    let mut maps = Vec::new();
    for c in &all.contrasts {
        let (z, p) = c.z_and_p(&all.fitted);
        let letter = if c.stat_kind == Stat::T { "t" } else { "F" };
        let one = std::slice::from_ref;
        for (name, quantity, rows) in [
            ("effect", Quantity::Effect, &c.effect[..]),
            ("variance", Quantity::Variance, &c.variance[..]),
            (letter, Quantity::Statistic(c.stat_kind), one(&c.stat)),
            ("z", Quantity::Z, one(&z)),
            ("p", Quantity::P, one(&p)),
        ] {
            let label = design::label::label(&c.name)?;
            maps.push(NamedMap {
                stem: format!("contrast-{label}_stat-{name}_statmap"),
                quantity,
                stat_kind: c.stat_kind,
                dof: (c.rank as f64, c.dof),
                rows: narrow(rows),
            });
        }
    }
    Ok(maps)
}

impl NamedMap {
    /// NIfTI intent: code and degrees of freedom.
    #[must_use]
    pub fn intent(&self) -> Intent {
        let (dof1, dof2) = self.dof;
        match self.quantity {
            Quantity::Effect | Quantity::Variance => Intent::Estimate,
            Quantity::Statistic(Stat::T) => Intent::T { dof: dof2 },
            Quantity::Statistic(Stat::F) => Intent::F { dof1, dof2 },
            Quantity::Z => Intent::Z,
            Quantity::P => Intent::P,
        }
    }
}

fn counts(mask: &Mask, all: &Fitted, plans: &[Plan], watch: &dyn Watch) -> Map<String, Value> {
    if all.not_finite > 0 {
        watch.warn(&format!(
            "{} mask voxels are not finite in some volume; they are outside (0 in the maps, p 1)",
            all.not_finite
        ));
    }
    if all.constant > 0 {
        watch.warn(&format!(
            "{} mask voxels are constant over time; their statistics are 0, p 1",
            all.constant
        ));
    }
    let regressors: Vec<usize> = plans.iter().map(|p| p.model.names.len()).collect();
    let counts = json!({
        "voxels_in_mask": mask.count(),
        "voxels_fitted": all.fitted.iter().filter(|&&v| v).count(),
        "voxels_not_finite": all.not_finite,
        "voxels_constant": all.constant,
        "regressors": regressors,
    });
    counts.as_object().cloned().unwrap_or_default()
}
