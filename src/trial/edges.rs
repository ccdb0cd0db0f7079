//! Edges: what pairs of regions have to do with each other, compared between the arms.
//!
//! Of each edge the mean over a visit's runs of Fisher's z, each run counting alike, is an endpoint like any other: z at the endpoint given arm and z at baseline ([`ancova`]), p of all
//! edges adjusted together by the false discovery rate (Benjamini and Hochberg 1995). Regions stay as `connect` cleaned and named them. Networks that it wrote beside the edges
//! (the mean z within each, and between two) are compared alike, a family of their own.

mod rows;
mod told;

use rayon::prelude::*;

use super::ancova::{self, Named, Pairs};
use super::arm::{Arm, ByArm};
use super::edges_of_runs::{EdgesOfRuns, RunOf};
use super::motion;
use super::note::Notes;
use super::people::People;
use super::plan::{Column, Missing, Plan};
use super::results::{EdgeRow, Edges, Estimate};
use super::strata::of_one_level;
use super::tables::{Measured, Tables};
use super::visits::{Order, Visits};
use crate::error::{Error, Result};
use crate::stats::fdr::{Adjustment, adjusted};
use crate::table::Table;

pub use rows::{of_table, read, read_networks};

/// The plan's edges.
///
/// # Errors
/// Usage: no such table or session, with the closest. Bad data: as [`of_table`], unknown participants, no edge that can be compared, with why.
pub fn analyse(plan: &Plan, people: &People, tables: &Tables, notes: &mut Notes) -> Result<Edges> {
    let Some(own) = &plan.edges else {
        return Err(Error::usage("the plan", "names no edges", "name them", "give --edges"));
    };
    let of_table = match &tables.edges {
        Some(_) => None,
        None => Some(of_table(tables.get(&own.table)?)?),
    };
    let Some(runs) = of_table.as_ref().or(tables.edges.as_ref()) else {
        return Err(Error::internal("the edges", "are not there", "be", ""));
    };
    let both = BothVisits::new(runs, plan, people, notes)?;
    told::odd_values(runs, of_table.is_some(), notes);
    told::regions(runs, "region", told::EDGES, notes);
    let (mut rows, reasons) = compared(&both, plan, people)?;
    refuse_all(runs, &reasons)?;
    told::not_compared(runs, &reasons, told::EDGES, notes);
    both.tell_lacking(told::EDGES, (plan, people), notes);
    let given = (plan, people, tables);
    let edges = (rows.len(), |edges: &[usize]| told::EDGES.named(runs, edges));
    let (motion, of_change) = motion::of_edges(edges, |pair| both.z(pair), given, notes)?;
    motion::tell_lacking(|place| both.images(place), given, notes)?;
    rows.iter_mut().zip(of_change).for_each(|(row, motion)| row.motion = motion);
    Ok(Edges {
        regions: runs.regions.clone(),
        runs: runs.runs.len(),
        of_several_runs: both.of_several_runs,
        rows,
        motion,
    })
}

/// The networks beside the plan's edges; none where no run has any, or none can be compared, which is told.
///
/// # Errors
/// As [`analyse`].
pub fn networks(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<Option<Edges>> {
    let Some(runs) = &tables.networks else { return Ok(None) };
    // Their runs are those of the edges, of which all is said.
    let both = BothVisits::new(runs, plan, people, &mut Notes::default())?;
    told::regions(runs, "network", told::MEANS, notes);
    let (rows, reasons) = compared(&both, plan, people)?;
    told::not_compared(runs, &reasons, told::MEANS, notes);
    both.tell_lacking(told::MEANS, (plan, people), notes);
    both.tell_fewer((plan, people), notes);
    if reasons.len() == rows.len() {
        return Ok(None);
    }
    Ok(Some(Edges {
        regions: runs.regions.clone(),
        runs: runs.runs.len(),
        of_several_runs: both.of_several_runs,
        rows,
        motion: Vec::new(),
    }))
}

/// Pairs that cannot be compared, by their places, and why.
type Reasons = Vec<(usize, Error)>;

/// A row a pair, p adjusted over all that are compared, and why others cannot be.
fn compared(both: &BothVisits, plan: &Plan, people: &People) -> Result<(Vec<EdgeRow>, Reasons)> {
    let all = (0..both.runs.pairs.len()).into_par_iter();
    let all = all.map(|pair| row(pair, both, plan, people)).collect::<Result<Vec<_>>>()?;
    let (mut rows, mut reasons) = (Vec::with_capacity(all.len()), Vec::new());
    for (pair, (row, reason)) in all.into_iter().enumerate() {
        rows.push(row);
        reasons.extend(reason.map(|reason| (pair, reason)));
    }
    let p: Vec<f64> = rows.iter().map(|row| row.test.map_or(f64::NAN, |test| test.p)).collect();
    let q = adjusted(&p, Adjustment::BenjaminiHochberg);
    rows.iter_mut().zip(q).for_each(|(row, q)| row.q = Some(q).filter(|q| !q.is_nan()));
    Ok((rows, reasons))
}

/// The runs of each participant at both visits, `[place in People::all]`.
struct BothVisits<'a> {
    runs: &'a EdgesOfRuns,
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    of_several_runs: usize,
}

