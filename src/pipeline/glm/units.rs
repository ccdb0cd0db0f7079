//! What the effects of a contrast are for each unit of: an event has height 1, and the values of a modulator are in units of their own.

use ndarray::Axis;

use super::across::Asked;
use super::modelled::Told;
use crate::maps::{Map, Quantity};
use crate::pipeline::inputs::Run;
use crate::pipeline::scaling;
use crate::pipeline::spec::SignalScale;

/// What the columns of a contrast are in units of.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Per {
    /// The modulators', each once.
    modulators: Vec<String>,
    /// Whether columns of height 1 are among them: then weights of modulators are values of theirs.
    events: bool,
}

impl Per {
    /// Of a contrast, whichever runs count for it.
    pub(super) fn of(asked: &Asked, models: &[Told], runs: &[Run]) -> Per {
        let mut per = Per::default();
        for (part, (model, run)) in asked.parts.iter().zip(models.iter().zip(runs)) {
            let (Some(part), Some(task)) = (part, &run.task) else { continue };
            let units: Vec<_> = run.design.names.iter().zip(task.units()).collect();
            let weights = part.contrast.weights.axis_iter(Axis(1));
            for (name, _) in model
                .names
                .iter()
                .zip(weights)
                .filter(|(_, weights)| weights.iter().any(|weight| *weight != 0.0))
            {
                let unit = units.iter().find(|(column, _)| *column == name);
                match unit.and_then(|(_, unit)| unit.as_ref()) {
                    None => per.events = true,
                    Some(unit) if per.modulators.contains(unit) => {}
                    Some(unit) => per.modulators.push(unit.clone()),
                }
            }
        }
        per
    }

    /// What stands behind a unit.
    fn behind(&self) -> String {
        match self.events || self.modulators.is_empty() {
            true => String::new(),
            false => format!(" per unit of {}", self.modulators.join(" or ")),
        }
    }

    /// Have the maps of the contrast say their units.
    pub(super) fn describe(&self, scale: SignalScale, maps: &mut [Map]) {
        scaling::describe(scale, &self.behind(), maps);
        if !self.events || self.modulators.is_empty() {
            return;
        }
        let is_effect =
            |map: &&mut Map| matches!(map.quantity, Quantity::Effect | Quantity::Percent);
        for map in maps.iter_mut().filter(is_effect) {
            let of = self.modulators.join(", ");
            map.description.push_str(&format!("; weights of modulators are values of {of}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_of_modulators_alone_are_per_unit_and_beside_events_they_are_not() {
        let per = |modulators: &[&str], events| {
            let modulators = modulators.iter().map(|&name| name.to_owned()).collect();
            Per { modulators, events }.behind()
        };
        assert_eq!(per(&[], true), "");
        assert_eq!(per(&["rating"], false), " per unit of rating");
        assert_eq!(per(&["rating", "heat^2"], false), " per unit of rating or heat^2");
        assert_eq!(per(&["rating"], true), "");
    }
}
