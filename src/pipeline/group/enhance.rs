//! What clusters make of a statistic, of the observed map and of each rearrangement's: TFCE, extent and mass.

use rayon::prelude::*;

use super::clusters::{connectivity, threshold};
use crate::error::Result;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::spec::{PermuteOptions, TfceConvention};
use crate::stats::clusters::{self, Labeller, Neighbours, PeakRule};
use crate::stats::permuted::{Maxima, Tail};
use crate::stats::tfce::{Convention, Rule, Tails, Tfce};
use crate::volume::Grid;

/// Which maxima are kept, in this order: of TFCE, of extents, of masses.
const NAMES: [&str; 3] = ["tfce", "clusterExtent", "clusterMass"];

/// Takes maps of the statistic and keeps what their clusters come to.
pub(super) struct Enhancer {
    neighbours: Neighbours,
    rule: Option<Rule>,
    threshold: Option<f64>,
    two_sided: bool,
    /// Of the observed map.
    observed: Vec<f32>,
    /// Of [`NAMES`].
    pub maxima: [Maxima; 3],
    grid: Grid,
}

/// What became of them.
pub(super) struct Enhanced {
    pub enhancer: Enhancer,
}

/// One corrected result.
pub(super) struct Corrected {
    pub desc: &'static str,
    pub said: &'static str,
    /// The enhanced map, where it is one.
    pub values: Option<Vec<f64>>,
    /// `[voxel of the mask]`
    pub p: Vec<f64>,
    /// What the enhanced map may differ by on another device, `[voxel of the mask]`.
    pub spread: Vec<f64>,
    /// The same of p.
    pub unsure: Vec<f64>,
}

/// The greatest values of one map, `[high, low]` of each of [`NAMES`].
type Greatest = [[f32; 2]; 3];

impl Enhancer {
    /// None where nothing is asked for.
    pub(super) fn new(
        (options, touch): (&PermuteOptions, u8),
        (maps, two_sided): (&ContrastMaps, bool),
        grid: &Grid,
        (places, observed): (&[usize], Vec<f32>),
        n: u64,
    ) -> Result<Option<Enhancer>> {
        if options.tfce.is_none() && options.cluster_p.is_none() {
            return Ok(None);
        }
        let touch = connectivity(touch);
        let at: Vec<u32> = places.iter().map(|&v| v as u32).collect();
        let neighbours = Neighbours::new(grid.shape, &at, touch)?;
        let most = |sign: f32| f64::from(observed.iter().map(|t| sign * t).fold(0.0, f32::max));
        let convention = options.tfce.map(|convention| match convention {
            TfceConvention::Exact => Convention::Exact,
            TfceConvention::Nilearn => Convention::Nilearn,
            TfceConvention::Fsl => Convention::Fsl { upper: most(1.0), lower: most(-1.0) },
        });
        let threshold = options.cluster_p.map(|p| threshold(p, maps));
        Ok(Some(Enhancer {
            neighbours,
            rule: convention.map(|convention| Rule { convention, ..Rule::default() }),
            threshold,
            two_sided,
            observed,
            maxima: std::array::from_fn(|_| Maxima::missing(n)),
            grid: grid.clone(),
        }))
    }

    /// The maps of rearrangements from `first` on, `[rearrangement][voxel]`.
    ///
    /// # Errors
    /// Internal where they reach beyond the last.
    pub(super) fn take(&mut self, first: u64, statistics: &[f32], mirrored: bool) -> Result<()> {
        let n = self.neighbours.n_voxels();
        let both = self.two_sided || mirrored;
        let of = |tools: &mut (Option<Tfce<'_>>, Labeller<'_>), map: &[f32]| -> Greatest {
            let mut greatest = [[0.0; 2]; 3];
            if let Some(tfce) = &mut tools.0 {
                let found = tfce.greatest(map, if both { Tails::Both } else { Tails::Upper });
                greatest[0] = [found.upper as f32, -found.lower as f32];
            }
            if let Some(threshold) = self.threshold {
                let upper = tools.1.largest(map, clusters::Tail::Upper, threshold);
                let lower = match both {
                    true => tools.1.largest(map, clusters::Tail::Lower, threshold),
                    false => clusters::Largest { extent: 0, mass: 0.0 },
                };
                greatest[1] = [upper.extent as f32, -(lower.extent as f32)];
                greatest[2] = [upper.mass as f32, -lower.mass as f32];
            }
            greatest
        };
        let tools = || {
            let tfce = self.rule.map(|rule| Tfce::new(&self.neighbours, rule));
            (tfce, Labeller::new(&self.neighbours))
        };
        let all: Vec<Greatest> = statistics.par_chunks_exact(n).map_init(tools, of).collect();
        for (which, maxima) in self.maxima.iter_mut().enumerate() {
            // A side without clusters is 0, not -0.
            let side = |at: usize| all.iter().map(|one| one[which][at] + 0.0).collect::<Vec<f32>>();
            maxima.put(first, &side(0), &side(1))?;
        }
        Ok(())
    }

    pub(super) fn done(self) -> Enhanced {
        Enhanced { enhancer: self }
    }
}

