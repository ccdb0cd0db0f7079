//! What a command will write, by name, before it reads a block: what somebody else left under such a name is refused at once (by `written`), and
//! not after hours of work.

use std::fs;
use std::path::{Path, PathBuf};

use crate::design::contrast::parse_named;
use crate::design::label::label;
use crate::error::Result;
use crate::maps::Entities;
use crate::pipeline::products::Layout;
use crate::pipeline::provenance::{self, Kind, Recorded, sidecar_path};
use crate::pipeline::spec::{
    Command, ConnectSpec, FixedSpec, GlmSpec, GroupSpec, PhysioSpec, RetroicorSpec, RunSpec,
};

/// Any value of an entity; no value has it.
const ANY: &str = "*";

/// An output.
#[derive(Debug, Clone)]
struct Name {
    kind: Kind,
    entities: Entities,
    ending: &'static str,
    has_sidecar: bool,
    /// Whether it is made whatever the data are.
    is_sure: bool,
}

impl Name {
    fn new(kind: Kind, entities: Entities, ending: &'static str, has_sidecar: bool) -> Name {
        Name { kind, entities, ending, has_sidecar, is_sure: false }
    }

    fn map(entities: Entities) -> Name {
        Name::new(Kind::Map, entities, ".nii.gz", true)
    }

    /// A table with a sidecar.
    fn table(entities: Entities) -> Name {
        Name::new(Kind::Table, entities, ".tsv", true)
    }

    /// A text that explains itself.
    fn plain(entities: Entities, ending: &'static str) -> Name {
        Name::new(Kind::Table, entities, ending, false)
    }

    fn page(entities: Entities, ending: &'static str) -> Name {
        Name::new(Kind::Page, entities, ending, false)
    }

    fn sure(self) -> Name {
        Name { is_sure: true, ..self }
    }
}

/// Where outputs of a command will lie.
#[derive(Debug, Default)]
pub struct Foreseen {
    /// Those that are made whatever the data are.
    pub sure: Vec<PathBuf>,
    /// The others; a name with `*` stands for all with other letters than `_` in its place.
    perhaps: Vec<PathBuf>,
}

impl Foreseen {
    /// Of a command with its outputs at these places.
    #[must_use]
    pub fn of(layout: &Layout, command: &Command) -> Foreseen {
        let mut foreseen = Foreseen::default();
        for name in names(command) {
            let path = layout.path(name.kind, &name.entities, name.ending);
            let of = if name.is_sure { &mut foreseen.sure } else { &mut foreseen.perhaps };
            let sidecar = name.has_sidecar.then(|| sidecar_path(&path));
            of.push(path);
            of.extend(sidecar);
        }
        foreseen
    }

    /// Whether an output is among them.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        self.sure.iter().any(|own| own == path)
            || self
                .perhaps
                .iter()
                .any(|own| own.parent() == path.parent() && fits(&file_name(own), &file_name(path)))
    }

    /// What lies in their place, or will: all that is sure to be made, and of the rest only what boldly never made, for what it made stays
    /// where it is not made again.
    ///
    /// # Errors
    /// As [`provenance::recorded`].
    pub fn in_place(&self) -> Result<Vec<PathBuf>> {
        let mut in_place = self.sure.clone();
        for path in self.there() {
            if provenance::recorded(&path)? == Recorded::Nowhere {
                in_place.push(path);
            }
        }
        Ok(in_place)
    }

    /// The files that lie under names of outputs that may not be made, in order.
    fn there(&self) -> Vec<PathBuf> {
        let mut folders: Vec<&Path> =
            self.perhaps.iter().filter_map(|path| path.parent()).collect();
        folders.sort();
        folders.dedup();
        let listed = |folder: &Path| {
            let shown = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            // A folder that is not there, or cannot be listed, is said where it is written.
            let entries = fs::read_dir(shown).into_iter().flatten().flatten();
            let names: Vec<PathBuf> = entries.map(|entry| folder.join(entry.file_name())).collect();
            names
        };
        let mut there: Vec<PathBuf> = folders.into_iter().flat_map(listed).collect();
        there.retain(|path| self.has(path) && path.is_file());
        there.sort();
        there
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether a name is one of those that a pattern stands for.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((before, behind)) = pattern.split_once(ANY) else { return pattern == name };
    let Some(rest) = name.strip_prefix(before) else { return false };
    let ends = rest.char_indices().take_while(|&(_, letter)| letter != '_');
    ends.map(|(at, letter)| at + letter.len_utf8()).any(|at| fits(behind, &rest[at..]))
}

