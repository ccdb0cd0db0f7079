//! What the folder of results holds beside them: its description, what validators pass over, a README, the model, and the tables that units
//! read. Several commands may write into one folder at once: a file that is there as it should be stays, any other is put in its place whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::found::Found;
use crate::bids::Model;
use crate::bids::label::label;
use crate::error::{Error, Result};
use crate::io::folder::listed_if_there;
use crate::io::hash::Checksum;
use crate::io::{Outputs, Overwrite, bids, hash, is_claim, is_passing, read_text};
use crate::pipeline::bidsignore;
use crate::pipeline::provenance::{self, Kind, Output, relative};
use crate::pipeline::spec::BidsSpec;
use crate::pipeline::watch::Watch;

/// The version of BIDS that names follow.
const BIDS_VERSION: &str = "1.10.0";
const DESCRIPTION: &str = "dataset_description.json";
const README: &str = "README";
/// In the list of a file that people may add to: the checksum of what boldly wrote, which `verify` does not ask for.
const WRITTEN: &str = "Written";

/// Refuses a folder that holds something else.
///
/// # Errors
/// Usage.
pub(super) fn refuse_foreign(out: &Path) -> Result<()> {
    // What another boldly has on the way there, or left when it was killed, is no other's; nor is a folder that one has claimed and not yet described.
    let there = listed_if_there(out)?;
    let is_begun = there.iter().any(|entry| is_claim(&entry.path));
    if is_begun || there.iter().all(|entry| is_passing(&entry.path)) {
        return Ok(());
    }
    let described = out.join(DESCRIPTION);
    let is_own = described.is_file() && {
        let made_by = bids::read_json(&described)?.remove("GeneratedBy");
        let made_by = made_by.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        made_by.iter().any(|by| by.get("Name").and_then(Value::as_str) == Some("boldly"))
    };
    if is_own {
        return Ok(());
    }
    Err(Error::usage(
        out.display().to_string(),
        "is not empty, and no results of boldly bids",
        "be a folder of its own",
        "name one that is empty or new, such as derivatives/boldly",
    ))
}

/// Refuses a copy of the model that was changed since it was written: it would be lost, or stand beside results that are not of it.
///
/// # Errors
/// Usage.
pub(super) fn refuse_changed_model(spec: &BidsSpec, (model, text): (&Model, &str)) -> Result<()> {
    let name = model_name(spec, model);
    let path = spec.out.join(&name);
    if !path.is_file() || is_there(&path, text) || is_as_written(&spec.out, &name) {
        return Ok(());
    }
    Err(Error::usage(
        path.display().to_string(),
        "is not as boldly wrote it: it was changed since",
        "be the model that the results there are of",
        format!(
            "-m {} fits what it says now; --overwrite puts in its place what this command asks",
            path.display()
        ),
    ))
}

/// Put down what belongs to the folder as a whole. What people add to, the description and the README, stays where it was changed since it
/// was written, which is told; a list of what validators pass over stays whatever it holds. In the same step `removed` go.
///
/// # Errors
/// Output errors.
pub(super) fn put(
    (spec, found): (&BidsSpec, &Found),
    (model, text): (&Model, &str),
    removed: &[PathBuf],
    overwrite: Overwrite,
    watch: &dyn Watch,
) -> Result<()> {
    let out = &spec.out;
    let link = |root: &Path| relative(root, out).display().to_string();
    let mut links = Map::new();
    links.insert("raw".to_owned(), json!(link(&found.raw.root)));
    for (name, of) in &found.derivatives {
        links.insert(name.clone(), json!(link(&of.root)));
    }
    let sources: Vec<Value> = links.values().map(|url| json!({ "URL": url })).collect();
    let described = json!({
        "Name": format!("boldly: {} of {}", model.name, found.raw.name()),
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{
            "Name": "boldly",
            "Version": env!("CARGO_PKG_VERSION"),
            "Description": "BIDS Stats Model fitted to preprocessed runs",
            "CodeURL": env!("CARGO_PKG_REPOSITORY"),
        }],
        "SourceDatasets": sources,
        "DatasetLinks": links,
    });
    let described = serde_json::to_string_pretty(&described).unwrap_or_default() + "\n";
    let name = model_name(spec, model);
    let readme = readme(spec, model, &name);
    let files = [
        (DESCRIPTION, described.as_str()),
        (bidsignore::NAME, bidsignore::NAMES),
        (README, readme.as_str()),
        (name.as_str(), text),
    ];
    let stays = |name: &str, text: &str| {
        let path = out.join(name);
        // What is told there beside boldly's own names stays.
        if name == bidsignore::NAME && read_text(&path).is_ok_and(|there| there.starts_with(text)) {
            return true;
        }
        let may_stay = overwrite == Overwrite::Own && name != model_name(spec, model);
        if !may_stay || !path.is_file() || is_there(&path, text) || is_as_written(out, name) {
            return false;
        }
        if name != bidsignore::NAME {
            watch.warn(&format!(
                "{} is not as boldly makes it (changed since, or of an earlier version) and stays; --overwrite replaces it",
                path.display()
            ));
        }
        true
    };
    let mut put = vec![list_of(out, &name, Kind::Table, text)?];
    for (file, text) in files.into_iter().filter(|(name, text)| !stays(name, text)) {
        put.push((out.join(file), text.to_owned()));
        if [DESCRIPTION, README].contains(&file) {
            put.push(list_of_open(out, file, text)?);
        }
    }
    put_and_remove(&put, removed)
}

