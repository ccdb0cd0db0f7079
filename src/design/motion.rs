//! Head motion in a table of confounds: its six parameters, what is made of columns (derivatives and squares), and framewise
//! displacement.
//!
//! Derivative: backward difference, n/a in the first row, as fMRIPrep. Framewise displacement of volume t (Power 2012): the sum of
//! |change since t - 1| of the three translations, mm, and of the three rotations, radians, times 50 mm, a head's radius.

use super::number;
use crate::error::Result;
use crate::table::Table;

/// Translations in mm along x, y, z; rotations in radians about them.
pub const PARAMETERS: [&str; 6] = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"];

/// Radius of the sphere on which rotations become displacements, mm.
pub const RADIUS_MM: f64 = 50.0;

/// fMRIPrep's column of it.
pub const FRAMEWISE_DISPLACEMENT: &str = "framewise_displacement";

/// What makes a column of another.
const MADE: [&str; 3] = ["_derivative1_power2", "_derivative1", "_power2"];

/// The column that a name says it is made of: `trans_x` of `trans_x_derivative1`.
#[must_use]
pub fn base(name: &str) -> Option<&str> {
    MADE.iter().find_map(|suffix| name.strip_suffix(suffix)).filter(|base| !base.is_empty())
}

/// Whether a column of this name is a derivative or its square, which the first row cannot have.
#[must_use]
pub fn is_derivative(name: &str) -> bool {
    name.ends_with("_derivative1") || name.ends_with("_derivative1_power2")
}

/// Derivatives and squares that are asked for, and that no table has, become columns of the table that has what they are made
/// of; gives back their names. A pattern (`trans_*_power2`) asks for those of every column that its beginning matches.
///
/// # Errors
/// Bad data for a cell that is no number.
pub fn make(tables: &mut [Table], asked: &[String]) -> Result<Vec<String>> {
    let mut made = Vec::new();
    let asked = asked.iter().flat_map(|name| name.split(',')).map(str::trim);
    for name in asked {
        let has = |tables: &[Table], name: &str| tables.iter().any(|t| t.position(name).is_some());
        let glob = glob::Pattern::new(name).ok();
        let matches = |column: &String| glob.as_ref().is_some_and(|glob| glob.matches(column));
        let Some(base) = base(name).filter(|_| !has(tables, name)) else { continue };
        if tables.iter().flat_map(|t| &t.columns).any(matches) {
            continue;
        }
        let suffix = &name[base.len()..];
        let of = glob::Pattern::new(base).ok();
        for table in tables.iter_mut() {
            let is_base = |column: &String| {
                column == base || of.as_ref().is_some_and(|of| of.matches(column))
            };
            let bases: Vec<usize> =
                (0..table.columns.len()).filter(|&at| is_base(&table.columns[at])).collect();
            for at in bases {
                let name = format!("{}{suffix}", table.columns[at]);
                if table.position(&name).is_none() {
                    append(table, at, suffix, name.clone())?;
                    made.push(name);
                }
            }
        }
    }
    Ok(made)
}

/// A column more, made of the one at `at`.
fn append(table: &mut Table, at: usize, suffix: &str, name: String) -> Result<()> {
    let mut values = column(table, at)?;
    if suffix.starts_with("_derivative1") {
        values = differences(&values);
    }
    if suffix.ends_with("_power2") {
        values.iter_mut().for_each(|value| *value = value.map(|value| value * value));
    }
    let text = |value: &Option<f64>| value.map_or("n/a".to_owned(), |value| value.to_string());
    table.rows.iter_mut().zip(&values).for_each(|(row, value)| row.push(text(value)));
    table.columns.push(name);
    Ok(())
}

/// A column's numbers, none where a cell is n/a.
pub(super) fn column(table: &Table, at: usize) -> Result<Vec<Option<f64>>> {
    (0..table.rows.len()).map(|row| number::cell(table, row, at)).collect()
}

/// Each value less the one before it.
fn differences(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let before = std::iter::once(None).chain(values.iter().copied());
    values.iter().zip(before).map(|(&now, before)| Some(now? - before?)).collect()
}

