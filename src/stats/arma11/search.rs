//! a and b of series, side by side: refinement from the best trials, the answers there. Places that are refined are dealt to panels anew, so
//! that a series with two, or with one near an edge, costs no other series anything.

use ndarray::{ArrayView1, ArrayView2};
use pulp::{Simd, WithSimd};

use super::evaluation::Evaluation;
use super::give::give;
use super::refine::{
    Descent, MOST_STEPS, RIVAL, RIVAL_WITHOUT_BOWL, along_valley, at_edge, near_edge, step,
};
use super::trial::{lowest, neighbours, trial_values};
use super::{Arma11, Found, Starts};
use crate::stats::gls::{Question, Solved};
use crate::stats::panel::{Lanes, lanes_mut, sum_of_squares, width};

/// Places so far apart are not one.
const ELSEWHERE: f64 = 0.002;
/// How much higher than the least a place may be to be followed to its end: what steps leave to be gained, and what a rival may be higher by.
const CLOSE: f64 = 3e-3;
/// Noise whose a + b is below this is white.
const WHITE: f64 = 1e-9;
/// Places as near as this end in one.
const BESIDE: f64 = 0.02;

/// Series of one slice group.
pub(super) struct Search<'a> {
    pub model: &'a Arma11,
    /// `[voxel]`
    pub starts: &'a [Starts],
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
    bowl: [f64; 3],
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

    /// Where to refine from, one place or more of each voxel; and white noise, as it is: e is orthogonal to U, so that log(RSS / e'e) and the
    /// determinants are 0 there.
    fn places(&self) -> [Vec<Place>; 2] {
        let at = trial_values();
        let place = |voxel: usize, trial: u32, objective: f64| Place {
            voxel,
            at: at[trial as usize],
            objective,
            bowl: [0.0; 3],
        };
        let of = |(voxel, &starts): (usize, &Starts)| {
            let [least, others @ ..] = starts;
            let others = others.into_iter().filter(move |trial| *trial != least);
            std::iter::once(least).chain(others).map(move |trial| (voxel, trial))
        };
        let starts = self.starts.iter().enumerate().flat_map(of);
        let places = starts.map(|(voxel, trial)| place(voxel, trial, f64::INFINITY)).collect();
        [places, (0..self.starts.len()).map(|voxel| place(voxel, 0, 0.0)).collect()]
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
        let all = places.iter().map(|place| Descent::from(place.at)).enumerate().collect();
        self.descend(simd, places, all, (e, own));
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

    /// Follow to their ends the lowest place of each voxel and those that are nearly as low elsewhere, so that it does not hang on where the steps began. What
    /// lies beside one of these is dropped: it would end there too.
    #[inline(always)]
    fn polish<S: Simd>(
        &self,
        simd: S,
        places: &mut Vec<Place>,
        room: (&mut [f64], &mut Evaluation),
    ) {
        places.sort_by(|a, b| a.voxel.cmp(&b.voxel).then(a.objective.total_cmp(&b.objective)));
        let mut chosen: Vec<Place> = Vec::with_capacity(places.len());
        for of_voxel in places.chunk_by(|a, b| a.voxel == b.voxel) {
            let first = chosen.len();
            for place in of_voxel {
                let is_close = place.objective - of_voxel[0].objective < CLOSE;
                if is_close && chosen[first..].iter().all(|own| own.apart(place) > BESIDE) {
                    chosen.push(*place);
                }
            }
        }
        let mut ends = chosen.clone();
        let all = ends.iter().enumerate().filter(|(_, place)| !place.is_white());
        let all = all.map(|(at, place)| (at, Descent::to_its_end(place.at))).collect();
        self.descend(simd, &mut ends, all, room);
        for (place, end) in chosen.iter_mut().zip(ends) {
            if end.objective < place.objective {
                *place = end;
            }
        }
        *places = chosen;
    }

    /// Newton steps of some places until they are small, and the objective there.
    #[inline(always)]
    fn descend<S: Simd>(
        &self,
        simd: S,
        places: &mut [Place],
        mut under_way: Vec<(usize, Descent)>,
        (e, own): (&mut [f64], &mut Evaluation),
    ) {
        let w = width::<S>();
        let all: Vec<usize> = under_way.iter().map(|(at, _)| *at).collect();
        for _ in 0..MOST_STEPS {
            for descents in under_way.chunks_mut(w) {
                self.load(simd, descents.iter().map(|(at, _)| places[*at].voxel), (e, own));
                let mut lanes: Vec<Descent> =
                    descents.iter().map(|(_, descent)| *descent).collect();
                lanes.resize(w, lanes[lanes.len() - 1]);
                step(simd, (self.model, lanes_mut::<S>(e)), &mut lanes, own);
                for ((at, descent), lane) in descents.iter_mut().zip(lanes) {
                    *descent = lane;
                    (places[*at].at, places[*at].bowl) = (lane.at, lane.bowl);
                }
            }
            under_way.retain(|(_, descent)| !descent.ends);
        }
        for all in all.chunks(w) {
            let chosen: Vec<Place> = all.iter().map(|&at| places[at]).collect();
            self.load(simd, chosen.iter().map(|place| place.voxel), (e, own));
            let at = lanes_of(&chosen, w);
            let values = own.objectives(simd, (self.model, lanes_mut::<S>(e)), &at);
            all.iter().zip(values).for_each(|(&at, value)| places[at].objective = value);
        }
    }
}

