//! A brain mask from the mean image, for `glm` without `--mask`. The rule: start from the mean of the positive voxels and
//! iterate clip = 0.5 x median of the voxels at or above clip until it stands still; keep the largest 6-connected piece at
//! or above clip; fill its holes (background pieces that do not touch the edge of the grid). Of several runs [`Common`] is
//! where all have signal.

use std::path::Path;

use crate::error::{Error, Result};
use crate::io::source::BoldSource;
use crate::pipeline::blocks::batches;
use crate::pipeline::inputs::{Run, display};
use crate::pipeline::masks;
use crate::pipeline::watch::Watch;
use crate::volume::{Grid, Mask};

/// The rule in one line, for the log and the sidecar.
pub const RULE: &str = "mean image >= half the median of the voxels at or above that clip, largest piece, holes filled";

/// Share of a mean image's sum above 0 that its sum below may be: what resampling rings around a brain is less, a run without its mean
/// has about 1.
const MOST_BELOW: f64 = 0.5;

/// Share of its standard deviation over time that a voxel's mean is at least: magnitudes of pure noise have 1.9.
const LEAST_OF_SPREAD: f64 = 0.5;

/// The mask that was given, or one made from the run's mean image.
///
/// # Errors
/// What the mask or the run holds or lacks.
pub fn mask(given: Option<&Path>, run: &mut Run, watch: &dyn Watch) -> Result<Mask> {
    if let Some(path) = given {
        return masks::mask(path, &run.grid, watch);
    }
    let level = run.level.as_ref().map(|level| level.as_slice());
    let mask = of_source(&display(&run.path), run.bold.as_mut(), level, &run.grid)?;
    watch.note(&format!("mask: {} voxels by rule: {}", mask.count(), RULE));
    Ok(mask)
}

/// Where all runs so far have signal: within the mask that was given, or each run's own, and constant over time, or explained by its columns, in none.
/// Such a voxel would count as an effect of 0 that is known exactly.
#[derive(Debug)]
pub struct Common {
    given: Option<Mask>,
    n_runs: usize,
    /// Voxels in the mask of each run so far.
    own: Vec<usize>,
    /// Within every mask so far, `[voxel]`; empty before the first run.
    in_masks: Vec<bool>,
    /// Constant in some run so far, `[voxel]`.
    constant: Vec<bool>,
    /// Explained to rounding by the columns of some run so far, `[voxel]`.
    explained: Vec<bool>,
    /// Without the signal in some run so far that its units need, `[voxel]`.
    dim: Vec<bool>,
}

impl Common {
    /// Of so many runs on one grid.
    ///
    /// # Errors
    /// What the given mask holds or lacks.
    pub fn new(
        given: Option<&Path>,
        grid: &Grid,
        n_runs: usize,
        watch: &dyn Watch,
    ) -> Result<Common> {
        let given = given.map(|path| masks::mask(path, grid, watch)).transpose()?;
        let none = || vec![false; grid.n_voxels()];
        let (constant, explained, dim) = (none(), none(), none());
        let (own, in_masks) = (Vec::new(), Vec::new());
        Ok(Common { given, n_runs, own, in_masks, constant, explained, dim })
    }

    /// Where to fit a run, `[voxel]`: in its own mask, so that what a run comes to is the same whichever others stand before it.
    ///
    /// # Errors
    /// Those of reading the run; bad data where no voxel is left.
    pub fn with(&mut self, run: &mut Run, watch: &dyn Watch) -> Result<Vec<bool>> {
        let own = match &self.given {
            Some(mask) => mask.inside.clone(),
            None => mask(None, run, watch)?.inside,
        };
        self.own.push(own.iter().filter(|&&inside| inside).count());
        if self.in_masks.is_empty() {
            self.in_masks = own.clone();
        }
        self.in_masks.iter_mut().zip(&own).for_each(|(all, own)| *all &= own);
        self.refuse_nowhere(run)?;
        Ok(own)
    }

