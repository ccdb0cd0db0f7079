//! The fit of one outcome.

use std::collections::BTreeSet;
use std::ops::Range;

use ndarray::{Array1, Array2};

use super::by_t::{by_critical, by_t};
use super::change;
use super::named::Named;
use super::pairs::Pairs;
use crate::error::{Error, Result};
use crate::stats::least_squares::LeastSquares;
use crate::stats::second_level::SecondLevel;
use crate::stats::tails::critical_t;
use crate::trial::arm::{Arm, ByArm};
use crate::trial::covariate::{Kind, Values};
use crate::trial::people::People;
use crate::trial::plan::{Missing, Plan};
use crate::trial::results::{AncovaRow, Estimate, LsMean, PairPoint, Test, UnequalSlopes};
use crate::trial::strata::of_one_level;

/// A residual's share of its row's variance below which the row is fitted exactly.
const FITTED: f64 = 1e-10;

/// The design: constant, arm, a column for each level of a stratum but the first, centred baseline.
pub(super) struct Model {
    pub names: Vec<String>,
    /// `[participant][column]`
    pub design: Array2<f64>,
    /// Of the columns of strata, the share of their factor's levels: where LS means are taken.
    pub at: Vec<f64>,
    pub baseline_mean: f64,
    /// Where the columns of each covariate are; none of one that is the same in all.
    of_covariates: Vec<Range<usize>>,
}

/// The arm's column.
pub(super) const ARM: usize = 1;

impl Model {
    pub fn new(pairs: &Pairs, people: &People) -> Model {
        let n = pairs.places.len();
        let baseline_mean = pairs.baseline.iter().sum::<f64>() / n.max(1) as f64;
        let mut names = vec!["constant".to_owned(), "arm".to_owned()];
        let mut columns: Vec<Vec<f64>> =
            vec![vec![1.0; n], pairs.arm.iter().map(|arm| arm.indicator()).collect()];
        let mut at = vec![1.0, 0.0];
        for (factor, column) in people.strata.iter().enumerate() {
            let level = |place: &usize| people.all[*place].strata[factor].as_str();
            let levels: BTreeSet<&str> = pairs.places.iter().map(level).collect();
            for one in levels.iter().skip(1) {
                names.push(format!("{column}[{one}]"));
                let is = |place: &usize| f64::from(u8::from(level(place) == *one));
                columns.push(pairs.places.iter().map(is).collect());
                at.push(1.0 / levels.len() as f64);
            }
        }
        let mut of_covariates = Vec::new();
        for one in &people.covariates {
            let from = columns.len();
            let (own, levels) = columns_of(one, &pairs.places);
            for (name, column) in own {
                names.push(name);
                columns.push(column);
                at.push(levels.map_or(0.0, |n| 1.0 / n as f64));
            }
            of_covariates.push(from..columns.len());
        }
        names.push("baseline".to_owned());
        columns.push(pairs.baseline.iter().map(|v| v - baseline_mean).collect());
        at.push(0.0);
        let design = Array2::from_shape_fn((n, columns.len()), |(row, c)| columns[c][row]);
        Model { names, design, at, baseline_mean, of_covariates }
    }

    /// Rows of weights: the arm, then the endpoint of the control and of the active arm at the mean baseline.
    fn weights(&self) -> Array2<f64> {
        Array2::from_shape_fn((3, self.design.ncols()), |(row, column)| match (row, column) {
            (0, column) => f64::from(u8::from(column == ARM)),
            (row, ARM) => f64::from(u8::from(row == 2)),
            (_, column) => self.at[column],
        })
    }

    /// A row of weights: 1 at a column.
    fn one(&self, column: usize) -> Array2<f64> {
        Array2::from_shape_fn((1, self.design.ncols()), |(_, c)| f64::from(u8::from(c == column)))
    }
}

/// What a fit says of the arms.
pub(in crate::trial) struct Adjusted {
    /// Of those analysed.
    pub baseline_mean: f64,
    /// Active minus control.
    pub difference: Estimate,
    pub test: Test,
    /// Endpoint of each arm at the mean baseline.
    pub ls_means: ByArm<LsMean>,
}

/// The arms compared, and nothing beside: for endpoints that are many.
///
/// # Errors
/// As [`compare`].
pub(in crate::trial) fn adjusted(
    named: &Named,
    pairs: &Pairs,
    people: &People,
    plan: &Plan,
) -> Result<Adjusted> {
    let pairs = &pairs.with_covariates(people);
    refuse_few(named, pairs, people, plan)?;
    let model = Model::new(pairs, people);
    Fitted::new(named, &model, &pairs.endpoint, (people, plan)).map(|fitted| fitted.adjusted)
}

