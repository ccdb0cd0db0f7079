//! a and b of series, side by side: trials, refinement from the best of them, the answers there. Places that are refined are dealt to panels anew, so
//! that a series with two, or with one near an edge, costs no other series anything.

use ndarray::{ArrayView1, ArrayView2};
use pulp::{Simd, WithSimd};

use super::evaluation::Evaluation;
use super::refine::{Descent, MOST_STEPS, at_edge, near_edge, step};
use super::trial::{Trial, neighbours, starts, trial_values};
use super::{Arma11, Found};
use crate::stats::gls::{Question, Solved};
use crate::stats::panel::{Lanes, lanes_mut, sum_of_squares, width};

/// Series of one slice group.
pub(super) struct Search<'a> {
    pub model: &'a Arma11,
    pub trials: &'a [Trial],
    pub residual: ArrayView2<'a, f64>,
    pub beta: ArrayView2<'a, f64>,
    pub questions: &'a [Question],
}

/// Where the objective of a series is low.
#[derive(Clone, Copy)]
struct Place {
    voxel: usize,
    at: (f64, f64),
    objective: f64,
}

impl Search<'_> {
    /// The series of listed voxels, whose last repeats in the lanes beyond it, and what their squares sum to.
    #[inline(always)]
    fn load<S: Simd>(
        &self,
        simd: S,
        voxels: impl Iterator<Item = usize>,
        (e, own): (&mut [f64], &mut Evaluation),
    ) {
        let w = width::<S>();
        let mut voxels: Vec<usize> = voxels.collect();
        voxels.resize(w, voxels[voxels.len() - 1]);
        for (row, series) in e.chunks_exact_mut(w).zip(self.residual.rows()) {
            for (value, &voxel) in row.iter_mut().zip(&voxels) {
                *value = series[voxel];
            }
        }
        lanes_mut::<S>(&mut own.factor.square)[0] = sum_of_squares(simd, lanes_mut::<S>(e));
    }

    /// Where to refine from, one or two places of each voxel; and white noise, the first trial, as it is.
    #[inline(always)]
    fn scan<S: Simd>(&self, simd: S, e: &mut [f64], own: &mut Evaluation) -> [Vec<Place>; 2] {
        let (w, r, n_voxels) = (width::<S>(), self.model.basis.ncols(), self.residual.ncols());
        let (at, mut room, mut rss) = (trial_values(), vec![0.0; e.len()], vec![0.0; w]);
        let beside = neighbours(&at);
        let mut values = vec![vec![0.0; at.len()]; w];
        let (mut places, mut white) = (Vec::new(), Vec::with_capacity(n_voxels));
        for first in (0..n_voxels).step_by(w) {
            let last = (first + w).min(n_voxels);
            self.load(simd, first..last, (e, own));
            for (k, trial) in self.trials.iter().enumerate() {
                let q = &mut lanes_mut::<S>(&mut own.factor.projected)[..r];
                let room = (&mut lanes_mut::<S>(&mut room)[..], q);
                lanes_mut::<S>(&mut rss)[0] = trial.rss(simd, lanes_mut::<S>(e), room);
                for (lane, values) in values.iter_mut().enumerate() {
                    let share = rss[lane] / own.factor.square[lane];
                    values[k] = self.model.objective(share, trial.ln_det);
                }
            }
            for (voxel, values) in (first..last).zip(&values) {
                let place = |k| Place { voxel, at: at[k], objective: f64::INFINITY };
                places.extend(starts(values, &beside).into_iter().map(place));
                white.push(Place { voxel, at: at[0], objective: values[0] });
            }
        }
        [places, white]
    }

    /// Newton steps from each place until they are small, then along an edge from those that lie near one, which may add another.
    #[inline(always)]
    fn refine<S: Simd>(
        &self,
        simd: S,
        places: &mut Vec<Place>,
        (e, own): (&mut [f64], &mut Evaluation),
    ) {
        let w = width::<S>();
        let mut under_way: Vec<(usize, Descent)> =
            places.iter().map(|place| Descent::from(place.at)).enumerate().collect();
        for _ in 0..MOST_STEPS {
            for descents in under_way.chunks_mut(w) {
                self.load(simd, descents.iter().map(|(at, _)| places[*at].voxel), (e, own));
                let mut lanes: Vec<Descent> =
                    descents.iter().map(|(_, descent)| *descent).collect();
                lanes.resize(w, lanes[lanes.len() - 1]);
                step(simd, (self.model, lanes_mut::<S>(e)), &mut lanes, own);
                for ((at, descent), lane) in descents.iter_mut().zip(lanes) {
                    (*descent, places[*at].at) = (lane, lane.at);
                }
            }
            under_way.retain(|(_, descent)| !descent.ends);
        }
        for places in places.chunks_mut(w) {
            self.load(simd, places.iter().map(|place| place.voxel), (e, own));
            let at = lanes_of(places, w);
            let values = own.objectives(simd, (self.model, lanes_mut::<S>(e)), &at);
            places.iter_mut().zip(values).for_each(|(place, value)| place.objective = value);
        }
        let mut edges: Vec<Place> =
            places.iter().filter(|place| near_edge(place.at)).copied().collect();
        for places in edges.chunks_mut(w) {
            self.load(simd, places.iter().map(|place| place.voxel), (e, own));
            let mut at = lanes_of(places, w);
            at_edge(simd, (self.model, lanes_mut::<S>(e)), &mut at, own);
            let values = own.objectives(simd, (self.model, lanes_mut::<S>(e)), &at);
            for (place, (at, value)) in places.iter_mut().zip(at.into_iter().zip(values)) {
                (place.at, place.objective) = (at, value);
            }
        }
        places.extend(edges);
    }
}

