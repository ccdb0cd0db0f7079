//! The demonstration for groups: a simulated trial, tested as any group is, and what each correction finds held against the truth.

use std::path::Path;

use serde::Serialize;

use crate::design::group::Model;
use crate::error::{Error, Result};
use crate::io::{self, Overwrite, interrupt};
use crate::pipeline::products::Layout;
use crate::pipeline::session::Session;
use crate::pipeline::simulate;
use crate::pipeline::spec::{
    Command, Correction, GivenRegion, GroupSpec, PermuteOptions, SearchVolume, Shape,
    TfceConvention,
};
use crate::pipeline::watch::Watch;
use crate::pipeline::written::Written;
use crate::simulate::trial::{self, Region, Trial, TrialSpec, paths};
use crate::simulate::write::paths::README;

/// Corrected p that counts as found.
pub const LEVEL: f64 = 0.05;
/// Uncorrected p that counts as found, and that forms clusters.
pub const UNCORRECTED: f64 = 0.001;
/// Of the folder that `boldly group` writes into.
const RESULTS: &str = "group";
/// Drug (post - pre) - placebo (post - pre): the model's own.
const CONTRAST: &str = "interaction";

/// What one way of counting finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The way, for a person.
    pub correction: String,
    /// p from which on a voxel is found.
    pub level: f64,
    /// Whether it holds for all voxels together.
    pub is_corrected: bool,
    /// Voxels found in the periaqueductal grey.
    pub pag: usize,
    /// In the anterior insula, both sides.
    pub insula: usize,
    /// Where the drug does nothing.
    pub elsewhere: usize,
}

/// The mean of a region.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionLine {
    /// Its name in the atlas.
    pub region: String,
    /// What the drug does there, percent signal change.
    pub truth: f64,
    /// What was found, percent signal change.
    pub effect: f64,
    /// Of the 95 % confidence interval.
    pub lower: f64,
    /// Of the 95 % confidence interval.
    pub upper: f64,
    /// Uncorrected, both tails.
    pub p: f64,
}

/// What the demonstration found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialResult {
    /// Patients in each group.
    pub per_group: usize,
    /// Rearrangements.
    pub permutations: u64,
    /// Voxels of the periaqueductal grey, of the insula, and others.
    pub voxels: [usize; 3],
    /// A line a correction.
    pub lines: Vec<Line>,
    /// A line a region.
    pub regions: Vec<RegionLine>,
}

/// Simulate a trial into `out`, and test it there. `command`: the line that makes it again.
///
/// # Errors
/// Usage for an impossible trial, and where files that are not this trial's would be replaced; device and output errors.
pub fn demo(
    spec: &TrialSpec,
    permutations: u64,
    (out, command): (&Path, &str),
    session: &mut Session<'_>,
    watch: &dyn Watch,
) -> Result<TrialResult> {
    let names = trial::names(spec).into_iter().chain([RESULTS.to_owned()]).collect::<Vec<_>>();
    let places = simulate::in_folder(out, &names);
    let readme = (&*out.join(README), &*trial::readme(command));
    simulate::refuse_others(&places, readme, Overwrite::Own)?;
    watch.note("simulating");
    let trial = trial::run_while(spec, &interrupt::check)?;
    let files = trial::files(&trial, command);
    simulate::write_files((files.len(), files), out, Overwrite::Own, watch)?;
    let results = out.join(RESULTS);
    let mut written = Written::new(Layout::folder(&results), Overwrite::Own)?;
    Command::Group(group_spec(out, permutations)).run(session, &mut written)?;
    written.commit()?;

    let place = |voxel: usize| match (trial.mask.inside[voxel], trial.regions[voxel]) {
        (false, _) => None,
        (true, Region::Pag) => Some(0),
        (true, Region::InsulaLeft | Region::InsulaRight) => Some(1),
        (true, _) => Some(2),
    };
    let places: Vec<Option<usize>> = (0..trial.grid.n_voxels()).map(place).collect();
    let count = |found: &dyn Fn(usize) -> bool| {
        let mut counts = [0; 3];
        let found = places.iter().enumerate().filter(|(voxel, _)| found(*voxel));
        found.for_each(|(_, place)| place.iter().for_each(|&at| counts[at] += 1));
        counts
    };
    let line = |(correction, stem, level, is_corrected): &(&str, &str, f64, bool)| {
        let name = format!("contrast-{CONTRAST}_{stem}_statmap.nii.gz");
        let (_, _, p) = io::read_map(&results.join(name))?;
        let [pag, insula, elsewhere] = count(&|voxel| f64::from(p[voxel]) <= *level);
        let correction = (*correction).to_owned();
        Ok(Line { correction, level: *level, is_corrected: *is_corrected, pag, insula, elsewhere })
    };
    Ok(TrialResult {
        per_group: spec.per_group,
        permutations,
        voxels: count(&|_| true),
        lines: CORRECTIONS.iter().map(line).collect::<Result<_>>()?,
        regions: regions(&results, &trial)?,
    })
}

