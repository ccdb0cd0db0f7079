//! A unit of work: one command with what it reads and makes, and the estimates that go up from it.

use crate::volume::Grid;
use std::path::{Path, PathBuf};

use crate::bids::model::Test;
use crate::bids::{Entities, Notes};
use crate::design::contrast::without_hyphens;
use crate::design::label::label;
use crate::error::{Error, Result};
use crate::maps;
use crate::pipeline::products::Layout;
use crate::pipeline::provenance::{self, Kind, real, sidecar_path};
use crate::pipeline::spec::{Command, Role};

/// What is so of a unit that loses estimates, in the words that tell why it is made again.
pub(super) const FEWER: &str = "fewer, now";

/// One command of the plan.
pub(super) struct Unit {
    /// Its node, in the model's order.
    pub node: usize,
    /// Of its outputs.
    pub entities: Entities,
    pub command: Command,
    pub layout: Layout,
    /// Tables that it reads and that are written for it first.
    pub texts: Vec<(PathBuf, String)>,
    /// Files that it was made from.
    pub sources: Vec<PathBuf>,
    /// Units whose estimates it takes.
    pub below: Vec<usize>,
    /// What it estimates.
    pub estimates: Vec<Estimate>,
    /// Its design's columns.
    pub columns: Vec<String>,
    /// What is asked of them.
    pub asked: Vec<Asked>,
    /// Rows of its design.
    pub n_rows: usize,
    /// Above the run: its rows.
    pub design: Vec<Row>,
    /// What was left out of it, a sentence each.
    pub left_out: Vec<String>,
    /// Of a run what is known before its fit; none above.
    pub run: Option<OfRun>,
}

/// What is known of a run before its fit.
#[derive(Debug, Clone)]
pub(super) struct OfRun {
    /// Its voxels.
    pub grid: Grid,
    /// Of the file.
    pub n_volumes: usize,
    pub tr_s: f64,
    /// When its task columns are sampled, the origin of its frame times, in words.
    pub origin: String,
    /// Columns that are sampled at each slice's own time; empty where all are of one moment in each volume.
    pub of_slices: Vec<String>,
    /// The moment of each volume that the columns of its design are of, seconds into it: where slices have their own, the middle one.
    pub at_s: f64,
    /// Columns that X names and the run lacks, which were dropped.
    pub missing: Vec<String>,
}

/// A run of which no contrast is left to ask, so that it is not fitted.
pub(super) struct Unasked {
    /// The node whose unit it would be.
    pub node: usize,
    pub entities: Entities,
    /// Of the design that it would have.
    pub columns: Vec<String>,
    pub run: OfRun,
}

impl Unasked {
    /// What it is called in messages.
    pub fn name(&self) -> String {
        super::named::label(&self.entities, &["space", "resolution", "density", "cohort"])
    }
}

impl Unit {
    /// Whether p of its t counts both tails.
    pub fn is_two_sided(&self) -> bool {
        match &self.command {
            Command::Glm(spec) => spec.two_sided,
            Command::Group(spec) => spec.two_sided,
            Command::Fixed(spec) => spec.two_sided,
            _ => false,
        }
    }
}

/// A row of a design above the run: the unit whose estimate it is, the contrast as the model calls it, a value a column.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub unit: usize,
    pub contrast: String,
    pub values: Vec<f64>,
}

/// What goes up from a unit.
#[derive(Debug, Clone)]
pub(super) struct Estimate {
    /// Of the unit.
    pub entities: Entities,
    /// The contrast as the model calls it.
    pub contrast: String,
    /// The same as names of files are made of it.
    pub spoken: String,
    pub test: Test,
    pub effect: PathBuf,
    pub variance: PathBuf,
}

/// A contrast of a unit.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub name: String,
    /// As names of files are made of it.
    pub spoken: String,
    /// `[row][column]`
    pub weights: Vec<Vec<f64>>,
    pub test: Test,
}

impl Asked {
    /// Of a contrast over these columns.
    pub fn new(name: &str, columns: &[String], weights: Vec<Vec<f64>>, test: Test) -> Asked {
        let spoken = without_hyphens(&name.replace('=', " "), columns);
        Asked { name: name.to_owned(), spoken, weights, test }
    }

    /// As `boldly glm` and `boldly group` take it: `name=1*"a" + -1*"b"`, rows of F behind semicolons.
    ///
    /// # Errors
    /// Bad data: a column whose name holds every kind of quotes.
    pub fn expression(&self, columns: &[String]) -> Result<String> {
        let rows = self.weights.iter().map(|row| {
            let weighed = row.iter().zip(columns).filter(|(weight, _)| **weight != 0.0);
            let terms = weighed.map(|(weight, name)| Ok(format!("{weight}*{}", quoted(name)?)));
            Ok(terms.collect::<Result<Vec<String>>>()?.join(" + "))
        });
        let rows = rows.collect::<Result<Vec<String>>>()?;
        Ok(format!("{}={}", self.spoken, rows.join("; ")))
    }

    /// Whether it is an F test.
    pub fn is_f(&self) -> bool {
        self.test == Test::F
    }
}

/// A name in quotes that it does not hold.
fn quoted(name: &str) -> Result<String> {
    let mark = ['"', '\'', '`'].into_iter().find(|mark| !name.contains(*mark));
    mark.map(|mark| format!("{mark}{name}{mark}")).ok_or_else(|| {
        Error::bad_data(
            format!("column {name}"),
            "holds every kind of quotes",
            "leave one of them out",
            "rename it",
        )
    })
}