    /// Leave out the voxels (positions in the grid) that the columns of a run explain to rounding.
    ///
    /// # Errors
    /// Bad data where no voxel is left.
    pub fn without_explained(
        &mut self,
        explained: &[usize],
        run: &Run,
        watch: &dyn Watch,
    ) -> Result<()> {
        let what = format!("what the columns of {} explain to rounding", display(&run.path));
        self.tell_out(explained.len(), &what, watch);
        explained.iter().for_each(|&voxel| self.explained[voxel] = true);
        self.refuse_nowhere(run)
    }

    /// Leave out the voxels (positions in the grid) that are constant over time in a run.
    ///
    /// # Errors
    /// Bad data where no voxel is left.
    pub fn without(&mut self, constant: &[usize], run: &Run, watch: &dyn Watch) -> Result<()> {
        let what = format!("constant over time in {}", display(&run.path));
        self.tell_out(constant.len(), &what, watch);
        constant.iter().for_each(|&voxel| self.constant[voxel] = true);
        self.refuse_nowhere(run)
    }

    /// Say how many voxels of a run's mask left its fit because some volume is not finite there.
    pub fn tell_missing(&self, n: usize, run: &Run, watch: &dyn Watch) {
        let what = format!("not finite in some volume of {}", display(&run.path));
        self.tell_out(n, &what, watch);
    }

    /// `what`: voxels that are left out are.
    fn tell_out(&self, n: usize, what: &str, watch: &dyn Watch) {
        let in_all = if self.n_runs == 1 { "" } else { " in all runs" };
        let (are, they_are) = match n {
            0 => return,
            1 => ("1 mask voxel is".to_owned(), "it is"),
            n => (format!("{n} mask voxels are"), "they are"),
        };
        watch.warn(&format!("{are} {what}; {they_are} outside{in_all} (0 in the maps, p 1)"));
    }

    /// Leave out the voxels (positions in the grid) whose mean in a run is too small for the units that are asked for.
    ///
    /// # Errors
    /// Bad data where no voxel is left.
    pub fn without_signal(&mut self, dim: &[usize], run: &Run) -> Result<()> {
        dim.iter().for_each(|&voxel| self.dim[voxel] = true);
        self.refuse_nowhere(run)
    }

    /// Voxels in every mask that are left out for too little signal, and are constant, or explained, in no run.
    #[must_use]
    pub fn without_enough(&self) -> usize {
        let is_out = |voxel: usize| self.constant[voxel] || self.explained[voxel];
        self.count(|voxel| self.dim[voxel] && !is_out(voxel))
    }

    /// Fails where there is no voxel in which all runs so far have signal.
    fn refuse_nowhere(&self, run: &Run) -> Result<()> {
        if self.each_inside().any(|inside| inside) {
            return Ok(());
        }
        if self.n_runs == 1 {
            return Err(without_signal(run));
        }
        Err(Error::bad_data(
            display(&run.path),
            "has signal in no voxel of the mask that the runs before it have",
            "share voxels with them",
            "check that the runs are of one subject on one grid, and the mask",
        ))
    }

    /// Voxels in every mask.
    #[must_use]
    pub fn in_masks(&self) -> usize {
        self.in_masks.iter().filter(|&&inside| inside).count()
    }

    /// Voxels in every mask that are left out because some run is constant there.
    #[must_use]
    pub fn constant(&self) -> usize {
        self.count(|voxel| self.constant[voxel])
    }

    /// Voxels in every mask that are left out because the columns of some run explain it there, and are constant in none.
    #[must_use]
    pub fn explained(&self) -> usize {
        self.count(|voxel| self.explained[voxel] && !self.constant[voxel])
    }

    /// Voxels in every mask of which this holds.
    fn count(&self, is_one: impl Fn(usize) -> bool) -> usize {
        (0..self.in_masks.len()).filter(|&voxel| self.in_masks[voxel] && is_one(voxel)).count()
    }

