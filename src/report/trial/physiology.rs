//! Recordings, motion and signal of the runs by arm and visit.

use super::words::{arms, both, ci, decimals_of, fitted, or_dash, session, statistic, with_limits};
use crate::report::grid::Grid;
use crate::report::html::p_of;
use crate::trial::physiology::TABLE;
use crate::trial::results::{OfVisit, PhysiologyRow};
use crate::trial::{Arm, Column, Covariate, Results, whole};

pub(super) fn section(of: &Results) -> String {
    let [active, control] = arms(of);
    let visits = [&of.plan.baseline, &of.plan.endpoint].map(|name| session(name));
    let head = |arm: &String, visit: &str| format!("{arm}: {visit}, n");
    let heads = [
        "measure",
        &head(&active, visits[0]),
        &head(&active, visits[1]),
        &head(&control, visits[0]),
        &head(&control, visits[1]),
        "n, both visits",
        &format!("arm × visit ({})", ci(of)),
        "t (dof)",
        "p",
    ];
    let mut table = Grid::new(&caption(of), &heads, 1);
    for row in &of.physiology {
        let mut cells = vec![named(row)];
        for arm in [Arm::Active, Arm::Control] {
            cells.push(described(row.baseline.get(arm)));
            cells.push(described(row.endpoint.get(arm)));
        }
        cells.push(both(row.n));
        cells.push(or_dash(row.interaction, |difference| with_limits(&difference)));
        cells.push(or_dash(row.test, |test| statistic(&test)));
        cells.push(or_dash(row.test, |test| p_of(test.p)));
        table.row(&cells);
    }
    table.finish()
}

/// What the table shows, and which results are adjusted for something of it.
fn caption(of: &Results) -> String {
    let is_own = |column: &Column| whole(&column.table) == TABLE;
    let covariates = of.plan.covariates.iter().filter(|one| is_own(&one.column));
    let covariates: Vec<String> = covariates.map(Covariate::called).collect();
    let has_motion =
        of.correlations.iter().flat_map(|part| &part.rows).any(|row| row.given_motion.is_some());
    let motion = of.plan.motion.as_ref().filter(|column| has_motion && is_own(column));
    let mut used = Vec::new();
    if !covariates.is_empty() {
        used.push(format!("analyses of covariance are adjusted for {}", covariates.join(" and ")));
    }
    used.extend(motion.map(|column| {
        format!("relations of regions without motion of their own are shown given {column}, too")
    }));
    if used.is_empty() {
        used.push("no result is corrected by them".to_owned());
    }
    format!(
        "Mean (SD) of the runs of each visit, and the difference of the arms' changes; p are not adjusted, and {}",
        used.join("; ")
    )
}

fn named(row: &PhysiologyRow) -> String {
    let units = row.units.as_ref().map_or(String::new(), |units| format!(" ({units})"));
    let task = row.task.as_ref().map_or(String::new(), |task| format!(", {task}"));
    format!("{}{units}{task}", row.label)
}

/// `66.1 (8.2), 40`
fn described(of: &OfVisit) -> String {
    let Some(mean) = of.mean else { return format!("–, {}", of.n) };
    let decimals = of.sd.filter(|sd| *sd > 0.0).map_or(1, decimals_of);
    let sd = or_dash(of.sd, |sd| fitted(sd, decimals));
    format!("{} ({sd}), {}", fitted(mean, decimals), of.n)
}
