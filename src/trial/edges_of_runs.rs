//! Fisher's z of pairs of regions in runs: numbers by run and pair, for hundreds of regions are ten thousands of pairs in each run. Networks are regions here, and
//! each has a pair with itself: what is within it.

use std::collections::HashMap;

use crate::design::similar::{alike, spelling};
use crate::error::{Error, Result};
use crate::trial::note::counted;

/// Whose a run is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunOf {
    /// `participant_id`, as its table or its path has it.
    pub participant: String,
    /// The session, with or without `ses-`.
    pub session: String,
    /// What messages call it: a file, or a file and line.
    pub place: String,
    /// Images behind it, where that is known: of a mean over runs these.
    pub images: usize,
}

/// The edges of one run as its table has them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EdgesOfRun {
    /// In the order in which the table first names them.
    pub regions: Vec<String>,
    /// Two places in `regions` each, `[edge]`; each pair once.
    pub pairs: Vec<[usize; 2]>,
    /// Fisher's z, `[edge]`.
    pub z: Vec<Option<f64>>,
    /// Of means, `[edge]`: how many of the pairs that they are of are known, and all; empty of edges.
    pub of_pairs: Vec<Option<[usize; 2]>>,
}

/// A mean that rests on fewer pairs of regions than it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fewer {
    /// A place among the runs.
    pub run: usize,
    /// A place among the pairs.
    pub pair: usize,
    /// Pairs of regions that are known.
    pub known: usize,
    /// All of them.
    pub all: usize,
}

/// Edges of runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EdgesOfRuns {
    /// What messages call all of it: a table, or the folders.
    pub name: String,
    /// In the order in which they were added.
    pub runs: Vec<RunOf>,
    /// In the order in which tables first name them.
    pub regions: Vec<String>,
    /// Two places in `regions` each, the lower first.
    pub pairs: Vec<[usize; 2]>,
    /// Means over some of their pairs of regions alone, in the order of the runs.
    pub fewer: Vec<Fewer>,
    /// `[run][pair]`; NaN where it is n/a. Pairs that only later runs name are not there.
    z: Vec<Vec<f64>>,
    /// `[run][region]`: whether the run's table names it; as short.
    named: Vec<Vec<bool>>,
    place_of_region: HashMap<String, usize>,
    place_of_pair: HashMap<[usize; 2], usize>,
}

impl EdgesOfRuns {
    /// None yet; `name`: what messages call all of it.
    #[must_use]
    pub fn new(name: String) -> EdgesOfRuns {
        EdgesOfRuns { name, ..EdgesOfRuns::default() }
    }

