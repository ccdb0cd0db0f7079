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

/// From here on a rotation is no noise, radians.
const TURNED_RAD: f64 = 0.05;

/// Translations that are no noise, mm.
const MOVED_MM: f64 = 0.1;

/// How many times a head's rotations, as displacements of its surface, and its translations may exceed each other: radians and degrees
/// are 57 times apart.
const UNLIKE: f64 = 20.0;

/// A head's radius, mm.
const RADIUS_MM: f64 = 50.0;

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
    let doubt = doubt(path, program, &rows)?;
    let doubt = doubt.map(|doubt| format!("{name}, read in {}, {doubt}", program.said()));
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

/// What speaks against the units that a file's name stands for, `rows` in mm and radians.
///
/// # Errors
/// Bad data for rotations beyond a half turn.
fn doubt(path: &Path, program: Program, rows: &[[f64; 6]]) -> Result<Option<String>> {
    let widest = rows.iter().flat_map(|row| &row[3..]).fold(0.0_f64, |most, r| most.max(r.abs()));
    let degrees = widest.to_degrees();
    if widest > std::f64::consts::PI {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("turns by up to {degrees:.0} degrees where it is read in {}", program.said()),
            "hold the motion of a head",
            "are its rotations in other units, or its columns in another order? a table with fMRIPrep's names says which is which",
        ));
    }
    let range = |column: usize| {
        let values = || rows.iter().map(|row| row[column]);
        values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
    };
    let largest = |columns: std::ops::Range<usize>| columns.map(range).fold(0.0_f64, f64::max);
    let (moved_mm, turned) = (largest(0..3), largest(3..6));
    let turned_mm = RADIUS_MM * turned;
    if widest > TOO_FAR_RAD || turned > TURNED_RAD && turned_mm > UNLIKE * moved_mm {
        return Ok(Some(format!(
            "turns by up to {degrees:.0} degrees and moves by {moved_mm:.2} mm: is it that program's file, and are its rotations in \
             radians before it is read?"
        )));
    }
    // Where it is read in degrees: radians would turn too little.
    let too_little = turned > 0.0 && moved_mm > MOVED_MM && UNLIKE * turned_mm < moved_mm;
    Ok((program == Program::Afni && too_little).then(|| {
        format!(
            "turns by no more than {:.4} degrees and moves by {moved_mm:.2} mm: are its rotations in radians?",
            turned.to_degrees()
        )
    }))
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
