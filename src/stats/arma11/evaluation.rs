//! Exact values at each voxel's own a and b.

use pulp::Simd;

use super::patches::{Patches, Place, nodes_of, place};
use super::{Arma11, lambda};
use crate::stats::gls::{Factor, add_product};
use crate::stats::lines::Lines;
use crate::stats::panel::{Lanes, lanes, lanes_mut, project, width};

/// Factors of |R| multiplied before their logarithm is taken; each lies between 0.1 and 1.
const FACTORS_A_LOGARITHM: usize = 32;

/// Volumes whose products are added at once: accumulators stay in registers over them.
const TILE: usize = 8;

/// A panel at each voxel's own a and b.
pub(super) struct Evaluation<'a> {
    pub(super) factor: Factor,
    /// log|R|, `[lane]`.
    ln_det_r: Lines,
    /// f and z of each basis column and of the series, `[column][lane]`.
    f: Lines,
    z: Lines,
    /// Of so many volumes, `[volume][column][lane]`.
    scaled: Lines,
    /// Products of all columns, lower triangle row by row, the series last.
    gram: Lines,
    /// Where N is looked up while places are sought; none: each is walked to.
    patches: Option<&'a Patches<'a>>,
    /// Of the walk along a series, `[volume][lane]`: what takes z into the next f, and z / D, then R⁻¹e.
    steps: Lines,
    inverse: Lines,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new<S: Simd>(model: &Arma11, patches: Option<&'a Patches<'a>>) -> Evaluation<'a> {
        let (w, (n, r)) = (width::<S>(), model.basis.dim());
        let columns = Lines::zeros((r + 1) * w);
        let walk = Lines::zeros(if patches.is_some() { n * w } else { 0 });
        Evaluation {
            factor: Factor::new::<S>(r, model.dof),
            ln_det_r: Lines::zeros(w),
            f: columns.clone(),
            z: columns,
            scaled: Lines::zeros(TILE * (r + 1) * w),
            gram: Lines::zeros((r + 1) * (r + 2) / 2 * w),
            patches,
            steps: walk.clone(),
            inverse: walk,
        }
    }

    pub(super) fn objective(&self, model: &Arma11, lane: usize) -> f64 {
        let share = self.factor.rss[lane] / self.factor.square[lane];
        model.objective(share, self.factor.ln_det[lane] + self.ln_det_r[lane])
    }

    /// The objective at places that follow each other as the voxels of the panel do, or of the one voxel that fills it.
    #[inline(always)]
    pub(super) fn objectives<S: Simd>(
        &mut self,
        simd: S,
        of: (&Arma11, &[Lanes<S>]),
        places: &[(f64, f64)],
    ) -> Vec<f64> {
        let w = width::<S>();
        let mut values = Vec::with_capacity(places.len());
        let patches = self.patches;
        let products = match patches {
            Some(patches) => {
                let places: Vec<Place> = places.iter().map(|at| place(*at)).collect();
                while let Some(patch) = patches.lacks(&places) {
                    let at_nodes = self.at_nodes(simd, of.0, patch);
                    patches.keep::<S>(patch, &at_nodes);
                }
                patches.products(simd, &places)
            }
            None => Lines::default(),
        };
        // No closure: one that the compiler calls out of line has no SIMD.
        for (panel, places) in places.chunks(w).enumerate() {
            let mut at = places.to_vec();
            at.resize(w, places[0]);
            match patches {
                Some(patches) => {
                    let entries = patches.entries::<S>();
                    let products = &products[panel * w * entries..][..places.len() * entries];
                    self.look_up(products, entries, w);
                    self.walk(simd, (of.0, &patches.basis), of.1, &at);
                }
                None => self.evaluate(simd, of, &at),
            }
            values.extend((0..places.len()).map(|lane| self.objective(of.0, lane)));
        }
        values
    }

    /// N at the nodes of a patch, `[node][entry]`.
    #[inline(always)]
    fn at_nodes<S: Simd>(&mut self, simd: S, model: &Arma11, patch: usize) -> Vec<Vec<f64>> {
        let (w, (n, r)) = (width::<S>(), model.basis.dim());
        let none = Lines::zeros(n * w);
        let mut at_nodes = Vec::new();
        for nodes in nodes_of(patch).chunks(w) {
            let mut at = nodes.to_vec();
            at.resize(w, nodes[0]);
            self.evaluate(simd, (model, lanes::<S>(&none)), &at);
            let of_design = &self.gram[..r * (r + 1) / 2 * w];
            let of_lane = |lane: usize| of_design.iter().skip(lane).step_by(w).copied().collect();
            at_nodes.extend((0..nodes.len()).map(of_lane));
        }
        at_nodes
    }

    /// Take N as it was looked up, `[place][entry]`; lanes beyond the last place repeat it.
    fn look_up(&mut self, products: &[f64], entries: usize, w: usize) {
        let last = products.len() / entries - 1;
        for lane in 0..w {
            let of_place = &products[lane.min(last) * entries..][..entries];
            for (to, value) in self.factor.factor.iter_mut().skip(lane).step_by(w).zip(of_place) {
                *to = *value;
            }
        }
    }

    /// q and e'R⁻¹e beside an N that is there, decomposed: R⁻¹e by one walk along the series and back.
    #[inline(always)]
    fn walk<S: Simd>(
        &mut self,
        simd: S,
        (model, basis): (&Arma11, &[f64]),
        series: &[Lanes<S>],
        at: &[(f64, f64)],
    ) {
        let mut volumes = Volumes::new(simd, model, at);
        let zero = [simd.splat_f64s(0.0); 2];
        let (mut f, mut z, mut square) = (zero, zero, zero);
        let steps = lanes_mut::<S>(&mut self.steps);
        let inverse = lanes_mut::<S>(&mut self.inverse);
        self.ln_det_r.fill(0.0);
        for (t, e) in series.iter().enumerate() {
            let step = volumes.next(simd, t, &mut self.ln_det_r);
            let decay = volumes.decay(t);
            for half in 0..2 {
                let kept = simd.mul_f64s(decay[half], f[half]);
                f[half] = simd.mul_add_e_f64s(step[half], z[half], kept);
                let off = simd.neg_f64s(volumes.lambda[half]);
                z[half] = simd.mul_add_e_f64s(off, f[half], e[half]);
                let weighed = simd.mul_f64s(z[half], volumes.inverse[half]);
                square[half] = simd.mul_add_e_f64s(z[half], weighed, square[half]);
                inverse[t][half] = weighed;
            }
            steps[t] = step;
        }
        // The way back: what of z and of f the volume after took up.
        let (mut of_z, mut of_f) = (zero, zero);
        for t in (0..series.len()).rev() {
            let decay = volumes.decay(t);
            for half in 0..2 {
                let back = simd.add_f64s(inverse[t][half], of_z[half]);
                let off = simd.neg_f64s(volumes.lambda[half]);
                let f = simd.mul_add_e_f64s(off, back, of_f[half]);
                of_z[half] = simd.mul_f64s(steps[t][half], f);
                of_f[half] = simd.mul_f64s(decay[half], f);
                inverse[t][half] = back;
            }
        }
        project(simd, basis, inverse, lanes_mut::<S>(&mut self.factor.projected));
        lanes_mut::<S>(&mut self.factor.rss)[0] = square;
        self.factor.decompose(simd);
    }

    /// N, q and e'R⁻¹e, decomposed.
    #[inline(always)]
    pub(super) fn evaluate<S: Simd>(
        &mut self,
        simd: S,
        (model, series): (&Arma11, &[Lanes<S>]),
        at: &[(f64, f64)],
    ) {
        let (w, r) = (width::<S>(), model.basis.ncols());
        let mut volumes = Volumes::new(simd, model, at);
        self.gram.fill(0.0);
        self.ln_det_r.fill(0.0);
        self.f.fill(0.0);
        self.z.fill(0.0);
        for (t, e) in series.iter().enumerate() {
            let step = volumes.next(simd, t, &mut self.ln_det_r);
            let (decay, lambda) = (volumes.decay(t), volumes.lambda);
            let [low, high] = volumes.inverse;
            let scale = [simd.sqrt_f64s(low), simd.sqrt_f64s(high)];
            let (f, z) = (lanes_mut::<S>(&mut self.f), lanes_mut::<S>(&mut self.z));
            let tile = &mut lanes_mut::<S>(&mut self.scaled)[t % TILE * (r + 1)..][..r + 1];
            for j in 0..=r {
                let y = if j < r { [simd.splat_f64s(model.basis[[t, j]]); 2] } else { *e };
                for half in 0..2 {
                    let kept = simd.mul_f64s(decay[half], f[j][half]);
                    f[j][half] = simd.mul_add_e_f64s(step[half], z[j][half], kept);
                    z[j][half] =
                        simd.mul_add_e_f64s(simd.neg_f64s(lambda[half]), f[j][half], y[half]);
                    tile[j][half] = simd.mul_f64s(z[j][half], scale[half]);
                }
            }
            if (t + 1).is_multiple_of(TILE) || t + 1 == series.len() {
                let scaled = &lanes_mut::<S>(&mut self.scaled)[..(t % TILE + 1) * (r + 1)];
                add_products(simd, scaled, r + 1, lanes_mut::<S>(&mut self.gram));
            }
        }
        let shared = self.factor.factor.len();
        let (of_design, rest) = self.gram.split_at(shared);
        self.factor.factor.copy_from_slice(of_design);
        let (of_series, square) = rest.split_at(r * w);
        self.factor.projected.copy_from_slice(of_series);
        self.factor.rss.copy_from_slice(square);
        self.factor.decompose(simd);
    }
}

