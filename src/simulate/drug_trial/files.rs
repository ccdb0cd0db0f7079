//! The trial as a BIDS dataset, file by file: tables first, then each run as it is made.

use serde_json::{Value, json};

use super::{DrugTrial, Region, Scan, Task, Visit, dictionaries, events, ratings, truth};
use crate::error::Result;
use crate::simulate::dictionaries as simulated;
use crate::simulate::write::paths::README;
use crate::simulate::write::{Content, Image, Stored, bold_stored, dataset, pretty, recorded, tsv};
use crate::simulate::{GoOn, slice_times, write};
use crate::table::Table;
use crate::table::dictionary::DataDictionary;

/// Where files lie, relative to the dataset's folder.
pub mod paths {
    /// Who takes part.
    pub const PARTICIPANTS: &str = "participants.tsv";
    /// Scores by visit.
    pub const QUESTIONNAIRES: &str = "phenotype/questionnaires.tsv";
    /// Conditioned pain modulation.
    pub const CPM: &str = "phenotype/cpm.tsv";
    /// Ratings of pressure.
    pub const PRESSURE: &str = "phenotype/pressure.tsv";
    /// Adverse events.
    pub const EVENTS: &str = "phenotype/adverse_events.tsv";
    /// What a preprocessing would deliver; runs' confounds lie in it as the runs do in the dataset.
    pub const DERIVED: &str = "derivatives/boldly-simulate";
    /// The brain in the slab, of all runs.
    pub const MASK: &str = "derivatives/boldly-simulate/slab_desc-brain_mask.nii.gz";
    /// Labelled regions.
    pub const ATLAS: &str = "derivatives/boldly-simulate/slab_dseg.nii.gz";
    /// Their names.
    pub const ATLAS_NAMES: &str = "derivatives/boldly-simulate/slab_dseg.tsv";
    /// The periaqueductal grey.
    pub const PAG: &str = "derivatives/boldly-simulate/slab_label-PAG_mask.nii.gz";
    /// The anterior insula, both sides.
    pub const INSULA: &str = "derivatives/boldly-simulate/slab_label-insula_mask.nii.gz";
    /// What was put in.
    pub const TRUTH: &str = "derivatives/truth/truth.json";
    /// What each visit's runs contain.
    pub const TRUE_VISITS: &str = "derivatives/truth/visits.tsv";
}

/// All files: path relative to the dataset, with `/`, and content. Runs are made when their turn comes, two at a time.
/// `command`: the line that makes the dataset again.
pub fn files<'a>(
    trial: &'a DrugTrial,
    command: &str,
) -> impl Iterator<Item = (String, Content)> + 'a {
    files_while(trial, command, &|| Ok(())).filter_map(Result::ok) // nothing says no
}

/// The same, as long as `go_on` says so: its error comes in place of a visit's runs.
pub fn files_while<'a>(
    trial: &'a DrugTrial,
    command: &str,
    go_on: GoOn<'a>,
) -> impl Iterator<Item = Result<(String, Content)>> + 'a {
    let first = [described(trial, command), tables(trial), regions(trial)].concat();
    let runs = trial.visits.iter().flat_map(move |visit| match of_visit(trial, visit, go_on) {
        Ok(files) => files.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    });
    first.into_iter().map(Ok).chain(runs)
}

/// The names of all files, as [`files_while`] has them, before a run is made.
#[must_use]
pub fn names(trial: &DrugTrial) -> Vec<String> {
    let first = [described(trial, ""), tables(trial), regions(trial)].concat();
    let of_run = |(visit, task): (&Visit, Task)| {
        let stem = trial.stem(visit, task);
        let mut names =
            ["physio.tsv.gz", "physio.json", "bold.nii.gz"].map(|e| format!("{stem}_{e}")).to_vec();
        names.push(confounds(&stem));
        names.extend(["nii.gz", "json"].map(|e| mask(&stem).replace("nii.gz", e)));
        names.extend((task == Task::Pain).then(|| format!("{stem}_events.tsv")));
        names
    };
    first.into_iter().map(|(name, _)| name).chain(trial.runs().flat_map(of_run)).collect()
}

