//! Whether a folder that `--brain` names holds maps of participants' visits; where it does not, which folder or option is meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::io::folder::listed;
use crate::io::tsv;
use crate::pipeline::group::{contrast, contrast_of, entities, files_below};
use crate::pipeline::inputs::display;
use crate::pipeline::provenance::{facts_beside, facts_of, real, relative, sidecar_path};
use crate::pipeline::spec::{MapsOfTrial, Role};

/// What a region is given by.
const REGION: &str = "such as --region pag=sphere:0,-31,-10:4, a mask, a table of shapes or an atlas (docs/regions.md)";
/// What folders of maps must hold.
const EXPECTED: &str = "hold maps of each participant at both visits, in folders or files named sub-<label> and ses-<label>";

/// Maps of effects by their contrasts, with whether each is of a participant, and of a visit.
type Contrasts = BTreeMap<String, Vec<(PathBuf, [bool; 2])>>;

/// Refuse a folder that cannot be taken, before its maps are read.
///
/// # Errors
/// Missing input: no maps. Bad data: maps of no participant or no visit. Usage: no contrast or no region is named.
pub(super) fn check(maps: &MapsOfTrial) -> Result<()> {
    let there = contrasts(&maps.folder)?;
    let Some((_, [first, ..])) = there.first_key_value().map(|(name, all)| (name, &all[..])) else {
        return Err(without_maps(&maps.folder)?);
    };
    let asked = maps.of.as_deref().map(contrast_of).transpose()?;
    let own = asked.as_ref().and_then(|asked| there.get(asked));
    let usable = of_visits(&there);
    match own {
        Some(all) if !all.iter().any(is_of_visit) => {
            return Err(of_no_visit(&maps.folder, &all[0], asked.as_deref(), &usable)?);
        }
        None if usable.is_empty() => {
            return Err(of_no_visit(&maps.folder, first, None, &usable)?);
        }
        _ => {}
    }
    let names = usable.join(", ");
    match (&maps.of, maps.regions.is_empty()) {
        (Some(_), false) => Ok(()),
        (Some(_), true) => Err(Error::usage(
            format!("--brain {}", display(&maps.folder)),
            "is a folder of maps, and no region is named",
            "come with --region NAME=SPEC, once for each",
            REGION,
        )),
        (None, has_none) => Err(Error::usage(
            format!("--brain {}", display(&maps.folder)),
            match has_none {
                true => "is a folder of maps, and neither contrast nor region is named",
                false => "is a folder of maps, and nothing says which contrast's are meant",
            },
            match has_none {
                true => "come with --of NAME, and with --region NAME=SPEC once for each region",
                false => "come with --of and the name of a contrast",
            },
            match has_none {
                true => format!("contrasts there: {names}; {REGION}"),
                false => format!("contrasts there: {names}"),
            },
        )),
    }
}

/// The maps of effects in a folder and below.
fn contrasts(folder: &Path) -> Result<Contrasts> {
    let mut all = Contrasts::new();
    for path in files_below(folder, &|path| contrast(path).is_some())? {
        // A path that says two things is refused where it is read.
        let [subject, session, ..] = entities(&path, folder).unwrap_or_default();
        let of = [subject.is_some(), session.is_some()];
        all.entry(contrast(&path).unwrap_or_default()).or_default().push((path, of));
    }
    Ok(all)
}

fn is_of_visit((_, of): &(PathBuf, [bool; 2])) -> bool {
    *of == [true, true]
}

/// The contrasts of which some maps are of a participant at a visit.
fn of_visits(there: &Contrasts) -> Vec<String> {
    let some = there.iter().filter(|(_, all)| all.iter().any(is_of_visit));
    some.map(|(name, _)| name.clone()).collect()
}

/// The folder of a folder of maps in which every map of a contrast is of a visit: where others in it are not.
pub(super) fn one_below(folder: &Path, map: &Path) -> Option<PathBuf> {
    let wanted = contrast(map)?;
    let below = listed(folder).ok()?.into_iter().map(|entry| entry.path);
    below.filter(|path| path.is_dir()).find(|path| {
        let there = contrasts(path).unwrap_or_default();
        there.get(&wanted).is_some_and(|all| all.iter().all(is_of_visit))
    })
}

/// The folder above those of participants or visits, by a path that names one.
pub(super) fn above(path: &Path) -> Option<PathBuf> {
    let is_own = |part: &Path| {
        let name = part.file_name().unwrap_or_default().to_string_lossy();
        ["sub-", "ses-"].iter().any(|key| name.starts_with(key))
    };
    path.ancestors().filter(|part| is_own(part)).last()?.parent().map(Path::to_owned)
}

