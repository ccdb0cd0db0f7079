//! Values of regions, arm x visit: the 2x2 whose interaction is a two-sample t of the changes.
//!
//! Of a participant's values at baseline (b) and endpoint (e): interaction, active minus control of mean (e - b); visit, the mean of the arms' mean changes, each arm weighing the same;
//! arm, active minus control of (b + e) / 2; all on n - 2 degrees of freedom. Beside them the endpoint given baseline ([`ancova`]), which has more power. Where the table has a
//! column of motion (`mean_fd`), its correlation with each region over participants (QC-FC, Ciric et al. 2017) tells whether motion is in the values.

use super::ancova::{self, Lacking, Named, Pairs};
use super::note::Notes;
use super::people::People;
use super::plan::{BrainPlan, Missing, Plan};
use super::results::{Brain, BrainRow, Correlation, MotionRow};
use super::tables::{Measured, Tables};
use super::two_sample;
use super::visits::Visits;
use crate::error::{Error, Result};
use crate::stats::correlation::pearson;

/// Columns that hold a run's mean framewise displacement.
pub(super) const MOTION: [&str; 4] =
    ["mean_fd", "fd_mean", "mean_framewise_displacement", "framewise_displacement"];

/// The plan's regions.
///
/// # Errors
/// Usage: no such table, column or session, with the closest; no column of numbers. Bad data naming line and participant: a visit twice, unknown participants, cells that are no
/// numbers. As [`ancova::compare`].
pub fn analyse(plan: &Plan, people: &People, tables: &Tables, notes: &mut Notes) -> Result<Brain> {
    let Some(own) = &plan.brain else {
        return Err(Error::usage(
            "the plan",
            "names no table of regions",
            "name one",
            "give --brain",
        ));
    };
    let table = tables.get(&own.table)?;
    let regions = regions(own, table, &plan.arm)?;
    let mut brain = Brain::default();
    let mut lacking = Lacking::default();
    for region in &regions {
        let visits = Visits::new(table, region, people)?;
        visits.tell_others(plan, &[], notes);
        let named = Named::of_column(&visits);
        let (before, after) = (visits.at(&plan.baseline)?, visits.at(&plan.endpoint)?);
        let pairs = Pairs::new(people, &before, &after, Missing::Observed);
        lacking.add(&named, &pairs, people);
        let ancova = ancova::compare(&named, &pairs, people, plan)?;
        let of = |make: &dyn Fn(f64, f64) -> f64| {
            let both = pairs.baseline.iter().zip(&pairs.endpoint);
            both.map(|(b, e)| make(*b, *e)).collect::<Vec<f64>>()
        };
        let (changes, means) = (of(&|b, e| e - b), of(&|b, e| 0.5 * (b + e)));
        let (Some(interaction), Some(visit), Some(arm)) = (
            two_sample::difference(&changes, &pairs.arm, plan.conf)?,
            two_sample::mean(&changes, &pairs.arm, plan.conf)?,
            two_sample::difference(&means, &pairs.arm, plan.conf)?,
        ) else {
            notes.warn(
                format!("{region} changes by the same in all of an arm: its 2x2 is left out"),
                Vec::new(),
            );
            continue;
        };
        let (t, dof) = (interaction.1.statistic, interaction.1.dof.unwrap_or_default());
        brain.rows.push(BrainRow {
            region: region.clone(),
            n: pairs.n(),
            interaction: interaction.0,
            interaction_test: interaction.1,
            partial_eta_square: t * t / (t * t + dof),
            visit: visit.0,
            visit_test: visit.1,
            arm: arm.0,
            arm_test: arm.1,
            ancova,
        });
    }
    lacking.tell(people, plan, notes);
    brain.motion = motion(&regions, table, plan, people, notes)?;
    Ok(brain)
}

/// The column of motion of a table of regions.
pub(super) fn motion_column(table: &Measured) -> Option<&'static str> {
    MOTION.into_iter().find(|column| table.has(column))
}

