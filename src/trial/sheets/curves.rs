//! Conditioned pain modulation and pressure pain, a participant and visit a row.

use super::Sheet;
use super::column::Columns;
use crate::trial::arm::{Arm, ByArm};
use crate::trial::results::{
    CpmOfVisit, Estimate, PressureOfVisit, Results, SeriesRow, SummaryMeasure, Test,
};

fn named(arms: &ByArm<String>, arm: Option<Arm>) -> Option<String> {
    arm.map(|arm| arms.get(arm).clone())
}

pub(super) fn cpm(results: &Results) -> Option<Sheet> {
    let part = results.cpm.as_ref()?;
    Columns::<CpmOfVisit>::new()
        .one("participant_id", "who", |row| row.participant.clone())
        .one("session_id", "the visit", |row| row.session.clone())
        .one("arm", "the arm", |row| named(&results.arms, row.arm))
        .one("pre", "mean of the test stimulus before", |row| row.pre)
        .one("post", "mean of the test stimulus during or after conditioning", |row| row.post)
        .one("absolute_inhibition_positive", &part.sign, |row| row.absolute)
        .one(
            "percent_inhibition_positive",
            "100 absolute / pre, of means; n/a where pre is 0",
            |row| row.percent,
        )
        .one("repetitions_pre", "behind the mean before", |row| row.n_pre)
        .one("repetitions_post", "behind the mean during or after", |row| row.n_post)
        .one("inhibits", "whether absolute is above 2 SEM sqrt(2 / n), n the repetitions behind a mean of that visit (harmonic mean over participants)", |row| {
            row.inhibits
        })
        .sheet("cpm", &format!("Conditioned pain modulation; {}", part.sign), &part.visits)
        .into()
}

