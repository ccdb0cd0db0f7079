//! Motion parameters of FSL, SPM and AFNI: text without a header, told apart by name, as a table with fMRIPrep's columns: mm and
//! radians. Sources: MCFLIRT's and spm_realign's documented outputs, 3dvolreg's help (-1Dfile, -dfile).
//!
//! | file | columns | rotations |
//! | --- | --- | --- |
//! | FSL `.par` | rotations about x, y, z, then translations | radians |
//! | SPM `rp_*.txt` | translations x, y, z, then pitch, roll, yaw: about x, y, z | radians |
//! | AFNI `.1D` | roll, pitch, yaw: about z (I-S), x (R-L), y (A-P); dS, dL, dP: along z, x, y | degrees |
//!
//! Each keeps its program's signs: only changes and squares of them are used here.

use std::path::Path;

use super::{files, tsv};
use crate::error::{Error, Result};
use crate::table::Table;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Fsl,
    Spm,
    Afni,
}

/// Rotations in radians that no head makes in a scanner, though in degrees it would.
const TOO_FAR_RAD: f64 = 0.5;

impl Program {
    fn of(path: &Path) -> Option<Program> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        match name {
            _ if name.ends_with(".par") => Some(Program::Fsl),
            _ if name.starts_with("rp_") && name.ends_with(".txt") => Some(Program::Spm),
            _ if name.ends_with(".1d") => Some(Program::Afni),
            _ => None,
        }
    }

    fn said(self) -> &'static str {
        match self {
            Program::Fsl => "FSL's order: rotations in radians, then translations in mm",
            Program::Spm => "SPM's order: translations in mm, then rotations in radians",
            Program::Afni => "AFNI's order: roll, pitch, yaw in degrees, then dS, dL, dP in mm",
        }
    }

    /// trans_x, trans_y, trans_z, rot_x, rot_y, rot_z of a row of six.
    fn parameters(self, row: &[f64]) -> [f64; 6] {
        let at = |order: [usize; 6]| order.map(|column| row[column]);
        match self {
            Program::Fsl => at([3, 4, 5, 0, 1, 2]),
            Program::Spm => at([0, 1, 2, 3, 4, 5]),
            Program::Afni => {
                let [x, y, z, a, b, c] = at([4, 5, 3, 1, 2, 0]);
                [x, y, z, a.to_radians(), b.to_radians(), c.to_radians()]
            }
        }
    }
}

/// A table of confounds: a BIDS table, or one made of a motion file.
#[derive(Debug)]
pub struct Confounds {
    /// Its columns.
    pub table: Table,
    /// What a motion file was taken for.
    pub note: Option<String>,
    /// What speaks against that.
    pub doubt: Option<String>,
}

/// Reads a table of confounds.
///
/// # Errors
/// As [`tsv::read`]; bad data for a motion file whose rows are not of six numbers (of AFNI also nine: -dfile).
pub fn read_confounds(path: &Path) -> Result<Confounds> {
    let Some(program) = Program::of(path) else {
        return Ok(Confounds { table: tsv::read(path)?, note: None, doubt: None });
    };
    let text = files::read_text(path)?;
    if text.lines().next().is_some_and(|first| first.contains("trans_x")) {
        return Ok(Confounds { table: tsv::read(path)?, note: None, doubt: None });
    }
    let mut rows: Vec<[f64; 6]> = Vec::new();
    for (line, text) in tsv::rows(&text) {
        if text.trim().is_empty() || text.trim_start().starts_with('#') {
            continue;
        }
        let numbers = numbers(path, line, text)?;
        let row = match (program, numbers.len()) {
            (_, 6) => &numbers[..],
            (Program::Afni, 9) => &numbers[1..7],
            (_, n) => return Err(other_than_six(path, line, n)),
        };
        rows.push(program.parameters(row));
    }
    if rows.is_empty() {
        return Err(Error::bad_data(
            path.display().to_string(),
            "holds no numbers",
            "have a row of six for each volume",
            "check how it was made",
        ));
    }
    let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let widest = rows.iter().flat_map(|row| &row[3..]).fold(0.0_f64, |most, r| most.max(r.abs()));
    let doubt = (widest > TOO_FAR_RAD).then(|| {
        format!(
            "{name}, read in {}, turns by up to {:.0} degrees: is it that program's file?",
            program.said(),
            widest.to_degrees()
        )
    });
    let cells = |row: [f64; 6]| row.iter().map(f64::to_string).collect();
    Ok(Confounds {
        note: Some(format!("{name}: motion in {}", program.said())),
        doubt,
        table: Table {
            name,
            columns: ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]
                .map(str::to_owned)
                .to_vec(),
            rows: rows.into_iter().map(cells).collect(),
        },
    })
}

fn numbers(path: &Path, line: usize, text: &str) -> Result<Vec<f64>> {
    let number = |word: &str| {
        word.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| {
            let shown: String = word.chars().take(20).collect();
            Error::bad_data(
                format!("{}, line {line},", path.display()),
                format!("holds `{shown}`"),
                "hold numbers, separated by blanks",
                "a table with named columns is a .tsv",
            )
        })
    };
    text.split_whitespace().map(number).collect()
}

fn other_than_six(path: &Path, line: usize, n: usize) -> Error {
    Error::bad_data(
        format!("{}, line {line},", path.display()),
        format!("holds {n} numbers"),
        "hold the six of a rigid motion (of AFNI's -dfile nine)",
        "other columns come in a table with a header, tabs between them",
    )
}
