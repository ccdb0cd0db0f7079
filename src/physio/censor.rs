//! Acquisitions within a flagged stretch whose columns are 0, when that is asked for.
//!
//! A Fourier column that needs a flagged channel is 0 in the volumes where it is flagged (at the slice's own time), and has
//! mean 0 over the others: the fit learns nothing from those volumes about the column, nothing is subtracted there, and
//! the column stays orthogonal to the run's mean. The volumes stay in the fit of everything else. Slow columns, which reach
//! over half a minute, stay: their measure is interpolated (`slow_columns`).

use ndarray::Array2;

use super::flagged::Flagged;
use super::moments::SliceMoments;
use super::peaks::Channel;
use super::terms::Terms;
use super::treatment::BadStretches;
use crate::error::{Error, Result};

/// A column that varies by less than this share of itself is constant but for rounding.
const ROUNDING: f64 = 1e-9;

/// Which acquisitions are censored.
pub(super) struct Censored {
    /// For each unique slice time.
    pub groups: Vec<CensoredGroup>,
}

/// The volumes in which a slice time is censored, `[volume]`.
pub(super) struct CensoredGroup {
    /// The pulse is flagged.
    cardiac: Vec<bool>,
    /// Breathing is flagged.
    respiratory: Vec<bool>,
}

impl Censored {
    /// None is, unless that is asked for.
    pub fn new(
        flagged: &[Flagged],
        bad: BadStretches,
        terms: &Terms,
        slices: &SliceMoments,
    ) -> Censored {
        let needs = |of: fn(&(bool, bool)) -> bool| {
            (0..terms.n_columns()).any(|k| of(&terms.needs_of(k))) && bad == BadStretches::Censor
        };
        let (cardiac, respiratory) = (needs(|n| n.0), needs(|n| n.1));
        let of = |channel: Channel, is_needed: bool, slice_time: f64| {
            let within = |time_s: f64| {
                let holds = |f: &&Flagged| (f.from_s..=f.to_s).contains(&time_s);
                flagged.iter().filter(|f| f.channel == channel).any(|f| holds(&f))
            };
            let volumes = 0..slices.n_volumes;
            volumes.map(|v| is_needed && within(slices.moment_s(v, slice_time))).collect()
        };
        let group = |&slice_time: &f64| CensoredGroup {
            cardiac: of(Channel::Cardiac, cardiac, slice_time),
            respiratory: of(Channel::Respiratory, respiratory, slice_time),
        };
        Censored { groups: slices.unique_s.iter().map(group).collect() }
    }

    /// Volumes with a censored slice, from 0.
    pub fn volumes(&self) -> Vec<usize> {
        let n_volumes = self.groups.first().map_or(0, |g| g.cardiac.len());
        let any_slice = |v: &usize| self.groups.iter().any(|g| g.is_censored(*v));
        (0..n_volumes).filter(any_slice).collect()
    }

    /// Enough volumes must be left to fit the columns to.
    ///
    /// # Errors
    /// Bad data: at some slice time no more volumes than columns.
    pub fn check(&self, terms: &Terms, name: &str) -> Result<()> {
        let n_kept =
            |g: &CensoredGroup| (0..g.cardiac.len()).filter(|&v| !g.is_censored(v)).count();
        let least = self.groups.iter().map(n_kept).min().unwrap_or(0);
        let n_columns = terms.n_columns();
        if self.volumes().is_empty() || least > n_columns {
            return Ok(());
        }
        Err(Error::bad_data(
            name,
            format!("has {least} volumes outside flagged stretches for {n_columns} columns"),
            "have more volumes than columns to be censored",
            "look at the trace; --bad-stretches interpolate uses all of it, --terms can leave a trace out",
        ))
    }
}

impl CensoredGroup {
    fn is_censored(&self, volume: usize) -> bool {
        self.cardiac[volume] || self.respiratory[volume]
    }

    /// 1 for each column whose value in a volume `is_kept`, else 0. Most volumes keep all, and `kept` holds 1 then.
    fn mark(&self, v: usize, is_kept: &impl Fn(usize, usize) -> bool, kept: &mut [f64]) {
        if self.is_censored(v) {
            kept.iter_mut().enumerate().for_each(|(k, kept)| *kept = f64::from(is_kept(v, k)));
        } else {
            kept.fill(1.0);
        }
    }

    /// Make each column of `[volume][column]` 0 where it is censored, and of mean 0 over the other volumes. Returns the first
    /// column of which nothing but rounding is left, if there is one.
    pub fn apply(&self, columns: &mut Array2<f64>, terms: &Terms) -> Option<usize> {
        let m = columns.ncols();
        let needs: Vec<_> = (0..m).map(|k| terms.needs_of(k)).collect();
        let is_kept = |v: usize, k: usize| {
            !(needs[k].0 && self.cardiac[v] || needs[k].1 && self.respiratory[v])
        };
        // Along the rows, which lie side by side: 1 where a value is kept, else 0.
        let mut kept = vec![1.0; m];
        let (mut mean, mut n_kept) = (vec![0.0; m], vec![0.0_f64; m]);
        let (mut before, mut after) = (vec![0.0_f64; m], vec![0.0_f64; m]);
        for (v, row) in columns.rows().into_iter().enumerate() {
            self.mark(v, &is_kept, &mut kept);
            for (k, (&value, &kept)) in row.iter().zip(&kept).enumerate() {
                mean[k] += kept * value;
                n_kept[k] += kept;
                before[k] = before[k].max(kept * value.abs());
            }
        }
        mean.iter_mut().zip(&n_kept).for_each(|(sum, n)| *sum /= n.max(1.0));
        for (v, row) in columns.rows_mut().into_iter().enumerate() {
            self.mark(v, &is_kept, &mut kept);
            for (k, (value, &kept)) in row.into_iter().zip(&kept).enumerate() {
                *value = if kept > 0.0 { *value - mean[k] } else { 0.0 };
                after[k] = after[k].max(value.abs());
            }
        }
        (0..m).find(|&k| after[k] <= ROUNDING * before[k])
    }
}
