//! What is told of edges, and of means of networks, beside their numbers.

use rayon::prelude::*;

use super::BothVisits;
use crate::error::Error;
use crate::trial::edges_of_runs::{EdgesOfRuns, Fewer, RunOf};
use crate::trial::note::{Notes, counted, verb};
use crate::trial::odd::odd;
use crate::trial::people::People;
use crate::trial::plan::Plan;
use crate::trial::unequal::{self, Behind};

/// So many edges are named in a note; more are counted.
const NAMED: usize = 6;

/// What the numbers are called.
#[derive(Clone, Copy)]
pub(super) struct What {
    one: &'static str,
    several: &'static str,
}

/// Of two regions.
pub(super) const EDGES: What = What { one: "edge", several: "edges" };
/// Within a network, or of two.
pub(super) const MEANS: What = What { one: "network mean", several: "network means" };

impl What {
    /// "edge a–b", "edges a–b, a–c".
    pub(super) fn named(self, runs: &EdgesOfRuns, edges: &[usize]) -> String {
        let what = if edges.len() == 1 { self.one } else { self.several };
        format!("{what} {}", listed(edges.iter().map(|&pair| runs.called(pair)).collect()))
    }
}

/// The first ones, and how many more there are.
fn listed(names: Vec<String>) -> String {
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        n => format!("{} and {n} more", names[..NAMED].join(", ")),
    }
}

impl BothVisits<'_> {
    pub(super) fn tell_several(&mut self, plan: &Plan, people: &People, notes: &mut Notes) {
        let mut who = Vec::new();
        for (of_people, session) in [(&self.before, &plan.baseline), (&self.after, &plan.endpoint)]
        {
            let several = of_people.iter().enumerate().filter(|(_, runs)| runs.len() > 1);
            who.extend(several.map(|(place, runs)| {
                format!("{} ({session}, {} runs)", people.all[place].id, runs.len())
            }));
        }
        self.of_several_runs = who.len();
        self.tell_unequal(plan, people, notes);
        if !who.is_empty() {
            notes.info(
                format!(
                    "edges of {} {} the mean of Fisher's z over several runs, each counting alike, and n/a where one has none",
                    counted(who.len(), "visit"),
                    verb(who.len(), ["is", "are"])
                ),
                who,
            );
        }
    }

    /// Whose visits rest on different numbers of runs: images, where their tables are of several.
    fn tell_unequal(&self, plan: &Plan, people: &People, notes: &mut Notes) {
        let behind = |place: usize| {
            let images = self.images(place);
            let is_there = images.iter().all(|n| *n > 0);
            let visits = [&plan.baseline, &plan.endpoint].into_iter().zip(images);
            let visits = visits.map(|(session, n)| (session.clone(), unequal::runs(n)));
            is_there.then(|| (people.all[place].id.clone(), visits.collect()))
        };
        let of_arms = people.places(|person| person.arm.is_some());
        let all: Vec<Behind> = of_arms.into_iter().filter_map(behind).collect();
        unequal::tell(("edges rest", "another number of runs"), &all, notes);
    }

    /// Who lacks which edges: participants who lack the same ones are named once.
    pub(super) fn tell_lacking(
        &self,
        what: What,
        (plan, people): (&Plan, &People),
        notes: &mut Notes,
    ) {
        let n = self.runs.pairs.len();
        let of_arms = people.places(|person| person.arm.is_some());
        let lacks = |place: usize| {
            let is_there = |pair| {
                self.mean(&self.before[place], pair).and(self.mean(&self.after[place], pair))
            };
            (0..n).filter(|&pair| is_there(pair).is_none()).collect::<Vec<usize>>()
        };
        let lacking: Vec<Vec<usize>> = of_arms.par_iter().map(|&place| lacks(place)).collect();
        let mut groups: Vec<(&[usize], Option<bool>, Vec<usize>)> = Vec::new();
        for (&place, edges) in of_arms.iter().zip(&lacking).filter(|(_, edges)| !edges.is_empty()) {
            let fate = people.all[place].completed;
            match groups.iter_mut().find(|(other, was, _)| *other == edges && *was == fate) {
                Some((.., who)) => who.push(place),
                None => groups.push((edges, fate, vec![place])),
            }
        }
        let visits = [plan.baseline.as_str(), plan.endpoint.as_str()];
        for (edges, fate, who) in groups {
            let label = match edges.len() {
                all if all == n => format!("all {}", what.several),
                some if some <= NAMED => format!("the {}", what.named(self.runs, edges)),
                some => format!("{some} of {n} {}", what.several),
            };
            notes.lack(people.names(&who), (fate, true), &label, visits);
        }
    }

    /// Means over some of their pairs of regions alone, of which another visit's mean may be over others.
    pub(super) fn tell_fewer(&self, (plan, people): (&Plan, &People), notes: &mut Notes) {
        let mut who = Vec::new();
        for place in people.places(|person| person.arm.is_some()) {
            let mut visits = Vec::new();
            for (runs, session) in [(&self.before, &plan.baseline), (&self.after, &plan.endpoint)] {
                let own = self.runs.fewer.iter().filter(|one| runs[place].contains(&one.run));
                let said = |one: &Fewer| {
                    format!("{} {} of {}", self.runs.called(one.pair), one.known, one.all)
                };
                let said: Vec<String> = own.map(said).collect();
                if !said.is_empty() {
                    visits.push(format!("{session}: {}", listed(said)));
                }
            }
            if !visits.is_empty() {
                who.push(format!("{} ({})", people.all[place].id, visits.join("; ")));
            }
        }
        if !who.is_empty() {
            let n = counted(who.len(), "participant");
            notes.warn(
                format!(
                    "{} of {n} are over some of their pairs of regions alone, the known ones: what differs between visits may be which pairs those are",
                    MEANS.several
                ),
                who,
            );
        }
    }
}

