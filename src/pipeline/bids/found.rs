//! The datasets, and in them the runs that are meant with the files that belong to each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::derived;
use super::elsewhere::{self, there};
use super::masks::Places;
use super::named::listed;
use crate::bids::model::Node;
use crate::bids::{Entities, Model};
use crate::entity;
use crate::error::{Error, Result};
use crate::io;
use crate::io::dataset::{Dataset, File};
use crate::pipeline::spec::{BidsSpec, Called, DEFAULT_DESC, DEFAULT_SPACE, MaskOfRuns, Wanted};
use crate::pipeline::watch::Watch;

/// Endings of images.
const IMAGES: [&str; 2] = [".nii.gz", ".nii"];

/// An option, and whether it means an image.
type Step<'a> = (&'a str, &'a dyn Fn(&File) -> bool);

/// The raw dataset and its derivatives, each with the name by which sidecars link to it.
pub(super) struct Found {
    pub raw: Dataset,
    pub derivatives: Vec<(String, Dataset)>,
    /// In the order of their images' paths.
    pub runs: Vec<FoundRun>,
}

/// A run and its files.
#[derive(Debug, Clone)]
pub(super) struct FoundRun {
    /// Of its image, `description` and those of the file itself left out.
    pub entities: Entities,
    pub bold: PathBuf,
    /// By the names of run-level nodes.
    masks: BTreeMap<String, PathBuf>,
    pub events: Option<PathBuf>,
    pub confounds: Option<PathBuf>,
    pub physio: Vec<PathBuf>,
    /// Images of regressors, in the order in which they were asked for.
    pub voxelwise: Vec<PathBuf>,
    /// Its mask of white matter, where the local mean of that is asked for.
    pub white_matter: Option<PathBuf>,
    /// What was taken from another dataset than that of the image, a sentence each.
    pub told: Vec<String>,
}

impl FoundRun {
    /// What it is called in messages: `sub-01 ses-2 task-x run-1`.
    pub fn name(&self) -> String {
        super::named::label(&self.entities, &["space", "resolution", "density", "cohort"])
    }

    /// The mask by which a node fits it.
    pub fn mask(&self, node: &Node) -> Option<&PathBuf> {
        self.masks.get(&node.name)
    }
}

/// Find them.
///
/// # Errors
/// Missing input: a dataset, a participant or an image that is not there, or is a name alone; bad data: two images of one run.
pub(super) fn find(spec: &BidsSpec, model: &Model, watch: &dyn Watch) -> Result<Found> {
    let raw = Dataset::open(&spec.dataset)?;
    let derivatives = derived::all(spec, &raw)?;
    for of in std::iter::once(&raw).chain(derivatives.iter().map(|(_, of)| of)) {
        of.notes.iter().for_each(|note| watch.note(note));
    }
    let mut found = Found { raw, derivatives, runs: Vec::new() };
    found.refuse_unknown(spec)?;
    let images = found.images(spec, model, watch)?;
    found.refuse_twice(&images)?;
    found.runs = images
        .into_iter()
        .map(|(of, file)| found.run(spec, model, of, file))
        .collect::<Result<Vec<_>>>()?;
    Ok(found)
}

impl Found {
    /// All datasets, derivatives first.
    fn all(&self) -> impl Iterator<Item = &Dataset> {
        self.derivatives.iter().map(|(_, of)| of).chain([&self.raw])
    }

    /// Every participant that was asked for must be there.
    fn refuse_unknown(&self, spec: &BidsSpec) -> Result<()> {
        let known: Vec<String> = {
            let all = self.all().flat_map(|of| of.values("subject"));
            let sorted: std::collections::BTreeSet<&str> = all.collect();
            sorted.into_iter().map(str::to_owned).collect()
        };
        let Some(unknown) = spec.participants.iter().find(|label| !known.contains(label)) else {
            return Ok(());
        };
        Err(Error::missing_input(
            format!("participant '{unknown}'"),
            format!("is not in {}", self.raw.root.display()),
            "be a subject of the dataset",
            format!("there are {}", listed(&known)),
        ))
    }

