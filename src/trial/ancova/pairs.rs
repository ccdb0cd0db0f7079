//! Who has both values.

use std::borrow::Cow;

use super::named::Named;
use crate::trial::arm::{Arm, ByArm};
use crate::trial::note::Notes;
use crate::trial::people::People;
use crate::trial::plan::{Missing, Plan};

/// Participants of the two arms with a value before and one after.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// Places in [`People::all`].
    pub places: Vec<usize>,
    /// The arm of each.
    pub arm: Vec<Arm>,
    /// Before treatment.
    pub baseline: Vec<f64>,
    /// After it.
    pub endpoint: Vec<f64>,
    /// Whose endpoint is an earlier value carried forward.
    pub carried: Vec<bool>,
    /// Places of those of the arms who are not in.
    pub left_out: ByArm<Vec<usize>>,
    /// What was done about missing values.
    pub missing: Missing,
}

impl Pairs {
    /// Those randomised to the arms; `before` and `after` `[place in People::all]`.
    #[must_use]
    pub fn new(
        people: &People,
        before: &[Option<f64>],
        after: &[Option<f64>],
        missing: Missing,
    ) -> Pairs {
        let none = vec![None; before.len()];
        let carried = if missing == Missing::Observed { &none } else { before };
        Pairs::carrying(people, before, (after, carried), missing)
    }

    /// The same with `last`, the last value between the two visits, carried forward; of who has none there that before.
    #[must_use]
    pub fn with_last(
        people: &People,
        before: &[Option<f64>],
        after: &[Option<f64>],
        last: &[Option<f64>],
    ) -> Pairs {
        let carried: Vec<Option<f64>> =
            last.iter().zip(before).map(|(last, before)| last.or(*before)).collect();
        Pairs::carrying(people, before, (after, &carried), Missing::Locf)
    }

    fn carrying(
        people: &People,
        before: &[Option<f64>],
        (after, forward): (&[Option<f64>], &[Option<f64>]),
        missing: Missing,
    ) -> Pairs {
        let mut pairs = Pairs {
            places: Vec::new(),
            arm: Vec::new(),
            baseline: Vec::new(),
            endpoint: Vec::new(),
            carried: Vec::new(),
            left_out: ByArm::default(),
            missing,
        };
        for (place, person) in people.all.iter().enumerate() {
            let Some(arm) = person.arm else { continue };
            let carried = after[place].is_none();
            let end = after[place].or(forward[place]);
            match (before[place], end) {
                (Some(start), Some(end)) => {
                    pairs.places.push(place);
                    pairs.arm.push(arm);
                    pairs.baseline.push(start);
                    pairs.endpoint.push(end);
                    pairs.carried.push(carried);
                }
                _ => pairs.left_out.get_mut(arm).push(place),
            }
        }
        pairs
    }

    /// Those of them who have every covariate; the others are left out.
    #[must_use]
    pub fn with_covariates(&self, people: &People) -> Cow<'_, Pairs> {
        let is_known = |place: usize| people.covariates.iter().all(|one| one.is_known(place));
        if self.places.iter().all(|&place| is_known(place)) {
            return Cow::Borrowed(self);
        }
        let mut kept = Pairs {
            places: Vec::new(),
            arm: Vec::new(),
            baseline: Vec::new(),
            endpoint: Vec::new(),
            carried: Vec::new(),
            left_out: self.left_out.clone(),
            missing: self.missing,
        };
        for (at, &place) in self.places.iter().enumerate() {
            if is_known(place) {
                kept.places.push(place);
                kept.arm.push(self.arm[at]);
                kept.baseline.push(self.baseline[at]);
                kept.endpoint.push(self.endpoint[at]);
                kept.carried.push(self.carried[at]);
            } else {
                kept.left_out.get_mut(self.arm[at]).push(place);
            }
        }
        Arm::BOTH.into_iter().for_each(|arm| kept.left_out.get_mut(arm).sort_unstable());
        Cow::Owned(kept)
    }

    /// Participants of each arm.
    #[must_use]
    pub fn n(&self) -> ByArm<usize> {
        ByArm::of(|arm| self.arm.iter().filter(|own| **own == arm).count())
    }

    /// Endpoint less baseline of an arm.
    #[must_use]
    pub fn changes(&self, arm: Arm) -> Vec<f64> {
        let both = self.endpoint.iter().zip(&self.baseline).zip(&self.arm);
        both.filter(|(_, own)| **own == arm).map(|((end, start), _)| end - start).collect()
    }

    /// Who is left out, of those who did not complete the study, those who did, or those of whom that is not known.
    fn without(&self, people: &People, completed: Option<bool>) -> Vec<usize> {
        let mut out: Vec<usize> =
            Arm::BOTH.iter().flat_map(|arm| self.left_out.get(*arm)).copied().collect();
        out.sort_unstable();
        out.retain(|&place| people.all[place].completed == completed);
        out
    }
}

/// Who lacks what, of all outcomes: the same participants are named once.
#[derive(Debug, Default)]
pub(in crate::trial) struct Lacking {
    /// Participants, whether they completed the study, and the outcomes that they lack.
    all: Vec<(Vec<usize>, Option<bool>, Vec<String>)>,
}

impl Lacking {
    /// An outcome more.
    pub fn add(&mut self, named: &Named, pairs: &Pairs, people: &People) {
        for fate in [Some(false), Some(true), None] {
            let who = pairs.without(people, fate);
            if who.is_empty() {
                continue;
            }
            match self.all.iter_mut().find(|(other, was, _)| *other == who && *was == fate) {
                Some((.., labels)) => labels.push(named.label.clone()),
                None => self.all.push((who, fate, vec![named.label.clone()])),
            }
        }
    }

    /// A note a group of participants, joined with that of earlier outcomes. `ways`: what is done where values lack.
    pub fn tell(&self, people: &People, (plan, ways): (&Plan, &[Missing]), notes: &mut Notes) {
        let are_left_out = ways.contains(&Missing::Observed);
        let visits = [plan.baseline.as_str(), plan.endpoint.as_str()];
        for (who, fate, labels) in &self.all {
            let fate = (*fate, are_left_out);
            labels.iter().for_each(|label| notes.lack(people.names(who), fate, label, visits));
        }
    }
}
