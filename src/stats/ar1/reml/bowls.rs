//! Where the objective is least: the bowls of a few voxels side by side.

use pulp::Simd;

use super::super::Ar1;
use super::super::panel::Panel;
use super::bracket::{Bowl, Bracket};
use super::grid::{Grid, least, other_bowl};
use super::{Scan, scan};
use crate::stats::lines::Lines;
use crate::stats::panel::{lanes_mut, width};

/// Parabolas after the scan at most.
const PARABOLAS: usize = 24;
/// Trial values that are looked at together.
const TOGETHER: usize = 3;

/// The bowl of the least trial value, and the next, where there is another: few degrees of freedom leave two. Which is deeper is seen at their bottoms.
pub(super) struct Bowls {
    pub first: Bowl,
    pub other: Option<Bowl>,
}

impl Bowls {
    pub fn deepest(&self) -> Bowl {
        self.other.filter(|other| other.value < self.first.value).unwrap_or(self.first)
    }
}

/// What is looked at, of panel after panel.
pub(super) struct Search {
    /// RSS at the trial values, as a share of that of ordinary least squares, `[trial][lane]`.
    shares: Lines,
    /// Room of trial values that are looked at together.
    projected: Lines,
    levels: Vec<f64>,
    /// `[lane]`
    brackets: Vec<Bracket>,
    others: Vec<Option<Bracket>>,
    /// The rho that is looked at, and the objective there, `[lane]`.
    at: Vec<f64>,
    values: Vec<f64>,
    /// What was found, `[lane]`.
    pub found: Vec<Bowls>,
}

impl Search {
    /// Of panels so many lanes wide.
    pub fn new(w: usize) -> Search {
        Search {
            shares: Lines::default(),
            projected: Lines::default(),
            levels: Vec::new(),
            brackets: Vec::with_capacity(w),
            others: Vec::with_capacity(w),
            at: vec![0.0; w],
            values: vec![0.0; w],
            found: Vec::with_capacity(w),
        }
    }

    /// The bowls of a panel's voxels.
    #[inline(always)]
    pub fn of_panel<S: Simd>(&mut self, simd: S, model: &Ar1, of: &Scan, panel: &mut Panel) {
        let (w, sums) = (width::<S>(), panel.sums::<S>());
        let square = sums[0];
        let mut shares = std::mem::take(&mut self.shares);
        let rows = lanes_mut::<S>(shares.of_len(of.trials.len() * w));
        let projected = lanes_mut::<S>(self.projected.of_len(model.width * TOGETHER * w));
        let projected = projected.as_chunks_mut::<TOGETHER>().0;
        for (trials, shares) in of.trials.chunks(TOGETHER).zip(rows.chunks_mut(TOGETHER)) {
            // Beyond the last trial the last once more.
            let trials = std::array::from_fn(|n| &trials[n.min(trials.len() - 1)]);
            let rss = scan::<S, TOGETHER>(simd, model, trials, (sums, projected));
            for (share, rss) in shares.iter_mut().zip(rss) {
                *share = [simd.div_f64s(rss[0], square[0]), simd.div_f64s(rss[1], square[1])];
            }
        }
        self.bowls(simd, model, (&of.grid, &shares), panel);
        self.shares = shares;
    }

    /// The bowls of each lane, from what RSS is at the trial values; a panel that holds one voxel in all its lanes has but one.
    #[inline(always)]
    pub fn bowls<S: Simd>(
        &mut self,
        simd: S,
        model: &Ar1,
        (grid, shares): (&Grid, &[f64]),
        panel: &mut Panel,
    ) {
        let n_lanes = shares.len() / grid.rho.len();
        self.brackets.clear();
        self.others.clear();
        for lane in 0..n_lanes {
            grid.levels(shares, (n_lanes, lane), &mut self.levels);
            let about = |at: usize| {
                let share = |k: usize| shares[k * n_lanes + lane];
                Bracket::about(model, (grid, &self.levels), share, at)
            };
            let best = least(&self.levels);
            self.brackets.push(about(best));
            self.others.push(other_bowl(&self.levels, best).map(about));
        }
        self.narrow(simd, model, panel);
        let bowl = |bracket: &Bracket| bracket.bowl(model.lowest);
        self.found.clear();
        self.found.extend(self.brackets.iter().map(|b| Bowls { first: bowl(b), other: None }));
        if self.others.iter().all(Option::is_none) {
            return;
        }
        for (bracket, other) in self.brackets.iter_mut().zip(&self.others) {
            *bracket = other.unwrap_or(*bracket);
        }
        self.narrow(simd, model, panel);
        for ((bowls, other), bracket) in self.found.iter_mut().zip(&self.others).zip(&self.brackets)
        {
            bowls.other = other.map(|_| bowl(bracket));
        }
    }

    /// Parabolas, each through exact values.
    #[inline(always)]
    fn narrow<S: Simd>(&mut self, simd: S, model: &Ar1, panel: &mut Panel) {
        if self.brackets.iter().any(|bracket| bracket.beyond().is_some()) {
            for (at, bracket) in self.at.iter_mut().zip(&self.brackets) {
                *at = bracket.beyond().unwrap_or(bracket.middle());
            }
            self.look(simd, model, panel);
            let seen = self.at.iter().zip(&self.values);
            self.brackets.iter_mut().zip(seen).for_each(|(b, (&x, &f))| b.widen(x, f));
        }
        for _ in 0..PARABOLAS {
            for (at, bracket) in self.at.iter_mut().zip(&mut self.brackets) {
                *at = bracket.next();
            }
            if self.brackets.iter().all(Bracket::is_found) {
                return;
            }
            self.look(simd, model, panel);
            let seen = self.at.iter().zip(&self.values);
            self.brackets.iter_mut().zip(seen).for_each(|(b, (&x, &f))| b.narrow(x, f));
        }
    }

    /// The objective of each lane at a rho of its own; lanes beyond these take the first.
    #[inline(always)]
    fn look<S: Simd>(&mut self, simd: S, model: &Ar1, panel: &mut Panel) {
        let (n, first) = (self.brackets.len(), self.at[0]);
        self.at[n..].fill(first);
        panel.factorise(simd, model, &self.at);
        for (lane, value) in self.values[..n].iter_mut().enumerate() {
            let ln_det = panel.own.ln_det[lane] + model.ln_det_r(self.at[lane]);
            *value = model.objective(panel.own.rss[lane] / panel.square(lane), ln_det);
        }
    }
}
