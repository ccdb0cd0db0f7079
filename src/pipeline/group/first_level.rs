//! Degrees of freedom of the subjects' own estimates: the table's column dof, else those that a variance's sidecar says.
//!
//! They enter no formula: restricted maximum likelihood takes first-level variances for known, as the first stage of FLAME and meta-regressions do, and t has
//! the n - p degrees of freedom of the subjects. What they tell is how far that may be believed: a variance of nu degrees of freedom is known to sqrt(2 / nu) of
//! itself.

use std::path::PathBuf;

use serde_json::Value;

use crate::design::group::Sample;
use crate::error::{Error, Result};
use crate::io::sidecar::Beside;
use crate::maps::told;
use crate::pipeline::inputs::display;
use crate::pipeline::watch::Watch;

const COLUMN: &str = "dof";
/// With fewer a variance is not known to a quarter of itself.
const FEW: f64 = 32.0;
/// What a table may be off by from a sidecar: whoever wrote it may have rounded.
const ROUNDED: f64 = 0.51;

/// The column dof, `[row of the table]`, NaN where a cell is n/a; none without it.
///
/// # Errors
/// Bad data: what is no number above 0.
pub(super) fn given(sample: &Sample) -> Result<Option<Vec<f64>>> {
    if sample.table.position(COLUMN).is_none() {
        return Ok(None);
    }
    let number = |(row, cell): (usize, Option<String>)| {
        let Some(text) = cell else { return Ok(f64::NAN) };
        text.parse().ok().filter(|dof: &f64| dof.is_finite() && *dof > 0.0).ok_or_else(|| {
            Error::bad_data(
                format!("{}, {},", sample.table.name, sample.line(row)),
                format!("holds '{text}' in column '{COLUMN}'"),
                "hold the degrees of freedom of the map's first level, a number above 0, or n/a",
                "leave the column out where they are not known: they enter no formula",
            )
        })
    };
    let all = sample.texts(COLUMN)?.into_iter().enumerate().map(number);
    all.collect::<Result<Vec<f64>>>().map(Some)
}

/// Say where variances that are taken for known are not, and where the table and a sidecar differ. `rows`: those that are read, of `paths`, the variances, with what their
/// sidecars say.
///
/// # Errors
/// As [`given`].
pub(super) fn tell(
    sample: &Sample,
    (rows, said): (&[usize], &[Beside]),
    paths: &[PathBuf],
    watch: &dyn Watch,
) -> Result<()> {
    let given = given(sample)?;
    let (mut unlike, mut few): (Vec<String>, Vec<(f64, String)>) = (Vec::new(), Vec::new());
    for (&row, said) in rows.iter().zip(said) {
        let path = &paths[row];
        let said = said.fields.get("DegreesOfFreedom").and_then(Value::as_f64);
        let own = given.as_ref().map(|all| all[row]).filter(|dof| !dof.is_nan());
        if let (Some(own), Some(said)) = (own, said)
            && (own - said).abs() > ROUNDED
        {
            let [own, said] = [own, said].map(told);
            unlike.push(format!("{}: {own}, its sidecar {said}", display(path)));
        }
        few.extend(own.or(said).filter(|dof| *dof < FEW).map(|dof| (dof, display(path))));
    }
    if let Some(first) = unlike.first() {
        watch.warn(&format!(
            "column {COLUMN}: {} of {} variances have other degrees of freedom by their sidecars ({first}); is each row's variance its own?",
            unlike.len(),
            rows.len()
        ));
    }
    if let Some((least, path)) = few.iter().min_by(|a, b| a.0.total_cmp(&b.0)) {
        watch.warn(&format!(
            "{} of {} variances have fewer than {FEW} degrees of freedom (least {}, {path}, a variance known to {:.0} %); --variance mixed takes them for known",
            few.len(),
            rows.len(),
            told(*least),
            100.0 * (2.0 / least).sqrt()
        ));
    }
    Ok(())
}