/// What is looked at: for a person, the map of p, the level, and whether it holds for all voxels together
/// (family-wise).
const CORRECTIONS: [(&str, &str, f64, bool); 9] = [
    ("uncorrected", "stat-p", UNCORRECTED, false),
    ("false discovery rate", "desc-fdr_stat-p", LEVEL, false),
    ("largest t", "desc-maxT_stat-p", LEVEL, true),
    ("TFCE", "desc-tfce_stat-p", LEVEL, true),
    ("cluster extent", "desc-clusterExtent_stat-p", LEVEL, true),
    ("cluster mass", "desc-clusterMass_stat-p", LEVEL, true),
    ("random fields, height", "desc-rft_stat-p", LEVEL, true),
    ("random fields, clusters", "desc-rftCluster_stat-p", LEVEL, true),
    ("largest t within the PAG", "label-PAG_desc-svc_stat-p", LEVEL, true),
];

/// The analysis that a lab would run: what the drug changes, in either direction.
fn group_spec(out: &Path, permutations: u64) -> GroupSpec {
    GroupSpec {
        contrasts: vec![format!("{CONTRAST}=drug:post - drug:pre - (placebo:post - placebo:pre)")],
        mask: Some(out.join(paths::MASK)),
        two_sided: true,
        table_p: UNCORRECTED,
        atlas: Some(out.join(paths::ATLAS)),
        atlas_names: Some(out.join(paths::ATLAS_NAMES)),
        corrections: vec![Correction::Fdr, Correction::Rft],
        // Chosen beforehand.
        volumes: vec![GivenRegion::Named(SearchVolume {
            name: "PAG".to_owned(),
            shape: Shape::Mask(out.join(paths::PAG)),
        })],
        permute: Some(PermuteOptions {
            tfce: Some(TfceConvention::Exact),
            cluster_p: Some(UNCORRECTED),
            ..PermuteOptions::new(permutations, 1)
        }),
        ..GroupSpec::new(out.join(paths::TABLE), Model::Mixed2x2)
    }
}

/// The table of regions, beside what the drug does in each.
fn regions(results: &Path, trial: &Trial) -> Result<Vec<RegionLine>> {
    let path = results.join(format!("contrast-{CONTRAST}_regions.tsv"));
    let table = io::tsv::read(&path)?;
    let cell = |row: &[String], column: &str| {
        let at = table.position(column);
        at.and_then(|at| row.get(at)?.parse::<f64>().ok()).ok_or_else(|| {
            Error::internal(path.display().to_string(), format!("has no {column}"), "have one", "")
        })
    };
    let mut lines = Vec::new();
    for (label, name) in Region::NAMES {
        let Some(row) = table.rows.iter().find(|row| row.first().is_some_and(|r| r == name)) else {
            continue; // a region smaller than a voxel has none
        };
        let truth = trial.regions.iter().position(|region| *region == label);
        lines.push(RegionLine {
            region: name.to_owned(),
            truth: truth.map_or(0.0, |voxel| f64::from(trial.drug[voxel])),
            effect: cell(row, "effect")?,
            lower: cell(row, "lower_95")?,
            upper: cell(row, "upper_95")?,
            p: cell(row, "p")?,
        });
    }
    Ok(lines)
}
