//! The mask by which a node fits a run: the brain's beside it, or what the node's `Options.Mask` asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::elsewhere::{self, there};
use super::named::listed;
use crate::bids::Model;
use crate::bids::model::{Level, Node};
use crate::entity;
use crate::error::{Error, Result};
use crate::io::dataset::{Dataset, File};
use crate::pipeline::spec::Called;

/// Endings of images.
const IMAGES: [&str; 2] = [".nii.gz", ".nii"];
/// What a mask is called where the model does not say.
const SUFFIX: &str = "mask";
/// Keys by which an image lies on a grid.
const OF_A_SPACE: [&str; 3] = ["space", "resolution", "cohort"];
/// Keys of a run.
const OF_A_RUN: [&str; 5] = ["subject", "session", "task", "run", "acquisition"];

/// Where masks are looked for.
pub(super) struct Places<'a> {
    pub raw: &'a Dataset,
    pub derivatives: &'a [(String, Dataset)],
}

/// What a node asks of its mask.
struct Asked<'a>(&'a BTreeMap<String, Vec<String>>);

impl Places<'_> {
    /// The masks of a run by the names of the run-level nodes that fit it; none of a node for which nothing lies beside the run. `bold`: its image, of the
    /// dataset `of`.
    ///
    /// # Errors
    /// Missing input: nothing that the model asks for; bad data: two that differ.
    pub fn of_run(
        &self,
        model: &Model,
        (of, bold): (&Dataset, &File),
        told: &mut Vec<String>,
    ) -> Result<BTreeMap<String, PathBuf>> {
        let mut masks = BTreeMap::new();
        for node in model.nodes.iter().filter(|node| node.level == Level::Run) {
            let mut said = Vec::new();
            if let Some(mask) = self.one(node, (of, bold), &mut said)? {
                masks.insert(node.name.clone(), mask);
            }
            told.extend(said.into_iter().filter(|line| !told.contains(line)).collect::<Vec<_>>());
        }
        Ok(masks)
    }

    /// That of the brain beside the run, of a raw run beside where it would lie in derivatives, or what the node asks for.
    fn one(
        &self,
        node: &Node,
        (of, bold): (&Dataset, &File),
        told: &mut Vec<String>,
    ) -> Result<Option<PathBuf>> {
        let asked = Asked(&node.mask);
        let run = elsewhere::Wanted { of, bold, what: "mask" };
        let derived = self.derivatives.iter().map(|(name, other)| (&**name, other));
        if asked.is_of_brain() {
            if let Some(own) = of.brain_mask(bold) {
                return there(of.at(own)).map(Some);
            }
            let is_raw = of.root == self.raw.root;
            let others = derived.filter(|_| is_raw);
            let all = others.filter_map(|(name, of)| Some((name, of, of.brain_mask(bold)?)));
            return run.one(all.collect(), told);
        }
        if let Some(found) = self.nearest(&asked, &run, told)? {
            return Ok(Some(found));
        }
        Err(Error::missing_input(
            of.at(bold).display().to_string(),
            format!("has no mask with {}", asked.words()),
            format!("have the mask that {}/Model/Options/Mask asks for", node.pointer),
            "leave Mask out for the brain mask beside the run",
        ))
    }
}

