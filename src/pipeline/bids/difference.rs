//! The first thing in which what was asked of a finished unit is not what is asked now, in words: options by their names, and what a model says.
//! Files that a unit reads are no part of it: a dataset grows, and its images may be preprocessed anew. What tables and sidecars make of the columns of a
//! run is: nobody can tell by these why they are others.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::unit::Unit;
use crate::design::group::Model;
use crate::io;
use crate::pipeline::spec::{
    Combining, Command, DesignOptions, Inflated, MIN_DOF, OutType, RunSpec, TaskTimes,
};

/// Letters of a value that are shown.
const SHOWN: usize = 70;
/// Numbers of a design that are the same on any machine.
const SAME: f64 = 1e-9;

/// What differs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    what: String,
    there: String,
    here: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { what, there, here } = self;
        write!(f, "{what}: {there} there, {here} asked now")
    }
}

impl Difference {
    pub fn new(what: &str, there: &str, here: &str) -> Difference {
        let shown = |text: &str| match text.char_indices().nth(SHOWN) {
            Some((at, _)) => format!("{}...", &text[..at]),
            None => text.to_owned(),
        };
        Difference { what: what.to_owned(), there: shown(there), here: shown(here) }
    }
}

/// Of a unit and the command, paths absolute, that lies finished in its place.
pub(super) fn of(theirs: &Command, own: &Command, unit: &Unit) -> Option<Difference> {
    first(&asked(theirs), &asked(own), &mut Vec::new()).or_else(|| of_designs(unit))
}

/// Of the options alone, which all units of a node share.
pub(super) fn of_options(theirs: &Command, own: &Command) -> Option<Difference> {
    let shared = |command: &Command| {
        let mut all = asked(command);
        if let Value::Object(all) = &mut all {
            all.retain(|key, _| !["contrasts", "f_contrasts", "columns", "mask"].contains(&&**key));
        }
        all
    };
    first(&shared(theirs), &shared(own), &mut Vec::new())
}

/// What a command is asked, without what it is asked of.
fn asked(command: &Command) -> Value {
    let (mut has_physio, mut recordings) = (false, Vec::new());
    let name = |path: PathBuf| path.file_name().map(PathBuf::from).unwrap_or_default();
    let bare = match command.clone() {
        Command::Glm(mut spec) => {
            has_physio = spec.runs.iter().any(|run| !run.physio.is_empty());
            if !has_physio {
                spec.design.terms = DesignOptions::default().terms;
            }
            recordings = of_recordings(&spec.runs);
            spec.runs.clear();
            // Of which kind it is: that of the brain, or the model's own; each run has another file. One that is made says so.
            let kind = |path: PathBuf| kind_of_mask(&name(path));
            spec.mask = spec.mask.map(kind);
            if let Some(local) = &mut spec.voxelwise.local {
                local.mask = kind(std::mem::take(&mut local.mask));
            }
            let images = spec.voxelwise.images.iter_mut().flatten();
            images.for_each(|image| *image = kind(std::mem::take(image)));
            Command::Glm(spec)
        }
        Command::Fixed(mut spec) => {
            spec.estimates.clear();
            spec.design.clear();
            Command::Fixed(spec)
        }
        Command::Group(mut spec) => {
            spec.table = PathBuf::new();
            // Whether there is a page follows from whether a test was asked for.
            spec.no_pictures = false;
            spec.model = Model::Matrix(PathBuf::new());
            Command::Group(spec)
        }
        other => other,
    };
    let mut value = serde_json::to_value(bare).unwrap_or_default();
    if has_physio && let Value::Object(all) = &mut value {
        all.insert("physio".to_owned(), Value::Bool(true));
        all.extend(recordings);
    }
    with_defaults(&mut value);
    value
}

/// How recordings are read, which is asked of all runs alike.
fn of_recordings(runs: &[RunSpec]) -> Vec<(String, Value)> {
    let Some(run) = runs.first() else { return Vec::new() };
    let value = |of: serde_json::Result<Value>| of.unwrap_or_default();
    vec![
        ("record".to_owned(), value(serde_json::to_value(&run.record))),
        ("physio_formats".to_owned(), value(serde_json::to_value(&run.physio_formats))),
    ]
}

