//! Which rearrangements are computed: all that differ, or random ones.

use super::classes::{Classes, Symmetry};
use super::distinct::Distinct;
use rayon::prelude::*;

use super::{Count, Exchange, Flipped, Permuted, Rearrangement, Tested};
use crate::error::{Error, Result};

/// The rearrangements of one or several contrasts of the same rows, by number; number 0 changes nothing.
///
/// All of them, where those that the contrasts tell apart are at most as many as were asked for: rearrangements that give every
/// statistic again, by algebra, are computed once, and those that give it with the other sign not at all ([`Plan::mirrored`]).
/// Else random ones, each allowed rearrangement equally likely, number i from (seed, i) alone; one may come again, as in FSL's randomise
/// (p stays exact: Phipson and Smyth 2010), since what the others are is not known to it.
#[derive(Debug, Clone)]
pub struct Plan {
    exchange: Exchange,
    seed: u64,
    /// Numbers of the distinct ones, without number 0; none when random.
    all: Option<Vec<u64>>,
    classes: Classes,
    n: u64,
    mirrored: bool,
    distinct: Count,
}

/// Random signs and nothing else: row r of number i, from 1 on, is flipped where bit 31 of word `words[r]` of [`Words`] (seed, [`PURPOSE`], i) is
/// set. So whoever has these draws the rearrangements, and none need be sent.
///
/// [`Words`]: crate::stats::philox::Words
/// [`PURPOSE`]: super::PURPOSE
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flips {
    /// The seed.
    pub seed: u64,
    /// `[row]`.
    pub words: Vec<u32>,
}

impl Plan {
    /// For contrasts of the same rows, `asked` rearrangements with the one that changes nothing among them.
    ///
    /// # Errors
    /// Usage when every allowed rearrangement gives the same statistics, or fewer than two are asked for; internal when rows differ.
    pub fn new(exchange: &Exchange, tested: &[Tested], asked: u64, seed: u64) -> Result<Plan> {
        if tested.is_empty() || tested.iter().any(|t| t.n_rows() != exchange.n_rows()) {
            return Err(Error::internal("the contrasts", "are of other rows", "be of those", ""));
        }
        if asked < 2 {
            return Err(Error::usage(
                format!("{asked} rearrangements"),
                "tell nothing of chance",
                "be at least 2",
                "5000 are usual",
            ));
        }
        let (classes, symmetries) = Classes::new(tested);
        let orbit = classes.orbit(&classes.code, exchange);
        let reached =
            |s: &Symmetry| classes.orbit(&classes.mapped(&classes.code, s), exchange) == orbit;
        let symmetries = same_once(symmetries.into_iter().filter(reached).collect(), &classes);
        let raw = Distinct::new(exchange, &classes).count();
        let distinct = raw.over(symmetries.len().max(1) as u128);
        if distinct.at_most(1) {
            return Err(forbidden(exchange));
        }
        let exhaustive = distinct.at_most(asked);
        let mirrored = exhaustive && symmetries.iter().any(|s| s.negates);
        let all = exhaustive.then(|| list(exchange, &classes, &symmetries, raw));
        let n = all.as_ref().map_or(asked, |all| all.len() as u64 + 1);
        Ok(Plan { exchange: exchange.clone(), seed, all, classes, n, mirrored, distinct })
    }

    /// How many are computed, number 0 among them.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// How many they stand for: each for its mirror image, too, where there is one.
    #[must_use]
    pub fn stands_for(&self) -> u64 {
        if self.mirrored { 2 * self.n } else { self.n }
    }

    /// Whether for each there is another that gives -t, which is not computed.
    #[must_use]
    pub fn mirrored(&self) -> bool {
        self.mirrored
    }

    /// Whether these are all.
    #[must_use]
    pub fn exhaustive(&self) -> bool {
        self.all.is_some()
    }

    /// How many give statistics of their own, up to sign.
    #[must_use]
    pub fn distinct(&self) -> Count {
        self.distinct
    }

    /// The seed of random ones.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Rearrangement `index`, below [`Plan::n`].
    #[must_use]
    pub fn get(&self, index: u64) -> Rearrangement {
        match (&self.all, index) {
            (_, 0) => Rearrangement::identity(self.exchange.n_rows),
            (None, _) => self.exchange.random(self.seed, index),
            (Some(all), _) => {
                let number = all.get(index as usize - 1).copied().unwrap_or(0);
                Distinct::new(&self.exchange, &self.classes).get(u128::from(number)).inverse()
            }
        }
    }

    /// How they are drawn, where they are random signs.
    #[must_use]
    pub fn flips(&self) -> Option<Flips> {
        let exchange = &self.exchange;
        if self.exhaustive() || exchange.permuted != Permuted::No {
            return None;
        }
        let mut words: Vec<u32> = (0..exchange.n_rows as u32).collect();
        match exchange.flipped {
            Flipped::No => return None,
            Flipped::Rows => {}
            Flipped::Blocks => {
                for (block, rows) in exchange.blocks.iter().enumerate() {
                    rows.iter().for_each(|&row| words[row as usize] = block as u32);
                }
            }
        }
        Some(Flips { seed: self.seed, words })
    }

    /// Those of a range of numbers.
    #[must_use]
    pub fn batch(&self, range: std::ops::Range<u64>) -> Vec<Rearrangement> {
        range.map(|index| self.get(index)).collect()
    }
}

/// Symmetries that do different things to the codes that occur.
fn same_once(symmetries: Vec<Symmetry>, classes: &Classes) -> Vec<Symmetry> {
    let mut seen = std::collections::HashSet::new();
    symmetries.into_iter().filter(|s| seen.insert(classes.mapped(&classes.code, s))).collect()
}

/// Of all numbers one for each set of rearrangements that become each other, but that of number 0.
fn list(exchange: &Exchange, classes: &Classes, symmetries: &[Symmetry], raw: Count) -> Vec<u64> {
    let distinct = Distinct::new(exchange, classes);
    let first = |key: &[i32]| {
        symmetries.iter().map(|s| classes.mapped(key, s)).min().unwrap_or_else(|| key.to_vec())
    };
    let identity = first(&classes.code);
    let is_first = |&number: &u64| {
        let key = classes.key(&distinct.get(u128::from(number)));
        let first = first(&key);
        first == key && key != identity
    };
    (0..raw.exact.unwrap_or(0) as u64).into_par_iter().filter(is_first).collect()
}

fn forbidden(exchange: &Exchange) -> Error {
    let (found, hint) = match (exchange.permuted, exchange.flipped) {
        (Permuted::No, Flipped::No) => {
            ("forbids every rearrangement", "allow exchange or sign flips")
        }
        (Permuted::Within, Flipped::No) if exchange.n_blocks() == 1 => (
            "leaves the contrast as it is: all rows are alike in it, or there are too few",
            "a mean needs sign flips, a comparison more than one subject on a side",
        ),
        (Permuted::Within, Flipped::No) => (
            "leaves the contrast as it is: it compares blocks, or rows that are alike within them",
            "exchange whole blocks",
        ),
        (Permuted::Whole, Flipped::No) => (
            "leaves the contrast as it is: blocks of one size are alike in it",
            "exchange rows within blocks, or compare blocks of equal size",
        ),
        _ => ("changes the contrast's sign at most", "more subjects, or another exchange"),
    };
    Error::usage(
        format!(
            "what may be rearranged of {} rows in {} blocks",
            exchange.n_rows,
            exchange.n_blocks()
        ),
        found,
        "change the statistic",
        hint,
    )
}