/// The model fitted.
struct Fitted {
    solved: LeastSquares,
    level: SecondLevel,
    adjusted: Adjusted,
}

impl Fitted {
    fn new(
        named: &Named,
        model: &Model,
        y: &[f64],
        (people, plan): (&People, &Plan),
    ) -> Result<Fitted> {
        let solved = LeastSquares::new(model.design.view())?;
        refuse_untestable(named, (people, plan), &solved, model)?;
        let level = SecondLevel::new(model.design.view(), model.weights().view())?;
        let answer = level.answer(&[y.to_vec()], false);
        if answer.variance[0] <= 0.0 {
            return Err(fitted_exactly(named, y, people, plan));
        }
        let t = critical_t(0.5 - 0.5 * plan.conf, answer.dof);
        let by_t =
            |at: usize| by_critical(answer.effect[at], answer.variance[at].sqrt(), answer.dof, t);
        let (difference, test) = by_t(0);
        let ls_mean = |at: usize| {
            let (endpoint, _) = by_t(at);
            LsMean { endpoint, change: endpoint.value - model.baseline_mean }
        };
        let ls_means = ByArm { control: ls_mean(1), active: ls_mean(2) };
        let baseline_mean = model.baseline_mean;
        let adjusted = Adjusted { baseline_mean, difference, test, ls_means };
        Ok(Fitted { solved, level, adjusted })
    }
}

/// Compare one outcome.
///
/// # Errors
/// Bad data: an arm without two participants, an arm that strata tell apart, no degrees of freedom for error, or an endpoint that the model fits exactly.
pub fn compare(named: &Named, pairs: &Pairs, people: &People, plan: &Plan) -> Result<AncovaRow> {
    let pairs: &Pairs = &pairs.with_covariates(people);
    refuse_few(named, pairs, people, plan)?;
    let model = Model::new(pairs, people);
    let y = vec![pairs.endpoint.clone()];
    let Fitted { solved, level, adjusted } =
        Fitted::new(named, &model, &pairs.endpoint, (people, plan))?;
    let Adjusted { difference, test, ls_means, .. } = adjusted;
    let dof = test.dof.unwrap_or_default();
    let residuals = level.residuals(&y[0]);
    let beta = solved.pinv.dot(&Array1::from(y[0].clone()));
    let t = test.statistic;
    let (percent_change, percent_undefined) = change::percent(pairs, people);
    Ok(AncovaRow {
        outcome: named.outcome.clone(),
        label: named.label.clone(),
        units: named.units.clone(),
        direction: named.direction,
        missing: pairs.missing,
        estimand: estimand(pairs.missing, !people.covariates.is_empty()).to_owned(),
        n: pairs.n(),
        left_out: ByArm::of(|arm| people.names(pairs.left_out.get(arm))),
        columns: model.names.clone(),
        dependent: solved.dependent_columns().iter().map(|&at| model.names[at].clone()).collect(),
        one_level: of_one_level(people, &pairs.places)
            .into_iter()
            .map(|[column, _]| column)
            .collect(),
        baseline_mean: model.baseline_mean,
        difference,
        test,
        p_holm: None,
        p_permuted: None,
        n_permutations: None,
        slope: beta[model.design.ncols() - 1],
        sigma: (residuals.iter().map(|e| e * e).sum::<f64>() / dof).sqrt(),
        partial_eta_square: t * t / (t * t + dof),
        ls_means,
        slopes_differ: slopes_differ(&model, pairs, &y)?.map(|(test, _)| test),
        unequal_slopes: slopes_differ(&model, pairs, &y)?.and_then(|(_, unequal)| unequal),
        hc3_se: hc3(&model.design, &solved, &y[0], ARM),
        change: change::of(pairs, plan.conf)?,
        percent_change,
        percent_undefined,
        points: points(pairs, people),
    })
}

