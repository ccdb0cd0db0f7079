//! The run level: a run's variables, transformed, its design, and the command that fits it.

use std::path::PathBuf;

use ndarray::{Array2, ArrayView1, Axis};

use super::at_zero;
use super::events::{self, WithoutEvents};
use super::found::{Found, FoundRun};
use super::named;
use super::times::{OwnTimes, Times};
use super::unit::{self, Asked, OfRun, Unit};
use crate::bids::model::Node;
use crate::bids::variables::Variables;
use crate::bids::{Notes, design, transform};
use crate::design::Drift;
use crate::design::censor::{Measures, Rules, left_out};
use crate::design::drift;
use crate::error::{Error, Result};
use crate::io::{self, BoldFile};
use crate::physio::Terms;
use crate::pipeline::products::Layout;
use crate::pipeline::spec::{
    BidsSpec, Combining, Command, DesignOptions, GlmSpec, LocalMeanOptions, Missing, RunSpec,
    VoxelwiseOptions,
};
use crate::pipeline::watch::{Quiet, Watch};
use crate::pipeline::{glm, inputs, moment, regions, voxelwise};
use crate::recording::Acquisition;
use crate::stats::least_squares::LeastSquares;
use crate::table::Table;
use crate::volume::Grid;

/// A run with its design.
pub(super) struct Modelled {
    /// The run's voxels.
    grid: Grid,
    /// The repetition time of the raw run, where the image's own files do not say it.
    tr: Option<f64>,
    /// The repetition time that holds, seconds.
    tr_s: f64,
    /// When its task columns are sampled, in words.
    origin: String,
    /// The moment of each volume that the matrix is of, seconds into it.
    at_s: f64,
    /// Names of columns.
    pub columns: Vec<String>,
    /// How many, the first ones, are those of X.
    pub n_of_x: usize,
    /// `[volume][column]`
    matrix: Array2<f64>,
    /// What the first of them are at the time of each slice, where these have their own.
    own_times: Option<OwnTimes>,
    solved: LeastSquares,
    /// What X names and the run lacks, with the closest name.
    pub missing: Vec<(String, Option<String>)>,
    /// That the run has no events, which may be why it lacks what X names.
    pub without_events: Option<WithoutEvents>,
    /// What a person should know of when its columns are sampled.
    pub doubts: Vec<String>,
}

/// What comes of a run.
pub(super) enum Outcome {
    /// Its design.
    Modelled(Box<Modelled>),
    /// Variables that X names and the run lacks, where that is an error, each with what may be meant.
    Lacks(Vec<(String, String)>),
}