/// Where each lane of a panel begins; those beyond the last place repeat the first.
fn lanes_of(places: &[Place], w: usize) -> Vec<(f64, f64)> {
    let mut at: Vec<(f64, f64)> = places.iter().map(|place| place.at).collect();
    at.resize(w, at[at.len() - 1]);
    at
}

impl WithSimd for Search<'_> {
    type Output = Found;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Found {
        let (w, n_voxels) = (width::<S>(), self.residual.ncols());
        let mut e = vec![0.0; self.residual.nrows() * w];
        let mut own = Evaluation::new::<S>(self.model);
        let [mut places, mut best] = self.scan(simd, &mut e, &mut own);
        self.refine(simd, &mut places, (&mut e, &mut own));
        for place in places.into_iter().filter(|place| place.objective.is_finite()) {
            let best = &mut best[place.voxel];
            if place.objective < best.objective {
                *best = place;
            }
        }
        let mut found = Found {
            a: Vec::with_capacity(n_voxels),
            b: Vec::with_capacity(n_voxels),
            solved: Solved::empty(self.questions, n_voxels),
        };
        for first in (0..n_voxels).step_by(w) {
            let last = (first + w).min(n_voxels);
            self.load(simd, first..last, (&mut e, &mut own));
            let at = lanes_of(&best[first..last], w);
            own.evaluate(simd, (self.model, lanes_mut::<S>(&mut e)), &at);
            for (lane, &(a, b)) in at[..last - first].iter().enumerate() {
                let varies = own.factor.square[lane] > 0.0;
                found.a.push(if varies { a } else { 0.0 });
                found.b.push(if varies { b } else { 0.0 });
            }
            let beta = self.beta.slice(ndarray::s![.., first..last]);
            found.solved.put(simd, &mut own.factor, (first, beta), self.questions);
        }
        found
    }
}

/// One series: trials and stencils stand side by side where series do otherwise.
pub(super) struct Alone<'a> {
    pub model: &'a Arma11,
    pub residual: ArrayView1<'a, f64>,
    pub beta: ArrayView2<'a, f64>,
    pub questions: &'a [Question],
}

impl WithSimd for Alone<'_> {
    type Output = Found;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Found {
        let Alone { model, residual, beta, questions } = self;
        let w = width::<S>();
        let mut e = Vec::with_capacity(residual.len() * w);
        residual.iter().for_each(|&value| e.extend(std::iter::repeat_n(value, w)));
        let series: &[Lanes<S>] = lanes_mut::<S>(&mut e);
        let mut own = Evaluation::new::<S>(model);
        lanes_mut::<S>(&mut own.factor.square)[0] = sum_of_squares(simd, series);
        let trials = trial_values();
        let values = own.objectives(simd, (model, series), &trials);
        let starts = starts(&values, &neighbours(&trials));
        let mut descents: Vec<Descent> =
            starts.into_iter().map(|k| Descent::from(trials[k])).collect();
        for _ in 0..MOST_STEPS {
            if descents.iter().all(|descent| descent.ends) {
                break;
            }
            step(simd, (model, series), &mut descents, &mut own);
        }
        let mut at: Vec<(f64, f64)> = descents.iter().map(|descent| descent.at).collect();
        let mut edges: Vec<(f64, f64)> = at.iter().copied().filter(|&at| near_edge(at)).collect();
        if !edges.is_empty() {
            at_edge(simd, (model, series), &mut edges, &mut own);
            at.extend(edges);
        }
        at.push(trials[0]);
        let values = own.objectives(simd, (model, series), &at);
        let least = (0..values.len()).fold(0, |l, k| if values[k] < values[l] { k } else { l });
        own.evaluate(simd, (model, series), &vec![at[least]; w]);
        let (a, b) = if own.factor.square[0] > 0.0 { at[least] } else { (0.0, 0.0) };
        let mut solved = Solved::empty(questions, 1);
        solved.put(simd, &mut own.factor, (0, beta), questions);
        Found { a: vec![a], b: vec![b], solved }
    }
}
