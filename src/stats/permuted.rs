//! p-values by rearrangement: how often chance is at least as extreme, the arrangement that was observed counted with it.
//!
//! Uncorrected: p = #{i: s_i >= s_0 - d} / N over the N rearrangements, number 0 the observed one, d the slack within which
//! scores are equal. Corrected for all voxels (family-wise): the same with each rearrangement's extreme over the voxels in place of
//! s_i. Where a plan leaves out mirror images (t becomes -t), each that was computed stands for two.
//! Counts are whole numbers and extremes lie by number, so that shards in any order make the same bytes.
//! Source: Nichols and Holmes 2002; Phipson and Smyth 2010 (the observed one counts).

use std::ops::Range;

use crate::error::{Error, Result};

/// Which side of zero is extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tail {
    /// Large values. The only one that F has.
    Positive,
    /// Values far below zero.
    Negative,
    /// Both, by magnitude.
    Both,
}

impl Tail {
    /// A value so that larger is more extreme.
    #[must_use]
    pub fn directed(self, value: f64) -> f64 {
        match self {
            Tail::Positive => value,
            Tail::Negative => -value,
            Tail::Both => value.abs(),
        }
    }
}

/// The extremes over a search volume of each rearrangement: of scores, of TFCE, of cluster sizes or masses (those of negative clusters
/// below zero).
#[derive(Debug, Clone, PartialEq)]
pub struct Maxima {
    /// The largest, `[rearrangement]`; NaN where it has not been computed.
    pub high: Vec<f64>,
    /// The smallest, `[rearrangement]`; NaN where it has not been computed.
    pub low: Vec<f64>,
}

/// A distribution of maxima where there is no effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Null {
    /// Rising.
    values: Vec<f64>,
}

impl Maxima {
    /// None of `n` computed.
    #[must_use]
    pub fn missing(n: u64) -> Maxima {
        Maxima { high: vec![f64::NAN; n as usize], low: vec![f64::NAN; n as usize] }
    }

    /// Put those of the rearrangements from `first` on in their places.
    ///
    /// # Errors
    /// Internal when they reach beyond the last.
    pub fn put(&mut self, first: u64, high: &[f32], low: &[f32]) -> Result<()> {
        let range = first as usize..first as usize + high.len();
        let end = range.end;
        match (self.high.get_mut(range.clone()), self.low.get_mut(range)) {
            (Some(to_high), Some(to_low)) if high.len() == low.len() => {
                to_high.iter_mut().zip(high).for_each(|(to, &from)| *to = f64::from(from));
                to_low.iter_mut().zip(low).for_each(|(to, &from)| *to = f64::from(from));
                Ok(())
            }
            _ => Err(Error::internal(
                "the extremes",
                format!("reach rearrangement {end} of {}", self.high.len()),
                "be of those that are planned",
                "",
            )),
        }
    }

    /// Of several contrasts, each rearrangement's extremes over all of them: corrected p-values then hold for the contrasts together.
    /// Scales must be alike ([`Maxima::scaled`]).
    ///
    /// # Errors
    /// Internal when they are of different numbers of rearrangements, or none.
    pub fn together(all: &[Maxima]) -> Result<Maxima> {
        let (Some(first), true) = (all.first(), all.windows(2).all(|w| w[0].n() == w[1].n()))
        else {
            return Err(Error::internal("the contrasts", "have other plans", "share one", ""));
        };
        let mut joined = first.clone();
        for other in &all[1..] {
            // What one lacks, both lack.
            let max = |(a, b): (&mut f64, &f64)| *a = if *b > *a || b.is_nan() { *b } else { *a };
            let min = |(a, b): (&mut f64, &f64)| *a = if *b < *a || b.is_nan() { *b } else { *a };
            joined.high.iter_mut().zip(&other.high).for_each(max);
            joined.low.iter_mut().zip(&other.low).for_each(min);
        }
        Ok(joined)
    }

    /// On another scale, which rises with this one.
    #[must_use]
    pub fn scaled(&self, scale: impl Fn(f64) -> f64) -> Maxima {
        let of = |values: &[f64]| values.iter().map(|&v| scale(v)).collect();
        Maxima { high: of(&self.high), low: of(&self.low) }
    }

    /// How many rearrangements there are.
    #[must_use]
    pub fn n(&self) -> usize {
        self.high.len()
    }

    /// Their distribution; `mirrored`: each stands for its mirror image, too.
    ///
    /// # Errors
    /// Internal when one has not been computed.
    pub fn null(&self, tail: Tail, mirrored: bool) -> Result<Null> {
        let (high, low) = (self.high.iter().copied(), self.low.iter().map(|v| -v));
        let mut values: Vec<f64> = match (tail, mirrored) {
            (Tail::Both, _) => high.zip(low).map(|(h, l)| h.max(l)).collect(),
            (_, true) => high.chain(low).collect(),
            (Tail::Positive, false) => high.collect(),
            (Tail::Negative, false) => low.collect(),
        };
        if let Some(lacking) = self.high.iter().position(|v| v.is_nan()) {
            return Err(Error::internal(
                format!("rearrangement {lacking}"),
                "has not been computed",
                "be before p-values are asked for",
                "",
            ));
        }
        values.sort_unstable_by(f64::total_cmp);
        Ok(Null { values })
    }
}