impl Places<'_> {
    /// The image of a run that is called so, beyond its run, its space and its resolution. `option`: that asks for it.
    ///
    /// # Errors
    /// Missing input: there is none; bad data: two that differ.
    pub fn called(
        &self,
        (option, called): (&str, &Called),
        run: &elsewhere::Wanted<'_>,
        told: &mut Vec<String>,
    ) -> Result<PathBuf> {
        let asked = Asked(&called.asked);
        if let Some(found) = self.nearest(&asked, run, told)? {
            return Ok(found);
        }
        let kind = &called.asked["suffix"];
        let all = self.derivatives.iter().map(|(_, of)| of).chain([self.raw]);
        let of_kind = all.flat_map(|of| &of.files).filter(|file| kind.contains(&file.suffix));
        let is_ours = |file: &&File| file.entity("subject") == run.bold.entity("subject");
        let names = of_kind.filter(is_ours).filter_map(|file| file.path.file_name());
        let names: BTreeSet<String> =
            names.map(|name| name.to_string_lossy().into_owned()).collect();
        let names: Vec<String> = names.into_iter().collect();
        let there = match names.as_slice() {
            [] => format!("no image of this subject has the suffix {}", kind.join(" or ")),
            names => format!("there are {}", listed(names)),
        };
        Err(Error::missing_input(
            run.of.at(run.bold).display().to_string(),
            format!("has no image with {} in its space and resolution", asked.words()),
            format!("have the one that {option} asks for, on its grid"),
            there,
        ))
    }

    /// Of the images that are asked for those nearest to the run: of its own dataset where that has one, with most keys of the run.
    fn nearest(
        &self,
        asked: &Asked<'_>,
        run: &elsewhere::Wanted<'_>,
        told: &mut Vec<String>,
    ) -> Result<Option<PathBuf>> {
        let (of, bold) = (run.of, run.bold);
        let derived = self.derivatives.iter().map(|(name, other)| (&**name, other));
        let every = derived.chain([("raw", self.raw)]);
        let every = every.flat_map(|(name, of)| of.files.iter().map(move |file| (name, of, file)));
        let is_other = |file: &File| file.path != bold.path;
        let all: Vec<_> =
            every.filter(|(_, _, file)| asked.fits(file, bold) && is_other(file)).collect();
        let is_own = |one: &(&str, &Dataset, &File)| one.1.root == of.root;
        let any_own = all.iter().any(is_own);
        let near: Vec<_> = all.into_iter().filter(|one| !any_own || is_own(one)).collect();
        let closeness = |file: &File| (shared(file, bold), file.entities.len());
        let most = near.iter().map(|(_, _, file)| closeness(file)).max();
        let all: Vec<_> = near.into_iter().filter(|one| Some(closeness(one.2)) == most).collect();
        run.one(all, told)
    }
}

/// How many keys of the run two images have alike.
fn shared(file: &File, bold: &File) -> usize {
    let is_same = |key: &&&str| match (file.entity(key), bold.entity(key)) {
        (Some(a), Some(b)) => entity::same(key, a, b),
        _ => false,
    };
    OF_A_RUN.iter().filter(is_same).count()
}

impl Asked<'_> {
    /// The values that a key may have; none where any will do.
    fn of(&self, key: &str) -> Option<&Vec<String>> {
        self.0.get(key)
    }

    /// Whether it is the mask of the brain, which lies beside its run.
    fn is_of_brain(&self) -> bool {
        let has =
            |key: &str, value: &str| self.of(key).is_none_or(|all| all.iter().any(|v| v == value));
        let is_plain = |key: &String| {
            ["description", "suffix", "datatype", "extension"].contains(&key.as_str())
        };
        self.0.keys().all(is_plain)
            && has("description", "brain")
            && has("suffix", SUFFIX)
            && has("datatype", "func")
    }

    /// Whether a file is such an image and of the run, but for the keys that the model itself names.
    fn fits(&self, file: &File, bold: &File) -> bool {
        let is_suffix = match self.of("suffix") {
            Some(all) => all.contains(&file.suffix),
            None => file.suffix == SUFFIX,
        };
        let bare = |text: &str| text.trim_start_matches('.').to_owned();
        let is_extension = IMAGES.contains(&file.extension.as_str())
            && self
                .of("extension")
                .is_none_or(|all| all.iter().any(|own| bare(own) == bare(&file.extension)));
        let is_kind = self
            .of("datatype")
            .is_none_or(|all| file.datatype.as_ref().is_some_and(|own| all.contains(own)));
        let is_free = |key: &&&str| self.of(key).is_none();
        let in_space =
            OF_A_SPACE.iter().filter(is_free).all(|key| file.entity(key) == bold.entity(key));
        let of_run =
            OF_A_RUN.iter().filter(is_free).all(|key| match (file.entity(key), bold.entity(key)) {
                (Some(a), Some(b)) => entity::same(key, a, b),
                (Some(_), None) => false,
                (None, _) => true,
            });
        let is_asked = |(key, all): (&String, &Vec<String>)| {
            file.entity(key).is_some_and(|own| all.iter().any(|one| entity::same(key, one, own)))
        };
        let mut entities = self
            .0
            .iter()
            .filter(|(key, _)| !["suffix", "datatype", "extension"].contains(&key.as_str()));
        is_suffix && is_extension && is_kind && in_space && of_run && entities.all(is_asked)
    }

    fn words(&self) -> String {
        let words = self.0.iter().map(|(key, values)| format!("{key} {}", values.join(" or ")));
        words.collect::<Vec<_>>().join(", ")
    }
}
