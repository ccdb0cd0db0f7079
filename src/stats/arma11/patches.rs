//! N = U'R⁻¹U between places. It depends on a and b alone, so that the voxels of a design share it, and it is smooth in the inverse hyperbolic
//! tangents of both: on each of a few patches polynomials through its values at Chebyshev's nodes hold it to 1e-8 of its largest entry, and the
//! objective to 1e-7 (docs/accuracy.md). A patch is made when a place lies in it first. The answers at the place that is found take no part in it.

use std::sync::OnceLock;

use pulp::Simd;

use super::{Arma11, LARGEST};
use crate::stats::lines::Lines;
use crate::stats::panel::{Lanes, lanes, lanes_mut, width};

/// Nodes along each axis of a patch.
const NODES: usize = 8;
/// Nodes of a patch.
const ALL: usize = NODES * NODES;
/// Patches along a and along b.
const ALONG: [usize; 2] = [4, 12];
/// Places that are blended at once: their sums stay in registers.
const PLACES: usize = 4;
/// Up to so many columns: those of more would take tens of megabytes.
const MOST_COLUMNS: usize = 48;

/// The patches of a design.
pub(super) struct Patches<'a> {
    model: &'a Arma11,
    /// U, `[volume][basis]`.
    pub basis: Vec<f64>,
    /// N at the nodes, lower triangle row by row, in parts of as many entries as a panel has lanes: `[part][node][entry]`.
    kept: Vec<OnceLock<Lines>>,
}

/// A place within its patch: the weight of each node.
pub(super) struct Place {
    patch: usize,
    weights: [f64; ALL],
}

impl Patches<'_> {
    /// Of a design; none where it has too many columns, or none.
    pub(super) fn new(model: &Arma11) -> Option<Patches<'_>> {
        (1..=MOST_COLUMNS).contains(&model.basis.ncols()).then(|| Patches {
            model,
            basis: model.basis.iter().copied().collect(),
            kept: vec![OnceLock::new(); ALONG[0] * ALONG[1]],
        })
    }

    /// Entries of N, up to whole panels' lanes.
    pub(super) fn entries<S: Simd>(&self) -> usize {
        let r = self.model.basis.ncols();
        (r * (r + 1) / 2).next_multiple_of(width::<S>())
    }

    /// N at places whose patches are kept, `[place][entry]`.
    #[inline(always)]
    pub(super) fn products<S: Simd>(&self, simd: S, places: &[Place]) -> Lines {
        let (w, entries) = (width::<S>(), self.entries::<S>());
        let mut out = Lines::zeros(places.len() * entries);
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by_key(|at| places[*at].patch);
        for same in order.chunk_by(|a, b| places[*a].patch == places[*b].patch) {
            let Some(patch) = self.kept[places[same[0]].patch].get() else { continue };
            for (part, nodes) in lanes::<S>(patch).chunks_exact(ALL).enumerate() {
                for few in same.chunks(PLACES) {
                    let of = std::array::from_fn(|at| &places[few[at.min(few.len() - 1)]].weights);
                    for (place, values) in few.iter().zip(blend(simd, nodes, of)) {
                        let to = &mut out[place * entries + part * w..][..w];
                        lanes_mut::<S>(to)[0] = values;
                    }
                }
            }
        }
        out
    }

    /// The first of these places whose patch nobody has kept.
    pub(super) fn lacks(&self, places: &[Place]) -> Option<usize> {
        places.iter().map(|place| place.patch).find(|patch| self.kept[*patch].get().is_none())
    }

    /// Keep N at the nodes of a patch, `[node][entry]`; that of another thread is the same.
    pub(super) fn keep<S: Simd>(&self, patch: usize, at_nodes: &[Vec<f64>]) {
        let w = width::<S>();
        let mut kept = Lines::zeros(ALL * self.entries::<S>());
        for (node, values) in at_nodes.iter().enumerate() {
            for (entry, value) in values.iter().enumerate() {
                kept[(entry / w * ALL + node) * w + entry % w] = *value;
            }
        }
        self.kept[patch].get_or_init(|| kept);
    }
}

/// Sums over nodes of a few places' weights.
#[inline(always)]
fn blend<S: Simd>(
    simd: S,
    nodes: &[Lanes<S>],
    weights: [&[f64; ALL]; PLACES],
) -> [Lanes<S>; PLACES] {
    let mut sums = [[simd.splat_f64s(0.0); 2]; PLACES];
    for (node, values) in nodes.iter().enumerate().take(ALL) {
        for (sum, weights) in sums.iter_mut().zip(weights) {
            let weight = simd.splat_f64s(weights[node]);
            sum[0] = simd.mul_add_e_f64s(weight, values[0], sum[0]);
            sum[1] = simd.mul_add_e_f64s(weight, values[1], sum[1]);
        }
    }
    sums
}

/// How far an axis reaches, in inverse hyperbolic tangents: a from 0, b from minus it.
fn reach() -> f64 {
    LARGEST.atanh()
}

/// Chebyshev's nodes between -1 and 1.
fn nodes() -> [f64; NODES] {
    let angle = std::f64::consts::PI / (2 * NODES) as f64;
    std::array::from_fn(|k| ((2 * k + 1) as f64 * angle).cos())
}

/// a and b of a patch's nodes.
pub(super) fn nodes_of(patch: usize) -> [(f64, f64); ALL] {
    let nodes = nodes();
    let at = |patch: usize, node: usize| patch as f64 + (1.0 + nodes[node]) / 2.0;
    std::array::from_fn(|node| {
        let a = at(patch / ALONG[1], node / NODES) / ALONG[0] as f64;
        let b = at(patch % ALONG[1], node % NODES) / ALONG[1] as f64;
        ((reach() * a).tanh(), (reach() * (2.0 * b - 1.0)).tanh())
    })
}

/// The patch that a place lies in, and its nodes' weights there.
pub(super) fn place((a, b): (f64, f64)) -> Place {
    let cut = |share: f64, n: usize| {
        let along = share * n as f64;
        let patch = (along.max(0.0) as usize).min(n - 1);
        (patch, 2.0 * (along - patch as f64) - 1.0)
    };
    let (of_a, x) = cut(a.atanh() / reach(), ALONG[0]);
    let (of_b, y) = cut((b.atanh() / reach() + 1.0) / 2.0, ALONG[1]);
    let [along_a, along_b] = [x, y].map(weights);
    let weights = std::array::from_fn(|node| along_a[node / NODES] * along_b[node % NODES]);
    Place { patch: of_a * ALONG[1] + of_b, weights }
}

/// Lagrange's polynomials of the nodes at x.
fn weights(x: f64) -> [f64; NODES] {
    let nodes = nodes();
    std::array::from_fn(|k| {
        let others = nodes.iter().enumerate().filter(|(other, _)| *other != k);
        others.map(|(_, node)| (x - node) / (nodes[k] - node)).product()
    })
}
