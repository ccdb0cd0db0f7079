//! Files among verified ones that no sidecar lists: what has the name of a map is at fault, other images and tables that boldly gives names to
//! are named, for they may be of an earlier analysis.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{Finished, Verified, below, listed::Listed};
use crate::pipeline::comparison::Comparison;
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::real;
use crate::pipeline::watch::Watch;

/// How the names of tables and pages end that stories write, behind what a layout or an entity begins them with.
const OWN: [&str; 24] = [
    "design.tsv",
    "design_slice-groups.tsv",
    "timeseries.tsv",
    "relmat.tsv",
    "edges.tsv",
    "networks.tsv",
    "regions.tsv",
    "region_values.tsv",
    "clusters.tsv",
    "svc.tsv",
    "maxima.tsv",
    "tally.tsv",
    "physio_summary.tsv",
    "desc-residuals_smoothness.tsv",
    "desc-residuals_acf.tsv",
    "regressors.tsv",
    "multiple_regressors.txt",
    "desc-retroicor.slibase.1D",
    "desc-retroicor_summary.json",
    "desc-peaks_events.tsv",
    "statmap.svg",
    "qc.html",
    "group.html",
    "report.html",
];

/// The images and tables of a tree that are neither outputs nor inputs of a command that has outputs there, nor on another list.
pub(super) fn strangers(
    outs: &[PathBuf],
    finished: &[Finished],
    listed: &[Listed],
) -> Vec<PathBuf> {
    let of_command = |one: &Finished| -> Vec<PathBuf> {
        let outputs = one.provenance.outputs.iter().map(|output| &output.name);
        let inputs = one.provenance.inputs.iter().map(|input| &input.path);
        outputs.chain(inputs).map(|path| real(&one.folder.join(path))).collect()
    };
    let known = finished.iter().flat_map(of_command);
    let known: HashSet<PathBuf> = known.chain(listed.iter().map(|one| real(&one.path))).collect();
    // Elsewhere such names are another program's: fMRIPrep's timeseries.
    let folder = |path: PathBuf| path.parent().map(Path::to_owned);
    let places: HashSet<Option<PathBuf>> = finished
        .iter()
        .flat_map(|one| one.provenance.outputs.iter().map(|o| one.folder.join(&o.name)))
        .map(|path| folder(real(&path)))
        .collect();
    let is_left = |path: &Path| is_own(path) && places.contains(&folder(real(path)));
    let mut found = Vec::new();
    for out in outs.iter().filter(|out| out.is_dir()) {
        // What cannot be listed was said where sidecars were looked for.
        found.extend(below(out, &mut Vec::new()).1);
    }
    found.retain(|path| (is_image(path) || is_left(path)) && !known.contains(&real(path)));
    found
}

fn is_image(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".nii") || name.ends_with(".nii.gz")
}

/// Whether the name is one that boldly gives to a table or page.
fn is_own(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = |end: &&str| {
        name.strip_suffix(end).is_some_and(|start| start.is_empty() || start.ends_with('_'))
    };
    OWN.iter().any(ends)
}

impl Verified {
    /// Adds what nobody lists.
    pub(super) fn add_strangers(&mut self, strangers: Vec<PathBuf>, watch: &dyn Watch) {
        let (maps, others): (Vec<_>, Vec<_>) =
            strangers.into_iter().partition(|path| display(path).contains("_statmap.nii"));
        self.comparisons.extend(maps.iter().map(|path| {
            let fault = "no sidecar says that boldly made it, or not under this name";
            let mut comparison = Comparison::of(path);
            comparison.faults.push(fault.to_owned());
            comparison
        }));
        let (images, tables): (Vec<_>, Vec<_>) = others.iter().partition(|path| is_image(path));
        let first = |of: &[&PathBuf]| match of {
            [one] => display(one),
            [one, rest @ ..] => format!("{} and {} more", display(one), rest.len()),
            [] => String::new(),
        };
        if !images.is_empty() {
            watch.warn(&format!(
                "{}: no sidecar says that boldly made it, so it was not verified",
                first(&images)
            ));
        }
        if !tables.is_empty() {
            watch.warn(&format!(
                "{}: has the name of an output, and no sidecar here lists it: it was not verified, and may be left of an earlier analysis",
                first(&tables)
            ));
        }
    }
}
