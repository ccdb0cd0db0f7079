//! Where the outputs of a command go: into files ([`Written`](crate::pipeline::written::Written)), or against finished files
//! ([`Compared`](crate::pipeline::compared::Compared)). A story knows neither; it names what it makes by entities.

use std::path::{Path, PathBuf};

use serde_json::{Map as Fields, Value};

use crate::error::Result;
use crate::io::source::{BoldSink, BoldSource};
use crate::io::{Header, other_half};
use crate::maps::{Entities, Map};
use crate::physio::{BeyondChance, PhysioSummary};
use crate::pipeline::provenance::{Kind, Provenance, real, sidecar_path};
use crate::pipeline::session::Session;
use crate::pipeline::spec::{Command, OutType, Role};
use crate::table::dictionary::{self, DataDictionary};

/// Takes what a story makes. All of it counts, or nothing: a command that fails leaves no output.
pub trait Products {
    /// A command begins: what another one left in its place must not be taken for its own.
    ///
    /// # Errors
    /// Usage where something is in the way.
    fn begin(&mut self, session: &Session<'_>, command: &Command) -> Result<()>;

    /// What the command reads, before it does: no output may take its place.
    ///
    /// # Errors
    /// Usage where an output is an input.
    fn reads(&mut self, inputs: &[PathBuf]) -> Result<()>;

    /// Maps of one grid. `header`: geometry and units.
    ///
    /// # Errors
    /// Output errors, or those of reading finished maps.
    fn maps(&mut self, header: &Header, maps: &[Map]) -> Result<()>;

    /// A run of the header's extents, taken block by block.
    ///
    /// # Errors
    /// As for [`Products::maps`].
    fn bold<'a>(&'a mut self, image: Image, header: &Header) -> Result<Box<dyn BoldSink + 'a>>;

    /// A table.
    ///
    /// # Errors
    /// As for [`Products::maps`].
    fn table(&mut self, text: Text) -> Result<()>;

    /// Whether pages are drawn; a comparison draws none.
    fn draws(&self) -> bool {
        true
    }

    /// A folder for what a command keeps while it works, so that it can go on after it was stopped; none where nothing is written.
    fn scratch(&self) -> Option<PathBuf> {
        None
    }

    /// The end of a command: what it was, and what came of it.
    ///
    /// # Errors
    /// Output errors; those of an input that cannot be read again.
    fn finish(&mut self, session: &Session<'_>, account: Account) -> Result<()>;
}

/// A 4-D output.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its name.
    pub entities: Entities,
    /// `.nii` or `.nii.gz`, where the user does not name it himself.
    pub ending: &'static str,
    /// How its values are stored.
    pub out_type: OutType,
    /// Fields of its sidecar, beside those of the account.
    pub described: Fields<String, Value>,
    /// Whether its values are what a fit left, which are as near to those of a rerun as the fit is, and not as near as an image.
    pub is_of_fit: bool,
}

impl Image {
    /// A run like the one that was read.
    #[must_use]
    pub fn run(out_type: OutType) -> Image {
        let (entities, described) = (Entities::of("bold"), Fields::new());
        Image { entities, ending: ".nii.gz", out_type, described, is_of_fit: false }
    }
}

/// A text output.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its name.
    pub entities: Entities,
    /// Its bytes.
    pub text: String,
    /// How its numbers are compared; none where only its checksum is.
    pub agreement: Option<Agreement>,
    /// `.tsv`, `.1D`, `.txt`.
    ending: &'static str,
    /// Fields of its sidecar; none where it has no sidecar.
    described: Option<Fields<String, Value>>,
}

impl Text {
    /// A table (`.tsv`) whose first line names its columns, with the JSON that describes each.
    #[must_use]
    pub fn table(
        entities: Entities,
        text: String,
        agreement: Option<Agreement>,
        dictionary: &DataDictionary,
    ) -> Text {
        let described = Some(dictionary.fields(header(&text)));
        Text { entities, text, agreement, ending: TABLE, described }
    }

    /// A text that explains itself.
    #[must_use]
    pub fn plain(
        entities: Entities,
        ending: &'static str,
        text: String,
        agreement: Option<Agreement>,
    ) -> Text {
        debug_assert_ne!(ending, TABLE, "a table is described");
        Text { entities, text, agreement, ending, described: None }
    }

    /// The same with a sidecar.
    #[must_use]
    pub fn with(self, described: Fields<String, Value>) -> Text {
        Text { described: Some(described), ..self }
    }

