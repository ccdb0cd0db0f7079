//! Whether a run's recording explains it more than chance (`physio::chance`), at some of its voxels, kept as the run is read for
//! the work itself.

use std::collections::BTreeSet;

use ndarray::{Array2, Axis};

use crate::error::Result;
use crate::io::source::Sample;
use crate::physio::{BeyondChance, Explains, Series, Terms, beyond_chance};
use crate::pipeline::automask::{clip_level, thinned};
use crate::pipeline::inputs::Run;
use crate::pipeline::watch::Watch;

/// Voxels that are looked at, at most.
const MOST_VOXELS: usize = 4_000;
/// Voxels kept for each of these where no mask says which are in the head.
const KEPT_FOR_ONE: usize = 3;
/// Slice times that are looked at, at most: each needs its own columns by every clock.
const MOST_GROUPS: usize = 12;
/// Bytes of the sample, at most.
const MOST_BYTES: usize = 16 << 20;

/// The voxels to keep: of the mask `[voxel]`, or of the whole grid where there is none; evenly spread over some slice times.
#[must_use]
pub fn sample(run: &Run, inside: Option<&[bool]>) -> Sample {
    let whole = inside.is_none().then(|| vec![true; run.grid.n_voxels()]);
    let inside = inside.or(whole.as_deref()).unwrap_or_default();
    let wanted = if whole.is_some() { KEPT_FOR_ONE * MOST_VOXELS } else { MOST_VOXELS };
    let most = wanted.min(MOST_BYTES / (size_of::<f32>() * run.n_volumes.max(1)));
    let group_of_plane = run.slices().map_or(&[][..], |slices| &slices.group_of_plane);
    let few = in_few_groups(inside, group_of_plane, most);
    let kept = thinned(few.as_deref().unwrap_or(inside), most);
    let voxels = (0..kept.len()).filter(|&v| kept[v]).collect();
    Sample::new(voxels, run.n_volumes)
}

/// The voxels `[voxel]` of [`MOST_GROUPS`] of the slice-time groups that the mask `[voxel]` meets, evenly spread; none where it
/// meets no more, or where so many voxels are wanted that all are needed.
fn in_few_groups(inside: &[bool], group_of_plane: &[usize], wanted: usize) -> Option<Vec<bool>> {
    let plane_len = inside.len() / group_of_plane.len().max(1);
    let planes = || inside.chunks_exact(plane_len.max(1)).zip(group_of_plane);
    let met = planes().filter(|(plane, _)| plane.contains(&true));
    let groups: Vec<usize> = met.map(|(_, &g)| g).collect::<BTreeSet<_>>().into_iter().collect();
    if groups.len() <= MOST_GROUPS {
        return None;
    }
    let few: Vec<usize> =
        (0..MOST_GROUPS).map(|k| groups[(2 * k + 1) * groups.len() / (2 * MOST_GROUPS)]).collect();
    let kept = |(plane, group): (&[bool], &usize)| {
        let is_kept = few.contains(group);
        plane.iter().map(|&v| v && is_kept).collect::<Vec<_>>()
    };
    let kept: Vec<bool> = planes().flat_map(kept).collect();
    (kept.iter().filter(|&&v| v).count() >= wanted).then_some(kept)
}