/// What walks along series, volume by volume: the recursion of [`super`] at each lane's a and b.
struct Volumes<'a, S: Simd> {
    /// Volumes since the kept volume before, `[volume]`.
    gaps: &'a [u32],
    a: Lanes<S>,
    lambda: Lanes<S>,
    /// a^g and a^(g-1), `[gap]`.
    powers: Vec<[Lanes<S>; 2]>,
    s: Lanes<S>,
    d: Lanes<S>,
    weight: Lanes<S>,
    /// 1 / D of this volume.
    inverse: Lanes<S>,
    /// Of D since the last logarithm.
    product: Lanes<S>,
}

impl<'a, S: Simd> Volumes<'a, S> {
    #[inline(always)]
    fn new(simd: S, model: &'a Arma11, at: &[(f64, f64)]) -> Volumes<'a, S> {
        let w = width::<S>();
        let mut room = Lines::zeros(w);
        let (zero, one) = ([simd.splat_f64s(0.0); 2], [simd.splat_f64s(1.0); 2]);
        let mut of = |value: &dyn Fn((f64, f64)) -> f64| {
            room.iter_mut().zip(at).for_each(|(to, at)| *to = value(*at));
            lanes_mut::<S>(&mut room)[0]
        };
        let [a, lambda] = [of(&|(a, _)| a), of(&|(a, b)| lambda(a, b))];
        let longest = model.gaps.iter().copied().max().unwrap_or(0) as i32;
        let mut powers = vec![[zero; 2]; longest as usize + 1];
        for gap in 1..=longest {
            let is_there = model.gaps.contains(&(gap as u32));
            if is_there {
                powers[gap as usize] = [of(&|(a, _)| a.powi(gap)), of(&|(a, _)| a.powi(gap - 1))];
            }
        }
        let gaps = &model.gaps;
        Volumes {
            gaps,
            a,
            lambda,
            powers,
            s: zero,
            d: one,
            weight: one,
            inverse: one,
            product: one,
        }
    }

    /// a^g of a volume; 0 of the first.
    #[inline(always)]
    fn decay(&self, t: usize) -> Lanes<S> {
        self.powers[self.gaps[t] as usize][0]
    }

    /// Go on to volume `t`: a^(g-1) W of the volume before; log D is added to `ln_det`.
    #[inline(always)]
    fn next(&mut self, simd: S, t: usize, ln_det: &mut [f64]) -> Lanes<S> {
        let one = simd.splat_f64s(1.0);
        let [decay, before] = self.powers[self.gaps[t] as usize];
        let mut step = [simd.splat_f64s(0.0); 2];
        if t > 0 {
            for half in 0..2 {
                step[half] = simd.mul_f64s(before[half], self.weight[half]);
                let squared = simd.mul_f64s(step[half], step[half]);
                let kept = simd.mul_f64s(decay[half], decay[half]);
                let kept = simd.mul_f64s(kept, self.s[half]);
                self.s[half] = simd.mul_add_e_f64s(squared, self.d[half], kept);
                let of_s = simd.mul_f64s(self.lambda[half], self.s[half]);
                let minus = simd.neg_f64s(self.lambda[half]);
                self.d[half] = simd.mul_add_e_f64s(minus, of_s, one);
                self.inverse[half] = simd.div_f64s(one, self.d[half]);
                let rest = simd.mul_add_e_f64s(simd.neg_f64s(self.a[half]), of_s, one);
                self.weight[half] = simd.mul_f64s(rest, self.inverse[half]);
                self.product[half] = simd.mul_f64s(self.product[half], self.d[half]);
            }
        }
        if (t + 1).is_multiple_of(FACTORS_A_LOGARITHM) || t + 1 == self.gaps.len() {
            for (half, ln_det) in ln_det.chunks_exact_mut(S::F64_LANES).enumerate() {
                let product: &[f64] =
                    bytemuck::cast_slice(std::slice::from_ref(&self.product[half]));
                ln_det.iter_mut().zip(product).for_each(|(sum, product)| *sum += product.ln());
                self.product[half] = one;
            }
        }
        step
    }
}

/// Adds to the lower triangle of products of columns, two rows by two columns at a time; `scaled`: `[volume][column]`.
#[inline(always)]
fn add_products<S: Simd>(simd: S, scaled: &[Lanes<S>], n_columns: usize, gram: &mut [Lanes<S>]) {
    let zero = simd.splat_f64s(0.0);
    for i in (0..n_columns).step_by(2) {
        let next_i = (i + 1).min(n_columns - 1);
        for j in (0..=i).step_by(2) {
            let next_j = (j + 1).min(n_columns - 1);
            let mut sums = [[zero; 2]; 4];
            for row in scaled.chunks_exact(n_columns) {
                let (a, b, c, d) = (row[i], row[next_i], row[j], row[next_j]);
                add_product(simd, &mut sums[0], a, c);
                add_product(simd, &mut sums[1], a, d);
                add_product(simd, &mut sums[2], b, c);
                add_product(simd, &mut sums[3], b, d);
            }
            for (of, (i, j)) in
                [(i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)].into_iter().enumerate()
            {
                if i < n_columns && j <= i {
                    let entry = &mut gram[i * (i + 1) / 2 + j];
                    entry[0] = simd.add_f64s(entry[0], sums[of][0]);
                    entry[1] = simd.add_f64s(entry[1], sums[of][1]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use pulp::{Arch, WithSimd};

    use super::*;
    use crate::stats::arma11::LARGEST;
    use crate::stats::panel::sum_of_squares;

    /// The objective of one series at places, by patches or not.
    struct Objectives<'a> {
        model: &'a Arma11,
        patches: Option<&'a Patches<'a>>,
        series: &'a [f64],
        places: &'a [(f64, f64)],
    }

    impl WithSimd for Objectives<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
            let w = width::<S>();
            let mut own = Evaluation::new::<S>(self.model, self.patches);
            let mut e: Vec<f64> = Vec::new();
            self.series.iter().for_each(|&value| e.extend(std::iter::repeat_n(value, w)));
            let series: &[Lanes<S>] = lanes_mut::<S>(&mut e);
            lanes_mut::<S>(&mut own.factor.square)[0] = sum_of_squares(simd, series);
            own.objectives(simd, (self.model, series), self.places)
        }
    }

    #[test]
    fn the_objective_by_patches_is_the_one_that_is_walked_to() {
        let whole: Vec<usize> = (0..150).collect();
        let scattered = whole.iter().copied().filter(|t| t % 7 != 3 && t % 11 != 5).collect();
        let in_stretches = whole.iter().copied().filter(|t| !(40..55).contains(t)).collect();
        for kept in [whole, scattered, in_stretches] {
            let design = Array2::from_shape_fn((kept.len(), 8), |(t, column)| match column {
                0 => 1.0,
                1 => f64::from(kept[t] / 8 % 2 == 0),
                2 => ((kept[t] * 37 % 101) as f64 / 50.0 - 1.0).powi(3),
                k => (std::f64::consts::PI * (k - 2) as f64 * (kept[t] as f64 + 0.5) / 150.0).cos(),
            });
            let model =
                Arma11::new(design.view(), &kept, (kept.len() - 8) as f64).expect("a model");
            let mut before = 0.0;
            let series: Vec<f64> = (0..kept.len())
                .map(|t| {
                    before = 0.6 * before + (t * 71 % 113) as f64 / 56.0 - 1.0;
                    before
                })
                .collect();
            let steps = 0..=17;
            let at =
                |i: i32, j: i32| (LARGEST * f64::from(i) / 17.0, LARGEST * f64::from(j) / 17.0);
            let places: Vec<(f64, f64)> =
                steps.flat_map(|i| (-i..=17).map(move |j| at(i, j))).collect();
            let patches = Patches::new(&model).expect("patches");
            let objectives = |patches| {
                let series = &series;
                let of = Objectives { model: &model, patches, series, places: &places };
                Arch::new().dispatch(of)
            };
            for ((want, got), at) in
                objectives(None).iter().zip(objectives(Some(&patches))).zip(&places)
            {
                assert!((want - got).abs() < 1e-7, "{at:?}: {got} for {want}");
            }
        }
    }
}
