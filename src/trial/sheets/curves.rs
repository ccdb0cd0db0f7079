//! Conditioned pain modulation and pressure pain, a participant and visit a row.

use super::Sheet;
use super::column::Columns;
use crate::trial::arm::{Arm, ByArm};
use crate::trial::results::{CpmOfVisit, PressureOfVisit, Results};

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
        .one(
            "absolute",
            "inhibition, positive: pre - post of ratings, post - pre of thresholds",
            |row| row.absolute,
        )
        .one("percent", "100 absolute / pre, of means; n/a where pre is 0", |row| row.percent)
        .one("repetitions", "behind the means", |row| row.n)
        .one("inhibits", "whether absolute is above 2 SEM sqrt(2 / repetitions)", |row| {
            row.inhibits
        })
        .sheet("cpm", &format!("Conditioned pain modulation; {}", part.sign), &part.visits)
        .into()
}

pub(super) fn pressure(results: &Results) -> Option<Sheet> {
    let part = results.pressure.as_ref()?;
    Columns::<PressureOfVisit>::new()
        .one("participant_id", "who", |row| row.participant.clone())
        .one("session_id", "the visit", |row| row.session.clone())
        .one("arm", "the arm", |row| named(&results.arms, row.arm))
        .one("n", "stimuli", |row| row.n)
        .one("slope", "rating per unit of pressure, least squares", |row| row.slope)
        .one("intercept", "rating at pressure 0", |row| row.intercept)
        .one("sigma", "standard deviation of the residuals", |row| row.s)
        .one("dof", "degrees of freedom of the residuals", |row| row.dof)
        .estimate("p50", "pressure of the target rating, Fieller's limits; n/a where they are unbounded", false, |row| row.p50)
        .one("g", "Fieller's g; limits are unbounded from 1 on", |row| row.g)
        .one("p50_isotonic", "the same by isotonic regression of mean ratings; n/a where it does not cross the target", |row| row.p50_isotonic)
        .one("auc", "area under the mean ratings over the range of pressures", |row| row.auc)
        .one("in_range", "whether p50 lies within the tested pressures", |row| row.in_range)
        .one("floor_or_ceiling", "ratings at the scale's ends", |row| row.floor_or_ceiling)
        .sheet("pressure", "Pressure pain: stimulus and response of each visit", &part.visits)
        .into()
}