/// What the BIDS validator, made for a row a participant and for preprocessed images, takes for errors.
const IGNORED: [(&str, &str); 2] = [
    (".bidsignore", "phenotype\n"),
    ("derivatives/boldly-simulate/.bidsignore", "slab_*\n*_timeseries.*\n"),
];

/// The README, which tells a study from others before it is made. `command`: the line that makes it.
#[must_use]
pub fn readme(command: &str) -> String {
    include_str!("../drug-trial-readme.md").replace("{command}", command)
}

/// Of all runs' confounds: below it.
const CONFOUNDS: &str = "derivatives/boldly-simulate/desc-confounds_timeseries.json";

/// Of a run's confounds.
fn confounds(stem: &str) -> String {
    format!("{}/{stem}_desc-confounds_timeseries.tsv", paths::DERIVED)
}

/// Of a run's brain.
fn mask(stem: &str) -> String {
    format!("{}/{stem}_desc-brain_mask.nii.gz", paths::DERIVED)
}

fn described(trial: &DrugTrial, command: &str) -> Vec<(String, Content)> {
    let of_run = trial.spec.of_run(trial.spec.seed);
    let (slices, multiband) = (of_run.shape[2], of_run.multiband);
    let bold = |task: Task| {
        json!({
            "TaskName": task.name(),
            "RepetitionTime": of_run.tr,
            "SliceTiming": slice_times(slices, of_run.tr, multiband, of_run.interleaved),
            "SliceEncodingDirection": "k",
            "MultibandAccelerationFactor": multiband,
        })
    };
    let conditions = [("pain", "painful pressure"), ("control", "touch")];
    let events = simulated::events(&conditions).all();
    let confounds = simulated::confounds().all();
    let derived = "derivatives/boldly-simulate/dataset_description.json";
    let truth = "derivatives/truth/dataset_description.json";
    let name = "A simulated drug trial with known truth";
    let ignored = IGNORED.map(|(path, names)| (path.to_owned(), Content::Text(names.to_owned())));
    let described = vec![
        ("dataset_description.json".to_owned(), dataset(name, "raw")),
        (README.to_owned(), Content::Text(readme(command))),
        ("task-pain_bold.json".to_owned(), pretty(&bold(Task::Pain))),
        ("task-rest_bold.json".to_owned(), pretty(&bold(Task::Rest))),
        ("task-pain_events.json".to_owned(), pretty(&Value::Object(events))),
        (CONFOUNDS.to_owned(), pretty(&Value::Object(confounds))),
        (derived.to_owned(), dataset("What a preprocessing would deliver", "derivative")),
        (truth.to_owned(), dataset("What was put into the simulated trial", "derivative")),
    ];
    described.into_iter().chain(ignored).collect()
}

fn tables(trial: &DrugTrial) -> Vec<(String, Content)> {
    let (spec, patients) = (&trial.spec, &trial.patients);
    let questionnaires = ratings::questionnaires(spec, patients);
    let tables = [
        (paths::PARTICIPANTS, participants(trial), dictionaries::participants()),
        (paths::QUESTIONNAIRES, questionnaires, dictionaries::questionnaires()),
        (paths::CPM, ratings::modulation(spec, patients), dictionaries::modulation()),
        (paths::PRESSURE, ratings::pressure(spec, patients), dictionaries::pressure()),
        (paths::EVENTS, events::events(spec, patients), dictionaries::events()),
        (paths::TRUE_VISITS, truth::visits(trial), dictionaries::visits()),
    ];
    let both = |(path, table, dictionary): (&str, Table, DataDictionary)| {
        write::described(path, &table, &dictionary)
    };
    let truth = (paths::TRUTH.to_owned(), pretty(&truth::description(trial)));
    tables.into_iter().flat_map(both).chain([truth]).collect()
}