impl Null {
    /// The share of maxima that are at least `value`, which lies within the slack below what was observed.
    #[must_use]
    pub fn p(&self, value: f64) -> f64 {
        let below = self.values.partition_point(|&v| v < value);
        (self.values.len() - below) as f64 / self.values.len() as f64
    }

    /// Rising.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// What must be exceeded for a p of at most `level`; none where nothing has more than `level`.
    #[must_use]
    pub fn beyond(&self, level: f64) -> Option<f64> {
        let from = self.values.partition_point(|&v| self.p(v) > level);
        from.checked_sub(1).map(|at| self.values[at])
    }

    /// The smallest value whose p is at most `level`; none where even the largest has more.
    #[must_use]
    pub fn critical(&self, level: f64) -> Option<f64> {
        let from = self.values.partition_point(|&v| self.p(v) > level);
        self.values.get(from).copied()
    }
}

/// What has been counted of the rearrangements of one contrast.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Extremes of scores.
    pub maxima: Maxima,
    mirrored: bool,
    /// Rearrangements at least as extreme as the observed one: above, below, beyond and beneath, `[4][voxel]`.
    counts: [Vec<u64>; 4],
}

/// Begins the bytes of a tally.
const MAGIC: &[u8; 8] = b"tally 1\n";

impl Tally {
    /// Nothing yet of `n` planned rearrangements.
    #[must_use]
    pub fn new(n: u64, mirrored: bool, n_voxels: usize) -> Tally {
        let counts = std::array::from_fn(|_| vec![0; n_voxels]);
        Tally { maxima: Maxima::missing(n), mirrored, counts }
    }

