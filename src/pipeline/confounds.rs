//! The `confounds` command as a story: read the tissues, survey the run (means, variability, covariance over time of each
//! tissue), choose the brain's most variable voxels, find the principal components, name the columns as fMRIPrep does.
//!
//! Sources: Behzadi 2007 (CompCor); fMRIPrep for the names, the cosines before the components, unit variance, half the
//! variance as what is kept, and 2 % of the brain's voxels, chosen by their standard deviation about a parabola. The number
//! of cosines is SPM's and nilearn's, floor(2 n TR / cutoff); nipype, and so fMRIPrep, takes one fewer.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde_json::{Map, Value, json};

use crate::design::censor::{LeftOut, Measures};
use crate::design::{Drift, drift};
use crate::error::{Error, Result};
use crate::io::{self, BoldFile};
use crate::kernels::covariance::{Covariance, Filter};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::censor::{self, Image, Within};
use crate::pipeline::dvars::{self, Shown};
use crate::pipeline::inputs::{self, display, open_bold};
use crate::pipeline::masks;
use crate::pipeline::precision;
use crate::pipeline::products::{Account, Layout, Opened, Products};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, ConfoundsSpec, Keep, Role, RunSpec};
use crate::pipeline::watch::{Quiet, Watch};

mod components;
mod regions;
mod survey;
mod table;

pub use components::Component;
use components::{Region, find};
use regions::{Place, Regions};
use survey::{Survey, add_variable, most_variable, survey};

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// The mean over so many voxels, BOLD units.
    Mean(usize),
    /// A principal component, unit norm.
    Component(Component),
    /// How much the head moved.
    Motion {
        /// In words.
        what: &'static str,
        /// Its units.
        units: &'static str,
    },
    /// How much the run changed.
    Dvars {
        /// In words.
        what: &'static str,
        /// Its units.
        units: &'static str,
    },
    /// A cosine of this period in seconds, unit norm: part of the filter.
    Cosine(f64),
}

/// One column of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// `csf`, `a_comp_cor_00`, `cosine00`, ...
    pub name: String,
    /// `[volume]`
    pub values: Vec<f64>,
    /// What it is.
    pub kind: Kind,
}

/// The finished table in memory.
#[derive(Debug)]
struct ConfoundsResult {
    /// The columns in file order.
    pub columns: Vec<Column>,
    /// Components that were found and not kept.
    pub dropped: Vec<Component>,
    /// The image, whose checksum may still be on its way.
    pub bold: BoldFile,
    /// Sidecars read beside it.
    sidecars: Vec<(Role, PathBuf)>,
    /// Stages in order.
    stages: Vec<&'static str>,
    /// What the options and files came to.
    pub resolved: Map<String, Value>,
    /// Voxels by region.
    pub counts: Map<String, Value>,
}

/// Make the table.
///
/// # Errors
/// Whatever its inputs hold or lack, device and output errors.
pub fn run(
    spec: &ConfoundsSpec,
    session: &mut Session<'_>,
    products: &mut dyn Products,
) -> Result<()> {
    let Session { ladder, watch, .. } = &mut *session;
    let found = find_columns(spec, ladder, watch)?;
    products.table(table::text(&found))?;
    let ConfoundsResult { bold, sidecars, stages, resolved, counts, .. } = found;
    let opened = Opened { found: sidecars, bolds: vec![Box::new(bold)] };
    let command = Command::Confounds(spec.clone());
    let account = Account { stages, resolved, counts, ..Account::of(command, opened) };
    products.finish(session, account)
}

/// Where the table goes: `out` itself where it ends in .tsv; else what its name begins with; in a folder (it exists, or the
/// name ends in /) the run's name without its suffix, `desc-` and `space-`.
#[must_use]
pub fn layout(out: &Path, bold: &Path) -> Layout {
    let text = out.as_os_str().to_string_lossy();
    if text.to_lowercase().ends_with(".tsv") {
        return Layout::named(out);
    }
    if !out.is_dir() && !text.ends_with(['/', '\\']) {
        return Layout::prefix(out);
    }
    let name = bold.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.strip_suffix("_bold").unwrap_or(stem);
    let is_of_image = |part: &&str| ["desc-", "space-", "res-"].iter().any(|e| part.starts_with(e));
    let parts: Vec<&str> = stem.split('_').filter(|part| !is_of_image(part)).collect();
    Layout::prefix(&out.join(parts.join("_")))
}