/// Every name that a command gives.
fn names(command: &Command) -> Vec<Name> {
    let bold = || Name::new(Kind::Bold, Entities::of("bold"), ".nii.gz", true).sure();
    match command {
        Command::Glm(spec) => of_glm(spec),
        Command::Retroicor(spec) => [vec![bold()], of_retroicor(spec)].concat(),
        Command::Smooth(_) => vec![bold(), Name::table(Entities::of("regressors"))],
        Command::Confounds(_) => {
            vec![Name::table(Entities::of("timeseries").with("desc", "confounds")).sure()]
        }
        Command::Physio(spec) => of_physio(spec),
        Command::Group(spec) => of_group(spec),
        Command::Connect(spec) => of_connect(spec),
        Command::Trial(_) => of_trial(),
        Command::Fixed(spec) => of_fixed(spec),
    }
}

/// The number of a run among several.
fn numbered(runs: &[RunSpec], suffix: &'static str) -> Entities {
    if runs.len() > 1 { Entities::of(suffix).with("run", ANY) } else { Entities::of(suffix) }
}

/// What echoes that are made one leave.
fn of_echoes(runs: &[RunSpec]) -> Vec<Name> {
    if runs.iter().all(|run| run.echoes.is_none()) {
        return Vec::new();
    }
    let numbered = |suffix| numbered(runs, suffix);
    let decay = numbered("statmap").with("desc", "decay").with("stat", ANY);
    let good = numbered("mask").with("desc", "adaptiveGoodSignal");
    [numbered("T2starmap"), numbered("S0map"), good, decay].map(Name::map).into()
}

fn summary() -> Name {
    Name::table(Entities::of("physio_summary"))
}

fn of_glm(spec: &GlmSpec) -> Vec<Name> {
    let numbered = |suffix| numbered(&spec.runs, suffix);
    let mut names = vec![Name::map(Entities::of("mask")).sure()];
    let t = spec.contrasts.iter().map(|text| (text, "t"));
    for (text, letter) in t.chain(spec.f_contrasts.iter().map(|text| (text, "F"))) {
        // A hyphen is a minus, or part of a column's name that is not known yet.
        let known = parse_named(text).ok().filter(|contrast| !contrast.name.contains('-'));
        let known = known.and_then(|contrast| label(&contrast.name).ok());
        let is_known = known.is_some();
        let contrast = known.unwrap_or(ANY.to_owned());
        let of = |suffix| Entities::of(suffix).with("contrast", contrast.clone());
        for stat in ["effect", "variance", letter, "z", "p"] {
            let name = Name::map(of("statmap").with("stat", stat));
            names.push(if is_known { name.sure() } else { name });
        }
        names.extend(["dof", "psc"].map(|stat| Name::map(of("statmap").with("stat", stat))));
        if !spec.roi.is_empty() {
            names.push(Name::table(of("regions")));
            names.push(Name::table(of("regions").with("desc", "shift")));
        }
    }
    let design = Name::table(numbered("design"));
    names.push(if spec.runs.len() > 1 { design } else { design.sure() });
    names.push(Name::table(numbered("design_slice-groups")));
    if spec.maps {
        names.push(Name::map(numbered("statmap").with("stat", ANY)));
    }
    if spec.residuals {
        let bold = numbered("bold").with("desc", "residuals");
        names.push(Name::new(Kind::Bold, bold, ".nii", true));
    }
    if spec.maps || spec.residuals {
        let of = |suffix| Name::table(Entities::of(suffix).with("desc", "residuals"));
        names.extend(["smoothness", "acf"].map(of));
    }
    names.push(summary());
    if spec.runs.iter().any(|run| !run.physio.is_empty()) {
        let page = Entities::of("qc").with("desc", "retroicor");
        names.push(Name::page(page, ".html").sure());
    }
    if spec.report {
        names.push(Name::page(Entities::of("report"), ".html").sure());
    }
    names.extend(of_echoes(&spec.runs));
    names
}

fn of_fixed(spec: &FixedSpec) -> Vec<Name> {
    let mut names = vec![Name::map(Entities::of("mask")).sure()];
    // Labels that cannot be are refused where the maps are made.
    for (contrast, label) in spec.contrasts.iter().zip(spec.labels().unwrap_or_default()) {
        let of = Entities::of("statmap").with("contrast", label);
        let letter = if contrast.is_f { "F" } else { "t" };
        let stats = ["effect", "variance", letter, "z", "p"];
        names.extend(stats.map(|stat| Name::map(of.clone().with("stat", stat)).sure()));
    }
    names
}