    /// How many rearrangements are planned.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.maxima.n() as u64
    }

    /// How many voxels there are.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        self.counts[0].len()
    }

    /// Whether each stands for its mirror image, too.
    #[must_use]
    pub fn mirrored(&self) -> bool {
        self.mirrored
    }

    /// Add counts `[voxel]`: scores s >= |o| - d, s <= -(|o| - d), s > |o| + d, s < -(|o| + d).
    ///
    /// # Errors
    /// Internal when they are of other voxels.
    pub fn add_counts(&mut self, counts: [&[u32]; 4]) -> Result<()> {
        if counts.iter().any(|c| c.len() != self.n_voxels()) {
            return Err(Error::internal("the counts", "are of other voxels", "be of those", ""));
        }
        for (sums, counts) in self.counts.iter_mut().zip(counts) {
            sums.iter_mut().zip(counts).for_each(|(sum, &count)| *sum += u64::from(count));
        }
        Ok(())
    }

    /// The rearrangements that have been computed, as ranges of their numbers.
    #[must_use]
    pub fn done(&self) -> Vec<Range<u64>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for (at, _) in self.maxima.high.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
            match ranges.last_mut().filter(|last| last.end == at as u64) {
                Some(last) => last.end += 1,
                None => ranges.push(at as u64..at as u64 + 1),
            }
        }
        ranges
    }

    /// Whether all have been.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.maxima.high.iter().all(|v| !v.is_nan())
    }

    /// Plan for more, of which none has been computed.
    pub fn extend(&mut self, n: u64) {
        let n = self.maxima.n().max(n as usize);
        self.maxima.high.resize(n, f64::NAN);
        self.maxima.low.resize(n, f64::NAN);
    }

    /// Add what another shard counted.
    ///
    /// # Errors
    /// Bad data when a rearrangement is in both, or they are of other plans.
    pub fn merge(&mut self, other: &Tally) -> Result<()> {
        let same = self.n() == other.n() && self.mirrored == other.mirrored;
        if !same || self.n_voxels() != other.n_voxels() {
            return Err(Error::bad_data(
                "a shard",
                format!("counts {} rearrangements in {} voxels", other.n(), other.n_voxels()),
                format!("count {} in {}, as the others", self.n(), self.n_voxels()),
                "join shards of one analysis",
            ));
        }
        let (mine, theirs) = (&self.maxima.high, &other.maxima.high);
        if let Some(twice) = mine.iter().zip(theirs).position(|(a, b)| !a.is_nan() && !b.is_nan()) {
            return Err(Error::bad_data(
                "two shards",
                format!("both hold rearrangement {twice}"),
                "hold each once",
                "join each shard once",
            ));
        }
        let fill = |(to, &from): (&mut f64, &f64)| {
            if to.is_nan() {
                *to = from;
            }
        };
        self.maxima.high.iter_mut().zip(&other.maxima.high).for_each(fill);
        self.maxima.low.iter_mut().zip(&other.maxima.low).for_each(fill);
        for (sums, more) in self.counts.iter_mut().zip(&other.counts) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        Ok(())
    }

    /// Uncorrected p of observed scores `[voxel]`, for which the counts were made.
    #[must_use]
    pub fn p(&self, tail: Tail, observed: &[f32]) -> Vec<f64> {
        let n = self.n();
        let [above, below, beyond, beneath] = &self.counts;
        let p = |voxel: usize| {
            let side = match tail {
                Tail::Both => {
                    return (above[voxel] + below[voxel]).min(n) as f64 / n as f64;
                }
                Tail::Positive => observed[voxel] >= 0.0,
                Tail::Negative => observed[voxel] <= 0.0,
            };
            // The tail that the score points to, or the other: then all but those further out on the score's own side.
            match (self.mirrored, side, tail) {
                (false, true, Tail::Negative) => below[voxel] as f64 / n as f64,
                (false, true, _) => above[voxel] as f64 / n as f64,
                (false, false, Tail::Negative) => (n - beyond[voxel]) as f64 / n as f64,
                (false, false, _) => (n - beneath[voxel]) as f64 / n as f64,
                (true, true, _) => (above[voxel] + below[voxel]) as f64 / (2 * n) as f64,
                (true, false, _) => {
                    (2 * n - beyond[voxel] - beneath[voxel]) as f64 / (2 * n) as f64
                }
            }
        };
        (0..self.n_voxels().min(observed.len())).map(p).collect()
    }

    /// The share of rearrangements that lie within the slack of the observed score, `[voxel]`: what another device may count otherwise.
    #[must_use]
    pub fn unsure(&self) -> Vec<f64> {
        let [above, below, beyond, beneath] = &self.counts;
        let n = self.n() as f64;
        let share =
            |v: usize| ((above[v] + below[v]).saturating_sub(beyond[v] + beneath[v])) as f64 / n;
        (0..self.n_voxels()).map(share).collect()
    }

    /// Family-wise corrected p of observed scores `[voxel]`; `slack` as the counts were made with.
    ///
    /// # Errors
    /// Internal when a rearrangement has not been computed.
    pub fn p_corrected(&self, tail: Tail, observed: &[f32], slack: f32) -> Result<Vec<f64>> {
        let null = self.maxima.null(tail, self.mirrored)?;
        let p = |&score: &f32| {
            let least = tail.directed(f64::from(score));
            null.p(least - f64::from(slack) * least.abs().max(1.0))
        };
        Ok(observed.iter().map(p).collect())
    }

    /// As bytes, the same for the same counts: sizes, counts, extremes, little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for size in [self.n(), self.n_voxels() as u64, u64::from(self.mirrored)] {
            bytes.extend(size.to_le_bytes());
        }
        self.counts.iter().flatten().for_each(|count| bytes.extend(count.to_le_bytes()));
        let extremes = self.maxima.high.iter().chain(&self.maxima.low);
        extremes.for_each(|value| bytes.extend(value.to_bits().to_le_bytes()));
        bytes
    }

    /// From [`Tally::to_bytes`].
    ///
    /// # Errors
    /// Bad data when they are not those of a tally.
    pub fn from_bytes(bytes: &[u8]) -> Result<Tally> {
        let wrong = || {
            Error::bad_data(
                "a shard",
                format!("has {} bytes that are no tally", bytes.len()),
                "be as it was written",
                "compute it again",
            )
        };
        let words = bytes.strip_prefix(MAGIC).ok_or_else(wrong)?;
        let (words, rest) = words.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let [n, n_voxels, mirrored, ..] = words[..] else { return Err(wrong()) };
        let expected = n.checked_mul(2).zip(n_voxels.checked_mul(4));
        let expected = expected.and_then(|(a, b)| a.checked_add(b)?.checked_add(3));
        if !rest.is_empty() || expected != Some(words.len() as u64) || mirrored > 1 {
            return Err(wrong());
        }
        let (n, n_voxels) = (n as usize, n_voxels as usize);
        let part = |from: usize, len: usize| words[3 + from..][..len].to_vec();
        let counts = std::array::from_fn(|which| part(which * n_voxels, n_voxels));
        let values = |from| part(from, n).into_iter().map(f64::from_bits).collect();
        let maxima = Maxima { high: values(4 * n_voxels), low: values(4 * n_voxels + n) };
        Ok(Tally { maxima, mirrored: mirrored == 1, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_exceeded_lies_below_ties_that_pass() {
        let null = Null { values: vec![1.0, 2.0, 2.0, 3.0] };
        assert_eq!(
            [0.2, 0.3, 0.8, 1.0].map(|level| null.beyond(level)),
            [Some(3.0), Some(2.0), Some(1.0), None]
        );
        assert_eq!(null.p(2.0), 0.75);
    }
}