    /// Say what the runs' own masks share, of several.
    pub fn say(&self, watch: &dyn Watch) {
        let (most, shared) = (self.own.iter().copied().max().unwrap_or(0), self.in_masks());
        if self.own.len() < 2 || self.given.is_some() {
            return;
        }
        let own = self.own.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let line = format!("mask: {shared} voxels that the masks of all runs hold ({own})");
        if (shared as f64) < masks::LEAST_SHARED * most as f64 {
            watch.warn(&format!(
                "{line}; the runs cover different parts of the brain, or one lost signal"
            ));
        } else {
            watch.note(&line);
        }
    }

    /// Where all runs so far have signal, `[voxel]`.
    #[must_use]
    pub fn inside(&self) -> Vec<bool> {
        self.each_inside().collect()
    }

    fn each_inside(&self) -> impl Iterator<Item = bool> {
        let out = self.constant.iter().zip(&self.explained).zip(&self.dim);
        let out = out.map(|((constant, explained), dim)| *constant || *explained || *dim);
        self.in_masks.iter().zip(out).map(|(&inside, is_out)| inside && !is_out)
    }
}

/// No voxel of a run is left to fit.
#[must_use]
pub fn without_signal(run: &Run) -> Error {
    Error::bad_data(
        display(&run.path),
        "has no voxel of the mask that varies over time and is finite in every volume",
        "have signal to fit",
        "look at the image, for volumes that are not finite, and at the mask",
    )
}

/// Mean over the volumes that are finite, `[voxel]`; NaN where none is.
///
/// # Errors
/// Those of reading the run.
pub fn mean_image(source: &mut dyn BoldSource) -> Result<Vec<f64>> {
    Ok(moments(source)?.into_iter().map(|[mean, _]| mean).collect())
}

/// Mean and mean square over the volumes that are finite, `[voxel]`.
fn moments(source: &mut dyn BoldSource) -> Result<Vec<[f64; 2]>> {
    let (shape, n_volumes) = (source.shape(), source.n_volumes());
    let mut sums = vec![[0.0_f64; 2]; shape.iter().product()];
    let mut missing = vec![0_u32; sums.len()];
    for block in batches(shape, n_volumes, 8 << 20) {
        let bold = source.read(&block)?;
        for volume in bold.data.chunks_exact(sums.len()) {
            for (([sum, squares], missing), &value) in sums.iter_mut().zip(&mut missing).zip(volume)
            {
                let finite = value.is_finite();
                let value = if finite { f64::from(value) } else { 0.0 };
                *sum += value;
                *squares += value * value;
                *missing += u32::from(!finite);
            }
        }
    }
    let over = |(sums, missing): ([f64; 2], u32)| {
        sums.map(|sum| sum / (n_volumes as f64 - f64::from(missing)))
    };
    Ok(sums.into_iter().zip(missing).map(over).collect())
}

/// The mask of a run that is read without `level`, `[voxel]`.
///
/// # Errors
/// Those of reading it; bad data where its mean is no image.
pub fn of_source(
    name: &str,
    source: &mut dyn BoldSource,
    level: Option<&[f64]>,
    grid: &Grid,
) -> Result<Mask> {
    let moments = moments(source)?;
    let mut mean: Vec<f64> = moments.iter().map(|[mean, _]| *mean).collect();
    if let Some(level) = level {
        mean.iter_mut().zip(level).for_each(|(mean, level)| *mean += level);
    }
    let mask = from_mean(name, &mean, grid)?;
    let inside = (0..mean.len()).filter(|&voxel| mask.inside[voxel]);
    let is_lost = |&voxel: &usize| {
        let [mean_as_read, square] = moments[voxel];
        let spread = (square - mean_as_read * mean_as_read).max(0.0).sqrt();
        mean[voxel] < LEAST_OF_SPREAD * spread
    };
    let (n_lost, of) = (inside.filter(is_lost).count(), mask.count());
    if 2 * n_lost > of {
        return Err(no_mean(
            name,
            format!(
                "has means below {LEAST_OF_SPREAD} of the standard deviation over time in {n_lost} of the {of} voxels where they are \
                 largest"
            ),
        ));
    }
    Ok(mask)
}