    /// The images that are meant, each with its dataset; those of derivatives, else the raw ones.
    fn images(
        &self,
        spec: &BidsSpec,
        model: &Model,
        watch: &dyn Watch,
    ) -> Result<Vec<(&Dataset, &File)>> {
        let every =
            || self.all().flat_map(|of| of.of_suffix("bold", &IMAGES).map(move |f| (of, f)));
        let space = wanted(spec.space.as_ref(), model, ("space", "--space", DEFAULT_SPACE))?;
        let desc =
            wanted(spec.desc.as_ref(), model, ("description", "--desc-label", DEFAULT_DESC))?;
        let is = |wanted: &Wanted, value: Option<&str>| match wanted {
            Wanted::Value(wanted) => value == Some(wanted),
            Wanted::Nothing => value.is_none(),
        };
        let input = |key: &str, value: Option<&str>, allowed: &[String]| {
            value.is_some_and(|value| allowed.iter().any(|a| entity::same(key, a, value)))
        };
        // What the file is called beyond its run is asked by --space and --desc-label.
        let of_model = |f: &File| {
            let own = model.input.iter().filter(|(key, _)| !is_of_file(key));
            own.clone().all(|(key, allowed)| {
                let value = f.entity(key);
                is_by_option(key) || input(key, value, allowed)
            })
        };
        let of_filter = |f: &File| {
            spec.filter.iter().all(|(key, allowed)| match f.entity(key) {
                None => allowed.iter().any(String::is_empty),
                value => input(key, value, allowed),
            })
        };
        let of_people = |f: &File| {
            let subject = f.entity("subject").map(str::to_owned);
            spec.participants.is_empty()
                || subject.is_some_and(|subject| spec.participants.contains(&subject))
        };
        let steps: [Step<'_>; 5] = [
            ("--desc-label", &|f| is(&desc, f.entity("description"))),
            ("--space", &|f| is(&space, f.entity("space"))),
            ("the model's Input", &of_model),
            ("--bids-filter-file", &of_filter),
            ("--participant-label", &of_people),
        ];
        let mut left: Vec<(&Dataset, &File)> = every().collect();
        if left.is_empty() {
            return Err(self.no_image("holds no BOLD image (_bold.nii.gz)", String::new()));
        }
        for (asked, is_meant) in steps {
            let before = left.clone();
            left.retain(|(_, file)| is_meant(file));
            if left.is_empty() {
                return Err(self.none_left((spec, asked), &before, (&space, &desc), model));
            }
        }
        let has = |label: &&String| left.iter().any(|(_, f)| f.entity("subject") == Some(label));
        if let Some(label) = spec.participants.iter().find(|label| !has(label)) {
            return Err(self.no_image(
                &format!("has no such BOLD image of participant '{label}'"),
                "leave it out, or look at --space, --desc-label and the model's Input".to_owned(),
            ));
        }
        for (key, allowed) in
            model.input.iter().filter(|(key, _)| !is_of_file(key) && !is_by_option(key))
        {
            let is_there = |a: &&String| {
                every().any(|(_, f)| f.entity(key).is_some_and(|v| entity::same(key, a, v)))
            };
            let none: Vec<String> = allowed.iter().filter(|a| !is_there(a)).cloned().collect();
            if !none.is_empty() {
                watch.warn(&format!(
                    "the model's Input names {key} {}, of which there is no image",
                    listed(&none)
                ));
            }
        }
        left.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
        Ok(left)
    }

