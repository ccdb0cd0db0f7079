//! A stratum whose error is that of the contrast itself.

use ndarray::{Array2, Axis};

use super::asked::Asked;
use super::covariate::{Covariate, enter};
use super::factors::Factors;
use super::parts::{NOTHING, Parts};
use super::request::Request;
use super::stratum::{Combination, Stratum};
use super::sum::sum;
use crate::error::{Error, Result};

/// The stratum of a contrast.
///
/// # Errors
/// Usage where its weights do not factor, or a covariate cannot be combined.
pub(super) fn partitioned(
    factors: &Factors,
    covariates: &[Covariate],
    asked: &Asked,
    request: &Request<'_>,
) -> Result<Stratum> {
    let Some(Parts { within, between }) = Parts::of(asked, factors) else {
        return Err(Error::usage(
            format!("contrast '{}'", asked.name),
            "compares different cells in different groups",
            "be the same combination of each subject's maps, then compared over groups, for its error is that of the combination",
            "split it into contrasts that are, or give --error pooled, with one error for all maps",
        ));
    };
    let n_within = factors.n_within();
    let weighs = |at: usize| asked.rows.column(at).iter().any(|w| w.abs() > NOTHING);
    if let (true, Some(at)) = (
        within.len() > 1,
        (factors.n_groups() * n_within..asked.rows.ncols()).find(|&at| weighs(at)),
    ) {
        let name = &covariates[at - factors.n_groups() * n_within].name;
        return Err(Error::usage(
            format!("contrast '{}'", asked.name),
            format!("weighs covariate '{name}' beside several combinations of each subject's maps"),
            "be of maps, or of covariates",
            "split it into two contrasts",
        ));
    }
    let needed: Vec<usize> =
        (0..n_within).filter(|&cell| within.iter().any(|w| w[cell].abs() > NOTHING)).collect();
    let mut kept = Vec::new();
    let mut left_out = Vec::new();
    for (at, subject) in factors.subjects.iter().enumerate() {
        let empty = needed.iter().find(|&&cell| factors.row[at][cell].is_none());
        let unknown = covariates.iter().find(|c| {
            needed
                .iter()
                .filter_map(|&cell| factors.row[at][cell])
                .any(|row| c.values[row].is_nan())
        });
        match (empty, unknown) {
            (Some(&cell), _) => {
                let names = factors.cell_names();
                let cell = &names[factors.group[at] * n_within + cell];
                left_out.push((subject.clone(), format!("no map of {cell}")));
            }
            (_, Some(c)) => left_out.push((subject.clone(), format!("{} is n/a", c.name))),
            _ => kept.push(at),
        }
    }
    let rows: Vec<Vec<usize>> = kept
        .iter()
        .map(|&at| needed.iter().filter_map(|&cell| factors.row[at][cell]).collect())
        .collect();
    let combined = within
        .iter()
        .map(|w| {
            let of = |rows: &Vec<usize>| {
                let weighed = rows.iter().zip(&needed).map(|(&row, &cell)| (row, w[cell]));
                weighed.filter(|(_, w)| w.abs() > NOTHING).collect::<Combination>()
            };
            rows.iter().map(of).collect::<Vec<_>>()
        })
        .collect::<Vec<_>>();
    let group: Vec<usize> = kept.iter().map(|&at| factors.group[at]).collect();
    let groups = factors.between.as_ref().map_or(vec!["mean".to_owned()], |f| f.levels.clone());
    let of_groups = Array2::from_shape_fn((kept.len(), groups.len()), |(row, g)| {
        f64::from(u8::from(group[row] == g))
    });
    let (mut columns, mut design) = (groups.clone(), of_groups);
    let mut weights = between.clone();
    for (at, covariate) in covariates.iter().enumerate() {
        let values = enter(covariate, &rows, &combined, &asked.name)?;
        if covariate.is_order && values.iter().all(|v| v.abs() < NOTHING) {
            continue;
        }
        let values = covariate.centred(values, &group, request.centre);
        columns.push(covariate.name.clone());
        let column = Array2::from_shape_fn((values.len(), 1), |(row, _)| values[row]);
        design = ndarray::concatenate![Axis(1), design, column];
        let n_cells = factors.n_groups() * n_within;
        let of_covariate = Array2::from_shape_fn((weights.nrows(), 1), |(row, _)| {
            let all = &asked.rows;
            if row < all.nrows() && n_cells + at < all.ncols() {
                all[[row, n_cells + at]]
            } else {
                0.0
            }
        });
        weights = ndarray::concatenate![Axis(1), weights, of_covariate];
    }
    let flips = (0..between.nrows()).any(|row| between.row(row).sum().abs() > NOTHING);
    let cells_within: Vec<String> = (0..n_within)
        .map(|cell| {
            let levels = factors.levels_of(cell);
            let names = factors.within.iter().zip(levels).map(|(f, l)| f.levels[l].clone());
            names.collect::<Vec<_>>().join(":")
        })
        .collect();
    Ok(Stratum {
        name: asked.name.clone(),
        words: asked.words(factors, covariates),
        is_f: asked.is_f,
        subjects: kept.iter().map(|&at| factors.subjects[at].clone()).collect(),
        group,
        groups,
        combined_words: match n_within {
            1 => vec![String::new()],
            _ => within.iter().map(|w| sum(w.view(), &cells_within)).collect(),
        },
        combined,
        columns,
        design,
        weights,
        flips,
        blocks: None,
        given_blocks: None,
        left_out,
    })
}