/// Options of which a sidecar says nothing where they are as ever, by their place in a command, with what they are then. What is off then (none,
/// no, an empty list) needs no line.
fn defaults() -> [(&'static str, Value); 6] {
    let value = |of: Option<Value>| of.unwrap_or_default();
    [
        ("combine", value(serde_json::to_value(Combining::default()).ok())),
        ("inflated", value(serde_json::to_value(Inflated::default()).ok())),
        ("min_dof", Value::from(MIN_DOF)),
        ("out_type", value(serde_json::to_value(OutType::default()).ok())),
        ("rho_fwhm_vox", Value::from(0.0)),
        ("task_times", value(serde_json::to_value(TaskTimes::default()).ok())),
    ]
}

/// Have what was left out of a command for its default: of the command and of its design.
fn with_defaults(command: &mut Value) {
    let Value::Object(all) = command else { return };
    for (key, value) in defaults() {
        let of = match key {
            "task_times" => all.get_mut("design").and_then(Value::as_object_mut),
            _ => Some(&mut *all),
        };
        if let Some(of) = of {
            of.entry(key).or_insert(value);
        }
    }
}

/// What the name of a mask says beyond its run: `desc-brain_mask.nii.gz`.
fn kind_of_mask(name: &Path) -> PathBuf {
    let name = name.to_string_lossy();
    let parts = name.split('_').filter(|part| {
        !["sub-", "ses-", "task-", "run-", "acq-", "dir-", "rec-", "echo-", "space-", "res-"]
            .iter()
            .any(|own| part.starts_with(own))
    });
    PathBuf::from(parts.collect::<Vec<_>>().join("_"))
}

/// The first difference of two values, in the order of the one's keys; `at`: the keys to where they stand.
fn first(there: &Value, here: &Value, at: &mut Vec<String>) -> Option<Difference> {
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = b.keys().chain(a.keys().filter(|key| !b.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                at.push(key.clone());
                let of = |all: &serde_json::Map<String, Value>| {
                    all.get(key).cloned().unwrap_or_default()
                };
                let found = first(&of(a), &of(b), at);
                at.pop();
                found
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            let none = Value::Null;
            let of = |all: &[Value], k: usize| all.get(k).unwrap_or(&none).clone();
            let n = a.len().max(b.len());
            (0..n).find_map(|k| first(&of(a, k), &of(b, k), at))
        }
        // A list or a group of options that one of them does not have at all.
        (Value::Null, Value::Array(b)) if !b.is_empty() => first(&Value::Null, &b[0], at),
        (Value::Array(a), Value::Null) if !a.is_empty() => first(&a[0], &Value::Null, at),
        (Value::Null, Value::Object(_)) => first(&Value::Object(Default::default()), here, at),
        (Value::Object(_), Value::Null) => first(there, &Value::Object(Default::default()), at),
        (a, b) if a == b || is_none(a) && is_none(b) => None,
        (a, b) => Some(Difference::new(&option(at), &words(at, a), &words(at, b))),
    }
}

fn is_none(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(all) => all.is_empty(),
        _ => false,
    }
}

fn words(at: &[String], value: &Value) -> String {
    match value {
        Value::Null => match at.first().map_or("", String::as_str) {
            "mask" => "made from the mean image".to_owned(),
            "least_subjects" => "all".to_owned(),
            _ => "none".to_owned(),
        },
        value if is_none(value) => "none".to_owned(),
        Value::Bool(_) => "yes".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or(number.to_string(), |n| n.to_string()),
        other => other.to_string(),
    }
}

/// What a person calls the place of a value in a command.
fn option(at: &[String]) -> String {
    let part = |k: usize| at.get(k).map_or("", String::as_str);
    match (part(0), part(1)) {
        ("name", _) => "the Type of the node",
        ("smooth", "kernel") => "--kernel",
        ("smooth", _) => "--fwhm",
        ("scaling", _) => "--scaling",
        ("noise", _) => "--noise",
        ("rho_fwhm_vox", _) => "--rho-fwhm",
        ("two_sided", _) => "--two-sided",
        ("min_dof", _) => "--min-dof",
        ("combine", _) => "--fixed-effects",
        ("design", "censor") => "--censor",
        ("design", "terms") => "--terms",
        ("physio", _) => "--physio",
        ("physio_formats", _) => "--physio-format",
        ("record", "align") => "--align",
        ("record", "dummies") => "--dummies",
        ("record", "bad_stretches") => "--bad-stretches",
        ("record", "breath_band_hz") => "--breath-band",
        ("record", "breath_turns") => "--breath-turns",
        ("mask", _) => "the mask",
        ("residuals", _) => "--residuals",
        ("voxelwise", "images") => "--voxelwise",
        ("voxelwise", _) if at.iter().any(|key| key == "radius_mm") => "--anaticor-radius",
        ("voxelwise", _) => "--anaticor",
        ("roi", "names") => "--labels",
        ("roi", "csf") => "--csf",
        ("roi", "coordinates") => "--coordinates",
        ("roi", "shift_mm") => "--shift",
        ("roi", _) => "--roi",
        ("contrasts" | "f_contrasts", _) => "the model's contrasts",
        ("columns", _) => "the model's columns (X)",
        _ => return format!("--inference ({})", at.join(" ").replace('_', " ")),
    }
    .to_owned()
}