fn of_retroicor(spec: &RetroicorSpec) -> Vec<Name> {
    let mut names = vec![
        Name::table(Entities::of("regressors")).sure(),
        Name::page(Entities::of("qc"), ".html").sure(),
        summary(),
    ];
    names.extend(of_echoes(std::slice::from_ref(&spec.run)));
    if spec.proof.is_some() {
        let stat = |entities: Entities| Name::map(entities.with("stat", ANY));
        let of_map = Entities::of("statmap");
        names.push(stat(of_map.clone().with("desc", ANY)));
        names.push(stat(of_map));
        names.push(Name::map(Entities::of("mask").with("desc", "retroicor")).sure());
    }
    names
}

fn of_physio(_: &PhysioSpec) -> Vec<Name> {
    let retroicor = |suffix| Entities::of(suffix).with("desc", "retroicor");
    let by_slice = Entities::of("regressors").with("desc", "retroicorSlices");
    vec![
        Name::table(Entities::of("events").with("desc", "peaks")).sure(),
        Name::table(retroicor("timeseries")),
        Name::plain(retroicor("multiple_regressors"), ".txt"),
        Name::table(by_slice),
        Name::plain(Entities::of("desc-retroicor.slibase"), ".1D"),
        summary(),
        Name::page(retroicor("summary"), ".json").sure(),
        Name::page(Entities::of("qc").with("desc", "physio"), ".html").sure(),
    ]
}

fn of_group(spec: &GroupSpec) -> Vec<Name> {
    let of = |suffix| Entities::of(suffix).with("contrast", ANY);
    let tally = Name::new(Kind::Table, of("tally"), ".txt", true);
    if spec.permute.as_ref().is_some_and(|options| options.shard.is_some()) {
        return vec![tally];
    }
    let stat = |entities: Entities| Name::map(entities.with("stat", ANY));
    let mut names = vec![
        Name::map(Entities::of("mask")).sure(),
        stat(of("statmap")),
        stat(of("statmap").with("desc", ANY)),
        Name::table(of("clusters")),
        Name::table(of("regions")),
        Name::table(of("regions").with("desc", "shift")),
        Name::table(of("design")),
    ];
    if spec.atlas.is_some() || !spec.regions.is_empty() {
        names.push(Name::table(Entities::of("region_values")));
    }
    if spec.permute.is_some() {
        names.extend([tally, Name::table(of("maxima"))]);
    }
    if !spec.volumes.is_empty() {
        names.push(Name::table(of("svc")));
        names.push(Name::table(of("svc").with("desc", "shift")));
        names.push(stat(of("statmap").with("label", ANY).with("desc", ANY)));
    }
    if !spec.no_pictures {
        names.push(Name::page(of("statmap"), ".svg"));
        names.push(Name::page(Entities::of("group"), ".html"));
    }
    names
}

fn of_connect(spec: &ConnectSpec) -> Vec<Name> {
    let mut names = of_echoes(&spec.runs);
    names.push(summary());
    let mut of_run = |of: &dyn Fn(&'static str) -> Entities| {
        names.extend(["timeseries", "edges", "networks"].map(|suffix| Name::table(of(suffix))));
        names.push(Name::table(of("edges").with("desc", "shift")));
        names.push(Name::table(of("relmat").with("stat", ANY)));
        names.push(Name::page(of("relmat").with("stat", ANY), ".svg"));
        names.push(Name::map(of("mask")));
        if !spec.seeds.is_empty() {
            names.push(Name::map(of("statmap").with("seed", ANY).with("stat", ANY)));
            names.push(Name::page(of("statmap").with("seed", ANY), ".svg"));
        }
    };
    of_run(&|suffix| Entities::of(suffix));
    if spec.runs.len() > 1 {
        of_run(&|suffix| Entities::of(suffix).with("run", ANY));
    }
    names
}

/// The tables of a trial's parts.
const OF_TRIAL: [&str; 22] = [
    "populations",
    "missing",
    "baseline",
    "disposition",
    "time_to_discontinuation",
    "ancova",
    "responders",
    "adverse_events",
    "cpm",
    "cpm_measure",
    "pressure",
    "intensities",
    "calibration",
    "brain",
    "motion",
    "region_values",
    "edges",
    "networks",
    "physiology",
    "correlations",
    "correlations_by_arm",
    "crossover",
];

fn of_trial() -> Vec<Name> {
    let pages = [("plan", ".json"), ("results", ".json"), ("report", ".html")];
    let pages = pages.map(|(name, ending)| Name::page(Entities::of(name), ending).sure());
    let tables = OF_TRIAL.map(|name| Name::table(Entities::of(name)));
    pages.into_iter().chain(tables).collect()
}