/// The verdict on a run, told to `watch`; none where it has no recording. `fitted`: the voxels that are fitted, `[voxel]`; where none are, those of the
/// sample are looked at that are in the head, whose mean is at or above the clip of the automatic mask.
///
/// # Errors
/// Internal where columns cannot be decomposed.
pub fn verdict(
    sample: &Sample,
    run: &Run,
    terms: &Terms,
    fitted: Option<&[bool]>,
    watch: &dyn Watch,
) -> Result<Option<BeyondChance>> {
    let Some(physio) = &run.physio else { return Ok(None) };
    let of_run = &physio.retroicor.groups;
    let plane = run.grid.plane_len();
    let mut of_group: Vec<Vec<usize>> = vec![Vec::new(); of_run.columns.len()];
    for at in chosen(sample, fitted) {
        of_group[of_run.group_of_plane[sample.voxels[at] / plane]].push(at);
    }
    let n = sample.voxels.len();
    let y = |own: &[usize]| {
        Array2::from_shape_fn((run.n_volumes, own.len()), |(t, v)| {
            f64::from(sample.values[t * n + own[v]])
        })
    };
    let groups = of_group.iter().enumerate().filter(|(_, own)| !own.is_empty());
    let mut moments = physio.shown.clone();
    moments.slice_times.get_or_insert_with(|| vec![physio.moment_s]);
    let series = Series {
        known: run.design.matrix.view(),
        dof_spent: run.dof_spent,
        names: &of_run.names,
        groups: groups.map(|(group, own)| (group, y(own))).collect(),
    };
    let (kept, n_rows) = (&run.kept, run.n_volumes);
    let found = beyond_chance(&series, &|group, stretch| match stretch {
        None => Ok(of_run.columns[group].clone()),
        Some(stretch) => {
            let columns = physio.retroicor.stretched(&moments, terms, group, stretch)?;
            Ok(if columns.nrows() == n_rows { columns } else { columns.select(Axis(0), kept) })
        }
    })?;
    let found = if run.was_corrected() { found.of_corrected() } else { found };
    match found.explains {
        Explains::MoreThanChance => {
            watch.note(&found.says());
            for idle in found.idle() {
                watch.warn(&format!(
                    "the {} columns by themselves explain this run no more than chance (rank {}): look at their trace",
                    idle.name, idle.rank
                ));
            }
        }
        Explains::NoMoreThanChance => watch.warn(&format!(
            "{}; is it of this run, aligned with it, and of a sensor that worked?",
            found.says()
        )),
        Explains::CannotTell => watch.warn(&found.says()),
    }
    Ok(Some(found))
}

/// Which of the sample are looked at: finite, fitted or in the head, evenly spread.
fn chosen(sample: &Sample, fitted: Option<&[bool]>) -> Vec<usize> {
    let n = sample.voxels.len();
    let mut mean = vec![0.0; n];
    for volume in sample.values.chunks_exact(n.max(1)) {
        mean.iter_mut().zip(volume).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    let n_volumes = (sample.values.len() / n.max(1)).max(1) as f64;
    mean.iter_mut().for_each(|sum| *sum /= n_volumes);
    let clip = if fitted.is_some() { None } else { clip_level(&mean) };
    let is_fitted = |voxel: usize| fitted.is_none_or(|fitted| fitted[voxel]);
    let is_in = |mean: f64| mean.is_finite() && clip.is_none_or(|clip| mean >= clip);
    let pairs = mean.iter().zip(&sample.voxels);
    let inside: Vec<bool> = pairs.map(|(&mean, &voxel)| is_in(mean) && is_fitted(voxel)).collect();
    let kept = thinned(&inside, MOST_VOXELS);
    (0..n).filter(|&at| kept[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Planes of ten voxels of which some are kept.
    fn planes_of(kept: &[bool]) -> Vec<usize> {
        (0..kept.len() / 10).filter(|k| kept[10 * k..][..10].contains(&true)).collect()
    }

    #[test]
    fn of_many_slice_times_twelve_are_looked_at_evenly_spread_and_of_few_all() {
        let (inside, each): (Vec<bool>, Vec<usize>) = (vec![true; 360], (0..36).collect());
        let few = in_few_groups(&inside, &each, 120).expect("12 planes have 120 voxels");
        assert_eq!(planes_of(&few), (0..12).map(|k| 3 * k + 1).collect::<Vec<_>>());
        assert!(few.iter().filter(|&&v| v).count() == 120);
        assert_eq!(in_few_groups(&inside, &each, 121), None, "more are wanted");
        let twelve: Vec<usize> = (0..36).map(|k| k % 12).collect();
        assert_eq!(in_few_groups(&inside, &twelve, 1), None);
        assert_eq!(in_few_groups(&inside, &[], 1), None);
    }

    #[test]
    fn slice_times_that_the_mask_does_not_meet_are_not_looked_at() {
        let each: Vec<usize> = (0..36).rev().collect();
        let inside: Vec<bool> = (0..360).map(|v| v / 10 >= 12).collect();
        let few = in_few_groups(&inside, &each, 100).expect("24 planes are met");
        let planes = planes_of(&few);
        assert!(
            planes.len() == 12 && planes[0] >= 12 && planes.windows(2).all(|p| p[1] - p[0] == 2)
        );
    }
}
