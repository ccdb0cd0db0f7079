//! Which way is better of what analyses make of ratings and thresholds: by the dictionary's `Direction` of these, else as is usual in pain trials.

use super::dictionary::Direction;
use super::note::Notes;
use super::plan::{CpmPlan, PressurePlan};
use super::tables::Measured;
use crate::error::{Error, Result};

/// A way, and what says it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Better {
    pub direction: Direction,
    /// For notes and captions.
    pub said: String,
    /// Whether a dictionary has it the other way round than is usual.
    is_turned: bool,
}

impl Better {
    /// Of ratings of the same pressure: less pain.
    pub fn of_ratings(own: &PressurePlan, table: &Measured) -> Better {
        let (rating, by) = (&own.rating, &table.dictionary.name);
        let given = table.dictionary.get(rating).and_then(|variable| variable.direction);
        let direction = given.unwrap_or(Direction::Lower);
        let said = match given {
            None => format!(
                "a lower rating of the same pressure is taken to be better: no dictionary gives a Direction of {rating}"
            ),
            Some(Direction::Lower) => {
                format!("a lower rating of the same pressure is better by {by}")
            }
            Some(Direction::Higher) => format!(
                "a higher rating of the same pressure is better by {by}, and so are a lower P{} and a larger area",
                own.target
            ),
        };
        Better { direction, said, is_turned: direction == Direction::Higher }
    }

    /// Of conditioned pain modulation: more inhibition, which lowers ratings and raises thresholds.
    ///
    /// # Errors
    /// Bad data: Directions of the two columns that differ.
    pub fn of_inhibition(own: &CpmPlan, table: &Measured) -> Result<Better> {
        let by = &table.dictionary.name;
        let given = |column: &String| table.dictionary.get(column)?.direction;
        let usual = if own.threshold { Direction::Higher } else { Direction::Lower };
        let what = if own.threshold { "threshold" } else { "rating" };
        let direction = match (given(&own.pre), given(&own.post)) {
            (Some(one), Some(other)) if one != other => {
                return Err(Error::bad_data(
                    by.clone(),
                    format!("gives {} and {} Directions that differ", own.pre, own.post),
                    "give both the same: CPM is their difference",
                    "correct one of them",
                ));
            }
            (one, other) => one.or(other),
        };
        let said = match direction {
            None => format!(
                "more inhibition is taken to be better, by convention: no dictionary gives a Direction of {} or {}",
                own.pre, own.post
            ),
            Some(way) if way == usual => {
                format!("more inhibition is better, as a {} {what} is by {by}", way.word())
            }
            Some(way) => {
                format!("less inhibition is better, as a {} {what} is by {by}", way.word())
            }
        };
        let is_turned = direction.is_some_and(|way| way != usual);
        let direction = if is_turned { Direction::Lower } else { Direction::Higher };
        Ok(Better { direction, said, is_turned })
    }

    /// Say it of `what`, and ask after what is not usual.
    pub fn tell(&self, what: &str, notes: &mut Notes) {
        match self.is_turned {
            true => notes.warn(format!("{what}: {}; is that meant?", self.said), Vec::new()),
            false => notes.info(format!("{what}: {}", self.said), Vec::new()),
        }
    }
}
