//! The contrasts over cells and covariates: those that are asked for, and those that a model is there for.

use ndarray::{Array2, s};

use super::covariate::Covariate;
use super::factors::{Factor, Factors};
use super::model::Model;
use super::request::Request;
use super::sum::sum;
use crate::design::contrast::{Columns, parse_f_of, parse_named, parse_t_of};
use crate::error::Result;

/// A contrast over cells and covariates.
pub(super) struct Asked {
    pub name: String,
    pub is_f: bool,
    /// `[row][cell, then covariate]`
    pub rows: Array2<f64>,
}

/// The contrasts that are asked for, or the model's own.
pub(super) fn asked(
    factors: &Factors,
    covariates: &[Covariate],
    request: &Request<'_>,
) -> Result<Vec<Asked>> {
    let own = own(factors, covariates, request.model);
    if request.contrasts.is_empty() && request.f_contrasts.is_empty() {
        return Ok(own);
    }
    let mut names = factors.cell_names();
    let n_task = names.len();
    names.extend(covariates.iter().map(|c| c.name.clone()));
    let n_own = names.len();
    let marginals: Vec<(String, Vec<usize>)> =
        factors.marginals().into_iter().filter(|(name, _)| !names.contains(name)).collect();
    names.extend(marginals.iter().map(|(name, _)| name.clone()));
    let columns = Columns { n_task, ..Columns::named(&names) };
    let mut all = Vec::new();
    let texts = request.contrasts.iter().map(|text| (text, false));
    for (text, is_f) in texts.chain(request.f_contrasts.iter().map(|text| (text, true))) {
        if let Some(own) = own.iter().find(|own| own.name == *text && (own.is_f || !is_f)) {
            all.push(Asked { name: own.name.clone(), is_f: own.is_f, rows: own.rows.clone() });
            continue;
        }
        let named = parse_named(text)?;
        let of_model = own.iter().find(|own| own.name == named.expression);
        if let Some(own) = of_model.filter(|own| own.is_f || !is_f) {
            all.push(Asked { name: named.name, is_f: own.is_f, rows: own.rows.clone() });
            continue;
        }
        let rows = match is_f {
            true => parse_f_of(&named.expression, &columns)?,
            false => parse_t_of(&named.expression, &columns)?.insert_axis(ndarray::Axis(0)),
        };
        all.push(Asked { name: named.name, is_f, rows: over_cells(&rows, n_own, &marginals) });
    }
    Ok(all)
}

/// Weights of marginal means, which stand last, handed to the cells that they are means of.
fn over_cells(rows: &Array2<f64>, n_own: usize, marginals: &[(String, Vec<usize>)]) -> Array2<f64> {
    let mut own = rows.slice(s![.., ..n_own]).to_owned();
    for (at, (_, cells)) in marginals.iter().enumerate() {
        for (row, mut weights) in own.rows_mut().into_iter().enumerate() {
            cells
                .iter()
                .for_each(|&cell| weights[cell] += rows[[row, n_own + at]] / cells.len() as f64);
        }
    }
    own
}

