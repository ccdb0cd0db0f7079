//! What the comparisons leave out, whatever part of the analysis they are of.

use super::note::{Notes, counted};
use super::results::{AncovaRow, Edges, Results};

/// Tell of baselines and strata that tell nothing: such a column is in no model, which has a degree of freedom more.
pub(super) fn tell(results: &Results, notes: &mut Notes) {
    let mut told: Vec<(&[String], Vec<&str>)> = Vec::new();
    for row in results.compared().filter(|row| !row.dependent.is_empty()) {
        match told.iter_mut().find(|(columns, _)| *columns == row.dependent) {
            Some((_, labels)) if labels.contains(&row.label.as_str()) => {}
            Some((_, labels)) => labels.push(&row.label),
            None => told.push((&row.dependent, vec![&row.label])),
        }
    }
    for (columns, labels) in told {
        let labels = labels.join(", ");
        let text = match columns {
            [only] if only == BASELINE => format!(
                "{labels}: the baseline is the same in all who are analysed, and in no model: the endpoints are compared as they are, with a degree of freedom more"
            ),
            all => format!(
                "{labels}: columns of the model follow from each other and count once: {}",
                all.join(", ")
            ),
        };
        notes.warn(text, Vec::new());
    }
    tell_one_level(results, notes);
}

/// Tell which strata CPM, pressure pain, regions, edges and networks are not adjusted for: those of one level among those analysed. Of outcomes their own part tells it, with the level.
fn tell_one_level(results: &Results, notes: &mut Notes) {
    let outcomes = &results.ancova.rows;
    for column in &results.plan.strata {
        let others = results.compared().skip(outcomes.len());
        let mut of: Vec<String> = Vec::new();
        for row in others.filter(|row| row.one_level.contains(column)) {
            if !of.contains(&row.label) {
                of.push(row.label.clone());
            }
        }
        for (part, what) in [(&results.edges, "edge"), (&results.networks, "network value")] {
            let n = Results::edge_strata(part).filter(|own| own.contains(column)).count();
            of.extend((n > 0).then(|| counted(n, what)));
        }
        if !of.is_empty() {
            notes.warn(
                format!(
                    "not adjusted for {column}, which is the same in all analysed: {}",
                    of.join(", ")
                ),
                Vec::new(),
            );
        }
    }
}

/// How models call the centred baseline.
const BASELINE: &str = "baseline";

impl Results {
    /// Strata of one level among those analysed, of every comparison by analysis of covariance.
    pub fn one_level(&self) -> impl Iterator<Item = &[String]> {
        let rows = self.compared().map(|row| row.one_level.as_slice());
        rows.chain(Results::edge_strata(&self.edges)).chain(Results::edge_strata(&self.networks))
    }

    /// The same of the edges, or networks, that can be compared.
    fn edge_strata(part: &Option<Edges>) -> impl Iterator<Item = &[String]> {
        let rows = part.iter().flat_map(|part| &part.rows);
        rows.filter(|row| row.difference.is_some()).map(|row| row.one_level.as_slice())
    }

    /// Every comparison by analysis of covariance: outcomes, then conditioned pain modulation, pressure pain and regions, but for those that are outcomes.
    pub fn compared(&self) -> impl Iterator<Item = &AncovaRow> {
        let cpm = self.cpm.iter().flat_map(|part| &part.ancova);
        let pressure = self.pressure.iter().flat_map(|part| {
            part.ancova.iter().chain(part.intensities.iter().map(|row| &row.ancova))
        });
        let brain = self.brain.iter().flat_map(|part| part.rows.iter().map(|row| &row.ancova));
        let parts = cpm.chain(pressure).chain(brain);
        let is_outcome =
            |row: &&AncovaRow| self.ancova.rows.iter().any(|own| own.outcome == row.outcome);
        self.ancova.rows.iter().chain(parts.filter(move |row| !is_outcome(row)))
    }
}