    /// `.tsv`, `.1D`, `.txt`.
    #[must_use]
    pub fn ending(&self) -> &'static str {
        self.ending
    }

    /// Fields of its sidecar; none where it has no sidecar.
    #[must_use]
    pub fn described(&self) -> Option<&Fields<String, Value>> {
        self.described.as_ref()
    }

    /// The columns of a table; none of another text.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        (self.ending == TABLE).then(|| header(&self.text)).into_iter().flatten()
    }

    /// The first column of a table that its sidecar does not describe.
    #[must_use]
    pub fn undescribed(&self) -> Option<&str> {
        let none = Fields::new();
        dictionary::undescribed(self.columns(), self.described.as_ref().unwrap_or(&none))
    }
}

/// The ending of a table.
const TABLE: &str = ".tsv";

/// The names in the first line of a table.
fn header(text: &str) -> impl Iterator<Item = &str> {
    text.lines().next().into_iter().flat_map(|line| line.split('\t'))
}

/// How near the numbers of a text come to those of its f64 rerun.
#[derive(Debug, Clone)]
pub enum Agreement {
    /// Made on the host in f64 on every device: equal but for another machine's rounding.
    Host,
    /// The same, written with so many decimals.
    Decimals(i32),
    /// Each column its own way.
    Columns(Vec<ColumnAgreement>),
}

/// How near a column comes.
#[derive(Debug, Clone, Copy)]
pub enum ColumnAgreement {
    /// DVARS, which a device may have summed.
    Dvars,
    /// As [`Agreement::Host`].
    Host,
    /// The same, written with seven significant digits ([`crate::table::number`]).
    Written,
    /// What follows from sums over voxels that a device may have made, written with so many decimals.
    Summed {
        /// How many.
        decimals: i32,
        /// How many times further than such a sum, relative to the largest value.
        times: f64,
    },
    /// What follows from a fit, written with so many decimals.
    OfFit {
        /// How many.
        decimals: i32,
        /// How many times further than t at 0, relative to the largest value.
        times: f64,
    },
    /// A direction of unit length, whose sign is arbitrary.
    Direction {
        /// How far it turns when the covariance over time is off by its largest eigenvalue.
        turn: f64,
    },
}

/// A text that is drawn last, of all that was recorded.
pub struct Page {
    /// Its name.
    pub entities: Entities,
    /// `.html`, `.json`.
    pub ending: &'static str,
    /// Draws it.
    pub draw: Draw,
}

/// Draws a page.
pub type Draw = Box<dyn FnOnce(&Provenance) -> Result<String> + Send>;

/// What was opened that a command does not name.
#[derive(Default)]
pub struct Opened {
    /// Files found beside those that the command names.
    pub found: Vec<(Role, PathBuf)>,
    /// Runs, whose checksums may be on their way.
    pub bolds: Vec<Box<dyn BoldSource>>,
}

/// What a story says of itself at its end.
pub struct Account {
    /// The command, every value resolved.
    pub command: Command,
    /// Files read that the command does not name, and the run whose checksum is on its way.
    pub opened: Opened,
    /// Stages in the order they ran.
    pub stages: Vec<&'static str>,
    /// Residual degrees of freedom of a fit.
    pub dof: Option<f64>,
    /// Degrees of freedom a correction took from the data.
    pub dof_spent: Option<f64>,
    /// What the options and files came to.
    pub resolved: Fields<String, Value>,
    /// Counts by name.
    pub counts: Fields<String, Value>,
    /// What was found in the recordings, one entry a run.
    pub physio: Vec<PhysioSummary>,
    /// Whether they explain their runs more than chance.
    pub beyond_chance: Vec<BeyondChance>,
    /// BIDS fields that stay true of a run that was made.
    pub bids: Fields<String, Value>,
    /// Pages to look at, and summaries.
    pub pages: Vec<Page>,
}

impl Account {
    /// Of a command with nothing to say yet.
    #[must_use]
    pub fn of(command: Command, opened: Opened) -> Account {
        Account {
            command,
            opened,
            stages: vec!["read"],
            dof: None,
            dof_spent: None,
            resolved: Fields::new(),
            counts: Fields::new(),
            physio: Vec::new(),
            beyond_chance: Vec::new(),
            bids: Fields::new(),
            pages: Vec::new(),
        }
    }

    /// Every file that was read: those of the command, then what was found with them; behind each half of a pair the other.
    #[must_use]
    pub fn inputs(&self) -> Vec<(Role, PathBuf)> {
        let mut all: Vec<(Role, PathBuf)> = Vec::new();
        for (role, path) in self.command.inputs().iter().chain(&self.opened.found) {
            let halves = std::iter::once(path.clone()).chain(other_half(path));
            for file in halves.map(|path| (*role, path)) {
                if !all.contains(&file) {
                    all.push(file);
                }
            }
        }
        all
    }
}

