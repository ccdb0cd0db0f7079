//! The table with its JSON.

use serde_json::{Map, Value, json};

use super::{Column, Component, ConfoundsResult, Kind};
use crate::io::tsv;
use crate::maps::Entities;
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::table::Table;

/// The table as an output.
pub(super) fn text(result: &ConfoundsResult) -> Text {
    let agreement = |column: &Column| match &column.kind {
        Kind::Component(c) => ColumnAgreement::Direction { turn: c.turn },
        Kind::Dvars { .. } => ColumnAgreement::Dvars,
        Kind::Mean(_) | Kind::Motion { .. } | Kind::Cosine(_) => ColumnAgreement::Host,
    };
    Text {
        entities: Entities::of("timeseries").with("desc", "confounds"),
        ending: ".tsv",
        text: tsv::write_string(&as_table(&result.columns)),
        agreement: Some(Agreement::Columns(result.columns.iter().map(agreement).collect())),
        described: Some(description(result)),
    }
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
fn description(result: &ConfoundsResult) -> Map<String, Value> {
    let mut fields = Map::new();
    for column in &result.columns {
        let value = match &column.kind {
            Kind::Mean(voxels) => json!({
                "Description": format!("Mean of the run over {voxels} voxels"),
                "Method": "Mean",
                "Units": "arbitrary",
            }),
            Kind::Motion { what, units } | Kind::Dvars { what, units } => {
                json!({ "Description": what, "Units": units })
            }
            Kind::Component(component) => described(component, true),
            Kind::Cosine(period_s) => json!({
                "Description": format!(
                    "Cosine with a period of {period_s} s: taken out before the components were found, so a model that uses \
                     them needs it, or drift of its own"
                ),
                "Method": "DCT",
                "Units": "arbitrary",
            }),
        };
        fields.insert(column.name.clone(), value);
    }
    let dropped = result.dropped.iter().enumerate();
    fields.extend(dropped.map(|(k, c)| (format!("dropped_{k}"), described(c, false))));
    fields
}

fn described(component: &Component, retained: bool) -> Value {
    json!({
        "Method": component.method,
        "Mask": component.mask,
        "SingularValue": component.singular_value,
        "VarianceExplained": component.variance_explained,
        "CumulativeVarianceExplained": component.cumulative_variance_explained,
        "Retained": retained,
    })
}
