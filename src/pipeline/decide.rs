//! Estimates become maps: a contrast's values over the whole grid, filled block by block, and their z and p from `stats` in f64.

use std::sync::Arc;

use ndarray::Array2;
use rayon::prelude::*;
use serde_json::{Map as Fields, json};

use crate::error::{Error, Result};
use crate::kernels::contrast::{ContrastValues, Stat};
use crate::maps::{Bounds, Dof, Entities, Map, Quantity, Tolerance, rounding};
use crate::stats::tails::{FTail, TTable, TTail};

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
    pub dof: Dof,
    /// `[row][voxel of the grid]`.
    pub effect: Vec<Vec<f64>>,
    /// `[row][voxel of the grid]`.
    pub variance: Vec<Vec<f64>>,
    /// Between rows i > j, in the order (1, 0), (2, 0), (2, 1), ..: `[pair][voxel of the grid]`; none where no runs are combined.
    pub covariance: Vec<Vec<f64>>,
    /// t or F, `[voxel of the grid]`.
    pub stat: Vec<f64>,
    /// Whether p of a t counts both tails.
    pub two_sided: bool,
}

impl ContrastMaps {
    /// Empty maps of `rows` effects over `n_voxels`.
    #[must_use]
    pub fn zeros(name: &str, stat_kind: Stat, rows: usize, n_voxels: usize) -> ContrastMaps {
        ContrastMaps {
            name: name.to_owned(),
            stat_kind,
            rank: rows,
            dof: Dof::Uniform(0.0),
            effect: vec![vec![0.0; n_voxels]; rows],
            variance: vec![vec![0.0; n_voxels]; rows],
            covariance: Vec::new(),
            stat: vec![0.0; n_voxels],
            two_sided: false,
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

    /// Put a block's covariances `[pair][value]` where they belong, as [`ContrastMaps::put`].
    pub fn put_covariances(&mut self, values: &Array2<f64>, places: &[usize], inside: &[bool]) {
        self.covariance.resize_with(values.nrows(), || vec![0.0; inside.len()]);
        for (map, row) in self.covariance.iter_mut().zip(values.rows()) {
            for (&place, &value) in places.iter().zip(row).filter(|(p, _)| inside[**p]) {
                map[place] = value;
            }
        }
    }

    /// Has nothing at a voxel, as outside the mask.
    pub fn clear(&mut self, voxel: usize) {
        let rows = self.effect.iter_mut().chain(&mut self.variance).chain(&mut self.covariance);
        rows.for_each(|row| row[voxel] = 0.0);
        self.stat[voxel] = 0.0;
    }

    /// Fails where maps of float32 cannot hold the variance of an effect, which is the first to go beyond them: where it is too large, or too small in
    /// more than a hundredth of the voxels. `inside`: the voxels that
    /// were fitted.
    ///
    /// # Errors
    /// Bad data, with how many voxels and what the worst of them would hold.
    pub fn refuse_beyond_f32(&self, inside: &[bool]) -> Result<()> {
        let is_lost = |value: f64| {
            let narrow = value as f32;
            value.is_infinite() || narrow.is_infinite() || narrow == 0.0 && value != 0.0
        };
        let lost =
            |voxel: usize| self.variance.iter().map(move |row| row[voxel]).find(|v| is_lost(*v));
        let has_lost = |row: &Vec<f64>| row.iter().zip(inside).any(|(v, &i)| i && is_lost(*v));
        if !self.variance.iter().any(has_lost) {
            return Ok(());
        }
        let all: Vec<f64> = (0..inside.len()).filter(|&v| inside[v]).filter_map(lost).collect();
        let Some(first) = all.first() else { return Ok(()) };
        // Of maps without a mask a few voxels lie in what a kernel left of nothing.
        let n_inside = inside.iter().filter(|inside| **inside).count();
        if all.iter().all(|value| value.abs() < 1.0) && 100 * all.len() <= n_inside {
            return Ok(());
        }
        Err(Error::bad_data(
            format!("the variance of {}", self.name),
            format!("is {first:.1e} at the first of {} voxels", all.len()),
            "lie between 1e-45 and 3e38, which is what maps of float32 hold",
            "scale the signal (--scaling psc), or multiply the image by a constant",
        ))
    }

    /// z (signed for t; F's z is the normal deviate of its upper tail) and p, of t one-sided unless both tails are asked for, `[voxel of the grid]`, by the voxel's
    /// own degrees of freedom; z 0 and p 1 outside the mask and where the residual variance is 0.
    #[must_use]
    pub fn z_and_p(&self, inside: &[bool], plane_len: usize) -> (Vec<f64>, Vec<f64>) {
        let tails = Tails::new(self).tabulated(inside.iter().filter(|inside| **inside).count());
        let flat = |voxel: usize| !inside[voxel] || self.variance[0][voxel] == 0.0;
        let value = |voxel: usize| match flat(voxel) {
            true => (0.0, 1.0),
            false => tails.at(voxel, plane_len).z_and_p(self.stat[voxel]),
        };
        (0..self.stat.len()).into_par_iter().with_min_len(1024).map(value).unzip()
    }

    /// Effect, variance, statistic, z and p, and the degrees of freedom where they vary. `label`: the contrast in their names;
    /// `inside`: the voxels that were fitted.
    #[must_use]
    pub fn maps(&self, label: &str, inside: &[bool], plane_len: usize) -> Vec<Map> {
        let (z, p) = self.z_and_p(inside, plane_len);
        let within = Arc::new(Within {
            variance: self.variance.iter().map(|row| narrow(row)).collect(),
            stat: narrow(&self.stat),
            tails: Tails::new(self),
            plane_len,
        });
        let (stat, said) = match self.stat_kind {
            Stat::T => (Quantity::T, "t"),
            Stat::F => (Quantity::F { dof1: self.rank as f64 }, "F"),
        };
        let both_tails = self.two_sided && self.stat_kind == Stat::T;
        let sides = match both_tails {
            true => format!("Both tails of the {said} of {}, two-sided", self.name),
            false => format!("Upper tail of the {said} of {}, one-sided", self.name),
        };
        let effects = self.effect.iter().map(|row| narrow(row)).collect();
        let name = &self.name;
        let mut all = vec![
            (Quantity::Effect, effects, format!("Effect of {name}")),
            (
                Quantity::Variance,
                within.variance.clone(),
                format!("Variance of the effect of {name}"),
            ),
            (stat, vec![Arc::clone(&within.stat)], format!("{said} of {name}")),
            (Quantity::Z, vec![narrow(&z)], format!("Normal deviate of the {said} of {name}")),
            (Quantity::P, vec![narrow(&p)], sides),
        ];
        if self.dof.varies() {
            let of = |at: usize| if inside[at] { self.dof.at(at, plane_len) as f32 } else { 0.0 };
            let values = Arc::new((0..inside.len()).map(of).collect());
            let said = format!("Residual degrees of freedom of {name}");
            all.push((Quantity::Dof, vec![values], said));
        }
        let map = |(quantity, values, description): (Quantity, Vec<Arc<Vec<f32>>>, String)| {
            let mut asked = self.asked(said);
            if both_tails && quantity == Quantity::P {
                asked.insert("Statistic".to_owned(), json!("p, both tails"));
            }
            let entities = Entities::of("statmap").with("contrast", label);
            Map {
                entities: entities.with("stat", quantity.stat()),
                quantity,
                dof: self.dof.clone(),
                description,
                asked,
                tolerance: within.tolerance(quantity, values.clone()),
                values,
            }
        };
        all.into_iter().map(map).collect()
    }

    /// What was asked, for a sidecar.
    fn asked(&self, statistic: &str) -> Fields<String, serde_json::Value> {
        let mut asked = Fields::new();
        asked.insert("Contrast".to_owned(), json!(self.name));
        asked.insert("TestStatistic".to_owned(), json!(statistic));
        if self.stat_kind == Stat::F {
            asked.insert("NumeratorDegreesOfFreedom".to_owned(), json!(self.rank));
        }
        asked
    }

    /// The effect alone, as percent of the signal at the peak of a response: what weights that hold the peaks answer.
    #[must_use]
    pub fn percent(&self, label: &str, plane_len: usize) -> Map {
        let values = vec![narrow(&self.effect[0])];
        let (variance, stat) = (vec![narrow(&self.variance[0])], narrow(&self.stat));
        let within = Arc::new(Within { variance, stat, tails: Tails::new(self), plane_len });
        let mut asked = Fields::new();
        asked.insert("Contrast".to_owned(), json!(self.name));
        let entities = Entities::of("statmap").with("contrast", label);
        Map {
            entities: entities.with("stat", Quantity::Percent.stat()),
            quantity: Quantity::Percent,
            dof: self.dof.clone(),
            description: format!(
                "{} at the peak of the response to one event, percent of the mean",
                self.name
            ),
            asked,
            tolerance: within.tolerance(Quantity::Percent, values.clone()),
            values,
        }
    }
}

/// As a map holds them.
fn narrow(values: &[f64]) -> Arc<Vec<f32>> {
    Arc::new(values.iter().map(|&v| v as f32).collect())
}

/// What the tolerances of a contrast's maps depend on.
struct Within {
    variance: Vec<Arc<Vec<f32>>>,
    stat: Arc<Vec<f32>>,
    tails: Tails,
    plane_len: usize,
}

impl Within {
    /// Everything follows from the bound of the statistic: effect = t sd, t^2 = effect^2 / variance, and z and p are functions of
    /// the statistic. Outside the mask, and where a voxel is constant, values are 0 and p 1 by definition.
    fn tolerance(self: &Arc<Within>, quantity: Quantity, values: Vec<Arc<Vec<f32>>>) -> Tolerance {
        let within = Arc::clone(self);
        Tolerance::of(move |bounds, row, voxel| {
            let want = f64::from(values[row][voxel]);
            let variance = &within.variance[row.min(within.variance.len() - 1)];
            let sd = f64::from(variance[voxel]).sqrt();
            if sd == 0.0 {
                return rounding(want);
            }
            let stat = f64::from(within.stat[voxel]);
            let tail = within.tails.at(voxel, within.plane_len);
            rounding(want)
                + match quantity {
                    Quantity::Effect | Quantity::Percent => {
                        bounds.atol * sd + bounds.rtol * want.abs()
                    }
                    Quantity::Variance => 2.0 * bounds.rtol * want.abs(),
                    Quantity::Z => tail.carried(bounds, stat, |(z, _)| (z - want).abs()),
                    Quantity::P => tail.carried(bounds, stat, |(_, p)| (p - want).abs()),
                    Quantity::Dof => 0.0,
                    _ => tail.bound(bounds, stat),
                }
        })
    }
}

/// The tail of each slice-time group, or of the one value that all voxels share.
#[derive(Debug, Clone)]
struct Tails {
    of_groups: Vec<Tail>,
    slice_group_of_plane: Vec<usize>,
    of_voxels: Option<(Stat, f64, Dof, bool)>,
}

impl Tails {
    fn new(maps: &ContrastMaps) -> Tails {
        let two_sided = maps.two_sided && maps.stat_kind == Stat::T;
        let tail =
            |dof: f64| Tail { two_sided, ..Tail::new(maps.stat_kind, maps.rank as f64, dof) };
        let (of_groups, slice_group_of_plane, of_voxels) = match &maps.dof {
            Dof::Uniform(dof) => (vec![tail(*dof)], Vec::new(), None),
            Dof::PerGroup { dof, slice_group_of_plane } => {
                (dof.iter().map(|&dof| tail(dof)).collect(), slice_group_of_plane.clone(), None)
            }
            Dof::PerVoxel(_) => {
                let own = (maps.stat_kind, maps.rank as f64, maps.dof.clone(), two_sided);
                (Vec::new(), Vec::new(), Some(own))
            }
        };
        Tails { of_groups, slice_group_of_plane, of_voxels }
    }

    /// The same, of so many voxels.
    fn tabulated(mut self, n_voxels: usize) -> Tails {
        let of_each = n_voxels / self.of_groups.len().max(1);
        for tail in self.of_groups.iter_mut().filter(|_| of_each >= TTable::REPAYS) {
            tail.table = (tail.stat_kind == Stat::T).then(|| TTable::new(tail.dof2));
        }
        self
    }

    fn at(&self, voxel: usize, plane_len: usize) -> std::borrow::Cow<'_, Tail> {
        use std::borrow::Cow;
        if let Some((stat, rank, dof, two_sided)) = &self.of_voxels {
            let tail = Tail::new(*stat, *rank, dof.at(voxel, plane_len));
            return Cow::Owned(Tail { two_sided: *two_sided, ..tail });
        }
        let group = self.slice_group_of_plane.get(voxel / plane_len).copied().unwrap_or(0);
        Cow::Borrowed(&self.of_groups[group])
    }
}

/// The upper tail of a contrast's statistic.
#[derive(Debug, Clone)]
pub struct Tail {
    /// Which statistic.
    pub stat_kind: Stat,
    /// Whether p of a t counts both tails.
    pub two_sided: bool,
    dof2: f64,
    t: TTail,
    f: FTail,
    table: Option<TTable>,
}

impl Tail {
    /// Of t with `dof2` degrees of freedom, or F with `dof1` and `dof2`.
    #[must_use]
    pub fn new(stat_kind: Stat, dof1: f64, dof2: f64) -> Tail {
        let (t, f) = (TTail::new(dof2), FTail::new(dof1, dof2));
        Tail { stat_kind, two_sided: false, dof2, t, f, table: None }
    }