/// Where files lie: one function makes every path.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The run or table that the user named himself, and which of them it is.
    named: Option<(Kind, PathBuf)>,
    /// Folder, and what names begin with, of what lies beside it.
    beside: (PathBuf, String),
    /// The same of maps.
    maps: (PathBuf, String),
    /// Where commands of other contrasts write beside this one.
    among: Option<Among>,
}

/// A command among others of other contrasts, under names that begin alike.
#[derive(Debug, Clone)]
struct Among {
    /// The contrast that an output is called by which is of no single one: a mask.
    by: Option<String>,
    /// Labels of its contrasts.
    labels: Vec<String>,
}

impl Layout {
    /// Everything in one folder.
    #[must_use]
    pub fn folder(folder: &Path) -> Layout {
        let place = (folder.to_owned(), String::new());
        Layout { named: None, beside: place.clone(), maps: place, among: None }
    }

    /// Every name begins with the last part of a path.
    #[must_use]
    pub fn prefix(path: &Path) -> Layout {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let place = (path.parent().unwrap_or(Path::new("")).to_owned(), name);
        Layout { named: None, beside: place.clone(), maps: place, among: None }
    }

    /// A run, or a table (`.tsv`), of this name, and what lies beside it; maps have descriptions of their own, of which a name has one.
    #[must_use]
    pub fn named(path: &Path) -> Layout {
        let is_table = path.extension().is_some_and(|ending| ending == "tsv");
        let kind = if is_table { Kind::Table } else { Kind::Bold };
        let stem = stem(path);
        let stem = stem.strip_suffix("_bold").unwrap_or(&stem);
        let named = Some((kind, path.to_owned()));
        let beside = Layout::prefix(&path.with_file_name(stem));
        let of_maps = stem.split('_').filter(|part| !part.starts_with("desc-"));
        let maps = (beside.maps.0, of_maps.collect::<Vec<_>>().join("_"));
        Layout { named, maps, ..beside }
    }

    /// The same with maps in a folder of their own, whose names begin with `prefix`.
    #[must_use]
    pub fn with_maps(self, folder: &Path, prefix: &str) -> Layout {
        Layout { maps: (folder.to_owned(), prefix.to_owned()), ..self }
    }

    /// The same among commands of other contrasts: what is of these labels is its own, and what is of no contrast is called by `by`.
    #[must_use]
    pub fn among(self, labels: Vec<String>, by: Option<String>) -> Layout {
        Layout { among: Some(Among { by, labels }), ..self }
    }

    /// The folder and the beginning of names: images have those of maps.
    fn place(&self, kind: Kind) -> &(PathBuf, String) {
        if matches!(kind, Kind::Map | Kind::Bold) { &self.maps } else { &self.beside }
    }

    /// What a name begins with whose entities are these, before them.
    fn prefix_of(&self, kind: Kind, entities: &str) -> String {
        let (_, prefix) = self.place(kind);
        let by = self.among.as_ref().and_then(|among| among.by.as_ref());
        match by.filter(|_| !entities.starts_with("contrast-")) {
            Some(by) if prefix.is_empty() => format!("contrast-{by}"),
            Some(by) => format!("{prefix}_contrast-{by}"),
            None => prefix.clone(),
        }
    }

    /// The path of an output.
    #[must_use]
    pub fn path(&self, kind: Kind, entities: &Entities, ending: &str) -> PathBuf {
        if let Some((_, named)) = self.named.as_ref().filter(|(own, _)| *own == kind) {
            return named.clone();
        }
        let (folder, _) = self.place(kind);
        let prefix = self.prefix_of(kind, &entities.stem(""));
        folder.join(format!("{}{ending}", entities.stem(&prefix)))
    }

