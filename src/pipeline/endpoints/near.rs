//! Folders and files of a study that would be read if they were called otherwise.

use std::path::Path;

use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::io::folder::{self, Entry};

/// Where a study's tables lie beside participants.tsv.
pub(super) const PHENOTYPE: &str = "phenotype";
/// What tables end in that were not written as they are read.
const OTHERS: [&str; 4] = [".csv", ".xlsx", ".tsv.gz", ".tsv.txt"];
/// So many names a message has.
const NAMED: usize = 3;

/// An error of a table or column that no table has, with what lies in the study under a name that is not read.
pub(super) fn told(error: Error, study: &Path) -> Error {
    let Error::Usage(mut fault) = error else { return error };
    let lacks = ["is in no table of the study", "is not among those of the study"];
    if lacks.iter().any(|lack| fault.found.starts_with(lack)) {
        match unread(study) {
            Ok(names) if !names.is_empty() => {
                let own = "tables are *.tsv beside participants.tsv and in phenotype/, and these are not read";
                fault.hint = format!("{own}: {}; {}", names.join(", "), fault.hint);
            }
            _ => {}
        }
    }
    Error::Usage(fault)
}

/// What lies in a study, and is no table by its name or folder alone.
fn unread(study: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let here = folder::listed(study)?;
    let has_phenotype = study.join(PHENOTYPE).is_dir();
    for entry in &here {
        let is_near = |name: &String| {
            let lower = name.to_lowercase();
            lower.starts_with("pheno") || closest(&lower, &[PHENOTYPE.to_owned()]).is_some()
        };
        let name = name_of(entry);
        if !has_phenotype && is_near(&name) && entry.is_folder()? {
            names.push(format!("the folder {name}/"));
        }
    }
    let phenotype = folder::listed_if_there(&study.join(PHENOTYPE))?;
    for (folder, entry) in
        here.iter().map(|one| ("", one)).chain(phenotype.iter().map(|one| ("phenotype/", one)))
    {
        let (name, lower) = (name_of(entry), name_of(entry).to_lowercase());
        let is_other = OTHERS.iter().any(|end| lower.ends_with(end));
        let is_table = lower.ends_with(".tsv") && !name.ends_with(".tsv");
        if (is_other || is_table) && !entry.is_hidden() && !entry.is_folder()? {
            names.push(format!("{folder}{name}"));
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    names.extend((more > 0).then(|| format!("{more} more")));
    Ok(names)
}

fn name_of(entry: &Entry) -> String {
    entry.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The file of a folder that is called as one that is read but for case; none where that one is there.
///
/// # Errors
/// A folder that cannot be listed.
pub(super) fn but_for_case(folder: &Path, wanted: &str) -> Result<Option<String>> {
    let names: Vec<String> = folder::listed(folder)?.iter().map(name_of).collect();
    let is_one = |name: &&String| name.eq_ignore_ascii_case(wanted);
    Ok(match names.iter().any(|name| name == wanted) {
        true => None,
        false => names.iter().find(is_one).cloned(),
    })
}
