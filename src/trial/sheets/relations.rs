//! Regions, correlations and a crossover.

use super::Sheet;
use super::column::Columns;
use crate::trial::arm::ByArm;
use crate::trial::results::{
    BrainRow, Correlation, CorrelationRow, CrossoverRow, MotionRow, RegionValue, Results, Test,
};

pub(super) fn brain(results: &Results) -> Option<Sheet> {
    let part = results.brain.as_ref()?;
    Columns::<BrainRow>::new()
        .one("region", "the region", |row| row.region.clone())
        .arms("n", "participants with both visits", |row, arm| *row.n.get(arm))
        .estimate("interaction", "arm x visit: active minus control of the change", true, |row| {
            Some(row.interaction)
        })
        .test("interaction_", "t", "arm x visit", |row| Some(row.interaction_test))
        .one("partial_eta_square", "of arm x visit", |row| row.partial_eta_square)
        .estimate("visit", "mean change, each arm weighing the same", true, |row| Some(row.visit))
        .test("visit_", "t", "the change", |row| Some(row.visit_test))
        .estimate("arm", "active minus control of the mean over visits", true, |row| Some(row.arm))
        .test("arm_", "t", "the arm", |row| Some(row.arm_test))
        .sheet(
            "brain",
            "Values of regions, arm x visit; given baseline they are in ancova.tsv",
            &part.rows,
        )
        .into()
}

/// Motion against regions.
pub(super) fn motion(results: &Results) -> Option<Sheet> {
    let part = results.brain.as_ref().filter(|part| !part.motion.is_empty())?;
    Columns::<MotionRow>::new()
        .one("region", "the region", |row| row.region.clone())
        .one("visit", "the session, or the change between both", |row| row.visit.clone())
        .one("motion", "the column of motion", |row| row.motion.clone())
        .one("n", "participants", |row| row.correlation.n)
        .estimate("r", "Pearson's, limits by Fisher's z", false, |row| Some(row.correlation.r))
        .test("", "t", "r", |row| Some(row.correlation.test))
        .sheet("motion", "QC-FC: motion against values of regions, over participants", &part.motion)
        .into()
}

/// What the values of regions rest on, where they are means of maps.
pub(super) fn region_values(results: &Results) -> Option<Sheet> {
    let part = results.brain.as_ref().filter(|part| !part.values.is_empty())?;
    Columns::<RegionValue>::new()
        .one("participant_id", "who", |row| row.participant.clone())
        .one("session_id", "the visit", |row| row.session.clone())
        .one("region", "the region", |row| row.region.clone())
        .one(
            "mean",
            "over its voxels that have a value; n/a where these are less than half of it",
            |row| row.value,
        )
        .one("voxels", "with a value", |row| row.voxels)
        .one("coverage", "their share of the region, 0 to 1", |row| row.coverage)
        .sheet(
            "region_values",
            "Means of regions in the maps of each visit; of several runs the mean over them, voxels and coverage the least of them",
            &part.values,
        )
        .into()
}

/// One coefficient of a relation.
type Coefficient = (String, String, String, String, Correlation);