    /// Why a step left no image, and what there was.
    fn none_left(
        &self,
        (spec, asked): (&BidsSpec, &str),
        before: &[(&Dataset, &File)],
        (space, desc): (&Wanted, &Wanted),
        model: &Model,
    ) -> Error {
        let values = |key: &str| {
            let all: std::collections::BTreeSet<String> =
                before.iter().map(|(_, f)| f.entity(key).unwrap_or("none").to_owned()).collect();
            listed(&all.into_iter().collect::<Vec<_>>())
        };
        let of = |wanted: &Wanted| match wanted {
            Wanted::Value(value) => value.clone(),
            Wanted::Nothing => "none".to_owned(),
        };
        let (found, hint) = match asked {
            "--desc-label" => {
                let hint = format!("there are desc- {}", values("description"));
                (format!("has no BOLD image of desc-{}", of(desc)), hint)
            }
            "--space" => {
                let hint = match values("space").as_str() {
                    "none" => {
                        "there are images of no space: take them with --space none".to_owned()
                    }
                    all => format!("there are {all}: name one with --space"),
                };
                (format!("has no BOLD image of space-{}", of(space)), hint)
            }
            "the model's Input" => {
                let keys = model.input.keys().filter(|key| !is_of_file(key) && !is_by_option(key));
                let have: Vec<String> =
                    keys.clone().map(|key| format!("{key}: {}", values(key))).collect();
                let asked = keys.map(|key| format!("{key}: {}", listed(&model.input[key])));
                let asked: Vec<String> = asked.collect();
                (
                    format!("has no BOLD image of the model's Input ({})", asked.join("; ")),
                    format!("there are {}", have.join("; ")),
                )
            }
            "--bids-filter-file" => {
                let have: Vec<String> =
                    spec.filter.keys().map(|key| format!("{key}: {}", values(key))).collect();
                (
                    "has no BOLD image that --bids-filter-file leaves".to_owned(),
                    format!("there are {}", have.join("; ")),
                )
            }
            other => (format!("has no BOLD image that {other} leaves"), String::new()),
        };
        self.no_image(&found, hint)
    }

    fn no_image(&self, found: &str, hint: String) -> Error {
        let thing = match self.derivatives.as_slice() {
            [] => self.raw.root.display().to_string(),
            all => {
                let names: Vec<String> =
                    all.iter().map(|(_, of)| of.root.display().to_string()).collect();
                listed(&names)
            }
        };
        let hint = match (hint.is_empty(), self.derivatives.is_empty()) {
            (true, true) => "name the folder of derivatives with -d".to_owned(),
            _ => hint,
        };
        Error::missing_input(thing, found, "have one or more", hint)
    }

    /// Two images of one run cannot both be meant.
    fn refuse_twice(&self, images: &[(&Dataset, &File)]) -> Result<()> {
        let mut seen: BTreeMap<Entities, (&Dataset, &File)> = BTreeMap::new();
        for (of, file) in images {
            let mut run = file.entities.clone();
            ["space", "cohort", "resolution", "density", "description", "echo", "part"]
                .into_iter()
                .for_each(|key| drop(run.remove(key)));
            if let Some((other_s, other)) = seen.insert(run, (of, file)) {
                return Err(Error::bad_data(
                    of.at(file).display().to_string(),
                    format!("and {} are both of one run", other_s.at(other).display()),
                    "be one image of a run",
                    "say which by -d, --space, --desc-label or --bids-filter-file, as in {\"bold\": {\"resolution\": \"2\"}}, or null for those without it",
                ));
            }
        }
        Ok(())
    }