/// What is estimated, in words.
fn estimand(missing: Missing, has_covariates: bool) -> &'static str {
    match (missing, has_covariates) {
        (Missing::Observed, false) => {
            "difference of means at equal baseline among those with both values"
        }
        (Missing::Observed, true) => {
            "difference of means at equal baseline among those with both values and every covariate"
        }
        (Missing::Locf, false) => {
            "difference of means at equal baseline among all randomised with a baseline, who lacks an endpoint being taken to have stayed as last seen"
        }
        (Missing::Locf, true) => {
            "difference of means at equal baseline among all randomised with a baseline and every covariate, who lacks an endpoint being taken to have stayed as last seen"
        }
        (Missing::Bocf, false) => {
            "difference of means at equal baseline among all randomised with a baseline, who lacks an endpoint being taken not to have changed"
        }
        (Missing::Bocf, true) => {
            "difference of means at equal baseline among all randomised with a baseline and every covariate, who lacks an endpoint being taken not to have changed"
        }
    }
}

fn refuse_few(named: &Named, pairs: &Pairs, people: &People, plan: &Plan) -> Result<()> {
    let n = pairs.n();
    match Arm::BOTH.into_iter().find(|arm| *n.get(*arm) < 2) {
        Some(arm) => {
            let [why, check] = match &named.why_none {
                Some([why, check]) => [format!(" ({why})"), check.clone()],
                None => [String::new(), "--baseline and --endpoint".to_owned()],
            };
            Err(Error::bad_data(
                named.outcome.clone(),
                format!(
                    "has both values of {} of arm '{}'{why}",
                    counted(*n.get(arm)),
                    people.arms.get(arm)
                ),
                "have those of two participants of each arm at least",
                format!("check {check}, or {}", named.left_out(plan)),
            ))
        }
        None => Ok(()),
    }
}

/// Refuse an arm of which nobody has both values: all of it would be values carried forward.
///
/// # Errors
/// Bad data: such an arm. `observed`: those with both values.
pub(in crate::trial) fn refuse_unseen(
    named: &Named,
    observed: &Pairs,
    people: &People,
    plan: &Plan,
) -> Result<()> {
    let n = observed.n();
    match Arm::BOTH.into_iter().any(|arm| *n.get(arm) == 0) {
        true => refuse_few(named, observed, people, plan),
        false => Ok(()),
    }
}

/// An endpoint `[participant]` of which nothing is left to hold an effect against.
fn fitted_exactly(named: &Named, y: &[f64], people: &People, plan: &Plan) -> Error {
    let covariates: Vec<&str> = people.covariates.iter().map(|one| one.name.as_str()).collect();
    let first = y.first().copied().unwrap_or_default();
    let (found, hint) = match covariates.is_empty() {
        _ if y.iter().all(|value| *value == first) => (
            format!("is {first} in all {} analysed at {}", counted(y.len()), plan.endpoint),
            "check the column",
        ),
        true => ("is fitted exactly by arm and baseline".to_owned(), "check the column"),
        false => (
            format!(
                "is fitted exactly by arm, baseline and covariates ({})",
                covariates.join(", ")
            ),
            "leave out the covariate that the endpoint follows from, such as its own change",
        ),
    };
    Error::bad_data(
        named.outcome.clone(),
        found,
        "vary, for an effect is held against what varies",
        format!("{hint}, or {}", named.left_out(plan)),
    )
}

fn counted(n: usize) -> String {
    crate::trial::note::counted(n, "participant")
}

fn refuse_untestable(
    named: &Named,
    (people, plan): (&People, &Plan),
    solved: &LeastSquares,
    model: &Model,
) -> Result<()> {
    refuse_collinear(named, people, solved, model)?;
    let (n, rank) = (model.design.nrows(), solved.rank);
    if n <= rank {
        return Err(Error::bad_data(
            named.outcome.clone(),
            format!("has {n} participants for a model of rank {rank}"),
            "leave a degree of freedom for error",
            format!("take fewer --strata and --covariate, or {}", named.left_out(plan)),
        ));
    }
    if !solved.is_estimable(model.one(ARM).row(0)) {
        let by = match people.strata.is_empty() {
            true => "the covariates".to_owned(),
            false => people.strata.join(", "),
        };
        return Err(Error::bad_data(
            named.outcome.clone(),
            format!("has arms that {by} tell apart by themselves"),
            "have both arms in a stratum at least",
            "take fewer --strata and --covariate",
        ));
    }
    Ok(())
}