/// Of the table of columns that a unit reads and the one that lies in its place. Rows above the run are inputs, which may become more.
fn of_designs(unit: &Unit) -> Option<Difference> {
    let is_design = |(path, _): &&(PathBuf, String)| {
        path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("model_design.tsv"))
    };
    let (path, text) = unit.texts.iter().find(is_design)?;
    let there = io::read_text(path).ok()?;
    let (there, here) = (cells(&there), cells(text));
    let (their_names, names) = (there.first()?, here.first()?);
    if let Some(name) = names.iter().find(|name| !their_names.contains(name)) {
        return Some(Difference::new("the design's columns", &format!("no {name}"), name));
    }
    if let Some(name) = their_names.iter().find(|name| !names.contains(name)) {
        return Some(Difference::new("the design's columns", name, &format!("no {name}")));
    }
    let is_of_run = matches!(unit.command, Command::Glm(_));
    if !is_of_run || there.len() != here.len() {
        return None;
    }
    let rows = || there.iter().zip(&here).skip(1);
    names.iter().enumerate().find_map(|(at, name)| {
        let from = their_names.iter().position(|own| own == name)?;
        let values = rows().filter_map(|(a, b)| Some((*a.get(from)?, *b.get(at)?)));
        let (a, b) = values.into_iter().find(|(a, b)| !is_close(a, b))?;
        let is_table = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "tsv");
        let file = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let tables: Vec<String> = unit.sources.iter().filter(is_table).filter_map(file).collect();
        let changed = match tables.as_slice() {
            [] => String::new(),
            all => format!("changed tables ({}), or ", all.join(", ")),
        };
        let what = format!(
            "values of the column {name} (by the model, --task-times or --drift, {changed}changed times in the image's sidecars)"
        );
        Some(Difference::new(&what, a, b))
    })
}

/// `[row][column]`, the names first.
fn cells(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split('\t').collect()).collect()
}

fn is_close(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= SAME * (1.0 + a.abs().max(b.abs())),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::spec::{FixedSpec, GroupSpec};

    /// Every file that says what a command was asked.
    const SPECS: [&str; 12] = [
        include_str!("../spec.rs"),
        include_str!("../spec/bids.rs"),
        include_str!("../spec/called.rs"),
        include_str!("../spec/connect.rs"),
        include_str!("../spec/endpoints.rs"),
        include_str!("../spec/files.rs"),
        include_str!("../spec/fixed.rs"),
        include_str!("../spec/group.rs"),
        include_str!("../spec/order.rs"),
        include_str!("../spec/out_type.rs"),
        include_str!("../spec/regions.rs"),
        include_str!("../spec/run.rs"),
    ];

    #[test]
    fn every_option_that_is_left_out_for_a_default_other_than_off_is_told_by_its_name() {
        let is_off = |rule: &str| {
            ["Option::is_none", "Vec::is_empty", "std::ops::Not::not"].contains(&rule)
                || rule.ends_with("Options::is_empty")
        };
        let mut n = 0;
        for text in SPECS {
            for part in text.split("skip_serializing_if = \"").skip(1) {
                let (rule, rest) = part.split_once('"').expect("a rule in quotes");
                let field = rest.split("pub ").nth(1).and_then(|rest| rest.split(':').next());
                let field = field.expect("a field behind its rule");
                n += 1;
                let is_known =
                    defaults().iter().any(|(key, value)| *key == field && !is_none(value));
                assert!(is_off(rule) || is_known, "{field} ({rule}) has no line in defaults()");
            }
        }
        assert!(n > 50, "{n}");
    }

    fn told(there: Command, here: Command) -> String {
        of_options(&there, &here).map_or(String::new(), |other| other.to_string())
    }

    #[test]
    fn a_default_is_told_by_its_name_and_a_command_by_its_kind() {
        let fixed = |combine: Combining| {
            let (estimates, design) = (Vec::new(), Vec::new());
            Command::Fixed(FixedSpec {
                estimates,
                columns: Vec::new(),
                design,
                contrasts: Vec::new(),
                combine,
                two_sided: false,
            })
        };
        let group = || GroupSpec::new(PathBuf::new(), Model::Matrix(PathBuf::new()));
        let inflated = |inflated: Inflated| Command::Group(GroupSpec { inflated, ..group() });
        let least =
            |least_subjects: Option<usize>| Command::Group(GroupSpec { least_subjects, ..group() });
        let cases = [
            (
                told(fixed(Combining::Mean), fixed(Combining::Precision)),
                "--fixed-effects: mean there, precision asked now",
            ),
            (
                told(fixed(Combining::Precision), fixed(Combining::Mean)),
                "--fixed-effects: precision there, mean asked now",
            ),
            (
                told(inflated(Inflated::default()), inflated(Inflated::Not)),
                "--inference (inflated): knapp-hartung there, not asked now",
            ),
            (
                told(least(None), least(Some(5))),
                "--inference (least subjects): all there, 5 asked now",
            ),
            (
                told(fixed(Combining::Mean), Command::Group(group())),
                "the Type of the node: fixed there, group asked now",
            ),
            (told(Command::Group(group()), Command::Group(group())), ""),
            (
                told(
                    Command::Group(group()),
                    Command::Group(GroupSpec { no_pictures: true, ..group() }),
                ),
                "",
            ),
        ];
        for (got, wanted) in cases {
            assert_eq!(got, wanted);
        }
    }
}
