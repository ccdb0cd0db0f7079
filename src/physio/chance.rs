//! Whether a recording explains a run more than chance would: the run itself says what chance gives, by the same recording with its
//! clock stretched.
//!
//! The statistic is the share of voxels at which the physiological columns have a partial F of p < .001, given task, confounds and
//! drift: with y and the columns P less what the known columns C explain, Q an orthonormal basis of P of rank r,
//! F = (|Q'y|² / r) / ((|y|² - |Q'y|²) / (n - rank C - r)). Were voxels independent and noise white it would be .001 by chance; they are not, so
//! it is compared with the shares of 39 recordings that have the same rhythm and noise but keep no step with the run: this one, stretched by
//! factors between 0.90 and 1.10, none nearer to 1 than 2 %. The verdict is the rank among all 40. Chance puts the recording first once in 40 times.
//!
//! That holds where a stretched clock gives other columns, and where the rhythm itself says nothing of the moment. What two sets of
//! columns have in common is their mean squared canonical correlation less what chance gives. A set (cardiac, respiratory, ...) that has more than half in
//! common with a quarter of its stretched copies (the run is short, the columns slow), or on average with itself a tenth to half of the run
//! later (the rhythm of a metronome, of a scanner, of a dead sensor), is left out. Where none is left, or fewer degrees of freedom
//! than columns, or few voxels, nothing can be told.
//!
//! All of it is f64 on the host, whatever the device.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::explained::{Part, Voxels};
use super::terms::{ColumnSet, column_sets};
use crate::error::Result;
use crate::stats::least_squares::{demeaned, orthonormal_basis};
use crate::stats::tails::critical_f;

mod explained;

/// Stretched clocks: with the recording's own 40, of which chance puts one first.
const N_STRETCHES: usize = 39;
/// Level of F at a voxel.
const LEVEL: f64 = 0.001;
/// Common share from which on columns are the same for this purpose.
const SAME: f64 = 0.5;
/// Voxels that a share must be of.
const FEWEST_VOXELS: usize = 50;
/// A column of which less is left is one of the known columns, and a voxel is constant, relative to their size.
const ROUNDING: f64 = 1e-8;

/// The factors by which the recording is stretched: evenly from 0.90 to 0.98 and from 1.02 to 1.10.
pub const STRETCHES: [f64; N_STRETCHES] = {
    let mut factors = [0.0; N_STRETCHES];
    let mut k = 0;
    while k < N_STRETCHES {
        factors[k] = if k < 20 {
            0.90 + 0.08 * k as f64 / 19.0
        } else {
            1.02 + 0.08 * (k - 20) as f64 / 18.0
        };
        k += 1;
    }
    factors
};

/// What a recording explains of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Explains {
    /// More than each of the stretched recordings.
    MoreThanChance,
    /// No more than they do.
    NoMoreThanChance,
    /// They are no measure of it.
    CannotTell,
}

/// The verdict, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeyondChance {
    /// The verdict.
    pub explains: Explains,
    /// Whether the run was corrected for physiology before: then it is no doubt of the recording that it explains little of what is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_correction: bool,
    /// Voxels looked at: in the mask, finite and not constant.
    pub n_voxels: usize,
    /// Sets of columns that were tested together.
    pub tested: Vec<String>,
    /// Sets that are the same by a stretched clock, or at another time.
    pub left_out: Vec<String>,
    /// Share of the voxels with p < .001.
    pub share: f64,
    /// The same of the stretched recordings, in the order of [`STRETCHES`].
    pub stretched_shares: Vec<f64>,
    /// 1 where no stretched recording has as large a share, else one more than those that have.
    pub rank: usize,
    /// The same of the heart's and the breath's columns alone, where both are tested.
    pub alone: Vec<Alone>,
}

/// What the columns of one channel explain by themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alone {
    /// `cardiac` or `respiratory`.
    pub name: String,
    /// Share of the voxels with p < .001.
    pub share: f64,
    /// Among the stretched recordings.
    pub rank: usize,
}

/// What is asked.
pub struct Series<'a> {
    /// Task, confounds, drift, constant, `[volume][regressor]`.
    pub known: ArrayView2<'a, f64>,
    /// Degrees of freedom that an earlier correction took.
    pub dof_spent: f64,
    /// Names of the physiological columns.
    pub names: &'a [String],
    /// Slice-time groups and the time courses of their voxels, BOLD units, `[volume][voxel]`.
    pub groups: Vec<(usize, Array2<f64>)>,
}

