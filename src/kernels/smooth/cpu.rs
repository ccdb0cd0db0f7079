//! The f64 twin of `shaders/smooth.wgsl`, written from the equation: one volume a task, in place, with a ring of as
//! many planes as the kernel is long. Without missing voxels the denominator is a product of one factor an axis,
//! which the weights take in; otherwise numerator and denominator are smoothed apart.

use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Taps;
use super::passes::{Passes, Ring, Volume, separable};
use crate::error::Result;
use crate::volume::{HostBold, Mask};

pub(super) fn smooth(mut bold: HostBold, taps: &Taps, within: Option<&Mask>) -> Result<HostBold> {
    if bold.block.is_empty() || (taps.is_copy() && within.is_none()) {
        return Ok(bold);
    }
    let plane_len = bold.block.plane_len();
    let [ni, nj, _] = bold.block.run_shape;
    let shape = [ni, nj, bold.block.planes.len()];
    let inside = within.map(|mask| {
        let planes = &bold.block.planes;
        &mask.inside[planes.start * plane_len..planes.end * plane_len]
    });
    let complete = Passes::renormalised(taps, shape);
    let plain = Passes::plain(taps, shape);
    // Of the voxels inside, all finite: what most volumes share.
    let shared = inside.map(|inside| {
        let weight = inside.to_vec();
        let total = total_weight(&plain, &weight, &mut Ring::new(&plain));
        Arc::new(Weights { valid: weight, total })
    });
    let volume_len = bold.block.volume_len();
    let complete_run = bold.is_known_complete();
    bold.data.par_chunks_exact_mut(volume_len).for_each_init(
        || (Ring::new(&complete), shared.clone()),
        |(ring, known), data| {
            if inside.is_none() && (complete_run || all_finite(data)) {
                let task = Complete { passes: &complete, ring, data };
                Arch::new().dispatch(task);
            } else {
                let weights = weights_of(data, inside, &plain, ring, known);
                let task = Masked { passes: &plain, ring, data, inside, weights: &weights };
                Arch::new().dispatch(task);
            }
        },
    );
    match within {
        // What lies outside is 0 now, whatever it was.
        Some(_) => Ok(HostBold::new(bold.block, bold.data)),
        None => Ok(bold),
    }
}

fn all_finite(data: &[f32]) -> bool {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let largest = data.iter().fold(0, |m: u32, v| m.max(v.to_bits() & 0x7fff_ffff));
            largest < f32::INFINITY.to_bits()
        },
    )
}

/// Smooth a volume without missing voxels.
struct Complete<'a> {
    passes: &'a Passes,
    ring: &'a mut Ring,
    data: &'a mut [f32],
}

struct InPlace<'a> {
    data: &'a mut [f32],
}

impl Volume for InPlace<'_> {
    #[inline(always)]
    fn load(&self, at: usize, row: &mut [f64]) {
        for (to, &from) in row.iter_mut().zip(&self.data[at..]) {
            *to = f64::from(from);
        }
    }

    #[inline(always)]
    fn store(&mut self, at: usize, row: &[f64]) {
        for (to, &from) in self.data[at..].iter_mut().zip(row) {
            *to = from as f32;
        }
    }
}

impl WithSimd for Complete<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        separable(simd, self.passes, self.ring, &mut InPlace { data: self.data });
    }
}

/// Which voxels enter the sums, and the kernel's weight over them: the denominator.
struct Weights {
    valid: Vec<bool>,
    total: Vec<f64>,
}

/// The denominator of this volume; the last one again when the same voxels are missing.
fn weights_of(
    data: &[f32],
    inside: Option<&[bool]>,
    passes: &Passes,
    ring: &mut Ring,
    known: &mut Option<Arc<Weights>>,
) -> Arc<Weights> {
    let is_inside = |v: usize| inside.is_none_or(|inside| inside[v]);
    let valid = |(v, y): (usize, &f32)| y.is_finite() && is_inside(v);
    if let Some(known) = known
        && data.iter().enumerate().map(valid).eq(known.valid.iter().copied())
    {
        return Arc::clone(known);
    }
    let valid: Vec<bool> = data.iter().enumerate().map(valid).collect();
    let total = total_weight(passes, &valid, ring);
    let weights = Arc::new(Weights { valid, total });
    *known = Some(Arc::clone(&weights));
    weights
}

/// The kernel's weight over the valid voxels, for each voxel.
fn total_weight(passes: &Passes, valid: &[bool], ring: &mut Ring) -> Vec<f64> {
    let mut total = vec![0.0; valid.len()];
    Arch::new().dispatch(Total { passes, ring, valid, total: &mut total });
    total
}

struct Total<'a> {
    passes: &'a Passes,
    ring: &'a mut Ring,
    valid: &'a [bool],
    total: &'a mut [f64],
}

struct Indicator<'a> {
    valid: &'a [bool],
    total: &'a mut [f64],
}

impl Volume for Indicator<'_> {
    #[inline(always)]
    fn load(&self, at: usize, row: &mut [f64]) {
        for (to, &valid) in row.iter_mut().zip(&self.valid[at..]) {
            *to = f64::from(u8::from(valid));
        }
    }

    #[inline(always)]
    fn store(&mut self, at: usize, row: &[f64]) {
        self.total[at..][..row.len()].copy_from_slice(row);
    }
}

impl WithSimd for Total<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut volume = Indicator { valid: self.valid, total: self.total };
        separable(simd, self.passes, self.ring, &mut volume);
    }
}

/// Smooth a volume with missing voxels, or within a mask.
struct Masked<'a> {
    passes: &'a Passes,
    ring: &'a mut Ring,
    data: &'a mut [f32],
    inside: Option<&'a [bool]>,
    weights: &'a Weights,
}

struct Normalised<'a> {
    data: &'a mut [f32],
    inside: Option<&'a [bool]>,
    weights: &'a Weights,
}

impl Volume for Normalised<'_> {
    #[inline(always)]
    fn load(&self, at: usize, row: &mut [f64]) {
        let valid = &self.weights.valid[at..];
        for ((to, &from), &valid) in row.iter_mut().zip(&self.data[at..]).zip(valid) {
            *to = if valid { f64::from(from) } else { 0.0 };
        }
    }

    #[inline(always)]
    fn store(&mut self, at: usize, row: &[f64]) {
        let (valid, total) = (&self.weights.valid[at..], &self.weights.total[at..]);
        for ((to, sum), (&valid, total)) in
            self.data[at..].iter_mut().zip(row).zip(valid.iter().zip(total))
        {
            if valid {
                *to = (sum / total) as f32;
            }
        }
        if let Some(inside) = self.inside {
            for (to, &inside) in self.data[at..][..row.len()].iter_mut().zip(&inside[at..]) {
                if !inside {
                    *to = 0.0;
                }
            }
        }
    }
}

impl WithSimd for Masked<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Masked { passes, ring, data, inside, weights } = self;
        separable(simd, passes, ring, &mut Normalised { data, inside, weights });
    }
}
