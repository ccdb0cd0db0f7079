//! a and b of series, side by side: refinement from the best trials, the answers there. Places that are refined are dealt to panels anew, so
//! that a series with several, or with a long way to go, costs no other series anything.

use ndarray::{ArrayView1, ArrayView2};
use pulp::{Simd, WithSimd};

use super::evaluation::Evaluation;
use super::give::give;
use super::patches::Patches;
use super::refine::{Descent, RIVAL, RIVAL_WITHOUT_BOWL, along_valley, step, to_the_bottom};
use super::trial::{lowest, neighbours, trial_values};
use super::{Arma11, Found, Starts};
use crate::stats::gls::{Question, Solved};
use crate::stats::lines::Lines;
use crate::stats::panel::{Lanes, lanes_mut, sum_of_squares, width};

/// Places so far apart are not one.
const ELSEWHERE: f64 = 0.002;
/// Noise whose a + b is below this is white.
const WHITE: f64 = 1e-9;

/// a and b in the valley beside white noise, which is narrower than trials are apart: a start where the least trial is white noise.
const IN_VALLEY: (f64, f64) = (0.8, -0.76);

/// a and b of each start.
fn begun_from([least, others @ ..]: Starts, trials: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let others = others.into_iter().filter(|trial| *trial != least);
    let starts = std::iter::once(least).chain(others);
    let mut places: Vec<(f64, f64)> = starts.map(|trial| trials[trial as usize]).collect();
    places.extend((least == 0).then_some(IN_VALLEY));
    places
}

/// Series of one slice group.
pub(super) struct Search<'a> {
    pub model: &'a Arma11,
    pub patches: Option<&'a Patches<'a>>,
    /// `[voxel]`
    pub starts: &'a [Starts],
    pub residual: ArrayView2<'a, f64>,
    pub beta: ArrayView2<'a, f64>,
    pub questions: &'a [Question],
    /// Whether another fit is held against this one.
    pub doubts: bool,
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
        let trials = trial_values();
        let place =
            |voxel: usize, at: (f64, f64)| Place { voxel, at, objective: 0.0, bowl: [0.0; 3] };
        let of = |(voxel, &starts): (usize, &Starts)| {
            begun_from(starts, &trials).into_iter().map(move |at| place(voxel, at))
        };
        let places = self.starts.iter().enumerate().flat_map(of).collect();
        [places, (0..self.starts.len()).map(|voxel| place(voxel, trials[0])).collect()]
    }

    /// Newton steps from each place until they are nothing.
    #[inline(always)]
    fn descend<S: Simd>(
        &self,
        simd: S,
        places: &mut [Place],
        (e, own): (&mut [f64], &mut Evaluation),
    ) {
        let w = width::<S>();
        let mut under_way: Vec<(usize, Descent)> =
            places.iter().map(|place| Descent::from(place.at)).enumerate().collect();
        while !under_way.is_empty() {
            for descents in under_way.chunks_mut(w) {
                self.load(simd, descents.iter().map(|(at, _)| places[*at].voxel), (e, own));
                let mut lanes: Vec<Descent> =
                    descents.iter().map(|(_, descent)| *descent).collect();
                lanes.resize(w, lanes[lanes.len() - 1]);
                step(simd, (self.model, lanes_mut::<S>(e)), &mut lanes, own);
                for ((at, descent), lane) in descents.iter_mut().zip(lanes) {
                    *descent = lane;
                    places[*at] = places[*at].moved(&lane);
                }
            }
            under_way.retain(|(_, descent)| !descent.ends);
        }
    }
}

impl Place {
    fn moved(&self, descent: &Descent) -> Place {
        let Descent { at, objective, bowl, .. } = *descent;
        Place { at, objective, bowl, ..*self }
    }

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
        let mut e = Lines::zeros(self.residual.nrows() * w);
        let mut own = Evaluation::new::<S>(self.model, self.patches);
        let [mut places, white] = self.places();
        self.descend(simd, &mut places, (&mut e, &mut own));
        places.extend(white);
        places.sort_by_key(|place| place.voxel);
        let below = |a: &&Place, b: &&Place| a.objective.total_cmp(&b.objective);
        let of_voxels = places.chunk_by(|a, b| a.voxel == b.voxel);
        let best: Vec<Place> = of_voxels
            .filter_map(|all| all.iter().min_by(below))
            .map(|best| best.settled())
            .collect();
        let mut found = self.answers(simd, &best, (&mut e, &mut own));
        if self.doubts {
            let mut near = nearly_as_low(&best, &places);
            for near in near.chunks_mut(w) {
                self.load(simd, near.iter().map(|place| place.voxel), (&mut e, &mut own));
                settle_in_valley(simd, (self.model, lanes_mut::<S>(&mut e)), near, &mut own);
            }
            found.near = Some(Box::new(self.answers(simd, &near, (&mut e, &mut own))));
        }
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

/// Places that were found along a valley's axis, at its bottom; at most as many as there are lanes.
#[inline(always)]
fn settle_in_valley<S: Simd>(
    simd: S,
    of: (&Arma11, &[Lanes<S>]),
    near: &mut [Place],
    own: &mut Evaluation,
) {
    let mut at = lanes_of(near, width::<S>());
    let mut bowls: Vec<[f64; 3]> = near.iter().map(|place| place.bowl).collect();
    bowls.resize(at.len(), [0.0; 3]);
    to_the_bottom(simd, of, (&mut at, &bowls), own);
    near.iter_mut().zip(at).for_each(|(place, at)| place.at = at);
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
        let mut own = Evaluation::new::<S>(model, None);
        lanes_mut::<S>(&mut own.factor.square)[0] = sum_of_squares(simd, series);
        let trials = trial_values();
        let values = own.objectives(simd, (model, series), &trials);
        let starts = lowest(&values, &neighbours(&trials), model.doubt());
        let mut descents: Vec<Descent> =
            begun_from(starts, &trials).into_iter().map(Descent::from).collect();
        let white = Place { voxel: 0, at: trials[0], objective: 0.0, bowl: [0.0; 3] };
        let mut places = vec![white];
        while !descents.is_empty() {
            step(simd, (model, series), &mut descents, &mut own);
            let ended = descents.iter().filter(|descent| descent.ends);
            places.extend(ended.map(|descent| white.moved(descent)));
            descents.retain(|descent| !descent.ends);
        }
        let below = |a: &Place, b: &Place| a.objective < b.objective;
        let least =
            (0..places.len()).fold(0, |l, k| if below(&places[k], &places[l]) { k } else { l });
        places[least] = places[least].settled();
        let mut near = nearly_as_low(&places[least..=least], &places);
        settle_in_valley(simd, (model, series), &mut near, &mut own);
        let mut found = Vec::with_capacity(2);
        for Place { at, bowl, .. } in [places[least], near[0]] {
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