/// Columns of a slice-time group `[volume][column]`: the recording's own, or those of a factor by which it is stretched.
pub type ColumnsOf<'a> = dyn Fn(usize, Option<f64>) -> Result<Array2<f64>> + Sync + 'a;

/// Whether the columns explain more than those of stretched clocks.
///
/// # Errors
/// Those of `columns`; internal where columns cannot be decomposed.
pub fn beyond_chance(series: &Series<'_>, columns: &ColumnsOf<'_>) -> Result<BeyondChance> {
    let known = orthonormal_basis(series.known)?;
    let mut found = BeyondChance {
        explains: Explains::CannotTell,
        after_correction: false,
        n_voxels: 0,
        tested: Vec::new(),
        left_out: Vec::new(),
        share: 0.0,
        stretched_shares: Vec::new(),
        rank: 0,
        alone: Vec::new(),
    };
    let Some((middle, _)) = series.groups.get(series.groups.len() / 2) else { return Ok(found) };
    let of_middle = Clocks::of(&|stretch| columns(*middle, stretch))?;
    let sets = column_sets(series.names);
    for set in &sets {
        // What the heart and the breath have together is as regular as either.
        let of_both = set.name == "interaction" && !found.left_out.is_empty();
        let is_left_out = of_both || of_middle.are_the_same(&known, set);
        let list = if is_left_out { &mut found.left_out } else { &mut found.tested };
        list.push(set.name.clone());
    }
    let parts = parts(&sets, &found.tested);
    let Some((_, kept)) = parts.first() else { return Ok(found) };
    let free = series.known.nrows() as f64 - known.ncols() as f64 - series.dof_spent;
    let least = least_shares(kept.len(), free);
    let tested: Vec<Part<'_>> =
        parts.iter().map(|(_, columns)| Part { columns, least: &least }).collect();
    let voxels: Vec<Voxels> = series.groups.par_iter().map(|(_, y)| varying(&known, y)).collect();
    let of_clock = |(group, clock): (usize, usize)| {
        let (of, _) = series.groups[group];
        let made = match of == *middle {
            true => None,
            false => Some(columns(of, stretch_of(clock))?),
        };
        let columns = made.as_ref().unwrap_or(&of_middle.columns[clock]);
        Ok(voxels[group].counts(columns, &tested))
    };
    let jobs: Vec<(usize, usize)> = (0..voxels.len())
        .flat_map(|group| (0..=N_STRETCHES).map(move |clock| (group, clock)))
        .collect();
    let counted: Vec<Vec<usize>> = jobs.into_par_iter().map(of_clock).collect::<Result<_>>()?;
    found.n_voxels = voxels.iter().map(Voxels::len).sum();
    let shares = |part: usize| -> Vec<f64> {
        let of_clock = |clock: usize| counted.iter().skip(clock).step_by(N_STRETCHES + 1);
        let count = |clock: usize| of_clock(clock).map(|counts| counts[part]).sum::<usize>();
        (0..=N_STRETCHES).map(|clock| count(clock) as f64 / found.n_voxels.max(1) as f64).collect()
    };
    let of_all = shares(0);
    let alone = parts.iter().enumerate().skip(1).map(|(at, (name, _))| {
        let shares = shares(at);
        Alone { name: (*name).to_owned(), share: shares[0], rank: rank(&shares) }
    });
    let alone = alone.collect();
    let is_enough = free >= 2.0 * kept.len() as f64 && found.n_voxels >= FEWEST_VOXELS;
    found.rank = rank(&of_all);
    found.explains = match found.rank {
        _ if !is_enough => Explains::CannotTell,
        1 => Explains::MoreThanChance,
        _ => Explains::NoMoreThanChance,
    };
    (found.share, found.alone) = (of_all[0], alone);
    found.stretched_shares = of_all[1..].to_vec();
    Ok(found)
}