fn participants(trial: &DrugTrial) -> Table {
    let columns = "participant_id arm site age sex randomised treated last_day completed discontinuation_reason";
    let rows = trial.patients.iter().map(|p| {
        let completed = if p.has_completed() { "yes" } else { "no" };
        let reason = p.reason.unwrap_or("n/a");
        let (age, last_day) = (p.age.to_string(), p.last_day.to_string());
        let cells =
            [&p.id, p.arm.name(), p.site, &age, p.sex, "yes", "yes", &last_day, completed, reason];
        cells.map(str::to_owned).to_vec()
    });
    Table {
        name: paths::PARTICIPANTS.to_owned(),
        columns: columns.split(' ').map(str::to_owned).collect(),
        rows: rows.collect(),
    }
}

/// Mask, atlas, and the regions that a hypothesis names.
fn regions(trial: &DrugTrial) -> Vec<(String, Content)> {
    let image = |values: Vec<f32>| labelled(trial, values);
    let of = |chosen: &dyn Fn(Region) -> bool| {
        let one = |region: &Option<Region>| f32::from(u8::from(region.is_some_and(chosen)));
        image(trial.regions.iter().map(one).collect())
    };
    let labels = trial.regions.iter().map(|region| region.map_or(0.0, |r| f32::from(r as u8)));
    let names = Region::NAMES.into_iter().map(|(label, name)| (label as u8, name));
    let said = |path: &str| (path.replace(".nii.gz", ".json"), pretty(&json!({ "Type": "ROI" })));
    let mut files = brain(trial, paths::MASK).to_vec();
    files.extend([
        (paths::ATLAS.to_owned(), image(labels.collect())),
        (paths::PAG.to_owned(), of(&|region| region == Region::Pag)),
        said(paths::PAG),
        (paths::INSULA.to_owned(), of(&|region| Region::INSULA.contains(&region))),
        said(paths::INSULA),
    ]);
    files.extend(write::region_names(paths::ATLAS_NAMES, names));
    files
}

/// An image of whole numbers.
fn labelled(trial: &DrugTrial, values: Vec<f32>) -> Content {
    Content::Image(Box::new(Image {
        grid: trial.grid.clone(),
        tr: None,
        n_volumes: 1,
        values,
        stored: Stored::UInt8 { slope: 1.0 },
    }))
}

/// The mask of the brain with its sidecar.
fn brain(trial: &DrugTrial, path: &str) -> [(String, Content); 2] {
    let inside = trial.mask.inside.iter().map(|&v| f32::from(u8::from(v))).collect();
    let said = pretty(&json!({ "Type": "Brain" }));
    [(path.to_owned(), labelled(trial, inside)), (path.replace(".nii.gz", ".json"), said)]
}

/// The runs of a visit.
fn of_visit(trial: &DrugTrial, visit: &Visit, go_on: GoOn<'_>) -> Result<Vec<(String, Content)>> {
    let files = |task: Task| -> Result<_> {
        Ok(of_run(trial, &trial.stem(visit, task), trial.scan(visit, task, go_on)?))
    };
    let (pain, rest) = rayon::join(
        || files(Task::Pain),
        || if visit.has_rest { files(Task::Rest) } else { Ok(Vec::new()) },
    );
    Ok([pain?, rest?].concat())
}

fn of_run(trial: &DrugTrial, stem: &str, scan: Scan) -> Vec<(String, Content)> {
    let (samples, sidecar) = recorded(&scan.recording);
    let spec = trial.spec.of_run(trial.spec.seed);
    let mut files = vec![
        (format!("{stem}_physio.tsv.gz"), samples),
        (format!("{stem}_physio.json"), sidecar),
        (confounds(stem), tsv(&scan.confounds)),
    ];
    files.extend(scan.events.as_ref().map(|events| (format!("{stem}_events.tsv"), tsv(events))));
    let image = Image {
        grid: trial.grid.clone(),
        tr: Some(spec.tr),
        n_volumes: spec.n_volumes,
        stored: bold_stored(&scan.bold, spec.thermal_sd),
        values: scan.bold,
    };
    files.push((format!("{stem}_bold.nii.gz"), Content::Image(Box::new(image))));
    files.extend(brain(trial, &mask(stem)));
    files
}
