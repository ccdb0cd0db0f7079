//! The table with its JSON.

use super::{Column, Component, ConfoundsResult, Kind};
use crate::io::tsv;
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::table::Table;
use crate::table::dictionary::{DataDictionary, Entry};

/// The table as an output.
pub(super) fn text(result: &ConfoundsResult) -> Text {
    let agreement = |column: &Column| match &column.kind {
        Kind::Component(c) => ColumnAgreement::Direction { turn: c.turn },
        Kind::Dvars { .. } => ColumnAgreement::Dvars,
        Kind::Mean(_) | Kind::Motion { .. } | Kind::Cosine(_) => ColumnAgreement::Host,
    };
    Text::table(
        Entities::of("timeseries").with("desc", "confounds"),
        tsv::write_string(&as_table(&result.columns)),
        Some(Agreement::Columns(result.columns.iter().map(agreement).collect())),
        &description(result),
    )
}

/// Every digit of every column.
fn as_table(columns: &[Column]) -> Table {
    let n_volumes = columns.first().map_or(0, |c| c.values.len());
    let cell = |value: f64| if value.is_nan() { "n/a".to_owned() } else { value.to_string() };
    let row = |t: usize| columns.iter().map(|c| cell(c.values[t])).collect();
    Table {
        name: String::new(),
        columns: columns.iter().map(|c| c.name.clone()).collect(),
        rows: (0..n_volumes).map(row).collect(),
    }
}

/// A field a column, as in fMRIPrep's JSON, and the components that were not kept.
fn description(result: &ConfoundsResult) -> DataDictionary {
    let entry = |column: &Column| {
        match &column.kind {
        Kind::Mean(voxels) => Entry::of(format!("Mean of the run over {voxels} voxels"))
            .with("Method", "Mean")
            .in_units("arbitrary"),
        Kind::Motion { what, units } | Kind::Dvars { what, units } => {
            Entry::of(*what).in_units(units)
        }
        Kind::Component(component) => described(component, true),
        Kind::Cosine(period_s) => Entry::of(format!(
            "Cosine with a period of {period_s} s: taken out before the components were found, so a model that uses \
             them needs it, or drift of its own"
        ))
        .with("Method", "DCT")
        .in_units("arbitrary"),
    }
    };
    let columns = result.columns.iter().map(|column| (column.name.clone(), entry(column)));
    let dropped = result.dropped.iter().enumerate();
    let dropped = dropped.map(|(k, c)| (format!("dropped_{k}"), described(c, false)));
    dropped
        .fold(DataDictionary::default(), |all, (key, entry)| all.fact(key, entry))
        .columns(columns)
}

fn described(component: &Component, retained: bool) -> Entry {
    let Component { method, mask, .. } = component;
    let of = if *mask == "temporal" { "the voxels that vary the most" } else { mask };
    Entry::of(format!("Principal component of the series of {of} ({method}), unit norm"))
        .with("Method", *method)
        .with("Mask", *mask)
        .with("SingularValue", component.singular_value)
        .with("VarianceExplained", component.variance_explained)
        .with("CumulativeVarianceExplained", component.cumulative_variance_explained)
        .with("Retained", retained)
        .in_units("arbitrary")
}