/// The design of a run.
///
/// # Errors
/// What its tables hold or lack, and what the node's instructions make impossible.
pub(super) fn model(
    spec: &BidsSpec,
    node: &Node,
    (found, run): (&Found, &FoundRun),
    notes: &mut Notes,
) -> Result<Outcome> {
    let bold = BoldFile::open(&run.bold)?;
    let sidecar = io::sidecar::find(&run.bold, None)?;
    let tr = match sidecar.repetition_time {
        Some(_) => None,
        None => raw_tr(found, run)?,
    };
    let times = Times::of_run(spec.fit.task_times, (&bold, &sidecar), tr)?;
    let acquisition = &times.acquisition;
    let mut doubts = times.doubts.clone();
    let resampled = io::resampled(&bold, &sidecar).filter(|_| !run.physio.is_empty());
    if let Some(resampled) = resampled.filter(|_| times.moments.is_empty()) {
        doubts.extend(moment::two_origins(times.at_s, (&resampled, &sidecar), acquisition)?);
    }
    // A mask on another grid, empty or of fractions is refused before any fit.
    for mask in run.mask(node).into_iter().chain(&spec.fit.smooth.within).chain(&run.white_matter) {
        io::read_mask(mask, &bold.grid)?;
    }
    refuse_elsewhere(spec, run, &bold, &sidecar)?;
    let mut variables = Variables::of_run(times.frame_times_s(times.at_s), acquisition.tr);
    let without_events = events::add(&mut variables, (found, run), notes)?;
    if let Some(path) = &run.confounds {
        variables.add_rows(&io::tsv::read(path)?, notes)?;
    }
    if spec.missing_variable == Missing::Skip {
        variables.drop_missing();
    }
    let as_read = variables.clone();
    let has_tables = without_events.is_none() && run.confounds.is_some();
    let missing = match super::missing(spec) {
        // What some runs lack is told of all of them at once.
        design::Missing::Error if has_tables => design::Missing::Tell,
        other => other,
    };
    let made = transform::apply(&node.transformations, &mut variables, notes)
        .and_then(|()| design::columns(&variables, node, missing, notes));
    let mut made = made.map_err(|error| match &without_events {
        Some(without) => without.why(error),
        None if run.confounds.is_none() => error.with_hint(NO_CONFOUNDS),
        None => error,
    })?;
    if missing == design::Missing::Tell && !made.missing.is_empty() {
        let names = made.missing.into_iter().map(|(name, _)| name);
        return Ok(Outcome::Lacks(
            names.map(|name| (name.clone(), variables.near(&name))).collect(),
        ));
    }
    let mut at = Vec::with_capacity(times.moments.len());
    for &at_s in &times.moments {
        let mut variables = as_read.clone().sampled_at(times.frame_times_s(at_s));
        transform::apply(&node.transformations, &mut variables, notes)?;
        at.push(design::columns(&variables, node, missing, notes)?);
    }
    let own_times = OwnTimes::of(&times.moments, at, &mut made)?;
    let origin = times.told(own_times.as_ref());
    let (mut columns, mut matrix) = (made.names, made.matrix);
    let n_of_x = columns.len();
    if spec.fit.drift != Drift::None {
        add_drift(spec.fit.drift, acquisition, (&mut columns, &mut matrix))?;
    }
    if !at_zero::has_constant(&matrix)? {
        let said =
            "has no constant: the column intercept is added behind all others, as FitLins does";
        let of = if node.formula.is_some() { "Formula" } else { "X" };
        notes.add(&format!("{}/Model/{of}", node.pointer), said);
        columns.push(design::INTERCEPT.to_owned());
        let ones = Array2::ones((matrix.nrows(), 1));
        matrix = beside(&matrix, &ones)?;
    }
    let solved = LeastSquares::new(matrix.view())?;
    let missing = made.missing;
    let tr_s = acquisition.tr;
    Ok(Outcome::Modelled(Box::new(Modelled {
        grid: bold.grid.clone(),
        tr,
        tr_s,
        origin,
        at_s: times.at_s,
        columns,
        n_of_x,
        matrix,
        own_times,
        solved,
        missing,
        without_events,
        doubts,
    })))
}

/// What a variable that is not there may be for.
const NO_CONFOUNDS: &str =
    "the run has no table of confounds (_desc-confounds_timeseries.tsv) in the derivatives";

/// Why images of regressors and regions cannot be those of a run.
fn refuse_elsewhere(
    spec: &BidsSpec,
    run: &FoundRun,
    bold: &BoldFile,
    sidecar: &io::sidecar::Sidecar,
) -> Result<()> {
    for path in &run.voxelwise {
        let whose = run.bold.display().to_string();
        voxelwise::check(&BoldFile::open(path)?, ((&bold.grid, bold.n_volumes), &whose))?;
    }
    let roi = &spec.fit.roi;
    if !roi.is_empty() {
        regions::check_space(roi, (&run.bold, &bold.header), &sidecar.fields, &Quiet)?;
        regions::open(roi, (&bold.grid, "the run"), &Quiet)?;
        regions::fluid(roi, &bold.grid, &Quiet)?;
    }
    Ok(())
}

/// RepetitionTime of the raw run.
fn raw_tr(found: &Found, run: &FoundRun) -> Result<Option<f64>> {
    let mut own = run.entities.clone();
    ["space", "resolution", "density", "cohort"].iter().for_each(|key| drop(own.remove(*key)));
    let mut tr = None;
    for file in found.raw.speaking_for(&own, "func", ("bold", ".json")) {
        let map = io::bids::read_json(&found.raw.at(file))?;
        tr = map.get("RepetitionTime").and_then(serde_json::Value::as_f64).or(tr);
    }
    Ok(tr)
}

/// Columns of slow drift, unless the model has its own.
fn add_drift(
    asked: Drift,
    acquisition: &Acquisition,
    (columns, matrix): (&mut Vec<String>, &mut Array2<f64>),
) -> Result<()> {
    let is_drift = |name: &&String| name.starts_with("cosine") || name.starts_with("drift_");
    if let Some(own) = columns.iter().find(is_drift) {
        return Err(Error::usage(
            "--drift",
            format!("comes with a model that has drift columns of its own ({own}, ...)"),
            "come with a model without",
            "leave --drift out, or HighPassFilterCutoffHz and cosine* of the model: both would explain the same",
        ));
    }
    let own = drift::columns(asked, acquisition.n_volumes, acquisition.tr)?;
    let names = (1..=own.ncols()).map(|n| format!("drift_{n}"));
    columns.extend(names);
    *matrix = beside(matrix, &own)?;
    Ok(())
}