/// Why maps of groups, of changes or of nobody are not taken, with the folder that is meant where it can be found.
fn of_no_visit(
    folder: &Path,
    (map, of): &(PathBuf, [bool; 2]),
    asked: Option<&str>,
    usable: &[String],
) -> Result<Error> {
    let by_group = facts_of(map)?.is_some_and(|facts| facts.command.name == "group");
    let found = match of {
        [true, _] => "has maps of participants and of no visit, without ses- in their paths",
        _ if by_group => "has maps of groups, made by boldly group, and of no participant",
        _ => "has maps of nobody, without sub- in their paths below it",
    };
    let below = map.strip_prefix(folder).unwrap_or(map);
    let found = format!("{found} ({})", display(below));
    let hint = match (usable, meant(folder, map)?) {
        ([_, ..], _) if asked.is_some() => {
            format!("contrasts there that have such maps, for --of: {}", usable.join(", "))
        }
        (_, Some((other, names))) => format!(
            "such maps are in {}: --brain {} --of {}",
            short(&other),
            short(&other),
            names.join(" or --of ")
        ),
        _ => "analyse the runs of each visit by themselves (boldly glm or boldly connect --out FOLDER/sub-<label>/ses-<label>, or a node of boldly bids that is of runs or sessions), and give FOLDER".to_owned(),
    };
    Ok(Error::bad_data(format!("--brain {}", display(folder)), found, EXPECTED, hint))
}

/// The folder of maps of visits that one without them leads to, with its contrasts: the one above, that of the maps it was made of, or another node of `bids`.
fn meant(folder: &Path, map: &Path) -> Result<Option<(PathBuf, Vec<String>)>> {
    let sidecar = sidecar_path(map);
    let mut all: Vec<PathBuf> = above(&real(folder)).into_iter().collect();
    if let Some(facts) = facts_beside(map)? {
        let made_of = facts.inputs.iter().find(|one| one.role == Role::Effect.name());
        let path = made_of.map(|one| real(&sidecar.with_file_name("").join(&one.path)));
        all.extend(path.and_then(|path| above(&path)));
    }
    // Results of bids lie beside each other, a folder a node.
    let is_node = |path: &Path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("node-"))
    };
    let whole = real(folder);
    let node = whole.ancestors().find(|part| is_node(part)).and_then(Path::parent);
    if let Some(results) = node {
        let nodes = listed(results)?.into_iter().map(|entry| entry.path);
        all.extend(nodes.filter(|path| path.is_dir() && is_node(path)));
    }
    for other in all.into_iter().filter(|other| other.is_dir() && *other != whole) {
        let names = of_visits(&contrasts(&other)?);
        if !names.is_empty() {
            return Ok(Some((other, names)));
        }
    }
    Ok(None)
}

/// As a user in this folder names a path.
pub(super) fn short(path: &Path) -> String {
    display(&relative(path, Path::new(".")))
}

/// A folder without any map: what it holds, and what is done with that.
fn without_maps(folder: &Path) -> Result<Error> {
    let shown = display(folder);
    let is_called = |ends: &'static [&'static str]| {
        move |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            ends.iter().any(|end| name.ends_with(end))
        }
    };
    let by_connect = |path: &PathBuf| {
        facts_beside(path).is_ok_and(|facts| facts.is_some_and(|f| f.command.name == "connect"))
    };
    let edges = files_below(folder, &is_called(&["edges.tsv"]))?;
    let tables = listed(folder)?.into_iter().map(|entry| entry.path);
    let is_table = |path: &PathBuf| {
        let columns = tsv::read(path).map(|table| table.columns).unwrap_or_default();
        path.extension().is_some_and(|ending| ending == "tsv")
            && ["participant_id", "session_id"].iter().all(|key| columns.iter().any(|c| c == key))
    };
    let table = tables.into_iter().find(is_table);
    let hint = if edges.iter().any(by_connect) {
        format!(
            "it holds edges of boldly connect, which --edges {shown} takes; maps are those of its --seed"
        )
    } else if ["plan.json", "results.json"].iter().all(|name| folder.join(name).is_file()) {
        "it is what boldly trial wrote: give the maps or the table that its --brain was".to_owned()
    } else if let Some(table) = table {
        format!("a table of regions is given by its own name, such as --brain {}", display(&table))
    } else if files_below(folder, &is_called(&["_bold.nii.gz", "_bold.nii"]))?.is_empty() {
        "is it the folder that boldly glm, connect or bids wrote into, or one above it?".to_owned()
    } else {
        "it holds runs: analyse them first (boldly bids, glm or connect), and give the folder of the results".to_owned()
    };
    Ok(Error::missing_input(
        format!("--brain {shown}"),
        "is a folder without a map of a contrast or a seed in it or below",
        EXPECTED,
        hint,
    ))
}