/// The columns of all sets that are tested, then those of the heart and of the breath alone where both are; none where no set is.
fn parts<'a>(sets: &'a [ColumnSet], tested: &[String]) -> Vec<(&'a str, Vec<usize>)> {
    let tested: Vec<&ColumnSet> = sets.iter().filter(|set| tested.contains(&set.name)).collect();
    if tested.is_empty() {
        return Vec::new();
    }
    let mut parts = vec![("all", tested.iter().flat_map(|set| set.columns.clone()).collect())];
    let channels = ["cardiac", "respiratory"];
    let of = |name| tested.iter().find(move |set| set.name == name);
    if let [Some(heart), Some(breath)] = channels.map(of) {
        parts.extend([heart, breath].map(|set| (set.name.as_str(), set.columns.clone().collect())));
    }
    parts
}

/// The place of the first share among all: 1 where no other is as large.
fn rank(shares: &[f64]) -> usize {
    1 + shares[1..].iter().filter(|&&other| other >= shares[0]).count()
}

/// By what the recording is stretched: the first clock is its own.
fn stretch_of(clock: usize) -> Option<f64> {
    clock.checked_sub(1).map(|k| STRETCHES[k])
}

/// |Q'y|² / |y|² from which on F has p < .001, by the rank of Q up to `most`: F > f where it exceeds r f / (r f + dof2).
fn least_shares(most: usize, free: f64) -> Vec<Option<f64>> {
    let least = |rank: usize| {
        let rank = rank as f64;
        let f = rank * critical_f(LEVEL, rank, free - rank);
        f / (f + free - rank)
    };
    let is_testable = |rank: usize| rank > 0 && free - rank as f64 >= 1.0;
    (0..=most).into_par_iter().map(|rank| is_testable(rank).then(|| least(rank))).collect()
}

/// The voxels `[volume][voxel]` that vary, less what the known columns explain.
fn varying(known: &Array2<f64>, y: &Array2<f64>) -> Voxels {
    let mut rest = y.clone();
    for mut voxel in rest.columns_mut() {
        let first = voxel[0];
        voxel -= first; // a large mean is nothing that rounding should see
    }
    let sizes = |y: &Array2<f64>| y.map_axis(Axis(0), |v| v.dot(&v));
    let size = sizes(&rest);
    take_off(known, &mut rest);
    let left = sizes(&rest);
    let varies: Vec<usize> =
        (0..left.len()).filter(|&v| left[v] > ROUNDING * ROUNDING * size[v]).collect();
    let left = varies.iter().map(|&v| left[v]).collect();
    Voxels::new(known, &rest.select(Axis(1), &varies), left)
}

/// What is left of columns when their part in a basis is taken off; twice, for what rounding left of it.
fn take_off(basis: &Array2<f64>, columns: &mut Array2<f64>) {
    for _ in 0..2 {
        *columns -= &basis.dot(&basis.t().dot(columns));
    }
}

/// An orthonormal basis of what columns add to a basis, `[volume][rank]`, by Gram and Schmidt.
fn basis_beyond(known: &Array2<f64>, mut columns: Array2<f64>) -> Array2<f64> {
    let size = columns.map_axis(Axis(0), |c| c.dot(&c));
    take_off(known, &mut columns);
    let n = columns.nrows();
    let mut basis: Vec<Array1<f64>> = Vec::new();
    for (column, size) in columns.columns().into_iter().zip(size) {
        let mut rest = column.to_owned();
        for other in basis.iter().chain(&basis) {
            let along = rest.dot(other);
            rest.scaled_add(-along, other);
        }
        let left = rest.dot(&rest);
        if left > ROUNDING * ROUNDING * size {
            basis.push(rest / left.sqrt());
        }
    }
    Array2::from_shape_fn((n, basis.len()), |(t, k)| basis[k][t])
}

/// The columns of one slice-time group by every clock.
struct Clocks {
    columns: Vec<Array2<f64>>,
}

impl Clocks {
    fn of(columns: &(dyn Fn(Option<f64>) -> Result<Array2<f64>> + Sync)) -> Result<Clocks> {
        let by = |clock: usize| columns(stretch_of(clock));
        let columns = (0..=N_STRETCHES).into_par_iter().map(by).collect::<Result<_>>()?;
        Ok(Clocks { columns })
    }

