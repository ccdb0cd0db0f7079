//! Motion against values of the brain over participants (QC-FC, Ciric et al. 2017): whether motion is in the values, which no test of them tells. Motion is each visit's: of
//! regions from their table, `mean_fd_REGION` where a region's runs are not those of the others, or `mean_fd`; else, and of edges, from the column that the plan names (`--motion physio_summary:mean_fd`).

use rayon::prelude::*;

use super::note::{Notes, counted, verb};
use super::people::People;
use super::plan::{Column, Plan};
use super::results::{Correlation, EdgesMotion, MotionRow};
use super::still::is_still;
use super::tables::{Measured, STATES, Tables};
use super::visits::{RUN, Visits};
use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::stats::correlation::pearson;
use crate::table::are_one_name;

/// Columns that hold a run's mean framewise displacement.
const COLUMNS: [&str; 4] =
    ["mean_fd", "fd_mean", "mean_framewise_displacement", "framewise_displacement"];
/// Before the name of a region whose runs are others.
const OF_REGION: &str = "mean_fd_";
/// A correlation below this p is counted.
const LEVEL: f64 = 0.05;
/// Share of edges that go with motion from which on it is warned of: twice what chance gives.
const MANY: f64 = 0.1;
/// Participants that a correlation needs.
const LEAST: usize = 4;

/// Whether a column of a table of regions holds motion.
pub(super) fn is_one(column: &str) -> bool {
    COLUMNS.contains(&column) || column.starts_with(OF_REGION)
}

/// Whether a table of regions has something else in a column of this name: whose a row is, its run, task or condition, or motion.
#[must_use]
pub fn is_taken(name: &str) -> bool {
    let is_key = ["participant_id", "session_id", RUN].contains(&name);
    is_key || STATES.contains(&name) || is_one(name)
}

/// The columns of motion of a table of regions.
pub(super) fn columns(table: &Measured) -> Vec<String> {
    table.table.columns.iter().filter(|column| is_one(column)).cloned().collect()
}

/// The name of motion that a column's differs from in case, `_`, `-` or blanks alone: `mean_fd` for `MeanFD`.
pub(super) fn respelt(column: &str) -> Option<String> {
    let general = COLUMNS.into_iter().find(|own| are_one_name(own, column)).map(str::to_owned);
    let of_region = || {
        let plain = column.to_lowercase().replace(['-', ' '], "_");
        let region = ["mean_fd_", "meanfd_"].iter().find_map(|start| plain.strip_prefix(start))?;
        let as_written = column.len().checked_sub(region.len()).and_then(|at| column.get(at..));
        Some(format!("{OF_REGION}{}", as_written.unwrap_or(region)))
    };
    general.or_else(of_region).filter(|own| own != column)
}

/// The name of motion that a column is probably meant as: spelt otherwise, or `FD` alone.
pub(super) fn nearly(column: &str) -> Option<String> {
    let is_short = are_one_name("fd", column);
    respelt(column).or_else(|| is_short.then(|| COLUMNS[0].to_owned()))
}

/// Refuse a column that would be motion but for how its name is spelt, where the table has none of that name. `is_named`: what the plan names is not ignored.
///
/// # Errors
/// Bad data, naming it.
pub(super) fn refuse_respelt(table: &Measured, is_named: impl Fn(&str) -> bool) -> Result<()> {
    let columns = &table.table.columns;
    for column in columns.iter().filter(|column| !is_named(column)) {
        if let Some(meant) = respelt(column).filter(|meant| !columns.contains(meant)) {
            return Err(crate::table::respelt(&table.table.name, column, &meant));
        }
    }
    Ok(())
}

/// Refuse motion of a region that the table has no column of: that of other runs would be taken in its place. `is_named`: what the plan names is not dropped.
///
/// # Errors
/// Bad data, naming it and the nearest region.
fn refuse_no_region(table: &Measured, is_named: impl Fn(&str) -> bool) -> Result<()> {
    let columns = &table.table.columns;
    let no_region = columns.iter().filter(|column| !is_named(column)).find_map(|column| {
        let region = column.strip_prefix(OF_REGION)?;
        (!columns.iter().any(|own| own == region)).then_some((column, region))
    });
    let Some((column, region)) = no_region else { return Ok(()) };
    let regions: Vec<String> = columns.iter().filter(|own| !is_taken(own)).cloned().collect();
    let is_it = |own: &&String| are_one_name(own, region);
    let near = regions.iter().find(is_it).map(String::as_str).or(closest(region, &regions));
    Err(Error::bad_data(
        format!("column '{column}' of {}", table.table.name),
        format!("is motion of a region '{region}' by its name, which is no column of the table"),
        format!("be called {OF_REGION}REGION, as the column of its region is"),
        match near {
            Some(near) => format!("did you mean '{OF_REGION}{near}'?"),
            None => "rename it, or call it something else if it is no motion".to_owned(),
        },
    ))
}