/// A run whose mean was taken off.
fn no_mean(name: &str, found: String) -> Error {
    Error::bad_data(
        name,
        found,
        "hold image intensities a mask can be made from",
        "a run that was demeaned, z-scored or filtered shows no brain: give its mask with --mask, and to glm --scaling none, or take the run \
         as it was before",
    )
}

/// The mask of a mean image `[voxel]`; values that are not finite are outside.
///
/// # Errors
/// Bad data when no voxel is positive, or the image falls below 0 about as far as it rises above: intensities do not.
pub fn from_mean(name: &str, mean: &[f64], grid: &Grid) -> Result<Mask> {
    let clip = clip_level(mean).ok_or_else(|| {
        Error::bad_data(
            name,
            "has no voxel with a positive, finite mean",
            "hold image intensities a mask can be made from",
            "give a mask with --mask; boldly bids takes that of the dataset, _desc-brain_mask beside the run",
        )
    })?;
    let finite = || mean.iter().filter(|mean| mean.is_finite());
    let (above, below) =
        finite().fold((0.0, 0.0), |(a, b), mean| (a + mean.max(0.0), b - mean.min(0.0)));
    if below > MOST_BELOW * above {
        let (n_below, of) = (finite().filter(|mean| **mean < 0.0).count(), mean.len());
        return Err(no_mean(name, format!("has a negative mean in {n_below} of {of} voxels")));
    }
    let above: Vec<bool> = mean.iter().map(|&m| m >= clip).collect();
    let brain = largest_piece(&above, grid.shape);
    let mut inside = brain;
    fill_holes(&mut inside, grid.shape);
    for (voxel, keep) in inside.iter_mut().enumerate() {
        *keep &= mean[voxel].is_finite();
    }
    Ok(Mask { grid: grid.clone(), inside })
}

/// The clip of the rule: half the median of the voxels at or above it; none without a positive mean.
#[must_use]
pub fn clip_level(mean: &[f64]) -> Option<f64> {
    let mut positive: Vec<f64> =
        mean.iter().copied().filter(|m| m.is_finite() && *m > 0.0).collect();
    positive.sort_by(f64::total_cmp);
    let mut clip = positive.iter().sum::<f64>() / positive.len() as f64;
    for _ in 0..100 {
        let first = positive.partition_point(|&m| m < clip);
        let median = positive.get(first + (positive.len() - first) / 2)?;
        let next = 0.5 * median;
        if (next - clip).abs() <= 1e-9 * clip {
            break;
        }
        clip = next;
    }
    Some(clip)
}

/// The mask, or so many of its voxels, evenly spread.
#[must_use]
pub fn thinned(inside: &[bool], most: usize) -> Vec<bool> {
    let n = inside.iter().filter(|&&v| v).count();
    let step = n.div_ceil(most).max(1);
    let mut seen = 0;
    let keep = |&inside: &bool| {
        seen += usize::from(inside);
        inside && seen % step == 1 % step
    };
    inside.iter().map(keep).collect()
}

/// Labels the 6-connected pieces of `set`: piece of each voxel (0 outside), and sizes.
fn pieces(set: &[bool], shape: [usize; 3]) -> (Vec<u32>, Vec<usize>) {
    let mut label = vec![0_u32; set.len()];
    let mut sizes = vec![0];
    let mut queue = Vec::new();
    for seed in 0..set.len() {
        if !set[seed] || label[seed] != 0 {
            continue;
        }
        let piece = sizes.len() as u32;
        let mut size = 0;
        label[seed] = piece;
        queue.push(seed);
        while let Some(voxel) = queue.pop() {
            size += 1;
            for near in neighbours(voxel, shape) {
                if set[near] && label[near] == 0 {
                    label[near] = piece;
                    queue.push(near);
                }
            }
        }
        sizes.push(size);
    }
    (label, sizes)
}

fn neighbours(voxel: usize, [ni, nj, nk]: [usize; 3]) -> impl Iterator<Item = usize> {
    let (i, j, k) = (voxel % ni, voxel / ni % nj, voxel / (ni * nj));
    let candidates = [
        (i > 0).then(|| voxel - 1),
        (i + 1 < ni).then(|| voxel + 1),
        (j > 0).then(|| voxel - ni),
        (j + 1 < nj).then(|| voxel + ni),
        (k > 0).then(|| voxel - ni * nj),
        (k + 1 < nk).then(|| voxel + ni * nj),
    ];
    candidates.into_iter().flatten()
}

