//! A trial as files, as plain data: the maps, their table, the mask, an atlas with names, and the truth.

use serde_json::json;

use super::{Region, SESSIONS, Trial, TrialSpec, Visit, subject};
use crate::simulate::write::paths::README;
use crate::simulate::write::{Content, Image, Stored, pretty};
use crate::simulate::{dictionaries, write};
use crate::table::Table;

/// Where the files lie, relative to the trial's folder.
pub mod paths {
    /// The table of maps.
    pub const TABLE: &str = "maps.tsv";
    /// The brain.
    pub const MASK: &str = "mask.nii.gz";
    /// Labelled regions.
    pub const ATLAS: &str = "atlas_dseg.nii.gz";
    /// Their names.
    pub const ATLAS_NAMES: &str = "atlas_dseg.tsv";
    /// The periaqueductal grey.
    pub const PAG: &str = "pag_mask.nii.gz";
    /// What the drug does, percent signal change.
    pub const TRUTH: &str = "truth_desc-drug_effect.nii.gz";
}

/// All files, relative paths first. `command`: the line that makes them again.
#[must_use]
pub fn files(trial: &Trial, command: &str) -> Vec<(String, Content)> {
    let labels: Vec<f32> = trial.regions.iter().map(|&r| f32::from(r as u8)).collect();
    let is_pag = |region: &Region| f32::from(u8::from(*region == Region::Pag));
    let pag = trial.regions.iter().map(is_pag).collect();
    let inside = trial.mask.inside.iter().map(|&v| f32::from(u8::from(v))).collect();
    let whole = Stored::UInt8 { slope: 1.0 };
    let names = Region::NAMES.into_iter().map(|(label, name)| (label as u8, name));
    let of_maps = dictionaries::maps("Response to pain, percent signal change");
    let mut files = vec![(README.to_owned(), Content::Text(readme(command)))];
    files.extend(write::described(paths::TABLE, &table(trial), &of_maps));
    files.extend(write::region_names(paths::ATLAS_NAMES, names));
    files.extend([
        (paths::MASK.to_owned(), image(trial, inside, whole)),
        (paths::ATLAS.to_owned(), image(trial, labels, whole)),
        (paths::PAG.to_owned(), image(trial, pag, whole)),
        (paths::TRUTH.to_owned(), image(trial, trial.drug.clone(), Stored::Float32)),
    ]);
    for visit in &trial.visits {
        let stem = stem(&visit.subject, visit.session);
        let said = json!({
            "Description": "Response to pain",
            "Units": "percent signal change",
        });
        files.push((format!("{stem}.json"), pretty(&said)));
        let map = image(trial, visit.effect.clone(), Stored::Float32);
        files.push((format!("{stem}.nii.gz"), map));
    }
    files
}

/// The README, which tells a trial from others before it is made. `command`: the line that makes it.
#[must_use]
pub fn readme(command: &str) -> String {
    include_str!("../trial-readme.md").replace("{command}", command)
}

/// The names of all files, as [`files`] has them, before the trial is made.
#[must_use]
pub fn names(spec: &TrialSpec) -> Vec<String> {
    let described = |path: &str| [path.to_owned(), write::json_path(path)];
    let tables = [paths::TABLE, paths::ATLAS_NAMES].into_iter().flat_map(described);
    let images = [paths::MASK, paths::ATLAS, paths::PAG, paths::TRUTH].map(str::to_owned);
    let of_visit = |visit: usize| {
        let (subject, session) = (subject(visit / 2), SESSIONS[visit % 2]);
        ["json", "nii.gz"].map(|ending| format!("{}.{ending}", stem(&subject, session)))
    };
    let first = std::iter::once(README.to_owned()).chain(tables).chain(images);
    first.chain((0..4 * spec.per_group).flat_map(of_visit)).collect()
}

/// Of a visit's map and its sidecar.
fn stem(subject: &str, session: &str) -> String {
    format!("{subject}/{subject}_ses-{session}_desc-pain_effect")
}

fn table(trial: &Trial) -> Table {
    let row = |visit: &Visit| {
        let path = format!("{}.nii.gz", stem(&visit.subject, visit.session));
        vec![visit.subject.clone(), visit.group.to_owned(), visit.session.to_owned(), path]
    };
    Table {
        name: paths::TABLE.to_owned(),
        columns: ["subject", "group", "session", "effect"].map(str::to_owned).to_vec(),
        rows: trial.visits.iter().map(row).collect(),
    }
}

fn image(trial: &Trial, values: Vec<f32>, stored: Stored) -> Content {
    Content::Image(Box::new(Image {
        grid: trial.grid.clone(),
        tr: None,
        n_volumes: 1,
        values,
        stored,
    }))
}