impl Enhanced {
    fn asked(&self, which: usize) -> bool {
        if which == 0 { self.enhancer.rule.is_some() } else { self.enhancer.threshold.is_some() }
    }

    /// The maxima, by name.
    pub(super) fn columns(&self) -> Vec<(String, &[f64])> {
        let asked = (0..3).filter(|&which| self.asked(which));
        asked
            .flat_map(|which| {
                let maxima = &self.enhancer.maxima[which];
                let high = (format!("{}_high", NAMES[which]), maxima.high.as_slice());
                let low = (format!("{}_low", NAMES[which]), maxima.low.as_slice());
                [high, low]
            })
            .collect()
    }

    /// Corrected p of each kind that was asked for. `off`: what the statistic may differ by on another device.
    pub(super) fn results(
        &self,
        tail: Tail,
        mirrored: bool,
        off: &[f64],
    ) -> Vec<Result<Corrected>> {
        let e = &self.enhancer;
        let mut all = Vec::new();
        if let Some(rule) = e.rule {
            all.push(self.tfce(rule, tail, mirrored, off));
        }
        if let Some(threshold) = e.threshold {
            let rule = PeakRule::new(e.grid.voxel_size_mm);
            let mut sizes = [vec![0.0; e.observed.len()], vec![0.0; e.observed.len()]];
            let sides = [(clusters::Tail::Upper, 1.0), (clusters::Tail::Lower, -1.0)];
            for (side, sign) in sides.into_iter().take(if e.two_sided { 2 } else { 1 }) {
                for c in clusters::clusters(&e.neighbours, &e.observed, side, threshold, &rule) {
                    for &voxel in &c.voxels {
                        sizes[0][voxel as usize] = sign * c.extent() as f64;
                        sizes[1][voxel as usize] = sign * c.mass;
                    }
                }
            }
            let said = ["cluster extent", "cluster mass"];
            for (which, sizes) in sizes.into_iter().enumerate() {
                let null = e.maxima[which + 1].null(tail, mirrored);
                all.push(null.map(|null| {
                    let p = |&size: &f64| match tail.directed(size) {
                        // Extents are whole; masses lie within f32 of each other.
                        size if size > 0.0 => null.p(size * (1.0 - 1e-6)),
                        _ => 1.0,
                    };
                    let p: Vec<f64> = sizes.iter().map(p).collect();
                    // A voxel at the threshold may be in a cluster or not, and clusters a voxel larger or smaller; of the
                    // rearrangements too, a few in a thousand.
                    let unsure_of = |voxel: usize| {
                        let height = tail.directed(f64::from(e.observed[voxel]));
                        if (height - threshold).abs() <= off[voxel] {
                            return 1.0;
                        }
                        let size = tail.directed(sizes[voxel]);
                        let (less, more) = match which {
                            0 => (size - 1.5, size + 1.5),
                            _ => (size * 0.999 - 1e-3, size * 1.001 + 1e-3),
                        };
                        if size > 0.0 { null.p(less) - null.p(more) + 0.005 } else { 0.0 }
                    };
                    let unsure = (0..sizes.len()).map(unsure_of).collect();
                    let (desc, said) = (NAMES[which + 1], said[which]);
                    Corrected { desc, said, values: None, p, spread: Vec::new(), unsure }
                }));
            }
        }
        all
    }

    fn tfce(&self, rule: Rule, tail: Tail, mirrored: bool, off: &[f64]) -> Result<Corrected> {
        let e = &self.enhancer;
        let tails = if e.two_sided { Tails::Both } else { Tails::Upper };
        let enhanced = |times: f64| {
            let moved =
                |(&t, off): (&f32, &f64)| f64::from(t) + times * off * f64::from(t).signum();
            let map: Vec<f64> = e.observed.iter().zip(off).map(moved).collect();
            let mut values = vec![0.0; map.len()];
            Tfce::new(&e.neighbours, rule).enhance(&map, tails, &mut values);
            values
        };
        let values = enhanced(0.0);
        // A map that is higher everywhere is enhanced to more everywhere: what lies between comes out between.
        let (low, high) = (enhanced(-1.0), enhanced(1.0));
        let spread: Vec<f64> = low.iter().zip(&high).map(|(a, b)| (b - a).abs()).collect();
        let null = e.maxima[0].null(tail, mirrored)?;
        let p = |&value: &f64| match tail.directed(value) {
            value if value > 0.0 => null.p(value * (1.0 - 1e-6)),
            _ => 1.0,
        };
        let p_of: Vec<f64> = values.iter().map(p).collect();
        let unsure_of = |(value, spread): (&f64, &f64)| match tail.directed(*value) {
            // The maxima have a spread of their own, relative to them.
            v if v > 0.0 => {
                null.p((v - spread) * (1.0 - 1e-3)) - null.p((v + spread) * (1.0 + 1e-3))
            }
            _ => 0.0,
        };
        let unsure = values.iter().zip(&spread).map(unsure_of).collect();
        let said = match rule.convention {
            Convention::Exact => "threshold-free cluster enhancement",
            _ => {
                "threshold-free cluster enhancement (a sum over steps, not multiplied by the step)"
            }
        };
        Ok(Corrected { desc: NAMES[0], said, values: Some(values), p: p_of, spread, unsure })
    }
}