/// A column that is motion by another name than the one that a table of runs has it by.
pub(super) fn other_name(table: &Measured) -> Option<&str> {
    let columns = &table.table.columns;
    let is_motion = |name: &&String| {
        let meant = nearly(name).unwrap_or_else(|| (*name).clone());
        COLUMNS.contains(&meant.as_str())
    };
    let is_absent = !columns.iter().any(|own| own == COLUMNS[0]);
    columns.iter().find(is_motion).filter(|_| is_absent).map(String::as_str)
}

/// The motion that goes with a region of a table: the table's own, else the plan's.
///
/// # Errors
/// As [`refuse_respelt`] and [`Visits::new`]; bad data: motion of a region that the table lacks.
pub(super) fn beside(
    region: &str,
    table: &Measured,
    (plan, people, tables): (&Plan, &People, &Tables),
) -> Result<Option<Visits>> {
    // Motion goes with itself.
    if is_one(region) {
        return Ok(None);
    }
    let regions = plan.brain.iter().flat_map(|own| &own.regions).map(String::as_str);
    let sides = plan.correlations.iter().flat_map(|relation| [&relation.first, &relation.second]);
    let of_plan_too = sides.chain(&plan.motion).map(|column| column.column.as_str());
    let named: Vec<&str> = regions.chain(of_plan_too).chain([region]).collect();
    refuse_respelt(table, |column| named.contains(&column))?;
    refuse_no_region(table, |column| named.contains(&column))?;
    let own = format!("{OF_REGION}{region}");
    let mut names = std::iter::once(own.as_str()).chain(COLUMNS);
    match (names.find(|name| table.table.position(name).is_some()), &plan.motion) {
        (Some(column), _) => read(table, column, people).map(Some),
        (None, Some(column)) => of_plan(column, people, tables).map(Some),
        (None, None) => Ok(None),
    }
}

fn of_plan(column: &Column, people: &People, tables: &Tables) -> Result<Visits> {
    let column = tables.resolve(column)?;
    read(tables.get(&column.table)?, &column.column, people)
}

fn read(table: &Measured, column: &str, people: &People) -> Result<Visits> {
    displacements(table, column)?;
    Visits::new(table, column, people)
}

/// Mean framewise displacements, 0 mm or more.
///
/// # Errors
/// As [`Measured::numbers_on`].
pub(super) fn displacements(table: &Measured, column: &str) -> Result<Vec<Option<f64>>> {
    table.numbers_on(column, "displacements in mm", [0.0, f64::INFINITY])
}