/// The columns that are analysed.
///
/// # Errors
/// Usage: no such column, or none that holds numbers.
pub(super) fn regions(own: &BrainPlan, table: &Measured, arm: &str) -> Result<Vec<String>> {
    refuse_other_tables(table)?;
    if !own.regions.is_empty() {
        own.regions.iter().try_for_each(|region| table.position(region).map(|_| ()))?;
        return Ok(own.regions.clone());
    }
    let is_key =
        |column: &str| column.ends_with("_id") || column == arm || MOTION.contains(&column);
    // A column is one of numbers if most of its cells are: a slip in it is then told, not passed over.
    let is_number = |at: usize| {
        let cells = || table.table.rows.iter().map(|cells| cells[at].trim());
        let there = cells().filter(|cell| !cell.is_empty() && *cell != "n/a").count();
        let numbers = cells().filter(|cell| cell.parse::<f64>().is_ok_and(f64::is_finite)).count();
        2 * numbers > there
    };
    let columns = table.table.columns.iter().enumerate();
    let regions: Vec<String> = columns
        .filter(|(at, column)| !is_key(column) && is_number(*at))
        .map(|(_, column)| column.clone())
        .collect();
    if regions.is_empty() {
        return Err(Error::usage(
            table.table.name.clone(),
            "has no column of numbers beside motion",
            "have a column a region",
            "check --brain",
        ));
    }
    Ok(regions)
}

/// A table without a row a participant and visit, such as the one that `group` makes of its tests.
fn refuse_other_tables(table: &Measured) -> Result<()> {
    let lacks: Vec<&str> =
        ["participant_id", "session_id"].into_iter().filter(|key| !table.has(key)).collect();
    if lacks.is_empty() {
        return Ok(());
    }
    let is_of_group = table.has("region") && table.has("voxels_in_region");
    Err(Error::usage(
        table.table.name.clone(),
        match is_of_group {
            true => "is the table of regions of boldly group: tests of a group, without a value of anybody".to_owned(),
            false => format!("has no column {}", lacks.join(" and no ")),
        },
        "have a row a participant and visit, with participant_id, session_id and a column a region",
        match is_of_group {
            true => "give region_values.tsv, which lies beside it",
            false => "or give the folder of maps in its place: --brain MAPS --region NAME=SPEC (docs/regions.md)",
        },
    ))
}

/// Motion against each region, at each visit and of the changes.
fn motion(
    regions: &[String],
    table: &Measured,
    plan: &Plan,
    people: &People,
    notes: &mut Notes,
) -> Result<Vec<MotionRow>> {
    let Some(column) = motion_column(table) else {
        notes.warn(
            format!(
                "{} has no column of motion ({}): whether motion is in its values is not known",
                table.table.name, MOTION[0]
            ),
            Vec::new(),
        );
        return Ok(Vec::new());
    };
    table.numbers_on(column, "displacements in mm", [0.0, f64::INFINITY])?;
    let fd = Visits::new(table, column, people)?;
    let mut rows = Vec::new();
    let mut found = Vec::new();
    for region in regions {
        let visits = Visits::new(table, region, people)?;
        for at in At::ALL {
            let (of_fd, of_region) = (at.values(&fd, plan)?, at.values(&visits, plan)?);
            let (x, y) = both(people, &of_fd, &of_region);
            if x.len() < 4 {
                continue;
            }
            let Some(r) = pearson(&x, &y, plan.conf)? else { continue };
            if r.p < 0.05 {
                found.push(format!("{region} ({}, r {:.2})", at.name(plan), r.r));
            }
            rows.push(MotionRow {
                region: region.clone(),
                visit: at.name(plan),
                motion: column.to_owned(),
                correlation: Correlation::of(&r),
            });
        }
    }
    if !found.is_empty() {
        notes.warn(
            format!(
                "{column} goes with {} over participants (p < .05, of {} correlations, not adjusted): motion may be in these values",
                found.join(", "),
                rows.len()
            ),
            Vec::new(),
        );
    }
    Ok(rows)
}

/// Where motion and a region are compared.
#[derive(Debug, Clone, Copy)]
enum At {
    Baseline,
    Endpoint,
    Change,
}

impl At {
    const ALL: [At; 3] = [At::Baseline, At::Endpoint, At::Change];

    fn name(self, plan: &Plan) -> String {
        match self {
            At::Baseline => plan.baseline.clone(),
            At::Endpoint => plan.endpoint.clone(),
            At::Change => "change".to_owned(),
        }
    }

    fn values(self, visits: &Visits, plan: &Plan) -> Result<Vec<Option<f64>>> {
        let (before, after) = (visits.at(&plan.baseline)?, visits.at(&plan.endpoint)?);
        Ok(match self {
            At::Baseline => before,
            At::Endpoint => after,
            At::Change => {
                let change = |(b, e): (Option<f64>, Option<f64>)| Some(e? - b?);
                before.into_iter().zip(after).map(change).collect()
            }
        })
    }
}

/// Values of those of the arms who have both.
fn both(people: &People, x: &[Option<f64>], y: &[Option<f64>]) -> (Vec<f64>, Vec<f64>) {
    let of_arms = people.places(|person| person.arm.is_some());
    of_arms.into_iter().filter_map(|place| x[place].zip(y[place])).unzip()
}