fn largest_piece(set: &[bool], shape: [usize; 3]) -> Vec<bool> {
    let (label, sizes) = pieces(set, shape);
    let largest = (1..sizes.len()).max_by_key(|&piece| (sizes[piece], usize::MAX - piece));
    label.iter().map(|&l| Some(l as usize) == largest).collect()
}

fn fill_holes(inside: &mut [bool], shape: [usize; 3]) {
    let outside: Vec<bool> = inside.iter().map(|&v| !v).collect();
    let (label, sizes) = pieces(&outside, shape);
    let mut open = vec![false; sizes.len()];
    for (voxel, &piece) in label.iter().enumerate() {
        let c = [voxel % shape[0], voxel / shape[0] % shape[1], voxel / (shape[0] * shape[1])];
        if (0..3).any(|axis| c[axis] == 0 || c[axis] + 1 == shape[axis]) {
            open[piece as usize] = true;
        }
    }
    for (voxel, &piece) in label.iter().enumerate() {
        inside[voxel] |= piece != 0 && !open[piece as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bright_ball_with_a_hole_and_a_speck_becomes_the_filled_ball() {
        let shape = [11, 12, 13];
        let grid = Grid { shape, affine: [[0.0; 4]; 4], voxel_size_mm: [1.0; 3], is_placed: true };
        let radius2 = |v: usize| {
            let [i, j, k] = grid.coordinates(v);
            (i as f64 - 5.0).powi(2) + (j as f64 - 5.0).powi(2) + (k as f64 - 6.0).powi(2)
        };
        let mean: Vec<f64> = (0..grid.n_voxels())
            .map(|v| match radius2(v) {
                _ if v == 0 => 900.0,
                r if r < 1.0 => 10.0,
                r if r < 16.0 => 1000.0 + r,
                _ => 20.0,
            })
            .collect();
        let mask = from_mean("ball", &mean, &grid).expect("a mask");
        for (v, &inside) in mask.inside.iter().enumerate() {
            assert_eq!(inside, radius2(v) < 16.0 && v != 0, "voxel {v}");
        }
    }

    #[test]
    fn an_image_of_zeros_is_an_error_that_names_the_way_out() {
        let grid = Grid {
            shape: [2, 2, 2],
            affine: [[0.0; 4]; 4],
            voxel_size_mm: [1.0; 3],
            is_placed: true,
        };
        let error = from_mean("zeros.nii", &[0.0; 8], &grid).expect_err("no mask");
        assert!(error.to_string().contains("--mask"), "{error}");
    }

    #[test]
    fn a_run_without_its_mean_has_no_mask() {
        let grid = Grid {
            shape: [4, 4, 4],
            affine: [[0.0; 4]; 4],
            voxel_size_mm: [1.0; 3],
            is_placed: true,
        };
        let rounded = |voxel: usize| 1e-10 * ((voxel * 7 % 13) as f64 - 6.0);
        let mean: Vec<f64> = (0..64).map(rounded).collect();
        let why = from_mean("run.nii", &mean, &grid).expect_err("no brain").to_string();
        assert!(why.contains("negative mean in") && why.contains("--mask"), "{why}");
        let run = |level: f32| {
            let value = |n: usize| level + [20.0, -20.0][n / 64 % 2];
            let block = crate::volume::Block::whole(grid.shape, 4);
            let data = (0..block.len()).map(value).collect();
            let mut source =
                crate::io::source::Memory { run: crate::volume::HostBold::new(block, data) };
            of_source("run.nii", &mut source, None, &grid)
        };
        assert_eq!(run(1000.0).expect("a mask").count(), 64);
        let why = run(1e-6).expect_err("no brain").to_string();
        assert!(why.contains("standard deviation") && why.contains("--scaling none"), "{why}");
    }
}
