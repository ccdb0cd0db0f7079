//! Maps over the voxels of a contrast: from lists by voxel of the mask to grids, and back.

use std::sync::Arc;

use serde_json::{Map as Fields, json};

use super::fitted::Fitted;
use crate::maps::{Dof, Entities, Map, Quantity, Tolerance, rounding};
use crate::volume::Grid;

/// The voxels where a contrast is tested, and how its maps are named.
pub(super) struct Over {
    /// Rising.
    pub places: Vec<u32>,
    pub shape: [usize; 3],
    /// Whether p counts both tails.
    pub both: bool,
    label: String,
    /// A search volume's.
    volume: Option<String>,
    name: String,
    dof: Dof,
}

impl Over {
    /// All voxels of a contrast, or those of a volume.
    pub(super) fn new(
        fitted: &Fitted,
        grid: &Grid,
        label: &str,
        volume: Option<(&str, &[bool])>,
    ) -> Over {
        let inside = |v: &usize| fitted.inside[*v] && volume.is_none_or(|(_, within)| within[*v]);
        Over {
            places: (0..grid.n_voxels()).filter(inside).map(|v| v as u32).collect(),
            shape: grid.shape,
            both: fitted.maps.two_sided
                && fitted.maps.stat_kind == crate::kernels::contrast::Stat::T,
            label: label.to_owned(),
            volume: volume.map(|(name, _)| name.to_owned()),
            name: fitted.maps.name.clone(),
            dof: Dof::Uniform(fitted.maps.dof.least()),
        }
    }

    /// The values of a grid at its voxels.
    pub(super) fn of(&self, grid: &[f64]) -> Vec<f64> {
        self.places.iter().map(|&v| grid[v as usize]).collect()
    }

    /// A map of values at its voxels; `outside` them another.
    pub(super) fn map(
        &self,
        desc: &'static str,
        quantity: Quantity,
        (values, outside): (&[f64], f32),
        description: String,
    ) -> Map {
        let mut all = vec![outside; self.shape.iter().product()];
        self.places.iter().zip(values).for_each(|(&at, &value)| all[at as usize] = value as f32);
        let mut asked = Fields::new();
        asked.insert("Contrast".to_owned(), json!(self.name));
        let values = Arc::new(all);
        let own = Arc::clone(&values);
        let entities = Entities::of("statmap").with("contrast", &self.label);
        let entities = match &self.volume {
            Some(volume) => entities.with("label", volume),
            None => entities,
        };
        Map {
            entities: entities.with("desc", desc).with("stat", quantity.stat()),
            quantity,
            dof: self.dof.clone(),
            description,
            asked,
            tolerance: Tolerance::of(move |_, _, voxel| rounding(f64::from(own[voxel]))),
            values: vec![values],
        }
    }
}
