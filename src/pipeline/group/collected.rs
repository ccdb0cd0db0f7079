//! A contrast's values as voxels answer, and what is said and refused of them in the end.

use std::collections::BTreeSet;

use super::fitted::Fitted;
use super::images::Images;
use crate::design::group::Stratum;
use crate::error::{Error, Result};
use crate::kernels::contrast::Stat;
use crate::maps::Dof;
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::spec::GroupSpec;
use crate::pipeline::watch::Watch;
use crate::stats::second_level::Answer;

/// Values over the grid, so far.
pub(super) struct Collected<'a> {
    spec: &'a GroupSpec,
    stratum: &'a Stratum,
    images: &'a Images,
    maps: ContrastMaps,
    inside: Vec<bool>,
    subjects: Vec<u32>,
    dof: Vec<f32>,
    n_flat: usize,
    n_lost: usize,
}

impl<'a> Collected<'a> {
    /// Nothing yet. `rank`: of the contrast's weights.
    pub(super) fn new(
        spec: &'a GroupSpec,
        stratum: &'a Stratum,
        images: &'a Images,
        rank: usize,
    ) -> Collected<'a> {
        let n_voxels = images.grid.n_voxels();
        let kind = if stratum.is_f { Stat::F } else { Stat::T };
        let n_effects = stratum.weights.nrows() * stratum.combined.len();
        let mut maps = ContrastMaps::zeros(&stratum.name, kind, n_effects, n_voxels);
        maps.two_sided = spec.two_sided;
        maps.rank = rank * stratum.combined.len();
        Collected {
            spec,
            stratum,
            images,
            maps,
            inside: vec![false; n_voxels],
            subjects: vec![0; n_voxels],
            dof: vec![0.0; n_voxels],
            n_flat: 0,
            n_lost: 0,
        }
    }

    /// The least number of rows that a voxel must have.
    pub(super) fn least(&self) -> usize {
        let n = self.stratum.subjects.len();
        self.spec.least_subjects.unwrap_or(n).min(n)
    }

    /// Voxels that cannot be answered.
    pub(super) fn lose(&mut self, n: usize) {
        self.n_lost += n;
    }

    /// What a place answers, of so many rows.
    pub(super) fn put(&mut self, place: usize, answer: &Answer, n_rows: usize) {
        let voxel = self.images.places[place];
        self.inside[voxel] = true;
        self.subjects[voxel] = n_rows as u32;
        self.dof[voxel] = answer.dof as f32;
        self.n_flat += usize::from(answer.variance[0] == 0.0);
        let effects = self.maps.effect.iter_mut().zip(&answer.effect);
        let variances = self.maps.variance.iter_mut().zip(&answer.variance);
        effects.chain(variances).for_each(|(map, value)| map[voxel] = *value);
        self.maps.stat[voxel] = answer.stat;
    }

    /// All of it, once every voxel has answered. `of_subjects`: what a subject must have at a voxel.
    ///
    /// # Errors
    /// Bad data where no voxel is left, or none varies.
    pub(super) fn done(mut self, of_subjects: &str, watch: &dyn Watch) -> Result<Fitted> {
        self.refuse(of_subjects)?;
        self.tell(watch);
        let Collected { mut maps, inside, subjects, mut dof, .. } = self;
        let first = inside.iter().position(|v| *v).map_or(0.0, |v| dof[v]);
        let varies = inside.iter().zip(&dof).any(|(inside, dof)| *inside && *dof != first);
        // Outside nothing is tested; the least must not be 0.
        let outside = dof.iter_mut().zip(&inside).filter(|(_, inside)| !**inside);
        outside.for_each(|(dof, _)| *dof = first);
        maps.dof = if varies { Dof::PerVoxel(dof) } else { Dof::Uniform(f64::from(first)) };
        let (_, p) = maps.z_and_p(&inside, self.images.grid.plane_len());
        let n = self.stratum.subjects.len() as u32;
        let lacks = inside.iter().zip(&subjects).any(|(inside, rows)| *inside && *rows < n);
        Ok(Fitted { maps, inside, p, subjects: lacks.then_some(subjects), tau_square: None })
    }

    fn refuse(&mut self, of_subjects: &str) -> Result<()> {
        let (least, n) = (self.least(), self.stratum.subjects.len());
        let n_inside = self.images.places.len() - self.n_lost;
        let contrast = format!("contrast '{}'", self.stratum.name);
        if n_inside == 0 {
            return Err(Error::bad_data(
                contrast,
                format!("has no voxel with {least} of its {n} {of_subjects}"),
                "have some",
                "give a smaller --min-subjects, or leave out who lacks most",
            ));
        }
        if self.n_flat == n_inside {
            return Err(Error::bad_data(
                contrast,
                "does not vary between subjects beyond its model, at any voxel",
                "vary",
                "check that the maps are not all the same",
            ));
        }
        Ok(())
    }

    fn tell(&self, watch: &dyn Watch) {
        let name = &self.stratum.name;
        if self.n_lost > 0 {
            let hint = match self.spec.least_subjects {
                None => " (group's --min-subjects N keeps those that have N)",
                Some(_) => "",
            };
            let own = &self.stratum.subjects;
            let people: BTreeSet<_> = own.iter().collect();
            watch.warn(&format!(
                "{name}: {} of {} voxels have fewer than {} of {} {} and are left out{hint}",
                self.n_lost,
                self.images.places.len(),
                self.least(),
                own.len(),
                if people.len() == own.len() { "subjects" } else { "maps" },
            ));
        }
        if self.n_flat > 0 {
            watch.warn(&format!(
                "{name}: {} voxels do not vary beyond the model; their statistic is 0 and p is 1",
                self.n_flat
            ));
        }
    }
}
