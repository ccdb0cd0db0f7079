//! The arms compared.

use std::collections::BTreeMap;

use super::of_visit::{Found, Measure, Rated};
use crate::error::Result;
use crate::stats::fdr::{Adjustment, adjusted};
use crate::trial::ancova::{self, Lacking, Named, Pairs, by_t, moments};
use crate::trial::arm::{Arm, ByArm};
use crate::trial::note::{Notes, counted};
use crate::trial::people::People;
use crate::trial::plan::{Missing, Plan};
use crate::trial::results::{
    AncovaRow, Estimate, IntensityRow, Pressure, PressureCurve, SummaryMeasure,
};
use crate::trial::two_sample;

/// P50, slope or area at the endpoint, given that at baseline.
pub(super) fn compared(
    measure: Measure,
    found: &Found,
    plan: &Plan,
    people: &People,
    lacking: &mut Lacking,
) -> Result<AncovaRow> {
    ancova::of_those_observed(&found.visits(measure, people), plan, people, lacking)
}

/// Mean ratings of each arm at each session.
pub(super) fn curves(found: &Found, plan: &Plan, people: &People) -> Vec<PressureCurve> {
    let mut curves = Vec::new();
    for (at, session) in found.repeated.sessions.iter().enumerate() {
        for arm in Arm::BOTH {
            let mut of_level: BTreeMap<u64, (f64, Vec<f64>)> = BTreeMap::new();
            let own = found.rated().filter(|(key, _)| key.1 == at);
            for (_, own) in own.filter(|(key, _)| people.all[key.0].arm == Some(arm)) {
                for (level, mean) in own.levels.iter().zip(&own.means) {
                    // Pressures are 0 or more: their bits rise as they do.
                    let entry = of_level.entry(level.to_bits()).or_insert((*level, Vec::new()));
                    entry.1.push(*mean);
                }
            }
            if of_level.is_empty() {
                continue;
            }
            curves.push(PressureCurve {
                arm,
                session: session.clone(),
                pressure: of_level.values().map(|(level, _)| *level).collect(),
                rating: of_level.values().map(|(_, all)| mean_of(all, plan.conf)).collect(),
                n: of_level.values().map(|(_, all)| all.len()).collect(),
            });
        }
    }
    curves
}

fn mean_of(all: &[f64], conf: f64) -> Estimate {
    let (mean, sd) = moments(all);
    let n = all.len() as f64;
    match sd.filter(|sd| *sd > 0.0) {
        Some(sd) => by_t(mean, sd / n.sqrt(), n - 1.0, conf).0,
        None => Estimate { value: mean, ..Estimate::default() },
    }
}

/// Pressures that at least half of the visits have, rising.
fn common_levels(found: &Found) -> Vec<f64> {
    let mut counts: BTreeMap<u64, (f64, usize)> = BTreeMap::new();
    for level in found.rated().flat_map(|(_, rated)| &rated.levels) {
        counts.entry(level.to_bits()).or_insert((*level, 0)).1 += 1;
    }
    let half = found.rated().count().div_ceil(2);
    counts.values().filter(|(_, n)| *n >= half).map(|(level, _)| *level).collect()
}

/// The rating at each pressure, and each participant's changes by their mean and slope.
pub(super) fn by_intensity(
    pressure: &mut Pressure,
    found: &Found,
    plan: &Plan,
    people: &People,
    notes: &mut Notes,
) -> Result<()> {
    let levels = common_levels(found);
    let n_all = {
        let mut all: Vec<u64> =
            found.rated().flat_map(|(_, rated)| &rated.levels).map(|v| v.to_bits()).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    };
    if levels.len() < n_all {
        notes.info(
            format!(
                "{} of {n_all} pressures were given in half of the visits or more: arms are compared at these alone",
                levels.len()
            ),
            Vec::new(),
        );
    }
    let visit_at = |place: usize, session: &str| {
        let at = found.repeated.sessions.iter().position(|name| name == session)?;
        found.rated_at((place, at))
    };
    for &level in &levels {
        let at = |session: &str| {
            let of = |place: usize| visit_at(place, session).and_then(|own| own.at(level));
            (0..people.all.len()).map(of).collect::<Vec<Option<f64>>>()
        };
        let named = Named {
            outcome: format!("pressure:rating at {level}"),
            label: format!("rating at {level}"),
            units: found.visits(Measure::Auc, people).units,
            direction: Some(found.better.direction),
            why_none: None,
        };
        let (before, after) = (at(&plan.baseline), at(&plan.endpoint));
        let pairs = Pairs::new(people, &before, &after, Missing::Observed);
        match ancova::compare(&named, &pairs, people, plan) {
            Ok(ancova) => {
                pressure.intensities.push(IntensityRow { pressure: level, ancova, p_holm: 1.0 });
            }
            Err(error) => {
                notes.warn(format!("arms are not compared: {}", error.found()), Vec::new());
            }
        }
    }
    let p: Vec<f64> = pressure.intensities.iter().map(|row| row.ancova.test.p).collect();
    let holm = adjusted(&p, Adjustment::Holm);
    pressure.intensities.iter_mut().zip(holm).for_each(|(row, p)| {
        row.p_holm = p;
        row.ancova.p_holm = Some(p);
    });
    let both =
        |place: usize| Some((visit_at(place, &plan.baseline)?, visit_at(place, &plan.endpoint)?));
    summaries(pressure, &levels, &both, (plan, people), notes)
}

/// A participant's visits at baseline and at the endpoint.
type Both<'a> = dyn Fn(usize) -> Option<(&'a Rated, &'a Rated)> + 'a;

fn summaries(
    pressure: &mut Pressure,
    levels: &[f64],
    both: &Both,
    (plan, people): (&Plan, &People),
    notes: &mut Notes,
) -> Result<()> {
    if levels.len() < 2 {
        return Ok(());
    }
    let centre = levels.iter().sum::<f64>() / levels.len() as f64;
    let from_centre: Vec<f64> = levels.iter().map(|level| level - centre).collect();
    let size: f64 = from_centre.iter().map(|x| x * x).sum();
    let (mut arms, mut means, mut slopes) = (Vec::new(), Vec::new(), Vec::new());
    let mut lacking = Vec::new();
    for (place, person) in people.all.iter().enumerate() {
        let (Some(arm), Some((before, after))) = (person.arm, both(place)) else { continue };
        let change = |level: &f64| Some(after.at(*level)? - before.at(*level)?);
        let Some(changes) = levels.iter().map(change).collect::<Option<Vec<f64>>>() else {
            lacking.push(place);
            continue;
        };
        arms.push(arm);
        means.push(changes.iter().sum::<f64>() / levels.len() as f64);
        let along: f64 = changes.iter().zip(&from_centre).map(|(change, x)| change * x).sum();
        slopes.push(100.0 * along / size);
    }
    if !lacking.is_empty() {
        let who = counted(lacking.len(), "participant");
        notes.warn(
            format!("{who} without a rating at one of the pressures, left out of mean change and treatment x intensity"),
            people.names(&lacking),
        );
    }
    let n = ByArm::of(|arm| arms.iter().filter(|own| **own == arm).count());
    let measure = |values: &[f64]| {
        let found = two_sample::difference(values, &arms, plan.conf)?;
        Ok(found.map(|(difference, test)| SummaryMeasure { n, difference, test }))
    };
    pressure.mean_change = measure(&means)?;
    pressure.treatment_by_intensity = measure(&slopes)?;
    Ok(())
}