impl Place {
    fn apart(&self, other: &Place) -> f64 {
        (self.at.0 - other.at.0).abs().max((self.at.1 - other.at.1).abs())
    }

    /// Whether it is white noise, as which it is known exactly.
    fn is_white(&self) -> bool {
        self.at.0 + self.at.1 < WHITE
    }

    /// White noise, which lies along a whole edge, at one place of it.
    fn settled(self) -> Place {
        if self.is_white() { Place { at: (0.0, 0.0), bowl: [0.0; 3], ..self } } else { self }
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
        let w = width::<S>();
        let mut e = vec![0.0; self.residual.nrows() * w];
        let mut own = Evaluation::new::<S>(self.model);
        let [mut places, white] = self.places();
        self.refine(simd, &mut places, (&mut e, &mut own));
        places.extend(white);
        self.polish(simd, &mut places, (&mut e, &mut own));
        let below = |a: &&Place, b: &&Place| a.objective.total_cmp(&b.objective);
        let of_voxels = places.chunk_by(|a, b| a.voxel == b.voxel);
        let best: Vec<Place> = of_voxels
            .filter_map(|all| all.iter().min_by(below))
            .map(|best| best.settled())
            .collect();
        let near = nearly_as_low(&best, &places);
        let mut found = self.answers(simd, &best, (&mut e, &mut own));
        found.near = Some(Box::new(self.answers(simd, &near, (&mut e, &mut own))));
        found
    }
}

impl Search<'_> {
    /// a, b and the answers at a place of each voxel.
    #[inline(always)]
    fn answers<S: Simd>(
        &self,
        simd: S,
        places: &[Place],
        (e, own): (&mut [f64], &mut Evaluation),
    ) -> Found {
        let (w, n_voxels) = (width::<S>(), places.len());
        let (mut a, mut b) = (Vec::with_capacity(n_voxels), Vec::with_capacity(n_voxels));
        let mut solved = Solved::empty(self.questions, n_voxels);
        for first in (0..n_voxels).step_by(w) {
            let last = (first + w).min(n_voxels);
            self.load(simd, first..last, (e, own));
            let at = lanes_of(&places[first..last], w);
            own.evaluate(simd, (self.model, lanes_mut::<S>(e)), &at);
            for (lane, &at) in at[..last - first].iter().enumerate() {
                let varies = own.factor.square[lane] > 0.0;
                a.push(if varies { at.0 } else { 0.0 });
                b.push(if varies { at.1 } else { 0.0 });
            }
            let beta = self.beta.slice(ndarray::s![.., first..last]);
            solved.put(simd, &mut own.factor, (first, beta), self.questions);
        }
        let give = places.iter().map(|place| give(place.at, place.bowl)).collect();
        Found { a, b, give, solved, near: None }
    }
}

