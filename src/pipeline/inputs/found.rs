//! The correction that came before preprocessing, found where nobody names it: beside what the preprocessed run says it was made of, else
//! in the derivatives of the raw dataset, where its image is what the run was made of.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::belongs::is_same_run;
use super::{Earlier, display, earlier};
use crate::error::Result;
use crate::io::bids::{EchoName, Name, without_echo};
use crate::io::described::Described;
use crate::io::paths::real;
use crate::io::{self, hash, origin};
use crate::pipeline::provenance::{self, Facts, Kind, sidecar_path};
use crate::pipeline::spec::{RunSpec, SpentBy, SpentOptions};
use crate::pipeline::watch::{Quiet, Watch};

/// Runs that were smoothed so many times are followed to what they were made of.
const MOST_STEPS: usize = 8;

/// What names of corrected runs have.
const CORRECTED: &str = "desc-retroicor";

/// A correction's sidecar, and what it says.
type Correction = (PathBuf, Facts);

/// Look for the correction before preprocessing of each run, and say what was found.
///
/// # Errors
/// Those of reading an image that may be the corrected one.
pub fn find_spent(runs: &mut [RunSpec], watch: &dyn Watch) -> Result<()> {
    for run in runs {
        run.spent = of_run(run, watch)?.map(Box::new);
    }
    Ok(())
}

fn of_run(run: &RunSpec, watch: &dyn Watch) -> Result<Option<SpentOptions>> {
    if earlier(&run.bold, &Quiet)?.is_some() {
        return Ok(None); // boldly's own, which its sidecar tells of
    }
    let bold = made_of(&run.bold)?;
    // What is wrong with a sidecar is said when the run is opened.
    let Ok(sidecar) = io::sidecar::find(&bold, run.sidecar.as_deref()) else { return Ok(None) };
    if !origin::is_derived(&bold, &sidecar.fields) {
        return Ok(None);
    }
    let from = origin::origin(&bold, &sidecar.fields)?;
    let near = from.sidecars_like(&bold)?.into_iter();
    // What lies beside the run itself, or beside the one that was smoothed to make it, came after preprocessing.
    let own = [&run.bold, &bold].map(|image| real(&sidecar_path(image)));
    let near = near.filter(|path| is_same_run(path, &bold) && !own.contains(&real(path)));
    let near = near.filter_map(correction);
    let near: Vec<Correction> = near.collect();
    let name = display(&run.bold);
    let made = made_into(&near, &from.sources)?;
    let beside = if made.is_empty() { of_sources(&from.sources, &name, watch)? } else { None };
    let (found, by) = match beside {
        _ if !made.is_empty() => (one_of(made, &name, watch), SpentBy::Source),
        Some(beside) => (Some(beside), SpentBy::Source),
        None if from.sources.is_empty() && !near.is_empty() => {
            (one_of(near, &name, watch), SpentBy::Name)
        }
        None => {
            say_other(&near, &from.sources, &name, watch);
            say_lost(&run.bold, (&bold, &sidecar.fields), watch);
            return Ok(None);
        }
    };
    Ok(found.map(|(sidecar, _)| {
        watch.note(&format!("a correction of {name} was found: {}", display(&sidecar)));
        SpentOptions { sidecar, by }
    }))
}

/// The run that boldly smoothed to make this one; itself where it did not.
fn made_of(bold: &Path) -> Result<PathBuf> {
    let mut bold = bold.to_owned();
    for _ in 0..MOST_STEPS {
        let sidecar = sidecar_path(&bold);
        let Ok(Some(facts)) = provenance::facts_of(&bold) else { break };
        let is_smoothed = facts.command.name == "smooth";
        let Some(from) = facts.read(&sidecar).next().filter(|from| is_smoothed && from.is_file())
        else {
            break;
        };
        bold = from;
    }
    Ok(bold)
}

/// The correction whose sidecar lies beside the sources, all of them; of several echoes that of the first. It is of a source of its name, though its
/// bytes have changed, which is told; one that describes another file is told and left.
fn of_sources(sources: &[PathBuf], name: &str, watch: &dyn Watch) -> Result<Option<Correction>> {
    let mut first = None;
    for source in sources {
        let sidecar = sidecar_path(source);
        let facts = match changed(source, &sidecar)? {
            Some(facts) => {
                watch.warn(&format!(
                    "{} is not as boldly wrote it (packed anew, or changed), and {name} was made of it: what its JSON says was spent is counted; \
                     --spent none where it is no longer the corrected run",
                    display(source)
                ));
                Some(facts)
            }
            None => earlier(source, watch).ok().flatten().map(|Earlier { facts, .. }| facts),
        };
        let Some(facts) = facts else { return Ok(None) };
        first.get_or_insert((sidecar, facts));
    }
    Ok(first)
}

