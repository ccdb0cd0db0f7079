//! A stratum whose error is that of the contrast itself.

use ndarray::{Array1, Array2, Axis};

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
    refuse_mixture(factors, covariates, asked, within.len())?;
    let needed: Vec<usize> =
        (0..n_within).filter(|&cell| within.iter().any(|w| w[cell].abs() > NOTHING)).collect();
    let (kept, left_out) = who(factors, covariates, &needed);
    let rows: Vec<Vec<usize>> = kept
        .iter()
        .map(|&at| needed.iter().filter_map(|&cell| factors.row[at][cell]).collect())
        .collect();
    let combined: Vec<Vec<Combination>> =
        within.iter().map(|w| combination(w, &rows, &needed)).collect();
    let group: Vec<usize> = kept.iter().map(|&at| factors.group[at]).collect();
    let groups = factors.between.as_ref().map_or(vec!["mean".to_owned()], |f| f.levels.clone());
    let flips = (0..between.nrows()).any(|row| between.row(row).sum().abs() > NOTHING);
    let mut columns = Columns::of_groups(&groups, &group, between);
    for (at, covariate) in covariates.iter().enumerate() {
        let values = enter(covariate, &rows, &combined, &asked.name)?;
        if covariate.is_order && values.iter().all(|v| v.abs() < NOTHING) {
            continue;
        }
        let values = covariate.centred(values, &group, request.centre);
        let place = factors.n_groups() * n_within + at;
        columns.add(&covariate.name, values, |row| {
            asked.rows.get([row, place]).copied().unwrap_or(0.0)
        });
    }
    Ok(Stratum {
        name: asked.name.clone(),
        words: asked.words(factors, covariates),
        is_f: asked.is_f,
        subjects: kept.iter().map(|&at| factors.subjects[at].clone()).collect(),
        group,
        groups,
        combined_words: match n_within {
            1 => vec![String::new()],
            _ => within.iter().map(|w| sum(w.view(), &factors.names_within())).collect(),
        },
        combined,
        columns: columns.names,
        design: columns.design,
        weights: columns.weights,
        flips,
        blocks: None,
        given_blocks: None,
        left_out,
    })
}

/// Each subject's maps, weighed; `rows`: of the table, of the cells that are needed.
fn combination(weights: &Array1<f64>, rows: &[Vec<usize>], needed: &[usize]) -> Vec<Combination> {
    let of = |rows: &Vec<usize>| {
        let weighed = rows.iter().zip(needed).map(|(&row, &cell)| (row, weights[cell]));
        weighed.filter(|(_, w)| w.abs() > NOTHING).collect::<Combination>()
    };
    rows.iter().map(of).collect()
}

/// A covariate is weighed beside one combination of a subject's maps alone.
fn refuse_mixture(
    factors: &Factors,
    covariates: &[Covariate],
    asked: &Asked,
    n_combined: usize,
) -> Result<()> {
    let n_cells = factors.n_groups() * factors.n_within();
    let weighs = |at: &usize| asked.rows.column(*at).iter().any(|w| w.abs() > NOTHING);
    match (n_cells..asked.rows.ncols()).find(weighs).filter(|_| n_combined > 1) {
        None => Ok(()),
        Some(at) => Err(Error::usage(
            format!("contrast '{}'", asked.name),
            format!(
                "weighs covariate '{}' beside several combinations of each subject's maps",
                covariates[at - n_cells].name
            ),
            "be of maps, or of covariates",
            "split it into two contrasts",
        )),
    }
}

/// The subjects, by their places, who have all that is needed; the others by name, with what they lack.
fn who(
    factors: &Factors,
    covariates: &[Covariate],
    needed: &[usize],
) -> (Vec<usize>, Vec<(String, String)>) {
    let mut kept = Vec::new();
    let mut left_out = Vec::new();
    for (at, subject) in factors.subjects.iter().enumerate() {
        let row = |cell: &usize| factors.row[at][*cell];
        let empty = needed.iter().find(|cell| row(cell).is_none());
        let is_unknown =
            |c: &&Covariate| needed.iter().filter_map(row).any(|row| c.values[row].is_nan());
        match (empty, covariates.iter().find(is_unknown)) {
            (Some(cell), _) => {
                let names = factors.cell_names();
                let cell = &names[factors.group[at] * factors.n_within() + cell];
                left_out.push((subject.clone(), format!("no map of {cell}")));
            }
            (_, Some(c)) => left_out.push((subject.clone(), format!("{} is n/a", c.name))),
            _ => kept.push(at),
        }
    }
    (kept, left_out)
}

/// A design with its contrast, as it grows.
struct Columns {
    names: Vec<String>,
    /// `[subject][column]`
    design: Array2<f64>,
    /// `[row][column]`
    weights: Array2<f64>,
}

impl Columns {
    /// A column a group.
    fn of_groups(groups: &[String], group: &[usize], weights: Array2<f64>) -> Columns {
        let design = Array2::from_shape_fn((group.len(), groups.len()), |(row, g)| {
            f64::from(u8::from(group[row] == g))
        });
        Columns { names: groups.to_vec(), design, weights }
    }

    /// One more, with its weight in each row of the contrast.
    fn add(&mut self, name: &str, values: Vec<f64>, weight: impl Fn(usize) -> f64) {
        let more = |to: &Array2<f64>, column: Vec<f64>| {
            let column = Array1::from(column).insert_axis(Axis(1));
            ndarray::concatenate![Axis(1), *to, column]
        };
        self.names.push(name.to_owned());
        self.design = more(&self.design, values);
        self.weights = more(&self.weights, (0..self.weights.nrows()).map(weight).collect());
    }
}
