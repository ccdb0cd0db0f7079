//! Levels of strata and covariates that say nothing of the arms: of one participant, or of one arm alone; and strata of one level, for which nothing is adjusted.

use std::collections::BTreeMap;

use crate::trial::ancova::{Named, Pairs};
use crate::trial::arm::Arm;
use crate::trial::covariate::Kind;
use crate::trial::note::{Notes, counted, verb};
use crate::trial::people::People;
use crate::trial::plan::Missing;
use crate::trial::strata::of_one_level;

/// What is found of an outcome, by each of its ways with missing values: the same by several is told once.
#[derive(Default)]
pub(super) struct Alone {
    found: Vec<(Found, Vec<Missing>)>,
    /// Strata that are the same in all analysed, with their level, by a way.
    of_one_level: Vec<([String; 2], Missing)>,
    /// All of the outcome's.
    ways: Vec<Missing>,
}

/// Participants that tell nothing of the arms.
#[derive(PartialEq)]
struct Found {
    /// "in a stratum of site"
    factor: String,
    /// What is the matter with their levels.
    levels: Levels,
    /// Places in [`People::all`].
    who: Vec<usize>,
}

#[derive(PartialEq)]
enum Levels {
    /// Each of one participant.
    OfOne,
    /// Of several participants of one arm, named with it.
    OfOneArm(Vec<(String, Arm)>),
}

impl Alone {
    /// Those analysed by a way more.
    pub(super) fn add(&mut self, pairs: &Pairs, people: &People) {
        let pairs = &pairs.with_covariates(people);
        self.ways.push(pairs.missing);
        let same = of_one_level(people, &pairs.places).into_iter();
        self.of_one_level.extend(same.map(|one| (one, pairs.missing)));
        for (factor, levels) in factors(pairs, people) {
            let mut of_levels: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (at, level) in levels.iter().enumerate() {
                of_levels.entry(level.unwrap_or_default()).or_default().push(at);
            }
            let places = |own: &[usize]| own.iter().map(|&at| pairs.places[at]).collect::<Vec<_>>();
            let mut alone: Vec<usize> = Vec::new();
            let (mut of_one_arm, mut theirs) = (Vec::new(), Vec::new());
            for (level, own) in of_levels {
                let arm = pairs.arm[own[0]];
                if own.len() == 1 {
                    alone.extend(places(&own));
                } else if own.iter().all(|&at| pairs.arm[at] == arm) {
                    of_one_arm.push((level.to_owned(), arm));
                    theirs.extend(places(&own));
                }
            }
            alone.sort_unstable();
            for (levels, who) in [(Levels::OfOne, alone), (Levels::OfOneArm(of_one_arm), theirs)] {
                if !who.is_empty() {
                    let factor = factor.clone();
                    self.group(Found { factor, levels, who }, pairs.missing);
                }
            }
        }
    }

    fn group(&mut self, found: Found, way: Missing) {
        match self.found.iter_mut().find(|(own, _)| *own == found) {
            Some((_, ways)) => ways.push(way),
            None => self.found.push((found, vec![way])),
        }
    }

    /// A note a group of participants, with the ways by which it is so where others are.
    pub(super) fn tell(self, named: &Named, people: &People, notes: &mut Notes) {
        for ([column, level], way) in &self.of_one_level {
            notes.warn(
                format!(
                    "{} ({}) is not adjusted for {column}: it is '{level}' in all analysed",
                    named.label,
                    said(*way)
                ),
                Vec::new(),
            );
        }
        for (Found { factor, levels, who }, ways) in self.found {
            let of = match ways == self.ways {
                true => named.label.clone(),
                false => {
                    let ways: Vec<&str> = ways.into_iter().map(said).collect();
                    format!("{} ({})", named.label, ways.join(", "))
                }
            };
            let participants = counted(who.len(), "participant");
            let is = verb(who.len(), ["is", "are"]);
            let text = match levels {
                Levels::OfOne => format!(
                    "{participants} {is} alone {factor} in the analysis of {of}: fitted exactly, and telling nothing of the arms"
                ),
                Levels::OfOneArm(levels) => {
                    let levels: Vec<String> = levels
                        .iter()
                        .map(|(level, arm)| format!("{level}: {}", people.arms.get(*arm)))
                        .collect();
                    format!(
                        "{participants} {is} {factor} with one arm alone ({}) in the analysis of {of}: telling nothing of the arms",
                        levels.join(", ")
                    )
                }
            };
            notes.warn(text, people.names(&who));
        }
    }
}

/// Strata and covariates that have levels, with the level of each participant.
fn factors<'a>(pairs: &Pairs, people: &'a People) -> Vec<(String, Vec<Option<&'a str>>)> {
    let strata = people.strata.iter().enumerate().map(|(factor, column)| {
        let level = |place: usize| Some(people.all[place].strata[factor].as_str());
        (format!("in a stratum of {column}"), pairs.places.iter().map(|&p| level(p)).collect())
    });
    let covariates = people.covariates.iter().filter_map(|one| match &one.kind {
        Kind::Numbers(_) => None,
        Kind::Levels(all) => {
            let levels = pairs.places.iter().map(|&place| all[place].as_deref()).collect();
            Some((format!("at a level of {}", one.name), levels))
        }
    });
    strata.chain(covariates).collect()
}

/// A way with missing values, as options call it.
fn said(way: Missing) -> &'static str {
    match way {
        Missing::Observed => "observed",
        Missing::Bocf => "BOCF",
        Missing::Locf => "LOCF",
    }
}
