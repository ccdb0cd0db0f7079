//! Contrast maps over the whole grid, filled block by block; z and p from `stats` in f64.

use rayon::prelude::*;

use crate::kernels::contrast::{ContrastValues, Stat};
use crate::stats::tails::{FTail, TTail};

/// One contrast's values over the grid, f64, 0 outside the mask.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastMaps {
    /// As the user named it.
    pub name: String,
    /// Which statistic.
    pub stat_kind: Stat,
    /// Numerator degrees of freedom: 1 for t, the rank for F.
    pub rank: usize,
    /// Residual degrees of freedom.
    pub dof: f64,
    /// `[row][voxel of the grid]`.
    pub effect: Vec<Vec<f64>>,
    /// `[row][voxel of the grid]`.
    pub variance: Vec<Vec<f64>>,
    /// t or F, `[voxel of the grid]`.
    pub stat: Vec<f64>,
}

impl ContrastMaps {
    /// Empty maps of `rows` effects over `n_voxels`.
    #[must_use]
    pub fn zeros(name: &str, stat_kind: Stat, rows: usize, n_voxels: usize) -> ContrastMaps {
        ContrastMaps {
            name: name.to_owned(),
            stat_kind,
            rank: rows,
            dof: 0.0,
            effect: vec![vec![0.0; n_voxels]; rows],
            variance: vec![vec![0.0; n_voxels]; rows],
            stat: vec![0.0; n_voxels],
        }
    }

    /// Put a block's values where they belong. `places`: positions in the grid, one a value; those not `inside` stay 0.
    pub fn put(&mut self, values: &ContrastValues, places: &[usize], inside: &[bool]) {
        for (maps, rows) in
            [(&mut self.effect, &values.effect), (&mut self.variance, &values.variance)]
        {
            for (map, row) in maps.iter_mut().zip(rows.rows()) {
                for (&place, &value) in places.iter().zip(row).filter(|(p, _)| inside[**p]) {
                    map[place] = value;
                }
            }
        }
        for (&place, &value) in places.iter().zip(&values.stat).filter(|(p, _)| inside[**p]) {
            self.stat[place] = value;
        }
    }

    /// z (signed for t; F's z is the normal deviate of its upper tail) and one-sided p, `[voxel of the grid]`;
    /// z 0 and p 1 outside the mask and where the residual variance is 0.
    #[must_use]
    pub fn z_and_p(&self, inside: &[bool]) -> (Vec<f64>, Vec<f64>) {
        let tail = Tail::new(self.stat_kind, self.rank as f64, self.dof);
        let flat = |voxel: usize| !inside[voxel] || self.variance[0][voxel] == 0.0;
        (0..self.stat.len())
            .into_par_iter()
            .with_min_len(1024)
            .map(|voxel| if flat(voxel) { (0.0, 1.0) } else { tail.z_and_p(self.stat[voxel]) })
            .unzip()
    }
}

/// The upper tail of a contrast's statistic.
#[derive(Debug, Clone)]
pub struct Tail {
    /// Which statistic.
    pub stat_kind: Stat,
    t: TTail,
    f: FTail,
}

impl Tail {
    /// Of t with `dof2` degrees of freedom, or F with `dof1` and `dof2`.
    #[must_use]
    pub fn new(stat_kind: Stat, dof1: f64, dof2: f64) -> Tail {
        Tail { stat_kind, t: TTail::new(dof2), f: FTail::new(dof1, dof2) }
    }

    /// Normal deviate and one-sided p of a statistic; 0 and 1 for an F of exactly 0, whose deviate would be infinite.
    #[must_use]
    pub fn z_and_p(&self, stat: f64) -> (f64, f64) {
        let (z, ln_p) = match self.stat_kind {
            Stat::F if stat == 0.0 => (0.0, 0.0),
            Stat::T => self.t.z_and_ln_sf(stat),
            Stat::F => self.f.z_and_ln_sf(stat),
        };
        (z, ln_p.exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_f_of_0_has_z_0_and_p_1_and_the_least_f_above_it_a_finite_z() {
        let tail = Tail::new(Stat::F, 3.0, 40.0);
        assert_eq!(tail.z_and_p(0.0), (0.0, 1.0));
        let (z, p) = tail.z_and_p(1e-9);
        assert!(z < -4.0 && z.is_finite() && p > 0.999, "{z} {p}");
        assert_eq!(Tail::new(Stat::T, 1.0, 40.0).z_and_p(0.0).1, 0.5);
    }
}