/// A number of CPM, with limits, or one an arm.
type Fact = (&'static str, Option<Estimate>, ByArm<Option<f64>>);

/// What the measure itself is worth.
pub(super) fn cpm_measure(results: &Results) -> Option<Sheet> {
    let part = results.cpm.as_ref()?;
    let value = |of: Option<f64>| of.map(|value| Estimate { value, ..Estimate::default() });
    let count = |of: &ByArm<usize>| ByArm::of(|arm| Some(*of.get(arm) as f64));
    let none = ByArm::default;
    let rows: [Fact; 10] = [
        ("SEM of the test stimulus", value(part.sem), none()),
        ("repetitions behind a mean at baseline", value(part.baseline_repetitions), none()),
        ("repetitions behind a mean at the endpoint", value(part.n_repetitions), none()),
        (
            "inhibits at baseline above: 2 SEM sqrt(2 / repetitions)",
            value(part.baseline_cutoff),
            none(),
        ),
        ("inhibits at the endpoint above", value(part.cutoff), none()),
        ("inhibitors at the endpoint", None, count(&part.inhibitors)),
        ("of participants", None, count(&part.inhibitors_of)),
        ("retest in the control arm, ICC(A,1)", part.retest, none()),
        (
            "correlation of change with baseline by retest alone",
            value(part.expected_correlation),
            none(),
        ),
        ("correlation of change with baseline found", None, part.change_with_baseline),
    ];
    Columns::<Fact>::new()
        .one("what", "the number", |row| row.0)
        .estimate("value", "of all participants", false, |row| row.1)
        .arms("value", "the number", |row, arm| *row.2.get(arm))
        .sheet("cpm_measure", &format!("CPM as a measure; {}", part.sign), &rows)
        .into()
}

pub(super) fn pressure(results: &Results) -> Option<Sheet> {
    let part = results.pressure.as_ref()?;
    let (pressure, rating) = (part.pressure_units.as_deref(), part.rating_units.as_deref());
    Columns::<PressureOfVisit>::new()
        .one("participant_id", "who", |row| row.participant.clone())
        .one("session_id", "the visit", |row| row.session.clone())
        .one("arm", "the arm", |row| named(&results.arms, row.arm))
        .one("n", "stimuli", |row| row.n)
        .one("slope", "rating per unit of pressure, least squares", |row| row.slope)
        .one("intercept", "rating at pressure 0", |row| row.intercept)
        .one("sigma", "standard deviation of the residuals", |row| row.s)
        .one("dof", "degrees of freedom of the residuals", |row| row.dof)
        .estimate("p50", &format!("pressure rated {}, the target, n/a where ratings do not rise with pressure; Fieller's limits, n/a where they are unbounded", part.target), false, |row| row.p50)
        .one("g", "Fieller's g; limits are unbounded from 1 on", |row| row.g)
        .one("p50_isotonic", "the pressure of the same rating by isotonic regression of mean ratings; n/a where it does not cross the target", |row| row.p50_isotonic)
        .one("auc", "mean rating over the range of pressures: the area under the mean ratings by trapezoids, divided by that range", |row| row.auc)
        .one("in_range", "whether p50 lies within the tested pressures; n/a where there is no p50", |row| row.in_range)
        .one("floor_or_ceiling", "ratings at the scale's ends", |row| row.floor_or_ceiling)
        .sheet("pressure", "Pressure pain: stimulus and response of each visit that has a line; one without (see the notes) has no row", &part.visits)
        .with_units("slope", part.slope_units().as_deref())
        .with_units("intercept", rating)
        .with_units("sigma", rating)
        .with_units("p50", pressure)
        .with_units("p50_isotonic", pressure)
        .with_units("auc", rating)
        .into()
}

/// One number of each participant, or the rating at one pressure.
type Compared = (String, Option<f64>, ByArm<usize>, Estimate, Test, Option<f64>);

/// The rating at each pressure, and the summary measures.
pub(super) fn intensities(results: &Results) -> Option<Sheet> {
    let part = results.pressure.as_ref()?;
    let at = part.intensities.iter().map(|row| {
        let own = &row.ancova;
        let what = "rating, given baseline".to_owned();
        (what, Some(row.pressure), own.n, own.difference, own.test, Some(row.p_holm))
    });
    let summary = |what: &str, of: &Option<SummaryMeasure>| {
        let of = of.as_ref()?;
        Some((what.to_owned(), None, of.n, of.difference, of.test, None))
    };
    let rows: Vec<Compared> = at
        .chain(summary("mean change over pressures", &part.mean_change))
        .chain(summary(
            "treatment x intensity: slope of the change per 100 units of pressure",
            &part.treatment_by_intensity,
        ))
        .collect();
    Columns::<Compared>::new()
        .one("measure", "what is compared", |row| row.0.clone())
        .one("pressure", "at which pressure; n/a: over all", |row| row.1)
        .arms("n", "participants", |row, arm| *row.2.get(arm))
        .estimate("difference", "active minus control", true, |row| Some(row.3))
        .test("", "t", "the difference", |row| Some(row.4))
        .one("p_holm", "Holm's p over the pressures", |row| row.5)
        .sheet("intensities", "Pressure pain: the arms compared at each pressure", &rows)
        .with_units("pressure", part.pressure_units.as_deref())
        .into()
}

/// The pressure of the target by each series alone.
pub(super) fn series(results: &Results) -> Option<Sheet> {
    let part = results.pressure.as_ref().filter(|part| !part.series.is_empty())?;
    Columns::<SeriesRow>::new()
        .one("participant_id", "who", |row| row.participant.clone())
        .one("session_id", "the visit", |row| row.session.clone())
        .one("series", "the series", |row| row.series.clone())
        .one("n", "stimuli of it", |row| row.n)
        .estimate(
            "p50",
            &format!(
                "pressure rated {}, the target; Fieller's limits, n/a where they are unbounded",
                part.target
            ),
            false,
            |row| row.p50,
        )
        .sheet("calibration", "Pressure pain: the target by each series alone", &part.series)
        .with_units("p50", part.pressure_units.as_deref())
        .into()
}
