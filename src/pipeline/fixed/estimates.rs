//! The estimates' maps, held to one grid and one unit.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::io::{self, Header};
use crate::pipeline::provenance::{self, facts_of, sidecar_path};
use crate::pipeline::spec::{EstimateSpec, FixedSpec, Role};
use crate::pipeline::watch::Watch;
use crate::volume::Grid;

/// Maps of effects and of their variances.
pub(super) struct Estimates {
    pub header: Header,
    pub grid: Grid,
    /// `[estimate][voxel]`
    pub effects: Vec<Vec<f32>>,
    /// `[estimate][voxel]`
    pub variances: Vec<Vec<f32>>,
    /// The sum of theirs.
    pub dof: f64,
    /// Of the effects, where their sidecars say it.
    pub units: Option<String>,
    /// Sidecars that were read.
    pub files: Vec<(Role, PathBuf)>,
}

impl Estimates {
    /// # Errors
    /// Missing input; maps of another grid or unit, without degrees of freedom, or of several rows.
    pub fn read(spec: &FixedSpec, watch: &dyn Watch) -> Result<Estimates> {
        watch.stage("read", spec.estimates.len());
        let Some(first) = spec.estimates.first() else {
            return Err(Error::internal("fixed effects", "got no estimates", "get one", ""));
        };
        let (grid, header, _) = io::read_map(&first.effect)?;
        let doubts = io::header_doubts(&first.effect, &header, &grid);
        doubts.iter().for_each(|line| watch.warn(line));
        let of = first.effect.display().to_string();
        let hint = "resample all runs to one grid, or take one --space";
        let map = |path: &Path| {
            let (own, header, values) = io::read_map(path)?;
            let note = io::check_grid(path, &own, (&grid, &of), hint)?;
            let doubts =
                if own.is_placed { vec![] } else { io::header_doubts(path, &header, &own) };
            Ok((values, note, doubts))
        };
        let read = |one: &EstimateSpec| {
            Ok((map(&one.effect)?, map(&one.variance)?, dof(&one.effect)?, units(&one.effect)?))
        };
        let all = spec.estimates.par_iter().map(read).collect::<Result<Vec<_>>>()?;
        let unplaced: Vec<&String> = all
            .iter()
            .flat_map(|(effect, variance, ..)| effect.2.iter().chain(&variance.2))
            .collect();
        let is_placed = unplaced.is_empty();
        if let (true, Some(first)) = (grid.is_placed, unplaced.first()) {
            watch.warn(first);
        }
        let (mut effects, mut variances, mut dof) = (Vec::new(), Vec::new(), 0.0);
        let mut one_unit: Option<(String, &EstimateSpec)> = None;
        for (((effect, note, _), (variance, ..), of_one, unit), one) in
            all.into_iter().zip(&spec.estimates)
        {
            note.iter().for_each(|line| watch.note(line));
            effects.push(effect);
            variances.push(variance);
            dof += of_one;
            match (&one_unit, unit) {
                (Some((known, other)), Some(unit)) if *known != unit => {
                    return Err(two_units(one, &unit, other, known));
                }
                (None, Some(unit)) => one_unit = Some((unit, one)),
                _ => {}
            }
            watch.step();
        }
        let sidecar = |one: &EstimateSpec| {
            [&one.effect, &one.variance].map(|map| (Role::Sidecar, sidecar_path(map)))
        };
        let grid = Grid { is_placed, ..grid };
        Ok(Estimates {
            header: header.placed_as(&grid),
            grid,
            effects,
            variances,
            dof,
            units: one_unit.map(|(unit, _)| unit),
            files: spec.estimates.iter().flat_map(sidecar).filter(|(_, p)| p.is_file()).collect(),
        })
    }

    /// Whether every estimate has a voxel, `[voxel]`, and how many voxels any of them has.
    pub fn inside(&self) -> (Vec<bool>, usize) {
        let has = |at: usize, voxel: usize| {
            let (effect, variance) = (self.effects[at][voxel], self.variances[at][voxel]);
            effect.is_finite() && variance.is_finite() && variance > 0.0
        };
        let n = self.effects.len();
        let voxels = 0..self.grid.n_voxels();
        let any = voxels.clone().filter(|&voxel| (0..n).any(|at| has(at, voxel))).count();
        (voxels.map(|voxel| (0..n).all(|at| has(at, voxel))).collect(), any)
    }
}

/// The least residual degrees of freedom of a map of boldly's.
fn dof(effect: &Path) -> Result<f64> {
    let known = facts_of(effect)?.and_then(|facts| facts.dof).filter(|dof| *dof > 0.0);
    known.ok_or_else(|| {
        Error::missing_input(
            sidecar_path(effect).display().to_string(),
            "does not say the degrees of freedom of its map, or is of another",
            "be the sidecar that boldly wrote",
            "run the level below again",
        )
    })
}

/// What a sidecar says of the units of a map.
fn units(effect: &Path) -> Result<Option<String>> {
    let said = provenance::beside(effect)?;
    Ok(said.fields.get("Units").and_then(Value::as_str).map(str::to_owned))
}

fn two_units(one: &EstimateSpec, unit: &str, other: &EstimateSpec, known: &str) -> Error {
    Error::bad_data(
        one.effect.display().to_string(),
        format!("is in '{unit}', where {} is in '{known}'", other.effect.display()),
        "be in one unit, for effects are averaged",
        "run the level below alike for all (--scaling)",
    )
}
