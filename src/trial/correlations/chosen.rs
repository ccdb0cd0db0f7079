//! How a region was chosen.

use super::axis::Side;
use crate::error::{Error, Result};
use crate::trial::note::Notes;
use crate::trial::plan::{Plan, Relation};
use crate::trial::tables::Tables;

/// Words of a choice that did not look at these participants.
const INDEPENDENT: [&str; 6] =
    ["atlas", "anatom", "independent", "a priori", "literature", "other study"];

/// Judge how the regions of a relation were chosen; whether the relation is exploratory.
///
/// # Errors
/// Usage: a region that was chosen by what it is related to, unless the plan is exploratory.
pub(super) fn judge(
    (first, second): (&Side, &Side),
    (relation, plan): (&Relation, &Plan),
    tables: &Tables,
    notes: &mut Notes,
) -> Result<bool> {
    let mut exploratory = false;
    for (own, other) in [(first, second), (second, first)] {
        let region = &own.visits.column.column;
        // What an analysis makes may be of no table.
        let Ok(table) = tables.get(&own.visits.column.table) else { continue };
        let variable = table.dictionary.get(region);
        let Some(by) = variable.and_then(|variable| variable.selected_by.as_deref()) else {
            if own.is_brain {
                notes.info(
                    format!(
                        "how {region} was chosen is not said (SelectedBy in {}): r of a region that was chosen by a contrast with the other measure is inflated",
                        table.json()
                    ),
                    Vec::new(),
                );
            }
            continue;
        };
        let words = by.to_lowercase();
        if is_independent(&words) {
            continue;
        }
        if !is_of(&words, other) {
            notes.warn(
                format!("{region} was chosen by '{by}' in these participants: its relation is not independent of that choice where both contrasts share noise"),
                Vec::new(),
            );
            continue;
        }
        if !plan.exploratory {
            return Err(Error::usage(
                format!("region '{region}' of the relation {relation}"),
                format!(
                    "was chosen by '{by}' (SelectedBy in {}), a contrast with what it is related to",
                    table.dictionary.name
                ),
                "be chosen independently of it, or its r is inflated by the choice",
                "take a region of an atlas or of another study, or give --exploratory, which stands beside r",
            ));
        }
        exploratory = true;
        notes.warn(
            format!("{region} was chosen by '{by}', which is what it is related to: r is inflated and exploratory"),
            Vec::new(),
        );
    }
    Ok(exploratory)
}

/// Whether words name the other measure, or a correlation of whatever kind.
fn is_of(words: &str, other: &Side) -> bool {
    let plain = |text: &str| {
        let all = text.to_lowercase();
        let words: Vec<&str> = all.split(|c: char| !c.is_alphanumeric()).collect();
        format!(" {} ", words.join(" "))
    };
    let (column, label) = (&other.visits.column.column, &other.visits.label);
    // A short label is a word of its own: pain is a scale's and a stimulus's.
    let label = Some(label).filter(|label| label.len() > 4);
    [Some(column), label].into_iter().flatten().any(|name| plain(words).contains(&plain(name)))
        || ["correlat", "regress", "relation", "covariate"].iter().any(|w| words.contains(w))
}

/// Whether words say that these participants were not looked at.
fn is_independent(words: &str) -> bool {
    let denied = ["not independent", "non-independent", "dependent on"];
    INDEPENDENT.iter().any(|word| words.contains(word))
        && !denied.iter().any(|word| words.replace("independent on", "").contains(word))
}