/// Motion against each region, at each visit and of the changes.
///
/// # Errors
/// Usage: no such column or session. Bad data: displacements that are none.
pub(super) fn of_regions(
    regions: &[String],
    table: &Measured,
    (plan, people, tables): (&Plan, &People, &Tables),
    notes: &mut Notes,
) -> Result<Vec<MotionRow>> {
    let (mut rows, mut found, mut without) = (Vec::new(), Vec::new(), Vec::new());
    let mut still = Vec::new();
    let mut held: Vec<Column> = Vec::new();
    for region in regions {
        let Some(fd) = beside(region, table, (plan, people, tables))? else {
            without.push(region.as_str());
            continue;
        };
        fd.tell_runs(notes);
        let visits = Visits::new(table, region, people)?;
        let lacks = |place: &usize| {
            let mut both = [&plan.baseline, &plan.endpoint].into_iter();
            both.any(|at| visits.get(*place, at).is_some() && fd.get(*place, at).is_none())
        };
        let of_arms = people.places(|person| person.arm.is_some()).into_iter();
        let lacking: Vec<usize> = of_arms.filter(lacks).collect();
        tell_without(&fd, &lacking, (region, plan, people), notes);
        // Runs are those of the table's rows, whatever the region.
        if !held.contains(&fd.column) {
            held.push(fd.column.clone());
            let n = |place, session| visits.n_runs(place, session).unwrap_or_default();
            let runs = |place| [&plan.baseline, &plan.endpoint].map(|session| n(place, session));
            tell_other_runs(&fd, &runs, ("regions", plan, people), notes);
        }
        for at in At::ALL {
            let (of_fd, of_region) = (at.values(&fd, plan)?, at.values(&visits, plan)?);
            let (x, y) = both(people, &of_fd, &of_region);
            if x.len() < LEAST {
                continue;
            }
            let motion = fd.column.column.clone();
            let Some(r) = pearson(&x, &y, plan.conf)? else {
                let what = if is_still(&y)? { region } else { &motion };
                still.push(format!(
                    "{region} ({}) with {motion}: {what} does not vary",
                    at.name(plan)
                ));
                continue;
            };
            if r.p < LEVEL {
                found.push(format!("{region} ({}, {motion}, r {:.2})", at.name(plan), r.r));
            }
            let correlation = Correlation::of(&r);
            rows.push(MotionRow {
                region: region.clone(),
                visit: at.name(plan),
                motion,
                correlation,
            });
        }
    }
    // Edges are held against it where there are any.
    if let Some(column) = plan.motion.as_ref().filter(|_| plan.edges.is_none()) {
        let column = tables.resolve(column)?;
        if !held.is_empty() && !held.contains(&column) {
            let own: Vec<&str> = held.iter().map(|own| own.column.as_str()).collect();
            notes.warn(
                format!(
                    "--motion {column} is not held against the regions of {}, which has its own ({})",
                    table.table.name,
                    own.join(", ")
                ),
                Vec::new(),
            );
        }
    }
    if !without.is_empty() {
        let of = if without.len() == regions.len() {
            "its values".to_owned()
        } else {
            without.join(", ")
        };
        notes.warn(
            format!(
                "{} has no column of motion ({}): whether motion is in {of} is not known; --motion takes one of another table",
                table.table.name, COLUMNS[0]
            ),
            Vec::new(),
        );
    }
    if !still.is_empty() {
        notes.warn(format!("no correlation of {}", still.join("; of ")), Vec::new());
    }
    if !found.is_empty() {
        notes.warn(
            format!(
                "motion goes with {} over participants (p < .05, of {} correlations, not adjusted): it may be in these values",
                found.join(", "),
                rows.len()
            ),
            Vec::new(),
        );
    }
    Ok(rows)
}