/// The correction whose run a source is by its name, packed or not, and not by its bytes.
fn changed(source: &Path, sidecar: &Path) -> Result<Option<Facts>> {
    let Some((_, facts)) = correction(sidecar.to_owned()) else { return Ok(None) };
    let is_other = matches!(facts.of(source)?, Described::Changed | Described::Not);
    Ok((is_other && facts.name_run_of(sidecar)).then_some(facts))
}

/// A sidecar of a corrected run: one that bears its name, or that lies beside its bytes under another.
fn correction(sidecar: PathBuf) -> Option<Correction> {
    let facts = sidecar.is_file().then(|| provenance::facts_at(&sidecar).ok().flatten())??;
    facts.spent()?;
    let is_renamed = || {
        let images = ["nii.gz", "nii"].map(|ending| sidecar.with_extension(ending));
        let mut images = images.iter().filter(|image| image.is_file());
        images.any(|image| matches!(facts.of(image), Ok(Described::Bytes)))
    };
    (facts.name_run_of(&sidecar) || is_renamed()).then_some((sidecar, facts))
}

/// Those whose image is a source, by its bytes.
fn made_into(near: &[Correction], sources: &[PathBuf]) -> Result<Vec<Correction>> {
    if near.is_empty() {
        return Ok(Vec::new()); // nothing to read the sources for
    }
    let sums = sources.iter().map(|source| hash::file(source)).collect::<Result<Vec<_>>>()?;
    let is_source = |(_, facts): &&Correction| {
        let mut made = facts.outputs.iter().filter_map(|output| output.checksum.as_ref());
        made.any(|sum| sums.contains(sum))
    };
    Ok(near.iter().filter(is_source).cloned().collect())
}

/// That a correction lies near, and that the run was made of something else.
fn say_other(near: &[Correction], sources: &[PathBuf], name: &str, watch: &dyn Watch) {
    if let (Some((other, _)), Some(source)) = (near.first(), sources.first()) {
        watch.note(&format!(
            "{} is of a correction of this run, but {name} was made of {}, which is not the corrected image: nothing of it is counted; \
             --spent says otherwise",
            display(other),
            display(source)
        ));
    }
}

/// That a run, or what it was made of, is a corrected one by its name, and nothing says what that spent. `bold`: the run, or what boldly smoothed
/// to make it; `fields`: of its sidecar.
fn say_lost(run: &Path, (bold, fields): (&Path, &Map<String, Value>), watch: &dyn Watch) {
    let named = ["Sources", "RawSources"].iter().filter_map(|key| fields.get(*key)?.as_array());
    let mut named = named.flatten().filter_map(Value::as_str);
    let is_corrected = |path: &Path| {
        Name::of(path).entities.iter().any(|entity| entity == CORRECTED)
            && provenance::facts_beside(path).is_ok_and(|facts| facts.is_none())
    };
    let made = match named.find(|text| is_corrected(Path::new(text))) {
        Some(source) => format!(" was made of {source}, which"),
        None if is_corrected(bold) => String::new(),
        None => return,
    };
    watch.warn(&format!(
        "{}{made} by its name is a run that boldly retroicor corrected, but no JSON at hand says what that spent: nothing of it is counted, \
         and t is too large; give the JSON that lay beside the corrected run with --spent, or --spent none where nothing was taken out",
        display(run)
    ));
}

/// The only one, however often its sidecar was copied; the first echo's of several that differ in their echo alone.
fn one_of(mut found: Vec<Correction>, name: &str, watch: &dyn Watch) -> Option<Correction> {
    let of_run = |path: &Path| without_echo(path, EchoName::Entity).unwrap_or(path.to_owned());
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (first, facts) = found.first()?;
    let sums = |its: &Facts| -> Vec<_> {
        let bold = its.outputs.iter().filter(|output| output.kind == Kind::Bold);
        bold.filter_map(|output| output.checksum.clone()).collect()
    };
    let is_like = |(path, its): &Correction| {
        let is_copy = !sums(its).is_empty() && sums(its) == sums(facts);
        is_copy || of_run(path) == of_run(first) && its.spent() == facts.spent()
    };
    if found.iter().all(is_like) {
        return found.into_iter().next();
    }
    let all: Vec<String> = found.iter().map(|(path, _)| display(path)).collect();
    watch.warn(&format!(
        "{name} may have been made of any of several corrections ({}); none is counted: name one with --spent, or --spent none",
        all.join(", ")
    ));
    None
}