/// The estimates of contrasts, where a layout puts them.
///
/// # Errors
/// Usage: a contrast without a letter or digit in its name, or two of one label.
pub(super) fn estimates(
    layout: &Layout,
    entities: &Entities,
    asked: &[Asked],
) -> Result<Vec<Estimate>> {
    let labels = labels(asked)?;
    let of = |(asked, label): (&Asked, &String)| {
        let map = |stat: &str| {
            let name = maps::Entities::of("statmap").with("contrast", label).with("stat", stat);
            layout.path(Kind::Map, &name, ".nii.gz")
        };
        Estimate {
            entities: entities.clone(),
            contrast: asked.name.clone(),
            spoken: asked.spoken.clone(),
            test: asked.test,
            effect: map("effect"),
            variance: map("variance"),
        }
    };
    Ok(asked.iter().zip(&labels).map(of).collect())
}

/// Labels of contrasts in file names.
///
/// # Errors
/// As [`estimates`].
pub(super) fn labels(asked: &[Asked]) -> Result<Vec<String>> {
    let spoken: Vec<String> = asked.iter().map(|asked| asked.spoken.clone()).collect();
    crate::design::label::labels(&spoken)
}

/// The label of one name.
///
/// # Errors
/// Usage: no letter or digit.
pub(super) fn label_of(spoken: &str) -> Result<String> {
    label(spoken)
}

/// Remark what contrasts whose names hold letters that names of files may not are called there.
pub(super) fn remark_on_names<'a>(asked: impl Iterator<Item = &'a Asked>, notes: &mut Notes) {
    for one in asked.filter(|one| !one.spoken.is_ascii()) {
        if let Ok(label) = label_of(&one.spoken) {
            notes.add(
                &format!("contrast '{}'", one.name),
                format!("is written contrast-{label}, for names of files hold ASCII letters and digits alone"),
            );
        }
    }
}

impl Unit {
    /// What it is called in messages.
    pub fn name(&self) -> String {
        super::named::label(&self.entities, &["space", "resolution", "density", "cohort"])
    }

    /// The sidecar of its mask, which every unit has.
    pub fn sidecar(&self) -> PathBuf {
        sidecar_path(&self.layout.path(Kind::Map, &maps::Entities::of("mask"), ".nii.gz"))
    }

    /// Whether it is finished: its sidecar is of this version and command, and every file that it read or made is as it was then.
    ///
    /// # Errors
    /// Those of reading.
    pub fn is_finished(&self) -> Result<bool> {
        let sidecar = self.sidecar();
        if !sidecar.is_file() {
            return Ok(false);
        }
        let Ok(Some(known)) = provenance::read(&sidecar) else { return Ok(false) };
        let known = known.provenance;
        let folder = sidecar.parent().unwrap_or(Path::new(""));
        let theirs = known.command.clone().map_paths(&|path| real(&folder.join(path)));
        if known.version != env!("CARGO_PKG_VERSION")
            || theirs != self.command.clone().map_paths(&real)
        {
            return Ok(false);
        }
        for input in &known.inputs {
            let path = folder.join(&input.path);
            if !path.is_file() || input.checksum.again(&path)? != input.checksum {
                return Ok(false);
            }
        }
        for output in &known.outputs {
            let path = folder.join(&output.name);
            let Some(checksum) = &output.checksum else { return Ok(false) };
            if !path.is_file() || checksum.again(&path)? != *checksum {
                return Ok(false);
            }
        }
        // Tables that it reads are written anew where they differ, and are then not those that it read.
        let is_same = |(path, text): &(PathBuf, String)| {
            crate::io::read_text(path).is_ok_and(|there| there == *text)
        };
        Ok(self.texts.iter().all(is_same))
    }

    /// Why one that is there and not finished is made again; none where nothing of this kind is there.
    pub fn why_again(&self) -> Option<String> {
        let sidecar = self.sidecar();
        let known = provenance::read(&sidecar).ok()??.provenance;
        let folder = sidecar.parent().unwrap_or(Path::new(""));
        if known.version != env!("CARGO_PKG_VERSION") {
            return Some(format!("it was made by boldly {}", known.version));
        }
        let gone = known.inputs.iter().find(|input| !folder.join(&input.path).is_file());
        if let Some(input) = gone {
            return Some(format!(
                "files that it was made of are not where they were as seen from its sidecar (as {}): the folder of results, or they, were moved",
                input.path.display()
            ));
        }
        if let Some(said) = self.other_inputs(&known.inputs) {
            return Some(said);
        }
        let theirs = known.command.map_paths(&|path| real(&folder.join(path)));
        let said = match theirs == self.command.clone().map_paths(&real) {
            true => "a file that it was made of, or that it made, is not as it was",
            false => "it was made of other files",
        };
        Some(said.to_owned())
    }

    /// In what the estimates, or the table of columns, that one lying there was made of are others than it takes now; none where they are the same.
    fn other_inputs(&self, there: &[provenance::Input]) -> Option<String> {
        let is_same = |(path, text): &(PathBuf, String)| {
            crate::io::read_text(path).is_ok_and(|there| there == *text)
        };
        let is_other = !self.texts.iter().all(is_same);
        if self.run.is_some() {
            return is_other.then(|| "its table of columns is another now".to_owned());
        }
        let n = there.iter().filter(|input| input.role == Role::Effect).count();
        match self.design.len() {
            here if here < n => Some(format!(
                "it was of {n} estimates, and is of {here}, {FEWER} (--participant-label, a filter, or runs that are gone): what it said of all is replaced"
            )),
            here if here > n && n > 0 => {
                Some(format!("it was of {n} estimates, and is of {here} now"))
            }
            _ => is_other.then(|| "its table of estimates is another now".to_owned()),
        }
    }
}