/// z that lie far from those of the same edge in other runs, or, in a table that a person may have written, may be codes for a missing one.
pub(super) fn odd_values(runs: &EdgesOfRuns, is_table: bool, notes: &mut Notes) {
    let of_edge = |pair: usize| {
        let all: Vec<Option<f64>> = (0..runs.runs.len()).map(|run| runs.z(run, pair)).collect();
        let is_odd = odd(&all).into_iter().enumerate();
        is_odd.filter_map(|(run, odd)| odd.map(|_| (run, pair, all[run]))).collect::<Vec<_>>()
    };
    let found: Vec<_> = (0..runs.pairs.len()).into_par_iter().flat_map_iter(of_edge).collect();
    if found.is_empty() {
        return;
    }
    let said = |&(run, pair, z): &(usize, usize, Option<f64>)| {
        let RunOf { participant, session, .. } = &runs.runs[run];
        let z = z.unwrap_or_default();
        format!("{participant} ({session}: {} {z})", runs.called(pair))
    };
    notes.warn(
        format!(
            "{} of z ({}) {} far from all others of the edge: check {}",
            counted(found.len(), "value"),
            runs.name,
            verb(found.len(), ["lies", "lie"]),
            match (is_table, found.len()) {
                (true, 1) => "it (a code for a missing value must be n/a)",
                (true, _) => "them (a code for a missing value must be n/a)",
                (false, 1) => "the run, its motion and the regions",
                (false, _) => "the runs, their motion and the regions",
            }
        ),
        found.iter().map(said).collect(),
    );
}

/// Tables that do not name the same regions.
pub(super) fn regions(runs: &EdgesOfRuns, called: &str, what: What, notes: &mut Notes) {
    let n = runs.runs.len();
    for (region, name) in runs.regions.iter().enumerate() {
        let without: Vec<&RunOf> =
            (0..n).filter(|&run| !runs.names(run, region)).map(|run| &runs.runs[run]).collect();
        if !without.is_empty() {
            notes.warn(
                format!(
                    "{called} {name} is not in {} of {n} tables: its {} are n/a there",
                    without.len(),
                    what.several
                ),
                without
                    .iter()
                    .map(|run| format!("{} ({})", run.participant, run.session))
                    .collect(),
            );
        }
    }
}

/// What cannot be compared, and why the first of it cannot.
pub(super) fn not_compared(
    runs: &EdgesOfRuns,
    reasons: &[(usize, Error)],
    what: What,
    notes: &mut Notes,
) {
    let Some((_, first)) = reasons.first() else { return };
    let edges: Vec<usize> = reasons.iter().map(|(pair, _)| *pair).collect();
    notes.warn(
        format!(
            "{} of {} {} cannot be compared and {} n/a ({}); the first: {first}",
            edges.len(),
            runs.pairs.len(),
            what.several,
            verb(edges.len(), ["is", "are"]),
            what.named(runs, &edges)
        ),
        Vec::new(),
    );
}