/// A comparison of the arms in a relation: what, slopes of the arms, the statistic and its test.
type Differ = (String, String, String, &'static str, Option<ByArm<f64>>, Test);

/// Whether the arms' slopes and coefficients differ.
pub(super) fn differ(results: &Results) -> Option<Sheet> {
    let part = results.correlations.as_ref()?;
    let of = |row: &CorrelationRow| {
        let names = || (row.relation.clone(), row.first.clone(), row.second.clone());
        let slopes = row.slopes_differ.as_ref().map(|found| {
            let (relation, first, second) = names();
            (
                relation,
                first,
                second,
                "slopes of first on second (t)",
                Some(found.slopes),
                found.test,
            )
        });
        let r = row.arms_differ.map(|test| {
            let (relation, first, second) = names();
            (relation, first, second, "Pearson's r (z of Fisher's z)", None, test)
        });
        [slopes, r]
    };
    let rows: Vec<Differ> = part.rows.iter().flat_map(of).flatten().collect();
    Columns::<Differ>::new()
        .one("relation", "as it was asked for", |row| row.0.clone())
        .one("first", "what is on the first axis", |row| row.1.clone())
        .one("second", "what is on the second", |row| row.2.clone())
        .one("compared", "what of the arms is compared", |row| row.3)
        .arms("slope", "slope", |row, arm| row.4.as_ref().map(|slopes| *slopes.get(arm)))
        .test("", "statistic", "the difference, active minus control", |row| Some(row.5))
        .sheet("correlations_by_arm", "Whether relations differ between the arms", &rows)
        .into()
}

pub(super) fn correlations(results: &Results) -> Option<Sheet> {
    let part = results.correlations.as_ref()?;
    let of = |row: &CorrelationRow| {
        let named = |what: String, one: &Option<Correlation>| {
            let names = [row.relation.clone(), row.first.clone(), row.second.clone()];
            one.clone().map(|one| {
                let [relation, first, second] = names;
                (relation, first, second, what, one)
            })
        };
        let given = format!("Pearson, given {}", row.given.join(", "));
        [
            named(given, &row.given_arm),
            named(
                format!(
                    "Pearson, given {}, {}",
                    row.given.join(", "),
                    row.motion.as_deref().unwrap_or_default()
                ),
                &row.given_motion,
            ),
            named("Pearson, pooled".to_owned(), &row.pooled),
            named(format!("Pearson, {}", results.arms.active), &row.by_arm.active),
            named(format!("Pearson, {}", results.arms.control), &row.by_arm.control),
            named("Spearman, pooled".to_owned(), &row.spearman),
            named(format!("Spearman, {}", results.arms.active), &row.spearman_by_arm.active),
            named(format!("Spearman, {}", results.arms.control), &row.spearman_by_arm.control),
            named("Kendall tau-b (t is z), pooled".to_owned(), &row.kendall),
            named(
                format!("Kendall tau-b (t is z), {}", results.arms.active),
                &row.kendall_by_arm.active,
            ),
            named(
                format!("Kendall tau-b (t is z), {}", results.arms.control),
                &row.kendall_by_arm.control,
            ),
        ]
    };
    let rows: Vec<Coefficient> = part.rows.iter().flat_map(of).flatten().collect();
    Columns::<Coefficient>::new()
        .one("relation", "as it was asked for", |row| row.0.clone())
        .one("first", "what is on the first axis", |row| row.1.clone())
        .one("second", "what is on the second", |row| row.2.clone())
        .one("coefficient", "which", |row| row.3.clone())
        .one("n", "participants", |row| row.4.n)
        .estimate("r", "the coefficient, limits by Fisher's z", false, |row| Some(row.4.r))
        .test("", "t", "r", |row| Some(row.4.test))
        .sheet("correlations", "Correlations over participants", &rows)
        .into()
}

pub(super) fn crossover(results: &Results) -> Option<Sheet> {
    let part = results.crossover.as_ref()?;
    Columns::<CrossoverRow>::new()
        .one("outcome", "table and column", |_| part.outcome.clone())
        .one("label", "what it is called", |_| part.label.clone())
        .one("units", "of the effect, where a dictionary says it", |_| {
            part.units.clone().unwrap_or_else(|| "n/a".to_owned())
        })
        .one(
            "analysis",
            "what is analysed; of the mixed model the estimate alone is given",
            |row| row.analysis.clone(),
        )
        .one(
            "effect",
            "treatment (active minus control), period (first minus second) or carry-over",
            |row| row.effect.clone(),
        )
        .one("n", "participants that it rests on", |row| row.n)
        .estimate("estimate", "the effect", true, |row| Some(row.estimate))
        .test("", "t", "the effect", |row| row.test)
        .one("shown_only", "no choice is made by it", |row| row.shown_only)
        .sheet("crossover", "A crossover of two periods", &part.rows)
        .into()
}