    /// A run more: its edges, both regions and z, each pair once.
    pub fn add<'a>(
        &mut self,
        run: RunOf,
        edges: impl IntoIterator<Item = (&'a str, &'a str, Option<f64>)>,
    ) {
        let (mut z, mut named) = (vec![f64::NAN; self.pairs.len()], Vec::new());
        for (a, b, value) in edges {
            let mut pair = [a, b].map(|name| self.region(name));
            pair.sort_unstable();
            let pairs = &mut self.pairs;
            let at = *self.place_of_pair.entry(pair).or_insert_with(|| {
                pairs.push(pair);
                pairs.len() - 1
            });
            z.resize(self.pairs.len(), f64::NAN);
            named.resize(self.regions.len(), false);
            z[at] = value.unwrap_or(f64::NAN);
            pair.iter().for_each(|&region| named[region] = true);
        }
        self.runs.push(run);
        self.z.push(z);
        self.named.push(named);
    }

    /// A run more, whose edges were read before. Runs of one analysis have the same edges in the same order, which is found without a look at their names.
    pub fn add_read(&mut self, run: RunOf, read: &EdgesOfRun) {
        let regions: Vec<usize> = read.regions.iter().map(|name| self.region(name)).collect();
        let (mut z, mut named) =
            (vec![f64::NAN; self.pairs.len()], vec![false; self.regions.len()]);
        for (nth, (pair, value)) in read.pairs.iter().zip(&read.z).enumerate() {
            let mut pair = pair.map(|region| regions[region]);
            pair.sort_unstable();
            let at = match self.pairs.get(nth) == Some(&pair) {
                true => nth,
                false => {
                    let pairs = &mut self.pairs;
                    *self.place_of_pair.entry(pair).or_insert_with(|| {
                        pairs.push(pair);
                        pairs.len() - 1
                    })
                }
            };
            if z.len() <= at {
                z.resize(self.pairs.len(), f64::NAN);
            }
            z[at] = value.unwrap_or(f64::NAN);
            pair.iter().for_each(|&region| named[region] = true);
            if let Some(&Some([known, all])) = read.of_pairs.get(nth)
                && value.is_some()
                && known < all
            {
                self.fewer.push(Fewer { run: self.runs.len(), pair: at, known, all });
            }
        }
        self.runs.push(run);
        self.z.push(z);
        self.named.push(named);
    }

    fn region(&mut self, name: &str) -> usize {
        if let Some(&at) = self.place_of_region.get(name) {
            return at;
        }
        self.regions.push(name.to_owned());
        self.place_of_region.insert(name.to_owned(), self.regions.len() - 1);
        self.regions.len() - 1
    }

    /// Fisher's z of a pair in a run; none where it is n/a or the run's table lacks it.
    #[must_use]
    pub fn z(&self, run: usize, pair: usize) -> Option<f64> {
        self.z[run].get(pair).copied().filter(|z| z.is_finite())
    }

    /// Whether a run's table names a region.
    #[must_use]
    pub fn names(&self, run: usize, region: usize) -> bool {
        self.named[run].get(region).copied().unwrap_or(false)
    }

    /// Refuse names of several runs' tables that differ in case alone or are one number, where no table has both: one that has both tells two apart. `what`: a region.
    ///
    /// # Errors
    /// Bad data naming a table of each.
    pub fn refuse_respelt(&self, what: &str) -> Result<()> {
        let mut spelt: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, name) in self.regions.iter().enumerate() {
            let others = spelt.entry(spelling(name)).or_default();
            for &other in others.iter() {
                let having = |region: usize| -> Vec<usize> {
                    (0..self.runs.len()).filter(|&run| self.names(run, region)).collect()
                };
                let (one, two) = (having(other), having(at));
                if one.is_empty() || two.is_empty() || one.iter().any(|run| two.contains(run)) {
                    continue;
                }
                let [few, many] = match one.len() < two.len() {
                    true => [(other, one), (at, two)],
                    false => [(at, two), (other, one)],
                };
                let names = [&few, &many].map(|(region, _)| self.regions[*region].clone());
                let how = alike(&names).map_or("are one", |(_, how)| how);
                let [slip, usual] = &names;
                return Err(Error::bad_data(
                    self.runs[few.1[0]].place.clone(),
                    format!(
                        "has the {what} '{slip}', as {} in all, and {} of other runs have '{usual}', such as {}: they {how}",
                        counted(few.1.len(), "table"),
                        counted(many.1.len(), "table"),
                        self.runs[many.1[0]].place
                    ),
                    format!("name each {what} in one way"),
                    "run boldly connect again with the names of the others",
                ));
            }
            others.push(at);
        }
        Ok(())
    }

    /// An edge's name: `insula–pcc`; of networks also `within dmn`.
    #[must_use]
    pub fn called(&self, pair: usize) -> String {
        let [a, b] = self.pairs[pair].map(|region| self.regions[region].as_str());
        if a == b { format!("within {a}") } else { format!("{a}–{b}") }
    }

    /// Two runs of the same numbers throughout, of which one must be a copy: of three edges at least, for one may well be the same by chance.
    #[must_use]
    pub fn twins(&self) -> Option<[usize; 2]> {
        const LEAST: usize = 3;
        let mut seen: HashMap<Vec<(usize, u64)>, usize> = HashMap::new();
        for run in 0..self.runs.len() {
            let known = self.z[run].iter().enumerate().filter(|(_, z)| z.is_finite());
            let key: Vec<(usize, u64)> = known.map(|(pair, z)| (pair, z.to_bits())).collect();
            if key.len() < LEAST {
                continue;
            }
            if let Some(&other) = seen.get(&key) {
                return Some([other, run]);
            }
            seen.insert(key, run);
        }
        None
    }
}