fn find_columns(
    spec: &ConfoundsSpec,
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<ConfoundsResult> {
    check_options(spec)?;
    let mut bold = open_bold(&spec.bold, watch)?;
    ladder.grant(&mut bold);
    let sidecar = inputs::sidecar(&bold, spec.sidecar.as_deref(), spec.tr, watch)?;
    let (cosines, tr) = match spec.high_pass_s {
        Some(cutoff_s) => {
            let tr = io::volume_times(&bold, &sidecar, spec.tr)?.tr;
            (drift::columns(Drift::Cosine { cutoff_s }, bold.n_volumes, tr)?, Some(tr))
        }
        None => (Array2::zeros((bold.n_volumes, 0)), None),
    };
    let grid = bold.grid.clone();
    let level = precision::centred(&mut bold, (&spec.bold, &grid), watch)?;
    let (measures, left_out) = censored(spec, (&mut bold, level.as_deref()), ladder, watch)?;
    let left_out_volumes: Vec<usize> = left_out.iter().map(|left| left.volume).collect();
    let taken_out = with_spikes(&cosines, &left_out_volumes);
    let filter = Filter::new(taken_out.view(), spec.scaling)?;
    check_counts(spec, &filter)?;
    let mut regions = Regions::read(spec, &bold.grid, watch)?;

    let seen = (&filter, &left_out_volumes[..]);
    let mut surveyed = survey(spec, ladder, &mut bold, &mut regions, seen, watch)?;
    regions.report(watch)?;
    let mut stages = vec!["read", "mean"];
    let mut found = tissues(spec, &regions, &surveyed);
    if spec.tcompcor.is_some() {
        let (chosen, least_sd) =
            most_variable(&surveyed.sd, spec.variable_share, &display(&spec.bold))?;
        watch.note(&format!(
            "tCompCor: {} of the brain's voxels, standard deviation {least_sd:.4} and above",
            chosen.len()
        ));
        surveyed.variable = add_variable(ladder, &mut bold, &chosen, &filter, watch)?;
        found.push((Region::Variable, surveyed.variable.clone()));
        stages.push("most variable voxels");
    }
    stages.extend(["covariance", "components"]);

    let mut columns = means(&regions, &surveyed, level.as_deref());
    let mut dropped = Vec::new();
    for (region, covariance) in found {
        let keep = if region == Region::Variable { spec.tcompcor } else { spec.acompcor };
        let Some(keep) = keep else { continue };
        let components = find(region, &covariance, keep, &filter)?;
        watch.note(&components.note);
        columns.extend(components.columns);
        dropped.extend(components.dropped);
    }
    columns.extend(moved(spec, &measures, &mut bold, ladder, watch)?);
    columns.extend(cosine_columns(&cosines, tr));
    let mut resolved = resolved(spec, &columns, tr, bold.n_volumes);
    if !left_out.is_empty() {
        resolved.insert("censored".to_owned(), json!(left_out));
    }
    Ok(ConfoundsResult {
        resolved,
        counts: regions.counts(surveyed.variable.n_voxels),
        columns,
        dropped,
        bold,
        sidecars: sidecar.files.into_iter().map(|file| (Role::Sidecar, file)).collect(),
        stages,
    })
}

/// What is known of each volume, and which are left out of the components.
fn censored(
    spec: &ConfoundsSpec,
    (bold, level): (&mut BoldFile, Option<&Vec<f64>>),
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<(Measures, Vec<LeftOut>)> {
    let run = RunSpec {
        bold: spec.bold.clone(),
        confounds: spec.motion.iter().cloned().collect(),
        censored: spec.censored.clone(),
        ..RunSpec::default()
    };
    let rules = spec.censor.as_ref();
    let mut measures = inputs::measures(&run, rules, bold.n_volumes, watch)?;
    let grid = bold.grid.clone();
    let level = level.map(Vec::as_slice);
    let image = Image { path: &spec.bold, grid: &grid, bold, level };
    let asked = (rules, Within::all(spec.mask.as_deref()));
    let left_out = censor::of_image(image, &mut measures, asked, ladder, watch)?;
    Ok((measures, left_out))
}

/// The columns and one of a single 1 for each volume that is left out: what is taken out of a series by both is 0 there, and elsewhere
/// what the other volumes alone give.
fn with_spikes(columns: &Array2<f64>, left_out: &[usize]) -> Array2<f64> {
    let (n, p) = columns.dim();
    Array2::from_shape_fn((n, p + left_out.len()), |(volume, c)| match c.checked_sub(p) {
        None => columns[[volume, c]],
        Some(spike) => f64::from(u8::from(left_out[spike] == volume)),
    })
}

/// Framewise displacement where the motion is given, DVARS where they are asked for.
fn moved(
    spec: &ConfoundsSpec,
    measures: &Measures,
    bold: &mut BoldFile,
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<Vec<Column>> {
    let column =
        |name: &str, values: Vec<f64>, kind: Kind| Column { name: name.to_owned(), values, kind };
    let mut columns = Vec::new();
    if let (true, Some(mask)) = (spec.dvars, &spec.mask) {
        let inside = masks::mask(mask, &bold.grid, &Quiet)?.inside;
        let Shown { dvars, std_dvars, .. } = dvars::shown(bold, &inside, ladder, watch)?;
        let what = "Root mean square over the mask of the change since the volume before";
        columns.push(column("dvars", dvars, Kind::Dvars { what, units: "arbitrary" }));
        let what = "DVARS over what noise alone would give (Nichols 2013)";
        columns.push(column("std_dvars", std_dvars, Kind::Dvars { what, units: "dimensionless" }));
    }
    if let (Some(_), Some(fd)) = (&spec.motion, &measures.fd) {
        let what = "Framewise displacement (Power 2012, 50 mm)";
        let kind = Kind::Motion { what, units: "mm" };
        let mut fd = fd.clone();
        measures.unknown_fd.iter().for_each(|&volume| fd[volume] = f64::NAN);
        columns.push(column("framewise_displacement", fd, kind));
    }
    Ok(columns)
}

/// The covariance of CSF, white matter and both, as far as they are given and asked for.
fn tissues(spec: &ConfoundsSpec, regions: &Regions, s: &Survey) -> Vec<(Region, Covariance)> {
    if spec.acompcor.is_none() {
        return Vec::new();
    }
    let [csf, white_matter, both] = &s.tissue;
    let of_csf = (Region::Csf, csf.with(both));
    let of_white_matter = (Region::WhiteMatter, white_matter.with(both));
    match [Place::Csf, Place::WhiteMatter].map(|place| regions.is_given(place)) {
        [true, true] => {
            let combined = csf.with(white_matter).with(both);
            vec![of_csf, of_white_matter, (Region::Combined, combined)]
        }
        [true, false] => vec![of_csf],
        [false, true] => vec![of_white_matter],
        [false, false] => Vec::new(),
    }
}

/// The mean over the voxels of each place. `level`: what the run was read without, `[voxel]`.
fn means(regions: &Regions, surveyed: &Survey, level: Option<&Vec<f64>>) -> Vec<Column> {
    let given = Place::ALL.into_iter().filter(|&place| regions.is_given(place));
    given
        .map(|place| {
            let count = regions.finite(place);
            let sum = &surveyed.sums[place as usize];
            let of_level = level.map_or(0.0, |level| regions.sum(place, level));
            Column {
                name: place.column().to_owned(),
                values: sum.iter().map(|s| (s + of_level) / count as f64).collect(),
                kind: Kind::Mean(count),
            }
        })
        .collect()
}

fn cosine_columns(cosines: &Array2<f64>, tr: Option<f64>) -> impl Iterator<Item = Column> {
    let duration_s = cosines.nrows() as f64 * tr.unwrap_or(0.0);
    cosines.columns().into_iter().enumerate().map(move |(k, column)| Column {
        name: format!("cosine{k:02}"),
        values: column.to_vec(),
        kind: Kind::Cosine(2.0 * duration_s / (k as f64 + 1.0)),
    })
}

fn resolved(
    spec: &ConfoundsSpec,
    columns: &[Column],
    tr: Option<f64>,
    n_volumes: usize,
) -> Map<String, Value> {
    let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let cosines = columns.iter().filter(|c| matches!(c.kind, Kind::Cosine(_))).count();
    let values = json!({
        "volumes": n_volumes,
        "repetition_time_s": tr,
        "cosines": cosines,
        "tissue": format!(
            "given masks; probabilities of {} and more; layers of voxels taken off CSF {}, white matter {}",
            spec.threshold, spec.erode[0], spec.erode[1]
        ),
        "columns": names,
    });
    values.as_object().cloned().unwrap_or_default()
}

/// What can be said against the options before anything is read.
fn check_options(spec: &ConfoundsSpec) -> Result<()> {
    let has_tissue = spec.csf.is_some() || spec.white_matter.is_some();
    let needs = |what: &str, which: &str| {
        Error::usage(what, format!("comes without {which}"), format!("come with {which}"), "")
    };
    if !has_tissue && spec.mask.is_none() {
        return Err(Error::usage(
            "the command line",
            "names no region",
            "name at least one",
            "give --csf and --white-matter masks of this run, or --mask for the brain",
        ));
    }
    if spec.acompcor.is_some() && !has_tissue {
        return Err(needs("--acompcor", "--csf or --white-matter"));
    }
    if spec.tcompcor.is_some() && spec.mask.is_none() {
        return Err(needs("--tcompcor", "--mask, whose most variable voxels it takes"));
    }
    let is_share = |x: f64| x > 0.0 && x <= 1.0;
    for (option, share) in [("--threshold", spec.threshold), ("--variable", spec.variable_share)] {
        if !is_share(share) {
            return Err(Error::usage(
                option,
                format!("is {share}"),
                "be above 0 and at most 1",
                "0.02 is 2 %",
            ));
        }
    }
    Ok(())
}

/// No more components than the filtered series have dimensions.
fn check_counts(spec: &ConfoundsSpec, filter: &Filter) -> Result<()> {
    for (option, keep) in [("--acompcor", spec.acompcor), ("--tcompcor", spec.tcompcor)] {
        let least = match keep {
            None => continue,
            Some(Keep::Count(count)) => count,
            Some(Keep::Share(_)) => 1,
        };
        if least > filter.rank_left() {
            return Err(Error::usage(
                option,
                format!("asks for {least} components of {} volumes", filter.n_volumes()),
                format!(
                    "ask for at most {}, as the mean and {} cosines (and censored volumes) are taken out before",
                    filter.rank_left(),
                    filter.basis.ncols()
                ),
                "ask for fewer, or for a share of the variance such as 0.5",
            ));
        }
    }
    Ok(())
}
