//! Values of regions, arm x visit: the 2x2 whose interaction is a two-sample t of the changes.
//!
//! Of a participant's values at baseline (b) and endpoint (e): interaction, active minus control of mean (e - b); visit, the mean of the arms' mean changes, each arm weighing the same;
//! arm, active minus control of (b + e) / 2; all on n - 2 degrees of freedom. Beside them the endpoint given baseline ([`ancova`]), which has more power. Whether motion is in the
//! values `motion` tells.

use super::ancova::{self, Lacking, Named, Pairs};
use super::are_numbers::are_numbers;
use super::motion;
use super::note::Notes;
use super::people::People;
use super::physiology;
use super::plan::{BrainPlan, Column, Missing, Plan};
use super::results::{Brain, BrainRow};
use super::tables::{Measured, STATES, Tables, is_missing, whole};
use super::two_sample;
use super::visits::Visits;
use crate::design::similar;
use crate::error::{Error, Result};

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
    let Chosen { regions, empty, words } = chosen(own, table, &plan.arm)?;
    tell_left_out(table, (&empty, &words), notes);
    let mut brain = Brain::default();
    let mut lacking = Lacking::default();
    for region in &regions {
        let visits = Visits::new(table, region, people)?;
        visits.tell_others((plan, people), &[], notes);
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
    lacking.tell(people, (plan, &[Missing::Observed]), notes);
    brain.motion = motion::of_regions(&regions, table, (plan, people, tables), notes)?;
    Ok(brain)
}

/// Whether a column is of a table of regions: that of the plan, or one that is called brain.
#[must_use]
pub fn is_of_regions(column: &Column, plan: &Plan) -> bool {
    let of = whole(&column.table);
    of == "brain" || plan.brain.as_ref().is_some_and(|brain| whole(&brain.table) == of)
}

/// The columns that are analysed.
///
/// # Errors
/// Usage: no such column, or none that holds numbers.
pub(super) fn regions(own: &BrainPlan, table: &Measured, arm: &str) -> Result<Vec<String>> {
    chosen(own, table, arm).map(|chosen| chosen.regions)
}

/// What a table's columns are taken for.
#[derive(Default)]
struct Chosen {
    /// Named, or of numbers.
    regions: Vec<String>,
    /// Without a value in any row.
    empty: Vec<String>,
    /// Of words.
    words: Vec<String>,
}

fn chosen(own: &BrainPlan, table: &Measured, arm: &str) -> Result<Chosen> {
    refuse_other_tables(table)?;
    let mut chosen = Chosen::default();
    if !own.regions.is_empty() {
        refuse_motion(&own.regions)?;
        own.regions.iter().try_for_each(|region| table.position(region).map(|_| ()))?;
        refuse_case_alone(table, &own.regions)?;
        chosen.regions.clone_from(&own.regions);
        return Ok(chosen);
    }
    refuse_other_measures(table)?;
    let mut keys = Vec::new();
    for (at, column) in table.table.columns.iter().enumerate() {
        let is_key = ["run", arm].contains(&column.as_str())
            || STATES.contains(&column.as_str())
            || motion::is_one(column);
        let of = match table.table.rows.iter().all(|cells| is_missing(&cells[at])) {
            _ if column.ends_with("_id") => continue,
            _ if is_key => &mut keys,
            true => &mut chosen.empty,
            false if are_numbers(table, column)? => &mut chosen.regions,
            false => &mut chosen.words,
        };
        of.push(column.clone());
    }
    refuse_case_alone(table, &chosen.regions)?;
    match chosen.regions.is_empty() {
        true => Err(without_numbers(table, &keys, &chosen)),
        false => Ok(chosen),
    }
}

/// Refuse motion among the regions, which each of them is held against.
fn refuse_motion(regions: &[String]) -> Result<()> {
    match regions.iter().find(|region| motion::is_one(region)) {
        Some(region) => Err(Error::usage(
            format!("--region {region}"),
            "is motion by its name, which every region is held against",
            "be a region's column",
            "leave it out (motion.tsv has it beside each region), or rename the column if it is a region's",
        )),
        None => Ok(()),
    }
}

/// Refuse a region whose column differs from another of the table in case alone, as of a table with a row a region: the change of both may be in neither.
fn refuse_case_alone(table: &Measured, regions: &[String]) -> Result<()> {
    let is_one =
        |own: &&String| regions.iter().any(|region| region.to_lowercase() == own.to_lowercase());
    let alike: Vec<String> = table.table.columns.iter().filter(is_one).cloned().collect();
    match similar::alike(&alike) {
        Some(([one, other], how)) => Err(Error::bad_data(
            format!("columns '{one}' and '{other}' of {}", table.table.name),
            how,
            "name each region in one way",
            "rename one if they are two regions, else put both into one column",
        )),
        None => Ok(()),
    }
}

