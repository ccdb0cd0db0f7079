//! The `confounds` command as a story: read the tissues, survey the run (means, variability, covariance over time of each
//! tissue), choose the brain's most variable voxels, find the principal components, name the columns as fMRIPrep does.
//!
//! Sources: Behzadi 2007 (CompCor); fMRIPrep for the names, the cosines before the components, unit variance, half the
//! variance as what is kept, and 2 % of the brain's voxels, chosen by their standard deviation about a parabola. The number
//! of cosines is SPM's and nilearn's, floor(2 n TR / cutoff); nipype, and so fMRIPrep, takes one fewer.

use std::path::PathBuf;

use ndarray::Array2;
use serde_json::{Map, Value, json};

use crate::design::{Drift, drift};
use crate::error::{Error, Result};
use crate::io::{self, BoldFile};
use crate::kernels::covariance::{Covariance, Filter};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::inputs::display;
use crate::pipeline::spec::{ConfoundsSpec, Keep};
use crate::pipeline::watch::Watch;

mod compare;
mod components;
mod regions;
mod survey;
mod write;

pub use compare::compare;
pub use components::Component;
use components::{Region, find};
use regions::{Place, Regions};
use survey::{Survey, add_variable, most_variable, survey};
pub use write::{table_path, write};

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// The mean over so many voxels, BOLD units.
    Mean(usize),
    /// A principal component, unit norm.
    Component(Component),
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
pub struct ConfoundsResult {
    /// The columns in file order.
    pub columns: Vec<Column>,
    /// Components that were found and not kept.
    pub dropped: Vec<Component>,
    /// The image, whose checksum may still be on its way.
    pub bold: BoldFile,
    /// Files read beside it, role and path.
    pub files: Vec<(&'static str, PathBuf)>,
    /// Stages in order.
    pub stages: Vec<String>,
    /// What the options and files came to.
    pub resolved: Map<String, Value>,
    /// Voxels by region.
    pub counts: Map<String, Value>,
}

/// Make the table.
///
/// # Errors
/// Whatever its inputs hold or lack, and device errors.
pub fn run(
    spec: &ConfoundsSpec,
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<ConfoundsResult> {
    check_options(spec)?;
    let mut bold = BoldFile::open(&spec.bold)?;
    let sidecar = io::sidecar::find(&spec.bold, spec.sidecar.as_deref())?;
    let (cosines, tr) = match spec.high_pass_s {
        Some(cutoff_s) => {
            io::acquisition_notes(&bold, &sidecar, spec.tr).iter().for_each(|n| watch.note(n));
            let tr = io::acquisition(&bold, &sidecar, spec.tr, None)?.tr;
            (drift::columns(Drift::Cosine { cutoff_s }, bold.n_volumes, tr)?, Some(tr))
        }
        None => (Array2::zeros((bold.n_volumes, 0)), None),
    };
    let filter = Filter::new(cosines.view(), spec.scaling)?;
    check_counts(spec, &filter)?;
    let mut regions = Regions::read(spec, &bold.grid)?;

    let mut surveyed = survey(spec, ladder, &mut bold, &mut regions, &filter, watch)?;
    regions.report(watch)?;
    let mut stages = vec!["read".to_owned(), "mean".to_owned()];
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
        stages.push("most variable voxels".to_owned());
    }
    stages.extend(["covariance", "components"].map(str::to_owned));

    let mut columns = means(&regions, &surveyed);
    let mut dropped = Vec::new();
    for (region, covariance) in found {
        let keep = if region == Region::Variable { spec.tcompcor } else { spec.acompcor };
        let Some(keep) = keep else { continue };
        let components = find(region, &covariance, keep, &filter)?;
        watch.note(&components.note);
        columns.extend(components.columns);
        dropped.extend(components.dropped);
    }
    columns.extend(cosine_columns(&cosines, tr));
    let mut files: Vec<(&'static str, PathBuf)> = Vec::new();
    files.extend(sidecar.files.iter().map(|f| ("sidecar", f.clone())));
    for (role, path) in
        [("csf", &spec.csf), ("white matter", &spec.white_matter), ("mask", &spec.mask)]
    {
        files.extend(path.iter().map(|p| (role, p.clone())));
    }
    Ok(ConfoundsResult {
        resolved: resolved(spec, &columns, tr, bold.n_volumes),
        counts: regions.counts(&surveyed),
        columns,
        dropped,
        bold,
        files,
        stages,
    })
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

fn means(regions: &Regions, surveyed: &Survey) -> Vec<Column> {
    let given = Place::ALL.into_iter().filter(|&place| regions.is_given(place));
    given
        .map(|place| {
            let count = regions.finite(place);
            let sum = &surveyed.sums[place as usize];
            Column {
                name: place.column().to_owned(),
                values: sum.iter().map(|s| s / count as f64).collect(),
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
                    "ask for at most {}, as the mean and {} cosines are taken out before",
                    filter.rank_left(),
                    filter.basis.ncols()
                ),
                "ask for fewer, or for a share of the variance such as 0.5",
            ));
        }
    }
    Ok(())
}