/// A covariate's columns with their names, and how many levels it has, where these are levels.
fn columns_of(one: &Values, places: &[usize]) -> (Vec<(String, Vec<f64>)>, Option<usize>) {
    match &one.kind {
        Kind::Numbers(all) => {
            let own: Vec<f64> = places.iter().filter_map(|&place| all[place]).collect();
            let mean = own.iter().sum::<f64>() / own.len().max(1) as f64;
            let column: Vec<f64> = own.iter().map(|value| value - mean).collect();
            let varies = own.iter().any(|value| *value != own[0]);
            (varies.then_some((one.name.clone(), column)).into_iter().collect(), None)
        }
        Kind::Levels(all) => {
            let level = |place: &usize| all[*place].as_deref().unwrap_or_default();
            let levels: BTreeSet<&str> = places.iter().map(level).collect();
            let column = |own: &&str| {
                let is = |place: &usize| f64::from(u8::from(level(place) == *own));
                (format!("{}[{own}]", one.name), places.iter().map(is).collect())
            };
            (levels.iter().skip(1).map(column).collect(), Some(levels.len()))
        }
    }
}

/// A covariate that tells nothing beside the other columns.
fn refuse_collinear(
    named: &Named,
    people: &People,
    solved: &LeastSquares,
    model: &Model,
) -> Result<()> {
    let dependent = solved.dependent_columns();
    for (one, columns) in people.covariates.iter().zip(&model.of_covariates) {
        let among = |column: &usize| columns.contains(column);
        let found = if columns.is_empty() {
            "is the same in all who are analysed".to_owned()
        } else if dependent.iter().any(among) {
            let others = dependent.iter().filter(|column| !among(column));
            let others: Vec<&str> = others.map(|&column| model.names[column].as_str()).collect();
            format!("follows from {}", others.join(", "))
        } else {
            continue;
        };
        return Err(Error::bad_data(
            format!("covariate {} of {}", one.name, named.outcome),
            found,
            "tell what arm, baseline, strata and other covariates do not",
            "leave it out, or one of these",
        ));
    }
    Ok(())
}

/// The model with a slope an arm: whether the slopes differ, and the difference at the mean baseline by HC3.
fn slopes_differ(
    model: &Model,
    pairs: &Pairs,
    y: &[Vec<f64>],
) -> Result<Option<(Test, Option<UnequalSlopes>)>> {
    let last = model.design.ncols();
    let design = Array2::from_shape_fn((model.design.nrows(), last + 1), |(row, c)| match c {
        c if c == last => pairs.arm[row].indicator() * model.design[[row, last - 1]],
        c => model.design[[row, c]],
    });
    let mut weights = Array2::zeros((1, last + 1));
    weights[[0, last]] = 1.0;
    let solved = LeastSquares::new(design.view())?;
    if !solved.is_estimable(weights.row(0)) || solved.rank >= design.nrows() {
        return Ok(None);
    }
    let answer = SecondLevel::new(design.view(), weights.view())?.answer(y, false);
    if answer.variance[0] <= 0.0 {
        return Ok(None);
    }
    let (_, test) = by_t(answer.effect[0], answer.variance[0].sqrt(), answer.dof, 0.5);
    let difference = solved.pinv.row(ARM).iter().zip(&y[0]).map(|(w, y)| w * y).sum::<f64>();
    let unequal = hc3(&design, &solved, &y[0], ARM).map(|se| {
        let (_, test) = by_t(difference, se, answer.dof, 0.5);
        UnequalSlopes { difference, hc3_se: se, test }
    });
    Ok(Some((test, unequal)))
}

/// Standard error of a coefficient, each residual over 1 - h of its own; none where a row is fitted exactly.
fn hc3(design: &Array2<f64>, solved: &LeastSquares, y: &[f64], column: usize) -> Option<f64> {
    let beta = solved.pinv.dot(&Array1::from(y.to_vec()));
    let fitted = design.dot(&beta);
    let mut variance = 0.0;
    for (row, x) in design.rows().into_iter().enumerate() {
        let left = 1.0 - x.dot(&solved.pinv.column(row));
        if left < FITTED {
            return None;
        }
        let e = solved.pinv[[column, row]] * (y[row] - fitted[row]) / left;
        variance += e * e;
    }
    (variance > 0.0).then(|| variance.sqrt())
}

fn points(pairs: &Pairs, people: &People) -> Vec<PairPoint> {
    let point = |at: usize| PairPoint {
        participant: people.all[pairs.places[at]].id.clone(),
        arm: pairs.arm[at],
        baseline: pairs.baseline[at],
        endpoint: pairs.endpoint[at],
        carried: pairs.carried[at],
    };
    (0..pairs.places.len()).map(point).collect()
}
