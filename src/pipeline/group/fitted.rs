//! A contrast that was fitted, whichever way, and the maps that tell of the fit.

use std::sync::Arc;

use serde_json::{Map as Fields, json};

use crate::maps::{Dof, Entities, Map, Quantity, Tolerance};
use crate::pipeline::decide::ContrastMaps;

/// One contrast, fitted.
pub(super) struct Fitted {
    pub maps: ContrastMaps,
    /// `[voxel of the grid]`
    pub inside: Vec<bool>,
    /// Uncorrected, `[voxel of the grid]`.
    pub p: Vec<f64>,
    /// `[voxel of the grid]`: rows of the design there, where they vary.
    pub subjects: Option<Vec<u32>>,
    /// The variance between subjects, of mixed effects, `[voxel of the grid]`.
    pub tau_square: Option<Vec<f64>>,
}

impl Fitted {
    /// The variance between subjects, of mixed effects.
    pub(super) fn tau_map(&self, label: &str) -> Option<Map> {
        let tau_square = self.tau_square.as_ref()?;
        let mut asked = Fields::new();
        asked.insert("Contrast".to_owned(), json!(self.maps.name));
        let values: Vec<f32> = tau_square.iter().map(|&v| v as f32).collect();
        let own = values.clone();
        Some(Map {
            entities: Entities::of("statmap").with("contrast", label).with("stat", "tauSquare"),
            quantity: Quantity::TauSquare,
            dof: self.maps.dof.clone(),
            description: format!("Variance between subjects of {}", self.maps.name),
            asked,
            tolerance: Tolerance::of(move |_, _, voxel| {
                1e-6 * f64::from(own[voxel]).abs() + f64::from(f32::MIN_POSITIVE)
            }),
            values: vec![Arc::new(values)],
        })
    }

    /// How many subjects stand behind each voxel, where that varies.
    pub(super) fn subjects_map(&self, label: &str) -> Option<Map> {
        let subjects = self.subjects.as_ref()?;
        let mut asked = Fields::new();
        asked.insert("Contrast".to_owned(), json!(self.maps.name));
        Some(Map {
            entities: Entities::of("statmap").with("contrast", label).with("stat", "n"),
            quantity: Quantity::Subjects,
            dof: Dof::Uniform(0.0),
            description: format!("Subjects behind {}", self.maps.name),
            asked,
            tolerance: Tolerance::exact(),
            values: vec![Arc::new(subjects.iter().map(|&n| n as f32).collect())],
        })
    }
}