/// Where a page lies, and its list.
pub(super) fn page(out: &Path, stem: &str) -> [PathBuf; 2] {
    let name = format!("{stem}.html");
    [out.join(&name), list_path(out, &name)]
}

fn list_path(out: &Path, name: &str) -> PathBuf {
    out.join("logs").join(name).with_extension("json")
}

/// What tells `verify` of the bytes of a file that is made anew by no command of its own: where it lies, and its text.
///
/// # Errors
/// Internal.
pub(super) fn list_of(out: &Path, name: &str, kind: Kind, text: &str) -> Result<(PathBuf, String)> {
    let own = Output { checksum: Some(hash::bytes(text.as_bytes())), ..listed(name, kind) };
    Ok((list_path(out, name), provenance::list("bids", &[own], Map::new())?))
}

/// The same of a file that people may add to: that it is there is all that `verify` asks.
fn list_of_open(out: &Path, name: &str, text: &str) -> Result<(PathBuf, String)> {
    let mut fields = Map::new();
    fields.insert(WRITTEN.to_owned(), json!(hash::bytes(text.as_bytes())));
    let list = provenance::list("bids", &[listed(name, Kind::Table)], fields)?;
    Ok((list_path(out, name), list))
}

/// Whether a file of the folder is, byte by byte, what boldly wrote there, as its list says; not where there is no list.
fn is_as_written(out: &Path, name: &str) -> bool {
    let list = list_path(out, name);
    let outputs = provenance::listed(&list).ok().flatten().unwrap_or_default();
    let of_bytes = outputs.into_iter().find_map(|output| output.checksum);
    let of_open = || serde_json::from_value(bids::read_json(&list).ok()?.remove(WRITTEN)?).ok();
    let known: Option<Checksum> = of_bytes.or_else(of_open);
    known.is_some_and(|known| known.again(&out.join(name)).is_ok_and(|now| now == known))
}

/// A file of the folder as a list in `logs` has it.
fn listed(name: &str, kind: Kind) -> Output {
    Output {
        name: Path::new("..").join(name),
        kind,
        checksum: None,
        entities: Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

fn is_there(path: &Path, text: &str) -> bool {
    path.is_file() && read_text(path).is_ok_and(|there| there == text)
}

/// Put texts down, each whole, those that are there already left as they are.
///
/// # Errors
/// Output errors.
pub(super) fn put_texts(files: &[(PathBuf, String)]) -> Result<()> {
    put_and_remove(files, &[])
}

fn put_and_remove(files: &[(PathBuf, String)], removed: &[PathBuf]) -> Result<()> {
    let new: Vec<&(PathBuf, String)> =
        files.iter().filter(|(path, text)| !is_there(path, text)).collect();
    if new.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let mut outputs = Outputs::replacing(Overwrite::Anything);
    let folders: BTreeSet<&Path> = removed.iter().filter_map(|path| path.parent()).collect();
    folders.iter().try_for_each(|folder| outputs.folder(folder))?;
    for (path, text) in new {
        outputs.folder(path.parent().unwrap_or(Path::new("")))?;
        outputs.text(path, text)?;
    }
    outputs.commit_but(&|| Ok(removed.to_vec()))?;
    // Those that hold nothing any more, the deeper first, and then what held them.
    for folder in folders.iter().rev() {
        let mut empty = folder.ancestors();
        while empty.next().is_some_and(|folder| std::fs::remove_dir(folder).is_ok()) {}
    }
    Ok(())
}

/// The copy's name: the file's own where it is one of a model's, as BIDS calls them.
pub(super) fn model_name(spec: &BidsSpec, model: &Model) -> String {
    let own = spec.model.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if own.starts_with("model-") && own.ends_with("_smdl.json") {
        return own;
    }
    format!("model-{}_smdl.json", label(&model.name))
}

fn readme(spec: &BidsSpec, model: &Model, name: &str) -> String {
    let nodes: Vec<String> = model
        .nodes
        .iter()
        .map(|node| format!("- node-{}: {} ({:?})", label(&node.name), node.name, node.level))
        .collect();
    format!(
        "# {}\n\n{}\n\nMade by boldly {} (boldly bids) of {} by the model {name}. Each node has a folder, each of its subjects one in it.\n\n{}\n\n\
         Maps are named by the entities of their runs, contrast and statistic: effect, variance, t or F, z, p (one-sided unless its sidecar says \
         otherwise). Outside of the masks statistics are 0 and p is 1. Each image's JSON says what was run on what; `boldly verify` runs it again.\n",
        model.name,
        model.description,
        env!("CARGO_PKG_VERSION"),
        relative(&spec.dataset, &spec.out).display(),
        nodes.join("\n"),
    )
}
