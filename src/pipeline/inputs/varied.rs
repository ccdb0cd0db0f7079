//! Columns of events that vary a response or give durations, of the runs that have their condition.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::design::events;
use crate::error::Result;
use crate::io;
use crate::pipeline::spec::{DesignOptions, RunSpec};
use crate::pipeline::watch::Watch;

/// The options of each run: less the modulations and durations of conditions that it has not and another run has, which is said. A
/// condition that no run has stays, to be refused.
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
            (table.name, conditions)
        }));
    }
    let everywhere: BTreeSet<&String> = tables.iter().flatten().flat_map(|(_, all)| all).collect();
    let of_run = |table: &Option<(String, BTreeSet<String>)>| {
        let Some((name, here)) = table else { return Cow::Borrowed(options) };
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
        own.modulate.retain(|modulation| !is_elsewhere(&modulation.condition));
        own.durations
            .retain(|durations| !durations.condition.as_ref().is_some_and(&mut is_elsewhere));
        Cow::Owned(own)
    };
    Ok(tables.iter().map(of_run).collect())
}