impl<'a> BothVisits<'a> {
    fn new(
        runs: &'a EdgesOfRuns,
        plan: &Plan,
        people: &People,
        notes: &mut Notes,
    ) -> Result<BothVisits<'a>> {
        let table = listed(runs);
        let (places, sessions) = (table.people(people)?, table.sessions()?);
        let mut known: Vec<String> = Vec::new();
        for session in &sessions {
            if !known.contains(session) {
                known.push(session.clone());
            }
        }
        let order = Order::of_rows(&known, &places, &sessions);
        let at = |name: &String| {
            let column = Column { table: runs.name.clone(), column: "z".to_owned() };
            let names = ("z".to_owned(), column);
            // Refuses a session that nobody has, with the closest.
            Visits::derived(names, (&table, people), order.clone(), [].into()).at(name)?;
            let mut of_people = vec![Vec::new(); people.all.len()];
            for (run, place) in places.iter().enumerate().filter(|(run, _)| sessions[*run] == *name)
            {
                of_people[*place].push(run);
            }
            Ok::<_, Error>(of_people)
        };
        let (before, after) = (at(&plan.baseline)?, at(&plan.endpoint)?);
        let of_plan = |session: &&String| **session != plan.baseline && **session != plan.endpoint;
        let others: Vec<&str> = known.iter().filter(of_plan).map(String::as_str).collect();
        if !others.is_empty() {
            notes.info(
                format!(
                    "{} has further sessions, which are not analysed: {}",
                    runs.name,
                    others.join(", ")
                ),
                Vec::new(),
            );
        }
        let mut both = BothVisits { runs, before, after, of_several_runs: 0 };
        both.tell_several(plan, people, notes);
        Ok(both)
    }

    /// The mean over a participant's runs; none where one lacks it.
    fn mean(&self, runs: &[usize], pair: usize) -> Option<f64> {
        let mut sum = 0.0;
        for &run in runs {
            sum += self.runs.z(run, pair)?;
        }
        (!runs.is_empty()).then(|| sum / runs.len() as f64)
    }

    /// Images behind the edges of a participant at both visits.
    fn images(&self, place: usize) -> [usize; 2] {
        let n = |runs: &Vec<usize>| runs.iter().map(|&run| self.runs.runs[run].images).sum();
        [n(&self.before[place]), n(&self.after[place])]
    }

    /// An edge at both visits, `[place in People::all]`.
    fn z(&self, pair: usize) -> [Vec<Option<f64>>; 2] {
        let at =
            |people: &Vec<Vec<usize>>| people.iter().map(|runs| self.mean(runs, pair)).collect();
        [&self.before, &self.after].map(at)
    }

    /// Who of the arms has an edge at both visits.
    fn pairs(&self, pair: usize, people: &People) -> Pairs {
        let [before, after] = self.z(pair);
        Pairs::new(people, &before, &after, Missing::Observed)
    }
}

/// Whose the runs are, as a table: participants and sessions are refused as those of any other.
fn listed(runs: &EdgesOfRuns) -> Measured {
    let row = |run: &RunOf| vec![run.participant.clone(), run.session.clone()];
    Measured {
        name: runs.name.clone(),
        table: Table {
            name: runs.name.clone(),
            columns: ["participant_id", "session_id"].map(str::to_owned).to_vec(),
            rows: runs.runs.iter().map(row).collect(),
        },
        origin: runs.runs.iter().map(|run| run.place.clone()).collect(),
        ..Measured::default()
    }
}

/// An edge compared, or why it cannot be.
fn row(
    pair: usize,
    both: &BothVisits,
    plan: &Plan,
    people: &People,
) -> Result<(EdgeRow, Option<Error>)> {
    let runs = both.runs;
    let pairs = both.pairs(pair, people);
    let pairs = pairs.with_covariates(people);
    let [a, b] = runs.pairs[pair].map(|region| runs.regions[region].clone());
    let mean = |arm: Arm| {
        let own = pairs.baseline.iter().zip(&pairs.arm).filter(|(_, own)| **own == arm);
        let own: Vec<f64> = own.map(|(z, _)| *z).collect();
        (!own.is_empty()).then(|| own.iter().sum::<f64>() / own.len() as f64)
    };
    let one_level = of_one_level(people, &pairs.places).into_iter().map(|[column, _]| column);
    let mut row = EdgeRow {
        region_a: a,
        region_b: b,
        n: pairs.n(),
        one_level: one_level.collect(),
        lacking: ByArm::of(|arm| pairs.left_out.get(arm).len()),
        baseline: ByArm::of(mean),
        change: None,
        difference: None,
        test: None,
        q: None,
        motion: None,
    };
    let edge = Named { outcome: format!("edge {}", runs.called(pair)), ..Named::default() };
    match ancova::adjusted(&edge, &pairs, people, plan) {
        Ok(found) => {
            let change = |at: Estimate| {
                let less = |v: f64| v - found.baseline_mean;
                let (low, high) = (at.low.map(less), at.high.map(less));
                Estimate { value: less(at.value), se: at.se, low, high }
            };
            row.change = Some(ByArm::of(|arm| change(found.ls_means.get(arm).endpoint)));
            (row.difference, row.test) = (Some(found.difference), Some(found.test));
            Ok((row, None))
        }
        Err(reason @ Error::BadData(_)) => Ok((row, Some(reason))),
        Err(other) => Err(other),
    }
}

/// Edges of which nothing can be compared are no part of a report.
fn refuse_all(runs: &EdgesOfRuns, reasons: &[(usize, Error)]) -> Result<()> {
    match reasons.first() {
        _ if runs.pairs.is_empty() => Err(Error::bad_data(
            runs.name.clone(),
            "has no edge",
            "have a row an edge of each run",
            "check how it was made",
        )),
        Some((_, reason)) if reasons.len() == runs.pairs.len() => Err(Error::bad_data(
            runs.name.clone(),
            format!(
                "has no edge, of {}, that can be compared between the arms: of the first, {}",
                runs.pairs.len(),
                reason.found()
            ),
            "have the same regions, by the same names, in the runs of both visits",
            "check --baseline, --endpoint, the names of regions, and that the runs are those of all participants: a folder above theirs",
        )),
        _ => Ok(()),
    }
}
