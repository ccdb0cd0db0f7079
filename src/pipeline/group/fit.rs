//! One contrast's maps: at each voxel the combinations of the subjects who are there, fitted.

use std::collections::{BTreeSet, HashMap};

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::collected::Collected;
use super::fitted::Fitted;
use super::images::Images;
use crate::design::group::{Combination, Stratum};
use crate::error::{Error, Result};
use crate::pipeline::spec::{GroupSpec, GroupVariance};
use crate::pipeline::watch::Watch;
use crate::stats::second_level::{Answer, SecondLevel};

/// The rows that a voxel has, and the model of them.
struct Pattern {
    rows: Vec<usize>,
    group: Vec<usize>,
    model: SecondLevel,
}

/// Fit a contrast at every voxel that has enough subjects.
///
/// # Errors
/// Usage where the model and its options contradict; bad data where no voxel is left.
pub(super) fn fit(
    spec: &GroupSpec,
    stratum: &Stratum,
    images: &Images,
    watch: &dyn Watch,
) -> Result<Fitted> {
    let welch = spec.variance == GroupVariance::Welch;
    if welch && (stratum.is_f || stratum.combined.len() > 1 || stratum.blocks.is_some()) {
        return Err(Error::usage(
            format!("contrast '{}'", stratum.name),
            "is no single row of one map a subject",
            "be a t contrast with partitioned error, for --variance welch",
            "leave --variance welch out, or ask for t contrasts",
        ));
    }
    if welch {
        refuse_single(stratum)?;
    }
    let model = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
    let mut collected = Collected::new(spec, stratum, images, model.rank_of_weights);
    for (here, places) in patterns(stratum, images) {
        let n_here = here.iter().filter(|h| **h).count();
        let enough = n_here >= collected.least();
        let pattern = if enough { Pattern::of(stratum, &here)? } else { None };
        let pattern = pattern.filter(|pattern| !welch || pattern.has_variances(stratum));
        let Some(pattern) = pattern else {
            collected.lose(places.len());
            continue;
        };
        let answer = |&place: &usize| pattern.answer(stratum, images, place, welch);
        let answers: Vec<Answer> = places.par_iter().with_min_len(256).map(answer).collect();
        let all = places.iter().zip(&answers);
        all.for_each(|(&place, answer)| collected.put(place, answer, n_here));
    }
    collected.done("maps", watch)
}

/// Patterns of who is there, `[row of the design]`, and the places that have each; nearly all places have everybody.
fn patterns(stratum: &Stratum, images: &Images) -> Vec<(Vec<bool>, Vec<usize>)> {
    let n = stratum.subjects.len();
    let here = |place: usize| -> Vec<bool> {
        let has =
            |maps: &Combination| maps.iter().all(|&(row, _)| !images.values[row][place].is_nan());
        (0..n).map(|at| stratum.combined.iter().all(|c| has(&c[at]))).collect()
    };
    let mut complete = vec![true; images.places.len()];
    let maps = stratum.combined.iter().flatten().flatten();
    for row in maps.map(|&(row, _)| row).collect::<BTreeSet<usize>>() {
        let values = complete.iter_mut().zip(&images.values[row]);
        values.for_each(|(complete, value)| *complete &= !value.is_nan());
    }
    let mut patterns: HashMap<Vec<bool>, Vec<usize>> = HashMap::new();
    let (all, some): (Vec<usize>, Vec<usize>) =
        (0..complete.len()).partition(|&place| complete[place]);
    if !all.is_empty() {
        patterns.insert(vec![true; n], all);
    }
    some.into_iter().for_each(|place| patterns.entry(here(place)).or_default().push(place));
    let mut patterns: Vec<(Vec<bool>, Vec<usize>)> = patterns.into_iter().collect();
    patterns.sort_by_key(|(_, places)| places[0]);
    patterns
}

/// What the model leaves of each subject's combinations, `[combination, row][voxel]`, at the voxels that are tested, where every row is there.
///
/// # Errors
/// Those of the design.
pub(super) fn residuals(
    stratum: &Stratum,
    images: &Images,
    fitted: &Fitted,
) -> Result<Array2<f32>> {
    let model = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
    let places: Vec<usize> =
        (0..images.places.len()).filter(|&p| fitted.inside[images.places[p]]).collect();
    let n = stratum.subjects.len();
    let value = |maps: &Combination, place: usize| {
        maps.iter().map(|&(row, w)| w * images.value(row, place)).sum::<f64>()
    };
    let of = |&place: &usize| -> Vec<f32> {
        let each = stratum.combined.iter().flat_map(|c| {
            let y: Vec<f64> = c.iter().map(|maps| value(maps, place)).collect();
            model.residuals(&y)
        });
        each.map(|e| e as f32).collect()
    };
    let all: Vec<Vec<f32>> = places.par_iter().map(of).collect();
    Ok(Array2::from_shape_fn((n * stratum.combined.len(), places.len()), |(row, v)| all[v][row]))
}

/// A group of one subject has no variance of its own.
fn refuse_single(stratum: &Stratum) -> Result<()> {
    let model = SecondLevel::new(stratum.design.view(), stratum.weights.view())?;
    match model.group_without_variance(&stratum.group, stratum.groups.len()) {
        None => Ok(()),
        Some(g) => Err(Error::usage(
            "--variance welch",
            format!(
                "meets group '{}', whose {} subjects leave nothing to find its variance from",
                stratum.groups[g],
                stratum.group.iter().filter(|own| **own == g).count()
            ),
            "have two or more in each, and more than the group's own columns",
            "leave --variance welch out: all groups then share one variance",
        )),
    }
}

impl Pattern {
    /// Whether each group has a variance of its own.
    fn has_variances(&self, stratum: &Stratum) -> bool {
        self.model.group_without_variance(&self.group, stratum.groups.len()).is_none()
    }

    /// None where those who are there do not determine the contrast, or leave no degree of freedom.
    fn of(stratum: &Stratum, here: &[bool]) -> Result<Option<Pattern>> {
        let rows: Vec<usize> = (0..here.len()).filter(|&at| here[at]).collect();
        let design: Array2<f64> = stratum.design.select(Axis(0), &rows);
        let group: Vec<usize> = rows.iter().map(|&at| stratum.group[at]).collect();
        let has_all = (0..stratum.groups.len()).all(|g| group.contains(&g));
        if rows.is_empty() || !has_all {
            return Ok(None);
        }
        let solved = crate::stats::least_squares::LeastSquares::new(design.view())?;
        let estimable = stratum.weights.rows().into_iter().all(|row| solved.is_estimable(row));
        if !estimable || rows.len() <= solved.rank {
            return Ok(None);
        }
        let model = SecondLevel::new(design.view(), stratum.weights.view())?;
        Ok(Some(Pattern { rows, group, model }))
    }

    fn answer(&self, stratum: &Stratum, images: &Images, place: usize, welch: bool) -> Answer {
        let value = |maps: &Combination| {
            maps.iter().map(|&(row, w)| w * images.value(row, place)).sum::<f64>()
        };
        let of = |c: &Vec<Combination>| self.rows.iter().map(|&at| value(&c[at])).collect();
        let y: Vec<Vec<f64>> = stratum.combined.iter().map(of).collect();
        match welch {
            true => self.model.welch(&y[0], &self.group, stratum.groups.len()),
            false => self.model.answer(&y, stratum.is_f),
        }
    }
}