/// Columns and others behind them.
fn beside(columns: &Array2<f64>, others: &Array2<f64>) -> Result<Array2<f64>> {
    ndarray::concatenate(Axis(1), &[columns.view(), others.view()])
        .map_err(|e| Error::internal("a design", e.to_string(), "have a row a volume", ""))
}

impl Modelled {
    /// What is known before its fit.
    pub fn of_run(&self) -> OfRun {
        OfRun {
            grid: self.grid.clone(),
            n_volumes: self.matrix.nrows(),
            tr_s: self.tr_s,
            origin: self.origin.clone(),
            of_slices: self.own_times.as_ref().map_or_else(Vec::new, |own| own.names.clone()),
            at_s: self.at_s,
            missing: self.missing.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// The unit that fits a run.
    ///
    /// # Errors
    /// Bad data: fewer volumes than columns; names that cannot be files.
    pub fn unit(
        &self,
        spec: &BidsSpec,
        (at, node): (usize, &Node),
        run: &FoundRun,
        asked: &[Asked],
        watch: &dyn Watch,
    ) -> Result<Unit> {
        self.refuse_few(run)?;
        let entities = &run.entities;
        let folder = named::folder(&spec.out, &node.name, entities);
        let layout = Layout::prefix(&folder.join(named::of_tables(entities)))
            .with_maps(&folder, &named::of_maps(entities));
        let design = folder.join(format!("{}_desc-model_design.tsv", named::of_tables(entities)));
        let mask = run.mask(node);
        let mut texts = vec![(design.clone(), self.table())];
        let slices = self.own_times.as_ref().map(|own| {
            let path =
                folder.join(format!("{}_desc-slices_design.tsv", named::of_tables(entities)));
            texts.push((path.clone(), own.table()));
            path
        });
        let ready = (design, slices);
        let command = self.command(spec, run, (ready, asked, mask), watch)?;
        let white_matter = run.white_matter.as_ref();
        let files =
            [Some(&run.bold), mask, run.events.as_ref(), run.confounds.as_ref(), white_matter];
        let sources: Vec<PathBuf> =
            files.into_iter().flatten().chain(&run.physio).chain(&run.voxelwise).cloned().collect();
        let estimates = unit::estimates(&layout, entities, asked)?;
        Ok(Unit {
            node: at,
            entities: entities.clone(),
            command,
            layout,
            texts,
            sources,
            below: Vec::new(),
            estimates,
            asked: asked.to_vec(),
            columns: self.columns.clone(),
            n_rows: self.matrix.nrows(),
            design: Vec::new(),
            left_out: Vec::new(),
            run: Some(self.of_run()),
        })
    }

    fn command(
        &self,
        spec: &BidsSpec,
        run: &FoundRun,
        ((design, design_slices), asked, mask): (
            (PathBuf, Option<PathBuf>),
            &[Asked],
            Option<&PathBuf>,
        ),
        watch: &dyn Watch,
    ) -> Result<Command> {
        let (f, t): (Vec<&Asked>, Vec<&Asked>) = asked.iter().partition(|asked| asked.is_f());
        let texts = |all: Vec<&Asked>| -> Result<Vec<String>> {
            all.into_iter().map(|asked| asked.expression(&self.columns)).collect()
        };
        let fit = &spec.fit;
        let mut runs = vec![RunSpec {
            bold: run.bold.clone(),
            tr: self.tr,
            design: Some(design),
            design_slices,
            // For what leaves volumes out; the columns are the design's.
            confounds: run.confounds.iter().filter(|_| fit.censor.is_some()).cloned().collect(),
            physio: run.physio.clone(),
            record: fit.physio.as_ref().map_or_else(Default::default, |own| own.record.clone()),
            physio_formats: fit.physio.iter().filter_map(|own| own.format.clone()).collect(),
            ..RunSpec::default()
        }];
        inputs::find_spent(&mut runs, watch)?;
        if let Some(rules) = &fit.censor {
            // What its tables cannot say, and what they leave too little of, is refused before any fit.
            let measures = inputs::measures(&runs[0], Some(rules), self.matrix.nrows(), &Quiet)?;
            self.refuse_few_kept(run, rules, &measures)?;
        }
        let terms = fit.physio.as_ref().map_or_else(Default::default, |own| own.terms.clone());
        if !run.physio.is_empty() {
            let recorded = RunSpec {
                design: None,
                design_slices: None,
                confounds: Vec::new(),
                ..runs[0].clone()
            };
            let options = DesignOptions { terms: Terms::clone(&terms), ..DesignOptions::default() };
            inputs::open_alone(&recorded, &options, &Quiet)?;
        }
        let local = fit.local.as_ref().zip(run.white_matter.clone());
        let voxelwise = VoxelwiseOptions {
            images: if run.voxelwise.is_empty() { Vec::new() } else { vec![run.voxelwise.clone()] },
            local: local.map(|(local, mask)| LocalMeanOptions { mask, radius_mm: local.radius_mm }),
        };
        glm::refuse_own_columns(&fit.roi, &voxelwise)?;
        Ok(Command::Glm(GlmSpec {
            runs,
            design: DesignOptions {
                censor: fit.censor.clone(),
                terms,
                // The design is made, with what drift it has.
                drift: Drift::None,
                ..DesignOptions::default()
            },
            mask: mask.cloned(),
            smooth: fit.smooth.clone(),
            scaling: fit.scaling,
            two_sided: fit.two_sided,
            contrasts: texts(t)?,
            f_contrasts: texts(f)?,
            noise: fit.noise,
            rho_fwhm_vox: fit.rho_fwhm_vox,
            combine: Combining::Mean,
            maps: fit.maps,
            skip_missing: false,
            min_dof: fit.min_dof,
            residuals: fit.residuals,
            voxelwise,
            roi: fit.roi.clone(),
            report: false,
        }))
    }

    /// Why the run cannot be fitted at all: before any fit, not in the middle of all.
    fn refuse_few(&self, run: &FoundRun) -> Result<()> {
        let (n, rank) = (self.matrix.nrows(), self.solved.rank);
        if n > rank {
            return Ok(());
        }
        Err(Error::bad_data(
            run.name(),
            format!("has {n} volumes for {rank} independent columns"),
            "have more volumes than columns",
            "leave columns out of X, such as single outliers or components",
        ))
    }

    /// Why a contrast cannot be asked of the run.
    ///
    /// # Errors
    /// Bad data: columns of it that cannot be told apart.
    pub fn refuse_undetermined(&self, one: &Asked) -> Result<()> {
        if one.weights.iter().all(|row| self.solved.is_estimable(ArrayView1::from(row))) {
            return Ok(());
        }
        let (zero, sums): (Vec<usize>, Vec<usize>) = (self.solved.dependent_columns().into_iter())
            .partition(|&at| self.matrix.column(at).iter().all(|v| *v == 0.0));
        let named = |at: &[usize]| {
            let names: Vec<String> = at.iter().map(|&at| self.columns[at].clone()).collect();
            super::named::listed(&names)
        };
        let zero = (!zero.is_empty()).then(|| format!("columns of zeros: {}", named(&zero)));
        let sums = (!sums.is_empty())
            .then(|| format!("columns that are sums of others: {}", named(&sums)));
        let why: Vec<String> = zero.into_iter().chain(sums).collect();
        Err(Error::bad_data(
            format!("contrast '{}'", one.name),
            "is not determined by the design",
            "be of columns that can be told apart (--missing-contrast skip leaves it out there)",
            why.join("; "),
        ))
    }

    /// Why a run of which volumes are left out cannot be fitted. What rules find in the image alone is not known yet.
    fn refuse_few_kept(&self, run: &FoundRun, rules: &Rules, measures: &Measures) -> Result<()> {
        let (n, rank) = (self.matrix.nrows(), self.solved.rank);
        let n_kept = n - left_out(rules, measures, n).len();
        if n_kept > rank {
            return Ok(());
        }
        Err(Error::bad_data(
            run.name(),
            format!("keeps {n_kept} of {n} volumes under --censor for {rank} independent columns"),
            "keep more volumes than columns",
            "censor less, leave columns out of X, or leave the run out (--bids-filter-file)",
        ))
    }

    fn table(&self) -> String {
        let of_row = |row: ArrayView1<f64>| row.iter().map(|v| format!("{v:?}")).collect();
        io::tsv::write_string(&Table {
            name: String::new(),
            columns: self.columns.clone(),
            rows: self.matrix.rows().into_iter().map(of_row).collect(),
        })
    }
}
