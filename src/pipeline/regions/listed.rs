//! A table of regions: a row a shape.

use std::path::Path;

use crate::design::similar::{listing, misnamed};
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::spec::{SearchVolume, Shape};
use crate::table::Table;

/// The regions of a table with the columns name, x, y, z (mm) and radius_mm, or name and shape (`tube:...` as on the command line; where
/// a cell of it is n/a the row's sphere counts), and the network of each where it has that column. Other columns are left alone.
///
/// # Errors
/// Missing input; bad data: a column that is missing, a cell that is no number, a name that is empty or given twice.
pub(super) fn read(path: &Path) -> Result<Vec<(SearchVolume, Option<String>)>> {
    let table = io::tsv::read(path)?;
    let spheres = ["x", "y", "z", "radius_mm"].map(|name| table.position(name));
    let (name, shape) = (table.position("name"), table.optional("shape")?);
    let has_spheres = spheres.iter().all(Option::is_some);
    let (Some(name), true) = (name, shape.is_some() || has_spheres) else {
        return Err(Error::bad_data(
            path.display().to_string(),
            format!("has the {}", listing(&table.columns)),
            "have the columns name, x, y, z and radius_mm, or name and shape (sphere:x,y,z:r, box:... or tube:...), in mm",
            misnamed(&["name", "x", "y", "z", "radius_mm"], &table.columns)
                .unwrap_or_else(|| other_kind(&table).unwrap_or("rename the columns").to_owned()),
        ));
    };
    if table.rows.is_empty() {
        let hint = "give a row a region";
        return Err(Error::bad_data(path.display().to_string(), "has no row", "have one", hint));
    }
    let network = table.optional("network")?;
    let row = |(at, cells): (usize, &Vec<String>)| {
        let wrong = |found: String, expected: &str| {
            let thing = format!("{}, line {},", path.display(), at + 2);
            Error::bad_data(thing, found, expected, "")
        };
        let called = cells[name].trim();
        if !is_given(called) || !called.chars().any(|c| c.is_ascii_alphanumeric()) {
            let expected = "name its region, with a letter of a to z or a digit";
            return Err(wrong(format!("has the name '{called}'"), expected));
        }
        let spelled = shape.map(|shape| cells[shape].trim()).filter(|cell| is_given(cell));
        let shape = match (spelled, has_spheres) {
            (Some(text), _) => text
                .parse()
                .ok()
                .filter(|shape| !matches!(shape, Shape::Mask(_)))
                .ok_or_else(|| {
                let forms = "hold sphere:x,y,z:r, box:x,y,z:a,b,c or tube:x,y,z:x,y,z:inner,outer (mm); a mask is given by itself, as NAME=MASK";
                wrong(format!("holds '{text}' in column 'shape'"), forms)
            })?,
            (None, true) => sphere(&table, spheres.map(Option::unwrap_or_default), cells, &wrong)?,
            (None, false) => return Err(wrong("has no shape".to_owned(), "have one")),
        };
        let network = network.map(|at| cells[at].trim()).filter(|cell| is_given(cell));
        Ok((SearchVolume { name: called.to_owned(), shape }, network.map(str::to_owned)))
    };
    table.rows.iter().enumerate().map(row).collect()
}

/// What a table of another kind is for, by its columns.
fn other_kind(table: &Table) -> Option<&'static str> {
    let has = |name: &str| table.position(name).is_some();
    let of_confounds = ["trans_", "rot_", "a_comp_cor_", "framewise_displacement", "global_signal"];
    let is_confound = |name: &String| of_confounds.iter().any(|start| name.starts_with(start));
    if table.columns.iter().any(is_confound) {
        return Some("it looks like a table of confounds, which --confounds takes");
    }
    if has("onset") && has("duration") {
        return Some("it looks like events, which are no regions");
    }
    if has("index") && has("name") {
        return Some(
            "it looks like the names of an atlas's labels: give the atlas, and this as its names (--labels; of boldly group --atlas-names)",
        );
    }
    None
}

/// Whether a cell holds something.
pub(super) fn is_given(cell: &str) -> bool {
    !cell.is_empty() && cell != "n/a"
}

fn sphere(
    table: &Table,
    columns: [usize; 4],
    cells: &[String],
    wrong: &dyn Fn(String, &str) -> Error,
) -> Result<Shape> {
    let mut numbers = [0.0; 4];
    for (number, at) in numbers.iter_mut().zip(columns) {
        let (cell, column) = (cells[at].trim(), &table.columns[at]);
        let parsed = cell.parse().ok().filter(|x: &f64| x.is_finite());
        let parsed = parsed.filter(|x| column != "radius_mm" || *x > 0.0);
        *number = parsed.ok_or_else(|| {
            let expected = match column.as_str() {
                "radius_mm" => "hold a radius above 0 in mm",
                _ => "hold a coordinate in mm",
            };
            wrong(format!("holds '{cell}' in column '{column}'"), expected)
        })?;
    }
    let [x, y, z, radius] = numbers;
    Ok(Shape::Sphere { centre: [x, y, z], radius })
}
