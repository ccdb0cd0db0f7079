//! Columns of events that vary a response or give durations, of the runs that have their condition, and in which they vary.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::design::events;
use crate::design::modulation::Modulation;
use crate::error::Result;
use crate::io;
use crate::pipeline::spec::{DesignOptions, RunSpec};
use crate::pipeline::watch::Watch;

/// What the events of a run say of it.
struct OfRun {
    name: String,
    conditions: BTreeSet<String>,
    /// Of each modulation how many values, two for more; none where the table lacks its column.
    values: Vec<Option<usize>>,
}

/// The options of each run: less the modulations and durations of conditions that it has not and another run has, and less modulations whose
/// column has one value there and several in another run, which is said. What no run has stays, to be refused.
///
/// # Errors
/// Tables of events that cannot be read.
pub(super) fn of_each<'a>(
    specs: &[RunSpec],
    options: &'a DesignOptions,
    watch: &dyn Watch,
) -> Result<Vec<Cow<'a, DesignOptions>>> {
    if specs.len() < 2 || (options.modulate.is_empty() && options.durations.is_empty()) {
        return Ok(specs.iter().map(|_| Cow::Borrowed(options)).collect());
    }
    let mut tables = Vec::new();
    for spec in specs {
        let table = spec.events.as_ref().map(|path| io::tsv::read(path)).transpose()?;
        tables.push(table.map(|table| {
            let conditions = events::conditions_of(&table, options.trial_type.as_deref());
            let column = options.trial_type.as_deref().unwrap_or(events::TRIAL_TYPE);
            let values = |modulation: &Modulation| modulation.values_in(&table, column);
            let values = options.modulate.iter().map(values).collect();
            OfRun { conditions, values, name: table.name }
        }));
    }
    let everywhere: BTreeSet<&String> =
        tables.iter().flatten().flat_map(|t| &t.conditions).collect();
    let varies_somewhere =
        |at: usize| tables.iter().flatten().any(|table| table.values[at] == Some(2));
    let of_run = |table: &Option<OfRun>| {
        let Some(OfRun { name, conditions: here, values }) = table else {
            return Cow::Borrowed(options);
        };
        let mut said = BTreeSet::new();
        let mut is_elsewhere = |condition: &String| {
            let lacks = !here.contains(condition) && everywhere.contains(condition);
            if lacks && said.insert(condition.clone()) {
                watch.warn(&format!(
                    "{name} has no `{condition}`: what modulates it has no column in this run, and its durations are not asked for"
                ));
            }
            lacks
        };
        let mut own = options.clone();
        let mut at = 0..own.modulate.len();
        own.modulate.retain(|modulation| {
            let Some(at) = at.next().filter(|_| !is_elsewhere(&modulation.condition)) else {
                return false;
            };
            let few = values[at].filter(|n| *n < 2 && varies_somewhere(at));
            if let Some(n) = few {
                let lacks = if n == 0 { "has no value (n/a) and so does not vary" } else { "does not vary" };
                watch.warn(&format!(
                    "{name}: {} of the events of `{}` {lacks}, as it does in another run: it has no column in this one",
                    modulation.column, modulation.condition
                ));
            }
            few.is_none()
        });
        own.durations
            .retain(|durations| !durations.condition.as_ref().is_some_and(&mut is_elsewhere));
        Cow::Owned(own)
    };
    Ok(tables.iter().map(of_run).collect())
}