    /// Normal deviate and p of a statistic, of a t one-sided unless both tails are asked for; 0 and 1 for an F of exactly 0, whose deviate would be infinite.
    #[must_use]
    pub fn z_and_p(&self, stat: f64) -> (f64, f64) {
        if self.two_sided {
            // From the side that keeps its digits; z is odd.
            let (z, ln_p) = self.of_t(stat.abs());
            return (if stat < 0.0 { -z } else { z }, (2.0 * ln_p.exp()).min(1.0));
        }
        let (z, ln_p) = match self.stat_kind {
            Stat::F if stat == 0.0 => (0.0, 0.0),
            Stat::T => self.of_t(stat),
            Stat::F => self.f.z_and_ln_sf(stat),
        };
        (z, ln_p.exp())
    }

    fn of_t(&self, t: f64) -> (f64, f64) {
        self.table.as_ref().map_or_else(|| self.t.z_and_ln_sf(t), |table| table.z_and_ln_sf(t))
    }

    /// What a statistic may be off by.
    #[must_use]
    pub fn bound(&self, bounds: Bounds, stat: f64) -> f64 {
        match self.stat_kind {
            Stat::T => bounds.t(stat),
            Stat::F => bounds.f(stat),
        }
    }

    /// How far that moves what follows from z and p: the worse of both ends.
    fn carried(&self, bounds: Bounds, stat: f64, off: impl Fn((f64, f64)) -> f64) -> f64 {
        let least = if self.stat_kind == Stat::F { 0.0 } else { f64::NEG_INFINITY };
        let of_stat = self.bound(bounds, stat);
        let end = |stat: f64| off(self.z_and_p(stat.max(least)));
        let ends = end(stat - of_stat).max(end(stat + of_stat));
        // p of both tails is largest between them, at 0
        if self.two_sided && stat.abs() < of_stat { ends.max(end(0.0)) } else { ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tails_of_a_t_are_twice_the_one_beyond_it_on_either_side() {
        let tail = Tail::new(Stat::T, 1.0, 12.0);
        let both = Tail { two_sided: true, ..tail.clone() };
        for t in [0.3, 2.5, 60.0] {
            let (z, p) = tail.z_and_p(t);
            assert_eq!(both.z_and_p(t), (z, 2.0 * p));
            assert_eq!(both.z_and_p(-t).1, 2.0 * p, "digits are kept below 0");
        }
        assert_eq!(both.z_and_p(0.0).1, 1.0);
        let bounds = Bounds { atol: 1e-2, rtol: 0.0, image: 0.0, covariance: 0.0, dvars: 0.0 };
        let off = both.carried(bounds, 1e-3, |(_, p)| (p - both.z_and_p(1e-3).1).abs());
        assert!(off >= 1.0 - both.z_and_p(1e-3).1, "the top between the ends counts");
    }

    #[test]
    fn an_f_of_0_has_z_0_and_p_1_and_the_least_f_above_it_a_finite_z() {
        let tail = Tail::new(Stat::F, 3.0, 40.0);
        assert_eq!(tail.z_and_p(0.0), (0.0, 1.0));
        let (z, p) = tail.z_and_p(1e-9);
        assert!(z < -4.0 && z.is_finite() && p > 0.999, "{z} {p}");
        assert_eq!(Tail::new(Stat::T, 1.0, 40.0).z_and_p(0.0).1, 0.5);
    }
}