/// The first table that has the six parameters, and their columns in the order of [`PARAMETERS`].
pub(super) fn place(tables: &[Table]) -> Option<(&Table, Vec<usize>)> {
    tables.iter().find_map(|table| {
        let columns: Option<_> = PARAMETERS.iter().map(|name| table.position(name)).collect();
        Some((table, columns?))
    })
}

/// Framewise displacement in mm, `[volume]`, and whether it was computed; 0 where it is not known, as of the first volume. The column
/// of a table that has one with values, else of the table that has the six parameters; none where there is neither.
///
/// # Errors
/// Bad data for a cell that is no number.
pub fn framewise_displacement(tables: &[Table]) -> Result<Option<(Vec<f64>, bool)>> {
    if let Some(given) = find(tables, FRAMEWISE_DISPLACEMENT)? {
        return Ok(Some((given, false)));
    }
    if let Some((table, at)) = place(tables) {
        let mut sum = vec![0.0; table.rows.len()];
        for (parameter, at) in at.into_iter().enumerate() {
            let scale = if parameter < 3 { 1.0 } else { RADIUS_MM };
            let changes = differences(&column(table, at)?);
            sum.iter_mut().zip(changes).for_each(|(sum, change)| {
                *sum += change.map_or(0.0, |change| scale * change.abs());
            });
        }
        return Ok(Some((sum, true)));
    }
    Ok(None)
}

/// Volumes but the first whose framewise displacement is not known, from 0, ascending: it is n/a, or, where it is computed, some parameter is there or
/// just before.
///
/// # Errors
/// Bad data for a cell that is no number.
pub fn unknown_displacement(tables: &[Table]) -> Result<Vec<usize>> {
    let is_given = find(tables, FRAMEWISE_DISPLACEMENT)?.is_some();
    let given = || {
        tables.iter().find_map(|table| Some((table, vec![table.position(FRAMEWISE_DISPLACEMENT)?])))
    };
    let Some((table, columns)) = (if is_given { given() } else { place(tables) }) else {
        return Ok(Vec::new());
    };
    let mut unknown = vec![false; table.rows.len()];
    for at in columns {
        let mut values = column(table, at)?;
        if !is_given {
            values = differences(&values);
        }
        unknown.iter_mut().zip(&values).for_each(|(unknown, value)| *unknown |= value.is_none());
    }
    Ok((1..unknown.len()).filter(|&volume| unknown[volume]).collect())
}

/// The six parameters in the order of [`PARAMETERS`], NaN where one is n/a, `[parameter][volume]`; none where no table has them all.
///
/// # Errors
/// Bad data for a cell that is no number.
pub fn parameters(tables: &[Table]) -> Result<Option<[Vec<f64>; 6]>> {
    let Some((table, columns)) = place(tables) else { return Ok(None) };
    let mut all: [Vec<f64>; 6] = Default::default();
    for (values, at) in all.iter_mut().zip(columns) {
        *values = column(table, at)?.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
    }
    Ok(Some(all))
}

/// A column by name, 0 where it is n/a; none where no table has it, or it holds no value.
///
/// # Errors
/// Bad data for a cell that is no number.
pub fn find(tables: &[Table], name: &str) -> Result<Option<Vec<f64>>> {
    let found = tables.iter().find_map(|table| Some((table, table.position(name)?)));
    let Some((table, at)) = found else { return Ok(None) };
    let values = column(table, at)?;
    let has_values = values.iter().any(Option::is_some);
    Ok(has_values.then(|| values.into_iter().map(|value| value.unwrap_or(0.0)).collect()))
}

/// Cells that are n/a in the first row take the second row's, as nilearn does for derivatives; gives back the columns concerned.
pub fn fill_first_row(tables: &mut [Table], names: &[String]) -> Vec<String> {
    let mut filled = Vec::new();
    for table in tables {
        let Table { columns, rows, .. } = table;
        let [first, second, ..] = &mut rows[..] else { continue };
        for (at, name) in columns.iter().enumerate() {
            let (Some(cell), Some(next)) = (first.get_mut(at), second.get(at)) else { continue };
            if names.contains(name) && number::is_missing(cell) {
                cell.clone_from(next);
                filled.push(name.clone());
            }
        }
    }
    filled
}