    /// Whether names have no beginning of their own, so that a folder holds one analysis.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.named.is_none() && self.beside.1.is_empty()
    }

    /// Whether this file is there and is what the user named himself.
    #[must_use]
    pub fn is_named(&self, path: &Path) -> bool {
        self.named.as_ref().is_some_and(|(_, named)| path.is_file() && real(named) == real(path))
    }

    /// Whether this file is there, is not what the user named himself, and has its sidecar: `s.nii` where `s.nii.gz` is named.
    #[must_use]
    pub fn is_of_one_stem(&self, path: &Path) -> bool {
        self.named.as_ref().is_some_and(|(_, named)| {
            let sidecar = |path: &Path| real(&sidecar_path(path));
            path.is_file() && !self.is_named(path) && sidecar(named) == sidecar(path)
        })
    }

    /// Whether an output of these entities would have this path, whatever its ending.
    #[must_use]
    pub fn gives(&self, kind: Kind, entities: &str, path: &Path) -> bool {
        if let Some((_, named)) = self.named.as_ref().filter(|(own, _)| *own == kind) {
            return real(named) == real(path);
        }
        let of_another = |among: &Among| {
            let label = entities.strip_prefix("contrast-").and_then(|rest| rest.split('_').next());
            label.is_some_and(|label| !among.labels.iter().any(|own| own == label))
        };
        if self.among.as_ref().is_some_and(of_another) {
            return false;
        }
        let (folder, _) = self.place(kind);
        let prefix = self.prefix_of(kind, entities);
        let stem =
            if prefix.is_empty() { entities.to_owned() } else { format!("{prefix}_{entities}") };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix(&stem).is_some_and(|ending| ending.starts_with('.'))
            && real(path.parent().unwrap_or(Path::new(""))) == real(folder)
    }

    /// The folders that outputs go into.
    #[must_use]
    pub fn folders(&self) -> [&Path; 2] {
        [&self.beside.0, &self.maps.0]
    }
}

/// A file name without the ending of an image or table.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let endings = [".nii.gz", ".nii", ".tsv"];
    endings.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_from_entities_and_the_place_of_the_kind() {
        let map = Entities::of("statmap").with("stat", "dof");
        let path = |layout: &Layout, kind, entities: &Entities| layout.path(kind, entities, ".x");
        let folder = Layout::folder(Path::new("out"));
        assert_eq!(path(&folder, Kind::Map, &map), Path::new("out/stat-dof_statmap.x"));
        let run = Layout::named(Path::new("a/sub-1_desc-r_bold.nii.gz"));
        assert_eq!(path(&run, Kind::Bold, &map), Path::new("a/sub-1_desc-r_bold.nii.gz"));
        let page = path(&run, Kind::Page, &Entities::of("qc"));
        assert_eq!(page, Path::new("a/sub-1_desc-r_qc.x"));
        let beside = path(&run, Kind::Table, &Entities::of("regressors"));
        assert_eq!(beside, Path::new("a/sub-1_desc-r_regressors.x"));
        let good = path(&run, Kind::Map, &Entities::of("mask").with("desc", "good"));
        assert_eq!(good, Path::new("a/sub-1_desc-good_mask.x"));
        let table = Layout::named(Path::new("a/mine.tsv"));
        assert_eq!(path(&table, Kind::Table, &map), Path::new("a/mine.tsv"));
        let maps = run.with_maps(Path::new("b"), "sub-1");
        assert_eq!(path(&maps, Kind::Map, &map), Path::new("b/sub-1_stat-dof_statmap.x"));
        let prefix = Layout::prefix(Path::new("c/sub-2"));
        let table = path(&prefix, Kind::Table, &Entities::of("timeseries").with("desc", "y"));
        assert_eq!(table, Path::new("c/sub-2_desc-y_timeseries.x"));
        // and which paths are of a place
        let (table, dof) = ("desc-y_timeseries", "stat-dof_statmap");
        assert!(prefix.gives(Kind::Table, table, Path::new("c/sub-2_desc-y_timeseries.tsv")));
        assert!(!prefix.gives(
            Kind::Table,
            table,
            Path::new("c/sub-2_run-1_desc-y_timeseries.tsv")
        ));
        assert!(!prefix.gives(Kind::Table, table, Path::new("sub-2_desc-y_timeseries.tsv")));
        assert!(folder.gives(Kind::Map, dof, Path::new("./out/stat-dof_statmap.nii.gz")));
        assert!(!folder.gives(Kind::Map, dof, Path::new("out/sub-1_stat-dof_statmap.nii.gz")));
        let among = Layout::prefix(Path::new("d/space-x"))
            .among(vec!["gain".to_owned()], Some("gain".to_owned()));
        let mask = path(&among, Kind::Map, &Entities::of("mask"));
        assert_eq!(mask, Path::new("d/space-x_contrast-gain_mask.x"));
        let own = "contrast-gain_stat-t_statmap";
        assert!(among.gives(
            Kind::Map,
            own,
            Path::new("d/space-x_contrast-gain_stat-t_statmap.nii")
        ));
        let other = "contrast-loss_stat-t_statmap";
        let theirs = Path::new("d/space-x_contrast-loss_stat-t_statmap.nii");
        assert!(!among.gives(Kind::Map, other, theirs));
        assert!(!among.gives(Kind::Map, "mask", Path::new("d/space-x_contrast-loss_mask.nii")));
        let here = Layout::prefix(Path::new("p"));
        assert!(here.gives(Kind::Page, "qc", Path::new("./p_qc.html")));
    }
}
