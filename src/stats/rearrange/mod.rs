//! What may be rearranged without changing the distribution of the data where an effect is absent: rows of one block among
//! each other, whole blocks among blocks of their size, signs of rows or of blocks. A rearrangement P acts on the rows of the
//! data, (P u)_j = sign_j u_from(j); P = I is number 0.
//! Source: Winkler et al. 2014 and 2015 (exchangeability blocks, exchangeable and symmetric errors).
//!
//! `tested` is what a contrast makes of a design, `classes` which of its rows are alike, `distinct` counts and lists
//! rearrangements that differ for it, `plan` chooses all of them or random ones.

use crate::error::{Error, Result};
use crate::stats::philox::Words;

mod classes;
mod distinct;
mod plan;
mod subspace;
mod tested;

pub use distinct::Count;
pub use plan::{Flips, Plan};
pub use tested::{Tested, VarianceGroups};

/// What [`Words`] are drawn for.
pub const PURPOSE: u32 = 0x7265_6172;

/// Which rows may be put in another's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permuted {
    /// None.
    No,
    /// Rows of one block among each other.
    Within,
    /// Blocks as wholes among blocks of as many rows: the k-th row of one goes where the k-th of the other was.
    Whole,
    /// Both.
    Both,
}

/// Whose signs may flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flipped {
    /// None.
    No,
    /// Each row's.
    Rows,
    /// Each block's, all its rows together.
    Blocks,
}

/// What may be done to the rows of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// `[block][row of it]`: rows, ascending; blocks by their first row.
    blocks: Vec<Vec<u32>>,
    permuted: Permuted,
    flipped: Flipped,
    n_rows: usize,
}

/// One rearrangement: (P u)_j = sign_j u_from(j).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rearrangement {
    /// `[row]` the row whose values come here.
    pub from: Vec<u32>,
    /// `[row]` 1 or -1.
    pub sign: Vec<i8>,
}

impl Rearrangement {
    /// P = I of `n_rows` rows.
    #[must_use]
    pub fn identity(n_rows: usize) -> Rearrangement {
        Rearrangement { from: (0..n_rows as u32).collect(), sign: vec![1; n_rows] }
    }

    /// P', which undoes it.
    #[must_use]
    pub fn inverse(&self) -> Rearrangement {
        let mut inverse = Rearrangement::identity(self.from.len());
        for (row, (&from, &sign)) in self.from.iter().zip(&self.sign).enumerate() {
            inverse.from[from as usize] = row as u32;
            inverse.sign[from as usize] = sign;
        }
        inverse
    }
}

impl Exchange {
    /// Rows in the blocks of `block_of` (any numbers, `[row]`; one number throughout for no blocks).
    ///
    /// # Errors
    /// Usage when there is no row.
    pub fn new(block_of: &[usize], permuted: Permuted, flipped: Flipped) -> Result<Exchange> {
        if block_of.is_empty() || u32::try_from(block_of.len()).is_err() {
            return Err(Error::usage(
                "what is rearranged",
                format!("has {} rows", block_of.len()),
                "have at least one",
                "",
            ));
        }
        let mut named: Vec<usize> = Vec::new();
        let mut blocks: Vec<Vec<u32>> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for (row, &name) in block_of.iter().enumerate() {
            let at = *known.entry(name).or_insert_with(|| {
                named.push(name);
                blocks.push(Vec::new());
                blocks.len() - 1
            });
            blocks[at].push(row as u32);
        }
        Ok(Exchange { blocks, permuted, flipped, n_rows: block_of.len() })
    }

    /// All rows may take each other's place: a comparison of subjects.
    ///
    /// # Errors
    /// As [`Exchange::new`].
    pub fn rows(n_rows: usize) -> Result<Exchange> {
        Exchange::new(&vec![0; n_rows], Permuted::Within, Flipped::No)
    }

    /// The sign of each row may flip: a mean of subjects, errors symmetric about zero.
    ///
    /// # Errors
    /// As [`Exchange::new`].
    pub fn signs(n_rows: usize) -> Result<Exchange> {
        Exchange::new(&vec![0; n_rows], Permuted::No, Flipped::Rows)
    }

    /// Rows of the data.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How many blocks there are.
    #[must_use]
    pub fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Which rows may be exchanged.
    #[must_use]
    pub fn permuted(&self) -> Permuted {
        self.permuted
    }

    /// Which signs may flip.
    #[must_use]
    pub fn flipped(&self) -> Flipped {
        self.flipped
    }