    /// A run with what belongs to it.
    fn run(&self, spec: &BidsSpec, model: &Model, of: &Dataset, file: &File) -> Result<FoundRun> {
        let bold = there(of.at(file))?;
        let events = self.raw.nearest(&file.entities, "func", ("events", ".tsv"))?;
        let mut told = Vec::new();
        let run = elsewhere::Wanted { of, bold: file, what: "table of confounds" };
        let confounds = match of.confounds(&file.entities)? {
            Some(own) => Some(there(of.at(own))?),
            None => {
                let mut all = Vec::new();
                for (name, other) in &self.derivatives {
                    all.extend(other.confounds(&file.entities)?.map(|f| (&**name, other, f)));
                }
                run.one(all, &mut told)?
            }
        };
        let places = Places { raw: &self.raw, derivatives: &self.derivatives };
        let masks = places.of_run(model, (of, file), &mut told)?;
        let image = |(option, called): (&str, &Called), what: &str, told: &mut Vec<String>| {
            let run = elsewhere::Wanted { of, bold: file, what };
            places.called((option, called), &run, told)
        };
        let voxelwise = spec.fit.voxelwise.iter();
        let voxelwise = voxelwise
            .map(|called| image(("--voxelwise", called), "image of regressors", &mut told))
            .collect::<Result<_>>()?;
        let white_matter = match spec.fit.local.as_ref().map(|local| &local.mask) {
            None => None,
            Some(MaskOfRuns::File(path)) => Some(path.clone()),
            Some(MaskOfRuns::Called(called)) => {
                Some(image(("--anaticor", called), "mask of white matter", &mut told)?)
            }
        };
        let mut physio = Vec::new();
        if spec.fit.physio.is_some() {
            for one in recordings(&self.raw, &file.entities) {
                let path = there(self.raw.at(one))?;
                match io::physio::of_something_else(&path) {
                    Some(columns) => told.push(format!(
                        "{} is no recording of pulse or breathing (columns {}), and left out",
                        one.path.display(),
                        listed(&columns)
                    )),
                    None => physio.push(path),
                }
            }
        }
        let mut entities = file.entities.clone();
        entities.remove("description");
        Ok(FoundRun {
            entities,
            bold,
            masks,
            events: events.map(|f| there(self.raw.at(f))).transpose()?,
            confounds,
            physio,
            voxelwise,
            white_matter,
            told,
        })
    }
}

/// Keys of a model's Input that are of the file, not of its run.
fn is_of_file(key: &str) -> bool {
    ["suffix", "extension", "datatype"].contains(&key)
}

/// Keys of a model's Input that an option overrules.
fn is_by_option(key: &str) -> bool {
    ["space", "description"].contains(&key)
}

/// What an entity of the images must be: as the option says, else the model's Input, else as ever.
fn wanted(
    given: Option<&Wanted>,
    model: &Model,
    (key, option, default): (&str, &str, &str),
) -> Result<Wanted> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    match model.input.get(key).map(Vec::as_slice) {
        None | Some([]) => Ok(Wanted::Value(default.to_owned())),
        Some([one]) => Ok(Wanted::Value(one.clone())),
        Some(several) => Err(Error::usage(
            option,
            format!("is not given, and the model's Input names {}", listed(several)),
            "say which, for an analysis is of one",
            format!("add {option} {}", several[0]),
        )),
    }
}

/// The recordings of a run, of which several may lie side by side (`recording-cardiac`).
fn recordings<'a>(raw: &'a Dataset, entities: &Entities) -> Vec<&'a File> {
    let own = ["subject", "session", "task", "run", "acquisition", "reconstruction", "direction"];
    let is_own = |f: &&File| {
        own.iter().all(|key| match (f.entity(key), entities.get(*key)) {
            (Some(a), Some(b)) => entity::same(key, a, b),
            (a, b) => a.is_none() && b.is_none(),
        })
    };
    raw.of_suffix("physio", &[".tsv.gz"]).filter(is_own).collect()
}

/// A path as sidecars link to it: `bids:raw:sub-01/func/...`, or of the results themselves `bids::node-...`; none outside of all.
pub(super) fn uri(path: &Path, found: &Found, out: &Path) -> Option<String> {
    let whole = std::path::absolute(path).ok()?;
    let below = |root: &Path| {
        let root = std::path::absolute(root).ok()?;
        let rest = whole.strip_prefix(&root).ok()?;
        Some(
            rest.components()
                .map(|c| c.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/"),
        )
    };
    if let Some(rest) = below(out) {
        return Some(format!("bids::{rest}"));
    }
    let derived = found.derivatives.iter().map(|(name, of)| (name.as_str(), of));
    let mut all: Vec<(&str, &Dataset)> = derived.chain([("raw", &found.raw)]).collect();
    // Derivatives within the raw dataset are found first.
    all.sort_by_key(|(_, of)| std::cmp::Reverse(of.root.components().count()));
    all.into_iter().find_map(|(name, of)| Some(format!("bids:{name}:{}", below(&of.root)?)))
}
