//! A text file that says which volumes of a run are left out: their numbers from 0, or a 0 or 1 for each volume (AFNI: 1 is kept), or a
//! column for each one with a 1 in its row (fsl_motion_outliers). The shape of the file tells which.

use std::path::Path;

use super::{files, tsv};
use crate::error::{Error, Result};

/// Volumes that a file lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// From 0, ascending.
    pub volumes: Vec<usize>,
    /// What the file was taken for; none where it names no volume.
    pub note: Option<String>,
}

/// Reads a list for a run of so many volumes.
///
/// # Errors
/// Bad data for what is no list of its volumes.
pub fn read_volumes(path: &Path, n_volumes: usize) -> Result<Listed> {
    let text = files::read_text(path)?;
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for (line, text) in tsv::rows(&text) {
        if text.trim_start().starts_with('#') || text.trim().is_empty() {
            continue;
        }
        let words = text.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        rows.push(words.map(|word| number(path, line, word)).collect::<Result<_>>()?);
    }
    let all: Vec<usize> = rows.iter().flatten().copied().collect();
    let n_ones = all.iter().filter(|&&n| n == 1).count();
    let is_0_or_1 = n_volumes > 2 && all.iter().all(|&n| n < 2);
    let width = rows.first().map_or(0, Vec::len);
    let is_table = rows.len() == n_volumes && rows.iter().all(|row| row.len() == width);
    if all.is_empty() {
        return Ok(Listed { volumes: Vec::new(), note: None });
    }
    let listed = |volumes: Vec<usize>, what: &str| {
        let note = Some(format!("{}: {} volumes, {what}", path.display(), volumes.len()));
        Ok(Listed { volumes, note })
    };
    let rows_with = |wanted: usize| -> Vec<usize> {
        (0..rows.len()).filter(|&volume| rows[volume].contains(&wanted)).collect()
    };
    if is_0_or_1 && is_table && (width > 1 || n_ones == 1) {
        return listed(rows_with(1), "each with a column in which it is 1");
    }
    if is_0_or_1 && all.len() == n_volumes {
        let zeros = (0..all.len()).filter(|&volume| all[volume] == 0).collect();
        return listed(zeros, "those that are 0 of a 0 or 1 for each (1 kept)");
    }
    refuse_others(path, &rows, n_volumes)?;
    if let Some(&beyond) = all.iter().find(|&&volume| volume >= n_volumes) {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!(
                "lists volume {beyond} of a run whose volumes are 0 to {}",
                n_volumes.max(1) - 1
            ),
            "list volumes of the run, counted from 0, or have a 0 or 1 for each",
            "is it another run's, or does it count from 1?",
        ));
    }
    let mut volumes = all;
    volumes.sort_unstable();
    volumes.dedup();
    listed(volumes, "by number, the first being 0")
}

/// A 0 or 1 for each volume of a run of another length: three or more of them are no numbers of volumes, of which each stands once.
fn refuse_others(path: &Path, rows: &[Vec<usize>], n_volumes: usize) -> Result<()> {
    let mut all = rows.iter().flatten();
    let n = rows.iter().map(Vec::len).sum::<usize>();
    if n_volumes < 3 || n < 3 || all.any(|&value| value > 1) {
        return Ok(());
    }
    let of = match rows.iter().all(|row| row.len() == rows[0].len()) && rows.len() > 1 {
        true => format!("{} lines of 0 and 1", rows.len()),
        false => format!("{n} values, each 0 or 1"),
    };
    Err(Error::bad_data(
        path.display().to_string(),
        format!("has {of}, and the run {n_volumes} volumes"),
        "have a 0 or 1 for each volume of the run, or list volumes by their numbers, each once",
        "it looks like the list of a run of another length: give the one of this run",
    ))
}

fn number(path: &Path, line: usize, word: &str) -> Result<usize> {
    let whole = |value: f64| value >= 0.0 && value.fract() == 0.0 && value < 1e9;
    let number = word.parse::<f64>().ok().filter(|&value| whole(value));
    number.map(|value| value as usize).ok_or_else(|| {
        let shown: String = word.chars().take(20).collect();
        Error::bad_data(
            format!("{}, line {line},", path.display()),
            format!("holds `{shown}`"),
            "hold whole numbers: volumes from 0, or a 0 or 1 for each",
            "give a text file without a header",
        )
    })
}