    /// What a person should know of the blocks: those without another of their size, which stay where they are.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let sizes = self.sizes();
        if !self.exchanges_blocks() || sizes.len() < 2 {
            return Vec::new();
        }
        let each: Vec<String> =
            sizes.iter().map(|(size, blocks)| format!("{} of {size} rows", blocks.len())).collect();
        let alone: usize = sizes.iter().filter(|(_, blocks)| blocks.len() == 1).count();
        vec![format!(
            "blocks differ in size ({}) and are exchanged only among their own size{}",
            each.join(", "),
            if alone > 0 {
                format!("; {alone} of them stay where they are")
            } else {
                String::new()
            }
        )]
    }

    /// All rearrangements that are allowed, those that a contrast cannot tell apart counted each.
    #[must_use]
    pub fn possible(&self) -> Count {
        let mut count = Count::one();
        if self.exchanges_blocks() {
            self.sizes().iter().for_each(|(_, blocks)| count.times_factorial(blocks.len()));
        }
        if self.exchanges_rows() {
            self.blocks.iter().for_each(|rows| count.times_factorial(rows.len()));
        }
        let n_signs = match self.flipped {
            Flipped::No => 0,
            Flipped::Rows => self.n_rows,
            Flipped::Blocks => self.blocks.len(),
        };
        (0..n_signs).for_each(|_| count.times(2));
        count
    }

    fn exchanges_blocks(&self) -> bool {
        matches!(self.permuted, Permuted::Whole | Permuted::Both)
    }

    fn exchanges_rows(&self) -> bool {
        matches!(self.permuted, Permuted::Within | Permuted::Both)
    }

    /// Sizes of blocks, ascending, and the blocks of each.
    fn sizes(&self) -> Vec<(usize, Vec<usize>)> {
        let mut sizes = std::collections::BTreeMap::<usize, Vec<usize>>::new();
        for (block, rows) in self.blocks.iter().enumerate() {
            sizes.entry(rows.len()).or_default().push(block);
        }
        sizes.into_iter().collect()
    }

    /// Rearrangements that generate all others: exchanges of neighbours and single flips.
    fn generators(&self) -> Vec<Rearrangement> {
        let identity = Rearrangement::identity(self.n_rows);
        let mut all = Vec::new();
        if self.exchanges_rows() {
            for pair in self.blocks.iter().flat_map(|rows| rows.windows(2)) {
                let mut one = identity.clone();
                one.from.swap(pair[0] as usize, pair[1] as usize);
                all.push(one);
            }
        }
        if self.exchanges_blocks() {
            for (_, blocks) in self.sizes() {
                for pair in blocks.windows(2) {
                    let mut one = identity.clone();
                    for (&a, &b) in self.blocks[pair[0]].iter().zip(&self.blocks[pair[1]]) {
                        one.from.swap(a as usize, b as usize);
                    }
                    all.push(one);
                }
            }
        }
        let flip = |rows: &[u32]| {
            let mut one = identity.clone();
            rows.iter().for_each(|&row| one.sign[row as usize] = -1);
            one
        };
        match self.flipped {
            Flipped::No => {}
            Flipped::Rows => all.extend((0..self.n_rows as u32).map(|row| flip(&[row]))),
            Flipped::Blocks => all.extend(self.blocks.iter().map(|rows| flip(rows))),
        }
        all
    }

    /// Number `index` of a seed, each allowed rearrangement equally likely; the identity for 0.
    fn random(&self, seed: u64, index: u64) -> Rearrangement {
        let mut one = Rearrangement::identity(self.n_rows);
        if index == 0 {
            return one;
        }
        let mut words = Words::new(seed, PURPOSE, index);
        let mut source: Vec<usize> = (0..self.blocks.len()).collect();
        if self.exchanges_blocks() {
            for (_, blocks) in self.sizes() {
                let mut order = blocks.clone();
                words.shuffle(&mut order);
                blocks.iter().zip(order).for_each(|(&to, from)| source[to] = from);
            }
        }
        for (rows, &source) in self.blocks.iter().zip(&source) {
            let mut order = self.blocks[source].clone();
            if self.exchanges_rows() {
                words.shuffle(&mut order);
            }
            rows.iter().zip(order).for_each(|(&to, from)| one.from[to as usize] = from);
        }
        let mut sign = || if words.word() >> 31 == 1 { -1 } else { 1 };
        match self.flipped {
            Flipped::No => {}
            Flipped::Rows => one.sign.iter_mut().for_each(|s| *s = sign()),
            Flipped::Blocks => {
                for rows in &self.blocks {
                    let sign = sign();
                    rows.iter().for_each(|&row| one.sign[row as usize] = sign);
                }
            }
        }
        one
    }
}
