//! Brain and behaviour: how two measures go together over participants.
//!
//! Of a relation A~B two rows: change of A with change of B, and baseline (of the region, else of A) with change of the other. A change is endpoint - baseline; of a measure whose
//! dictionary says that lower is better it is the improvement, baseline - endpoint. In each row: r given the arm (the primary one: pooled r mistakes a difference between arms for a
//! relation), given the arm and motion where a region is in it, pooled, of each arm, Spearman's and Kendall's, whether the arms' slopes differ, and whether their r do (Fisher's z).
//!
//! A region that was chosen by a contrast with the other measure (its dictionary's `SelectedBy`) has an r that is inflated by that choice (Kriegeskorte et al. 2009): refused, unless the
//! plan is exploratory. Relations are between participants: none is an effect of treatment, and mediation is not tested.

mod axis;
mod chosen;
mod still;

use ndarray::Array2;

use super::arm::{Arm, ByArm};
use super::note::{Notes, counted};
use super::people::People;
use super::plan::{Plan, Relation};
use super::results::{
    Correlation, CorrelationPoint, CorrelationRow, Correlations, SlopesDiffer, Test,
};
use super::tables::Tables;
use crate::error::{Error, Result};
use crate::stats::correlation::{self, kendall, partial, pearson, spearman};
use crate::stats::fieller::Line;
use axis::{Axis, Side, What};