/// Refuse, where no regions are named, columns that are motion or physiology by their names, and would be regions.
fn refuse_other_measures(table: &Measured) -> Result<()> {
    let meant = |column: &String| {
        let of_run = || physiology::measure(column).map(str::to_owned);
        motion::nearly(column).or_else(of_run)
    };
    let others = table.table.columns.iter().filter(|own| !motion::is_one(own));
    let mut found = others.filter_map(|own| Some((own, meant(own)?)));
    let Some((column, meant)) = found.next() else { return Ok(()) };
    Err(Error::usage(
        format!("column '{column}' of {}", table.table.name),
        match motion::is_one(&meant) {
            true => format!("is no region by its name, which is nearly {meant}, motion"),
            false => format!("is no region by its name, that of {meant} of {}", physiology::TABLE),
        },
        "be a region's, where none are named",
        match motion::is_one(&meant) {
            true => format!(
                "rename it to {meant}, or name the regions by --region, with it if it is one"
            ),
            false => {
                "name the regions by --region, with it if it is one, or take it out".to_owned()
            }
        },
    ))
}

/// Tell which columns are no regions.
fn tell_left_out(table: &Measured, (empty, words): (&[String], &[String]), notes: &mut Notes) {
    let name = &table.table.name;
    if !empty.is_empty() {
        notes.warn(
            format!("{name} has no value of {}: n/a in every row, and no region", empty.join(", ")),
            Vec::new(),
        );
    }
    if !words.is_empty() {
        notes.info(
            format!(
                "{name} has words, or Levels by its dictionary, in {}: no region",
                words.join(", ")
            ),
            Vec::new(),
        );
    }
}

/// Why no column is a region's.
fn without_numbers(table: &Measured, keys: &[String], chosen: &Chosen) -> Error {
    let (found, hint) = match (chosen.empty.is_empty(), keys.is_empty()) {
        (false, _) => (
            format!("has no value of {}: n/a in every row", chosen.empty.join(", ")),
            "check the column, or how much of the region the maps have: of less than half of it there is no value",
        ),
        (true, false) => (
            format!(
                "has no column of numbers beside those of runs, arm and motion ({})",
                keys.join(", ")
            ),
            "check --brain; a region needs another name than these",
        ),
        (true, true) => ("has no column of numbers".to_owned(), "check --brain"),
    };
    Error::usage(table.table.name.clone(), found, "have a column a region", hint)
}

/// Whether a table's column effect has paths of maps.
fn names_maps(table: &Measured) -> bool {
    let Some(at) = table.table.position("effect") else { return false };
    let mut cells = table.table.rows.iter().map(|cells| cells[at].trim());
    cells.any(|cell| cell.ends_with(".nii") || cell.ends_with(".nii.gz") || cell.contains('/'))
}

/// A table without a row a participant and visit, such as the one that `group` makes of its tests.
fn refuse_other_tables(table: &Measured) -> Result<()> {
    let is_there = |column: &&str| table.table.position(column).is_some();
    let lacks: Vec<&str> =
        ["participant_id", "session_id"].into_iter().filter(|key| !is_there(key)).collect();
    if lacks.is_empty() {
        return Ok(());
    }
    let has = |columns: &[&str]| columns.iter().all(is_there);
    let of_nobody = |by: &str| {
        format!(
            "is the table of regions of boldly {by}: tests of a group, without a value of anybody"
        )
    };
    let (found, hint) = if has(&["region", "voxels_in_region"]) {
        (of_nobody("group"), "give the table beside it whose name ends in region_values.tsv")
    } else if has(&["region", "interaction"]) {
        (of_nobody("trial"), "give the table that --brain was then")
    } else if has(&["region_a", "region_b"]) {
        (
            "is a table of edges".to_owned(),
            "--edges takes it, or the folder above those of the participants, where boldly connect wrote one a run",
        )
    } else if names_maps(table) {
        (
            "is a table of maps, as boldly group takes it".to_owned(),
            "give the folder that the maps lie in: --brain FOLDER --of NAME --region NAME=SPEC (docs/regions.md)",
        )
    } else {
        (
            format!("has no column {}", lacks.join(" and no ")),
            "or give the folder of maps in its place: --brain MAPS --region NAME=SPEC (docs/regions.md)",
        )
    };
    Err(Error::usage(
        table.table.name.clone(),
        found,
        "have a row a participant and visit, with participant_id, session_id and a column a region",
        hint,
    ))
}
