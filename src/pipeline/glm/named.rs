//! The finished maps under their names: of every contrast, of percent signal change, of the residuals, of the echoes, and the mask.

use super::percent;
use super::so_far::Combined;
use super::units::Per;
use super::{Opened, Questions, residuals};
use crate::design::contrast::{NamedContrast, parse_named};
use crate::design::{self, label};
use crate::error::Result;
use crate::kernels::contrast::Stat;
use crate::maps::{Entities, Map, told};
use crate::pipeline::decide::ContrastMaps;
use crate::pipeline::first_level::Fitted;
use crate::pipeline::scaling;
use crate::pipeline::spec::{GlmSpec, Noise};
use crate::pipeline::watch::Watch;
use crate::pipeline::{echoes, inputs};
use crate::volume::Grid;

/// The contrasts as file names say them, t before F; `names`: the columns, whose hyphens are no minus.
///
/// # Errors
/// Usage: what is no contrast with a name, or two of one name.
pub(super) fn labels(spec: &GlmSpec, names: &[String]) -> Result<Vec<String>> {
    let all = spec.contrasts.iter().chain(&spec.f_contrasts);
    let spoken = |text: &String| {
        let NamedContrast { name, .. } = parse_named(text)?;
        Ok(design::contrast::without_hyphens(&name, names))
    };
    label::labels(&all.map(spoken).collect::<Result<Vec<_>>>()?)
}

/// All maps of an analysis.
pub(super) fn maps(
    spec: &GlmSpec,
    opened: &Opened,
    questions: &Questions,
    found: &Combined,
) -> Vec<Map> {
    let mut maps = of_contrasts(spec, opened, questions, &found.all);
    if let Some(elsewhere) = &found.elsewhere {
        let others = of_contrasts(spec, opened, questions, elsewhere);
        maps.iter_mut().zip(&others).for_each(|(map, other)| match spec.noise {
            Noise::Ar1 => map.allow_in_proportion(&other.values),
            _ => map.allow_up_to(&other.values),
        });
    }
    let numbers = inputs::numbers(&opened.runs);
    if spec.maps {
        let mut of_residuals = residuals::maps(spec, &found.all, (&numbers, &questions.models));
        scaling::describe(spec.scaling, "", &mut of_residuals);
        maps.extend(of_residuals);
    }
    maps.extend(echoes::maps(&opened.combined, &numbers));
    maps
}

/// Those of every contrast, and the mask.
fn of_contrasts(spec: &GlmSpec, opened: &Opened, questions: &Questions, all: &Fitted) -> Vec<Map> {
    let Questions { asked, percents, labels, models, .. } = questions;
    let plane_len = opened.grid.plane_len();
    let weights = |at: usize| asked[at].weights(models);
    let pers: Vec<Per> = asked.iter().map(|a| Per::of(a, models, &opened.runs)).collect();
    let of = |at: usize| {
        let mut maps = all.contrasts[at].maps(&labels[at], &all.fitted, plane_len);
        for map in &mut maps {
            map.asked.insert("ContrastWeights".to_owned(), weights(at));
        }
        pers[at].describe(spec.scaling, &mut maps);
        maps
    };
    let mut maps: Vec<Map> = (0..asked.len()).flat_map(of).collect();
    for (percent, mut map) in
        percents.iter().zip(percent::maps(percents, (all, labels), plane_len, weights))
    {
        pers[percent.of].describe(spec.scaling, std::slice::from_mut(&mut map));
        maps.push(map);
    }
    maps.push(Map::of_mask(Entities::of("mask"), &all.fitted));
    maps
}

/// The largest value of each contrast in the voxels that were `fitted` and whose residuals have a variance, and where it is.
pub(super) fn say_peaks(
    contrasts: &[ContrastMaps],
    (grid, fitted): (&Grid, &[bool]),
    watch: &dyn Watch,
) {
    for c in contrasts {
        // Of what its columns explain nothing is known.
        let is_known =
            |voxel: usize| fitted[voxel] && c.variance.iter().any(|row| row[voxel] > 0.0);
        let inside = c.stat.iter().enumerate().filter(|(voxel, _)| is_known(*voxel));
        if let Some((voxel, value)) = inside.max_by(|a, b| a.1.total_cmp(b.1)) {
            let [i, j, k] = grid.coordinates(voxel);
            let [x, y, z] = grid.millimetres([i, j, k]);
            let least = told(c.dof.least());
            let (letter, dof) = match c.stat_kind {
                Stat::T => ("t", least),
                Stat::F => ("F", format!("{} and {least}", c.rank)),
            };
            watch.note(&format!(
                "{}: largest {letter} {value:.3} at ({x:.1}, {y:.1}, {z:.1}) mm, voxel ({i}, {j}, {k}), dof {dof}",
                c.name
            ));
        }
    }
}