/// The plan's relations.
///
/// # Errors
/// Usage: no such table, column or session, with the closest; a measure related to itself; a region that was chosen by what it is related to, unless the plan is exploratory. Bad data as
/// [`Tables::visits`].
pub fn analyse(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<Correlations> {
    let mut rows = Vec::new();
    let mut without = Without::default();
    for relation in &plan.correlations {
        let first = Side::open(&relation.first, plan, people, tables)?;
        let second = Side::open(&relation.second, plan, people, tables)?;
        for side in [&first, &second] {
            side.visits.tell_others((plan, people), &[], notes);
        }
        if first.visits.column == second.visits.column {
            return Err(Error::usage(
                format!("the relation {relation}"),
                "relates a measure to itself",
                "be of two measures",
                "change in a measure goes with its baseline without any effect",
            ));
        }
        let exploratory = chosen::judge((&first, &second), (relation, plan), tables, notes)?;
        for (one, other) in pairs(&first, &second) {
            let first = first.axis(one, plan, people)?;
            let second = second.axis(other, plan, people)?;
            let mut row = row(relation, (first, second), (plan, people), (&mut without, notes))?;
            row.exploratory = exploratory;
            rows.push(row);
        }
    }
    without.tell(people, notes);
    tell_tested(&rows, notes);
    Ok(Correlations { rows })
}

/// How many relations are tested, of those that are asked for.
fn tell_tested(rows: &[CorrelationRow], notes: &mut Notes) {
    let n = rows.iter().filter(|row| row.pooled.is_some()).count();
    let tested = match n == rows.len() {
        true => counted(n, "relation"),
        false => format!("{n} of {}", counted(rows.len(), "relation")),
    };
    if n > 0 {
        notes.info(
            format!(
                "{tested} tested, p not adjusted; relations are between participants: none is an effect of treatment, and mediation is not tested"
            ),
            Vec::new(),
        );
    }
}

/// Who is not in which relations; the same participants are named once.
#[derive(Default)]
struct Without {
    all: Vec<(Vec<usize>, Vec<String>)>,
}

impl Without {
    fn add(&mut self, what: &str, who: Vec<usize>) {
        match self.all.iter_mut().find(|(other, _)| *other == who) {
            _ if who.is_empty() => {}
            Some((_, all)) => all.push(what.to_owned()),
            None => self.all.push((who, vec![what.to_owned()])),
        }
    }

    fn tell(&self, people: &People, notes: &mut Notes) {
        for (who, what) in &self.all {
            let n = counted(who.len(), "participant");
            notes.warn(
                format!("{n} without one of both, not in the relation of {}", what.join("; of ")),
                people.names(who),
            );
        }
    }
}

/// What of both sides is related: changes, then a baseline with a change.
fn pairs(first: &Side, second: &Side) -> Vec<(What, What)> {
    let mut pairs = vec![(What::Change, What::Change)];
    let second_is_before = second.is_brain && !first.is_brain || !first.has_change;
    let before = if second_is_before { second } else { first };
    // What was measured once has the same row already.
    if before.has_change {
        pairs.push(match second_is_before {
            true => (What::Change, What::Baseline),
            false => (What::Baseline, What::Change),
        });
    }
    pairs
}

fn row(
    relation: &Relation,
    (first, second): (Axis, Axis),
    (plan, people): (&Plan, &People),
    (without, notes): (&mut Without, &mut Notes),
) -> Result<CorrelationRow> {
    let mut points = Vec::new();
    let mut places = Vec::new();
    let mut lacking = Vec::new();
    for (place, person) in people.all.iter().enumerate() {
        let Some(arm) = person.arm else { continue };
        match (first.values[place], second.values[place]) {
            (Some(one), Some(other)) => {
                let participant = person.id.clone();
                points.push(CorrelationPoint { participant, arm, first: one, second: other });
                places.push(place);
            }
            _ => lacking.push(place),
        }
    }
    let what = format!("{} and {}", first.label, second.label);
    without.add(&what, lacking);
    let motion = first.motion.or(second.motion);
    let mut row = CorrelationRow {
        relation: relation.to_string(),
        first: first.label,
        second: second.label,
        given_arm: None,
        given: vec![plan.arm.clone()],
        given_motion: None,
        motion: None,
        pooled: None,
        by_arm: ByArm::default(),
        arms_differ: None,
        spearman: None,
        spearman_by_arm: ByArm::default(),
        kendall: None,
        kendall_by_arm: ByArm::default(),
        slopes_differ: None,
        exploratory: false,
        points,
    };
    if row.points.len() < 4 {
        notes.warn(
            format!(
                "{what} share {} with both: too few for a relation",
                counted(row.points.len(), "participant")
            ),
            Vec::new(),
        );
        return Ok(row);
    }
    let nowhere = still::sides(&row, None)?;
    if !nowhere.is_empty() {
        still::tell(&nowhere, (&row, None), people, notes);
        return Ok(row);
    }
    for arm in [Arm::Active, Arm::Control] {
        let n = row.points.iter().filter(|point| point.arm == arm).count();
        if n < 4 {
            let (name, who) = (people.arms.get(arm), counted(n, "participant"));
            notes.warn(
                format!(
                    "{what} share {who} of {name} with both: too few for a relation within that arm, and the arms' relations are not compared"
                ),
                Vec::new(),
            );
        } else {
            still::tell(&still::sides(&row, Some(arm))?, (&row, Some(arm)), people, notes);
        }
    }
    fill(&mut row, plan.conf)?;
    if let Some((label, values)) = motion {
        tell_without_motion(&values, &places, (&label, &what), people, notes);
        given_motion(&mut row, &values, &places, plan.conf)?;
        row.motion = Some(label);
    }
    Ok(row)
}

/// Tell who is in a relation and not in what is given motion.
fn tell_without_motion(
    motion: &[Option<f64>],
    places: &[usize],
    (label, what): (&str, &str),
    people: &People,
    notes: &mut Notes,
) {
    let lacking: Vec<usize> =
        places.iter().copied().filter(|&place| motion[place].is_none()).collect();
    if !lacking.is_empty() {
        notes.warn(
            format!(
                "{} without {label}, not in the relation of {what} given motion",
                counted(lacking.len(), "participant")
            ),
            people.names(&lacking),
        );
    }
}

/// Everything but what is given motion.
fn fill(row: &mut CorrelationRow, conf: f64) -> Result<()> {
    let of = |arm: Option<Arm>| {
        let own = row.points.iter().filter(|point| arm.is_none_or(|arm| point.arm == arm));
        own.map(|point| (point.first, point.second)).unzip::<f64, f64, Vec<f64>, Vec<f64>>()
    };
    let (x, y) = of(None);
    let arm = Array2::from_shape_fn((x.len(), 1), |(at, _)| row.points[at].arm.indicator());
    let told = |found: Option<correlation::Correlation>| found.as_ref().map(Correlation::of);
    let given_arm = told(partial(&x, &y, arm.view(), conf)?);
    let pooled = told(pearson(&x, &y, conf)?);
    let (rank, tau) = (told(spearman(&x, &y, conf)?), told(kendall(&x, &y, conf)?));
    type Coefficient = fn(&[f64], &[f64], f64) -> Result<Option<correlation::Correlation>>;
    let of_arms = |coefficient: Coefficient| {
        ByArm::try_of(|arm| {
            let (x, y) = of(Some(arm));
            if x.len() < 4 { Ok::<_, Error>(None) } else { coefficient(&x, &y, conf) }
        })
    };
    let alone = of_arms(pearson)?;
    let (ranks, taus) = (of_arms(spearman)?, of_arms(kendall)?);
    let differ = match (&alone.active, &alone.control) {
        (Some(active), Some(control)) => correlation::difference(active, control),
        _ => None,
    };
    let is_active: Vec<bool> = row.points.iter().map(|p| p.arm == Arm::Active).collect();
    // A measure that is one value in an arm has a slope of 0 there without a test of it.
    let slopes = match (&alone.active, &alone.control) {
        (Some(_), Some(_)) => correlation::slopes_differ(&y, &x, &is_active)?,
        _ => None,
    };
    let slope = |arm| {
        let (x, y) = of(Some(arm));
        Line::through(&y, &x).ok().map(|line| line.slope)
    };
    row.slopes_differ = match (slopes, slope(Arm::Control), slope(Arm::Active)) {
        (Some(found), Some(control), Some(active)) => Some(SlopesDiffer {
            slopes: ByArm { control, active },
            test: Test { statistic: found.t, dof: Some(found.dof), p: found.p },
        }),
        _ => None,
    };
    (row.given_arm, row.pooled, row.spearman, row.kendall) = (given_arm, pooled, rank, tau);
    row.by_arm = ByArm::of(|arm| told(*alone.get(arm)));
    row.spearman_by_arm = ByArm::of(|arm| told(*ranks.get(arm)));
    row.kendall_by_arm = ByArm::of(|arm| told(*taus.get(arm)));
    row.arms_differ = differ.map(|(statistic, p)| Test { statistic, dof: None, p });
    Ok(())
}

/// Given the arm and motion, of those who have a value of motion.
fn given_motion(
    row: &mut CorrelationRow,
    values: &[Option<f64>],
    places: &[usize],
    conf: f64,
) -> Result<()> {
    let with = row.points.iter().zip(places);
    let with: Vec<(&CorrelationPoint, f64)> =
        with.filter_map(|(point, &place)| Some((point, values[place]?))).collect();
    if with.len() < 5 {
        return Ok(());
    }
    let x: Vec<f64> = with.iter().map(|(point, _)| point.first).collect();
    let y: Vec<f64> = with.iter().map(|(point, _)| point.second).collect();
    let columns = Array2::from_shape_fn((with.len(), 2), |(at, column)| match column {
        0 => with[at].0.arm.indicator(),
        _ => with[at].1,
    });
    row.given_motion = partial(&x, &y, columns.view(), conf)?.as_ref().map(Correlation::of);
    Ok(())
}