/// The contrasts that a model is there for.
fn own(factors: &Factors, covariates: &[Covariate], model: &Model) -> Vec<Asked> {
    let (n_groups, n_within) = (factors.n_groups(), factors.n_within());
    let n_cells = n_groups * n_within;
    let one = |name: String, weights: &dyn Fn(usize, &[usize]) -> f64| {
        let rows = Array2::from_shape_fn((1, n_cells + covariates.len()), |(_, at)| {
            if at < n_cells {
                weights(at / n_within, &factors.levels_of(at % n_within))
            } else {
                0.0
            }
        });
        Asked { name, is_f: false, rows }
    };
    // Where a model compares no groups, it is about their mean.
    let share = 1.0 / n_groups as f64;
    // Of two groups the first minus the second, of two times the second minus the first.
    let first_minus_second = |level: usize| if level == 0 { 1.0 } else { -1.0 };
    let second_minus_first = |level: usize| -first_minus_second(level);
    let difference = |factor: &Factor, swap: bool| {
        let [a, b] = if swap { [1, 0] } else { [0, 1] };
        format!("{} - {}", factor.levels[a], factor.levels[b])
    };
    match model {
        Model::OneSample => vec![one("mean".to_owned(), &|_, _| share)],
        Model::Paired => {
            let name = difference(&factors.within[0], true);
            vec![one(name, &|_, levels| share * second_minus_first(levels[0]))]
        }
        Model::TwoSample | Model::Ancova => match &factors.between {
            Some(factor) => {
                let name = difference(factor, false);
                vec![one(name, &|group, _| first_minus_second(group))]
            }
            None => Vec::new(),
        },
        Model::Mixed2x2 => match &factors.between {
            Some(between) => vec![
                one("interaction".to_owned(), &|group, levels| {
                    first_minus_second(group) * second_minus_first(levels[0])
                }),
                one(between.column.clone(), &|group, _| first_minus_second(group) / 2.0),
                one(factors.within[0].column.clone(), &|_, levels| {
                    second_minus_first(levels[0]) / 2.0
                }),
            ],
            None => Vec::new(),
        },
        Model::Within2x2 => vec![
            one("interaction".to_owned(), &|_, levels| {
                share * first_minus_second(levels[0]) * first_minus_second(levels[1])
            }),
            one(factors.within[0].column.clone(), &|_, levels| {
                share * first_minus_second(levels[0]) / 2.0
            }),
            one(factors.within[1].column.clone(), &|_, levels| {
                share * first_minus_second(levels[1]) / 2.0
            }),
        ],
        Model::OneWayRm | Model::TwoWayRm => effects(factors, covariates.len()),
        Model::Regression => {
            let slope = |(at, c): (usize, &Covariate)| {
                let mut asked = one(c.name.clone(), &|_, _| 0.0);
                asked.rows[[0, n_cells + at]] = 1.0;
                asked
            };
            covariates.iter().enumerate().map(slope).collect()
        }
        Model::Formula(_) | Model::Matrix(_) => Vec::new(),
    }
}

/// F of each factor within subjects, and of their interaction.
fn effects(factors: &Factors, n_covariates: usize) -> Vec<Asked> {
    let n_within = factors.n_within();
    let (n_groups, n_factors) = (factors.n_groups(), factors.within.len());
    let mut all = Vec::new();
    for set in 1..1_usize << n_factors {
        let of: Vec<usize> = (0..n_factors).filter(|f| set >> f & 1 == 1).collect();
        let n_rows: usize = of.iter().map(|&f| factors.within[f].levels.len() - 1).product();
        // A row: of each factor one level against the first; of the others the mean, and of the groups.
        let rows =
            Array2::from_shape_fn((n_rows, n_groups * n_within + n_covariates), |(row, at)| {
                if at >= n_groups * n_within {
                    return 0.0;
                }
                let (mut rest, levels) = (row, factors.levels_of(at % n_within));
                let mut weight = 1.0 / n_groups as f64;
                for (f, factor) in factors.within.iter().enumerate() {
                    let n_levels = factor.levels.len();
                    if of.contains(&f) {
                        let against = 1 + rest % (n_levels - 1);
                        rest /= n_levels - 1;
                        weight *= f64::from(u8::from(levels[f] == against))
                            - f64::from(u8::from(levels[f] == 0));
                    } else {
                        weight /= n_levels as f64;
                    }
                }
                weight
            });
        let names: Vec<&str> = of.iter().map(|&f| factors.within[f].column.as_str()).collect();
        all.push(Asked { name: names.join(":"), is_f: true, rows });
    }
    all.sort_by_key(|asked| asked.name.matches(':').count());
    all
}

impl Asked {
    /// As a sum over cells and covariates; rows parted by `;`.
    pub fn words(&self, factors: &Factors, covariates: &[Covariate]) -> String {
        let mut names = factors.cell_names();
        names.extend(covariates.iter().map(|c| c.name.clone()));
        let rows = self.rows.rows().into_iter().map(|row| sum(row, &names));
        rows.collect::<Vec<_>>().join("; ")
    }
}