/// Motion against every edge: a row a visit and of the changes, and the correlation of each edge's change. `z`: an edge's values at baseline and at the endpoint, `[place in People::all]`.
///
/// # Errors
/// As [`of_regions`].
pub(super) fn of_edges(
    (n_edges, called): (usize, impl Fn(&[usize]) -> String),
    z: impl Fn(usize) -> [Vec<Option<f64>>; 2] + Sync,
    (plan, people, tables): (&Plan, &People, &Tables),
    notes: &mut Notes,
) -> Result<(Vec<EdgesMotion>, Vec<Option<Correlation>>)> {
    let Some(column) = &plan.motion else {
        notes.warn(
            "whether motion is in the edges is not known: --motion names a column of it, such as physio_summary:mean_fd",
            Vec::new(),
        );
        return Ok((Vec::new(), vec![None; n_edges]));
    };
    let fd = of_plan(column, people, tables)?;
    fd.tell_runs(notes);
    let (mut rows, mut of_change) = (Vec::new(), Vec::new());
    for at in At::ALL {
        let of_fd = at.values(&fd, plan)?;
        let of_edge = |edge: usize| {
            let (x, y) = both(people, &of_fd, &at.of(z(edge)));
            if x.len() < LEAST {
                return Ok((None, false));
            }
            let r = pearson(&x, &y, plan.conf)?;
            Ok((r.as_ref().map(Correlation::of), r.is_none() && !is_still(&x)?))
        };
        let all = (0..n_edges).into_par_iter().map(of_edge).collect::<Result<Vec<_>>>()?;
        let still: Vec<usize> = (0..n_edges).filter(|&edge| all[edge].1).collect();
        if !still.is_empty() {
            let text = format!(
                "{} {} not vary over participants ({}): no correlation with {}",
                called(&still),
                verb(still.len(), ["does", "do"]),
                at.name(plan),
                fd.column
            );
            notes.warn(text, Vec::new());
        }
        let all: Vec<Option<Correlation>> = all.into_iter().map(|(found, _)| found).collect();
        let known: Vec<&Correlation> = all.iter().flatten().collect();
        let below = known.iter().filter(|one| one.test.p < LEVEL).count();
        let mut sizes: Vec<f64> = known.iter().map(|one| one.r.value.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        if let Some(&median_r) = sizes.get(sizes.len() / 2) {
            rows.push(EdgesMotion {
                visit: at.name(plan),
                motion: fd.column.to_string(),
                n: known.iter().map(|one| one.n).max().unwrap_or_default(),
                edges: known.len(),
                below,
                median_r,
            });
        }
        of_change = all;
    }
    let many = rows.iter().filter(|row| row.below as f64 > MANY * row.edges as f64);
    let many: Vec<String> = many
        .map(|row| {
            format!(
                "{} of {} ({}, median |r| {:.2})",
                row.below, row.edges, row.visit, row.median_r
            )
        })
        .collect();
    if !many.is_empty() {
        notes.warn(
            format!(
                "{} goes with many edges over participants (p < .05, where chance gives 5 %): {}; motion may be in them",
                fd.column,
                many.join(", ")
            ),
            Vec::new(),
        );
    }
    Ok((rows, of_change))
}

/// Tell who has edges and no motion, and whose motion is of fewer or more runs than their edges, such as of `physio_summary[run=1]`. `images`: those behind a participant's edges at both visits.
///
/// # Errors
/// As [`of_regions`].
pub(super) fn tell_lacking(
    images: impl Fn(usize) -> [usize; 2],
    (plan, people, tables): (&Plan, &People, &Tables),
    notes: &mut Notes,
) -> Result<()> {
    let Some(column) = &plan.motion else { return Ok(()) };
    let fd = of_plan(column, people, tables)?;
    let lacks = |place: &usize| {
        let visits = [&plan.baseline, &plan.endpoint].into_iter().zip(images(*place));
        visits.into_iter().any(|(session, n)| n > 0 && fd.get(*place, session).is_none())
    };
    let of_arms = people.places(|person| person.arm.is_some()).into_iter();
    let without: Vec<usize> = of_arms.filter(lacks).collect();
    tell_without(&fd, &without, ("edges", plan, people), notes);
    tell_other_runs(&fd, &images, ("edges", plan, people), notes);
    Ok(())
}

/// Tell whose motion is of fewer or more runs than their values. `images`: those behind a participant's values at both visits, 0 where that is not known.
fn tell_other_runs(
    fd: &Visits,
    images: &dyn Fn(usize) -> [usize; 2],
    (what, plan, people): (&str, &Plan, &People),
    notes: &mut Notes,
) {
    let (mut fewer, mut more) = (Vec::new(), Vec::new());
    for place in people.places(|person| person.arm.is_some()) {
        for (session, images) in [&plan.baseline, &plan.endpoint].into_iter().zip(images(place)) {
            let Some(n) = fd.n_runs(place, session).filter(|_| images > 0) else { continue };
            let id = &people.all[place].id;
            if n < images {
                fewer.push(format!("{id} ({session}, {n} of {images})"));
            } else if n > images {
                more.push(format!("{id} ({session}, {n}, {what} of {images})"));
            }
        }
    }
    if !fewer.is_empty() {
        notes.warn(
            format!(
                "{} is of fewer runs than the {what} in {}: whether motion is in the others' part of these {what} is not known; of a table with all of a visit's runs the mean is taken",
                fd.column,
                counted(fewer.len(), "visit")
            ),
            fewer,
        );
    }
    if !more.is_empty() {
        notes.warn(
            format!(
                "{} is the mean over more runs than the {what} are of in {}: motion of runs without {what} is in it; give that of the runs of the {what}, such as physio_summary[run=1]:mean_fd",
                fd.column,
                counted(more.len(), "visit")
            ),
            more,
        );
    }
}

/// Who has values and no motion beside them.
fn tell_without(
    fd: &Visits,
    without: &[usize],
    (what, plan, people): (&str, &Plan, &People),
    notes: &mut Notes,
) {
    if !without.is_empty() {
        notes.warn(
            format!(
                "{} with {what} {} {} at {} or {}: not in the correlations of motion there",
                counted(without.len(), "participant"),
                verb(without.len(), ["lacks", "lack"]),
                fd.column,
                plan.baseline,
                plan.endpoint
            ),
            people.names(without),
        );
    }
}

/// Where motion and values are compared.
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
        Ok(self.of([visits.at(&plan.baseline)?, visits.at(&plan.endpoint)?]))
    }

    fn of(self, [before, after]: [Vec<Option<f64>>; 2]) -> Vec<Option<f64>> {
        match self {
            At::Baseline => before,
            At::Endpoint => after,
            At::Change => {
                let change = |(b, e): (Option<f64>, Option<f64>)| Some(e? - b?);
                before.into_iter().zip(after).map(change).collect()
            }
        }
    }
}

/// Values of those of the arms who have both.
fn both(people: &People, x: &[Option<f64>], y: &[Option<f64>]) -> (Vec<f64>, Vec<f64>) {
    let of_arms = people.places(|person| person.arm.is_some());
    of_arms.into_iter().filter_map(|place| x[place].zip(y[place])).unzip()
}