/// Another place of each voxel whose objective is as good as the least, `best`: one that lies elsewhere, or one along the valley.
fn nearly_as_low(best: &[Place], places: &[Place]) -> Vec<Place> {
    let mut near: Vec<Place> = best.to_vec();
    near.iter_mut().for_each(|place| place.at = along_valley(place.at, place.bowl));
    let rival = |(near, best): (&Place, &Place)| match near.at == best.at {
        true => RIVAL_WITHOUT_BOWL,
        false => RIVAL,
    };
    let mut least: Vec<f64> = near.iter().zip(best).map(rival).collect();
    for place in places {
        let of = &best[place.voxel];
        let above = place.objective - of.objective;
        if place.apart(of) > ELSEWHERE && above < least[place.voxel] {
            (least[place.voxel], near[place.voxel]) = (above, *place);
        }
    }
    near
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
        let [least, others @ ..] = lowest(&values, &neighbours(&trials), model.doubt());
        let others = others.into_iter().filter(|k| *k != least);
        let starts = std::iter::once(least).chain(others);
        let mut descents: Vec<Descent> =
            starts.map(|k| Descent::from(trials[k as usize])).collect();
        for _ in 0..MOST_STEPS {
            if descents.iter().all(|descent| descent.ends) {
                break;
            }
            step(simd, (model, series), &mut descents, &mut own);
        }
        let mut at: Vec<(f64, f64)> = descents.iter().map(|descent| descent.at).collect();
        let mut bowls: Vec<[f64; 3]> = descents.iter().map(|descent| descent.bowl).collect();
        let near_edges = (0..at.len()).filter(|&k| near_edge(at[k]));
        let (mut edges, of_edges): (Vec<_>, Vec<_>) = near_edges.map(|k| (at[k], bowls[k])).unzip();
        if !edges.is_empty() {
            at_edge(simd, (model, series), &mut edges, &mut own);
            at.extend(edges);
            bowls.extend(of_edges);
        }
        at.push(trials[0]);
        bowls.push([0.0; 3]);
        let values = own.objectives(simd, (model, series), &at);
        let place = |k: usize| Place { voxel: 0, at: at[k], objective: values[k], bowl: bowls[k] };
        let mut places: Vec<Place> = (0..at.len()).map(place).collect();
        let least = values.iter().fold(f64::INFINITY, |least, value| least.min(*value));
        // Of a series without anything left no place has an objective.
        places.retain(|place| place.objective.is_nan() || place.objective - least < CLOSE);
        let mut close: Vec<&mut Place> = places.iter_mut().filter(|p| !p.is_white()).collect();
        let mut descents: Vec<Descent> =
            close.iter().map(|place| Descent::to_its_end(place.at)).collect();
        for _ in 0..MOST_STEPS {
            if descents.iter().all(|descent| descent.ends) {
                break;
            }
            step(simd, (model, series), &mut descents, &mut own);
        }
        let at: Vec<(f64, f64)> = descents.iter().map(|descent| descent.at).collect();
        let values = own.objectives(simd, (model, series), &at);
        for ((place, descent), value) in close.iter_mut().zip(&descents).zip(values) {
            if value < place.objective {
                (place.at, place.bowl, place.objective) = (descent.at, descent.bowl, value);
            }
        }
        let below = |a: &Place, b: &Place| a.objective < b.objective;
        let least =
            (0..places.len()).fold(0, |l, k| if below(&places[k], &places[l]) { k } else { l });
        places[least] = places[least].settled();
        let near = nearly_as_low(&places[least..=least], &places)[0];
        let mut found = Vec::with_capacity(2);
        for Place { at, bowl, .. } in [places[least], near] {
            own.evaluate(simd, (model, series), &vec![at; w]);
            let (a, b) = if own.factor.square[0] > 0.0 { at } else { (0.0, 0.0) };
            let mut solved = Solved::empty(questions, 1);
            solved.put(simd, &mut own.factor, (0, beta), questions);
            let give = vec![give(at, bowl)];
            found.push(Found { a: vec![a], b: vec![b], give, solved, near: None });
        }
        let near = found.pop().map(Box::new);
        match found.pop() {
            Some(found) => Found { near, ..found },
            None => {
                let (zero, solved) = (vec![0.0], Solved::empty(questions, 1));
                Found { a: zero.clone(), b: zero, give: vec![None], solved, near }
            }
        }
    }
}
