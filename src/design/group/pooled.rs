//! A stratum of all maps, with a column a subject and one error.

use ndarray::{Array1, Array2};

use super::asked::Asked;
use super::covariate::Covariate;
use super::factors::Factors;
use super::parts::NOTHING;
use super::request::Request;
use super::stratum::Stratum;
use crate::error::Result;

/// The stratum of a contrast.
pub(super) fn pooled(
    factors: &Factors,
    covariates: &[Covariate],
    asked: &Asked,
    request: &Request<'_>,
) -> Result<Stratum> {
    let n_within = factors.n_within();
    let cells = factors.cell_names();
    let (maps, left_out) = kept(factors, covariates, &cells);
    let with_subjects = n_within > 1;
    let n_subjects = if with_subjects { factors.subjects.len() } else { 0 };
    let (n_cells, n_covariates) = (cells.len(), covariates.len());
    let mut design =
        Array2::from_shape_fn((maps.len(), n_cells + n_covariates + n_subjects), |(at, column)| {
            let (subject, cell, row) = maps[at];
            if column < n_cells {
                f64::from(u8::from(column == cell))
            } else if column < n_cells + n_covariates {
                covariates[column - n_cells].values[row]
            } else {
                f64::from(u8::from(column - n_cells - n_covariates == subject))
            }
        });
    let group: Vec<usize> = maps.iter().map(|&(subject, _, _)| factors.group[subject]).collect();
    for (at, covariate) in covariates.iter().enumerate() {
        let values = design.column(n_cells + at).to_vec();
        let values = covariate.centred(values, &group, request.centre);
        design.column_mut(n_cells + at).assign(&Array1::from(values));
    }
    let mut columns = cells;
    columns.extend(covariates.iter().map(|c| c.name.clone()));
    if with_subjects {
        columns.extend(factors.subjects.iter().map(|s| format!("subject {s}")));
    }
    let n_asked = asked.rows.ncols();
    let weights = Array2::from_shape_fn((asked.rows.nrows(), columns.len()), |(row, column)| {
        if column < n_asked { asked.rows[[row, column]] } else { 0.0 }
    });
    let sums = asked.rows.rows().into_iter().map(|row| row.iter().take(n_cells).sum::<f64>());
    Ok(Stratum {
        name: asked.name.clone(),
        words: asked.words(factors, covariates),
        is_f: asked.is_f,
        subjects: maps.iter().map(|&(s, _, _)| factors.subjects[s].clone()).collect(),
        group,
        groups: factors.between.as_ref().map_or(vec!["mean".to_owned()], |f| f.levels.clone()),
        combined: vec![maps.iter().map(|&(_, _, row)| vec![(row, 1.0)]).collect()],
        combined_words: vec!["each map".to_owned()],
        columns,
        design,
        flips: sums.into_iter().any(|sum| sum.abs() > NOTHING),
        weights,
        blocks: with_subjects.then(|| maps.iter().map(|&(s, _, _)| s).collect()),
        given_blocks: None,
        left_out,
    })
}

/// Subject, cell and row of a map.
type Usable = (usize, usize, usize);

/// The maps that can be used; the others by their subject, with what they lack.
fn kept(
    factors: &Factors,
    covariates: &[Covariate],
    cells: &[String],
) -> (Vec<Usable>, Vec<(String, String)>) {
    let n_within = factors.n_within();
    let mut maps = Vec::new();
    let mut left_out = Vec::new();
    for (subject, rows) in factors.row.iter().enumerate() {
        for (cell, row) in rows.iter().enumerate() {
            let Some(row) = *row else { continue };
            match covariates.iter().find(|c| c.values[row].is_nan()) {
                Some(c) => left_out.push((
                    factors.subjects[subject].clone(),
                    format!(
                        "{} is n/a in {}",
                        c.name,
                        cells[factors.group[subject] * n_within + cell]
                    ),
                )),
                None => maps.push((subject, factors.group[subject] * n_within + cell, row)),
            }
        }
    }
    (maps, left_out)
}