    /// Whether a set of columns is the same by a stretched clock, or at another time.
    fn are_the_same(&self, known: &Array2<f64>, set: &ColumnSet) -> bool {
        let free = known.nrows().saturating_sub(known.ncols()) as f64;
        let of_set = |all: &Array2<f64>| all.slice(s![.., set.columns.clone()]).to_owned();
        let own = of_set(&self.columns[0]);
        let basis = basis_beyond(known, own.clone());
        let is_same =
            |all: &&Array2<f64>| common(&basis, &basis_beyond(known, of_set(all)), free) > SAME;
        if self.columns[1..].par_iter().filter(is_same).count() > N_STRETCHES / 4 {
            return true;
        }
        let n = own.nrows();
        let later = |tenths: usize| {
            let lag = tenths * n / 10;
            let part = |from: usize| {
                let part = demeaned(own.slice(s![from..from + n - lag, ..]));
                basis_beyond(&Array2::zeros((n - lag, 0)), part)
            };
            common(&part(0), &part(lag), (n - lag) as f64 - 1.0)
        };
        (1..=5).map(later).sum::<f64>() / 5.0 > SAME
    }
}

/// The mean squared canonical correlation of two bases less what chance gives in so many free dimensions; 1 where that is all.
fn common(a: &Array2<f64>, b: &Array2<f64>, free: f64) -> f64 {
    let (least, most) = (a.ncols().min(b.ncols()) as f64, a.ncols().max(b.ncols()) as f64);
    if least == 0.0 || most >= free {
        return 1.0;
    }
    let shared = a.t().dot(b).iter().map(|r| r * r).sum::<f64>() / least;
    let by_chance = most / free;
    (shared - by_chance) / (1.0 - by_chance)
}

impl BeyondChance {
    /// The same of a run that was corrected for physiology before: what its recording explains was taken out of it, so that no more than chance says nothing.
    #[must_use]
    pub fn of_corrected(mut self) -> BeyondChance {
        self.after_correction = true;
        if self.explains == Explains::NoMoreThanChance {
            self.explains = Explains::CannotTell;
        }
        self
    }

    /// Channels that explain no more than chance by themselves, though both together do, of a run that was not corrected before.
    #[must_use]
    pub fn idle(&self) -> Vec<&Alone> {
        let more = self.explains == Explains::MoreThanChance && !self.after_correction;
        self.alone.iter().filter(|alone| more && alone.rank > 1).collect()
    }

    /// The verdict in a sentence.
    #[must_use]
    pub fn headline(&self) -> &'static str {
        match self.explains {
            Explains::MoreThanChance => "this recording explains this run more than chance",
            Explains::NoMoreThanChance => "this recording explains this run no more than chance",
            Explains::CannotTell => {
                "cannot tell whether this recording explains this run more than chance"
            }
        }
    }

    /// The verdict with what it rests on.
    #[must_use]
    pub fn says(&self) -> String {
        format!("{}: {}", self.headline(), self.because())
    }

    /// What the verdict rests on.
    #[must_use]
    pub fn because(&self) -> String {
        if self.explains == Explains::CannotTell {
            return self.why_not();
        }
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let most = self.stretched_shares.iter().copied().fold(0.0, f64::max);
        let without = match self.left_out.as_slice() {
            [] => String::new(),
            left_out => {
                format!("; not tested, as the same at other times: {}", left_out.join(", "))
            }
        };
        let alone = self.alone.iter().map(|alone| {
            format!("; {} alone {}, rank {}", alone.name, percent(alone.share), alone.rank)
        });
        let alone: String = alone.collect();
        format!(
            "p < {LEVEL} in {} of {} voxels, with its clock stretched in {} at most (rank {} of {}){alone}{without}",
            percent(self.share),
            self.n_voxels,
            percent(most),
            self.rank,
            N_STRETCHES + 1
        )
    }

    /// Why nothing can be told.
    fn why_not(&self) -> String {
        if self.after_correction {
            "the run was corrected for physiology before, which took out of it what its recording explains".to_owned()
        } else if self.tested.is_empty() && !self.left_out.is_empty() {
            "its columns are the same with its clock stretched, or at other times of the run (a short run, or a rhythm as regular \
             as a machine's)"
                .to_owned()
        } else if self.n_voxels < FEWEST_VOXELS {
            format!("{} voxels of the mask vary, and {FEWEST_VOXELS} are needed", self.n_voxels)
        } else {
            "the run has too few volumes for its columns".to_owned()
        }
    }
}
