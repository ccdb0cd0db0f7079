//! Outcomes compared: those of the plan, then those of conditioned pain modulation, pressure pain and regions.

use super::Sheet;
use super::column::{Columns, names};
use crate::trial::arm::Arm;
use crate::trial::plan::Missing;
use crate::trial::results::{AncovaRow, Results};

fn way(missing: Missing) -> &'static str {
    match missing {
        Missing::Observed => "observed",
        Missing::Bocf => "bocf",
        Missing::Locf => "locf",
    }
}

pub(super) fn sheet(results: &Results) -> Option<Sheet> {
    let rows: Vec<AncovaRow> = results.compared().cloned().collect();
    if rows.is_empty() {
        return None;
    }
    let columns = Columns::<AncovaRow>::new()
        .one("outcome", "table and column, or what was made of them", |row| row.outcome.clone())
        .one("missing", "observed: those with both values; bocf: baseline carried forward; locf: the last value of the visits between carried forward, else baseline", |row| {
            way(row.missing)
        })
        .one("adjusted_for", "strata and covariates beside arm and baseline", |row| {
            results.plan.adjusted_for(&row.one_level)
        })
        .arms("n", "participants analysed", |row, arm| *row.n.get(arm))
        .one("baseline_mean", "mean baseline of those analysed, where LS means are", |row| {
            row.baseline_mean
        })
        .estimate("difference", "endpoint given baseline, active minus control", true, |row| {
            Some(row.difference)
        })
        .test("", "t", "difference", |row| Some(row.test))
        .one("p_holm", "p adjusted within its family by Holm; n/a outside one", |row| row.p_holm)
        .one("p_permuted", "two-sided p by rearrangement", |row| row.p_permuted)
        .one("hc3_se", "standard error of difference by HC3", |row| row.hc3_se)
        .one("slope", "on baseline", |row| row.slope)
        .one("sigma", "standard deviation of the residuals", |row| row.sigma)
        .one("partial_eta_square", "t^2 / (t^2 + dof)", |row| row.partial_eta_square)
        .estimate("active_lsmean", "endpoint at the mean baseline, active arm", true, |row| {
            Some(row.ls_means.active.endpoint)
        })
        .estimate("control_lsmean", "endpoint at the mean baseline, control arm", true, |row| {
            Some(row.ls_means.control.endpoint)
        })
        .test("slopes_", "t", "arm x baseline", |row| row.slopes_differ);
    changes(columns)
        .one("active_arm", "the active arm's name", |_| results.arms.active.clone())
        .one("control_arm", "the control arm's name", |_| results.arms.control.clone())
        .sheet(
            "ancova",
            "Outcomes at the endpoint given baseline, compared between the arms",
            &rows,
        )
        .into()
}

fn changes(columns: Columns<'_, AncovaRow>) -> Columns<'_, AncovaRow> {
    columns
        .arms("change", "mean of endpoint minus baseline, unadjusted", |row, arm: Arm| row.change.arms.get(arm).mean)
        .arms("change_sd", "its standard deviation", |row, arm| row.change.arms.get(arm).sd)
        .estimate("change_difference", "of changes, active minus control, with Welch's limits", true, |row| Some(row.change.difference))
        .test("welch_", "t", "the difference of changes, each arm with a variance of its own", |row| row.change.welch)
        .estimate("hedges_g", "of changes, not adjusted for baseline, with limits of the noncentral t", false, |row| row.change.hedges)
        .arms("percent_change", "mean of participants' percentage changes, for description alone; n/a where a baseline is not above 0", |row, arm| {
            *row.percent_change.get(arm)
        })
        .arms("left_out", "participants who are not analysed", |row, arm| names(&row.left_out, arm))
}
